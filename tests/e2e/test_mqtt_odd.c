/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Brokers that do what mosquitto does not: they are silent, speak nonsense, refuse, or say why they
 * disconnect. One connection at a time is answered from a script: what to send after CONNECT, SUBSCRIBE and
 * PUBLISH.
 *
 * A packet of MQTT begins with its type in the upper half of a byte, then its length: 127 and less in one
 * byte. OASIS MQTT Version 5.0, sections 2.1 and 3. */
#include "tests/e2e/mqtt_rig.h"

#include <netinet/in.h>

enum { CONNECT = 1, PUBLISH = 3, SUBSCRIBE = 8 };

struct script {
    const char *connect, *subscribe, *publish; /* bytes in hex, `ID` for the packet's number; NULL: silence */
    int close_after;                           /* a type of packet; 0: never */
};

struct odd {
    uv_tcp_t server, client;
    struct script script;
    int connections, closed;
    char input[4096];
    size_t input_size;
};

static struct odd odd;
static struct rig rig;

static void on_client_closed(uv_handle_t *handle)
{
    (void)handle;
    odd.closed++;
}

static void close_client(void)
{
    if (odd.connections > odd.closed && !uv_is_closing((uv_handle_t *)&odd.client))
        uv_close((uv_handle_t *)&odd.client, on_client_closed);
}

static void send_script(const char *hex, const char *packet_id)
{
    char bytes[64];
    unsigned int size = 0;
    for (const char *at = hex; at && *at; at++) {
        if (*at == ' ')
            continue;
        if (*at == 'I') {
            bytes[size++] = packet_id[0];
            bytes[size++] = packet_id[1];
        } else {
            char digits[3] = {at[0], at[1], '\0'};
            bytes[size++] = (char)strtoul(digits, NULL, 16);
        }
        at++;
    }
    uv_buf_t buffer = uv_buf_init(bytes, size);
    if (size > 0)
        uv_try_write((uv_stream_t *)&odd.client, &buffer, 1);
}

/* body: what follows the length */
static void answer(int type, const char *body)
{
    if (type == CONNECT) {
        send_script(odd.script.connect, NULL);
    } else if (type == SUBSCRIBE) {
        send_script(odd.script.subscribe, body);
    } else if (type == PUBLISH) {
        size_t topic_size = (size_t)((unsigned char)body[0] << 8 | (unsigned char)body[1]);
        send_script(odd.script.publish, body + 2 + topic_size);
    }
    if (type == odd.script.close_after)
        close_client();
}

/* Where the body of the packet at the front begins, and its size; 0: not all of it is there. */
static size_t find_body(size_t *size)
{
    *size = 0;
    for (size_t i = 1; i < odd.input_size && i < 5; i++) {
        unsigned char byte = (unsigned char)odd.input[i];
        *size |= (size_t)(byte & 0x7f) << (7 * (i - 1));
        if (byte < 0x80)
            return i + 1 + *size <= odd.input_size ? i + 1 : 0;
    }
    return 0;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle, (void)size;
    *buffer = uv_buf_init(odd.input + odd.input_size, (unsigned int)(sizeof odd.input - odd.input_size));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    (void)stream, (void)buffer;
    if (size < 0) {
        close_client();
        return;
    }
    odd.input_size += (size_t)size;
    size_t body_size;
    for (size_t body = find_body(&body_size); body > 0; body = find_body(&body_size)) {
        answer((unsigned char)odd.input[0] >> 4, odd.input + body);
        odd.input_size -= body + body_size;
        memmove(odd.input, odd.input + body + body_size, odd.input_size);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(odd.connections, odd.closed);
    uv_tcp_init(server->loop, &odd.client);
    ck_assert_int_eq(uv_accept(server, (uv_stream_t *)&odd.client), 0);
    odd.connections++;
    odd.input_size = 0;
    uv_read_start((uv_stream_t *)&odd.client, on_alloc, on_read);
}

/* The rig has a real broker as well; its address is not used. */
static void odd_start(const struct script *script)
{
    const struct broker_setup plain = {0};
    struct sockaddr_in address;
    int size = sizeof address;
    rig_start(&rig, 5, &plain);
    rig_catch_log(&rig);
    odd = (struct odd){.script = *script};
    uv_tcp_init(&rig.loop, &odd.server);
    uv_ip4_addr("127.0.0.1", 0, &address);
    ck_assert_int_eq(uv_tcp_bind(&odd.server, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&odd.server, 4, on_connection), 0);
    ck_assert_int_eq(uv_tcp_getsockname(&odd.server, (struct sockaddr *)&address, &size), 0);
    snprintf(rig.url, sizeof rig.url, "mqtt://127.0.0.1:%d", ntohs(address.sin_port));
}

static bool is_quiet(void *context)
{
    (void)context;
    return odd.connections == odd.closed;
}

static void odd_end(void)
{
    if (rig.in)
        rig_close_in(&rig);
    if (rig.out)
        rig_close_out(&rig);
    close_client();
    rig_until(&rig, is_quiet);
    uv_close((uv_handle_t *)&odd.server, NULL);
    uv_run(&rig.loop, UV_RUN_DEFAULT);
    rig_end(&rig);
}

static bool has_logged_lost(void *context)
{
    return rig_log_count(context, "ev=mqtt_lost") > 0;
}

/* CONNACK without a session; DISCONNECT with reason 0x8E */
START_TEST(backs_off_when_its_session_is_taken_over)
{
    const struct script script = {.connect = "20 03 00 00 00", .subscribe = "90 05 ID 00 01 00  e0 02 8e 00"};
    odd_start(&script);
    rig_begin_in(&rig);
    rig_until(&rig, has_logged_lost);
    ck_assert_uint_eq(rig_log_count(&rig, "session taken over"), 1);
    ck_assert(rig_in_down(&rig));
    uv_update_time(&rig.loop);
    ck_assert_int_gt(uv_backend_timeout(&rig.loop), 20000); /* the next thing that it will do */
    odd_end();
}
END_TEST

static bool has_come_again(void *context)
{
    (void)context;
    return odd.connections >= 2;
}

/* DISCONNECT with reason 0x8B, server shutting down: Paho says nothing more after it */
START_TEST(comes_back_after_a_goodbye)
{
    const struct script script = {
        .connect = "20 03 00 00 00", .subscribe = "90 05 ID 00 01 00  e0 02 8b 00", .close_after = SUBSCRIBE};
    odd_start(&script);
    rig_begin_in(&rig);
    rig_until(&rig, has_come_again);
    ck_assert_uint_ge(rig_log_count(&rig, "disconnected by the broker (reason 139)"), 1);
    odd_end();
}
END_TEST

static bool has_come_three_times(void *context)
{
    (void)context;
    return odd.connections >= 3;
}

START_TEST(waits_longer_each_time)
{
    const struct script script = {.connect = "20 03 00 00 00", .close_after = CONNECT};
    odd_start(&script);
    uint64_t start_ms = uv_now(&rig.loop);
    rig_begin_in(&rig);
    rig_until(&rig, has_come_three_times);
    ck_assert_int_ge((int)(uv_now(&rig.loop) - start_ms),
                     3000); /* 1 s and 2 s, though each one was accepted */
    odd_end();
}
END_TEST

static bool has_logged_refusal(void *context)
{
    return rig_log_count(context, "ev=mqtt_subscription_refused") > 0;
}

/* SUBACK of two filters: the feed's is not authorized (0x87), and neither is that of the broker's own figures
 */
START_TEST(tells_a_refused_subscription)
{
    const struct script script = {.connect = "20 03 00 00 00", .subscribe = "90 05 ID 00 87 87"};
    odd_start(&script);
    rig_open_in(&rig);
    rig_until(&rig, has_logged_refusal);
    ck_assert_uint_eq(rig_log_count(&rig, "garages/#"), 1);
    ck_assert_uint_eq(rig_log_count(&rig, "$SYS"), 0);
    odd_end();
}
END_TEST

static bool has_refused(void *context)
{
    return rig_metric(context, "bruis_output_errors_total", "output class", "mqtt", "refused") == 2;
}

/* PUBACK not authorized */
START_TEST(drops_what_the_broker_refuses)
{
    const struct script script = {.connect = "20 03 00 00 00", .publish = "40 03 ID 87"};
    odd_start(&script);
    rig.config.mqtt.json = rig.config.mqtt.pb = false;
    rig_open_out(&rig);
    br_mqtt_out_status(rig.out, "online");
    br_mqtt_out_status(rig.out, "degraded");
    rig_until(&rig, has_refused);
    ck_assert(rig_out_idle(&rig)); /* not tried again */
    ck_assert(rig_out_up(&rig));
    odd_end();
}
END_TEST

static bool has_logged_failure(void *context)
{
    return rig_log_count(context, "ev=mqtt_unreachable") > 0;
}

START_TEST(gives_up_on_silence)
{
    const struct script script = {0};
    odd_start(&script);
    rig_begin_in(&rig);
    rig_until(&rig, has_logged_failure);
    ck_assert(rig_in_down(&rig));
    odd_end();
}
END_TEST

START_TEST(lives_through_nonsense)
{
    static const char *const nonsense[] = {
        "ff ff ff ff ff",          /* no length */
        "20 00",                   /* a CONNACK with nothing in it */
        "20 03 00 00 7f",          /* properties that are not there */
        "30 05 00 01 61 00 62",    /* a message before the CONNACK */
        "48 54 54 50 2f 31 2e 31", /* HTTP/1.1 */
    };
    const struct script script = {.connect = nonsense[_i], .close_after = CONNECT};
    odd_start(&script);
    rig_begin_in(&rig);
    rig_until(&rig, has_logged_failure);
    ck_assert(rig_in_down(&rig));
    odd_end();
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, backs_off_when_its_session_is_taken_over);
    tcase_add_test(tcase, comes_back_after_a_goodbye);
    tcase_add_test(tcase, waits_longer_each_time);
    tcase_add_test(tcase, tells_a_refused_subscription);
    tcase_add_test(tcase, drops_what_the_broker_refuses);
    tcase_add_test(tcase, gives_up_on_silence);
    tcase_add_loop_test(tcase, lives_through_nonsense, 0, 5);
}

UNIT_MAIN("mqtt_odd", tests)
