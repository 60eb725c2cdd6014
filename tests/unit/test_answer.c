/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What stands around a query: target and formats before it, answers and their cache behind it. */
#include "daemon/out/http/target.h"

#include "tests/unit/unit.h"

#include <zlib.h>

#include "daemon/out/http/print.h"

#define NOW INT64_C(1787047323000)
#define ITEM_FORMATS                                                                                         \
    (BR_FORMAT_BIT(BR_FORMAT_GEOJSON) | BR_FORMAT_BIT(BR_FORMAT_JSON) | BR_FORMAT_BIT(BR_FORMAT_CSV) |       \
     BR_FORMAT_BIT(BR_FORMAT_PB))

static enum br_format accepted(const char *accept)
{
    return br_format_accepted(accept, ITEM_FORMATS, BR_FORMAT_GEOJSON);
}

START_TEST(accepts)
{
    ck_assert_int_eq(accepted(NULL), BR_FORMAT_GEOJSON);
    ck_assert_int_eq(accepted(" "), BR_FORMAT_GEOJSON);
    ck_assert_int_eq(accepted("*/*"), BR_FORMAT_GEOJSON);
    ck_assert_int_eq(accepted("text/csv"), BR_FORMAT_CSV);
    ck_assert_int_eq(accepted("TEXT/CSV; charset=utf-8"), BR_FORMAT_CSV);
    ck_assert_int_eq(accepted("application/*"), BR_FORMAT_GEOJSON);
    ck_assert_int_eq(accepted("text/*"), BR_FORMAT_CSV);
    ck_assert_int_eq(accepted("application/protobuf"), BR_FORMAT_PB);
    ck_assert_int_eq(accepted("application/json, */*"), BR_FORMAT_JSON);
    ck_assert_int_eq(accepted("application/json;q=0.5, text/csv;q=0.8"), BR_FORMAT_CSV);
    ck_assert_int_eq(accepted("application/geo+json;q=0, */*;q=0.1"), BR_FORMAT_JSON);
    ck_assert_int_eq(accepted("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                     BR_FORMAT_GEOJSON);
    ck_assert_int_eq(accepted("text/html"), BR_FORMAT_NONE);
    ck_assert_int_eq(accepted("image/*"), BR_FORMAT_NONE);
    ck_assert_int_eq(accepted("*/*;q=0"), BR_FORMAT_NONE);
    ck_assert_int_eq(accepted("nonsense"), BR_FORMAT_NONE);
    ck_assert_int_eq(accepted(",;,text/csv,"), BR_FORMAT_CSV);
    ck_assert_int_eq(accepted("text/csv;q=2"), BR_FORMAT_CSV);
    ck_assert(br_format_gzip("gzip, deflate, br"));
    ck_assert(br_format_gzip("br;q=1.0, GZIP;q=0.5"));
    ck_assert(br_format_gzip("*"));
    ck_assert(!br_format_gzip("*, gzip;q=0"));
    ck_assert(!br_format_gzip("gzip;q=0.000"));
    ck_assert(!br_format_gzip("identity"));
    ck_assert(!br_format_gzip(""));
    ck_assert(!br_format_gzip(NULL));
}
END_TEST

static bool target_fits(const char *raw, const char *pattern)
{
    struct br_target target = {0};
    struct br_problem problem = {0};
    return br_target_parse(raw, &target, &problem) && br_target_fits(&target, pattern);
}

START_TEST(targets)
{
    ck_assert(target_fits("/", "/"));
    ck_assert(target_fits("/?a=b", "/"));
    ck_assert(target_fits("/v1", "/v1"));
    ck_assert(!target_fits("/v1/", "/v1"));
    ck_assert(!target_fits("//v1", "/v1"));
    ck_assert(!target_fits("/v", "/v1"));
    ck_assert(!target_fits("/v12", "/v1"));
    ck_assert(target_fits("/v1/a/x", "/v1/a/{name}"));
    ck_assert(target_fits("/v1/%61/x%2Fy", "/v1/a/{name}"));
    ck_assert(!target_fits("/v1/a/", "/v1/a/{name}"));
    ck_assert(!target_fits("/v1/a", "/v1/a/{name}"));
    ck_assert(!target_fits("/v1/a/x/y", "/v1/a/{name}"));
    ck_assert(!target_fits("/a/b/c/d/e/f/g/h/i/j/k", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}"));
    ck_assert(target_fits("http://example.nl/v1?x", "/v1"));
    ck_assert(target_fits("http://example.nl", "/"));
    ck_assert(!target_fits("v1", "/v1"));
    ck_assert(!target_fits("", "/"));
    ck_assert(!target_fits("/v%31%", "/v1"));

    struct br_target target = {0};
    struct br_problem problem = {0};
    char path[400];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[BR_PATH_SIZE_MAX] = '\0';
    ck_assert(br_target_parse(path, &target, &problem));
    path[BR_PATH_SIZE_MAX] = 'a';
    path[BR_PATH_SIZE_MAX + 1] = '\0';
    ck_assert(!br_target_parse(path, &target, &problem));
    ck_assert_uint_eq(problem.status, 414);
}
END_TEST

static struct br_answer *answer_of(const char *body)
{
    struct br_text text = {0};
    br_text_add(&text, body, strlen(body));
    return br_answer_open(200, "text/plain", &text, 0, 0);
}

START_TEST(etags)
{
    struct br_text one = {0}, two = {0};
    br_text_format(&one, "abc-10:00-def");
    br_text_format(&two, "abc-10:01-def");
    struct br_answer *first = br_answer_open(200, "text/plain", &one, 4, 5);
    struct br_answer *second = br_answer_open(200, "text/plain", &two, 4, 5);
    struct br_answer *other = answer_of("abc-10:00-deg");
    ck_assert_str_eq(first->etag, second->etag);
    ck_assert_str_ne(first->etag, other->etag);
    ck_assert(br_answer_matches(first, second->etag));
    ck_assert(br_answer_matches(first, second->etag + 2)); /* weak comparison */
    ck_assert(!br_answer_matches(first, other->etag));
    ck_assert(br_answer_matches(first, "*"));
    ck_assert(!br_answer_matches(first, NULL));
    ck_assert(!br_answer_matches(first, ""));
    ck_assert(!br_answer_matches(first, "\"unclosed"));
    char list[128];
    snprintf(list, sizeof list, "%s, \"x\" ,%s", other->etag, first->etag);
    ck_assert(br_answer_matches(first, list));
    br_answer_drop(first);
    br_answer_drop(second);
    br_answer_drop(other);
    br_answer_drop(NULL);
}
END_TEST

START_TEST(packs)
{
    char body[2000];
    for (size_t i = 0; i + 1 < sizeof body; i++)
        body[i] = (char)('a' + i % 7);
    body[sizeof body - 1] = '\0';
    struct br_answer *answer = answer_of(body);
    ck_assert(br_answer_pack(answer));
    ck_assert_uint_lt(answer->packed_size, answer->size);
    char plain[sizeof body];
    z_stream stream = {.next_in = (Bytef *)answer->packed,
                       .avail_in = (uInt)answer->packed_size,
                       .next_out = (Bytef *)plain,
                       .avail_out = sizeof plain};
    ck_assert_int_eq(inflateInit2(&stream, 31), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    ck_assert_uint_eq(stream.total_out, strlen(body));
    ck_assert_mem_eq(plain, body, strlen(body));
    br_answer_drop(answer);
    answer = answer_of("short");
    ck_assert(!br_answer_pack(answer));
    br_answer_drop(answer);
}
END_TEST

static void cache_put(struct br_cache *cache, const char *key, uint64_t change)
{
    char body[500];
    memset(body, 'x', sizeof body);
    body[sizeof body - 1] = '\0';
    struct br_answer *answer = answer_of(body);
    answer->change = change;
    answer->until_utc_ms = NOW;
    br_cache_put(cache, key, answer);
    br_answer_drop(answer);
}

START_TEST(caches)
{
    struct br_cache *cache = br_cache_open(4000);
    cache_put(cache, "a", 1);
    ck_assert_ptr_nonnull(br_cache_find(cache, "a", 1, NOW - 1));
    ck_assert_ptr_null(br_cache_find(cache, "b", 1, NOW - 1));
    ck_assert_ptr_null(br_cache_find(cache, "a", 2, NOW - 1)); /* the board has changed */
    ck_assert_uint_eq(br_cache_size(cache), 0);
    cache_put(cache, "a", 1);
    ck_assert_ptr_null(br_cache_find(cache, "a", 1, NOW)); /* no longer fresh */
    const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 8; i++) {
        cache_put(cache, keys[i], 1);
        ck_assert_ptr_nonnull(br_cache_find(cache, "a", 1, 0)); /* used: it stays */
    }
    ck_assert_uint_le(br_cache_size(cache), 4000);
    ck_assert_ptr_null(br_cache_find(cache, "b", 1, 0));
    ck_assert_ptr_nonnull(br_cache_find(cache, "h", 1, 0));
    size_t size = br_cache_size(cache);
    cache_put(cache, "h", 2);
    ck_assert_uint_eq(br_cache_size(cache), size);

    struct br_answer *held = br_answer_keep(br_cache_find(cache, "h", 2, 0));
    ck_assert(br_answer_pack(held));
    ck_assert_ptr_nonnull(br_cache_find(cache, "h", 2, 0));
    ck_assert_uint_eq(br_cache_size(cache), size + held->packed_size);
    br_cache_close(cache);
    ck_assert_uint_eq(held->size, 499); /* who holds it keeps it */
    br_answer_drop(held);

    cache = br_cache_open(600);
    cache_put(cache, "large", 1);
    ck_assert_ptr_null(br_cache_find(cache, "large", 1, 0));
    br_cache_close(cache);
    br_cache_close(NULL);
}
END_TEST

START_TEST(cells)
{
    struct br_text text = {0};
    const char *const values[] = {"plain", "a,b", "say \"x\"", "two\nlines", ""};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        br_print_cell(&text, values[i]);
        br_text_add(&text, "|", 1);
    }
    ck_assert_str_eq(text.data, "plain|\"a,b\"|\"say \"\"x\"\"\"|\"two\nlines\"||");
    free(text.data);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, accepts);
    tcase_add_test(tcase, targets);
    tcase_add_test(tcase, etags);
    tcase_add_test(tcase, packs);
    tcase_add_test(tcase, caches);
    tcase_add_test(tcase, cells);
}

UNIT_MAIN("answer", tests)
