/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Delivery to a server that answers as it is told, on the same loop: every kind of answer, and what becomes
 * of the points. */
#include "daemon/out/influx_out.h"

#include "tests/unit/history_fixture.h"

#include <arpa/inet.h>
#include <zlib.h>

#define ROOM ((size_t)1 << 20)

struct server;

/* Gives the answer to a request: status line and headers, and a body behind an empty line. NULL: hangs up. */
typedef const char *answerer(struct server *server, const char *head, const char *body);

struct server {
    uv_tcp_t tcp;
    int port, requests;
    answerer *answer;
    char taken[ROOM]; /* the lines of requests that were answered with 2xx */
    char heads[ROOM]; /* all first lines and headers */
    int state;        /* of the answerer */
};

struct client {
    uv_tcp_t tcp;
    struct server *server;
    char text[ROOM];
    size_t size;
};

struct rig {
    struct history_fixture history; /* first: its functions are used */
    struct server server;
    struct br_influx_out *out;
    char url[64], database[16], org[8], bucket[16], precision[4], node[16], token_file[96];
    bool closed, is_bad;
};

static struct rig rig;

/* ---- the server */

static const char *take_all(struct server *server, const char *head, const char *body)
{
    (void)server, (void)head, (void)body;
    return "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
}

static void on_written(uv_write_t *request, int status)
{
    (void)status;
    free(request);
}

static void on_client_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void hang_up(struct client *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->tcp))
        uv_close((uv_handle_t *)&client->tcp, on_client_closed);
}

static void answer(struct client *client, char *body, size_t body_size)
{
    struct server *server = client->server;
    static char head[8192], plain[ROOM];
    size_t head_size = (size_t)(body - client->text);
    memcpy(head, client->text, head_size);
    head[head_size] = '\0';
    if (strstr(head, "Content-Encoding: gzip")) {
        z_stream stream = {.next_in = (Bytef *)body, .avail_in = (uInt)body_size};
        ck_assert_int_eq(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
        stream.next_out = (Bytef *)plain;
        stream.avail_out = sizeof plain - 1;
        ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
        body_size = stream.total_out;
        inflateEnd(&stream);
    } else {
        memcpy(plain, body, body_size);
    }
    plain[body_size] = '\0';
    client->size = 0;
    server->requests++;
    strcat(server->heads, head);
    const char *text = server->answer(server, head, plain);
    if (!text) {
        hang_up(client);
        return;
    }
    if (strncmp(text, "HTTP/1.1 2", 10) == 0)
        strcat(server->taken, plain);
    uv_write_t *write = malloc(sizeof *write);
    uv_buf_t part = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));
    uv_write(write, (uv_stream_t *)&client->tcp, &part, 1, on_written);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct client *client = handle->data;
    (void)wanted;
    *buffer = uv_buf_init(client->text + client->size, (unsigned)(sizeof client->text - 1 - client->size));
}

static void on_bytes(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct client *client = stream->data;
    (void)buffer;
    if (size < 0) {
        hang_up(client);
        return;
    }
    client->size += (size_t)size;
    client->text[client->size] = '\0';
    char *body = strstr(client->text, "\r\n\r\n"), *length = strstr(client->text, "Content-Length: ");
    if (!body || !length)
        return;
    size_t wanted = strtoul(length + strlen("Content-Length: "), NULL, 10);
    if (client->size >= (size_t)(body + 4 - client->text) + wanted)
        answer(client, body + 4, wanted);
}

static void on_client(uv_stream_t *listener, int status)
{
    struct client *client = calloc(1, sizeof *client);
    ck_assert_int_eq(status, 0);
    client->server = listener->data;
    client->tcp.data = client;
    uv_tcp_init(listener->loop, &client->tcp);
    ck_assert_int_eq(uv_accept(listener, (uv_stream_t *)&client->tcp), 0);
    uv_read_start((uv_stream_t *)&client->tcp, on_room, on_bytes);
}

static void server_open(struct server *server, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof address;
    server->answer = take_all;
    server->tcp.data = server;
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(loop, &server->tcp);
    uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&server->tcp, 16, on_client), 0);
    uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &size);
    server->port = ntohs(address.sin_port);
}

/* ---- the rig */

static void on_trouble(void *context, bool is_bad)
{
    ((struct rig *)context)->is_bad = is_bad;
}

static void set_up(void)
{
    memset(&rig, 0, sizeof rig);
    history_set_up(&rig.history);
    rig.history.outputs[BR_HISTORY_INFLUXDB] = true;
    rig.history.log = br_log_open(BR_LOG_ERR);
    server_open(&rig.server, &rig.history.loop);
    snprintf(rig.url, sizeof rig.url, "http://127.0.0.1:%d", rig.server.port);
    strcpy(rig.database, "bruis db");
    strcpy(rig.org, "o&g");
    strcpy(rig.bucket, "regions");
    strcpy(rig.precision, "ms");
    strcpy(rig.node, "proef");
    rig.history.config.node = rig.node;
    rig.history.config.influxdb = (struct br_config_publish_influxdb){.enabled = true,
                                                                      .url = rig.url,
                                                                      .api = 1,
                                                                      .database = rig.database,
                                                                      .org = rig.org,
                                                                      .bucket = rig.bucket,
                                                                      .precision = rig.precision,
                                                                      .batch = 100,
                                                                      .flush_ms = 100,
                                                                      .gzip = false};
    history_open(&rig.history);
}

static void open_out(void)
{
    int error;
    struct br_influx_out_setup setup = {.loop = &rig.history.loop,
                                        .config = &rig.history.config,
                                        .history = rig.history.history,
                                        .log = rig.history.log,
                                        .metrics = rig.history.metrics,
                                        .on_trouble = on_trouble,
                                        .context = &rig};
    rig.out = br_influx_out_open(&setup, &error);
    ck_assert_msg(rig.out != NULL, "%s", strerror(-error));
}

static void on_closed(void *context)
{
    ((struct rig *)context)->closed = true;
}

static void close_out(void)
{
    rig.closed = false;
    br_influx_out_close(rig.out, on_closed, &rig);
    rig.out = NULL;
    while (!rig.closed)
        uv_run(&rig.history.loop, UV_RUN_ONCE);
}

static void tear_down(void)
{
    if (rig.out)
        close_out();
    uv_close((uv_handle_t *)&rig.server.tcp, NULL);
    history_tear_down(&rig.history);
}

static void put(const char *region, int minute, uint32_t revision, int64_t vacant)
{
    struct history_figure figure = {region, "1m", T0 + minute * MINUTE, 0, revision, vacant, NULL};
    ck_assert_uint_gt(history_put_figure(&rig.history, &figure, revision == 0), 0);
}

static int64_t error_count(const char *class)
{
    return *br_metric_of(br_metric_add(rig.history.metrics, BR_COUNTER, "bruis_output_errors_total",
                                       "What an output could not deliver, by class.", "output class", 1),
                         "influxdb", class);
}

static bool is_delivered(void)
{
    struct br_history *history = rig.history.history;
    return br_history_cursor(history, BR_HISTORY_INFLUXDB) == br_history_last(history);
}

/* Turns until all is delivered, which must happen. */
static void deliver(void)
{
    for (int i = 0; i < 60000 && !is_delivered(); i++) {
        br_influx_out_changed(rig.out);
        uv_run(&rig.history.loop, UV_RUN_ONCE);
    }
    ck_assert(is_delivered());
}

static size_t count_of(const char *in, const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(in, text); at; at = strstr(at + 1, text))
        count++;
    return count;
}

/* ---- tests */

START_TEST(delivers_in_order_and_once)
{
    put("gm0001", 0, 0, 10);
    put("gm0002", 0, 0, 20);
    put("gm0001", 1, 0, 11);
    open_out();
    deliver();
    ck_assert_str_eq(rig.server.taken,
                     "bruis_parking,node=proef,region=gm0001,region_type=gemeente,window=1m "
                     "capacity=500i,vacant=10i,coverage=0.9167,"
                     "expected=12i,reporting=11i,revision=0i,quality=\"good\",nulls=\"closed,entries,exits,"
                     "fill_rate_per_h,full,occupancy,occupancy_mean,occupied,open,trend,vacant_max,vacant_"
                     "mean,vacant_min\" "
                     "1787047200000\n"
                     "bruis_parking,node=proef,region=gm0002,region_type=gemeente,window=1m "
                     "capacity=500i,vacant=20i,coverage=0.9167,"
                     "expected=12i,reporting=11i,revision=0i,quality=\"good\",nulls=\"closed,entries,exits,"
                     "fill_rate_per_h,full,occupancy,occupancy_mean,occupied,open,trend,vacant_max,vacant_"
                     "mean,vacant_min\" "
                     "1787047200000\n"
                     "bruis_parking,node=proef,region=gm0001,region_type=gemeente,window=1m "
                     "capacity=500i,vacant=11i,coverage=0.9167,"
                     "expected=12i,reporting=11i,revision=0i,quality=\"good\",nulls=\"closed,entries,exits,"
                     "fill_rate_per_h,full,occupancy,occupancy_mean,occupied,open,trend,vacant_max,vacant_"
                     "mean,vacant_min\" "
                     "1787047260000\n");
    ck_assert_ptr_nonnull(strstr(rig.server.heads, "POST /write?db=bruis%20db&precision=ms HTTP/1.1"));
    close_out();
    history_close(&rig.history);
    history_open(&rig.history);
    open_out();
    put("gm0001", 2, 0, 12);
    deliver();
    ck_assert_uint_eq(count_of(rig.server.taken, "bruis_parking"), 4);
}
END_TEST

/* Away, busy, in error: as often as the state says, then well. */
static const char *fail_first(struct server *server, const char *head, const char *body)
{
    static const char *const failures[] = {
        NULL,
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n",
        "HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\nretry-after: 0\r\n\r\n",
        "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nRetry-After: 0\r\n\r\noops",
        "HTTP/1.1 404 Not found\r\nContent-Length: 31\r\nRetry-After: 0\r\n\r\n{\"error\":\"database not "
        "found\"}\n",
        "HTTP/1.1 401 No\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n",
    };
    if (server->state < (int)(sizeof failures / sizeof failures[0]))
        return failures[server->state++];
    return take_all(server, head, body);
}

START_TEST(holds_what_cannot_be_taken_now)
{
    rig.server.answer = fail_first;
    for (int i = 0; i < 5; i++)
        put("gm0001", i, 0, i);
    open_out();
    for (int i = 0; i < 60000 && rig.server.requests < 3; i++) {
        br_influx_out_changed(rig.out);
        uv_run(&rig.history.loop, UV_RUN_ONCE);
    }
    ck_assert(rig.is_bad);
    ck_assert(!is_delivered());
    deliver();
    ck_assert(!rig.is_bad);
    ck_assert_uint_eq(count_of(rig.server.taken, "bruis_parking"), 5);
    ck_assert_int_eq(rig.server.requests, 7);
    ck_assert_int_eq(error_count("rejected") + error_count("expired"), 0);
}
END_TEST

static const char *refuse_13(struct server *server, const char *head, const char *body)
{
    if (strstr(body, "vacant=13i"))
        return "HTTP/1.1 400 Bad\r\nContent-Length: 26\r\n\r\n{\"error\":\"unable to parse\"}";
    return take_all(server, head, body);
}

START_TEST(passes_over_the_one_that_is_wrong)
{
    rig.server.answer = refuse_13;
    for (int i = 0; i < 40; i++)
        put("gm0001", i, 0, i);
    open_out();
    deliver();
    ck_assert_uint_eq(count_of(rig.server.taken, "bruis_parking"), 39);
    ck_assert_ptr_null(strstr(rig.server.taken, "vacant=13i"));
    ck_assert_int_eq(error_count("rejected"), 1);
    for (int i = 0; i + 1 < 40; i++) { /* in order */
        char this[32], next[32];
        snprintf(this, sizeof this, "vacant=%di", i);
        snprintf(next, sizeof next, "vacant=%di", i + 1 == 13 ? 14 : i + 1);
        if (i != 13)
            ck_assert(strstr(rig.server.taken, this) < strstr(rig.server.taken, next));
    }
}
END_TEST

static const char *take_three(struct server *server, const char *head, const char *body)
{
    if (count_of(body, "\n") > 3)
        return "HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n";
    return take_all(server, head, body);
}

START_TEST(splits_what_is_too_large)
{
    rig.server.answer = take_three;
    for (int i = 0; i < 20; i++)
        put("gm0001", i, 0, i);
    open_out();
    deliver();
    ck_assert_uint_eq(count_of(rig.server.taken, "bruis_parking"), 20);
    ck_assert_int_eq(error_count("rejected"), 0);
}
END_TEST

static const char *partial(struct server *server, const char *head, const char *body)
{
    static const char *const answers[] = {
        "HTTP/1.1 400 Bad\r\nContent-Length: 55\r\n\r\n{\"error\":\"partial write: field type conflict "
        "dropped=2\"}\n",
        "HTTP/1.1 400 Bad\r\nContent-Length: 66\r\n\r\n"
        "{\"error\":\"partial write: points beyond retention policy dropped=3\"}",
        "HTTP/1.1 422 Bad\r\nContent-Length: 39\r\n\r\n{\"message\":\"partial write: dropped=1  \"}",
    };
    (void)head, (void)body;
    return server->state < 3 ? answers[server->state++] : take_all(server, head, body);
}

START_TEST(counts_what_was_dropped_of_a_batch)
{
    rig.server.answer = partial;
    open_out();
    for (int i = 0; i < 3; i++) {
        put("gm0001", i, 0, i);
        deliver();
    }
    ck_assert_int_eq(error_count("rejected"), 3);
    ck_assert_int_eq(error_count("expired"), 3);
}
END_TEST

START_TEST(takes_away_before_it_writes_fewer_fields)
{
    open_out();
    put("gm0001", 0, 0, 10);
    put("gm0002", 0, 0, 10);
    deliver();
    put("gm0001", 0, 1, -1);
    put("gm0002", 0, 1, 11);
    deliver();
    const char *taken = strstr(rig.server.taken, "q=DELETE");
    ck_assert_ptr_nonnull(taken);
    ck_assert_uint_eq(count_of(rig.server.taken, "q=DELETE"), 1);
    ck_assert_ptr_nonnull(
        strstr(taken, "q=DELETE%20FROM%20%22bruis_parking%22%20WHERE%20time%20%3D%20"
                      "1787047200000000000%20AND%20%22node%22%20%3D%20%27proef%27%20AND%20%22region"
                      "%22%20%3D%20%27gm0001%27"));
    ck_assert_ptr_nonnull(strstr(rig.server.heads, "POST /query?db=bruis%20db HTTP/1.1"));
    ck_assert(strstr(taken, "region=gm0001") > taken); /* written after it */
    ck_assert_ptr_nonnull(strstr(taken, "revision=1i"));
}
END_TEST

START_TEST(speaks_version_2)
{
    FILE *file;
    snprintf(rig.token_file, sizeof rig.token_file, "%s/token", rig.history.dir);
    file = fopen(rig.token_file, "w");
    fputs("geheim\n", file);
    fclose(file);
    rig.history.config.influxdb.api = 2;
    rig.history.config.influxdb.token.file = rig.token_file;
    rig.history.config.influxdb.gzip = true;
    strcpy(rig.precision, "us");
    open_out();
    put("gm0001", 0, 0, 10);
    deliver();
    put("gm0001", 0, 1, -1);
    deliver();
    ck_assert_ptr_nonnull(
        strstr(rig.server.heads, "POST /api/v2/write?org=o%26g&bucket=regions&precision=us HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(rig.server.heads, "Authorization: Token geheim\r\n"));
    ck_assert_ptr_nonnull(strstr(rig.server.heads, "POST /api/v2/delete?org=o%26g&bucket=regions HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(rig.server.taken, " 1787047200000000\n"));
    ck_assert_ptr_nonnull(
        strstr(rig.server.taken,
               "{\"start\":\"2026-08-18T10:00:00Z\",\"stop\":\"2026-08-18T10:00:00Z\",\"predicate\":"
               "\"_measurement=\\\"bruis_parking\\\" AND node=\\\"proef\\\" AND region=\\\"gm0001\\\""));
}
END_TEST

START_TEST(speaks_version_3)
{
    rig.history.config.influxdb.api = 3;
    strcpy(rig.precision, "s");
    open_out();
    put("gm0001", 0, 0, 10);
    deliver();
    put("gm0001", 0, 1, -1); /* nothing takes it away: written over */
    deliver();
    ck_assert_uint_eq(
        count_of(rig.server.heads, "POST /api/v3/write_lp?db=regions&precision=second HTTP/1.1"), 2);
    ck_assert_ptr_nonnull(strstr(rig.server.taken, " 1787047200\n"));
}
END_TEST

START_TEST(sends_history_again)
{
    open_out();
    for (int i = 0; i < 250; i++)
        put("gm0001", i, 0, i);
    deliver();
    rig.server.taken[0] = '\0';
    ck_assert_ptr_null(br_influx_out_backfill(rig.out, T0 + 10 * MINUTE, T0 + 240 * MINUTE));
    ck_assert_ptr_nonnull(br_influx_out_backfill(rig.out, T0, T0 + MINUTE)); /* one at a time */
    int64_t sent = 0;
    for (int i = 0; i < 60000 && br_influx_out_backfilling(rig.out, &sent); i++)
        uv_run(&rig.history.loop, UV_RUN_ONCE);
    ck_assert_int_eq(sent, 230);
    ck_assert_uint_eq(count_of(rig.server.taken, "bruis_parking"), 230);
    ck_assert_ptr_null(strstr(rig.server.taken, "vacant=9i"));
    ck_assert_ptr_nonnull(strstr(rig.server.taken, "vacant=10i"));
    ck_assert_ptr_null(strstr(rig.server.taken, "vacant=240i"));
}
END_TEST

START_TEST(ends_in_the_middle_of_a_request)
{
    for (int i = 0; i < 5; i++)
        put("gm0001", i, 0, i);
    open_out();
    for (int i = 0; i < 40; i++)
        uv_run(&rig.history.loop, UV_RUN_NOWAIT);
    close_out();
    open_out();
    deliver();
    ck_assert_uint_ge(count_of(rig.server.taken, "bruis_parking"), 5);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, delivers_in_order_and_once);
    tcase_add_test(tcase, holds_what_cannot_be_taken_now);
    tcase_add_test(tcase, passes_over_the_one_that_is_wrong);
    tcase_add_test(tcase, splits_what_is_too_large);
    tcase_add_test(tcase, counts_what_was_dropped_of_a_batch);
    tcase_add_test(tcase, takes_away_before_it_writes_fewer_fields);
    tcase_add_test(tcase, speaks_version_2);
    tcase_add_test(tcase, speaks_version_3);
    tcase_add_test(tcase, sends_history_again);
    tcase_add_test(tcase, ends_in_the_middle_of_a_request);
}

UNIT_MAIN("influx_out", tests)
