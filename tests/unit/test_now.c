/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/now.h"

#include <time.h>

#include "tests/unit/failing_malloc.h"
#include "tests/unit/unit.h"

/* The clocks of this test: the program's own clock_gettime is the one that the daemon's modules find. */
static int64_t wall_ms, mono_ms;

int clock_gettime(clockid_t id, struct timespec *time)
{
    int64_t ms = id == CLOCK_REALTIME ? wall_ms : mono_ms;
    *time = (struct timespec){ms / 1000, ms % 1000 * 1000000};
    return 0;
}

static struct br_now *begin(void)
{
    wall_ms = INT64_C(1787000000000);
    mono_ms = 5000000;
    struct br_now *now = br_now_open();
    ck_assert_ptr_nonnull(now);
    ck_assert_int_eq(br_now_utc_ms(now), wall_ms);
    return now;
}

static void pass(int64_t ms)
{
    wall_ms += ms;
    mono_ms += ms;
}

START_TEST(runs_with_the_monotonic_clock)
{
    struct br_now *now = begin();
    pass(1234);
    ck_assert_int_eq(br_now_utc_ms(now), INT64_C(1787000001234));
    wall_ms -= 3600000; /* between two checks a step is not seen at all */
    ck_assert_int_eq(br_now_utc_ms(now), INT64_C(1787000001234));
    br_now_close(now);
}
END_TEST

START_TEST(follows_what_is_slewed)
{
    struct br_now *now = begin();
    pass(1000);
    wall_ms += 5000;
    ck_assert_int_eq(br_now_check(now), 0);
    ck_assert_int_eq(br_now_utc_ms(now), wall_ms);
    wall_ms -= 5000;
    ck_assert_int_eq(br_now_check(now), 0);
    ck_assert_int_eq(br_now_utc_ms(now), wall_ms);
    br_now_close(now);
}
END_TEST

START_TEST(a_step_is_told_once_and_waits_ten_minutes)
{
    struct br_now *now = begin();
    wall_ms += 5001;
    ck_assert_int_eq(br_now_check(now), 5001);
    int64_t apart = wall_ms - br_now_utc_ms(now);
    ck_assert_int_eq(apart, 5001);
    for (int second = 1; second < 600; second++) {
        pass(1000);
        ck_assert_int_eq(br_now_check(now), 0);
        ck_assert_int_eq(wall_ms - br_now_utc_ms(now), apart);
    }
    pass(999);
    br_now_check(now);
    ck_assert_int_eq(wall_ms - br_now_utc_ms(now), apart);
    pass(1);
    ck_assert_int_eq(br_now_check(now), 0);
    ck_assert_int_eq(br_now_utc_ms(now), wall_ms);
    br_now_close(now);
}
END_TEST

START_TEST(a_step_back_that_is_taken_back)
{
    struct br_now *now = begin();
    wall_ms -= 86400000;
    ck_assert_int_eq(br_now_check(now), -86400000);
    pass(300000);
    ck_assert_int_eq(br_now_check(now), 0);
    wall_ms += 86400000;
    ck_assert_int_eq(br_now_check(now), 0);
    ck_assert_int_eq(br_now_utc_ms(now), wall_ms);
    wall_ms -= 86400000; /* the ten minutes begin anew */
    ck_assert_int_eq(br_now_check(now), -86400000);
    pass(599000);
    ck_assert_int_eq(br_now_check(now), 0);
    ck_assert_int_eq(br_now_utc_ms(now) - wall_ms, 86400000);
    br_now_close(now);
}
END_TEST

START_TEST(a_second_step_is_told_too)
{
    struct br_now *now = begin();
    wall_ms += 60000;
    ck_assert_int_eq(br_now_check(now), 60000);
    pass(500000);
    wall_ms += 60000;
    ck_assert_int_eq(br_now_check(now), 120000);
    pass(500000); /* 1,000 s after the first one, but only 500 after the second */
    wall_ms += 4000;
    ck_assert_int_eq(br_now_check(now), 0); /* that is no step of its own */
    ck_assert_int_eq(wall_ms - br_now_utc_ms(now), 124000);
    pass(100000);
    ck_assert_int_eq(br_now_check(now), 0);
    ck_assert_int_eq(br_now_utc_ms(now), wall_ms);
    br_now_close(now);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(without_memory)
{
    failing_arm(1);
    struct br_now *now = br_now_open();
    failing_disarm();
    ck_assert_ptr_null(now);
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, runs_with_the_monotonic_clock);
    tcase_add_test(tcase, follows_what_is_slewed);
    tcase_add_test(tcase, a_step_is_told_once_and_waits_ten_minutes);
    tcase_add_test(tcase, a_step_back_that_is_taken_back);
    tcase_add_test(tcase, a_second_step_is_told_too);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("now", tests)
