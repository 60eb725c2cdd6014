/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/readings.h"

#include "tests/unit/readings_fixture.h"

START_TEST(spans_are_half_open)
{
    struct store s;
    begin(&s, 1 << 30);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "");
    append(&s, "10:00:00", 1);
    append(&s, "10:01:00", 2);
    append(&s, "10:59:59.999", 3);
    append(&s, "11:00:00", 4);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "1 2 3");
    ck_assert_str_eq(between(&s, "10:00:00.001", "11:00:00.001", NULL), "2 3 4");
    ck_assert_str_eq(between(&s, "11:00:00.001", "12:00:00", NULL), "");
    end(&s);
}
END_TEST

START_TEST(order_of_arrival_does_not_matter)
{
    struct store s;
    begin(&s, 1 << 30);
    append(&s, "10:03:00", 3);
    append(&s, "09:50:00", 0); /* another hour */
    append(&s, "10:05:00", 5);
    append(&s, "10:01:00", 1);
    append(&s, "10:04:00", 4);
    append(&s, "10:02:00", 2);
    ck_assert_str_eq(between(&s, "09:00:00", "11:00:00", NULL), "0 1 2 3 4 5");
    ck_assert_str_eq(between(&s, "10:02:00", "10:04:00", NULL), "2 3");
    end(&s);
}
END_TEST

START_TEST(carries_the_last_one_before)
{
    struct store s;
    begin(&s, 1 << 30);
    append(&s, "09:40:00", 1);
    append(&s, "09:50:00", 2);
    append(&s, "10:05:00", 3);
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:45:00"), "2 3");
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:49:59.999"), "2 3");
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:50:00"), "3"); /* newer than, not as old as */
    ck_assert_str_eq(between(&s, "10:05:00", "10:10:00", "09:00:00"), "3"); /* one begins with the span */
    ck_assert_str_eq(between(&s, "10:00:00", "10:05:00", "09:00:00"), "2");
    append(&s, "09:55:00", 4); /* late, and the one to carry now */
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:00:00"), "4 3");
    append(&s, "09:30:00", 5); /* late, and it changes nothing */
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:00:00"), "4 3");
    end(&s);
}
END_TEST

START_TEST(of_one_time_the_last_arrival_holds)
{
    struct store s;
    struct br_reading held;
    begin(&s, 1 << 30);
    append(&s, "10:00:00", 1);
    append(&s, "10:01:00", 2);
    append(&s, "10:00:00", 7);
    append(&s, "10:00:00", 8);
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", NULL), "8 2");
    ck_assert_str_eq(between(&s, "10:00:30", "10:10:00", "09:00:00"), "8 2");
    ck_assert(br_readings_at(s.readings, s.head, time_of("10:00:00"), &held));
    ck_assert_int_eq(held.value[BR_PARKING_VACANT], 8);
    ck_assert(br_readings_at(s.readings, s.head, time_of("10:01:00"), &held));
    ck_assert_int_eq(held.value[BR_PARKING_VACANT], 2);
    ck_assert(!br_readings_at(s.readings, s.head, time_of("10:00:30"), &held));
    ck_assert(!br_readings_at(s.readings, s.head, time_of("10:02:00"), &held));
    ck_assert(!br_readings_at(s.readings, s.head, time_of("09:00:00"), &held));
    ck_assert(!br_readings_at(s.readings, 0, time_of("10:00:00"), &held));
    end(&s);
}
END_TEST

START_TEST(what_was_withdrawn_counts_for_nothing)
{
    struct store s;
    struct br_reading withdrawn = reading_at(time_of("09:55:00"), 2), held;
    withdrawn.bits = BR_READING_WITHDRAWN;
    begin(&s, 1 << 30);
    append(&s, "09:50:00", 1);
    append(&s, "09:55:00", 2);
    append(&s, "10:05:00", 3);
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:00:00"), "2 3");
    ck_assert_int_eq(br_readings_append(s.readings, &s.head, &withdrawn), 0);
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:00:00"), "1 3");
    ck_assert_str_eq(between(&s, "09:00:00", "10:10:00", NULL), "1 3");
    ck_assert(br_readings_at(s.readings, s.head, time_of("09:55:00"), &held)); /* it is known as such */
    ck_assert_uint_eq(held.bits, BR_READING_WITHDRAWN);
    end(&s);
}
END_TEST

START_TEST(chains_do_not_mix)
{
    struct store s;
    struct br_reading reading;
    br_link other = 0;
    begin(&s, 1 << 30);
    for (int i = 0; i < 5000;
         i++) { /* more than the first size of a file, and more than a list begins with */
        reading = reading_at(time_of("10:00:00") + i, i);
        ck_assert_int_eq(br_readings_append(s.readings, i % 2 ? &other : &s.head, &reading), 0);
    }
    ck_assert(br_readings_between(s.readings, s.head, 0, INT64_MAX, INT64_MAX, &s.list));
    ck_assert_uint_eq(s.list.count, 2500);
    for (size_t i = 0; i < s.list.count; i++)
        ck_assert_int_eq(s.list.at[i].value[BR_PARKING_VACANT], (int)i * 2);
    ck_assert(br_readings_between(s.readings, other, 0, INT64_MAX, INT64_MAX, &s.list));
    ck_assert_uint_eq(s.list.count, 2500);
    ck_assert_int_eq(s.list.at[0].value[BR_PARKING_VACANT], 1);
    ck_assert_uint_eq(file_count(&s), 1);
    end(&s);
}
END_TEST

START_TEST(grows_by_larger_steps)
{
    struct store s;
    struct br_reading reading = reading_at(time_of("10:00:00"), 1);
    begin(&s, 1 << 30);
    int64_t before = 0;
    for (int i = 0; i < 200000; i++) /* past 8 MiB, where steps stop to grow */
        ck_assert_int_eq(br_readings_append(s.readings, &s.head, &reading), 0);
    ck_assert_int_ge(br_readings_size(s.readings), 200000 * 48);
    ck_assert_int_le(br_readings_size(s.readings), 200000 * 48 + (4 << 20));
    before = br_readings_size(s.readings);
    br_readings_forget(s.readings, time_of("11:00:00"));
    ck_assert_int_eq(br_readings_size(s.readings), 0);
    ck_assert_int_gt(before, 0);
    end(&s);
}
END_TEST

START_TEST(forgets_whole_hours)
{
    struct store s;
    struct br_reading held;
    begin(&s, 1 << 30);
    append(&s, "08:10:00", 8);
    append(&s, "09:10:00", 9);
    append(&s, "10:10:00", 10);
    ck_assert_uint_eq(file_count(&s), 3);
    br_readings_forget(s.readings, time_of("08:59:59.999"));
    ck_assert_uint_eq(file_count(&s), 3);
    br_readings_forget(s.readings, time_of("09:00:00"));
    ck_assert_uint_eq(file_count(&s), 2);
    ck_assert_str_eq(between(&s, "08:00:00", "11:00:00", NULL), "9 10");
    ck_assert(!br_readings_at(s.readings, s.head, time_of("08:10:00"), &held));
    br_readings_forget(s.readings, time_of("23:00:00"));
    ck_assert_uint_eq(file_count(&s), 0);
    ck_assert_str_eq(between(&s, "08:00:00", "11:00:00", NULL), "");
    append(&s, "10:20:00", 11); /* the hour comes back, and links into the old one lead nowhere */
    ck_assert_str_eq(between(&s, "08:00:00", "11:00:00", NULL), "11");
    end(&s);
}
END_TEST

/* An hour stays while the way to a younger reading leads through it; others of its age go. */
START_TEST(an_hour_that_leads_on_stays)
{
    struct store s;
    struct br_readings_hour hours[4];
    struct br_reading held, other = reading_at(time_of("09:30:00"), 9);
    br_link other_head = 0;
    int error;
    begin(&s, 1 << 30);
    append(&s, "10:10:00", 1);
    append(&s, "08:10:00", 2); /* late */
    append(&s, "10:20:00", 3);
    ck_assert_int_eq(br_readings_append(s.readings, &other_head, &other), 0);
    br_readings_forget(s.readings, time_of("10:00:00"));
    ck_assert_uint_eq(file_count(&s), 2); /* 08 and 10 */
    ck_assert_str_eq(between(&s, "08:00:00", "11:00:00", NULL), "2 1 3");

    size_t count = br_readings_hours(s.readings, hours, 4); /* the same after a restart */
    br_readings_close(s.readings);
    s.readings = br_readings_open(s.dir, 1 << 30, hours, count, &error);
    ck_assert_ptr_nonnull(s.readings);
    br_readings_forget(s.readings, time_of("10:10:00"));
    ck_assert(br_readings_at(s.readings, s.head, time_of("10:10:00"), &held));
    ck_assert_uint_eq(file_count(&s), 2);
    br_readings_forget(s.readings, time_of("10:10:00.001"));
    ck_assert_uint_eq(file_count(&s), 1);
    ck_assert_str_eq(between(&s, "10:10:00.001", "11:00:00", NULL), "3");
    end(&s);
}
END_TEST

START_TEST(what_expired_counts_for_nothing)
{
    struct store s;
    struct br_reading expired = reading_at(time_of("09:55:00"), 2);
    expired.bits = BR_READING_EXPIRED;
    begin(&s, 1 << 30);
    append(&s, "09:50:00", 1);
    append(&s, "09:55:00", 2);
    ck_assert_int_eq(br_readings_append(s.readings, &s.head, &expired), 0);
    append(&s, "10:05:00", 3);
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:00:00"), "1 3");
    append(&s, "09:55:00", 4); /* a correction that came when the place was known */
    ck_assert_str_eq(between(&s, "10:00:00", "10:10:00", "09:00:00"), "4 3");
    end(&s);
}
END_TEST

START_TEST(past_its_size_the_oldest_hour_goes)
{
    struct store s;
    begin(&s, 3 * 64 * 1024);
    append(&s, "05:00:00", 5);
    append(&s, "07:00:00", 7);
    append(&s, "06:00:00", 6);
    append(&s, "08:00:00", 8);
    ck_assert_uint_eq(file_count(&s), 4); /* one more than there may be: known only now */
    ck_assert_uint_eq(br_readings_pushed(s.readings), 0);
    append(&s, "09:00:00", 9);
    ck_assert_uint_eq(file_count(&s), 4);
    ck_assert_uint_eq(br_readings_pushed(s.readings), 1);
    ck_assert_uint_eq(br_readings_pushed(s.readings), 0); /* told once */
    ck_assert_str_eq(between(&s, "06:30:00", "11:00:00", NULL), "7 8 9");
    end(&s);
}
END_TEST

START_TEST(the_last_hour_stays)
{
    struct store s;
    begin(&s, 0);
    append(&s, "10:00:00", 1);
    append(&s, "10:01:00", 2);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "1 2");
    append(&s, "11:00:00", 3);
    append(&s, "11:01:00", 4);
    ck_assert_str_eq(between(&s, "10:00:00", "12:00:00", NULL), "3 4");
    ck_assert_uint_eq(file_count(&s), 1);
    end(&s);
}
END_TEST

START_TEST(times_that_no_file_holds)
{
    struct store s;
    struct br_reading early = reading_at(-1, 1), far = reading_at(INT64_MAX, 1);
    begin(&s, 1 << 30);
    ck_assert_int_eq(br_readings_append(s.readings, &s.head, &early), -ERANGE);
    ck_assert_int_eq(br_readings_append(s.readings, &s.head, &far), -ERANGE);
    ck_assert_uint_eq(s.head, 0);
    end(&s);
}
END_TEST

START_TEST(what_a_process_left_goes)
{
    struct store s;
    char path[128];
    int error;
    begin(&s, 1 << 30);
    append(&s, "10:00:00", 1);
    snprintf(path, sizeof path, "%s/other.txt", s.dir);
    fclose(fopen(path, "w"));
    br_readings_close(s.readings);
    ck_assert_uint_eq(file_count(&s), 1);
    s.readings = br_readings_open(s.dir, 1 << 30, NULL, 0, &error);
    ck_assert_ptr_nonnull(s.readings);
    ck_assert_uint_eq(file_count(&s), 0);
    ck_assert_int_eq(access(path, F_OK), 0);
    end(&s);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, spans_are_half_open);
    tcase_add_test(tcase, order_of_arrival_does_not_matter);
    tcase_add_test(tcase, carries_the_last_one_before);
    tcase_add_test(tcase, of_one_time_the_last_arrival_holds);
    tcase_add_test(tcase, what_was_withdrawn_counts_for_nothing);
    tcase_add_test(tcase, chains_do_not_mix);
    tcase_add_test(tcase, grows_by_larger_steps);
    tcase_add_test(tcase, forgets_whole_hours);
    tcase_add_test(tcase, an_hour_that_leads_on_stays);
    tcase_add_test(tcase, what_expired_counts_for_nothing);
    tcase_add_test(tcase, past_its_size_the_oldest_hour_goes);
    tcase_add_test(tcase, the_last_hour_stays);
    tcase_add_test(tcase, times_that_no_file_holds);
    tcase_add_test(tcase, what_a_process_left_goes);
}

UNIT_MAIN("readings", tests)
