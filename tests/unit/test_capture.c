/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/capture.h"

#include "daemon/core/clock.h"
#include "daemon/core/payload.h"
#include "daemon/in/journal.h"

#include "tests/unit/unit.h"

struct reading {
    FILE *stream;
    struct br_capture *capture;
    struct br_captured message;
    const char *reason;
};

static struct reading reading_of_bytes(const char *text, size_t size)
{
    struct reading reading = {.stream = tmpfile()};
    ck_assert_ptr_nonnull(reading.stream);
    ck_assert_uint_eq(fwrite(text, 1, size, reading.stream), size);
    rewind(reading.stream);
    reading.capture = br_capture_open(reading.stream, "day.jsonl");
    ck_assert_ptr_nonnull(reading.capture);
    return reading;
}

static struct reading reading_of(const char *text)
{
    return reading_of_bytes(text, strlen(text));
}

static int next(struct reading *reading)
{
    return br_capture_next(reading->capture, &reading->message, &reading->reason);
}

static void reading_end(struct reading *reading)
{
    br_capture_close(reading->capture);
    fclose(reading->stream);
}

static void check_padding(const struct br_captured *message)
{
    for (size_t i = 0; i < BR_PADDING; i++)
        ck_assert_int_eq(message->payload.data[message->payload.size + i], 0);
}

START_TEST(reads_lines_of_strings)
{
    struct reading reading = reading_of(
        "{\"tst\":\"2026-08-18T10:00:00.123456Z+0000\",\"topic\":\"city/garage/1\",\"qos\":1,\"retain\":1,"
        "\"payloadlen\":11,\"mid\":7,\"payload\":\"{\\\"free\\\":12}\"}\n"
        "\n  \t\r\n"
        "{\"tst\":\"2026-08-18T10:00:01.5Z+0000\",\"topic\":\"caf\\u00e9\",\"qos\":0,\"retain\":0,\"dup\":"
        "true,"
        "\"payloadlen\":5,\"payload\":\"a\\u00e9\\\"\\n\"}");
    ck_assert_int_eq(next(&reading), 1);
    ck_assert(br_view_is(reading.message.topic, "city/garage/1"));
    ck_assert(br_view_is(reading.message.payload, "{\"free\":12}"));
    ck_assert_int_eq(reading.message.received_at_utc_ms, br_time_of_civil(2026, 8, 18, 10, 0, 0) + 123);
    ck_assert_uint_eq(reading.message.line, 1);
    ck_assert_uint_eq(reading.message.flags, BR_ENTRY_RETAINED);
    check_padding(&reading.message);

    ck_assert_int_eq(next(&reading), 1);
    ck_assert(br_view_is(reading.message.topic, "caf\xc3\xa9"));
    ck_assert(br_view_is(reading.message.payload, "a\xc3\xa9\"\n"));
    ck_assert_uint_eq(reading.message.line, 4);
    ck_assert_uint_eq(reading.message.flags, BR_ENTRY_DUP);
    check_padding(&reading.message);

    ck_assert_int_eq(next(&reading), 0);
    ck_assert_int_eq(next(&reading), 0);
    reading_end(&reading);
}
END_TEST

struct expected {
    const char *line, *payload;
};

static const struct expected payloads[] = {
    /* %J: values, their order and numbers kept */
    {"{\"topic\":\"a\",\"payloadlen\":40,\"payload\":{\"z\": 1,\"a\":[true, null,\"\\u00e9\"]}}",
     "{\"z\":1,\"a\":[true,null,\"\xc3\xa9\"]}"},
    {"{\"topic\":\"a\",\"payloadlen\":4,\"payload\":12.5}", "12.5"},
    {"{\"topic\":\"a\",\"payload\":0.1}", "0.10000000000000001"},
    {"{\"topic\":\"a\",\"payload\":-9007199254740993}", "-9007199254740993"},
    {"{\"topic\":\"a\",\"payloadlen\":5,\"payload\":false}", "false"},
    {"{\"topic\":\"a\",\"payloadlen\":2,\"payload\":[]}", "[]"},
    {"{\"topic\":\"a\",\"payloadlen\":4,\"payload\":null}", "null"},
    /* empty ones */
    {"{\"topic\":\"a\",\"payloadlen\":0,\"payload\":null}", ""},
    {"{\"topic\":\"a\",\"payload\":null}", ""},
    {"{\"topic\":\"a\",\"payloadlen\":0}", ""},
    {"{\"topic\":\"a\",\"payloadlen\":0,\"payload\":\"\"}", ""},
    /* strings without a length, or longer than it */
    {"{\"topic\":\"a\",\"payload\":\"x\"}", "x"},
    {"{\"topic\":\"a\",\"payloadlen\":1,\"payload\":\"xy\"}", "xy"},
    /* base64 is the safe form: it wins */
    {"{\"topic\":\"a\",\"payload_base64\":\"\"}", ""},
    {"{\"topic\":\"a\",\"payload_base64\":\"Zg==\"}", "f"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Zm8=\"}", "fo"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Zm9vYmFy\"}", "foobar"},
    {"{\"topic\":\"a\",\"payloadlen\":3,\"payload\":\"f\",\"payload_base64\":\"Zm9v\"}", "foo"},
    {"{\"topic\":\"a\",\"payload\":\"f\",\"payload_base64\":null}", "f"},
    {"{\"topic\":\"a\",\"payload_base64\":\"+/+/\"}", "\xfb\xff\xbf"},
};

START_TEST(reads_every_payload)
{
    struct reading reading = reading_of(payloads[_i].line);
    int got = next(&reading);
    ck_assert_msg(got == 1, "%s", reading.reason);
    ck_assert_msg(br_view_is(reading.message.payload, payloads[_i].payload), "%s gave %.*s",
                  payloads[_i].line, (int)reading.message.payload.size, reading.message.payload.data);
    ck_assert_int_eq(reading.message.received_at_utc_ms, BR_TIME_NONE);
    ck_assert_uint_eq(reading.message.flags, 0);
    check_padding(&reading.message);
    ck_assert_int_eq(next(&reading), 0);
    reading_end(&reading);
}
END_TEST

static const struct expected refused[] = {
    {"{\"topic\":\"a\",\"payload\":", "day.jsonl:1: bad JSON at column"},
    {"hello", "day.jsonl:1: bad JSON at column"},
    {"{\"topic\":\"a\",\"payload\":\"\xff\"}", "day.jsonl:1: bad JSON at column"},
    {"{\"topic\":\"a\",\"payload\":\"x\"} {}", "day.jsonl:1: bad JSON at column"},
    {"[1]", "day.jsonl:1: no JSON object"},
    {"{\"payload\":\"x\"}", "day.jsonl:1: no topic"},
    {"{\"topic\":\"\",\"payload\":\"x\"}", "day.jsonl:1: no topic"},
    {"{\"topic\":5,\"payload\":\"x\"}", "day.jsonl:1: no topic"},
    {"{\"topic\":\"a\\u0000b\",\"payload\":\"x\"}", "day.jsonl:1: topic holds a NUL"},
    {"{\"topic\":\"a\",\"payloadlen\":5,\"payload\":\"ab\"}", "day.jsonl:1: payload has 2 bytes of 5: cut"},
    {"{\"topic\":\"a\",\"payloadlen\":5,\"payload\":\"abc\"}", "day.jsonl:1: payload has 3 bytes of 5: cut"},
    {"{\"topic\":\"a\",\"payloadlen\":4,\"payload_base64\":\"Zm9v\"}",
     "day.jsonl:1: payload has 3 bytes of 4"},
    {"{\"topic\":\"a\",\"payloadlen\":2}", "day.jsonl:1: no payload"},
    {"{\"topic\":\"a\"}", "day.jsonl:1: no payload"},
    {"{\"topic\":\"a\",\"payloadlen\":-1,\"payload\":\"x\"}", "day.jsonl:1: payloadlen is no length"},
    {"{\"topic\":\"a\",\"payloadlen\":\"1\",\"payload\":\"x\"}", "day.jsonl:1: payloadlen is no length"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Zg\"}", "day.jsonl:1: payload_base64 is no base64"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Z===\"}", "day.jsonl:1: payload_base64 is no base64"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Zh==\"}", "day.jsonl:1: payload_base64 is no base64"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Zg==Zg==\"}", "day.jsonl:1: payload_base64 is no base64"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Z-9v\"}", "day.jsonl:1: payload_base64 is no base64"},
    {"{\"topic\":\"a\",\"payload_base64\":\"Z\\u00009v\"}", "day.jsonl:1: payload_base64 is no base64"},
    {"{\"topic\":\"a\",\"payload_base64\":7}", "day.jsonl:1: payload_base64 is no string"},
    {"{\"topic\":\"a\",\"tst\":\"yesterday\",\"payload\":\"x\"}", "day.jsonl:1: tst is no time"},
    {"{\"topic\":\"a\",\"tst\":1787047200,\"payload\":\"x\"}", "day.jsonl:1: tst is no time"},
    {"{\"topic\":\"a\",\"tst\":\"2026-13-18T10:00:00Z\",\"payload\":\"x\"}", "day.jsonl:1: tst is no time"},
};

START_TEST(refuses_with_a_reason_and_goes_on)
{
    char text[512];
    snprintf(text, sizeof(text), "%s\n{\"topic\":\"next\",\"payload\":\"y\"}\n", refused[_i].line);
    struct reading reading = reading_of(text);
    ck_assert_int_eq(next(&reading), -1);
    ck_assert_msg(strncmp(reading.reason, refused[_i].payload, strlen(refused[_i].payload)) == 0, "%s",
                  reading.reason);
    ck_assert_uint_eq(reading.message.line, 1);
    ck_assert_int_eq(next(&reading), 1);
    ck_assert(br_view_is(reading.message.topic, "next"));
    ck_assert_uint_eq(reading.message.line, 2);
    ck_assert_int_eq(next(&reading), 0);
    reading_end(&reading);
}
END_TEST

static const char *const times[] = {
    "2026-08-18T10:00:00.123456Z+0000", "2026-08-18T10:00:00.123456+0000",  "2026-08-18T10:00:00.123Z",
    "2026-08-18T12:00:00.123999Z+0200", "2026-08-18T06:00:00.123456Z-0400", "2026-08-18T12:00:00.123+02:00",
};

START_TEST(reads_every_form_of_time)
{
    char text[256];
    snprintf(text, sizeof(text), "{\"tst\":\"%s\",\"topic\":\"a\",\"payload\":\"x\"}\r\n", times[_i]);
    struct reading reading = reading_of(text);
    int got = next(&reading);
    ck_assert_msg(got == 1, "%s", reading.reason);
    ck_assert_int_eq(reading.message.received_at_utc_ms, br_time_of_civil(2026, 8, 18, 10, 0, 0) + 123);
    reading_end(&reading);
}
END_TEST

START_TEST(keeps_a_nul_that_is_escaped)
{
    struct reading reading = reading_of("{\"topic\":\"a\",\"payloadlen\":3,\"payload\":\"a\\u0000b\"}\n");
    ck_assert_int_eq(next(&reading), 1);
    ck_assert_uint_eq(reading.message.payload.size, 3);
    ck_assert_int_eq(memcmp(reading.message.payload.data, "a\0b", 3), 0);
    reading_end(&reading);
}
END_TEST

START_TEST(refuses_a_nul_in_the_line)
{
    static const char text[] = "{\"topic\":\"a\",\0\"payload\":\"x\"}\n{\"topic\":\"b\",\"payload\":\"x\"}\n";
    struct reading reading = reading_of_bytes(text, sizeof(text) - 1);
    ck_assert_int_eq(next(&reading), -1);
    ck_assert_int_eq(next(&reading), 1);
    ck_assert(br_view_is(reading.message.topic, "b"));
    reading_end(&reading);
}
END_TEST

/* The second line is shorter: what the first one left in the buffer must not show behind it. */
START_TEST(reads_a_line_of_megabytes)
{
    size_t size = (size_t)5 << 20;
    char *payload = malloc(size + 1), *text = malloc(size + 200);
    ck_assert(payload && text);
    memset(payload, 'x', size);
    payload[size] = '\0';
    int length = sprintf(text,
                         "{\"topic\":\"big\",\"payloadlen\":%zu,\"payload\":\"%s\"}\n"
                         "{\"topic\":\"small\",\"payloadlen\":1,\"payload\":\"y\"}\n",
                         size, payload);
    struct reading reading = reading_of_bytes(text, (size_t)length);
    ck_assert_int_eq(next(&reading), 1);
    ck_assert(br_view_is(reading.message.payload, payload));
    check_padding(&reading.message);
    ck_assert_int_eq(next(&reading), 1);
    ck_assert(br_view_is(reading.message.payload, "y"));
    check_padding(&reading.message);
    ck_assert_int_eq(next(&reading), 0);
    reading_end(&reading);
    free(payload);
    free(text);
}
END_TEST

START_TEST(tells_a_stream_that_fails_once)
{
    struct reading reading = {.stream = fopen("/", "r")};
    ck_assert_ptr_nonnull(reading.stream);
    reading.capture = br_capture_open(reading.stream, NULL);
    ck_assert_int_eq(next(&reading), -1);
    ck_assert_str_eq(reading.reason, "capture:1: cannot be read: Is a directory");
    ck_assert_int_eq(next(&reading), 0);
    reading_end(&reading);
}
END_TEST

START_TEST(reads_nothing_of_nothing)
{
    struct reading reading = reading_of("\n\n");
    ck_assert_int_eq(next(&reading), 0);
    reading_end(&reading);
    br_capture_close(NULL);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_lines_of_strings);
    tcase_add_loop_test(tcase, reads_every_payload, 0, sizeof(payloads) / sizeof(payloads[0]));
    tcase_add_loop_test(tcase, refuses_with_a_reason_and_goes_on, 0, sizeof(refused) / sizeof(refused[0]));
    tcase_add_loop_test(tcase, reads_every_form_of_time, 0, sizeof(times) / sizeof(times[0]));
    tcase_add_test(tcase, keeps_a_nul_that_is_escaped);
    tcase_add_test(tcase, refuses_a_nul_in_the_line);
    tcase_add_test(tcase, reads_a_line_of_megabytes);
    tcase_add_test(tcase, tells_a_stream_that_fails_once);
    tcase_add_test(tcase, reads_nothing_of_nothing);
}

UNIT_MAIN("capture", tests)
