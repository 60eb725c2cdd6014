/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Publishing to a real broker: each test with protocol 3.1.1 and 5 (the loop's number, 4 and 5). */
#include "tests/e2e/mqtt_rig.h"

#include <sys/socket.h>

#include <netinet/in.h>

static const struct broker_setup plain;

#define ONLINE "{\"state\":\"online\",\"since\":\"2026-08-18T10:00:00Z\",\"version\":\"1.2.3\"}"
#define DEGRADED "{\"state\":\"degraded\",\"since\":\"2026-08-18T10:00:00Z\",\"version\":\"1.2.3\"}"
#define OFFLINE "{\"state\":\"offline\",\"since\":\"2026-08-18T10:00:00Z\",\"version\":\"1.2.3\"}"

START_TEST(keeps_figures_at_the_broker)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_out(&rig);
    rig_publish_figure(&rig, "gm0344", 1931, 3, true);
    rig_until(&rig, rig_out_idle);
    int late = broker_listen(rig.broker, "bruis/v1/json/#", "%t|%r|%q|%p");
    rig_expect_heard(&rig, late, "bruis/v1/json/parking/gemeente/gm0344/5m|1|1|{\"region\":\"gm0344\"", 1);
    rig_expect_heard(&rig, late, "\"start\":\"2026-08-18T10:00:00Z\"", 1);
    rig_expect_heard(&rig, late, "\"vacant\":1931", 1);
    rig_end(&rig);
}
END_TEST

START_TEST(publishes_what_protobuf_reads)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.json = false;
    rig_open_out(&rig);
    int listener = broker_listen(rig.broker, "bruis/v1/#", "%t|%x");
    rig_publish_figure(&rig, "gm0344", 1931, 3, true);
    rig_expect_heard(&rig, listener, "\n", 1);
    const char *hex = strchr(broker_heard(rig.broker, listener), '|') + 1;
    uint8_t bytes[256];
    size_t size = 0;
    for (char digits[3] = {0}; hex[0] != '\n' && size < sizeof bytes; hex += 2) {
        memcpy(digits, hex, 2);
        bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, size, bytes);
    ck_assert_ptr_nonnull(figure);
    ck_assert_str_eq(figure->region, "gm0344");
    ck_assert_int_eq(figure->parking->vacant, 1931);
    ck_assert_uint_eq(figure->revision, 3);
    bruis__v1__figure__free_unpacked(figure, NULL);
    rig_end(&rig);
}
END_TEST

START_TEST(tells_what_a_message_is)
{
    struct rig rig;
    rig_start(&rig, 5, &plain);
    rig_open_out(&rig);
    int listener = broker_listen(rig.broker, "bruis/v1/+/parking/#", "%t|%C|%F|%E|%P|");
    rig_publish_figure(&rig, "gm0344", 1, 7, true);
    rig_expect_heard(&rig, listener, "\n", 2);
    rig_expect_heard(
        &rig, listener,
        "/json/parking/gemeente/gm0344/5m|application/json|1|900|schema:bruis.v1.Figure revision:7|", 1);
    rig_expect_heard(
        &rig, listener,
        "/pb/parking/gemeente/gm0344/5m|application/x-protobuf; messageType=bruis.v1.Figure|0|900|"
        "schema:bruis.v1.Figure revision:7|",
        1);
    rig_end(&rig);
}
END_TEST

START_TEST(does_not_keep_a_revision_of_an_older_window)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    int listener = broker_listen(rig.broker, "bruis/v1/json/#", "%r|%p");
    rig_publish_figure(&rig, "gm0344", 2, 0, true);
    rig_publish_figure(&rig, "gm0344", 1, 1, false);
    rig_expect_heard(&rig, listener, "\n", 2);
    rig_expect_heard(&rig, listener, "\"vacant\":1,", 1);
    int late = broker_listen(rig.broker, "bruis/v1/json/#", "%r|%p");
    rig_expect_heard(&rig, late, "\"vacant\":2,", 1);
    ck_assert_uint_eq(count_text(broker_heard(rig.broker, late), "\n"), 1);
    rig_end(&rig);
}
END_TEST

START_TEST(takes_a_figure_away)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_out(&rig);
    rig_publish_figure(&rig, "gm0344", 2, 0, true);
    rig_publish_figure(&rig, "gm0363", 2, 0, true);
    rig_until(&rig, rig_out_idle);
    br_mqtt_out_clear(rig.out, BRUIS__V1__DOMAIN__parking, "gemeente", "gm0344", "5m");
    rig_until(&rig, rig_out_idle);
    int late = broker_listen(rig.broker, "bruis/v1/#", "%t");
    rig_expect_heard(&rig, late, "gm0363", 2);
    ck_assert_uint_eq(count_text(broker_heard(rig.broker, late), "gm0344"), 0);
    rig_end(&rig);
}
END_TEST

START_TEST(publishes_records_without_keeping_them)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig_open_out(&rig);
    int listener = broker_listen(rig.broker, "bruis/v1/json/observation/#", "%t|%r|%p");
    char feed[] = "garages", sensor[] = "P+R / Noord";
    Bruis__V1__Observation observation = BRUIS__V1__OBSERVATION__INIT;
    Bruis__V1__Parking parking = BRUIS__V1__PARKING__INIT;
    observation.feed = feed;
    observation.sensor = sensor;
    observation.has_domain = 1;
    observation.domain = BRUIS__V1__DOMAIN__parking;
    observation.parking = &parking;
    br_mqtt_out_observation(rig.out, &observation);
    rig_expect_heard(&rig, listener,
                     "/observation/parking/garages/P%2BR%20%2F%20Noord|0|{\"record\":\"observation\"", 1);
    observation.sensor = NULL; /* has no topic */
    br_mqtt_out_observation(rig.out, &observation);
    ck_assert_int_eq(rig_metric(&rig, "bruis_output_errors_total", "output class", "mqtt", "invalid"), 2);
    rig.config.mqtt.observations = false;
    observation.sensor = sensor;
    br_mqtt_out_observation(rig.out, &observation);
    ck_assert(rig_out_idle(&rig) || rig_metric(&rig, "bruis_output_pending", "output", "mqtt", NULL) <= 2);
    rig_end(&rig);
}
END_TEST

START_TEST(says_how_it_is)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    int listener = broker_listen(rig.broker, "bruis/v1/status/utrecht", "%p");
    rig_open_out(&rig);
    br_mqtt_out_status(rig.out, "online");
    rig_expect_heard(&rig, listener, ONLINE, 1);
    br_mqtt_out_status(rig.out, "online"); /* no news */
    br_mqtt_out_status(rig.out, "degraded");
    rig_expect_heard(&rig, listener, DEGRADED, 1);
    rig_close_out(&rig);
    rig_expect_heard(&rig, listener, OFFLINE, 1);
    ck_assert_uint_eq(count_text(broker_heard(rig.broker, listener), "\n"), 3);
    int late = broker_listen(rig.broker, "bruis/v1/status/#", "%r|%p");
    rig_expect_heard(&rig, late, "1|" OFFLINE, 1);
    rig_end(&rig);
}
END_TEST

/* Cuts the connections of this process to the broker, as a network does that goes down. */
static void cut_connections(int port)
{
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            shutdown(fd, SHUT_RDWR);
    }
}

START_TEST(leaves_a_will)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    int listener = broker_listen(rig.broker, "bruis/v1/status/utrecht", "%p");
    rig_open_out(&rig);
    br_mqtt_out_status(rig.out, "online");
    rig_expect_heard(&rig, listener, ONLINE, 1);
    cut_connections(broker_port(rig.broker));
    rig_expect_heard(&rig, listener, OFFLINE, 1); /* by the broker */
    rig_expect_heard(&rig, listener, ONLINE, 2);  /* when it is back */
    rig_end(&rig);
}
END_TEST

START_TEST(delivers_every_window_of_an_absence)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    rig_publish_window(&rig, "gm0344", 0, 1, 0, true);
    rig_until(&rig, rig_out_idle);
    broker_kill(rig.broker);
    rig_until(&rig, rig_out_down);
    for (int number = 1; number <= 8; number++)
        rig_publish_window(&rig, "gm0344", number, number + 1, 0, true);
    rig_publish_window(&rig, "gm0363", 8, 77, 0, true);
    rig_publish_window(&rig, "gm0344", 3, 55, 1, false); /* overtaken */
    rig_publish_window(&rig, "gm0344", 3, 56, 2, false);
    ck_assert_int_eq(rig_metric(&rig, "bruis_output_pending", "output", "mqtt", NULL), 11);
    broker_start(rig.broker);
    int listener = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    size_t before = broker_logged(rig.broker, "Received PUBLISH from bruisd-test-out");
    rig_until(&rig, rig_out_up);
    rig_until(&rig, rig_out_idle);
    rig_expect_heard(&rig, listener, "\n", 9);
    rig_expect_heard(&rig, listener, "\"vacant\":2,", 1);
    rig_expect_heard(&rig, listener, "\"vacant\":4,", 0); /* of window 3 only the last revision */
    rig_expect_heard(&rig, listener, "\"vacant\":55,", 0);
    rig_expect_heard(&rig, listener, "\"vacant\":56,", 1);
    int late = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    rig_expect_heard(&rig, late, "\n", 2);
    rig_expect_heard(&rig, late, "\"vacant\":9,", 1);
    rig_expect_heard(&rig, late, "\"vacant\":77,", 1);
    ck_assert_uint_eq(broker_logged(rig.broker, "Received PUBLISH from bruisd-test-out") - before, 9);
    rig_end(&rig);
}
END_TEST

/* 200 windows of 20 regions, with revisions, in a session that the broker keeps for its subscriber: it hears
 * each figure once or more, those of a topic in order, and what is retained is the newest. The absence goes
 * over a restart. */
enum { WINDOWS = 200, PLACES = 20 };

static void publish_absence(struct rig *rig)
{
    char region[16];
    for (int number = 0; number < WINDOWS; number++) {
        if (number == WINDOWS / 2) { /* a restart */
            rig_close_out(rig);
            rig_close_history(rig);
            rig_open_history(rig);
            rig_begin_out(rig);
        }
        for (int i = 0; i < PLACES; i++) {
            snprintf(region, sizeof region, "r%02d", i);
            rig_publish_window(rig, region, number, number * 100 + i, 0, true);
            if (i == 7 && number > 0)
                rig_publish_window(rig, region, number - 1, 50000 + number, 1, false);
        }
        uv_run(&rig->loop, UV_RUN_NOWAIT);
    }
}

/* Each line of what was heard is "TOPIC|START..." of one region: starts go up, but for revisions. */
static void expect_order(const char *heard, const char *region)
{
    char text[64];
    int number = -1, count = 0;
    snprintf(text, sizeof text, "gemeente/%s/5m|", region);
    for (const char *at = heard; (at = strstr(at, text)) != NULL; at++) {
        const char *end = strchr(at, '\n'), *vacant = strstr(at, "\"vacant\":");
        ck_assert(end && vacant && vacant < end);
        int value = atoi(vacant + 9);
        if (value >= 50000)
            continue;
        ck_assert_int_ge(value / 100, number); /* not before the one that was heard last */
        number = value / 100;
        count++;
    }
    ck_assert_int_eq(number, WINDOWS - 1);
    ck_assert_int_ge(count, strcmp(region, "r07") == 0 ? 1 : WINDOWS);
}

START_TEST(misses_no_window_over_an_absence_and_a_restart)
{
    static const struct broker_setup keeping = {.more = "persistence true\nmax_queued_messages 0\n"};
    struct rig rig;
    char text[64];
    rig_start(&rig, _i, &keeping);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    broker_stop(rig.broker);
    rig_until(&rig, rig_out_down);
    publish_absence(&rig);
    broker_start(rig.broker);
    int listener = broker_listen(rig.broker, "bruis/v1/json/parking/#", "%t|%p");
    rig_until(&rig, rig_out_up);
    rig_until(&rig, rig_out_idle);
    rig_expect_heard(&rig, listener, "\n", WINDOWS * PLACES);
    const char *heard = broker_heard(rig.broker, listener);
    for (int number = 0; number < WINDOWS; number++) {
        for (int i = 0; i < PLACES; i++) {
            bool is_revised = i == 7 && number < WINDOWS - 1;
            snprintf(text, sizeof text, "\"vacant\":%d,", is_revised ? 50001 + number : number * 100 + i);
            ck_assert_uint_eq(count_text(heard, text), 1);
        }
    }
    expect_order(heard, "r00");
    expect_order(heard, "r07");
    expect_order(heard, "r19");
    int late = broker_listen(rig.broker, "bruis/v1/json/parking/#", "%p");
    rig_expect_heard(&rig, late, "\n", PLACES);
    for (int i = 0; i < PLACES; i++) {
        snprintf(text, sizeof text, "\"vacant\":%d,", (WINDOWS - 1) * 100 + i);
        rig_expect_heard(&rig, late, text, 1);
    }
    ck_assert_uint_eq(br_history_cursor(rig.history, BR_HISTORY_MQTT), br_history_last(rig.history));
    rig_end(&rig);
}
END_TEST

/* More than may wait in memory: the rest stays in the history. */
START_TEST(holds_little_in_memory)
{
    static const struct broker_setup patient = {.more = "max_queued_messages 0\n"};
    struct rig rig;
    rig_start(&rig, _i, &patient);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    int listener = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    for (int number = 0; number < 15000; number++)
        rig_publish_window(&rig, "gm0344", number, number, 0, true); /* the loop does not turn */
    ck_assert_int_ge(rig_metric(&rig, "bruis_output_pending", "output", "mqtt", NULL), 15000 - 500);
    rig_until(&rig, rig_out_idle);
    rig_expect_heard(&rig, listener, "\n", 15000);
    ck_assert_int_eq(rig_metric(&rig, "bruis_output_errors_total", "output class", "mqtt", "expired"), 0);
    rig_end(&rig);
}
END_TEST

/* The newest figures again, for a broker that has lost them, do not go in front of what is behind. */
START_TEST(repeats_after_what_is_behind)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    for (int number = 0; number < 3; number++)
        rig_publish_window(&rig, "gm0344", number, 10 + number, 0, true);
    rig_begin_out(&rig);
    char region[] = "gm0344", type[] = "gemeente", window[] = "5m";
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    figure.region = region;
    figure.region_type = type;
    figure.window = window;
    figure.domain = BRUIS__V1__DOMAIN__parking;
    br_mqtt_out_repeat(rig.out, &figure);
    int listener = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    rig_until(&rig, rig_out_up);
    rig_until(&rig, rig_out_idle);
    rig_expect_heard(&rig, listener, "\n", 4);
    int late = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    rig_expect_heard(&rig, late, "\n", 1);
    rig_expect_heard(&rig, late, "\"vacant\"", 0);
    rig_end(&rig);
}
END_TEST

/* More than may be on its way at once, with the connection cut again and again in between. */
START_TEST(delivers_every_topic_in_spite_of_cuts)
{
    enum { REGIONS = 3000, CUTS = 3 };
    struct rig rig;
    char region[16];
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    for (int cut = 0; cut <= CUTS; cut++) {
        for (int i = 0; i < REGIONS; i++) {
            snprintf(region, sizeof region, "r%04d", i);
            rig_publish_window(&rig, region, cut, 10000 + cut, 0, true);
            if (cut < CUTS && i == REGIONS / 2)
                cut_connections(broker_port(rig.broker));
            uv_run(&rig.loop, UV_RUN_NOWAIT);
        }
    }
    rig_until(&rig, rig_out_idle);
    int late = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    rig_expect_heard(&rig, late, "\"vacant\":10003,", REGIONS); /* the last of each, and nothing older */
    ck_assert_uint_eq(count_text(broker_heard(rig.broker, late), "\n"), REGIONS);
    rig_end(&rig);
}
END_TEST

START_TEST(delivers_what_waits_before_it_leaves)
{
    struct rig rig;
    char region[16];
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    br_mqtt_out_status(rig.out, "online");
    for (int i = 0; i < 800; i++) {
        snprintf(region, sizeof region, "r%04d", i);
        rig_publish_figure(&rig, region, 1, 0, true);
    }
    rig_close_out(&rig);
    int late = broker_listen(rig.broker, "bruis/v1/#", "%t|%p");
    rig_expect_heard(&rig, late, "bruis/v1/status/utrecht|" OFFLINE, 1);
    rig_expect_heard(&rig, late, "/json/parking/", 800);
    rig_end(&rig);
}
END_TEST

static void tests(TCase *tcase)
{
    const TTest *const each[] = {
        keeps_figures_at_the_broker,
        publishes_what_protobuf_reads,
        does_not_keep_a_revision_of_an_older_window,
        takes_a_figure_away,
        publishes_records_without_keeping_them,
        says_how_it_is,
        leaves_a_will,
        delivers_every_window_of_an_absence,
        misses_no_window_over_an_absence_and_a_restart,
        holds_little_in_memory,
        repeats_after_what_is_behind,
        delivers_every_topic_in_spite_of_cuts,
        delivers_what_waits_before_it_leaves,
    };
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        tcase_add_loop_test(tcase, each[i], 4, 6);
    tcase_add_test(tcase, tells_what_a_message_is);
}

UNIT_MAIN("mqtt_out", tests)
