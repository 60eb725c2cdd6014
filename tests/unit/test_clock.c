/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/clock.h"

#include "tests/unit/unit.h"

#include <time.h>

struct good {
    const char *text;
    int64_t utc_ms;
};

START_TEST(good_times_are_read)
{
    static const struct good goods[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-08-18T10:00:00Z", 1787047200000},
        {"2026-08-18T12:00:00+02:00", 1787047200000},
        {"2026-08-18T12:00:00+0200", 1787047200000},
        {"2026-08-18T05:30:00-04:30", 1787047200000},
        {"2026-08-18t10:00:00z", 1787047200000},
        {"2026-08-18 10:00:00Z", 1787047200000},
        {"2026-08-18T10:00:00-00:00", 1787047200000},
        {"2026-08-18T10:00:00.5Z", 1787047200500},
        {"2026-08-18T10:00:00.123Z", 1787047200123},
        {"2026-08-18T10:00:00.123999999999999999Z", 1787047200123},
        {"2026-08-18T10:00:00.0009+00:00", 1787047200000},
        {"1969-12-31T23:59:59.9999Z", -1},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T23:59:59Z", 951868799000},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2017-01-01T00:59:60.25+01:00", 1483228800250},
    };
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        int64_t utc_ms = 77;
        ck_assert_msg(br_time_parse(br_view_of(goods[i].text), &utc_ms), "%s", goods[i].text);
        ck_assert_msg(utc_ms == goods[i].utc_ms, "%s: %lld", goods[i].text, (long long)utc_ms);
    }
}
END_TEST

START_TEST(bad_times_are_refused)
{
    static const char *const bads[] = {
        "",
        "2026",
        "2026-08-18",
        "2026-08-18T10:00Z",
        "2026-08-18T10:00:00",
        "2026-08-18T10:00:00.Z",
        "2026-08-18T10:00:00,5Z",
        "2026-08-18T10:00:00+2",
        "2026-08-18T10:00:00+02",
        "2026-08-18T10:00:00+02:0",
        "2026-08-18T10:00:00+24:00",
        "2026-08-18T10:00:00+02:60",
        "2026-08-18T10:00:00Z ",
        " 2026-08-18T10:00:00Z",
        "2026-08-18T10:00:00ZZ",
        "2026-08-18T24:00:00Z",
        "2026-08-18T10:60:00Z",
        "2026-08-18T10:00:61Z",
        "2026-08-18T10:00:60Z",
        "2017-01-01T00:59:60Z",
        "2026-13-18T10:00:00Z",
        "2026-00-18T10:00:00Z",
        "2026-08-00T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "1900-02-29T10:00:00Z",
        "2100-02-29T10:00:00Z",
        "26-08-18T10:00:00Z",
        "+2026-08-18T10:00:00Z",
        "-026-08-18T10:00:00Z",
        "2026/08/18T10:00:00Z",
        "20260818T100000Z",
        "2026-08-18_10:00:00Z",
        "2026-8-18T10:00:00Z",
        "2026-08-18T1:00:00Z",
        "2O26-08-18T10:00:00Z",
        "\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-08-18T10:00:00Z",
    };
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        int64_t utc_ms = 77;
        ck_assert_msg(!br_time_parse(br_view_of(bads[i]), &utc_ms), "%s", bads[i]);
        ck_assert_int_eq(utc_ms, 77);
    }
}
END_TEST

START_TEST(a_view_is_not_read_past_its_end)
{
    static const char text[] = "2026-08-18T10:00:00Z";
    int64_t utc_ms;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *exact = malloc(size + 1);
        memcpy(exact, text, size);
        exact[size] = 'Z';
        ck_assert(!br_time_parse((struct br_view){exact, size}, &utc_ms));
        free(exact);
    }
    ck_assert(br_time_parse((struct br_view){"2026-08-18T10:00:00Z+0000", sizeof text - 1}, &utc_ms));
    ck_assert(!br_time_parse((struct br_view){"2026-08-18T10:00:00Z\0", sizeof text}, &utc_ms));
    ck_assert(!br_time_parse((struct br_view){NULL, 0}, &utc_ms));
}
END_TEST

START_TEST(local_times_have_no_offset)
{
    int64_t local_ms = 77;
    ck_assert(br_time_parse_local(br_view_of("2026-08-18T10:00:00"), &local_ms));
    ck_assert_int_eq(local_ms, 1787047200000);
    ck_assert(br_time_parse_local(br_view_of("2026-08-18 10:00:00.25"), &local_ms));
    ck_assert_int_eq(local_ms, 1787047200250);
    ck_assert(br_time_parse_local(br_view_of("2017-01-01T00:59:60"), &local_ms));
    ck_assert_int_eq(local_ms, 1483232400000);
    ck_assert(!br_time_parse_local(br_view_of("2017-01-01T00:58:60"), &local_ms));
    ck_assert(!br_time_parse_local(br_view_of("2026-08-18T10:00:00Z"), &local_ms));
    ck_assert(!br_time_parse_local(br_view_of("2026-08-18T10:00:00+02:00"), &local_ms));
    ck_assert(!br_time_parse_local(br_view_of("2026-08-18T10:00"), &local_ms));
    ck_assert(!br_time_parse_local(br_view_of("2026-02-30T10:00:00"), &local_ms));
}
END_TEST

static void check_format(int64_t utc_ms, const char *expected)
{
    char text[BR_TIME_TEXT_SIZE];
    br_time_format(utc_ms, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(times_are_written)
{
    check_format(0, "1970-01-01T00:00:00Z");
    check_format(-1, "1969-12-31T23:59:59.999Z");
    check_format(1787047200000, "2026-08-18T10:00:00Z");
    check_format(1787047200007, "2026-08-18T10:00:00.007Z");
    check_format(-62167219200000, "0000-01-01T00:00:00Z");
    check_format(253402300799999, "9999-12-31T23:59:59.999Z");
    check_format(INT64_MAX, "292278994-08-17T07:12:55.807Z");
    check_format(INT64_MIN, "-292275055-05-16T16:47:04.192Z");
}
END_TEST

/* Against the C library, over 400 years and at odd times of the day. */
START_TEST(every_day_is_the_c_librarys)
{
    for (int64_t day = -80000; day < 80000; day++) {
        time_t seconds = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
        struct tm tm;
        ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
        char expected[64], text[BR_TIME_TEXT_SIZE];
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
        br_time_format((int64_t)seconds * 1000, text);
        ck_assert_str_eq(text, expected);
        int64_t back = 0;
        ck_assert(br_time_parse(br_view_of(text), &back));
        ck_assert_int_eq(back, (int64_t)seconds * 1000);
        ck_assert_int_eq(br_time_year(back), tm.tm_year + 1900);
        ck_assert_int_eq(
            br_time_of_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec),
            back);
    }
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, good_times_are_read);
    tcase_add_test(tcase, bad_times_are_refused);
    tcase_add_test(tcase, a_view_is_not_read_past_its_end);
    tcase_add_test(tcase, local_times_have_no_offset);
    tcase_add_test(tcase, times_are_written);
    tcase_add_test(tcase, every_day_is_the_c_librarys);
}

UNIT_MAIN("clock", tests)
