/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/privacy.h"

#include <math.h>

#include "tests/unit/failing_malloc.h"
#include "tests/unit/unit.h"

static const uint8_t key[32] = "a key of thirty-two bytes, here";
static const uint8_t who[32] = "a leaf";

static struct br_privacy_cell cell_at(int64_t start_utc_ms)
{
    return (struct br_privacy_cell){who, sizeof who, start_utc_ms, 'c'};
}

static int64_t rounded(const struct br_privacy *privacy, int64_t start_utc_ms, int64_t count)
{
    struct br_privacy_cell cell = cell_at(start_utc_ms);
    return br_privacy_round(privacy, &cell, count);
}

START_TEST(off)
{
    struct br_privacy *privacy = br_privacy_open(0, 1, NULL, 0);
    ck_assert(!br_privacy_on(privacy));
    ck_assert_int_eq(rounded(privacy, 0, 7), 7);
    ck_assert_int_eq(br_privacy_variance(privacy, 7), 0);
    br_privacy_close(privacy);
    ck_assert(!br_privacy_on(NULL));
    br_privacy_close(NULL);
    privacy = br_privacy_open(10, 0, key, sizeof key);
    ck_assert(br_privacy_on(privacy));
    br_privacy_close(privacy);
    privacy = br_privacy_open(1, 5, key, sizeof key);
    ck_assert(br_privacy_on(privacy));
    br_privacy_close(privacy);
}
END_TEST

/* Only the two neighbours, and both of them; what is one stays. */
START_TEST(goes_to_a_neighbour)
{
    static const struct {
        int64_t min, round_to, count, below, above;
    } cases[] = {{10, 5, 0, 0, 0},    {10, 5, 1, 0, 10},   {10, 5, 9, 0, 10},   {10, 5, 10, 10, 10},
                 {10, 5, 11, 10, 15}, {10, 5, 14, 10, 15}, {10, 5, 15, 15, 15}, {10, 5, 16, 15, 20},
                 {10, 1, 3, 0, 10},   {10, 1, 11, 11, 11}, {1, 5, 3, 0, 5},     {1, 5, 7, 5, 10},
                 {12, 5, 13, 12, 15}, {12, 5, 11, 0, 12},  {3, 5, 4, 3, 5},     {3, 5, 1, 0, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct br_privacy *privacy = br_privacy_open(cases[i].min, cases[i].round_to, key, sizeof key);
        size_t up = 0, down = 0;
        for (int64_t start = 0; start < 200; start++) {
            int64_t value = rounded(privacy, start, cases[i].count);
            ck_assert_msg(value == cases[i].below || value == cases[i].above, "case %zu gives %lld", i,
                          (long long)value);
            up += value == cases[i].above;
            down += value == cases[i].below;
        }
        ck_assert_uint_gt(up, 0);
        ck_assert_uint_gt(down, 0);
        br_privacy_close(privacy);
    }
}
END_TEST

/* The mean over many keys is the count: within five standard deviations of the mean. */
START_TEST(is_unbiased)
{
    enum { KEYS = 20000 };
    static const int64_t counts[] = {1, 4, 9, 11, 13, 101, 1234567};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        double sum = 0;
        for (uint32_t k = 0; k < KEYS; k++) {
            struct br_privacy *privacy = br_privacy_open(10, 5, (const uint8_t *)&k, sizeof k);
            sum += (double)(rounded(privacy, 60000, counts[i]) - counts[i]);
            br_privacy_close(privacy);
        }
        ck_assert_double_lt(fabs(sum / KEYS), 5 * 5 / sqrt(KEYS)); /* at most 5 a key */
    }
}
END_TEST

START_TEST(the_same_cell_always_gets_the_same)
{
    struct br_privacy *one = br_privacy_open(10, 5, key, sizeof key);
    struct br_privacy *two = br_privacy_open(10, 5, key, sizeof key);
    for (int64_t start = 0; start < 100; start++)
        ck_assert_int_eq(rounded(one, start, 3), rounded(two, start, 3));
    br_privacy_close(one);
    br_privacy_close(two);
}
END_TEST

/* One draw for a cell: a greater count is never given as a smaller number. */
START_TEST(grows_with_the_count)
{
    struct br_privacy *privacy = br_privacy_open(10, 5, key, sizeof key);
    for (int64_t start = 0; start < 50; start++)
        for (int64_t count = 0; count < 40; count++)
            ck_assert_int_le(rounded(privacy, start, count), rounded(privacy, start, count + 1));
    br_privacy_close(privacy);
}
END_TEST

/* Every part of the name and the key matters. */
START_TEST(names_and_keys_differ)
{
    uint8_t other[32] = "another leaf", long_key[100], longer[600] = {0};
    memset(long_key, 'k', sizeof long_key);
    struct br_privacy *privacy = br_privacy_open(10, 5, key, sizeof key);
    struct br_privacy *keyed = br_privacy_open(10, 5, long_key, sizeof long_key);
    long_key[99] = 'K'; /* longer than a block: all of it counts */
    struct br_privacy *keyed_too = br_privacy_open(10, 5, long_key, sizeof long_key);
    size_t differ[4] = {0};
    for (int64_t start = 0; start < 200; start++) {
        struct br_privacy_cell cell = cell_at(start), in = cell, leaf = cell, name = cell;
        int64_t value = br_privacy_round(privacy, &cell, 5);
        in.what = 'i';
        leaf.who = other;
        name.who = longer; /* longer than any name that is looked at: cut, not overrun */
        name.who_size = sizeof longer;
        differ[0] += br_privacy_round(privacy, &in, 5) != value;
        differ[1] += br_privacy_round(privacy, &leaf, 5) != value;
        differ[2] += br_privacy_round(privacy, &name, 5) != value;
        differ[3] += br_privacy_round(keyed, &cell, 5) != br_privacy_round(keyed_too, &cell, 5);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_msg(differ[i] > 60 && differ[i] < 140, "%d: %zu of 200", i, differ[i]);
    br_privacy_close(privacy);
    br_privacy_close(keyed);
    br_privacy_close(keyed_too);
}
END_TEST

START_TEST(variance_is_of_the_published_value)
{
    struct br_privacy *privacy = br_privacy_open(10, 5, key, sizeof key);
    ck_assert_int_eq(br_privacy_variance(privacy, 0), 25); /* 10 * 10 / 4 */
    ck_assert_int_eq(br_privacy_variance(privacy, 10), 25);
    ck_assert_int_eq(br_privacy_variance(privacy, 15), 6);
    br_privacy_close(privacy);
    privacy = br_privacy_open(10, 1, key, sizeof key);
    ck_assert_int_eq(br_privacy_variance(privacy, 10), 25);
    ck_assert_int_eq(br_privacy_variance(privacy, 11), 0);
    br_privacy_close(privacy);
    privacy = br_privacy_open(3, 5, key, sizeof key);
    ck_assert_int_eq(br_privacy_variance(privacy, 3), 6);
    br_privacy_close(privacy);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(without_memory)
{
    failing_arm(1);
    struct br_privacy *privacy = br_privacy_open(10, 5, key, sizeof key);
    failing_disarm();
    ck_assert_ptr_null(privacy);
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, off);
    tcase_add_test(tcase, goes_to_a_neighbour);
    tcase_add_test(tcase, is_unbiased);
    tcase_add_test(tcase, the_same_cell_always_gets_the_same);
    tcase_add_test(tcase, grows_with_the_count);
    tcase_add_test(tcase, names_and_keys_differ);
    tcase_add_test(tcase, variance_is_of_the_published_value);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("privacy", tests)
