/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/registry.h"

#include <zlib.h>

#include "daemon/core/file.h"

#include "tests/unit/unit.h"

#define UNPACKED_MAX ((size_t)64 << 20)

struct world {
    void *adapter;
    struct br_arena *arena;
    struct br_payload *payload;
    struct br_emit emit;
    char *bytes; /* the payload, with its padding */
};

static struct world w;

static void setup(void)
{
    struct br_faults *faults = br_faults_open();
    struct br_adapter_setup options = {.options = NULL};
    w = (struct world){.arena = br_arena_open(65536, 0)};
    w.adapter = br_adapter_cmsa.open(&options, faults);
    ck_assert_ptr_nonnull(w.adapter);
    br_faults_close(faults);
}

static void forget_payload(void)
{
    br_payload_close(w.payload);
    free(w.bytes);
    w.payload = NULL;
    w.bytes = NULL;
}

static void teardown(void)
{
    forget_payload();
    br_adapter_cmsa.close(w.adapter);
    br_arena_close(w.arena);
}

static enum br_outcome decode_bytes(const char *data, size_t size, size_t unpacked_max)
{
    forget_payload();
    w.bytes = calloc(1, size + BR_PADDING);
    memcpy(w.bytes, data, size);
    w.payload = br_payload_open(w.bytes, size, unpacked_max);
    br_arena_reset(w.arena);
    br_emit_start(&w.emit, w.arena);
    struct br_message message = {.feed = "crowd", .topic = br_view_of("cmsa"), .payload = w.payload};
    message.received_at_utc_ms = BR_TIME_NONE;
    return br_adapter_cmsa.decode(w.adapter, &message, &w.emit);
}

static enum br_outcome decode(const char *text)
{
    return decode_bytes(text, strlen(text), UNPACKED_MAX);
}

/* Observation number i; its count or -1. */
static const Bruis__V1__Observation *at(size_t i)
{
    const struct br_emitted_observation *emitted = w.emit.observations;
    while (emitted && i-- > 0)
        emitted = emitted->next;
    ck_assert_ptr_nonnull(emitted);
    return emitted->observation;
}

static void expect_count(size_t i, const char *sensor, const char *time, int64_t count)
{
    const Bruis__V1__Observation *o = at(i);
    char text[BR_TIME_TEXT_SIZE];
    br_time_format(o->observed_at, text);
    ck_assert_str_eq(o->sensor, sensor);
    ck_assert_str_eq(text, time);
    ck_assert(o->pedestrian->has_count);
    ck_assert_int_eq(o->pedestrian->count, count);
    ck_assert(!o->pedestrian->has_count_in && !o->pedestrian->has_count_out && !o->pedestrian->has_presence);
    ck_assert_double_eq(o->pedestrian->period_s, 180);
    ck_assert_int_eq(o->pedestrian->method, BRUIS__V1__PEDESTRIAN__METHOD__camera);
    ck_assert(!o->has_lat && !o->has_lon && !o->has_received_at);
}

START_TEST(reads_rows_of_counts)
{
    ck_assert_int_eq(decode("timestamp,TEST-01-A1_0,TEST_2_300,hour,day_of_week,week_361,_5,sum_2025\r\n"
                            "2025-06-01 00:00:00+02:00,15,0,0,6,7,8,9\r\n"
                            "2025-06-01 00:03:00+02:00,,4.0,0,6,7,8,9\r\n"
                            "2025-06-01T00:06:00Z, 2 ,2147483647,0,6,7,8,9"),
                     BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 5);
    ck_assert_uint_eq(w.emit.invalid_count, 0);
    expect_count(0, "TEST-01-A1_0", "2025-05-31T22:00:00Z", 15);
    expect_count(1, "TEST_2_300", "2025-05-31T22:00:00Z", 0);
    expect_count(2, "TEST_2_300", "2025-05-31T22:03:00Z", 4);
    expect_count(3, "TEST-01-A1_0", "2025-06-01T00:06:00Z", 2);
    expect_count(4, "TEST_2_300", "2025-06-01T00:06:00Z", 2147483647);
    ck_assert_str_eq(at(0)->feed, "crowd");
    ck_assert_int_eq(at(0)->domain, BRUIS__V1__DOMAIN__pedestrian);
}
END_TEST

static void expect_invalid(const char *rows, size_t observations, size_t invalid, const char *reason)
{
    char text[1024];
    snprintf(text, sizeof text, "timestamp,A_0,B_180\n%s", rows);
    ck_assert_int_eq(decode(text), observations > 0 ? BR_DECODED : BR_REJECTED);
    ck_assert_uint_eq(w.emit.observation_count, observations);
    ck_assert_uint_eq(w.emit.invalid_count, invalid);
    ck_assert_str_eq(w.emit.reason, reason);
}

#define GOOD "2025-06-01 00:00:00+02:00,1,2\n"

START_TEST(counts_what_is_invalid)
{
    expect_invalid(GOOD "2025-06-01 00:03:00+02:00,-1,2\n", 3, 1, "row 3, column A_0: no count");
    expect_invalid(GOOD "2025-06-01 00:03:00+02:00,x,1.5\n", 2, 2, "row 3, column A_0: no count");
    expect_invalid("2025-06-01 00:03:00+02:00,2147483648,.\n", 0, 2, "row 2, column A_0: no count");
    expect_invalid("2025-06-01 00:03:00+02:00,99999999999999999999,7.\n", 0, 2,
                   "row 2, column A_0: no count");
    expect_invalid("2025-06-01 00:03:00+02:00,NaN,1e2\n" GOOD, 2, 2, "row 2, column A_0: no count");
    expect_invalid("2025-06-01 00:03:00,1,2\n" GOOD, 2, 1, "row 2, column timestamp: no time with an offset");
    expect_invalid(",1,2\n\n2025-02-30 00:00:00Z,1,2\n", 0, 2,
                   "row 2, column timestamp: no time with an offset");
    expect_invalid(GOOD "2025-06-01 00:03:00+02:00,1\n" GOOD, 4, 1, "row 3: 2 cells instead of 3");
    expect_invalid(GOOD "2025-06-01 00:03:00+02:00,1,2,3\n", 2, 1, "row 3: 4 cells instead of 3");
    expect_invalid(GOOD "\"2025-06-01 00:03:00+02:00\"x,1,2\n", 2, 1, "row 3: text behind a closing quote");
    expect_invalid(GOOD "\"2025-06-01", 2, 1, "row 3: a quote that is not closed");
}
END_TEST

static void expect_no_table(const char *text, enum br_outcome outcome, const char *reason)
{
    ck_assert_int_eq(decode(text), outcome);
    ck_assert_uint_eq(w.emit.observation_count, 0);
    ck_assert_str_eq(w.emit.reason, reason);
}

START_TEST(tells_what_is_no_table)
{
    expect_no_table("", BR_REJECTED, "empty");
    expect_no_table("\n\n", BR_REJECTED, "empty");
    expect_no_table("hello", BR_REJECTED, "row 1 has no column timestamp");
    expect_no_table("Timestamp,A_0\n", BR_REJECTED, "row 1 has no column timestamp");
    expect_no_table("timestamp,A,B_x\n" GOOD, BR_REJECTED, "row 1 has no column OBJECT_AZIMUTH");
    expect_no_table("\"timestamp\"s,A_0\n", BR_REJECTED, "text behind a closing quote");
    expect_no_table("timestamp,A_0\n", BR_SKIPPED, "no counts");
    expect_no_table("timestamp,A_0\n2025-06-01 00:00:00+02:00,\n", BR_SKIPPED, "no counts");
}
END_TEST

START_TEST(a_column_that_stands_twice)
{
    ck_assert_int_eq(decode("timestamp,A_0,B_0,A_0\n2025-06-01 00:00:00Z,1,2,3\n"), BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 2);
    ck_assert_uint_eq(w.emit.invalid_count, 1);
    ck_assert_str_eq(w.emit.reason, "row 1: column A_0 stands there twice");
    expect_count(0, "A_0", "2025-06-01T00:00:00Z", 1);
    expect_count(1, "B_0", "2025-06-01T00:00:00Z", 2);
}
END_TEST

/* Many rows, so that rows lie across the reader's window and across the chunks of the unpacked payload. */
static char *long_table(size_t rows, size_t *size, int64_t *sum)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, size);
    *sum = 0;
    fputs("timestamp", to);
    for (int i = 0; i < 40; i++)
        fprintf(to, ",TEST-%02d_%d", i, i * 9);
    for (size_t row = 0; row < rows; row++) {
        fprintf(to, "\n2025-06-%02zu %02zu:%02zu:00+02:00", 1 + row / 480, row / 20 % 24, row % 20 * 3);
        for (size_t i = 0; i < 40; i++) {
            size_t count = (row * 7919 + i * 104729) % 1000;
            fprintf(to, ",%zu", count);
            *sum += (int64_t)count;
        }
    }
    fclose(to);
    return text;
}

static int64_t total(void)
{
    int64_t sum = 0;
    for (const struct br_emitted_observation *e = w.emit.observations; e; e = e->next)
        sum += e->observation->pedestrian->count;
    return sum;
}

static size_t pack(const char *text, size_t size, unsigned char **packed)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uLong room = deflateBound(&z, size);
    *packed = malloc(room);
    z.next_in = (unsigned char *)text;
    z.avail_in = (unsigned)size;
    z.next_out = *packed;
    z.avail_out = (unsigned)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

START_TEST(long_tables_and_packed_ones)
{
    size_t size;
    int64_t sum;
    unsigned char *packed;
    char *text = long_table(1500, &size, &sum);
    ck_assert_int_eq(decode(text), BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 60000);
    ck_assert_int_eq(total(), sum);
    size_t packed_size = pack(text, size, &packed);
    ck_assert_int_eq(decode_bytes((char *)packed, packed_size, UNPACKED_MAX), BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 60000);
    ck_assert_int_eq(total(), sum);
    ck_assert_int_eq(decode_bytes((char *)packed, packed_size, size - 1), BR_REJECTED);
    ck_assert_str_eq(w.emit.reason, "oversize when unpacked");
    ck_assert_int_eq(decode_bytes((char *)packed, packed_size / 2, UNPACKED_MAX), BR_REJECTED);
    ck_assert_str_eq(w.emit.reason, "damaged gzip");
    free(packed);
    free(text);
}
END_TEST

START_TEST(a_long_row)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    fprintf(to, "timestamp,note,A_0\n2025-06-01 00:00:00Z,%0*d,7\n", 500000, 0);
    fflush(to);
    ck_assert_int_eq(decode(text), BR_DECODED);
    expect_count(0, "A_0", "2025-06-01T00:00:00Z", 7);
    fprintf(to, "2025-06-01 00:00:00Z,%0*d,7\n", 1100000, 0);
    fclose(to);
    ck_assert_int_eq(decode(text), BR_REJECTED);
    ck_assert_str_eq(w.emit.reason, "row 3 is longer than 1048576 bytes");
    free(text);
}
END_TEST

START_TEST(a_full_arena)
{
    size_t size;
    int64_t sum;
    char *text = long_table(100, &size, &sum);
    br_arena_close(w.arena);
    w.arena = br_arena_open(65536, 300000);
    ck_assert_int_eq(decode(text), BR_REJECTED);
    ck_assert_str_eq(w.emit.reason, "too many records");
    free(text);
}
END_TEST

/* --- telcameras --- */

#define MESSAGE(type, state, start, more)                                                                    \
    "{\"sensor\":\"TEST-01\",\"sensor_type\":\"3d_camera\",\"sensor_state\":\"" state                        \
    "\",\"latitude\":52.1,\"longitude\":5.1,\"interval\":60,\"timestamp_message\":\"2025-06-01T11:00:00Z\"," \
    "\"timestamp_start\":\"" start "\",\"message_type\":\"" type "\",\"aggregate\":[" more "]}"
#define COUNT(more) MESSAGE("count", "operational", "2025-06-01T10:00:00.000Z", more)
#define LINE(in, out) "{\"type\":\"line\",\"count_in\":" in ",\"count_out\":" out "}"
#define ZONE(area, count) "{\"type\":\"zone\",\"area\":" area ",\"count\":" count "}"
#define PERSON                                                                                               \
    "{\"sensor\":\"TEST-01\",\"sensor_state\":\"operational\",\"message_type\":\"person\","                  \
    "\"aggregate\":[{\"personId\":\"secret\",\"geom\":\"0.1 0.2\"}]}"

START_TEST(reads_messages)
{
    ck_assert_int_eq(
        decode("{\"data\":[" COUNT(LINE("15", "12") "," LINE("1", "2") "," ZONE("5.5", "9") "," ZONE(
            "27.5", "4") "," ZONE("27.5", "8") ",{\"type\":\"other\"}") "," PERSON "]}"),
        BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 1);
    ck_assert_uint_eq(w.emit.invalid_count, 0);
    const Bruis__V1__Observation *o = at(0);
    const Bruis__V1__Pedestrian *p = o->pedestrian;
    ck_assert_str_eq(o->sensor, "TEST-01");
    ck_assert_int_eq(o->observed_at, br_time_of_civil(2025, 6, 1, 10, 0, 0));
    ck_assert(o->has_lat && o->has_lon);
    ck_assert_double_eq(o->lat, 52.1);
    ck_assert_double_eq(o->lon, 5.1);
    ck_assert(!p->has_count && p->has_count_in && p->has_count_out && p->has_presence && p->has_period_s);
    ck_assert_int_eq(p->count_in, 16);
    ck_assert_int_eq(p->count_out, 14);
    ck_assert_int_eq(p->presence, 4);
    ck_assert_double_eq(p->period_s, 60);
    ck_assert_uint_eq(o->n_quality, 0);
}
END_TEST

START_TEST(reads_a_single_message)
{
    ck_assert_int_eq(decode("\xEF\xBB\xBF \n" COUNT(ZONE("null", "3"))), BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 1);
    ck_assert(!at(0)->pedestrian->has_count_in && !at(0)->pedestrian->has_count_out);
    ck_assert_int_eq(at(0)->pedestrian->presence, 3);
}
END_TEST

START_TEST(unknown_stays_unknown)
{
    ck_assert_int_eq(
        decode(COUNT(LINE("null", "5") "," LINE("2", "7") "," ZONE("9", "null") "," ZONE("3", "6"))),
        BR_DECODED);
    const Bruis__V1__Observation *o = at(0);
    ck_assert_int_eq(o->pedestrian->count_in, 2);
    ck_assert_int_eq(o->pedestrian->count_out, 12);
    ck_assert(!o->pedestrian->has_presence); /* the largest zone has none */
    ck_assert_uint_eq(o->n_quality, 1);
    ck_assert_int_eq(o->quality[0], BRUIS__V1__FLAG__partial);
    ck_assert_int_eq(decode(COUNT(LINE("null", "5"))), BR_DECODED);
    ck_assert(!at(0)->pedestrian->has_count_in && at(0)->pedestrian->has_count_out);
    ck_assert_uint_eq(at(0)->n_quality, 0);
}
END_TEST

START_TEST(passes_over_what_is_no_count)
{
    static const char *const nothing[] = {
        "{\"data\":[]}",
        PERSON,
        "{\"data\":[" PERSON "," PERSON "]}",
        MESSAGE("count", "defect", "bad", "1"),
        MESSAGE("status", "operational", "bad", "1"),
        "{\"message_type\":\"count\",\"sensor\":\"TEST-01\"}",
        COUNT(""),
        COUNT("{\"type\":\"other\"}"),
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        ck_assert_int_eq(decode(nothing[i]), BR_SKIPPED);
        ck_assert_uint_eq(w.emit.invalid_count, 0);
        ck_assert_str_eq(w.emit.reason, "no counts");
    }
}
END_TEST

static void expect_rejected(const char *text, const char *reason)
{
    ck_assert_int_eq(decode(text), BR_REJECTED);
    ck_assert_uint_eq(w.emit.observation_count, 0);
    ck_assert_str_eq(w.emit.reason, reason);
}

START_TEST(tells_what_is_wrong)
{
    expect_rejected("[]", "no telcameras message: neither data[] nor message_type");
    expect_rejected("{}", "no telcameras message: neither data[] nor message_type");
    expect_rejected("{\"data\":{}}", "no telcameras message: neither data[] nor message_type");
    expect_rejected("{\"data\":[1]}", "/data/0/message_type: no text");
    expect_rejected("{\"data\":[{\"message_type\":1}]}", "/data/0/message_type: no text");
    expect_rejected(MESSAGE("count", "operational", "2025-06-01T10:00:00", ""),
                    "/timestamp_start: no time with an offset");
    expect_rejected(COUNT(LINE("-1", "2")), "/aggregate/0: no count or no area");
    expect_rejected(COUNT(LINE("1", "2") "," LINE("1.5", "2")), "/aggregate/1: no count or no area");
    expect_rejected(COUNT(ZONE("\"x\"", "2")), "/aggregate/0: no count or no area");
    expect_rejected("{\"message_type\":\"count\",\"sensor_state\":\"operational\"}", "/sensor: no name");
#define HEAD                                                                                                 \
    "{\"message_type\":\"count\",\"sensor_state\":\"operational\",\"sensor\":7,"                             \
    "\"timestamp_start\":\"2025-06-01T10:00:00Z\","
    expect_rejected(HEAD "\"interval\":0}", "/interval: no seconds of one day at most");
    expect_rejected(HEAD "\"latitude\":\"north\"}", "/latitude: no degrees");
    expect_rejected(HEAD "\"longitude\":181}", "/longitude: no degrees");
    expect_rejected(HEAD "\"aggregate\":{}}", "/aggregate: no array");
    ck_assert_int_eq(decode(HEAD "\"aggregate\":[" LINE("1", "0") "]}"), BR_DECODED);
    ck_assert_str_eq(at(0)->sensor, "7");
    ck_assert(!at(0)->pedestrian->has_period_s && !at(0)->has_lat);
    ck_assert_int_eq(decode("{\"data\":[" COUNT(LINE("1", "x")) "," COUNT(LINE("1", "2")) "]}"), BR_REJECTED);
    ck_assert_int_eq(decode("{\"data\":[" COUNT(LINE("1", "-2")) "," COUNT(LINE("1", "2")) "]}"), BR_DECODED);
    ck_assert_uint_eq(w.emit.invalid_count, 1);
    ck_assert_str_eq(w.emit.reason, "/data/0/aggregate/0: no count or no area");
}
END_TEST

/* Personal data may be in a payload; it is in no record and no reason. */
START_TEST(nothing_of_persons)
{
    static const char *const person[] = {
        "{\"data\":[" PERSON "," PERSON "]}",
        "{\"data\":[" PERSON ",{\"message_type\":\"count\",\"sensor_state\":\"operational\"}]}",
        "{\"data\":[" PERSON, /* cut */
    };
    for (size_t i = 0; i < sizeof person / sizeof *person; i++) {
        decode(person[i]);
        ck_assert_uint_eq(w.emit.observation_count, 0);
        ck_assert_ptr_null(strstr(w.emit.reason, "secret"));
        ck_assert_ptr_null(strstr(w.emit.reason, "0.1"));
    }
}
END_TEST

/* Any prefix of a payload is told, never misread into more counts than the whole has. */
START_TEST(cut_payloads)
{
    static const char text[] = "timestamp,A_0,B_180\r\n" GOOD "\"2025-06-01 00:03:00+02:00\",3,4\n" GOOD;
    static const char json[] = "{\"data\":[" COUNT(LINE("15", "12") "," ZONE("5.5", "9")) "]}";
    for (size_t size = 0; size < sizeof text; size++) {
        decode_bytes(text, size, UNPACKED_MAX);
        ck_assert_uint_le(w.emit.observation_count, 6);
    }
    for (size_t size = 0; size < sizeof json - 1; size++)
        ck_assert_int_eq(decode_bytes(json, size, UNPACKED_MAX), BR_REJECTED);
}
END_TEST

static enum br_outcome decode_file(const char *name)
{
    char path[512];
    size_t size;
    snprintf(path, sizeof path, "%s/pedestrian/%s", unit_data_dir(), name);
    char *bytes = br_file_read(path, UNPACKED_MAX, &size);
    ck_assert_ptr_nonnull(bytes);
    enum br_outcome outcome = decode_bytes(bytes, size, UNPACKED_MAX);
    free(bytes);
    return outcome;
}

START_TEST(real_payloads)
{
    if (!unit_data_dir()) {
        puts("skipped: no real payloads");
        return;
    }
    ck_assert_int_eq(decode_file("amsterdam_cmsa_3min_csv/sail2025_sensor_data_2025-08-20_24.csv"),
                     BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 2400 * 74);
    ck_assert_uint_eq(w.emit.invalid_count, 0);
    ck_assert_int_eq(total(), 4959137);
    ck_assert_int_eq(decode_file("amsterdam_telcameras_v2_json/count_and_person.json"), BR_DECODED);
    ck_assert_uint_eq(w.emit.observation_count, 1);
    ck_assert_int_eq(at(0)->pedestrian->count_in, 15);
    ck_assert_int_eq(at(0)->pedestrian->presence, 5);
    ck_assert_int_eq(decode_file("amsterdam_crowdsensoren_register/CROWDSENSOREN.csv"), BR_REJECTED);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, reads_rows_of_counts);
    tcase_add_test(tcase, counts_what_is_invalid);
    tcase_add_test(tcase, tells_what_is_no_table);
    tcase_add_test(tcase, a_column_that_stands_twice);
    tcase_add_test(tcase, long_tables_and_packed_ones);
    tcase_add_test(tcase, a_long_row);
    tcase_add_test(tcase, a_full_arena);
    tcase_add_test(tcase, reads_messages);
    tcase_add_test(tcase, reads_a_single_message);
    tcase_add_test(tcase, unknown_stays_unknown);
    tcase_add_test(tcase, passes_over_what_is_no_count);
    tcase_add_test(tcase, tells_what_is_wrong);
    tcase_add_test(tcase, nothing_of_persons);
    tcase_add_test(tcase, cut_payloads);
    tcase_add_test(tcase, real_payloads);
}

UNIT_MAIN("adapter cmsa", tests)
