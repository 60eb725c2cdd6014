/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Adapter datex2 on real payloads: national files whose figures an independent reader has worked out. */
#include "tests/unit/datex2_fixture.h"

#include <math.h>
#include <sys/resource.h>

#define SPEEDS "traffic/ndw_datex2_v2_trafficspeed/"
#define SITES "traffic/ndw_datex2_v2_measurement_site_table/"
#define SITUATIONS "traffic/datex2_situations_other/"
#define PARKING "parking/datex2_v2_parking_status/"

static const char *const lane[] = {"detail=lane", NULL};

struct sums {
    size_t speeds, flows;
    double speed_sum, flow_sum, speed_max, least;
};

static struct sums sum_up(const struct br_emit *emit)
{
    struct sums sums = {.least = INFINITY};
    for (const struct br_emitted_observation *at = emit->observations; at; at = at->next) {
        const Bruis__V1__Traffic *traffic = at->observation->traffic;
        if (traffic->has_speed_km_h) {
            sums.speeds++;
            sums.speed_sum += traffic->speed_km_h;
            sums.speed_max = fmax(sums.speed_max, traffic->speed_km_h);
            sums.least = fmin(sums.least, traffic->speed_km_h);
        }
        if (traffic->has_flow_veh_h) {
            sums.flows++;
            sums.flow_sum += traffic->flow_veh_h;
            sums.least = fmin(sums.least, traffic->flow_veh_h);
        }
    }
    return sums;
}

static void check_lanes(const char *file, size_t speeds, double mean, size_t flows, double flow_sum)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    if (datex2_file(&c, file, false)) {
        struct sums sums = sum_up(&c.emit);
        ck_assert_int_eq(c.outcome, BR_DECODED);
        ck_assert_uint_eq(sums.speeds, speeds);
        ck_assert(fabs(sums.speed_sum / (double)sums.speeds - mean) < 0.005);
        ck_assert_uint_eq(sums.flows, flows);
        ck_assert(sums.flow_sum == flow_sum);
        ck_assert_uint_eq(c.emit.observation_count, speeds + flows);
        ck_assert(sums.least >= 0 && sums.speed_max <= 250);
        ck_assert_uint_eq(c.emit.invalid_count, 0);
    }
    datex2_stop(&c);
}

START_TEST(values_of_2016)
{
    check_lanes(SPEEDS "trafficspeed_2016-09-09T160001+0200.xml.gz", 42951, 93.08, 77242, 40089588);
}
END_TEST

START_TEST(values_of_2025)
{
    check_lanes(SPEEDS "trafficspeed_2025-08-15T214942Z.xml.gz", 33912, 100.25, 87696, 9414840);
}
END_TEST

/* 1626 of 16,975 sites tell neither a flow nor a speed. */
START_TEST(sites_of_2016)
{
    struct datex2_case c;
    struct rusage usage;
    datex2_start(&c, NULL);
    if (datex2_file(&c, SITES "measurement_2016-09-09T130001+0200.xml.gz", true)) {
        ck_assert_int_eq(c.outcome, BR_DECODED);
        ck_assert_uint_eq(c.emit.sensor_count, 17219); /* of 28085 records: not the routes */
        ck_assert(!c.emit.reference_changed);
        for (const struct br_emitted_sensor *at = c.emit.sensors; at; at = at->next)
            ck_assert(at->sensor->has_lat && at->sensor->has_interval_s && at->sensor->name);
        (void)datex2_file(&c, SPEEDS "trafficspeed_2016-09-09T160001+0200.xml.gz", false);
        struct sums sums = sum_up(&c.emit);
        ck_assert_int_eq(c.outcome, BR_DECODED);
        ck_assert_uint_eq(c.emit.observation_count, 15349);
        ck_assert_uint_eq(c.emit.unmatched_count, 0);
        ck_assert_uint_eq(sums.flows, 15223);
        ck_assert(sums.flow_sum == 30935364);
        ck_assert_uint_eq(sums.speeds, 13218);
        ck_assert(fabs(sums.speed_sum - 1218953.2769) < 0.001);
        for (const struct br_emitted_observation *at = c.emit.observations; at; at = at->next)
            ck_assert(at->observation->has_lat && at->observation->traffic->has_period_s);
        (void)datex2_file(&c, SPEEDS "trafficspeed_2025-08-15T214942Z.xml.gz", false);
        ck_assert_uint_eq(c.emit.unmatched_count, 19587 - 9764);
        ck_assert_uint_eq(c.emit.observation_count, 8801);
        ck_assert_uint_eq(c.emit.invalid_count, 468);
        ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
        printf("peak memory of the process after three national files: %ld KiB\n", usage.ru_maxrss);
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(no_table_no_sites)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    if (datex2_file(&c, SPEEDS "trafficspeed_2025-08-15T214942Z.xml.gz", false)) {
        ck_assert_int_eq(c.outcome, BR_SKIPPED);
        ck_assert_str_eq(c.emit.reason, "measured data without its site table");
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(excerpts)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    if (datex2_file(&c, "traffic/ndw_datex2_v3_measured_data/trafficspeed_v3_2026-10-01_excerpt.xml",
                    false)) {
        struct sums sums = sum_up(&c.emit);
        ck_assert_uint_eq(sums.flows, 4);
        ck_assert(sums.flow_sum == 1200);
        ck_assert_uint_eq(sums.speeds, 2); /* the third one is -1.0 */
        (void)datex2_file(&c, SPEEDS "excerpt_openconditions_edgecases.xml", false);
        ck_assert_uint_eq(c.emit.observation_count, 6);
        ck_assert_uint_eq(c.emit.invalid_count, 1); /* 300 km/h */
        ck_assert_ptr_null(datex2_find(&c, "PZH01_MST_ZEROCOUNT_00/8"));
        ck_assert(datex2_find(&c, "PZH01_MST_STANDSTILL_00/8")->traffic->has_speed_km_h);
        (void)datex2_file(&c, "traffic/ndw_datex2_v2_traveltime/traveltime_amsterdam_fixture.xml.gz", false);
        ck_assert_uint_eq(c.emit.observation_count, 1);
        ck_assert(datex2_find(&c, "RWS09_017/1")->traffic->travel_time_s == 288.403);
        ck_assert(datex2_find(&c, "RWS09_017/1")->traffic->reference_travel_time_s == 272.397);
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(jams)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    if (datex2_file(&c, "traffic/ndw_datex2_v3_situations/actueel_beeld_2026-06-21T194300Z.xml", false)) {
        ck_assert_int_eq(c.outcome, BR_DECODED);
        ck_assert_uint_eq(c.emit.observation_count, 0);
        ck_assert_int_eq(c.emit.snapshot_at_utc_ms, INT64_C(1782070980001));
        (void)datex2_file(&c, SITUATIONS "flanders-be_situations.xml", false);
        ck_assert_uint_eq(c.emit.observation_count, 1);
        ck_assert(c.emit.observations->observation->jam->length_m == 2616);
        ck_assert_str_eq(c.emit.observations->place.srs, "EPSG:31370");
        ck_assert(c.emit.observations->place.x == 154002.27 && c.emit.observations->place.y == 214715.4);
        static const char *const finnish[] = {SITUATIONS "digitraffic_Datex2_2017-08-10-15-59-34-896.xml",
                                              SITUATIONS "digitraffic_TrafficSituationAbnormalTraffic.xml"};
        for (size_t i = 0; i < 2; i++) {
            (void)datex2_file(&c, finnish[i], false);
            ck_assert_uint_eq(c.emit.observation_count, 1);
            const Bruis__V1__Observation *jam = c.emit.observations->observation;
            ck_assert(!jam->jam->has_length_m && !jam->jam->has_delay_s && !jam->has_lat);
            ck_assert_int_eq(jam->jam->type, BRUIS__V1__JAM__TYPE__queuing);
        }
        static const char *const none[] = {SITUATIONS "cita-lu_situations.xml",
                                           SITUATIONS "dgt-es_situations.xml"};
        for (size_t i = 0; i < 2; i++) {
            (void)datex2_file(&c, none[i], false);
            ck_assert_int_eq(c.outcome, BR_DECODED);
            ck_assert_uint_eq(c.emit.observation_count, 0);
        }
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(car_parks)
{
    static const struct {
        const char *file;
        size_t observations, vacant;
    } files[] = {{PARKING "aachen-realtime.xml", 17, 15},
                 {PARKING "stuttgart-realtime.xml", 49, 40},
                 {PARKING "vrs_bondorf-realtime.xml", 1, 1},
                 {PARKING "toll-collect-realtime.xml", 1820, 0},
                 {"parking/datex2_v3_parking_status/ndw_truckparking_status_2026-07-24.xml", 8, 7}};
    struct datex2_case c;
    datex2_start(&c, NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (!datex2_file(&c, files[i].file, false))
            break;
        size_t vacant = 0;
        for (const struct br_emitted_observation *at = c.emit.observations; at; at = at->next)
            vacant += at->observation->parking->has_vacant ? 1u : 0u;
        ck_assert_msg(c.emit.observation_count == files[i].observations, "%s", files[i].file);
        ck_assert_msg(vacant == files[i].vacant, "%s: %zu", files[i].file, vacant);
        ck_assert_uint_eq(c.emit.invalid_count, 0);
    }
    datex2_stop(&c);
}
END_TEST

/* Every prefix of a real file is rejected, and gives nothing. */
START_TEST(cut_files_are_rejected)
{
    char path[512];
    struct datex2_case c;
    datex2_start(&c, lane);
    const char *dir = unit_data_dir();
    if (dir) {
        (void)snprintf(path, sizeof path, "%s/" SPEEDS "excerpt_openconditions_edgecases.xml", dir);
        FILE *file = fopen(path, "rb");
        ck_assert_ptr_nonnull(file);
        char data[16384 + BR_PADDING] = {0};
        size_t size = fread(data, 1, 16384, file);
        (void)fclose(file);
        while (size > 0 && data[size - 1] != '>')
            size--;
        ck_assert_int_eq(datex2_give(&c, data, size, 1 << 20, false), BR_DECODED);
        for (size_t cut = 0; cut < size; cut += 13) {
            ck_assert_int_eq(datex2_give(&c, data, cut, 1 << 20, false), BR_REJECTED);
            ck_assert_uint_eq(c.emit.observation_count, 0);
            ck_assert_ptr_null(c.emit.observations);
            ck_assert_uint_gt(strlen(c.emit.reason), 0);
        }
    }
    datex2_stop(&c);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, values_of_2016);
    tcase_add_test(tcase, values_of_2025);
    tcase_add_test(tcase, sites_of_2016);
    tcase_add_test(tcase, no_table_no_sites);
    tcase_add_test(tcase, excerpts);
    tcase_add_test(tcase, jams);
    tcase_add_test(tcase, car_parks);
    tcase_add_test(tcase, cut_files_are_rejected);
}

UNIT_MAIN("adapter_datex2_data", tests)
