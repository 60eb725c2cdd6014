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

START_TEST(keeps_the_newest_while_the_broker_is_away)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    rig_publish_figure(&rig, "gm0344", 1, 0, true);
    rig_until(&rig, rig_out_idle);
    broker_kill(rig.broker);
    rig_until(&rig, rig_out_down);
    for (int64_t vacant = 2; vacant <= 9; vacant++)
        rig_publish_figure(&rig, "gm0344", vacant, 0, true);
    rig_publish_figure(&rig, "gm0363", 77, 0, true);
    rig_publish_figure(&rig, "gm0344", 55, 1, false);
    rig_publish_figure(&rig, "gm0344", 56, 2, false);
    ck_assert_int_eq(rig_metric(&rig, "bruis_output_pending", "output", "mqtt", NULL), 4);
    broker_start(rig.broker);
    size_t before = broker_logged(rig.broker, "Received PUBLISH from bruisd-test-out");
    rig_until(&rig, rig_out_up);
    rig_until(&rig, rig_out_idle);
    int late = broker_listen(rig.broker, "bruis/v1/json/#", "%p");
    rig_expect_heard(&rig, late, "\"vacant\":9,", 1);
    rig_expect_heard(&rig, late, "\"vacant\":77,", 1);
    ck_assert_uint_eq(broker_logged(rig.broker, "Received PUBLISH from bruisd-test-out") - before, 4);
    rig_end(&rig);
}
END_TEST

START_TEST(drops_the_oldest_revision_and_counts_it)
{
    struct rig rig;
    rig_start(&rig, _i, &plain);
    rig.config.mqtt.pb = false;
    broker_stop(rig.broker);
    rig_begin_out(&rig);
    for (uint32_t i = 0; i < 10003; i++)
        rig_publish_figure(&rig, "gm0344", i, i, false);
    ck_assert_int_eq(rig_metric(&rig, "bruis_output_pending", "output", "mqtt", NULL), 10000);
    ck_assert_int_eq(rig_metric(&rig, "bruis_output_errors_total", "output class", "mqtt", "expired"), 3);
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
            rig_publish_figure(&rig, region, 10000 + cut, 0, true);
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
        keeps_the_newest_while_the_broker_is_away,
        drops_the_oldest_revision_and_counts_it,
        delivers_every_topic_in_spite_of_cuts,
        delivers_what_waits_before_it_leaves,
    };
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        tcase_add_loop_test(tcase, each[i], 4, 6);
    tcase_add_test(tcase, tells_what_a_message_is);
}

UNIT_MAIN("mqtt_out", tests)
