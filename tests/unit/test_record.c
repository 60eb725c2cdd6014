/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "proto/record.h"

#include "tests/unit/unit.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static void check_text(struct br_text *text, const char *expected)
{
    ck_assert_int_eq(text->failed, 0);
    ck_assert_str_eq(text->data, expected);
    ck_assert_uint_eq(text->size, strlen(expected));
    free(text->data);
    *text = (struct br_text){0};
}

START_TEST(text_grows)
{
    struct br_text text = {0};
    for (int i = 0; i < 1000; i++) {
        br_text_add(&text, "ab", 2);
        br_text_format(&text, "%d", i % 10);
    }
    ck_assert_uint_eq(text.size, 3000);
    ck_assert_int_eq(strncmp(text.data, "ab0ab1ab2ab3ab4ab5ab6ab7ab8ab9ab0", 33), 0);
    ck_assert_int_eq(text.data[3000], '\0');
    char long_word[5000];
    memset(long_word, 'x', sizeof long_word);
    br_text_format(&text, "%.*s", (int)sizeof long_word, long_word);
    br_text_add(&text, long_word, sizeof long_word);
    ck_assert_uint_eq(text.size, 13000);
    ck_assert_int_eq(text.data[13000], '\0');
    free(text.data);
}
END_TEST

/* Sizes at which the room is just used up, NUL and all. */
START_TEST(text_holds_its_nul)
{
    for (size_t size = 0; size < 600; size++) {
        struct br_text text = {0};
        for (size_t i = 0; i < size; i++)
            br_text_add(&text, "x", 1);
        br_text_add(&text, "", 0);
        ck_assert_uint_eq(text.size, size);
        ck_assert_uint_lt(text.size, text.capacity);
        ck_assert_int_eq(text.data[size], '\0');
        free(text.data);
    }
}
END_TEST

START_TEST(failure_is_sticky)
{
    struct br_text text = {0};
    br_text_add(&text, "a", 1);
    br_text_add(&text, "b", SIZE_MAX / 2 + 2);
    ck_assert_int_eq(text.failed, 1);
    br_text_add(&text, "c", 1);
    br_text_format(&text, "%s", "d");
    br_text_json(&text, "e", 1);
    ck_assert_str_eq(text.data, "a");
    ck_assert_int_eq(text.failed, 1);
    free(text.data);
}
END_TEST

static void check_json(const char *string, size_t size, const char *expected)
{
    struct br_text text = {0};
    br_text_json(&text, string, size);
    check_text(&text, expected);
}

START_TEST(strings_are_escaped)
{
    check_json("", 0, "\"\"");
    check_json("P+R De Uithof", 13, "\"P+R De Uithof\"");
    check_json("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    check_json("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    check_json("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\"");
    check_json("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x97", 14,
               "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x97\"");
}
END_TEST

#define BAD "\xef\xbf\xbd"

START_TEST(bytes_that_are_no_utf8_are_replaced)
{
    check_json("a\xff"
               "b",
               3, "\"a" BAD "b\"");
    check_json("\xc3", 1, "\"" BAD "\"");                         /* cut */
    check_json("\xc3\"", 2, "\"" BAD "\\\"\"");                   /* cut by a quote */
    check_json("\xe2\x82", 2, "\"" BAD BAD "\"");                 /* cut */
    check_json("\x80", 1, "\"" BAD "\"");                         /* a tail alone */
    check_json("\xc0\xaf", 2, "\"" BAD BAD "\"");                 /* overlong */
    check_json("\xe0\x9f\xbf", 3, "\"" BAD BAD BAD "\"");         /* overlong */
    check_json("\xf0\x8f\xbf\xbf", 4, "\"" BAD BAD BAD BAD "\""); /* overlong */
    check_json("\xed\xa0\x80", 3, "\"" BAD BAD BAD "\"");         /* a surrogate */
    check_json("\xf4\x90\x80\x80", 4, "\"" BAD BAD BAD BAD "\""); /* above U+10FFFF */
    check_json("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", 10,
               "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""); /* the last ones that are good */
    check_json("\xc3\xa9", 1, "\"" BAD "\"");                   /* the size holds, not the bytes behind */
}
END_TEST

static void check_double(double value, const char *expected)
{
    char text[BR_DOUBLE_SIZE];
    br_double_format(value, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(doubles_are_shortest)
{
    check_double(0, "0");
    check_double(-0.0, "-0");
    check_double(0.6229, "0.6229");
    check_double(1940.5, "1940.5");
    check_double(-350, "-350");
    check_double(1e21, "1e21");
    check_double(5e-324, "5e-324");
    check_double(-5e-324, "-5e-324");
    check_double(0.1, "0.1");
    check_double(0.1 + 0.2, "0.30000000000000004");
    check_double(1.0 / 3, "0.3333333333333333");
    check_double(52.0907, "52.0907");
    check_double(100000, "100000");
    check_double(999999999999999, "999999999999999");
    check_double(1e15, "1e15");
    check_double(1234567890123456, "1234567890123456");
    check_double(9007199254740992, "9007199254740992");
    check_double(1e-5, "1e-5");
    check_double(1.5e-7, "1.5e-7");
    check_double(1e100, "1e100");
    check_double(-1.25e-10, "-1.25e-10");
    check_double(DBL_MAX, "1.7976931348623157e308");
    check_double(-DBL_MAX, "-1.7976931348623157e308");
    check_double(DBL_MIN, "2.2250738585072014e-308");
    check_double(2.225073858507201e-308, "2.225073858507201e-308"); /* the largest subnormal one */
    check_double(1.2e-322, "1.2e-322");
}
END_TEST

static int digit_count(const char *text)
{
    int count = 0, zeros = 0;
    bool begun = false;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        begun = begun || *text != '0';
        count += begun;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count > zeros ? count - zeros : count;
}

/* Any double reads back as itself, and no shorter decimal does. */
START_TEST(doubles_read_back)
{
    uint64_t state = 20260818;
    for (int i = 0; i < 100000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = state ^ state >> 29;
        double value;
        memcpy(&value, &bits, sizeof value);
        if (i % 2) /* such as figures are */
            value = (double)(int64_t)(bits >> 30) / 10000;
        if (!isfinite(value))
            continue;
        char text[BR_DOUBLE_SIZE], other[64];
        br_double_format(value, text);
        ck_assert_msg(strtod(text, NULL) == value, "%s", text);
        int digits = 1;
        while (snprintf(other, sizeof other, "%.*e", digits - 1, value), strtod(other, NULL) != value)
            digits++;
        ck_assert_msg(digit_count(text) <= digits, "%s: %d digits do", text, digits);
    }
}
END_TEST

START_TEST(an_empty_observation)
{
    struct br_text text = {0};
    Bruis__V1__Observation observation = BRUIS__V1__OBSERVATION__INIT;
    br_record_observation(&text, &observation);
    check_text(&text, "{\"record\":\"observation\",\"quality\":[]}");
}
END_TEST

START_TEST(a_parking_observation)
{
    struct br_text text = {0};
    Bruis__V1__Observation observation = BRUIS__V1__OBSERVATION__INIT;
    Bruis__V1__Parking parking = BRUIS__V1__PARKING__INIT;
    Bruis__V1__Flag flags[] = {BRUIS__V1__FLAG__clamped, BRUIS__V1__FLAG__untimed};
    observation.feed = "garages";
    observation.sensor = "P-1 \"Zuid\"";
    observation.has_domain = 1;
    observation.domain = BRUIS__V1__DOMAIN__parking;
    observation.has_observed_at = 1;
    observation.observed_at = 1787047200000;
    observation.has_received_at = 1;
    observation.received_at = 1787047201250;
    observation.has_lat = 1;
    observation.lat = 52.0907;
    observation.has_lon = 1;
    observation.lon = 5;
    observation.quality = flags;
    observation.n_quality = 2;
    observation.parking = &parking;
    parking.has_capacity = 1;
    parking.capacity = 340;
    parking.has_vacant = 1; /* 0 is a value */
    parking.has_state = 1;  /* so is the word for 0 */
    parking.has_full = 1;
    parking.full = 1;
    parking.has_kind = 1;
    parking.kind = BRUIS__V1__PARKING_KIND__park_and_ride;
    br_record_observation(&text, &observation);
    check_text(&text, "{\"record\":\"observation\",\"feed\":\"garages\",\"sensor\":\"P-1 \\\"Zuid\\\"\","
                      "\"domain\":\"parking\",\"observed_at\":\"2026-08-18T10:00:00Z\","
                      "\"received_at\":\"2026-08-18T10:00:01.250Z\",\"lat\":52.0907,\"lon\":5,"
                      "\"quality\":[\"clamped\",\"untimed\"],\"parking\":{\"capacity\":340,\"vacant\":0,"
                      "\"state\":\"unknown\",\"full\":true,\"kind\":\"park_and_ride\"}}");
}
END_TEST

START_TEST(the_other_observations)
{
    struct br_text text = {0};
    Bruis__V1__Observation observation = BRUIS__V1__OBSERVATION__INIT;
    Bruis__V1__Traffic traffic = BRUIS__V1__TRAFFIC__INIT;
    traffic.has_flow_veh_h = traffic.has_speed_km_h = traffic.has_speed_method = 1;
    traffic.flow_veh_h = 1260;
    traffic.speed_km_h = 87.3;
    traffic.vehicle_class = "any";
    traffic.speed_method = BRUIS__V1__TRAFFIC__SPEED_METHOD__harmonic;
    observation.traffic = &traffic;
    br_record_observation(&text, &observation);
    check_text(&text, "{\"record\":\"observation\",\"quality\":[],\"traffic\":{\"flow_veh_h\":1260,"
                      "\"speed_km_h\":87.3,\"vehicle_class\":\"any\",\"speed_method\":\"harmonic\"}}");
    observation.traffic = NULL;

    Bruis__V1__Jam jam = BRUIS__V1__JAM__INIT;
    jam.situation = "S-9";
    jam.has_version = jam.has_state = jam.has_type = jam.has_valid_from = jam.has_valid_to = 1;
    jam.version = 9007199254740993;
    jam.state = BRUIS__V1__JAM__STATE__ended;
    jam.type = BRUIS__V1__JAM__TYPE__queuing;
    jam.valid_from = 0;
    jam.valid_to = 1787047200000;
    observation.jam = &jam;
    br_record_observation(&text, &observation);
    check_text(&text, "{\"record\":\"observation\",\"quality\":[],\"jam\":{\"situation\":\"S-9\","
                      "\"version\":9007199254740993,\"state\":\"ended\",\"type\":\"queuing\","
                      "\"valid_from\":\"1970-01-01T00:00:00Z\",\"valid_to\":\"2026-08-18T10:00:00Z\"}}");
    observation.jam = NULL;

    Bruis__V1__Pedestrian pedestrian = BRUIS__V1__PEDESTRIAN__INIT;
    pedestrian.has_count_in = pedestrian.has_period_s = pedestrian.has_method = 1;
    pedestrian.count_in = 12;
    pedestrian.period_s = 180;
    pedestrian.method = BRUIS__V1__PEDESTRIAN__METHOD__camera;
    observation.pedestrian = &pedestrian;
    br_record_observation(&text, &observation);
    check_text(&text, "{\"record\":\"observation\",\"quality\":[],\"pedestrian\":{\"count_in\":12,"
                      "\"period_s\":180,\"method\":\"camera\"}}");
}
END_TEST

/* What no reader could understand is not told. */
START_TEST(values_that_are_none_are_absent)
{
    struct br_text text = {0};
    Bruis__V1__Observation observation = BRUIS__V1__OBSERVATION__INIT;
    Bruis__V1__Flag flags[] = {(Bruis__V1__Flag)99, BRUIS__V1__FLAG__partial};
    observation.has_domain = 1;
    observation.domain = (Bruis__V1__Domain)77;
    observation.has_lat = observation.has_lon = 1;
    observation.lat = NAN;
    observation.lon = INFINITY;
    observation.quality = flags;
    observation.n_quality = 2;
    br_record_observation(&text, &observation);
    check_text(&text, "{\"record\":\"observation\",\"quality\":[\"partial\"]}");
}
END_TEST

START_TEST(a_sensor)
{
    struct br_text text = {0};
    Bruis__V1__Sensor sensor = BRUIS__V1__SENSOR__INIT;
    br_record_sensor(&text, &sensor);
    check_text(&text, "{\"record\":\"sensor\"}");
    sensor.feed = "loops";
    sensor.sensor = "RWS01_1";
    sensor.has_domain = 1;
    sensor.domain = BRUIS__V1__DOMAIN__traffic;
    sensor.name = "A2 Li";
    sensor.has_interval_s = 1;
    sensor.interval_s = 60;
    sensor.has_lanes = 1;
    sensor.lanes = 3;
    br_record_sensor(&text, &sensor);
    check_text(&text,
               "{\"record\":\"sensor\",\"feed\":\"loops\",\"sensor\":\"RWS01_1\",\"domain\":\"traffic\","
               "\"name\":\"A2 Li\",\"interval_s\":60,\"lanes\":3}");
}
END_TEST

static void figure_head(Bruis__V1__Figure *figure)
{
    bruis__v1__figure__init(figure);
    figure->region = "gm0344";
    figure->name = "Utrecht";
    figure->region_type = "gemeente";
    figure->has_region_year = figure->has_domain = figure->has_start = figure->has_end = 1;
    figure->region_year = 2023;
    figure->domain = BRUIS__V1__DOMAIN__parking;
    figure->window = "5m";
    figure->start = 1787047200000;
    figure->end = 1787047500000;
    figure->has_revision = figure->has_quality = 1;
    figure->quality = BRUIS__V1__FIGURE__QUALITY__good;
}

#define HEAD                                                                                                 \
    "{\"region\":\"gm0344\",\"name\":\"Utrecht\",\"region_type\":\"gemeente\",\"region_year\":2023,"         \
    "\"domain\":\"parking\",\"window\":\"5m\",\"start\":\"2026-08-18T10:00:00Z\","                           \
    "\"end\":\"2026-08-18T10:05:00Z\",\"revision\":0,"

START_TEST(a_figure_with_all_its_values)
{
    struct br_text text = {0};
    Bruis__V1__Figure figure;
    Bruis__V1__Coverage coverage = BRUIS__V1__COVERAGE__INIT;
    Bruis__V1__ParkingFigure parking = BRUIS__V1__PARKING_FIGURE__INIT;
    figure_head(&figure);
    coverage.has_expected = coverage.has_reporting = coverage.has_weight = 1;
    coverage.has_oldest = coverage.has_newest = 1;
    coverage.expected = 12;
    coverage.reporting = 11;
    coverage.weight = 0.94;
    coverage.oldest = 1787047092000;
    coverage.newest = 1787047490000;
    figure.coverage = &coverage;
    parking.has_capacity = parking.has_vacant = parking.has_occupied = parking.has_occupancy = 1;
    parking.capacity = 5120;
    parking.vacant = 1931;
    parking.occupied = 3189;
    parking.occupancy = 0.6229;
    parking.has_vacant_min = parking.has_vacant_max = parking.has_vacant_mean = parking.has_occupancy_mean =
        1;
    parking.vacant_min = 1902;
    parking.vacant_max = 1977;
    parking.vacant_mean = 1940.5;
    parking.occupancy_mean = 0.6201;
    parking.has_open = parking.has_closed = parking.has_full = 1;
    parking.open = 11;
    parking.closed = 1;
    parking.has_fill_rate_per_h = parking.has_trend = 1;
    parking.fill_rate_per_h = -350;
    parking.trend = BRUIS__V1__PARKING_FIGURE__TREND__decreasing;
    figure.parking = &parking;
    br_record_figure(&text, &figure);
    check_text(&text, HEAD
               "\"quality\":\"good\",\"coverage\":{\"expected\":12,\"reporting\":11,\"weight\":0.94,"
               "\"oldest\":\"2026-08-18T09:58:12Z\",\"newest\":\"2026-08-18T10:04:50Z\"},"
               "\"parking\":{\"capacity\":5120,\"vacant\":1931,\"occupied\":3189,\"occupancy\":0.6229,"
               "\"vacant_min\":1902,\"vacant_max\":1977,\"vacant_mean\":1940.5,\"occupancy_mean\":0.6201,"
               "\"open\":11,\"closed\":1,\"full\":0,\"entries\":null,\"exits\":null,"
               "\"fill_rate_per_h\":-350,\"trend\":\"decreasing\"}}");
}
END_TEST

START_TEST(a_figure_that_knows_nothing)
{
    struct br_text text = {0};
    Bruis__V1__Figure figure;
    Bruis__V1__Coverage coverage = BRUIS__V1__COVERAGE__INIT;
    Bruis__V1__TrafficFigure traffic = BRUIS__V1__TRAFFIC_FIGURE__INIT;
    Bruis__V1__PedestrianFigure pedestrian = BRUIS__V1__PEDESTRIAN_FIGURE__INIT;
    figure_head(&figure);
    figure.quality = BRUIS__V1__FIGURE__QUALITY__none;
    figure.coverage = &coverage;
    figure.traffic = &traffic;
    br_record_figure(&text, &figure);
    check_text(&text,
               HEAD "\"quality\":\"none\",\"coverage\":{\"expected\":null,\"reporting\":null,\"weight\":null,"
                    "\"oldest\":null,\"newest\":null},\"traffic\":{\"sites\":null,\"vehicles\":null,"
                    "\"flow_veh_h\":null,\"speed_km_h\":null,\"sites_slow\":null,\"slow_share\":null,"
                    "\"jams\":null,\"queue_length_m\":null,\"delay_s\":null,\"queue_km_min\":null,"
                    "\"vehicle_km\":null,\"vehicle_h\":null,\"lost_vehicle_h\":null,"
                    "\"travel_time_index\":null}}");
    bruis__v1__figure__init(&figure);
    figure.pedestrian = &pedestrian;
    br_record_figure(&text, &figure);
    check_text(&text, "{\"region\":null,\"name\":null,\"region_type\":null,\"region_year\":null,"
                      "\"domain\":null,\"window\":null,\"start\":null,\"end\":null,\"revision\":null,"
                      "\"quality\":null,\"pedestrian\":{\"sensors\":null,\"passages\":null,"
                      "\"passages_in\":null,\"passages_out\":null,\"per_hour\":null,\"presence\":null,"
                      "\"index\":null,\"margin\":null}}");
}
END_TEST

START_TEST(the_words_of_domains)
{
    ck_assert_str_eq(br_domain_word(BRUIS__V1__DOMAIN__parking), "parking");
    ck_assert_str_eq(br_domain_word(BRUIS__V1__DOMAIN__traffic), "traffic");
    ck_assert_str_eq(br_domain_word(BRUIS__V1__DOMAIN__pedestrian), "pedestrian");
    ck_assert_str_eq(br_domain_word((Bruis__V1__Domain)0), "unknown");
}
END_TEST

/* The printer knows these types; a field of another one would need code. */
static void check_types(const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        bool known = field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_INT64 ||
                     field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_DOUBLE ||
                     field->type == PROTOBUF_C_TYPE_BOOL || field->type == PROTOBUF_C_TYPE_STRING ||
                     field->type == PROTOBUF_C_TYPE_MESSAGE;
        ck_assert_msg(field->type == PROTOBUF_C_TYPE_ENUM || (known && !repeated), "%s.%s", descriptor->name,
                      field->name);
        ck_assert(i == 0 || field->id > descriptor->fields[i - 1].id);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            check_types(field->descriptor);
    }
}

START_TEST(every_field_is_of_a_type_that_is_printed)
{
    check_types(&bruis__v1__observation__descriptor);
    check_types(&bruis__v1__sensor__descriptor);
    check_types(&bruis__v1__figure__descriptor);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, text_grows);
    tcase_add_test(tcase, text_holds_its_nul);
    tcase_add_test(tcase, failure_is_sticky);
    tcase_add_test(tcase, strings_are_escaped);
    tcase_add_test(tcase, bytes_that_are_no_utf8_are_replaced);
    tcase_add_test(tcase, doubles_are_shortest);
    tcase_add_test(tcase, doubles_read_back);
    tcase_add_test(tcase, an_empty_observation);
    tcase_add_test(tcase, a_parking_observation);
    tcase_add_test(tcase, the_other_observations);
    tcase_add_test(tcase, values_that_are_none_are_absent);
    tcase_add_test(tcase, a_sensor);
    tcase_add_test(tcase, a_figure_with_all_its_values);
    tcase_add_test(tcase, a_figure_that_knows_nothing);
    tcase_add_test(tcase, the_words_of_domains);
    tcase_add_test(tcase, every_field_is_of_a_type_that_is_printed);
}

UNIT_MAIN("record", tests)
