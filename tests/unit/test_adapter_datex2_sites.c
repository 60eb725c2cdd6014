/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Adapter datex2: measured data with its site table, and tables as messages. */
#include "tests/unit/datex2_fixture.h"

START_TEST(sites_with_their_table)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), true), BR_DECODED);
    ck_assert_int_eq(datex2_text(&c,
                                 MEASURED(SITE("A", "version='3'",
                                               FLOW("1", "600") SPEED("2", "", "100") FLOW("3", "300")
                                                   SPEED("4", "", "50") FLOW("5", "480") FLOW("6", "900"))),
                                 false),
                     BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 1);
    const Bruis__V1__Observation *site = datex2_find(&c, "A");
    ck_assert_int_eq(site->observed_at, DATEX2_MEASURED_UTC_MS);
    ck_assert(site->lat == 52.1 && site->lon == 5.2);
    ck_assert(site->traffic->flow_veh_h == 900 && site->traffic->speed_km_h == 75);
    ck_assert(site->traffic->period_s == 60 && !site->traffic->has_length_m);
    ck_assert_str_eq(site->traffic->vehicle_class, "any");
    ck_assert_int_eq(site->traffic->speed_method, BRUIS__V1__TRAFFIC__SPEED_METHOD__harmonic);
    ck_assert_uint_eq(site->n_quality, 0);
    datex2_stop(&c);
}
END_TEST

START_TEST(flags_what_is_partial_or_estimated)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), true), BR_DECODED);
    (void)datex2_text(&c,
                      MEASURED(SITE("A", "version='3'",
                                    VALUE("1", "TrafficFlow",
                                          "<vehicleFlow><dataError>true</dataError><vehicleFlowRate>0"
                                          "</vehicleFlowRate></vehicleFlow>") SPEED("4", "", "50"))),
                      false);
    const Bruis__V1__Observation *site = datex2_find(&c, "A");
    ck_assert(!site->traffic->has_flow_veh_h && site->traffic->speed_km_h == 50);
    ck_assert(datex2_flagged(site, BRUIS__V1__FLAG__partial) &&
              datex2_flagged(site, BRUIS__V1__FLAG__estimated));
    (void)datex2_text(&c, MEASURED(SITE("A", "version='3'", SPEED("2", "", "-1") SPEED("4", "", "0"))),
                      false);
    ck_assert_uint_eq(c.emit.observation_count, 0);
    ck_assert_int_eq(c.outcome, BR_DECODED);
    datex2_stop(&c);
}
END_TEST

START_TEST(only_versions_that_the_table_knows)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A RECORD("B", "1", "") RECORD("B", "2", "")), true),
                     BR_DECODED);
    ck_assert_int_eq(
        datex2_text(&c,
                    MEASURED(SITE("A", "version='2'", FLOW("1", "60")) SITE("A", "", FLOW("1", "120"))
                                 SITE("B", "", FLOW("1", "60")) SITE("C", "version='1'", FLOW("1", "60"))),
                    false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.unmatched_count, 3);
    ck_assert_uint_eq(c.emit.observation_count, 1);
    ck_assert(datex2_traffic(&c, "A")->flow_veh_h == 120);
    datex2_stop(&c);
}
END_TEST

START_TEST(values_that_the_table_has_otherwise)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), true), BR_DECODED);
    (void)datex2_text(
        &c, MEASURED(SITE("A", "version='3'", SPEED("1", "", "50") FLOW("77", "60") FLOW("3", "180"))),
        false);
    ck_assert(datex2_traffic(&c, "A")->flow_veh_h == 180);
    ck_assert_uint_eq(c.emit.invalid_count, 2);
    ck_assert_str_eq(c.emit.reason, "A/1: not what the site table says");
    datex2_stop(&c);
}
END_TEST

START_TEST(a_value_of_another_minute)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), true), BR_DECODED);
#define OLD(index, rate)                                                                                     \
    VALUE(index, "TrafficFlow",                                                                              \
          "<measurementOrCalculationTime>2026-08-18T09:59:00Z</measurementOrCalculationTime><vehicleFlow>"   \
          "<vehicleFlowRate>" rate "</vehicleFlowRate></vehicleFlow>")
    (void)datex2_text(&c, MEASURED(SITE("A", "version='3'", OLD("1", "600") FLOW("3", "60"))), false);
    const Bruis__V1__Observation *site = datex2_find(&c, "A");
    ck_assert(site->traffic->flow_veh_h == 60 && site->observed_at == DATEX2_MEASURED_UTC_MS);
    ck_assert(datex2_flagged(site, BRUIS__V1__FLAG__partial));
    (void)datex2_text(&c, MEASURED(SITE("A", "version='3'", OLD("1", "600") OLD("3", "60"))), false);
    site = datex2_find(&c, "A");
    ck_assert_uint_eq(c.emit.observation_count, 1);
    ck_assert(site->traffic->flow_veh_h == 660 && site->observed_at == DATEX2_MEASURED_UTC_MS - 60000);
    ck_assert_uint_eq(site->n_quality, 0);
    datex2_stop(&c);
}
END_TEST

#define V3_MEANING(index, lanes, type, vehicles)                                                             \
    "<r:measurementSpecificCharacteristics index='" index "'><r:measurementSpecificCharacteristics>"         \
    "<r:computationMethod>arithmeticAverageOfSamplesInATimePeriod</r:computationMethod><r:period>60</"       \
    "r:period>"                                                                                              \
    "<r:specificMeasurementValueType>" type "</r:specificMeasurementValueType>"                              \
    "<r:specificVehicleCharacteristics>" vehicles "</r:specificVehicleCharacteristics>" lanes                \
    "</r:measurementSpecificCharacteristics></r:measurementSpecificCharacteristics>"
#define V3_LANE(name) "<r:specificLane><l:" name "</r:specificLane>"
#define V3_ANY "<c:vehicleType>anyVehicle</c:vehicleType>"
#define V3_TABLE                                                                                             \
    V3("MeasurementSiteTablePublication",                                                                    \
       "<r:measurementSiteTable id='T' version='1'><r:measurementSite id='A' version='1738'>"                \
       "<r:measurementSiteName><c:values><c:value "                                                          \
       "lang='nl'>A12</c:value></c:values></r:measurementSiteName>" V3_MEANING(                              \
           "1", V3_LANE("laneNumber>1</l:laneNumber>"), "trafficFlow", V3_ANY)                               \
           V3_MEANING("2", V3_LANE("laneNumber>1</l:laneNumber>"), "trafficSpeed", V3_ANY) V3_MEANING(       \
               "3", V3_LANE("laneUsage>rushHourLane</l:laneUsage>"), "trafficFlow",                          \
               V3_ANY) V3_MEANING("4", V3_LANE("laneUsage>allLanesCompleteCarriageway</l:laneUsage>"),       \
                                  "trafficFlow", V3_ANY)                                                     \
               V3_MEANING(                                                                                   \
                   "5", V3_LANE("laneNumber>1</l:laneNumber>"), "trafficFlow",                               \
                   "<c:vehicleType>lorry</c:vehicleType>") "<r:measurementSiteLocation "                     \
                                                           "xsi:type='l:LinearLocation'><l:gmlLineString "   \
                                                           "srsName='EPSG:28992'>"                           \
                                                           "<l:posList>136000.5 455000 136010 "              \
                                                           "455010</l:posList></l:gmlLineString></"          \
                                                           "r:measurementSiteLocation>"                      \
                                                           "</r:measurementSite></r:measurementSiteTable>")

START_TEST(version_3_with_its_table)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, V3_TABLE, true), BR_DECODED);
    ck_assert_uint_eq(c.emit.sensor_count, 1);
    (void)datex2_text(
        &c,
        V3("MeasuredDataPublication",
           V3_SITE("A", "1738", "<r:timeMeaning>endTime</r:timeMeaning>" V3_TIME("2026-08-18T10:01:00Z"),
                   V3_FLOW("1", "300") V3_SPEED("2", "0") V3_FLOW("3", "60") V3_FLOW("4", "360")
                       V3_FLOW("5", "60"))),
        false);
    const Bruis__V1__Observation *site = datex2_find(&c, "A");
    ck_assert_int_eq(site->observed_at, DATEX2_MEASURED_UTC_MS); /* the end, less the period */
    ck_assert(site->traffic->flow_veh_h == 360);
    ck_assert(site->traffic->has_speed_km_h && site->traffic->speed_km_h == 0); /* the lane's flow tells */
    ck_assert_int_eq(site->traffic->speed_method, BRUIS__V1__TRAFFIC__SPEED_METHOD__arithmetic);
    ck_assert(!site->has_lat);
    ck_assert_str_eq(c.emit.observations->place.srs, "EPSG:28992");
    ck_assert(c.emit.observations->place.x == 136000.5 && c.emit.observations->place.y == 455000);
    datex2_stop(&c);
}
END_TEST

START_TEST(a_table_as_a_message)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), false), BR_DECODED);
    ck_assert(c.emit.reference_changed);
    ck_assert_uint_eq(c.emit.sensor_count, 1);
    const Bruis__V1__Sensor *sensor = c.emit.sensors->sensor;
    ck_assert_str_eq(sensor->sensor, "A");
    ck_assert_str_eq(sensor->name, "Weg & plein");
    ck_assert_int_eq(sensor->domain, BRUIS__V1__DOMAIN__traffic);
    ck_assert(sensor->lat == 52.1 && sensor->lon == 5.2 && sensor->interval_s == 60 && sensor->lanes == 2);
    ck_assert_int_eq(datex2_text(&c, TABLE(RECORD("B", "1", MEANING("1", "", "trafficFlow", ANY))), false),
                     BR_DECODED);
    ck_assert_int_eq(datex2_text(&c, MEASURED(SITE("A", "version='3'", FLOW("1", "60"))), false), BR_DECODED);
    ck_assert(!c.emit.reference_changed);
    ck_assert_uint_eq(c.emit.unmatched_count, 1); /* the new table has replaced the old one */
    (void)datex2_text(&c, MEASURED(SITE("B", "version='1'", FLOW("1", "60"))), false);
    ck_assert(datex2_traffic(&c, "B")->flow_veh_h == 60);
    datex2_stop(&c);
}
END_TEST

START_TEST(a_bad_table_leaves_the_old_one)
{
    static const char *const bad[] = {
        V2("MeasurementSiteTablePublication",
           "<measurementSiteTable id='T' version='9'></measurementSiteTable>"),
        TABLE("<measurementSiteRecord version='1'></measurementSiteRecord>"),
        "<d2LogicalModel modelBaseVersion='2' " XSI
        "><payloadPublication xsi:type='MeasurementSiteTablePublication'>"
        "<measurementSiteTable>" RECORD("Z", "1", ""),
    };
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c, TABLE(SITE_A), true), BR_DECODED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(datex2_text(&c, bad[i], i % 2 == 0), BR_REJECTED);
        ck_assert_uint_eq(c.emit.sensor_count, 0);
        ck_assert(!c.emit.reference_changed);
        (void)datex2_text(&c, MEASURED(SITE("A", "version='3'", FLOW("1", "60"))), false);
        ck_assert_uint_eq(c.emit.observation_count, 1);
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(routes_have_a_length)
{
#define PART(length)                                                                                         \
    "<locationContainedInItinerary index='0'><location><locationForDisplay><latitude>52</latitude>"          \
    "<longitude>5</longitude></locationForDisplay>" length "</location></locationContainedInItinerary>"
#define ROUTE(id, parts)                                                                                     \
    "<measurementSiteRecord id='" id "' version='1'>" MEANING(                                               \
        "1", "", "travelTimeInformation", ANY) "<measurementSiteLocation>" parts                             \
                                               "</measurementSiteLocation></measurementSiteRecord>"
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(&c,
                      TABLE(ROUTE("R", PART("<lengthAffected>1200</lengthAffected>")
                                           PART("<lengthAffected>800.5</lengthAffected>"))
                                ROUTE("S", PART("<lengthAffected>1200</lengthAffected>") PART(""))),
                      true);
    ck_assert_uint_eq(c.emit.sensor_count, 0); /* a route counts nobody: it is no sensor that is expected */
    (void)datex2_text(
        &c,
        MEASURED(SITE("R", "version='1'",
                      VALUE("1", "TravelTimeData", "<travelTime><duration>90</duration></travelTime>"))
                     SITE("S", "version='1'",
                          VALUE("1", "TravelTimeData", "<travelTime><duration>90</duration></travelTime>"))),
        false);
    ck_assert(!datex2_traffic(&c, "S")->has_length_m); /* a part of it is unknown */
    ck_assert(datex2_traffic(&c, "R")->travel_time_s == 90 && datex2_traffic(&c, "R")->length_m == 2000.5);
    ck_assert(!datex2_traffic(&c, "R")->has_flow_veh_h && !datex2_traffic(&c, "R")->has_speed_method);
    datex2_stop(&c);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, sites_with_their_table);
    tcase_add_test(tcase, flags_what_is_partial_or_estimated);
    tcase_add_test(tcase, only_versions_that_the_table_knows);
    tcase_add_test(tcase, values_that_the_table_has_otherwise);
    tcase_add_test(tcase, a_value_of_another_minute);
    tcase_add_test(tcase, version_3_with_its_table);
    tcase_add_test(tcase, a_table_as_a_message);
    tcase_add_test(tcase, a_bad_table_leaves_the_old_one);
    tcase_add_test(tcase, routes_have_a_length);
}

UNIT_MAIN("adapter_datex2_sites", tests)
