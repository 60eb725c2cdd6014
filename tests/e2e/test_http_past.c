/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Series that the board does not hold, from the history. */
#include "tests/e2e/http_fixture.h"

#define SERIES "/v1/figures/parking/gm9001?window=1m&from=2026-08-18T10:00:00Z&to=2026-08-20T00:00:00Z"

static void set_up(void)
{
    strcpy(site_history_dir, "/tmp/bruis-past-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(site_history_dir));
    site_open();
}

static void tear_down(void)
{
    char command[64];
    site_close();
    snprintf(command, sizeof command, "rm -r %s", site_history_dir);
    ck_assert_int_eq(system(command), 0);
    site_history_dir[0] = '\0';
}

/* "VACANT VACANT ... [next]" */
static const char *series(const char *more)
{
    static char text[4096];
    char path[512];
    json_t *figure;
    size_t i, used = 0;
    snprintf(path, sizeof path, SERIES "%s", more);
    json_t *document = fetch(path);
    text[0] = '\0';
    json_array_foreach(json_object_get(document, "figures"), i, figure)
    {
        long long vacant = json_integer_value(json_object_get(json_object_get(figure, "parking"), "vacant"));
        used += (size_t)snprintf(text + used, sizeof text - used, "%lld ", vacant);
    }
    json_array_foreach(json_object_get(document, "links"), i, figure)
    {
        if (strcmp(text_at(figure, "rel"), "next") == 0)
            snprintf(text + used, sizeof text - used, "next");
    }
    json_decref(document);
    return text;
}

START_TEST(joins_history_and_board)
{
    site.only_history = true;
    for (int minute = 0; minute < 4; minute++)
        put("gm9001", "Aardam", "1m", minute, 1, minute);
    ck_assert_str_eq(series("&limit=100"), "0 1 2 3 ");
    site.only_history = false;
    site.only_board = true;
    put("gm9001", "Aardam", "1m", 2, 1, 20); /* as new, not written yet */
    put("gm9001", "Aardam", "1m", 6, 1, 60);
    ck_assert_str_eq(series("&limit=10"), "0 1 20 3 60 ");
    ck_assert_str_eq(series("&limit=5"), "0 1 20 3 60 ");
    ck_assert_str_eq(series("&limit=4"), "0 1 20 3 next");
    ck_assert_str_eq(series("&limit=2"), "0 1 next");
    ck_assert_str_eq(series("&limit=4"), "0 1 20 3 next"); /* from the cache */
}
END_TEST

START_TEST(gives_other_forms)
{
    site.only_history = true;
    for (int minute = 0; minute < 4; minute++)
        put("gm9001", "Aardam", "1m", minute, 1, minute);
    struct got got = ask(SERIES "&limit=3&f=csv");
    ck_assert_int_eq(got.status, 200);
    int lines = 0;
    for (const char *at = got.body; (at = strstr(at, "\r\n")) != NULL; at++)
        lines++;
    ck_assert_int_eq(lines, 4);
    ck_assert_ptr_nonnull(strstr(got.head, "rel=\"next\""));
    got_free(&got);
    got = ask_port(site.port, "HEAD", SERIES "&limit=3", NULL);
    ck_assert_int_eq(got.status, 200);
    got_free(&got);
    got = ask(SERIES "&limit=0");
    ck_assert_int_eq(got.status, 400);
    got_free(&got);
}
END_TEST

/* A connection that has asked and does not read. */
static int ask_without_reading(int number)
{
    char request[512];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)site.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int size = snprintf(request, sizeof request, "GET " SERIES "&limit=%d HTTP/1.1\r\nHost: a\r\n\r\n",
                        9000 + number);
    ck_assert_int_eq(write(fd, request, (size_t)size), size);
    return fd;
}

/* It ends while requests wait, with a reading or for their turn; some clients have gone. */
START_TEST(closes_while_requests_wait)
{
    enum { CLIENTS = 30 };
    int fds[CLIENTS];
    site.only_history = true;
    for (int minute = 0; minute < 2000; minute++)
        put("gm9001", "Aardam", "1m", minute, 1, minute);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = ask_without_reading(i);
        if (i % 5 == 0)
            close(fds[i]);
    }
    struct got got = ask("/v1/conformance"); /* others are answered */
    ck_assert_int_eq(got.status, 200);
    got_free(&got);
    tear_down();
    for (int i = 0; i < CLIENTS; i++)
        if (i % 5 != 0)
            close(fds[i]);
    set_up();
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, joins_history_and_board);
    tcase_add_test(tcase, gives_other_forms);
    tcase_add_test(tcase, closes_while_requests_wait);
}

UNIT_MAIN("http_past", tests)
