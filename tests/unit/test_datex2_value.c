/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/datex2/value.h"
#include "daemon/core/clock.h"
#include "tests/unit/unit.h"

START_TEST(reads_numbers)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"60", 60},
                {"60.0", 60},
                {"-1", -1},
                {"-1.0", -1},
                {"+4.5", 4.5},
                {" \n 64\t", 64},
                {".5", 0.5},
                {"5.", 5},
                {"52.0235558", 52.0235558},
                {"1e3", 1000},
                {"1.5E-3", 0.0015},
                {"-0", 0},
                {"288.403", 288.403},
                {"14.0111113", 14.0111113},
                {"9007199254740993", 9007199254740992.0},
                {"0.1234567890123456789012345", 0.1234567890123456789012345},
                {"1e-320", 1e-320},
                {"1e308", 1e308},
                {"00000000000000000000000000000007", 7}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double value = -99;
        ck_assert_msg(br_datex2_number(br_view_of(good[i].text), &value), "%s", good[i].text);
        ck_assert_msg(value == good[i].value, "%s: %.17g", good[i].text, value);
    }
}
END_TEST

START_TEST(refuses_what_is_no_number)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      ".",
                                      "1,5",
                                      "0x10",
                                      "INF",
                                      "-INF",
                                      "NaN",
                                      "nan",
                                      "1 2",
                                      "1e",
                                      "e5",
                                      "1e+",
                                      "--1",
                                      "12a",
                                      "1.2.3",
                                      "1e999",
                                      "1111111111111111111111111111111111111111111111111111111111111111111"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = -99;
        ck_assert_msg(!br_datex2_number(br_view_of(bad[i]), &value), "%s", bad[i]);
        ck_assert(value == -99);
    }
}
END_TEST

/* The short way must round like the C library does. */
START_TEST(numbers_agree_with_the_library)
{
    unsigned state = 12345;
    char text[64];
    for (int i = 0; i < 20000; i++) {
        double value = 0;
        state = state * 1103515245u + 12345u;
        unsigned digits = state >> 4, shift = state % 11;
        (void)snprintf(text, sizeof text, "%s%u.%0*u%u", state & 8 ? "-" : "", digits % 1000, (int)shift,
                       digits, state % 977);
        ck_assert(br_datex2_number(br_view_of(text), &value));
        ck_assert_msg(value == strtod(text, NULL), "%s", text);
    }
}
END_TEST

START_TEST(does_not_read_past_the_text)
{
    double value;
    ck_assert(br_datex2_number((struct br_view){"1234", 2}, &value));
    ck_assert(value == 12);
    ck_assert(br_datex2_number((struct br_view){"1.5e7", 3}, &value));
    ck_assert(value == 1.5);
}
END_TEST

START_TEST(reads_lists)
{
    struct br_view text = br_view_of("\n  52.1 5.25\t-3 x 9");
    double value;
    ck_assert(br_datex2_number_next(&text, &value) && value == 52.1);
    ck_assert(br_datex2_number_next(&text, &value) && value == 5.25);
    ck_assert(br_datex2_number_next(&text, &value) && value == -3);
    ck_assert(!br_datex2_number_next(&text, &value));
    ck_assert(br_datex2_number_next(&text, &value) && value == 9);
    ck_assert(!br_datex2_number_next(&text, &value));
}
END_TEST

START_TEST(reads_whole_numbers)
{
    int64_t value = -7;
    ck_assert(br_datex2_whole(br_view_of("12"), 0, 100, &value) && value == 12);
    ck_assert(br_datex2_whole(br_view_of("12.0"), 0, 100, &value) && value == 12);
    ck_assert(br_datex2_whole(br_view_of("100"), 0, 100, &value) && value == 100);
    ck_assert(!br_datex2_whole(br_view_of("101"), 0, 100, &value));
    ck_assert(!br_datex2_whole(br_view_of("-1"), 0, 100, &value));
    ck_assert(!br_datex2_whole(br_view_of("1.5"), 0, 100, &value));
    ck_assert(!br_datex2_whole(br_view_of("1e300"), 0, INT64_MAX, &value));
    ck_assert(!br_datex2_whole(br_view_of("x"), 0, 100, &value));
    ck_assert_int_eq(value, 100);
}
END_TEST

START_TEST(reads_words_and_times)
{
    char buffer[4];
    ck_assert(br_datex2_true(br_view_of("true")) && br_datex2_true(br_view_of(" 1 ")));
    ck_assert(!br_datex2_true(br_view_of("false")) && !br_datex2_true(br_view_of("")) &&
              !br_datex2_true(br_view_of("0")));
    ck_assert(br_datex2_is(br_view_of("\nactive "), "active") &&
              !br_datex2_is(br_view_of("active1"), "active"));
    ck_assert_int_eq(br_datex2_time(br_view_of(" 2026-06-21T19:43:00.001712531Z\n")), INT64_C(1782070980001));
    ck_assert_int_eq(br_datex2_time(br_view_of("2025-05-09T21:41:58.5461534+02:00")), INT64_C(1746819718546));
    ck_assert_int_eq(br_datex2_time(br_view_of("soon")), BR_TIME_NONE);
    ck_assert(br_datex2_copy(br_view_of("abc"), buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "abc");
    ck_assert(!br_datex2_copy(br_view_of("abcd"), buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "");
    ck_assert(!br_datex2_copy(br_view_of(""), buffer, sizeof buffer));
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_numbers);
    tcase_add_test(tcase, refuses_what_is_no_number);
    tcase_add_test(tcase, numbers_agree_with_the_library);
    tcase_add_test(tcase, does_not_read_past_the_text);
    tcase_add_test(tcase, reads_lists);
    tcase_add_test(tcase, reads_whole_numbers);
    tcase_add_test(tcase, reads_words_and_times);
}

UNIT_MAIN("datex2_value", tests)
