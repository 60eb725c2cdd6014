/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/unit/adapter_fixture.h"

#define GARAGES                                                                                              \
    "{domain: parking, items: /facilities, sensor: /id, observed_at: {at: /ts, format: rfc3339}, lat: /lat," \
    " lon: /lon, values: {vacant: /free, capacity: /total, full: /full,"                                     \
    " open: {at: /state, true: [open], false: [closed, shut]}}}"

#define TS "\"ts\":\"2026-08-18T09:59:00+00:00\""
#define TS_MS (FIXTURE_RECEIVED_AT - 60000)

static struct fixture fixture;

static void open_with(const char *options)
{
    fixture_open(&fixture, &br_adapter_json, options);
    ck_assert_msg(fixture.self, "%s", fixture_faults(&fixture));
}

static enum br_outcome decode(const char *text)
{
    return fixture_decode(&fixture, "parking/p1/status", text);
}

/* One element of the garages' list. */
static enum br_outcome decode_one(const char *members)
{
    char text[1024];
    snprintf(text, sizeof text, "{\"facilities\":[{%s}]}", members);
    return decode(text);
}

static const Bruis__V1__Parking *parking(size_t index)
{
    const Bruis__V1__Observation *observation = fixture_observation(&fixture, index);
    ck_assert_ptr_nonnull(observation->parking);
    return observation->parking;
}

START_TEST(a_whole_element)
{
    open_with(GARAGES);
    ck_assert_int_eq(decode_one("\"id\":\"P 1\"," TS ",\"free\":17,\"total\":\"200\",\"state\":\"open\","
                                "\"full\":false,\"lat\":\"52.1\",\"lon\":5.25"),
                     BR_DECODED);
    const Bruis__V1__Observation *observation = fixture_observation(&fixture, 0);
    ck_assert_str_eq(observation->sensor, "P 1");
    ck_assert_str_eq(observation->feed, "test");
    ck_assert_int_eq(observation->domain, BRUIS__V1__DOMAIN__parking);
    ck_assert_int_eq(observation->observed_at, TS_MS);
    ck_assert_int_eq(observation->received_at, FIXTURE_RECEIVED_AT);
    ck_assert_double_eq(observation->lat, 52.1);
    ck_assert_double_eq(observation->lon, 5.25);
    ck_assert_uint_eq(observation->n_quality, 0);
    ck_assert_int_eq(parking(0)->vacant, 17);
    ck_assert_int_eq(parking(0)->capacity, 200);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__open);
    ck_assert(parking(0)->has_full && !parking(0)->full);
    ck_assert(!parking(0)->has_occupied && !parking(0)->has_entries && !parking(0)->has_kind);
    ck_assert_uint_eq(fixture.emit.invalid_count, 0);
    fixture_close(&fixture);
}
END_TEST

START_TEST(unknown_is_absent)
{
    open_with(GARAGES);
    static const char *const none[] = {"null", "\"\"", "\" \"", "-1", "\"-1\"", "-0.6"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char members[256];
        snprintf(members, sizeof members, "\"id\":1," TS ",\"free\":%s,\"total\":50", none[i]);
        ck_assert_int_eq(decode_one(members), BR_DECODED);
        ck_assert_msg(!parking(0)->has_vacant, "%s", none[i]);
        ck_assert_int_eq(parking(0)->capacity, 50);
    }
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"free\":0,\"total\":0,\"lat\":0,\"lon\":0.0"), BR_DECODED);
    ck_assert(parking(0)->has_vacant && parking(0)->vacant == 0 && !parking(0)->has_capacity);
    ck_assert(!fixture_observation(&fixture, 0)->has_lat && !fixture_observation(&fixture, 0)->has_lon);
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"free\":3,\"lat\":52"), BR_DECODED);
    ck_assert(!fixture_observation(&fixture, 0)->has_lat);
    fixture_close(&fixture);
}
END_TEST

START_TEST(faulty_elements)
{
    static const struct {
        const char *members, *reason;
    } cases[] = {
        {TS ",\"free\":1", "/facilities/0/id: absent"},
        {"\"id\":\"\"," TS ",\"free\":1", "/facilities/0/id: absent"},
        {"\"id\":[1]," TS ",\"free\":1", "/facilities/0/id: no text and no whole number"},
        {"\"id\":\"a\\u0000\"," TS ",\"free\":1", "/facilities/0/id: holds a NUL"},
        {"\"id\":1,\"free\":1", "/facilities/0/ts: no time"},
        {"\"id\":1,\"ts\":\"yesterday\",\"free\":1", "/facilities/0/ts: no time of RFC 3339"},
        {"\"id\":1,\"ts\":1787047200,\"free\":1", "/facilities/0/ts: no time of RFC 3339"},
        {"\"id\":1,\"ts\":\"2026-08-18T10:00:00\",\"free\":1", "/facilities/0/ts: no time of RFC 3339"},
        {"\"id\":1," TS ",\"free\":true", "/facilities/0/free: no number"},
        {"\"id\":1," TS ",\"free\":\"many\"", "/facilities/0/free: no number"},
        {"\"id\":1," TS ",\"free\":{}", "/facilities/0/free: an object or an array"},
        {"\"id\":1," TS ",\"free\":3000000000", "/facilities/0/free: too large"},
        {"\"id\":1," TS ",\"free\":1,\"full\":\"perhaps\"", "/facilities/0/full: neither true nor false"},
        {"\"id\":1," TS ",\"free\":1,\"state\":[]", "/facilities/0/state: an object or an array"},
        {"\"id\":1," TS ",\"free\":1,\"lat\":91,\"lon\":5", "/facilities/0/lat: no degrees of WGS 84"},
        {"\"id\":1," TS ",\"free\":1,\"lat\":52,\"lon\":\"east\"", "/facilities/0/lon: no number"},
        {"\"id\":1," TS ",\"free\":-1,\"total\":0", "/facilities/0: no value"},
        {"\"id\":1," TS, "/facilities/0: no value"},
    };
    open_with(GARAGES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(decode_one(cases[i].members) == BR_REJECTED, "%s", cases[i].members);
        ck_assert_str_eq(fixture.emit.reason, cases[i].reason);
        ck_assert_uint_eq(fixture.emit.invalid_count, 1);
        ck_assert_uint_eq(fixture.emit.observation_count, 0);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(one_fault_leaves_the_others)
{
    open_with(GARAGES);
    ck_assert_int_eq(decode("{\"facilities\":[{\"id\":1," TS ",\"free\":1},{\"id\":2," TS
                            ",\"free\":\"x\"},null,7,"
                            "{\"id\":3," TS ",\"free\":3}]}"),
                     BR_DECODED);
    ck_assert_uint_eq(fixture.emit.observation_count, 2);
    ck_assert_uint_eq(fixture.emit.invalid_count, 3);
    ck_assert_str_eq(fixture.emit.reason, "/facilities/1/free: no number");
    ck_assert_str_eq(fixture_observation(&fixture, 0)->sensor, "1");
    ck_assert_str_eq(fixture_observation(&fixture, 1)->sensor, "3");
    ck_assert_int_eq(parking(1)->vacant, 3);
    fixture_close(&fixture);
}
END_TEST

START_TEST(envelopes)
{
    static const struct {
        const char *text;
        enum br_outcome outcome;
        const char *reason;
    } cases[] = {
        {"{\"other\":[]}", BR_REJECTED, "items /facilities: not there"},
        {"{\"facilities\":{}}", BR_REJECTED, "items /facilities: no array"},
        {"{\"facilities\":null}", BR_REJECTED, "items /facilities: no array"},
        {"[]", BR_REJECTED, "items /facilities: not there"},
        {"{\"facilities\":[]}", BR_SKIPPED, "items /facilities: empty"},
        {"{\"facilities\":[", BR_REJECTED, "no JSON: not well-formed, or cut short (15 bytes)"},
        {"", BR_REJECTED, "no JSON: empty (0 bytes)"},
        {"offline", BR_REJECTED, "no JSON: not well-formed, or cut short (7 bytes)"},
    };
    open_with(GARAGES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(decode(cases[i].text) == cases[i].outcome, "%s", cases[i].text);
        ck_assert_str_eq(fixture.emit.reason, cases[i].reason);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(more_vacant_than_capacity)
{
    open_with(GARAGES);
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"free\":60,\"total\":50"), BR_DECODED);
    ck_assert_int_eq(parking(0)->vacant, 50);
    ck_assert(fixture_flagged(fixture_observation(&fixture, 0), BRUIS__V1__FLAG__clamped));
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"free\":50,\"total\":50"), BR_DECODED);
    ck_assert_uint_eq(fixture_observation(&fixture, 0)->n_quality, 0);
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"free\":60,\"total\":0"), BR_DECODED);
    ck_assert_int_eq(parking(0)->vacant, 60);
    fixture_close(&fixture);
}
END_TEST

START_TEST(open_by_words)
{
    open_with(GARAGES);
    decode_one("\"id\":1," TS ",\"free\":1,\"state\":\"shut\"");
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__closed);
    ck_assert_int_eq(parking(0)->vacant, 1);
    decode_one("\"id\":1," TS ",\"free\":1,\"state\":\"burning\"");
    ck_assert(parking(0)->has_state);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__unknown);
    decode_one("\"id\":1," TS ",\"free\":1");
    ck_assert(!parking(0)->has_state);
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"state\":\"closed\""), BR_DECODED);
    ck_assert_int_eq(decode_one("\"id\":1," TS ",\"state\":\"burning\""), BR_REJECTED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(open_by_itself)
{
    open_with(
        "{domain: parking, sensor: 'topic:2', observed_at: {at: /t, format: epoch_s}, values: {open: /o, "
        "full: {at: /f, true: [VOL, 1], false: GETAL}}}");
    decode("{\"t\":1787047140,\"o\":\"0\",\"f\":\"VOL\"}");
    ck_assert_str_eq(fixture_observation(&fixture, 0)->sensor, "p1");
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__closed);
    ck_assert(parking(0)->full);
    decode("{\"t\":1787047140,\"o\":true,\"f\":1}");
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__open);
    ck_assert(parking(0)->full);
    decode("{\"t\":1787047140,\"o\":1,\"f\":\"GETAL\"}");
    ck_assert(parking(0)->has_full && !parking(0)->full);
    decode("{\"t\":1787047140,\"o\":1,\"f\":\"?\"}");
    ck_assert(!parking(0)->has_full);
    ck_assert_int_eq(decode("{\"t\":1787047140,\"o\":\"?\"}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/o: neither true nor false");
    fixture_close(&fixture);
}
END_TEST

START_TEST(sources)
{
    open_with(
        "{domain: parking, items: /list, sensor: 'topic:3', observed_at: {at: 'root:/ts'}, lat: 'const:52.5',"
        " lon: 'root:/lon', values: {vacant: '', capacity: 'const:10', kind: 'const:space'}}");
    ck_assert_int_eq(decode("{" TS ",\"lon\":4.5,\"list\":[1]}"), BR_DECODED);
    const Bruis__V1__Observation *observation = fixture_observation(&fixture, 0);
    ck_assert_str_eq(observation->sensor, "status");
    ck_assert_int_eq(observation->observed_at, TS_MS);
    ck_assert_double_eq(observation->lat, 52.5);
    ck_assert_double_eq(observation->lon, 4.5);
    ck_assert_int_eq(parking(0)->vacant, 1);
    ck_assert_int_eq(parking(0)->capacity, 10);
    ck_assert_int_eq(parking(0)->kind, BRUIS__V1__PARKING_KIND__space);
    ck_assert_int_eq(decode("{" TS ",\"lon\":4.5,\"list\":[null]}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/list/0: no value"); /* a constant is none */
    ck_assert_int_eq(fixture_decode(&fixture, "a/b", "{" TS ",\"list\":[1]}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "topic:3: absent");
    ck_assert_int_eq(fixture_decode(&fixture, "/a/b", "{" TS ",\"list\":[1]}"), BR_DECODED);
    ck_assert_str_eq(fixture_observation(&fixture, 0)->sensor, "b");
    ck_assert_int_eq(fixture_decode(&fixture, "", "{" TS ",\"list\":[1]}"), BR_REJECTED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(pointers_keep_to_their_element)
{
    open_with(
        "{domain: parking, items: /list, sensor: /id, observed_at: {at: /ts}, values: {vacant: /free}}");
    ck_assert_int_eq(decode("{" TS ",\"id\":1,\"free\":2,\"list\":[{}]}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/list/0/id: absent");
    fixture_close(&fixture);
}
END_TEST

START_TEST(the_whole_document_may_be_the_list)
{
    open_with("{domain: parking, items: '', sensor: /0, observed_at: {at: /1}, values: {vacant: /2}}");
    ck_assert_int_eq(decode("[[\"a\",\"2026-08-18T10:00:00Z\",5],[\"b\",\"2026-08-18T10:00:00Z\",\"x\"]]"),
                     BR_DECODED);
    ck_assert_uint_eq(fixture.emit.observation_count, 1);
    ck_assert_str_eq(fixture.emit.reason, "/1/2: no number");
    ck_assert_int_eq(decode("{}"), BR_REJECTED);
    ck_assert_int_eq(decode("[]"), BR_SKIPPED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(documents_encoded_twice)
{
    open_with("{domain: parking, sensor: 'topic:2', observed_at: {at: /t, format: epoch_ms}, values: "
              "{vacant: /v}}");
    ck_assert_int_eq(decode("\"{\\\"t\\\":1787047140500,\\\"v\\\":3}\""), BR_DECODED);
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, INT64_C(1787047140500));
    ck_assert_int_eq(decode("\"something else\""), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/t: no time");
    fixture_close(&fixture);
}
END_TEST

START_TEST(local_times)
{
    open_with("{domain: parking, sensor: 'const:a', timezone: Europe/Amsterdam, "
              "observed_at: {at: /t, format: local}, values: {vacant: /v}}");
    static const struct {
        const char *text;
        int64_t utc_ms;
    } cases[] = {
        {"{\"t\":\"2026-08-18 12:00:00\",\"v\":1}", INT64_C(1787047200000)}, /* summer, UTC+2 */
        {"{\"t\":\"2026-01-15T12:00:00\",\"v\":1}", INT64_C(1768474800000)}, /* winter, UTC+1 */
        {"{\"t\":\"2026-10-25 02:30:00\",\"v\":1}", INT64_C(1792888200000)}, /* twice: the first */
        {"{\"t\":\"2026-03-29 02:30:00\",\"v\":1}", INT64_C(1774747800000)}, /* skipped */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(decode(cases[i].text), BR_DECODED);
        ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, cases[i].utc_ms);
    }
    ck_assert_int_eq(decode("{\"t\":\"2026-08-18T12:00:00Z\",\"v\":1}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/t: no local time");
    ck_assert_int_eq(decode("{\"t\":\"2026-02-30 12:00:00\",\"v\":1}"), BR_REJECTED);
    fixture_close(&fixture);
}
END_TEST

START_TEST(epoch_times)
{
    open_with(
        "{domain: parking, sensor: 'const:a', observed_at: {at: /t, format: epoch_s}, values: {vacant: /v}}");
    ck_assert_int_eq(decode("{\"t\":\"1787047140\",\"v\":1}"), BR_DECODED);
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, TS_MS);
    static const char *const bad[] = {"0", "-1", "1787047140000", "true", "\"x\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"t\":%s,\"v\":1}", bad[i]);
        ck_assert_msg(decode(text) == BR_REJECTED, "%s", text);
        ck_assert_str_eq(fixture.emit.reason, "/t: no time in seconds since 1970");
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(sources_without_a_clock)
{
    open_with("{domain: pedestrian, sensor: /id, values: {presence: /n, count: /c}}");
    ck_assert_int_eq(decode("{\"id\":\"zone\",\"n\":12}"), BR_DECODED);
    const Bruis__V1__Observation *observation = fixture_observation(&fixture, 0);
    ck_assert_int_eq(observation->observed_at, FIXTURE_RECEIVED_AT);
    ck_assert_int_eq(observation->pedestrian->presence, 12);
    ck_assert(fixture_flagged(observation, BRUIS__V1__FLAG__untimed));
    ck_assert_int_eq(decode("{\"id\":\"zone\",\"c\":12}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "a count without a time");
    ck_assert_int_eq(decode("{\"id\":\"zone\",\"c\":0,\"n\":3}"), BR_REJECTED);
    ck_assert_int_eq(decode("{\"id\":\"zone\",\"c\":-1,\"n\":3}"), BR_DECODED); /* no count is known */
    fixture.received_at_utc_ms = BR_TIME_NONE;
    ck_assert_int_eq(decode("{\"id\":\"zone\",\"n\":12}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "no time of its own, and none of arrival");
    fixture_close(&fixture);
}
END_TEST

START_TEST(untimed_flows_and_entries)
{
    open_with("{domain: traffic, sensor: 'const:a', values: {flow_veh_h: /f, speed_km_h: /s}}");
    ck_assert_int_eq(decode("{\"s\":50}"), BR_DECODED);
    ck_assert(fixture_flagged(fixture_observation(&fixture, 0), BRUIS__V1__FLAG__untimed));
    ck_assert_int_eq(decode("{\"f\":600,\"s\":50}"), BR_REJECTED);
    fixture_close(&fixture);
    open_with("{domain: parking, sensor: 'const:a', values: {entries: /e, vacant: /v}}");
    ck_assert_int_eq(decode("{\"e\":3,\"v\":50}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "a count without a time");
    fixture_close(&fixture);
}
END_TEST

START_TEST(traffic_in_other_units)
{
    open_with(
        "{domain: traffic, sensor: /id, observed_at: {at: /ts}, values: {flow_veh_h: {at: /q, unit: veh/min},"
        " speed_km_h: {at: /v, unit: mph}, period_s: {at: /p, unit: min}, travel_time_s: {at: /tt, unit: ms},"
        " reference_travel_time_s: /rt, length_m: {at: /l, unit: km}, occupancy: {at: /o, unit: '%'},"
        " vehicle_class: /c, speed_method: {at: /m, map: {AVG: arithmetic, HM: harmonic}}}}");
    ck_assert_int_eq(decode("{\"id\":5," TS
                            ",\"q\":12,\"v\":\"50\",\"p\":1,\"tt\":90500,\"rt\":80,\"l\":1.5,\"o\":57,"
                            "\"c\":\"any\",\"m\":\"HM\"}"),
                     BR_DECODED);
    const Bruis__V1__Traffic *traffic = fixture_observation(&fixture, 0)->traffic;
    ck_assert_double_eq(traffic->flow_veh_h, 720);
    ck_assert_double_eq(traffic->speed_km_h, 80.4672);
    ck_assert_double_eq(traffic->period_s, 60);
    ck_assert_double_eq(traffic->travel_time_s, 90.5);
    ck_assert_double_eq(traffic->reference_travel_time_s, 80);
    ck_assert_double_eq(traffic->length_m, 1500);
    ck_assert_double_eq(traffic->occupancy, 0.57);
    ck_assert_str_eq(traffic->vehicle_class, "any");
    ck_assert_int_eq(traffic->speed_method, BRUIS__V1__TRAFFIC__SPEED_METHOD__harmonic);
    fixture_close(&fixture);
}
END_TEST

START_TEST(traffic_sentinels_and_limits)
{
    open_with("{domain: traffic, sensor: 'const:a', observed_at: {at: /ts}, values: {flow_veh_h: /q, "
              "speed_km_h: /v,"
              " occupancy: /o, speed_method: /m, travel_time_s: /tt, period_s: /p}}");
    ck_assert_int_eq(decode("{" TS ",\"q\":0,\"v\":-1,\"o\":-1,\"m\":\"median\",\"tt\":0,\"p\":0}"),
                     BR_DECODED);
    const Bruis__V1__Traffic *traffic = fixture_observation(&fixture, 0)->traffic;
    ck_assert(traffic->has_flow_veh_h && !traffic->has_speed_km_h && !traffic->has_occupancy);
    ck_assert(!traffic->has_travel_time_s && !traffic->has_period_s);
    ck_assert_int_eq(traffic->speed_method, BRUIS__V1__TRAFFIC__SPEED_METHOD__unknown);
    ck_assert_int_eq(decode("{" TS ",\"v\":250}"), BR_DECODED);
    ck_assert_int_eq(decode("{" TS ",\"v\":0}"), BR_DECODED);
    ck_assert(fixture_observation(&fixture, 0)->traffic->has_speed_km_h);
    ck_assert_int_eq(decode("{" TS ",\"q\":100,\"v\":250.1}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/v: a speed above 250 km/h");
    ck_assert_int_eq(decode("{" TS ",\"o\":57}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/o: a share above 1");
    ck_assert_int_eq(decode("{" TS ",\"p\":60}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "no value");
    ck_assert_int_eq(decode("{" TS ",\"v\":5,\"m\":7}"), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "/m: no text");
    fixture_close(&fixture);
}
END_TEST

START_TEST(pedestrian_counts)
{
    open_with("{domain: pedestrian, items: /d, sensor: /s, observed_at: {at: /ts}, values: {count: /c, "
              "count_in: /i,"
              " count_out: /o, period_s: 'const:180', method: 'const:camera'}}");
    ck_assert_int_eq(decode("{\"d\":[{\"s\":\"a\"," TS ",\"c\":31.5},{\"s\":\"b\"," TS ",\"i\":2,\"o\":0}]}"),
                     BR_DECODED);
    const Bruis__V1__Pedestrian *a = fixture_observation(&fixture, 0)->pedestrian;
    const Bruis__V1__Pedestrian *b = fixture_observation(&fixture, 1)->pedestrian;
    ck_assert_int_eq(a->count, 32);
    ck_assert(!a->has_count_in && !b->has_count && b->has_count_out);
    ck_assert_int_eq(b->count_in, 2);
    ck_assert_double_eq(b->period_s, 180);
    ck_assert_int_eq(b->method, BRUIS__V1__PEDESTRIAN__METHOD__camera);
    fixture_close(&fixture);
}
END_TEST

START_TEST(maps)
{
    open_with("{domain: parking, sensor: /id, observed_at: {at: /ts}, values: {capacity: 'const:1', "
              "occupied: {at: /taken, map: {true: 1, false: 0, busy: 1}}, kind: {at: /k, map: {Tiefgarage: "
              "garage}},"
              " state: {at: /s, map: {offen: open}}}}");
    decode("{\"id\":1," TS ",\"taken\":true,\"k\":\"Tiefgarage\",\"s\":\"offen\"}");
    ck_assert_int_eq(parking(0)->occupied, 1);
    ck_assert_int_eq(parking(0)->kind, BRUIS__V1__PARKING_KIND__garage);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__open);
    decode("{\"id\":1," TS ",\"taken\":false,\"k\":\"lot\",\"s\":\"closed\"}");
    ck_assert(parking(0)->has_occupied && parking(0)->occupied == 0);
    ck_assert_int_eq(parking(0)->kind, BRUIS__V1__PARKING_KIND__lot);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__closed);
    decode("{\"id\":1," TS ",\"taken\":\"1\",\"k\":\"Carport\",\"s\":\"?\"}");
    ck_assert_int_eq(parking(0)->occupied, 1);
    ck_assert_int_eq(parking(0)->kind, BRUIS__V1__PARKING_KIND__other);
    ck_assert_int_eq(parking(0)->state, BRUIS__V1__PARKING__STATE__unknown);
    fixture_close(&fixture);
}
END_TEST

START_TEST(a_full_arena_rejects)
{
    open_with(
        "{domain: parking, items: '', sensor: 'const:a', observed_at: {at: 'root:/0/0', format: epoch_s},"
        " values: {vacant: /1}}");
    br_arena_close(fixture.arena);
    fixture.arena = br_arena_open(1024, 8192);
    char text[4096] = "[[1787047140,1]";
    for (size_t i = 0; i < 200; i++)
        strcat(text, ",[1,2]");
    strcat(text, "]");
    ck_assert_int_eq(decode(text), BR_REJECTED);
    ck_assert_str_eq(fixture.emit.reason, "too many records");
    ck_assert_int_eq(decode("[[1787047140,1],[1,2]]"), BR_DECODED);
    ck_assert_uint_eq(fixture.emit.observation_count, 2);
    fixture_close(&fixture);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_whole_element);
    tcase_add_test(tcase, unknown_is_absent);
    tcase_add_test(tcase, faulty_elements);
    tcase_add_test(tcase, one_fault_leaves_the_others);
    tcase_add_test(tcase, envelopes);
    tcase_add_test(tcase, more_vacant_than_capacity);
    tcase_add_test(tcase, open_by_words);
    tcase_add_test(tcase, open_by_itself);
    tcase_add_test(tcase, sources);
    tcase_add_test(tcase, pointers_keep_to_their_element);
    tcase_add_test(tcase, the_whole_document_may_be_the_list);
    tcase_add_test(tcase, documents_encoded_twice);
    tcase_add_test(tcase, local_times);
    tcase_add_test(tcase, epoch_times);
    tcase_add_test(tcase, sources_without_a_clock);
    tcase_add_test(tcase, untimed_flows_and_entries);
    tcase_add_test(tcase, traffic_in_other_units);
    tcase_add_test(tcase, traffic_sentinels_and_limits);
    tcase_add_test(tcase, pedestrian_counts);
    tcase_add_test(tcase, maps);
    tcase_add_test(tcase, a_full_arena_rejects);
}

UNIT_MAIN("adapter json", tests)
