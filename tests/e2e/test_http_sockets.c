/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Sockets that are passed to the server, readers who wait until it serves, and another configuration. One
 * thread: the reader's socket does not block, and the loop turns until there is an answer. */
#include "tests/e2e/http_fixture.h"

#include "daemon/out/http/listen.h"

#include <errno.h>
#include <fcntl.h>

static struct br_log *quiet;

static void open_with(const struct br_http_setup *more)
{
    int error = 0;
    struct br_http_setup setup = *more;
    setup.loop = &site.loop;
    setup.config = &site.config;
    setup.regions = site.regions;
    setup.board = site.board;
    setup.metrics = site.metrics;
    setup.log = quiet;
    setup.now_utc_ms = on_now;
    setup.ready = on_ready;
    setup.before_metrics = on_before_metrics;
    setup.context = &site;
    site.http = br_http_open(&setup, &error);
    ck_assert_msg(site.http != NULL, "%s", strerror(-error));
    site.port = br_http_port(site.http);
    site.ops_port = br_http_ops_port(site.http);
}

static void set_up(void)
{
    memset(&site, 0, sizeof site);
    site.config = (struct br_config){
        .node = (char *)"proefdam",
        .windows = {{(char *)"1m", MINUTE}},
        .window_count = 1,
        .http = {.enabled = true, .listen = (char *)"127.0.0.1:0", .ops_listen = (char *)"127.0.0.1:0"}};
    site.now_utc_ms = START;
    site.board = br_board_open(10, 1 << 20);
    site.metrics = br_metrics_open();
    site.regions = regions_make(&site.config);
    quiet = br_log_open(BR_LOG_ERR);
    uv_loop_init(&site.loop);
}

static void on_http_closed(void *context)
{
    ((struct site *)context)->closed = true;
}

static void tear_down(void)
{
    br_http_close(site.http, on_http_closed, &site);
    uv_run(&site.loop, UV_RUN_DEFAULT);
    ck_assert(site.closed);
    ck_assert_int_eq(uv_loop_close(&site.loop), 0);
    br_board_close(site.board);
    br_regions_close(site.regions);
    br_metrics_close(site.metrics);
    br_log_close(quiet);
}

static int begin(int port, const char *path)
{
    char text[128];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    ck_assert_int_eq(write(fd, text, (size_t)size), size);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Turns the loop until the answer has ended, at most so many times; "" when nothing came. */
static const char *answer(int fd, int turns)
{
    static char text[65536];
    size_t size = 0;
    ssize_t got = -1;
    for (int i = 0; i < turns && got != 0; i++) {
        uv_run(&site.loop, UV_RUN_NOWAIT);
        got = read(fd, text + size, sizeof text - 1 - size);
        size += got > 0 ? (size_t)got : 0;
        usleep(got > 0 ? 0 : 1000);
    }
    text[size] = '\0';
    return text;
}

#define MANY 20000

START_TEST(uses_a_socket_that_is_passed)
{
    int passed = br_listen_open("127.0.0.1:0"), port = br_listen_port(passed);
    ck_assert_int_ge(passed, 0);
    fcntl(passed, F_SETFL, 0); /* a service manager's blocks */
    struct br_http_setup setup = {.passed = {&passed, NULL}};
    open_with(&setup);
    ck_assert_int_eq(site.port, port);
    ck_assert_int_ne(site.ops_port, port);
    int fd = begin(port, "/v1/regions");
    ck_assert_ptr_nonnull(strstr(answer(fd, MANY), "Aardam"));
    close(fd);
    /* the server ends, the socket does not: the next server finds who came in between */
    br_http_close(site.http, on_http_closed, &site);
    uv_run(&site.loop, UV_RUN_DEFAULT);
    fd = begin(port, "/v1/regions");
    open_with(&setup);
    ck_assert_ptr_nonnull(strstr(answer(fd, MANY), "Aardam"));
    close(fd);
    close(passed);
}
END_TEST

START_TEST(lets_readers_wait_until_it_serves)
{
    struct br_http_setup setup = {.wait = true};
    open_with(&setup);
    int fd = begin(site.port, "/v1/regions"), ops = begin(site.ops_port, "/readyz");
    ck_assert_ptr_nonnull(strstr(answer(ops, MANY), "503"));
    ck_assert_str_eq(answer(fd, 50), "");
    br_http_serve(site.http);
    ck_assert_ptr_nonnull(strstr(answer(fd, MANY), "Aardam"));
    br_http_serve(site.http); /* once more changes nothing */
    close(fd);
    close(ops);
}
END_TEST

START_TEST(goes_on_under_another_configuration)
{
    struct br_http_setup setup = {0};
    open_with(&setup);
    int fd = begin(site.port, "/v1");
    ck_assert_ptr_nonnull(strstr(answer(fd, MANY), "proefdam"));
    close(fd);
    static struct br_config next, after;
    next = site.config;
    next.node = (char *)"elders";
    next.http.public_url = (char *)"https://data.example.nl/";
    ck_assert(br_http_fits(site.http, &next));
    ck_assert_int_eq(br_http_change(site.http, &next, site.regions), 0);
    fd = begin(site.port, "/v1");
    const char *text = answer(fd, MANY);
    ck_assert_ptr_nonnull(strstr(text, "elders"));
    ck_assert_ptr_nonnull(strstr(text, "https://data.example.nl/v1"));
    ck_assert_ptr_nonnull(strstr(text, "Strict-Transport-Security"));
    close(fd);
    after = next;
    after.http.listen = (char *)"127.0.0.1:8099";
    ck_assert(!br_http_fits(site.http, &after));
}
END_TEST

START_TEST(knows_where_a_socket_listens)
{
    char address[32];
    int fd = br_listen_open("127.0.0.1:0");
    snprintf(address, sizeof address, "127.0.0.1:%d", br_listen_port(fd));
    ck_assert(br_listen_is(fd, address));
    ck_assert(!br_listen_is(fd, "127.0.0.2:1"));
    ck_assert(!br_listen_is(fd, "[::1]:1"));
    ck_assert(!br_listen_is(fd, "nowhere"));
    close(fd);
    fd = br_listen_open("[::1]:0");
    if (fd >= 0) { /* there may be no IPv6 here */
        snprintf(address, sizeof address, "[::1]:%d", br_listen_port(fd));
        ck_assert(br_listen_is(fd, address));
        ck_assert(!br_listen_is(fd, "[::2]:1"));
        close(fd);
    }
    ck_assert_int_eq(br_listen_take(-1), -EBADF);
    struct br_http_setup setup = {0};
    open_with(&setup); /* for the end of the test */
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, uses_a_socket_that_is_passed);
    tcase_add_test(tcase, lets_readers_wait_until_it_serves);
    tcase_add_test(tcase, goes_on_under_another_configuration);
    tcase_add_test(tcase, knows_where_a_socket_listens);
}

UNIT_MAIN("http_sockets", tests)
