/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/past.h"
#include "daemon/config.h"

#include "tests/unit/readings_fixture.h"

/* ---- spells: days of August 2026, at 10:00 */

static int64_t day(int number)
{
    char text[32];
    snprintf(text, sizeof text, "2026-08-%02dT10:00:00Z", number);
    return time_of(text);
}

START_TEST(nothing_was_heard)
{
    struct br_past past;
    br_past_init(&past);
    ck_assert(!br_past_is_heard(&past, day(10)));
    ck_assert_int_eq(br_past_capacity(&past, day(10)), -1);
    br_past_free(&past);
}
END_TEST

START_TEST(heard_in_the_day_before)
{
    struct br_past past;
    br_past_init(&past);
    br_past_hear(&past, day(10));
    br_past_hear(&past, day(11)); /* a day later to the millisecond: one spell */
    ck_assert(!br_past_is_heard(&past, day(10)));
    ck_assert(br_past_is_heard(&past, day(10) + 1));
    ck_assert(br_past_is_heard(&past, day(11)));
    ck_assert(br_past_is_heard(&past, day(12)));
    ck_assert(!br_past_is_heard(&past, day(12) + 1));
    ck_assert_int_eq(past.first_utc_ms, day(10));
    ck_assert_int_eq(past.last_utc_ms, day(11));
}
END_TEST

START_TEST(a_silence_between)
{
    static const int orders[3][3] = {{10, 20, 21}, {21, 20, 10}, {20, 10, 21}};
    for (size_t i = 0; i < 3; i++) {
        struct br_past past;
        br_past_init(&past);
        for (size_t j = 0; j < 3; j++)
            br_past_hear(&past, day(orders[i][j]));
        ck_assert(br_past_is_heard(&past, day(11)));
        ck_assert(!br_past_is_heard(&past, day(11) + 1));
        ck_assert(!br_past_is_heard(&past, day(20)));
        ck_assert(br_past_is_heard(&past, day(20) + 1));
        ck_assert(br_past_is_heard(&past, day(22)));
        ck_assert(!br_past_is_heard(&past, day(9)));
    }
}
END_TEST

START_TEST(late_ones_close_a_silence)
{
    struct br_past past;
    br_past_init(&past);
    br_past_hear(&past, day(10));
    br_past_hear(&past, day(14));
    br_past_hear(&past, day(13)); /* the last spell begins earlier */
    ck_assert(br_past_is_heard(&past, day(13) + 1));
    ck_assert(!br_past_is_heard(&past, day(12)));
    br_past_hear(&past, day(11)); /* the one before it ends later */
    ck_assert(br_past_is_heard(&past, day(12)));
    ck_assert(!br_past_is_heard(&past, day(12) + 1));
    br_past_hear(&past, day(12)); /* both are one */
    for (int number = 11; number < 16; number++)
        ck_assert(br_past_is_heard(&past, day(number)));
    ck_assert(!br_past_is_heard(&past, day(10)));
    br_past_hear(&past, day(9));
    ck_assert(br_past_is_heard(&past, day(10)));
}
END_TEST

START_TEST(more_silences_than_are_remembered)
{
    struct br_past past;
    br_past_init(&past);
    br_past_hear(&past, day(5));
    br_past_hear(&past, day(10));
    br_past_hear(&past, day(15));
    ck_assert(!br_past_is_heard(&past, day(14)));
    ck_assert(br_past_is_heard(&past, day(11)));
    ck_assert(br_past_is_heard(&past, day(8))); /* whether it was is not known any more */
    ck_assert(!br_past_is_heard(&past, day(5)));
    br_past_hear(&past, day(12) + 1); /* alone: the spell before the last is this one */
    ck_assert(br_past_is_heard(&past, day(13)));
    ck_assert(!br_past_is_heard(&past, day(14)));
}
END_TEST

/* ---- capacities */

static bool hear_with(struct store *s, struct br_past *past, const char *at, int32_t capacity, unsigned bits)
{
    int64_t until;
    struct br_reading reading = reading_at(time_of(at), 5);
    reading.bits = (uint8_t)bits;
    if (capacity >= 0) {
        reading.known |= BR_KNOWN(BR_PARKING_CAPACITY);
        reading.value[BR_PARKING_CAPACITY] = capacity;
    }
    bool tells = br_past_tells(past, &reading, &until);
    ck_assert_int_gt(until, reading.observed_at_utc_ms);
    ck_assert_int_eq(br_readings_append(s->readings, &s->head, &reading), 0);
    if (tells)
        ck_assert(br_past_tell(past, s->readings, s->head, reading.observed_at_utc_ms, INT64_MIN, &s->list));
    return tells;
}

static int32_t told(const struct br_past *past, const char *before)
{
    return br_past_capacity(past, time_of(before));
}

START_TEST(the_last_capacity_before_a_time)
{
    struct store s;
    struct br_past past;
    begin(&s, INT64_MAX);
    br_past_init(&past);
    ck_assert(!hear_with(&s, &past, "10:00:00", -1, 0));
    ck_assert(hear_with(&s, &past, "10:01:00", 100, 0));
    ck_assert(!hear_with(&s, &past, "10:02:00", 100, 0));
    ck_assert(!hear_with(&s, &past, "10:03:00", -1, 0));
    ck_assert(hear_with(&s, &past, "10:04:00", 0, 0));
    ck_assert_int_eq(told(&past, "10:01:00"), -1);
    ck_assert_int_eq(told(&past, "10:01:01"), 100);
    ck_assert_int_eq(told(&past, "10:04:00"), 100);
    ck_assert_int_eq(told(&past, "10:04:01"), 0);
    ck_assert_int_eq(told(&past, "23:00:00"), 0);
    br_past_free(&past);
    end(&s);
}
END_TEST

START_TEST(order_does_not_matter)
{
    static const char *const at[] = {"10:00:00", "10:01:00", "10:02:00", "10:03:00"};
    static const int32_t capacity[] = {100, 100, 90, 100};
    for (int order = 0; order < 256; order++) {
        struct store s;
        struct br_past past;
        int next[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        if ((1 << next[0] | 1 << next[1] | 1 << next[2] | 1 << next[3]) != 15)
            continue;
        begin(&s, INT64_MAX);
        br_past_init(&past);
        for (int i = 0; i < 4; i++)
            hear_with(&s, &past, at[next[i]], capacity[next[i]], 0);
        ck_assert_uint_eq(past.told_count, 3);
        ck_assert_int_eq(told(&past, "10:00:00"), -1);
        ck_assert_int_eq(told(&past, "10:02:00"), 100);
        ck_assert_int_eq(told(&past, "10:03:00"), 90);
        ck_assert_int_eq(told(&past, "10:04:00"), 100);
        br_past_free(&past);
        end(&s);
    }
}
END_TEST

START_TEST(corrected_and_withdrawn)
{
    struct store s;
    struct br_past past;
    begin(&s, INT64_MAX);
    br_past_init(&past);
    hear_with(&s, &past, "10:00:00", 100, 0);
    hear_with(&s, &past, "10:01:00", 9999, 0);
    hear_with(&s, &past, "10:02:00", 9999, 0);
    ck_assert(hear_with(&s, &past, "10:01:00", 9999, BR_READING_WITHDRAWN)); /* the next one tells it too */
    ck_assert_int_eq(told(&past, "10:02:00"), 100);
    ck_assert_int_eq(told(&past, "10:03:00"), 9999);
    ck_assert(hear_with(&s, &past, "10:02:00", 110, 0)); /* corrected */
    ck_assert_int_eq(told(&past, "10:03:00"), 110);
    ck_assert(hear_with(&s, &past, "10:02:00", -1, 0)); /* and corrected to none */
    ck_assert_int_eq(told(&past, "10:03:00"), 100);
    ck_assert(hear_with(&s, &past, "10:00:00", 100, BR_READING_WITHDRAWN));
    ck_assert_int_eq(told(&past, "10:03:00"), -1);
    br_past_free(&past);
    end(&s);
}
END_TEST

START_TEST(until_the_next_one)
{
    struct store s;
    struct br_past past;
    int64_t until;
    struct br_reading reading = reading_at(time_of("10:01:30"), 5);
    begin(&s, INT64_MAX);
    br_past_init(&past);
    hear_with(&s, &past, "10:01:00", 100, 0);
    hear_with(&s, &past, "10:05:00", 90, 0);
    ck_assert(!br_past_tells(&past, &reading, &until)); /* it has none */
    reading.known |= BR_KNOWN(BR_PARKING_CAPACITY);
    reading.value[BR_PARKING_CAPACITY] = 90;
    ck_assert(br_past_tells(&past, &reading, &until));
    ck_assert_int_eq(until, time_of("10:05:00") + 1);
    reading.observed_at_utc_ms = time_of("10:06:00");
    ck_assert(!br_past_tells(&past, &reading, &until));
    reading.value[BR_PARKING_CAPACITY] = 80;
    ck_assert(br_past_tells(&past, &reading, &until));
    ck_assert_int_eq(until, INT64_MAX);
    br_past_free(&past);
    end(&s);
}
END_TEST

START_TEST(what_nobody_asks_for_goes)
{
    struct store s;
    struct br_past past;
    struct br_reading reading = reading_at(time_of("10:04:00"), 5);
    begin(&s, INT64_MAX);
    br_past_init(&past);
    hear_with(&s, &past, "10:00:00", 100, 0);
    hear_with(&s, &past, "10:01:00", 110, 0);
    hear_with(&s, &past, "10:02:00", 120, 0);
    hear_with(&s, &past, "10:03:00", 130, 0);
    reading.known |= BR_KNOWN(BR_PARKING_CAPACITY);
    reading.value[BR_PARKING_CAPACITY] = 140;
    ck_assert_int_eq(br_readings_append(s.readings, &s.head, &reading), 0);
    ck_assert(br_past_tell(&past, s.readings, s.head, time_of("10:04:00"), time_of("10:02:00"), &s.list));
    ck_assert_uint_eq(past.told_count, 4); /* that of 10:01 holds until 10:02 */
    ck_assert_int_eq(told(&past, "10:01:00"), -1);
    ck_assert_int_eq(told(&past, "10:02:00"), 110);
    ck_assert_int_eq(told(&past, "10:05:00"), 140);
    ck_assert(br_past_tell(&past, s.readings, s.head, time_of("10:04:00"), time_of("23:00:00"), &s.list));
    ck_assert_uint_eq(past.told_count, 1); /* the last one stays */
    ck_assert_int_eq(told(&past, "23:00:00"), 140);
    br_past_free(&past);
    end(&s);
}
END_TEST

START_TEST(no_more_than_the_limit)
{
    struct br_past past;
    br_past_init(&past);
    for (int i = 0; i < BR_TOLD_MAX; i++)
        ck_assert(br_past_add(&past, i, i));
    ck_assert(!br_past_add(&past, BR_TOLD_MAX, BR_TOLD_MAX));
    ck_assert_int_eq(br_past_capacity(&past, 1), 0);
    struct store s;
    begin(&s, INT64_MAX);
    struct br_reading reading = reading_at(BR_TOLD_MAX + 5, 5);
    reading.known |= BR_KNOWN(BR_PARKING_CAPACITY);
    ck_assert_int_eq(br_readings_append(s.readings, &s.head, &reading), 0);
    ck_assert(br_past_tell(&past, s.readings, s.head, BR_TOLD_MAX + 5, INT64_MIN, &s.list));
    ck_assert_uint_eq(past.told_count, BR_TOLD_MAX);
    ck_assert_int_eq(br_past_capacity(&past, 1), -1); /* the first one went */
    ck_assert_int_eq(br_past_capacity(&past, 2), 1);
    ck_assert_int_eq(br_past_capacity(&past, INT64_MAX), 0);
    br_past_free(&past);
    end(&s);
}
END_TEST

START_TEST(other_kinds_tell_no_capacity)
{
    struct br_past past;
    int64_t until;
    struct br_reading reading = {.observed_at_utc_ms = 1000,
                                 .kind = BR_KIND_TRAFFIC,
                                 .known = BR_KNOWN(BR_TRAFFIC_FLOW_MILLI),
                                 .value = {5}};
    br_past_init(&past);
    ck_assert(!br_past_tells(&past, &reading, &until));
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_was_heard);
    tcase_add_test(tcase, heard_in_the_day_before);
    tcase_add_test(tcase, a_silence_between);
    tcase_add_test(tcase, late_ones_close_a_silence);
    tcase_add_test(tcase, more_silences_than_are_remembered);
    tcase_add_test(tcase, the_last_capacity_before_a_time);
    tcase_add_test(tcase, order_does_not_matter);
    tcase_add_test(tcase, corrected_and_withdrawn);
    tcase_add_test(tcase, until_the_next_one);
    tcase_add_test(tcase, what_nobody_asks_for_goes);
    tcase_add_test(tcase, no_more_than_the_limit);
    tcase_add_test(tcase, other_kinds_tell_no_capacity);
}

UNIT_MAIN("past", tests)
