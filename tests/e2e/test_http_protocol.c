/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Methods, refusals, headers, caching, the page and the operator's side. */
#include "tests/e2e/http_fixture.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "daemon/out/http/www.h"

START_TEST(refusals)
{
    const char *const missing[] = {"/v1/",
                                   "/v1/regions/",
                                   "/v2",
                                   "/v1/collections/bikes",
                                   "/v1/figures/parking",
                                   "/v1//regions",
                                   "/v1/figures/bikes/gm9001",
                                   "/healthz",
                                   "/metrics"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        ck_assert_msg(refused(missing[i], NULL) == 404, "%s", missing[i]);
    ck_assert_int_eq(refused("/v1/%zz", NULL), 400);
    ck_assert_int_eq(refused("/v1/regions/%00", NULL), 400);
    ck_assert_int_eq(refused("/v1?a=1", NULL), 400);
    ck_assert_int_eq(refused("/v1/collections/parking/items?limit=0", NULL), 400);
    ck_assert_int_eq(refused("/v1/figures/parking/gm9001?from=2020-01-01T00:00:00Z", NULL), 400);
    ck_assert_int_eq(refused("/v1/collections/parking/items", "Accept: text/html"), 406);
    ck_assert_int_eq(refused("/", "Accept: application/json"), 406);
    char path[1500];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[1000] = '\0';
    ck_assert_int_eq(refused(path, NULL), 414);

    struct got got = ask("/v1/collections/parking/items?limit=0&colour=red&bbox=1&f=xml&f=csv");
    ck_assert_int_eq(got.status, 400);
    json_t *problem = json_of(&got);
    ck_assert_uint_eq(json_array_size(json_object_get(problem, "errors")), 5);
    json_decref(problem);
    got_free(&got);
    got = ask_port(site.port, NULL, "/v1/collections/parking/items?f=csv", "Accept: text/html"); /* f wins */
    ck_assert_int_eq(got.status, 200);
    got_free(&got);
}
END_TEST

START_TEST(methods)
{
    const char *const others[] = {"PUT", "DELETE", "PATCH", "TRACE", "BREW"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct got got = ask_port(site.port, others[i], "/v1", NULL);
        ck_assert_msg(got.status == 405, "%s: %ld", others[i], got.status);
        has_head(&got, "Allow: GET, HEAD, OPTIONS");
        has_head(&got, "Content-Type: application/problem+json; charset=utf-8");
        got_free(&got);
    }
    struct got got = ask_port(site.port, "OPTIONS", "/v1/regions", "Origin: https://example.nl");
    ck_assert_int_eq(got.status, 204);
    ck_assert_uint_eq(got.size, 0);
    has_head(&got, "Allow: GET, HEAD, OPTIONS");
    has_head(&got, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS");
    has_head(&got, "Access-Control-Allow-Origin: *");
    got_free(&got);
    got = ask_port(site.port, "OPTIONS", "/v1/nothing", NULL);
    ck_assert_int_eq(got.status, 404);
    got_free(&got);
}
END_TEST

START_TEST(bodies_are_refused)
{
    char heard[8192];
    const char *const requests[] = {
        "GET /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "GET /v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "GET /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"};
    for (size_t i = 0; i < 3; i++) {
        talk(site.port, requests[i], strlen(requests[i]), heard,
             sizeof heard); /* comes back when it closes */
        ck_assert_msg(strncmp(heard, "HTTP/1.1 413 ", 13) == 0, "%s", heard);
        ck_assert_ptr_nonnull(strcasestr(heard, "\r\nConnection: close\r\n"));
    }
    const char *post = "POST /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    talk(site.port, post, strlen(post), heard, sizeof heard);
    ck_assert_msg(strncmp(heard, "HTTP/1.1 405 ", 13) == 0, "%s", heard);
}
END_TEST

START_TEST(garbage_is_survived)
{
    static char heard[1 << 16], bytes[40000];
    unsigned seed = 7;
    for (size_t i = 0; i < 50; i++) {
        size_t size = 10 + (size_t)(seed >> 8) % 3000;
        for (size_t j = 0; j < size; j++) {
            seed = seed * 1103515245u + 12345u;
            bytes[j] = (char)(seed >> 16);
        }
        if (i % 2)
            memcpy(bytes, "GET /v1/", 8);
        memcpy(bytes + size - 4, "\r\n\r\n", 4);
        size_t end = size;
        end += (size_t)sprintf(bytes + size, "GET /v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        talk(site.port, bytes, end, heard, sizeof heard);
    }
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "GET /", 5);
    memcpy(bytes + sizeof bytes - 30, " HTTP/1.1\r\nHost: a\r\n\r\n", 23);
    talk(site.port, bytes, sizeof bytes, heard, sizeof heard);
    const char *absolute = "GET http://a/v1/conformance HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    talk(site.port, absolute, strlen(absolute), heard, sizeof heard);
    ck_assert_msg(strncmp(heard, "HTTP/1.1 200 ", 13) == 0, "%s", heard);
}
END_TEST

START_TEST(head_and_headers)
{
    fill();
    struct got get = ask("/v1/collections/parking/items");
    struct got head = ask_port(site.port, "HEAD", "/v1/collections/parking/items", NULL);
    ck_assert_int_eq(head.status, 200);
    ck_assert_uint_eq(head.size, 0);
    char length[64];
    snprintf(length, sizeof length, "Content-Length: %zu", get.size);
    has_head(&head, length);
    const struct got *both[] = {&get, &head};
    for (size_t i = 0; i < 2; i++) {
        has_head(both[i], "API-Version: 1.0.0");
        has_head(both[i], "Access-Control-Allow-Origin: *");
        has_head(both[i], "X-Content-Type-Options: nosniff");
        has_head(both[i], "Referrer-Policy: no-referrer");
        has_head(both[i], "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'");
        has_head(both[i], "Vary: Accept, Accept-Encoding");
        has_head(both[i], "Content-Type: application/geo+json");
        /* now is 10:10:05; the window that ends at 10:09 comes at 10:10:30 */
        has_head(both[i], "Cache-Control: public, max-age=25");
        ck_assert_ptr_null(strstr(both[i]->head, "Strict-Transport-Security"));
    }
    got_free(&get);
    got_free(&head);
}
END_TEST

static void etag_line(const struct got *got, char line[64])
{
    const char *tag = strstr(got->head, "ETag: ");
    ck_assert_ptr_nonnull(tag);
    snprintf(line, 64, "If-None-Match: %.*s", (int)strcspn(tag + 6, "\r"), tag + 6);
}

START_TEST(conditional)
{
    char line[64], again[64];
    fill();
    struct got got = ask("/v1/collections/parking/items");
    etag_line(&got, line);
    got_free(&got);
    got = ask_port(site.port, NULL, "/v1/collections/parking/items", line);
    ck_assert_int_eq(got.status, 304);
    ck_assert_uint_eq(got.size, 0);
    etag_line(&got, again);
    ck_assert_str_eq(line, again);
    ck_assert_ptr_null(strstr(got.head, "Content-Length: 0"));
    got_free(&got);

    site.now_utc_ms += MINUTE; /* rendered anew, with another time in it, but the same figures */
    put("gm9001", "Aardam", "live", 7, 1, 42);
    got = ask_port(site.port, NULL, "/v1/collections/parking/items", line);
    ck_assert_int_eq(got.status, 304);
    got_free(&got);

    put("gm9001", "Aardam", "1m", 8, 1, 108);
    got = ask_port(site.port, NULL, "/v1/collections/parking/items", line);
    ck_assert_int_eq(got.status, 200);
    ck_assert_ptr_nonnull(strstr(got.body, "\"vacant\":108"));
    etag_line(&got, again);
    ck_assert_str_ne(line, again);
    got_free(&got);
}
END_TEST

START_TEST(cached_bodies_stay_the_same)
{
    fill();
    struct got first = ask("/v1/collections/parking/items");
    site.now_utc_ms += 1000; /* still fresh: the stored body, older by a second, goes out */
    struct got second = ask("/v1/collections/parking/items");
    ck_assert_str_eq(first.body, second.body);
    has_head(&second, "Cache-Control: public, max-age=24");
    got_free(&first);
    got_free(&second);
}
END_TEST

START_TEST(gzip)
{
    fill();
    struct got plain = ask("/v1/collections/parking/items");
    struct got packed = ask_port(site.port, NULL, "/v1/collections/parking/items", "Accept-Encoding: gzip");
    has_head(&packed, "Content-Encoding: gzip");
    ck_assert_uint_lt(packed.size, plain.size);
    ck_assert_mem_eq(packed.body, "\x1f\x8b", 2);
    ck_assert_ptr_null(strstr(plain.head, "Content-Encoding"));
    got_free(&plain);
    got_free(&packed);
}
END_TEST

START_TEST(page)
{
    struct got got = ask_port(site.port, NULL, "/", "Accept: text/html,*/*;q=0.8");
    ck_assert_int_eq(got.status, 200);
    has_head(&got, "Content-Type: text/html; charset=utf-8");
    ck_assert_uint_eq(got.size, br_www_index_size);
    const char *const tags[][2] = {{"<script>", "</script>"}, {"<style>", "</style>"}};
    for (size_t i = 0; i < 2; i++) {
        const char *from = strstr(got.body, tags[i][0]) + strlen(tags[i][0]);
        unsigned char digest[SHA256_DIGEST_LENGTH], text[48];
        char source[96];
        SHA256((const unsigned char *)from, (size_t)(strstr(from, tags[i][1]) - from), digest);
        EVP_EncodeBlock(text, digest, sizeof digest);
        snprintf(source, sizeof source, i == 0 ? "script-src 'sha256-%s';" : "style-src 'sha256-%s';", text);
        ck_assert_ptr_nonnull(strstr(got.head, source));
        ck_assert_ptr_null(strstr(strstr(from, tags[i][1]), tags[i][0])); /* the only one */
    }
    const char *const foreign[] = {"src=\"http", "href=\"http", "@import", "url(", "style=\"", "onclick="};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        ck_assert_ptr_null(strstr(got.body, foreign[i]));
    got_free(&got);
}
END_TEST

START_TEST(ops)
{
    struct got got = ask_port(site.ops_port, NULL, "/healthz", NULL);
    ck_assert_int_eq(got.status, 200);
    got_free(&got);
    got = ask_port(site.ops_port, NULL, "/readyz", NULL);
    ck_assert_int_eq(got.status, 503);
    ck_assert_str_eq(got.body, "not ready: the journal is being read\n");
    got_free(&got);
    site.ready = true;
    got = ask_port(site.ops_port, NULL, "/readyz", NULL);
    ck_assert_int_eq(got.status, 200);
    has_head(&got, "Cache-Control: no-store");
    got_free(&got);

    const char *value = "noord";
    *br_metric_at(br_metric_add(site.metrics, BR_COUNTER, "proef_total", "A test.", "feed", 1), &value) = 7;
    got = ask_port(site.ops_port, NULL, "/metrics", NULL);
    ck_assert_int_eq(got.status, 200);
    has_head(&got, "Content-Type: text/plain; version=0.0.4; charset=utf-8");
    ck_assert_ptr_nonnull(strstr(got.body, "proef_total{feed=\"noord\"} 7"));
    ck_assert_int_eq(site.metrics_asked, 1);
    got_free(&got);
    got = ask_port(site.ops_port, NULL, "/v1", NULL);
    ck_assert_int_eq(got.status, 404);
    got_free(&got);
    got = ask_port(site.ops_port, "DELETE", "/metrics", NULL);
    ck_assert_int_eq(got.status, 405);
    got_free(&got);
}
END_TEST

START_TEST(keeps_connections)
{
    static char requests[4096], heard[1 << 18];
    size_t used = 0;
    for (int i = 0; i < 20; i++) /* all sent before the first answer */
        used +=
            (size_t)snprintf(requests + used, sizeof requests - used, "GET /v1 HTTP/1.1\r\nHost: a\r\n%s\r\n",
                             i == 19 ? "Connection: close\r\n" : "");
    talk(site.port, requests, used, heard, sizeof heard);
    int answers = 0;
    for (const char *at = heard; (at = strstr(at, "HTTP/1.1 200 ")); at++)
        answers++;
    ck_assert_int_eq(answers, 20);
}
END_TEST

START_TEST(bad_addresses)
{
    const char *const wrong[] = {"127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:x",        "example.nl:80",
                                 "::1:80",    "[::1]", "",           "127.0.0.1:99999999", "192.0.2.1:0"};
    site_open();
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%d", site.port);
    for (size_t i = 0; i <= sizeof wrong / sizeof wrong[0]; i++) {
        int error = 0;
        site.config.http.listen = i < sizeof wrong / sizeof wrong[0] ? (char *)wrong[i] : taken;
        ck_assert_msg(!http_open(&error), "%s", site.config.http.listen);
        ck_assert_int_lt(error, 0);
    }
    site.config.http.listen = site.config.http.ops_listen = NULL;
    int error = 0;
    ck_assert_ptr_null(http_open(&error));
    ck_assert_int_eq(error, -EINVAL);
    site_close();
}
END_TEST

int main(void)
{
    const TTest *const served[] = {refusals,
                                   methods,
                                   bodies_are_refused,
                                   garbage_is_survived,
                                   head_and_headers,
                                   conditional,
                                   cached_bodies_stay_the_same,
                                   gzip,
                                   page,
                                   ops,
                                   keeps_connections};
    const TTest *const alone[] = {bad_addresses};
    return http_run("http_protocol", served, sizeof served / sizeof served[0], alone,
                    sizeof alone / sizeof alone[0]);
}
