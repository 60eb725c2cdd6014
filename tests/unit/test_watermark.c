/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/watermark.h"

#include "daemon/core/clock.h"

#include "tests/unit/failing_malloc.h"
#include "tests/unit/unit.h"

#define MINUTE INT64_C(60000)

struct feeds {
    struct br_config_feed feed[2];
    struct br_config config;
    struct br_watermarks *marks;
};

/* Two feeds that report every minute; the second has a lateness of its own. */
static void begin(struct feeds *f)
{
    *f = (struct feeds){.feed = {{.interval_ms = MINUTE, .lateness_ms = 90000},
                                 {.interval_ms = 15 * MINUTE, .lateness_ms = 10000}}};
    f->config = (struct br_config){.feeds = f->feed, .feed_count = 2, .lateness_ms = 90000};
    f->marks = br_watermarks_open(&f->config);
    ck_assert_ptr_nonnull(f->marks);
}

START_TEST(nothing_heard)
{
    struct feeds f;
    int64_t end, heard;
    begin(&f);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, BR_TIME_NONE), BR_TIME_NONE);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1000000),
                     1000000 - 90000); /* the ticks decide */
    ck_assert_int_eq(br_watermarks_latest(f.marks, BR_TRAFFIC), BR_TIME_NONE);
    ck_assert(!br_watermarks_get(f.marks, 0, BR_TRAFFIC, &end, &heard));
    br_watermarks_close(f.marks);
    br_watermarks_close(NULL);
}
END_TEST

START_TEST(every_feed_must_have_passed)
{
    struct feeds f;
    int64_t end, heard;
    begin(&f);
    br_watermarks_heard(f.marks, 0, BR_TRAFFIC, 1000000, 1001000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000), 910000);
    br_watermarks_heard(f.marks, 1, BR_TRAFFIC, 800000, 1001000); /* its own lateness is 10 s */
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000), 790000);
    br_watermarks_heard(f.marks, 1, BR_TRAFFIC, 2000000, 1001000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000), 910000);
    br_watermarks_heard(f.marks, 0, BR_TRAFFIC, 900000, 1000000); /* what is late takes nothing back */
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000), 910000);
    ck_assert_int_eq(br_watermarks_latest(f.marks, BR_TRAFFIC), 2000000);
    ck_assert(br_watermarks_get(f.marks, 0, BR_TRAFFIC, &end, &heard));
    ck_assert(end == 1000000 && heard == 1001000);
    br_watermarks_close(f.marks);
}
END_TEST

START_TEST(domains_do_not_wait_for_each_other)
{
    struct feeds f;
    begin(&f);
    br_watermarks_heard(f.marks, 0, BR_TRAFFIC, 1000000, 1001000);
    br_watermarks_heard(f.marks, 0, BR_PARKING, 500000, 1001000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000), 910000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_PARKING, 1001000), 410000);
    ck_assert_int_eq(br_watermarks_latest(f.marks, BR_PARKING), 500000);
    br_watermarks_close(f.marks);
}
END_TEST

START_TEST(idle_feeds_do_not_hold_back)
{
    struct feeds f;
    begin(&f);
    br_watermarks_heard(f.marks, 0, BR_TRAFFIC, 1000000, 1001000);
    br_watermarks_heard(f.marks, 1, BR_TRAFFIC, 5000000, 1001000);
    /* The first is idle after two minutes of silence. */
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000 + 2 * MINUTE - 1), 910000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000 + 2 * MINUTE), 4990000);
    /* Both are after thirty: then the clock decides. */
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000 + 30 * MINUTE - 1), 4990000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, 1001000 + 30 * MINUTE),
                     1001000 + 30 * MINUTE - 90000);
    br_watermarks_close(f.marks);
}
END_TEST

START_TEST(without_a_clock_nothing_is_idle)
{
    struct feeds f;
    begin(&f);
    br_watermarks_heard(f.marks, 0, BR_TRAFFIC, 1000000, BR_TIME_NONE);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, BR_TIME_NONE), 910000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, INT64_C(1) << 50), 910000);
    br_watermarks_heard(f.marks, 0, BR_TRAFFIC, 1000000, 1001000);
    ck_assert_int_eq(br_watermarks_until(f.marks, BR_TRAFFIC, BR_TIME_NONE), 910000);
    br_watermarks_close(f.marks);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(without_memory)
{
    struct feeds f;
    begin(&f);
    br_watermarks_close(f.marks);
    long live = failing_live();
    for (long nth = 1; nth <= 2; nth++) {
        failing_arm(nth);
        f.marks = br_watermarks_open(&f.config);
        ck_assert(failing_disarm());
        ck_assert_ptr_null(f.marks);
        ck_assert_int_eq(failing_live(), live);
    }
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_heard);
    tcase_add_test(tcase, every_feed_must_have_passed);
    tcase_add_test(tcase, domains_do_not_wait_for_each_other);
    tcase_add_test(tcase, idle_feeds_do_not_hold_back);
    tcase_add_test(tcase, without_a_clock_nothing_is_idle);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("watermark", tests)
