/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/unit/adapter_fixture.h"

static struct fixture fixture;

static void setup(void)
{
    fixture_open(&fixture, &br_adapter_spdp, "{}");
}

static void teardown(void)
{
    fixture_close(&fixture);
}

static enum br_outcome decode(const char *text)
{
    return fixture_decode(&fixture, "parking/spdp", text);
}

/* A dynamic document with this status. */
static enum br_outcome decode_status(const char *members)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"parkingFacilityDynamicInformation\":{\"name\":\"P\",\"facilityActualStatus\":{%s},"
             "\"identifier\":\"u-1\"}}",
             members);
    return decode(text);
}

static const Bruis__V1__Parking *parking(size_t index)
{
    return fixture_observation(&fixture, index)->parking;
}

START_TEST(dynamic)
{
    ck_assert_int_eq(decode_status("\"parkingCapacity\":450,\"lastUpdated\":1787047140,\"vacantSpaces\":196,"
                                   "\"open\":true,\"statusDescription\":\"Free\",\"full\":false"),
                     BR_DECODED);
    const Bruis__V1__Observation *observation = fixture_observation(&fixture, 0);
    ck_assert_str_eq(observation->sensor, "u-1");
    ck_assert_int_eq(observation->domain, BRUIS__V1__DOMAIN__parking);
    ck_assert_int_eq(observation->observed_at, INT64_C(1787047140000));
    ck_assert_uint_eq(observation->n_quality, 0);
    ck_assert_int_eq(parking(0)->capacity, 450);
    ck_assert_int_eq(parking(0)->vacant, 196);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__open);
    ck_assert(parking(0)->has_full && !parking(0)->full);
    ck_assert_uint_eq(fixture.emit.sensor_count, 0);
}
END_TEST

START_TEST(dynamic_in_texts)
{
    ck_assert_int_eq(decode_status("\"parkingCapacity\":\"450\",\"lastUpdated\":\"1787047140\","
                                   "\"vacantSpaces\":\" 7 \",\"open\":\"1\",\"full\":\"0\""),
                     BR_DECODED);
    ck_assert_int_eq(parking(0)->capacity, 450);
    ck_assert_int_eq(parking(0)->vacant, 7);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__open);
    ck_assert(!parking(0)->full);
}
END_TEST

START_TEST(a_closed_facility_keeps_its_numbers)
{
    ck_assert_int_eq(
        decode_status("\"lastUpdated\":1787047140,\"vacantSpaces\":12,\"open\":\"0\",\"full\":true"),
        BR_DECODED);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__closed);
    ck_assert_int_eq(parking(0)->vacant, 12);
    ck_assert(parking(0)->full);
    ck_assert(!parking(0)->has_capacity);
    ck_assert_int_eq(decode_status("\"lastUpdated\":1787047140,\"open\":false"), BR_DECODED);
    ck_assert(!parking(0)->has_vacant && !parking(0)->has_full);
}
END_TEST

START_TEST(times)
{
    ck_assert_int_eq(decode_status("\"lastUpdated\":1787047140123,\"vacantSpaces\":1"), BR_DECODED);
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, INT64_C(1787047140123));
    static const char *const none[] = {"", "\"lastUpdated\":0,", "\"lastUpdated\":null,",
                                       "\"lastUpdated\":\"\",", "\"lastUpdated\":-1,"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char members[100];
        snprintf(members, sizeof members, "%s\"vacantSpaces\":1", none[i]);
        ck_assert_int_eq(decode_status(members), BR_DECODED);
        ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, FIXTURE_RECEIVED_AT);
        ck_assert(fixture_flagged(fixture_observation(&fixture, 0), BRUIS__V1__FLAG__untimed));
    }
    fixture.received_at_utc_ms = BR_TIME_NONE;
    ck_assert_int_eq(decode_status("\"lastUpdated\":0,\"vacantSpaces\":1"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "parkingFacilityDynamicInformation.lastUpdated: "
                                          "no time of its own, and none of arrival");
    ck_assert_int_eq(decode_status("\"lastUpdated\":1787047140,\"vacantSpaces\":1"), BR_DECODED);
    ck_assert(!fixture_observation(&fixture, 0)->has_received_at);
}
END_TEST

START_TEST(unknown_and_clamped)
{
    ck_assert_int_eq(
        decode_status("\"lastUpdated\":1787047140,\"vacantSpaces\":-1,\"parkingCapacity\":0,\"open\":1"),
        BR_DECODED);
    ck_assert(!parking(0)->has_vacant && !parking(0)->has_capacity);
    ck_assert_int_eq(decode_status("\"lastUpdated\":1787047140,\"vacantSpaces\":51,\"parkingCapacity\":50"),
                     BR_DECODED);
    ck_assert_int_eq(parking(0)->vacant, 50);
    ck_assert(fixture_flagged(fixture_observation(&fixture, 0), BRUIS__V1__FLAG__clamped));
    ck_assert_int_eq(decode_status("\"lastUpdated\":1787047140,\"vacantSpaces\":0,\"parkingCapacity\":50"),
                     BR_DECODED);
    ck_assert(parking(0)->has_vacant && parking(0)->vacant == 0);
    ck_assert_uint_eq(fixture_observation(&fixture, 0)->n_quality, 0);
}
END_TEST

START_TEST(faulty_statuses)
{
#define D "parkingFacilityDynamicInformation."
    static const struct {
        const char *members, *reason;
    } cases[] = {
        {"\"lastUpdated\":1787047140", D "facilityActualStatus: no value"},
        {"\"lastUpdated\":1787047140,\"vacantSpaces\":-1", D "facilityActualStatus: no value"},
        {"\"lastUpdated\":\"now\",\"vacantSpaces\":1", D "lastUpdated: no number"},
        {"\"lastUpdated\":true,\"vacantSpaces\":1", D "lastUpdated: no number"},
        {"\"lastUpdated\":1e300,\"vacantSpaces\":1", D "lastUpdated: no time since 1970"},
        {"\"lastUpdated\":1787047140,\"vacantSpaces\":\"few\"", D "vacantSpaces: no number"},
        {"\"lastUpdated\":1787047140,\"vacantSpaces\":[]", D "vacantSpaces: no number"},
        {"\"lastUpdated\":1787047140,\"parkingCapacity\":5e9", D "parkingCapacity: too large"},
        {"\"lastUpdated\":1787047140,\"vacantSpaces\":1,\"open\":\"perhaps\"",
         D "open: neither true nor false"},
        {"\"lastUpdated\":1787047140,\"vacantSpaces\":1,\"full\":2", D "full: neither true nor false"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(decode_status(cases[i].members) == BR_REJECTED, "%s", cases[i].members);
        ck_assert_str_eq(fixture.emit.reason, cases[i].reason);
        ck_assert_uint_eq(fixture.emit.invalid_count, 1);
        ck_assert_uint_eq(fixture.emit.observation_count, 0);
    }
    ck_assert_int_eq(decode("{\"parkingFacilityDynamicInformation\":{\"identifier\":\"a\"}}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, D "facilityActualStatus: absent");
    ck_assert_int_eq(
        decode("{\"parkingFacilityDynamicInformation\":{\"facilityActualStatus\":{\"open\":true}}}"),
        BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, D "identifier: absent");
    ck_assert_int_eq(decode("{\"parkingFacilityDynamicInformation\":null}"), BR_REJECTED);
}
END_TEST

START_TEST(static_sensor)
{
    ck_assert_int_eq(
        decode("{\"parkingFacilityInformation\":{\"identifier\":\"u-1\",\"name\":\"P "
               "Markt\",\"locationForDisplay\":"
               "{\"latitude\":\"52.1\",\"longitude\":5.25},\"specifications\":[{\"minimumHeightInMeters\":2},"
               "{\"capacity\":110,\"usage\":\"Garage parkeren\"},{\"capacity\":90,\"usage\":\"P+R\"}]}}"),
        BR_DECODED);
    const Bruis__V1__Sensor *sensor = fixture_sensor(&fixture, 0);
    ck_assert_str_eq(sensor->sensor, "u-1");
    ck_assert_str_eq(sensor->name, "P Markt");
    ck_assert_double_eq(sensor->lat, 52.1);
    ck_assert_double_eq(sensor->lon, 5.25);
    ck_assert_int_eq(sensor->capacity, 110);
    ck_assert_int_eq(sensor->kind, BRUIS__V1__PARKING_KIND__garage);
    ck_assert_uint_eq(fixture.emit.observation_count, 0);
}
END_TEST

START_TEST(static_with_little)
{
    ck_assert_int_eq(
        decode("{\"ParkingFacilityStaticInformation\":{\"UUID\":\"u-2\",\"locationForDisplay\":"
               "{\"latitude\":0,\"longitude\":0},\"specifications\":[{\"capacity\":0,\"usage\":\"x\"}]}}"),
        BR_DECODED);
    const Bruis__V1__Sensor *sensor = fixture_sensor(&fixture, 0);
    ck_assert_str_eq(sensor->sensor, "u-2");
    ck_assert_ptr_null(sensor->name);
    ck_assert(!sensor->has_lat && !sensor->has_lon && !sensor->has_capacity && !sensor->has_kind);
    ck_assert_int_eq(decode("{\"parkingFacilityInformation\":{\"identifier\":\"u\",\"specifications\":"
                            "[{\"capacity\":\"lots\"}]}}"),
                     BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "parkingFacilityInformation.capacity: no number");
}
END_TEST

START_TEST(static_place_of_an_entrance)
{
    ck_assert_int_eq(
        decode("{\"parkingFacilityInformation\":{\"identifier\":\"u\",\"accessPoints\":[{},"
               "{\"accessPointLocation\":[]},{\"accessPointLocation\":[{\"latitude\":91,\"longitude\":5},"
               "{\"latitude\":52.5,\"longitude\":4.5}]}]}}"),
        BR_DECODED);
    ck_assert_double_eq(fixture_sensor(&fixture, 0)->lat, 52.5);
    ck_assert_double_eq(fixture_sensor(&fixture, 0)->lon, 4.5);
}
END_TEST

START_TEST(kinds)
{
    static const struct {
        const char *usage;
        int kind;
    } cases[] = {
        {"GARAGEP", BRUIS__V1__PARKING_KIND__garage},
        {"GarageParkeren", BRUIS__V1__PARKING_KIND__garage},
        {"parkride", BRUIS__V1__PARKING_KIND__park_and_ride},
        {"Park & Ride", BRUIS__V1__PARKING_KIND__park_and_ride},
        {"TERREINP", BRUIS__V1__PARKING_KIND__lot},
        {"CARPOOL", BRUIS__V1__PARKING_KIND__lot},
        {"BETAALDP", BRUIS__V1__PARKING_KIND__street},
        {"TRUCKP", BRUIS__V1__PARKING_KIND__truck},
        {"GARAGE", 0},
        {"GARAGEPP", 0},
        {"VERGUNP", 0},
        {" ", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        snprintf(
            text, sizeof text,
            "{\"parkingFacilityInformation\":{\"identifier\":\"u\",\"specifications\":[{\"usage\":\"%s\"}]}}",
            cases[i].usage);
        ck_assert_int_eq(decode(text), BR_DECODED);
        const Bruis__V1__Sensor *sensor = fixture_sensor(&fixture, 0);
        ck_assert_msg(sensor->has_kind == (cases[i].kind != 0), "%s", cases[i].usage);
        if (sensor->has_kind)
            ck_assert_int_eq((int)sensor->kind, cases[i].kind);
    }
}
END_TEST

START_TEST(indexes)
{
    ck_assert_int_eq(
        decode("{\"ParkingFacilities\":[{\"identifier\":\"a\",\"name\":\"A\",\"limitedAccess\":\"0\","
               "\"staticDataUrl\":\"x\"},{\"name\":\"nobody\"},{\"uuid\":\"b\",\"name\":\"\"}]}"),
        BR_DECODED);
    ck_assert_uint_eq(fixture.emit.sensor_count, 2);
    ck_assert_uint_eq(fixture.emit.invalid_count, 1);
    ck_assert_str_eq(fixture.emit.reason, "ParkingFacilities.identifier: absent");
    ck_assert_str_eq(fixture_sensor(&fixture, 0)->name, "A");
    ck_assert_str_eq(fixture_sensor(&fixture, 1)->sensor, "b");
    ck_assert_ptr_null(fixture_sensor(&fixture, 1)->name);
    ck_assert_int_eq(decode("{\"parkingFacilities\":[{\"identifier\":\"a\"}]}"), BR_DECODED);
    ck_assert_int_eq(decode("{\"parkingFacilities\":[]}"), BR_SKIPPED);
    ck_assert_int_eq(decode("{\"parkingFacilities\":{}}"), BR_REJECTED);
    ck_assert_int_eq(decode("{\"id\":5,\"uuid\":\"c\",\"name\":\"C\",\"dynamicDataUrl\":\"x\"}"), BR_DECODED);
    ck_assert_str_eq(fixture_sensor(&fixture, 0)->sensor, "c");
}
END_TEST

START_TEST(lists_and_other_documents)
{
    ck_assert_int_eq(
        decode("[{\"parkingFacilityDynamicInformation\":{\"identifier\":\"a\",\"facilityActualStatus\":"
               "{\"lastUpdated\":1787047140,\"vacantSpaces\":5}}},{\"status\":\"ok\"},7,"
               "{\"parkingFacilityDynamicInformation\":{\"identifier\":\"b\"}},"
               "{\"parkingFacilityInformation\":{\"identifier\":\"a\"}}]"),
        BR_DECODED);
    ck_assert_uint_eq(fixture.emit.observation_count, 1);
    ck_assert_uint_eq(fixture.emit.sensor_count, 1);
    ck_assert_uint_eq(fixture.emit.invalid_count, 1);
    ck_assert_int_eq(decode("{\"status\":\"ok\"}"), BR_SKIPPED);
    ck_assert_str_eq(fixture.emit.reason, "no SPDP document, or an empty index");
    ck_assert_int_eq(decode("[]"), BR_SKIPPED);
}
END_TEST

START_TEST(encoded_twice)
{
    ck_assert_int_eq(
        decode("\"{\\\"parkingFacilityDynamicInformation\\\":{\\\"identifier\\\":\\\"a\\\","
               "\\\"facilityActualStatus\\\":{\\\"lastUpdated\\\":1787047140,\\\"full\\\":\\\"1\\\"}}}\""),
        BR_DECODED);
    ck_assert_str_eq(fixture_observation(&fixture, 0)->sensor, "a");
    ck_assert(parking(0)->full);
    ck_assert_int_eq(decode("\"a text\""), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "no JSON object and no list of them");
    ck_assert_int_eq(decode("17"), BR_REJECTED);
    ck_assert_int_eq(decode("plain text"), BR_REJECTED);
    ck_assert_int_eq(decode("\"{\\\"cut\\\": \""), BR_REJECTED);
}
END_TEST

START_TEST(cut_anywhere)
{
    const char *whole =
        "{\"parkingFacilityDynamicInformation\":{\"identifier\":\"a\",\"facilityActualStatus\":"
        "{\"lastUpdated\":1787047140,\"vacantSpaces\":5}}}";
    for (size_t size = 0; size < strlen(whole); size++)
        ck_assert_int_eq(fixture_decode_bytes(&fixture, "t", whole, size), BR_REJECTED);
    ck_assert_int_eq(fixture_decode_bytes(&fixture, "t", whole, strlen(whole)), BR_DECODED);
}
END_TEST

START_TEST(real_dynamic)
{
    size_t size;
    char *data = fixture_file("parking/spdp_npr_dynamic/dynamic_examples.jsonl", &size);
    if (!data)
        return;
    int64_t vacant = 0, capacity = 0, seconds = 0;
    size_t count = 0;
    for (char *save, *line = strtok_r(data, "\n", &save); line; line = strtok_r(NULL, "\n", &save), count++) {
        ck_assert_int_eq(decode(line), BR_DECODED);
        vacant += parking(0)->vacant;
        capacity += parking(0)->capacity;
        seconds += fixture_observation(&fixture, 0)->observed_at / 1000;
        ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__open);
    }
    free(data);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(vacant, 286);
    ck_assert_int_eq(capacity, 910);
    ck_assert_int_eq(seconds, INT64_C(5065459897));
}
END_TEST

/* The text of the JSON object that begins at the brace after the n-th "body". */
static char *body_of(char *data, int n)
{
    char *at = data;
    for (int i = 0; at && i < n; i++)
        at = strstr(at + 1, "\"body\"");
    at = at ? strchr(at, '{') : NULL;
    ck_assert_ptr_nonnull(at);
    int depth = 0;
    char *end = at;
    do
        depth += (*end == '{') - (*end == '}');
    while (*end++ && depth > 0);
    return strndup(at, (size_t)(end - at));
}

START_TEST(real_static_and_index)
{
    static const char *const sensors[] = {"cea4cffe-158c-4b08-b940-5d5eefeba089",
                                          "80d26cc5-1210-4bdf-beb4-0602f35bdccc",
                                          "e08d6a7e-cfcf-4cbd-a59a-8821766c016c"};
    size_t size;
    char *data = fixture_file("parking/spdp_npr_index/index_examples.json", &size);
    for (int i = 0; data && i < 3; i++) {
        char *body = body_of(data, i + 1);
        ck_assert_int_eq(decode(body), BR_DECODED);
        ck_assert_str_eq(fixture_sensor(&fixture, 0)->sensor, sensors[i]);
        free(body);
    }
    free(data);
    data = fixture_file("parking/spdp_npr_static/static_example.json", &size);
    if (!data)
        return;
    char *body = body_of(data, 1);
    ck_assert_int_eq(decode(body), BR_DECODED);
    const Bruis__V1__Sensor *sensor = fixture_sensor(&fixture, 0);
    ck_assert_str_eq(sensor->name, "APELDOORN-Beekstraat");
    ck_assert_int_eq(sensor->capacity, 110);
    ck_assert_double_eq(sensor->lat, 52.2133831);
    ck_assert_double_eq(sensor->lon, 5.9621846);
    free(body);
    free(data);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, dynamic);
    tcase_add_test(tcase, dynamic_in_texts);
    tcase_add_test(tcase, a_closed_facility_keeps_its_numbers);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, unknown_and_clamped);
    tcase_add_test(tcase, faulty_statuses);
    tcase_add_test(tcase, static_sensor);
    tcase_add_test(tcase, static_with_little);
    tcase_add_test(tcase, static_place_of_an_entrance);
    tcase_add_test(tcase, kinds);
    tcase_add_test(tcase, indexes);
    tcase_add_test(tcase, lists_and_other_documents);
    tcase_add_test(tcase, encoded_twice);
    tcase_add_test(tcase, cut_anywhere);
    tcase_add_test(tcase, real_dynamic);
    tcase_add_test(tcase, real_static_and_index);
}

UNIT_MAIN("adapter spdp", tests)
