/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Hearing a real broker: each test with protocol 3.1.1 and 5 (the loop's number, 4 and 5). */
#include "tests/e2e/mqtt_rig.h"

#include <errno.h>

static const struct broker_setup plain;

static bool has_arrived(void *context)
{
    return ((struct rig *)context)->arrivals > 0;
}

START_TEST(writes_what_arrives_into_the_journal)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    ck_assert_int_eq(rig_metric(&rig, "bruis_mqtt_connected", "broker", "city", NULL), 1);
    broker_publish(rig.broker, "-q 1 -t garages/a/status -m free:12");
    rig_expect_entries(&rig, 2); /* of both feeds */
    ck_assert_str_eq(rig_entry(&rig, 0), "large garages/a/status free:12 0");
    ck_assert_str_eq(rig_entry(&rig, 1), "small garages/a/status free:12 0");
    rig_until(&rig, has_arrived);
    broker_publish(rig.broker, "-q 0 -t elsewhere -m x");
    broker_publish(rig.broker, "-q 0 -t garages -n"); /* with nothing in it */
    rig_expect_entries(&rig, 4);
    ck_assert_str_eq(rig_entry(&rig, 2), "large garages  0");
    ck_assert_int_eq(*rig.received[0] + *rig.received[1], 0); /* counted when it is read */
    ck_assert_int_eq(*rig.oversize[0] + *rig.dropped[0] + *rig.oversize[1] + *rig.dropped[1], 0);
    rig_end(&rig);
}
END_TEST

START_TEST(knows_a_retained_message)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    broker_publish(rig.broker, "-q 1 -r -t garages/a/status -m old");
    rig_open_in(&rig);
    rig_expect_entries(&rig, 2);
    ck_assert_str_eq(rig_entry(&rig, 0), "large garages/a/status old 1");
    rig_end(&rig);
}
END_TEST

START_TEST(counts_what_is_too_large)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    broker_publish(rig.broker,
                   "-q 1 -t garages/a/status -m 12345678901234567"); /* 17: too large for one feed */
    rig_expect_entries(&rig, 1);
    ck_assert_str_eq(rig_entry(&rig, 0), "large garages/a/status 12345678901234567 0");
    ck_assert_int_eq(*rig.received[0] + *rig.oversize[0], 0);
    ck_assert_int_eq(*rig.received[1], 1);
    ck_assert_int_eq(*rig.oversize[1], 1);
    rig_end(&rig);
}
END_TEST

#define MANY 6000 /* more than the small journal below takes */

static bool all_have_an_end(void *context)
{
    struct rig *rig = context;
    return *rig->dropped[0] + (int64_t)rig_entry_count(rig) == MANY;
}

START_TEST(counts_what_the_journal_refuses)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    br_journal_close(rig.journal);
    char dir[128];
    int error = 0;
    struct br_journal_limits limits = {.size_max = 256 << 10, .segment_size = 64 << 10};
    snprintf(dir, sizeof dir, "%s/small", broker_dir(rig.broker));
    run_command("mkdir %s", dir);
    rig.journal = br_journal_open(dir, &limits, &error);
    ck_assert_ptr_nonnull(rig.journal);
    rig.config.feed_count = 1;
    rig_open_in(&rig);
    run_command("seq %d | mosquitto_pub -h 127.0.0.1 -p %d -q 1 -t garages/a/status -l", MANY,
                broker_port(rig.broker));
    rig_until(&rig, all_have_an_end);
    ck_assert_int_gt(*rig.dropped[0], 0);
    ck_assert_int_lt(*rig.dropped[0], MANY);
    ck_assert_int_eq(*rig.received[0], *rig.dropped[0]);
    rig_end(&rig);
}
END_TEST

START_TEST(loses_nothing_of_a_stream)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.feed_count = 1;
    rig_open_in(&rig);
    run_command("seq 20000 | mosquitto_pub -h 127.0.0.1 -p %d -q 1 -t garages/a/status -l",
                broker_port(rig.broker));
    rig_expect_entries(&rig, 20000);
    ck_assert_str_eq(rig_entry(&rig, 0), "large garages/a/status 1 0");
    ck_assert_str_eq(rig_entry(&rig, 19999), "large garages/a/status 20000 0");
    ck_assert_int_lt(rig.arrivals, 20000); /* not one wake-up for each message */
    rig_end(&rig);
}
END_TEST

START_TEST(comes_back_after_a_crash_of_the_broker)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    for (size_t round = 1; round <= 2; round++) {
        broker_kill(rig.broker); /* its sessions are gone */
        rig_until(&rig, rig_in_down);
        ck_assert_int_eq(rig_metric(&rig, "bruis_mqtt_connected", "broker", "city", NULL), 0);
        broker_start(rig.broker);
        rig_until(&rig, rig_in_up);
        broker_publish(rig.broker, "-q 1 -t garages/a/status -m again");
        rig_expect_entries(&rig, 2 * round);
    }
    ck_assert_int_eq(rig.changes, 5);
    rig_end(&rig);
}
END_TEST

START_TEST(gets_what_came_while_it_was_away)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    rig_close_in(&rig);
    broker_publish(rig.broker, "-q 1 -t garages/a/status -m one");
    broker_stop(rig.broker);
    broker_start(rig.broker);
    broker_publish(rig.broker, "-q 1 -t garages/a/status -m two");
    rig_open_in(&rig);
    rig_expect_entries(&rig, 4);
    ck_assert_str_eq(rig_entry(&rig, 0), "large garages/a/status one 0");
    ck_assert_str_eq(rig_entry(&rig, 2), "large garages/a/status two 0");
    rig_end(&rig);
}
END_TEST

START_TEST(takes_part_in_a_shared_subscription)
{
    struct rig rig;
    static char shared[] = "$share/g/garages/+/status";
    rig_start(&rig, _i, &plain);
    rig.topics[0] = shared;
    rig.config.feed_count = 1;
    rig_open_in(&rig);
    broker_publish(rig.broker, "-q 1 -t garages/a/status -m x");
    rig_expect_entries(&rig, 1);
    rig_end(&rig);
}
END_TEST

static bool has_failed(void *context)
{
    struct rig *rig = context;
    return broker_logged(rig->broker, "disconnected, not authorised") >= 2; /* it goes on trying */
}

START_TEST(goes_on_trying_with_a_wrong_password)
{
    struct rig rig;
    const struct broker_setup setup = {.password = "right"};
    rig_start(&rig, _i, &setup);
    rig_catch_log(&rig);
    run_command("echo wrong > %s", rig.password_file);
    rig_begin_in(&rig);
    rig_until(&rig, has_failed);
    ck_assert(rig_in_down(&rig));
    ck_assert_uint_eq(rig_log_count(&rig, "mqtt_unreachable"), 1);
    ck_assert_uint_eq(rig_log_count(&rig, _i == 5 ? "Not authorized (135)" : "not authorized (5)"), 1);
    ck_assert_uint_eq(rig_log_count(&rig, "wrong"), 0); /* no secret in it */
    run_command("echo right > %s", rig.password_file);
    rig_until(&rig, rig_in_up); /* the secret is read again */
    rig_end(&rig);
}
END_TEST

static bool knows_dropped(void *context)
{
    return rig_metric(context, "bruis_broker_dropped_total", "broker", "city", NULL) > 0;
}

static bool has_warned(void *context)
{
    return rig_log_count(context, "ev=broker_dropped broker=city") > 0;
}

START_TEST(tells_what_the_broker_threw_away)
{
    struct rig rig;
    const struct broker_setup setup = {.more = "max_queued_messages 1"};
    rig_start(&rig, _i, &setup);
    rig_catch_log(&rig);
    rig_open_in(&rig);
    /* somebody who is away, and for whom the broker would have to keep more than it may */
    run_command("mosquitto_sub -h 127.0.0.1 -p %d -c -i sleeper -q 1 -t heap -E", broker_port(rig.broker));
    char command[128];
    snprintf(command, sizeof command, "seq 50 | mosquitto_pub -h 127.0.0.1 -p %d -q 1 -t heap -l",
             broker_port(rig.broker));
    run_command("%s", command);
    rig_until(&rig, knows_dropped);
    run_command("%s", command); /* the first number may have been the first that was heard */
    rig_until(&rig, has_warned);
    rig_expect_entries(&rig, 0); /* what the broker tells of itself is no data */
    rig_end(&rig);
}
END_TEST

static bool has_told_stray(void *context)
{
    return rig_log_count(context, "ev=mqtt_stray broker=city topic=\"garages/a/status\"") > 0;
}

START_TEST(tells_of_a_subscription_that_was_left_over)
{
    struct rig rig;
    static char other[] = "elsewhere";
    rig_start(&rig, _i, &plain);
    rig_catch_log(&rig);
    rig_open_in(&rig);
    rig_close_in(&rig);
    rig.config.feed_count = 1;
    rig.topics[0] = other;
    rig_open_in(&rig);
    broker_publish(rig.broker, "-q 1 -t garages/a/status -m x");
    rig_until(&rig, has_told_stray);
    broker_publish(rig.broker, "-q 1 -t elsewhere -m y"); /* the new one has been subscribed to */
    rig_expect_entries(&rig, 1);
    rig_end(&rig);
}
END_TEST

START_TEST(refuses_what_cannot_work)
{
    struct rig rig;
    struct br_mqtt_in_setup setup = {.loop = &rig.loop, .config = &rig.config};
    int error = 0;
    rig_start(&rig, _i, &plain);
    setup.journal = rig.journal;
    setup.metrics = rig.metrics;
    snprintf(rig.url, sizeof rig.url, "http://localhost");
    ck_assert_ptr_null(br_mqtt_in_open(&setup, &error));
    ck_assert_int_eq(error, -EINVAL);
    struct br_mqtt_out_setup out = {.loop = &rig.loop,
                                    .config = &rig.config,
                                    .history = rig.history,
                                    .metrics = rig.metrics,
                                    .version = ""};
    ck_assert_ptr_null(br_mqtt_out_open(&out, &error));
    ck_assert_int_eq(error, -EINVAL);
    snprintf(rig.url, sizeof rig.url, "mqtt://localhost");
    snprintf(rig.password_file, sizeof rig.password_file, "%s/none", broker_dir(rig.broker));
    rig.broker_config.password.file = rig.password_file;
    ck_assert_ptr_null(br_mqtt_in_open(&setup, &error));
    ck_assert_int_eq(error, -ENOENT);
    ck_assert_ptr_null(br_mqtt_out_open(&out, &error));
    ck_assert_int_eq(error, -ENOENT);
    rig_end(&rig); /* no handle is left on the loop */
}
END_TEST

START_TEST(needs_no_broker)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.feeds[0].broker = rig.feeds[1].broker = SIZE_MAX; /* they only replay */
    rig_begin_in(&rig);
    ck_assert(rig_in_up(&rig));
    rig_end(&rig);
}
END_TEST

START_TEST(closes_before_it_is_connected)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_begin_in(&rig);
    rig_begin_out(&rig);
    rig_close_in(&rig);
    rig_close_out(&rig);
    broker_stop(rig.broker);
    rig_begin_in(&rig);
    rig_begin_out(&rig);
    uv_run(&rig.loop, UV_RUN_ONCE); /* the name is known: it connects to nobody */
    rig_end(&rig);
}
END_TEST

static void tests(TCase *tcase)
{
    const TTest *const each[] = {
        writes_what_arrives_into_the_journal,
        knows_a_retained_message,
        counts_what_is_too_large,
        counts_what_the_journal_refuses,
        loses_nothing_of_a_stream,
        comes_back_after_a_crash_of_the_broker,
        gets_what_came_while_it_was_away,
        takes_part_in_a_shared_subscription,
        goes_on_trying_with_a_wrong_password,
        tells_what_the_broker_threw_away,
        tells_of_a_subscription_that_was_left_over,
        refuses_what_cannot_work,
        needs_no_broker,
        closes_before_it_is_connected,
    };
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        tcase_add_loop_test(tcase, each[i], 4, 6);
}

UNIT_MAIN("mqtt", tests)
