/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Another configuration while a real broker is heard: each test with protocol 3.1.1 and 5. */
#include "tests/e2e/mqtt_rig.h"

static const struct broker_setup plain;

/* The next configuration: the tests change it before they hand it over. */
struct next {
    struct br_config config;
    struct br_config_broker broker;
    struct br_config_feed feeds[RIG_FEEDS];
    char *topics[RIG_FEEDS];
};

static void copy_config(struct rig *rig, struct next *next)
{
    *next = (struct next){.config = rig->config, .broker = rig->broker_config};
    next->config.holders = 0;
    next->config.brokers = &next->broker;
    next->config.feeds = next->feeds;
    for (size_t i = 0; i < RIG_FEEDS; i++) {
        next->topics[i] = rig->topics[i];
        next->feeds[i] = rig->feeds[i];
        next->feeds[i].topics.at = &next->topics[i];
    }
}

static void change(struct rig *rig, struct next *next)
{
    struct br_mqtt_in_counters counters = {rig->received, rig->oversize, rig->dropped};
    ck_assert_int_eq(br_mqtt_in_change(rig->in, &next->config, &counters), 0);
}

/* Until the broker's log tells of so many subscriptions of a topic (mosquitto -v: "\tTOPIC (QoS 1)"). */
struct wanted {
    struct rig *rig;
    const char *text;
    size_t count;
};

static bool is_logged(void *context)
{
    struct wanted *wanted = context;
    return broker_logged(wanted->rig->broker, wanted->text) >= wanted->count;
}

static void turn(void *context)
{
    uv_run(&((struct wanted *)context)->rig->loop, UV_RUN_NOWAIT);
}

static void expect_logged(struct rig *rig, const char *text, size_t count)
{
    struct wanted wanted = {rig, text, count};
    ck_assert_msg(wait_until(is_logged, turn, &wanted), "the broker never said '%s'", text);
}

START_TEST(takes_on_a_feed_and_keeps_the_connection)
{
    static char trains[] = "trains/#";
    struct rig rig;
    struct next next;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    size_t connections = broker_logged(rig.broker, "New client connected");
    copy_config(&rig, &next);
    next.topics[1] = trains;
    change(&rig, &next);
    expect_logged(&rig, "trains/#", 1);
    broker_publish(rig.broker, "-q 1 -t trains/a -m x");
    broker_publish(rig.broker, "-q 1 -t garages/a -m y");
    rig_expect_entries(&rig, 2);
    ck_assert_str_eq(rig_entry(&rig, 0), "small trains/a x 0");
    ck_assert_str_eq(rig_entry(&rig, 1), "large garages/a y 0");
    /* two of them are the publishers' */
    ck_assert_uint_eq(broker_logged(rig.broker, "New client connected"), connections + 2);
    rig_end(&rig);
}
END_TEST

START_TEST(leaves_what_no_feed_wants)
{
    static char trains[] = "trains/#";
    struct rig rig;
    struct next next;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    rig_catch_log(&rig);
    copy_config(&rig, &next);
    next.config.feed_count = 1;
    next.topics[0] = trains;
    change(&rig, &next);
    expect_logged(&rig, "UNSUBSCRIBE", 1);
    expect_logged(&rig, "trains/#", 1);
    broker_publish(rig.broker, "-q 1 -t garages/a -m y");
    broker_publish(rig.broker, "-q 1 -t trains/a -m x");
    rig_expect_entries(&rig, 1);
    ck_assert_str_eq(rig_entry(&rig, 0), "large trains/a x 0");
    ck_assert_uint_eq(rig_log_count(&rig, "ev=mqtt_stray"), 0); /* the broker does not send it */
    rig_end(&rig);
}
END_TEST

START_TEST(makes_a_connection_again_that_is_different)
{
    struct rig rig;
    struct next next;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    copy_config(&rig, &next);
    next.broker.keepalive_ms = 17000;
    change(&rig, &next);
    ck_assert(!rig_in_up(&rig));
    ck_assert_uint_eq(rig.config.holders, 1); /* until the old one is gone */
    broker_publish(rig.broker, "-q 1 -t garages/a -m y");
    rig_until(&rig, rig_in_up);
    rig_expect_entries(&rig, 2); /* the session was kept: nothing is lost in between */
    ck_assert_uint_eq(rig.config.holders, 0);
    ck_assert_uint_eq(next.config.holders, 1);
    rig_end(&rig);
    ck_assert_uint_eq(next.config.holders, 0);
}
END_TEST

START_TEST(bears_changes_one_after_another)
{
    struct rig rig;
    struct next next[4];
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    for (size_t i = 0; i < 4; i++) {
        copy_config(&rig, &next[i]);
        next[i].broker.keepalive_ms = 17000 + (int64_t)i * 1000;
        change(&rig, &next[i]);
    }
    rig_until(&rig, rig_in_up);
    broker_publish(rig.broker, "-q 1 -t garages/a -m y");
    rig_expect_entries(&rig, 2);
    rig_end(&rig);
}
END_TEST

START_TEST(is_closed_in_the_middle_of_a_change)
{
    struct rig rig;
    struct next next;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    copy_config(&rig, &next);
    next.broker.keepalive_ms = 17000;
    change(&rig, &next);
    rig_end(&rig);
    ck_assert_uint_eq(rig.config.holders + next.config.holders, 0);
}
END_TEST

static bool is_gone(void *context)
{
    return rig_metric(context, "bruis_mqtt_connected", "broker", "city", NULL) == 0;
}

START_TEST(drops_a_broker_that_no_feed_names)
{
    struct rig rig;
    struct next next;
    rig_start(&rig, _i, &plain);
    rig_open_in(&rig);
    copy_config(&rig, &next);
    next.config.feed_count = 0;
    change(&rig, &next);
    rig_until(&rig, is_gone);
    expect_logged(&rig, "disconnected", 1);
    copy_config(&rig, &next);
    change(&rig, &next);
    rig_until(&rig, rig_in_up);
    rig_end(&rig);
}
END_TEST

START_TEST(names_a_broker_that_it_could_not_take)
{
    static char bad[] = "http://localhost", missing[] = "/nonexistent";
    const char *broker;
    struct rig rig;
    struct next next;
    rig_start(&rig, _i, &plain);
    copy_config(&rig, &next);
    ck_assert_ptr_null(br_mqtt_in_check(&next.config, &broker));
    next.broker.url = bad;
    ck_assert_str_eq(br_mqtt_in_check(&next.config, &broker), "the URL is none");
    ck_assert_str_eq(broker, "city");
    next.broker.url = rig.url;
    next.broker.ca_file = missing;
    ck_assert_str_eq(br_mqtt_in_check(&next.config, &broker), "the file of authorities cannot be read");
    rig_end(&rig);
}
END_TEST

static void tests(TCase *tcase)
{
    const TTest *const each[] = {
        takes_on_a_feed_and_keeps_the_connection,   leaves_what_no_feed_wants,
        makes_a_connection_again_that_is_different, bears_changes_one_after_another,
        is_closed_in_the_middle_of_a_change,        drops_a_broker_that_no_feed_names,
        names_a_broker_that_it_could_not_take,
    };
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        tcase_add_loop_test(tcase, each[i], 4, 6);
}

UNIT_MAIN("mqtt_change", tests)
