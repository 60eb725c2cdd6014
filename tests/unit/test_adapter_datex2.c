/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Adapter datex2: envelopes, options, and measured data value by value. Payloads are of our own writing. */
#include "tests/unit/datex2_fixture.h"

static const char *const lane[] = {"detail=lane", NULL};

START_TEST(values_one_by_one)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(
        datex2_text(&c,
                    MEASURED(SITE("A", "version='1'",
                                  FLOW("1", "600") SPEED("2", "numberOfInputValuesUsed='9'", "64.5")
                                      SPEED("3", "numberOfInputValuesUsed='0'", "-1")
                                          SPEED("4", "numberOfInputValuesUsed='0'", "0")
                                              SPEED("5", "numberOfInputValuesUsed='5'", "0")
                                                  SPEED("6", "", "0") FLOW("7", "-1") FLOW("8", "0"))),
                    false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 4);
    const Bruis__V1__Observation *first = datex2_find(&c, "A/1");
    ck_assert_str_eq(first->feed, "feed");
    ck_assert_int_eq(first->observed_at, DATEX2_MEASURED_UTC_MS);
    ck_assert_int_eq(first->received_at, DATEX2_RECEIVED_UTC_MS);
    ck_assert(first->traffic->flow_veh_h == 600 && !first->traffic->has_speed_km_h);
    ck_assert(!first->traffic->has_period_s && !first->has_lat && !first->traffic->vehicle_class);
    ck_assert(datex2_traffic(&c, "A/2")->speed_km_h == 64.5 && !datex2_traffic(&c, "A/2")->has_flow_veh_h);
    ck_assert(datex2_traffic(&c, "A/5")->has_speed_km_h && datex2_traffic(&c, "A/5")->speed_km_h == 0);
    ck_assert(datex2_traffic(&c, "A/8")->has_flow_veh_h && datex2_traffic(&c, "A/8")->flow_veh_h == 0);
    ck_assert_uint_eq(c.emit.invalid_count, 0);
    datex2_stop(&c);
}
END_TEST

START_TEST(errors_and_references_are_no_values)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(
        datex2_text(
            &c,
            MEASURED(SITE(
                "A", "",
                VALUE("1", "TrafficSpeed",
                      "<averageVehicleSpeed numberOfInputValuesUsed='7'><dataError>true</dataError>"
                      "<reasonForDataError><values><value>storing</value></values></reasonForDataError>"
                      "<speed>88</speed></averageVehicleSpeed>")
                    VALUE("2", "TrafficFlow",
                          "<vehicleFlow><dataError>false</dataError><vehicleFlowRate>120</vehicleFlowRate>"
                          "</vehicleFlow>") "<measuredValue index='3'><measuredValue><basicData "
                                            "xsi:type='TrafficSpeed'>"
                                            "<averageVehicleSpeed><speed>-1</speed></averageVehicleSpeed></"
                                            "basicData>"
                                            "<measuredValueExtension><measuredValueExtended><"
                                            "basicDataReferenceValue>"
                                            "<referenceValueType>staticReferenceValue</"
                                            "referenceValueType><trafficSpeed>"
                                            "<averageVehicleSpeed><speed>50</speed></averageVehicleSpeed></"
                                            "trafficSpeed>"
                                            "</basicDataReferenceValue></measuredValueExtended></"
                                            "measuredValueExtension>"
                                            "</measuredValue></measuredValue>" VALUE(
                                                "4", "TrafficStatus",
                                                "<trafficStatus><speed>30</speed></trafficStatus>"))),
            false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 1);
    ck_assert(datex2_traffic(&c, "A/2")->flow_veh_h == 120);
    datex2_stop(&c);
}
END_TEST

START_TEST(a_reference_before_the_measurement)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    (void)datex2_text(
        &c,
        MEASURED(SITE("A", "",
                      "<measuredValue index='1'><measuredValue><measuredValueExtension>"
                      "<basicDataReferenceValue><basicData xsi:type='TrafficSpeed'><averageVehicleSpeed>"
                      "<speed>50</speed></averageVehicleSpeed></basicData></basicDataReferenceValue>"
                      "</measuredValueExtension><basicData xsi:type='TrafficSpeed'><averageVehicleSpeed>"
                      "<speed>31</speed></averageVehicleSpeed></basicData></measuredValue>"
                      "</measuredValue>")),
        false);
    ck_assert(datex2_traffic(&c, "A/1")->speed_km_h == 31);
    datex2_stop(&c);
}
END_TEST

START_TEST(travel_times_with_their_reference)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(
        datex2_text(
            &c,
            MEASURED(SITE(
                "R", "",
                "<measuredValue index='1'><measuredValue><basicData xsi:type='TravelTimeData'>"
                "<travelTime><duration>301.5</duration></travelTime></basicData>"
                "<measuredValueExtension><basicDataReferenceValue>"
                "<referenceValueType>staticReferenceValue</referenceValueType><travelTimeData>"
                "<travelTime><duration>240</duration></travelTime></travelTimeData>"
                "</basicDataReferenceValue></measuredValueExtension></measuredValue></measuredValue>" VALUE(
                    "2", "TravelTimeData", "<travelTime><duration>-1</duration></travelTime>")
                    VALUE("3", "TravelTimeData",
                          "<travelTime><duration>10</duration></travelTime>"
                          "<freeFlowTravelTime><duration>8</duration></freeFlowTravelTime>"))),
            false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 2);
    ck_assert(datex2_traffic(&c, "R/1")->travel_time_s == 301.5);
    ck_assert(datex2_traffic(&c, "R/1")->reference_travel_time_s == 240);
    ck_assert(datex2_traffic(&c, "R/3")->reference_travel_time_s == 8);
    datex2_stop(&c);
}
END_TEST

START_TEST(bad_values_are_counted_one_by_one)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(datex2_text(&c,
                                 MEASURED(SITE("A", "",
                                               FLOW("1", "many") FLOW("x", "60") FLOW("-2", "60")
                                                   FLOW("1024", "60") SPEED("2", "", "251") FLOW("3", "")
                                                       FLOW("4", "60")) SITE("", "", FLOW("1", "60"))),
                                 false),
                     BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 1);
    ck_assert_uint_eq(c.emit.invalid_count, 6);
    ck_assert_str_eq(c.emit.reason, "A/1: a value that is no number");
    ck_assert_int_eq(datex2_text(&c, MEASURED(SITE("A", "", FLOW("1", "many"))), false), BR_REJECTED);
    ck_assert_str_eq(c.emit.reason, "A/1: a value that is no number");
    datex2_stop(&c);
}
END_TEST

#define SITE_AT(time, content)                                                                               \
    "<siteMeasurements><measurementSiteReference id='A'/><measurementTimeDefault>" time                      \
    "</measurementTimeDefault>" content "</siteMeasurements>"

START_TEST(times_of_all_kinds)
{
    static const struct {
        const char *time;
        int64_t at_utc_ms;
    } times[] = {{"2026-08-18T10:00:00Z", DATEX2_MEASURED_UTC_MS},
                 {" 2026-08-18T12:00:00.1234567+02:00\n", DATEX2_MEASURED_UTC_MS + 123},
                 {"2026-08-18T10:00:00.999999999Z", DATEX2_MEASURED_UTC_MS + 999},
                 {"yesterday", BR_TIME_NONE},
                 {"", BR_TIME_NONE},
                 {"2026-02-30T10:00:00Z", BR_TIME_NONE}};
    char text[2048];
    struct datex2_case c;
    datex2_start(&c, lane);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        (void)snprintf(text, sizeof text, MEASURED(SITE_AT("%s", FLOW("1", "60"))), times[i].time);
        (void)datex2_text(&c, text, false);
        bool known = times[i].at_utc_ms != BR_TIME_NONE;
        ck_assert_int_eq(c.outcome, known ? BR_DECODED : BR_REJECTED);
        if (known)
            ck_assert_int_eq(datex2_find(&c, "A/1")->observed_at, times[i].at_utc_ms);
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(version_3_tells_the_time_last)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(
        datex2_text(&c,
                    V3("MeasuredDataPublication",
                       V3_SITE("A", "1", V3_TIME("2026-08-18T10:00:00Z"),
                               V3_FLOW("1", "360") V3_SPEED("2", "127.0") V3_SPEED("3", "-1.0"))),
                    false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 2);
    ck_assert_int_eq(datex2_find(&c, "A/1")->observed_at, DATEX2_MEASURED_UTC_MS);
    ck_assert(datex2_traffic(&c, "A/2")->speed_km_h == 127);
    datex2_stop(&c);
}
END_TEST

START_TEST(version_3_forecasts_are_no_measurements)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(
        datex2_text(
            &c,
            V3("MeasuredDataPublication",
               V3_SITE(
                   "A", "1", V3_TIME("2026-08-18T10:00:00Z"),
                   "<r:physicalQuantity index='1'><r:physicalQuantity "
                   "xsi:type='r:TimeProfiledPhysicalQuantity'><r:basicData xsi:type='r:TrafficFlow'>"
                   "<r:vehicleFlow><c:vehicleFlowRate>60</c:vehicleFlowRate></r:vehicleFlow></r:basicData>"
                   "</r:physicalQuantity></r:physicalQuantity>"
                   "<r:physicalQuantity index='2'><r:physicalQuantity><r:forecast>true</r:forecast>"
                   "<r:basicData xsi:type='r:TrafficFlow'><r:vehicleFlow><c:vehicleFlowRate>60"
                   "</c:vehicleFlowRate></r:vehicleFlow></r:basicData></r:physicalQuantity>"
                   "</r:physicalQuantity>")),
            false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 0);
    datex2_stop(&c);
}
END_TEST

START_TEST(an_end_needs_a_period)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    ck_assert_int_eq(
        datex2_text(
            &c,
            V3("MeasuredDataPublication",
               V3_SITE("A", "1", "<r:timeMeaning>endTime</r:timeMeaning>" V3_TIME("2026-08-18T10:01:00Z"),
                       V3_FLOW("1", "300"))),
            false),
        BR_REJECTED);
    ck_assert_str_eq(c.emit.reason, "A/1: no start of the measurement");
    datex2_stop(&c);
}
END_TEST

START_TEST(without_a_table_measured_data_is_skipped)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, MEASURED(SITE("A", "", FLOW("1", "60"))), false), BR_SKIPPED);
    ck_assert_str_eq(c.emit.reason, "measured data without its site table");
    datex2_stop(&c);
    datex2_start(&c, lane);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), false), BR_SKIPPED);
    ck_assert_uint_eq(c.emit.sensor_count, 0);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), true), BR_REJECTED);
    datex2_stop(&c);
}
END_TEST

START_TEST(other_publications_are_skipped_by_name)
{
    static const char *const texts[][2] = {
        {V2("VmsPublication", "<vmsUnit/>"), "VmsPublication is not read"},
        {V3("ElaboratedDataPublication", "<r:siteMeasurements/>"), "ElaboratedDataPublication is not read"},
        {V2("GenericPublication", "<genericPublicationName>X</genericPublicationName>"),
         "GenericPublication is not read"},
        {"<p:payload xmlns:p='p' modelBaseVersion='3'/>", "a publication without a type is not read"},
        {"<d2LogicalModel modelBaseVersion='2'><exchange/></d2LogicalModel>", "no publication in it"},
    };
    struct datex2_case c;
    datex2_start(&c, lane);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_int_eq(datex2_text(&c, texts[i][0], false), BR_SKIPPED);
        ck_assert_str_eq(c.emit.reason, texts[i][1]);
    }
    ck_assert_int_eq(datex2_text(&c, texts[0][0], true), BR_REJECTED);
    ck_assert_str_eq(c.emit.reason, "no measurement site table: VmsPublication is not read");
    datex2_stop(&c);
}
END_TEST

START_TEST(what_is_no_datex_is_rejected)
{
    static const char *const texts[][2] = {
        {"<rss><channel/></rss>", "no DATEX II, but: rss"},
        {"<x:payload xmlns:x='x'><situation id='1'/></x:payload>", "no DATEX II, but: payload"},
        {"<S:Envelope xmlns:S='s'><S:Body><S:Fault/></S:Body></S:Envelope>", "no DATEX II, but: Envelope"},
        {"", "no well-formed XML at byte 0: no element found"},
        {"{\"a\":1}", "no well-formed XML at byte 0: not well-formed (invalid token)"},
        {"<!DOCTYPE d2LogicalModel><d2LogicalModel/>",
         "no well-formed XML at byte 24: a document type declaration is not accepted"},
        {"\x1f\x8b no gzip", "the gzip stream is damaged"},
    };
    struct datex2_case c;
    datex2_start(&c, lane);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_int_eq(datex2_text(&c, texts[i][0], false), BR_REJECTED);
        if (i != 5)
            ck_assert_str_eq(c.emit.reason, texts[i][1]);
        else
            ck_assert_ptr_nonnull(strstr(c.emit.reason, "a document type declaration is not accepted"));
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(limits_of_payload_and_memory)
{
    struct datex2_case c;
    datex2_start(&c, lane);
    char data[2048 + BR_PADDING] = MEASURED(SITE("A", "", FLOW("1", "60") FLOW("2", "60")));
    ck_assert_int_eq(datex2_give(&c, data, strlen(data), 100, false), BR_REJECTED);
    ck_assert_str_eq(c.emit.reason, "the payload unpacks to more than is allowed");
    br_arena_close(c.arena);
    c.arena = br_arena_open(16384, 200000); /* enough to begin with, not for what comes out */
    char *many = calloc(1, 400000 + BR_PADDING), *at = many;
    at = stpcpy(at, "<payload modelBaseVersion='3' " XSI " xsi:type='MeasuredDataPublication'>");
    for (int i = 0; i < 1000; i++)
        at = stpcpy(at, SITE("A", "", FLOW("1", "60")));
    at = stpcpy(at, "</payload>");
    ck_assert_int_eq(datex2_give(&c, many, strlen(many), 1 << 20, false), BR_REJECTED);
    ck_assert_str_eq(c.emit.reason, "too many records");
    ck_assert_uint_eq(c.emit.observation_count, 0);
    free(many);
    datex2_stop(&c);
}
END_TEST

START_TEST(options_are_checked)
{
    static const char *const bad[][3] = {{"detail=car", NULL, NULL},
                                         {"snapshot=perhaps", NULL, NULL},
                                         {"details=lane", NULL, NULL},
                                         {"detail=lane", "site_table=sites.xml", NULL}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct br_faults *faults = br_faults_open();
        ck_assert_ptr_null(datex2_open(bad[i], faults));
        ck_assert_uint_eq(br_faults_count(faults), 1);
        br_faults_close(faults);
    }
    br_adapter_datex2.close(NULL);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, values_one_by_one);
    tcase_add_test(tcase, errors_and_references_are_no_values);
    tcase_add_test(tcase, a_reference_before_the_measurement);
    tcase_add_test(tcase, travel_times_with_their_reference);
    tcase_add_test(tcase, bad_values_are_counted_one_by_one);
    tcase_add_test(tcase, times_of_all_kinds);
    tcase_add_test(tcase, version_3_tells_the_time_last);
    tcase_add_test(tcase, version_3_forecasts_are_no_measurements);
    tcase_add_test(tcase, an_end_needs_a_period);
    tcase_add_test(tcase, without_a_table_measured_data_is_skipped);
    tcase_add_test(tcase, other_publications_are_skipped_by_name);
    tcase_add_test(tcase, what_is_no_datex_is_rejected);
    tcase_add_test(tcase, limits_of_payload_and_memory);
    tcase_add_test(tcase, options_are_checked);
}

UNIT_MAIN("adapter_datex2", tests)
