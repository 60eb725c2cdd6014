/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Readings where the disk, the memory or the folder does not do its part, and after a restart. */
#include "daemon/flow/readings.h"

#include <signal.h>

#include <sys/resource.h>

#include "tests/unit/failing_malloc.h"
#include "tests/unit/readings_fixture.h"

/* What a checkpoint names is kept as far as it goes: what came after it is told again. */
START_TEST(hours_are_taken_back)
{
    struct store s;
    struct br_readings_hour hours[4];
    int error, files[4];
    begin(&s, 1 << 30);
    append(&s, "09:00:00", 1);
    append(&s, "10:00:00", 2);
    append(&s, "11:00:00", 3);
    br_link head = s.head;
    ck_assert_uint_eq(br_readings_hours(s.readings, hours, 1), 3);
    ck_assert_uint_eq(br_readings_hours(s.readings, hours, 4), 3);
    ck_assert_uint_eq(hours[1].count, 1);
    ck_assert_uint_eq(br_readings_files(s.readings, files, 1), 3);
    ck_assert_int_eq(close(files[0]), 0);
    ck_assert_uint_eq(br_readings_files(s.readings, files, 4), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(close(files[i]), 0);
    append(&s, "11:01:00", 4);
    append(&s, "12:00:00", 5);
    int64_t size = br_readings_size(s.readings);
    br_readings_close(s.readings);

    hours[0] = hours[2]; /* in any order, and one that is not there any more */
    hours[2] = hours[1];
    hours[1] = (struct br_readings_hour){hours[0].number - 9, 1, false};
    s.readings = br_readings_open(s.dir, 1 << 30, hours, 3, &error);
    ck_assert_ptr_nonnull(s.readings);
    ck_assert_uint_eq(file_count(&s), 2);
    ck_assert_int_eq(br_readings_size(s.readings), size / 2);
    s.head = head;
    ck_assert_str_eq(between(&s, "08:00:00", "13:00:00", NULL), "2 3");
    append(&s, "11:02:00", 6);
    ck_assert_str_eq(between(&s, "08:00:00", "13:00:00", NULL), "2 3 6");
    end(&s);
}
END_TEST

START_TEST(an_hour_that_is_too_short)
{
    struct store s;
    struct br_readings_hour hour;
    int error = 0;
    char path[160];
    begin(&s, 1 << 30);
    append(&s, "09:00:00", 1);
    br_readings_hours(s.readings, &hour, 1);
    br_readings_close(s.readings);
    hour.count = 64 * 1024 / 48 + 1;
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    ck_assert_ptr_null(s.readings);
    ck_assert_int_eq(error, -EBADMSG);
    hour.count = 1;
    snprintf(path, sizeof path, "%s/%010u.readings", s.dir, hour.number);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    ck_assert_ptr_null(s.readings);
    ck_assert_int_eq(error, -EISDIR);
    end(&s);
}
END_TEST

/* A copy that was taken while the file grew: it is long enough, but ends in zeros. */
START_TEST(an_hour_that_ends_in_zeros)
{
    struct store s;
    struct br_readings_hour hour;
    int error = 0;
    begin(&s, 1 << 30);
    append(&s, "09:00:00", 1);
    append(&s, "09:10:00", 2);
    br_readings_hours(s.readings, &hour, 1);
    br_readings_close(s.readings);
    hour.count = 3;
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    ck_assert_ptr_null(s.readings);
    ck_assert_int_eq(error, -EBADMSG);
    hour.count = 2;
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    ck_assert_ptr_nonnull(s.readings);
    end(&s);
}
END_TEST

START_TEST(an_hour_that_is_needed)
{
    struct store s;
    struct br_readings_hour hour = {.number = 12345, .count = 1, .needed = true};
    int error = 0;
    begin(&s, 1 << 30);
    br_readings_close(s.readings);
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    ck_assert_ptr_null(s.readings);
    ck_assert_int_eq(error, -EBADMSG);
    hour.needed = false; /* so old that it may have been forgotten */
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    ck_assert_ptr_nonnull(s.readings);
    end(&s);
}
END_TEST

START_TEST(a_folder_that_cannot_be)
{
    struct store s;
    char path[128];
    int error = 0;
    begin(&s, 1 << 30);
    ck_assert_ptr_null(br_readings_open("/proc/nowhere/readings", 1, NULL, 0, &error));
    ck_assert_int_eq(error, -ENOENT);
    snprintf(path, sizeof path, "%s/file", s.dir);
    fclose(fopen(path, "w"));
    ck_assert_ptr_null(br_readings_open(path, 1, NULL, 0, &error));
    ck_assert_int_eq(error, -ENOTDIR);
    br_readings_close(NULL);
    end(&s);
}
END_TEST

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What the disk does not take is kept in memory, and brought to it when it does. */
START_TEST(a_disk_that_gives_no_more)
{
    struct store s;
    struct br_readings_hour hours[2];
    int error = 0, files[2];
    begin(&s, 1 << 30);
    append(&s, "09:00:00", 1);
    limit_files(32 * 1024);
    append(&s, "10:00:00", 2);
    append(&s, "10:00:01", 3);
    int landed = br_readings_land(s.readings);
    limit_files(RLIM_INFINITY);
    ck_assert_int_eq(landed, -EFBIG);
    ck_assert_int_eq(br_readings_size(s.readings), 2 * 64 * 1024);
    ck_assert_str_eq(between(&s, "09:00:00", "11:00:00", NULL), "1 2 3");
    ck_assert_uint_eq(br_readings_files(s.readings, files, 2), 2);
    ck_assert_int_eq(close(files[0]), 0);
    ck_assert_int_lt(files[1], 0);

    ck_assert_int_eq(br_readings_land(s.readings), 0);
    append(&s, "10:00:02", 4);
    ck_assert_uint_eq(br_readings_hours(s.readings, hours, 2), 2);
    br_link head = s.head;
    br_readings_close(s.readings);
    s.readings = br_readings_open(s.dir, 1 << 30, hours, 2, &error);
    ck_assert_ptr_nonnull(s.readings);
    s.head = head;
    ck_assert_str_eq(between(&s, "09:00:00", "11:00:00", NULL), "1 2 3 4");
    end(&s);
}
END_TEST

START_TEST(a_file_that_cannot_grow)
{
    struct store s;
    int error = 0; /* nothing is asserted while files are limited: Check writes to one */
    begin(&s, 1 << 30);
    limit_files(64 * 1024); /* the first size, but no second one */
    for (int i = 0; i < 5000; i++) {
        struct br_reading reading = reading_at(time_of("10:00:00") + i, i);
        error |= br_readings_append(s.readings, &s.head, &reading);
    }
    limit_files(RLIM_INFINITY);
    ck_assert_int_eq(error, 0);
    ck_assert(br_readings_between(s.readings, s.head, 0, INT64_MAX, INT64_MAX, &s.list));
    ck_assert_uint_eq(s.list.count, 5000);
    for (int i = 0; i < 5000; i++)
        ck_assert_int_eq(s.list.at[i].value[BR_PARKING_VACANT], i);
    ck_assert_int_eq(br_readings_land(s.readings), 0);
    ck_assert(br_readings_between(s.readings, s.head, 0, INT64_MAX, INT64_MAX, &s.list));
    ck_assert_uint_eq(s.list.count, 5000);
    br_readings_forget(s.readings, time_of("12:00:00"));
    ck_assert_int_eq(br_readings_size(s.readings), 0);
    ck_assert_uint_eq(file_count(&s), 0);
    end(&s);
}
END_TEST

START_TEST(a_folder_that_went_away)
{
    struct store s;
    begin(&s, 1 << 30);
    ck_assert_int_eq(rmdir(s.dir), 0);
    append(&s, "10:00:00", 1);
    ck_assert_int_eq(br_readings_land(s.readings), -ENOENT);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "1");
    ck_assert_int_eq(mkdir(s.dir, 0700), 0);
    ck_assert_int_eq(br_readings_land(s.readings), 0);
    ck_assert_uint_eq(file_count(&s), 1);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "1");
    end(&s);
}
END_TEST

/* Nothing is left of what could not be put in its place. */
START_TEST(a_place_that_is_taken)
{
    struct store s;
    char path[160];
    struct br_readings_hour hour;
    begin(&s, 1 << 30);
    append(&s, "10:00:00", 1);
    br_readings_hours(s.readings, &hour, 1);
    br_readings_forget(s.readings, time_of("12:00:00"));
    snprintf(path, sizeof path, "%s/%010u.readings", s.dir, hour.number);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    append(&s, "10:00:00", 2);
    ck_assert_int_eq(br_readings_land(s.readings), -EISDIR);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "2");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_uint_eq(file_count(&s), 0);
    ck_assert_int_eq(br_readings_land(s.readings), 0);
    ck_assert_uint_eq(file_count(&s), 1);
    end(&s);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(no_address_space)
{
    struct store s;
    struct rlimit old, none;
    struct br_reading reading = reading_at(time_of("10:00:00"), 1);
    begin(&s, 1 << 30);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    none = (struct rlimit){1, old.rlim_max};
    append(&s, "09:00:00", 1);
    setrlimit(RLIMIT_AS, &none);
    int error = br_readings_append(s.readings, &s.head, &reading);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(error, -ENOMEM);
    append(&s, "10:00:00", 2);
    ck_assert_str_eq(between(&s, "09:00:00", "11:00:00", NULL), "1 2");

    limit_files(32 * 1024);
    append(&s, "11:00:00", 3); /* in memory, and there is no room to bring it to the disk */
    limit_files(RLIM_INFINITY);
    setrlimit(RLIMIT_AS, &none);
    error = br_readings_land(s.readings);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(error, -ENOMEM);
    ck_assert_int_eq(br_readings_land(s.readings), 0);
    ck_assert_str_eq(between(&s, "09:00:00", "12:00:00", NULL), "1 2 3");

    br_link head = s.head;
    setrlimit(RLIMIT_AS, &none); /* the file's first size is full, and there is no room for a second one */
    for (error = 0; !error;) {
        head = s.head;
        error = br_readings_append(s.readings, &s.head, &reading);
    }
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(error, -ENOMEM);
    ck_assert_uint_eq(s.head, head);

    struct br_readings_hour hour;
    br_readings_hours(s.readings, &hour, 1);
    br_readings_close(s.readings);
    setrlimit(RLIMIT_AS, &none);
    s.readings = br_readings_open(s.dir, 1 << 30, &hour, 1, &error);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_ptr_null(s.readings);
    ck_assert_int_eq(error, -ENOMEM);
    end(&s);
}
END_TEST

/* The list of hours cannot be made while one is taken back. */
static void without_memory_for_an_hour(void)
{
    struct store other;
    struct br_readings_hour hour;
    bool opened = false;
    begin(&other, 1 << 30);
    append(&other, "09:00:00", 1);
    br_readings_hours(other.readings, &hour, 1);
    br_readings_close(other.readings);
    long live = failing_live();
    for (long nth = 1; !opened; nth++) {
        int error = 0;
        failing_arm(nth);
        other.readings = br_readings_open(other.dir, 1 << 30, &hour, 1, &error);
        failing_disarm();
        opened = other.readings != NULL;
        ck_assert_int_eq(error, opened ? 0 : -ENOMEM);
        ck_assert(opened || failing_live() == live);
    }
    end(&other);
}

/* Every allocation fails in turn: an error is told, what was there stays, nothing is lost. */
START_TEST(without_memory)
{
    struct store s;
    begin(&s, 1 << 30);
    long live = failing_live();
    bool opened = false;
    for (long nth = 1; !opened; nth++) {
        int error = 0;
        failing_arm(nth);
        struct br_readings *readings = br_readings_open(s.dir, 1 << 30, NULL, 0, &error);
        failing_disarm();
        opened = readings != NULL;
        ck_assert_int_eq(error, opened ? 0 : -ENOMEM);
        br_readings_close(readings);
        ck_assert_int_eq(failing_live(), live);
    }
    struct br_reading reading = reading_at(time_of("10:00:00"), 1);
    without_memory_for_an_hour();
    failing_arm(1);
    int error = br_readings_append(s.readings, &s.head, &reading);
    failing_disarm();
    ck_assert_int_eq(error, -ENOMEM);
    ck_assert_uint_eq(s.head, 0);
    append(&s, "10:00:00", 1);
    failing_arm(1);
    bool got = br_readings_between(s.readings, s.head, 0, INT64_MAX, INT64_MAX, &s.list);
    failing_disarm();
    ck_assert(!got);
    ck_assert_str_eq(between(&s, "10:00:00", "11:00:00", NULL), "1");
    end(&s);
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, hours_are_taken_back);
    tcase_add_test(tcase, an_hour_that_is_too_short);
    tcase_add_test(tcase, an_hour_that_ends_in_zeros);
    tcase_add_test(tcase, an_hour_that_is_needed);
    tcase_add_test(tcase, a_folder_that_cannot_be);
    tcase_add_test(tcase, a_disk_that_gives_no_more);
    tcase_add_test(tcase, a_file_that_cannot_grow);
    tcase_add_test(tcase, a_folder_that_went_away);
    tcase_add_test(tcase, a_place_that_is_taken);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, no_address_space);
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("readings_limits", tests)
