/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/query.h"

#include "tests/unit/unit.h"

#define NOW INT64_C(1787047323000) /* 2026-08-18T10:02:03Z */
#define ALL 0x1ffu
#define ITEM_FORMATS                                                                                         \
    (BR_FORMAT_BIT(BR_FORMAT_GEOJSON) | BR_FORMAT_BIT(BR_FORMAT_JSON) | BR_FORMAT_BIT(BR_FORMAT_CSV) |       \
     BR_FORMAT_BIT(BR_FORMAT_PB))

static const struct br_config config = {
    .windows = {{(char *)"1m", 60000}, {(char *)"5m", 300000}, {(char *)"1h", 3600000}},
    .window_count = 3,
    .privacy = {.pedestrian_min = 10, .round_to = 5, .min_window_ms = 300000}};

static struct br_query_rules rules_of(unsigned keys)
{
    return (struct br_query_rules){.keys = keys,
                                   .formats = ITEM_FORMATS,
                                   .live = true,
                                   .config = &config,
                                   .domain = BRUIS__V1__DOMAIN__parking,
                                   .now_utc_ms = NOW};
}

static bool parse(const char *raw, unsigned keys, struct br_query *query, struct br_problem *problem)
{
    struct br_query_rules rules = rules_of(keys);
    *problem = (struct br_problem){0};
    return br_query_parse(raw, &rules, query, problem);
}

static void good(const char *raw, struct br_query *query)
{
    struct br_problem problem;
    ck_assert_msg(parse(raw, ALL, query, &problem), "%s: %s", raw, problem.faults[0].detail);
    ck_assert_uint_eq(problem.count, 0);
}

/* One fault, of this key. */
static void bad(const char *raw, const char *name)
{
    struct br_query query;
    struct br_problem problem;
    ck_assert_msg(!parse(raw, ALL, &query, &problem), "%s was taken", raw);
    ck_assert_msg(problem.count == 1, "%s: %zu faults", raw, problem.count);
    ck_assert_str_eq(problem.faults[0].name, name);
    ck_assert_uint_eq(problem.status, 400);
}

START_TEST(decodes_strictly)
{
    char text[16];
    ck_assert(br_percent_decode(br_view_of("a%20b+c%2F"), text, sizeof text));
    ck_assert_str_eq(text, "a b+c/");
    ck_assert(br_percent_decode(br_view_of(""), text, sizeof text));
    ck_assert_str_eq(text, "");
    ck_assert(br_percent_decode(br_view_of("%C3%a9"), text, sizeof text));
    ck_assert_str_eq(text, "\xc3\xa9");
    const char *const wrong[] = {"%",   "%4",   "%zz", "%4g",      "a%00", "%0a",
                                 "a b", "\x7f", "%7F", "\xc3\xa9", "a\tb", "1234567890123456"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(!br_percent_decode(br_view_of(wrong[i]), text, sizeof text), "%zu was taken", i);
    ck_assert(br_percent_decode(br_view_of("123456789012345"), text, sizeof text));
    ck_assert(!br_percent_decode((struct br_view){"%41", 2}, text, sizeof text)); /* reads no further */
}
END_TEST

START_TEST(encodes_what_must_be)
{
    struct br_text text = {0};
    br_percent_encode(&text, "aZ9-._~ /:,+&\"\xc3", ":,");
    ck_assert_str_eq(text.data, "aZ9-._~%20%2F:,%2B%26%22%C3");
    free(text.data);
}
END_TEST

START_TEST(defaults)
{
    struct br_query query;
    good("", &query);
    ck_assert_uint_eq(query.given, 0);
    ck_assert_str_eq(query.window, "1m");
    ck_assert_uint_eq(query.limit, 100);
    ck_assert_uint_eq(query.offset, 0);
    ck_assert_int_eq(query.format, BR_FORMAT_NONE);
    ck_assert_int_eq(query.to_utc_ms, INT64_C(1787047380000)); /* 10:03: the running minute's end */
    ck_assert_int_eq(query.from_utc_ms, query.to_utc_ms - BR_DAY_MS);
    good("&&limit=7&", &query);
    ck_assert_uint_eq(query.limit, 7);
}
END_TEST

START_TEST(default_window_is_one_that_is_published)
{
    struct br_config open = config;
    const Bruis__V1__Domain pedestrian = BRUIS__V1__DOMAIN__pedestrian;
    ck_assert_str_eq(br_query_window_default(&config, pedestrian)->name, "5m");
    ck_assert_str_eq(br_query_window_default(&config, BRUIS__V1__DOMAIN__traffic)->name, "1m");
    open.privacy.pedestrian_min = 1;
    ck_assert_str_eq(br_query_window_default(&open, pedestrian)->name, "5m"); /* still rounded */
    open.privacy.round_to = 0;
    ck_assert_str_eq(br_query_window_default(&open, pedestrian)->name, "1m");
    open = config;
    open.window_count = 1; /* none is long enough */
    ck_assert_str_eq(br_query_window_default(&open, pedestrian)->name, "1m");
}
END_TEST

START_TEST(windows)
{
    struct br_query query;
    good("window=5m", &query);
    ck_assert_str_eq(query.window, "5m");
    ck_assert_int_eq(query.window_ms, 300000);
    good("window=live", &query);
    ck_assert_int_eq(query.window_ms, 0);
    bad("window=2m", "window");
    bad("window=", "window");
    bad("window", "window");
    bad("window=1M", "window");
    struct br_query_rules rules = rules_of(BR_KEY_WINDOW);
    struct br_problem problem = {0};
    rules.live = false;
    ck_assert(!br_query_parse("window=live", &rules, &query, &problem));
    ck_assert_str_eq(problem.faults[0].detail, "must be one of: 1m 5m 1h");
}
END_TEST

START_TEST(limits)
{
    struct br_query query;
    good("limit=1", &query);
    ck_assert_uint_eq(query.limit, 1);
    good("limit=10001", &query);
    ck_assert_uint_eq(query.limit, 10000);
    good("limit=99999999999999999999999999", &query);
    ck_assert_uint_eq(query.limit, 10000);
    good("limit=0005", &query);
    ck_assert_uint_eq(query.limit, 5);
    bad("limit=0", "limit");
    bad("limit=-1", "limit");
    bad("limit=ten", "limit");
    bad("limit=1.5", "limit");
    bad("limit=", "limit");
    bad("limit=%201", "limit");
    good("offset=0", &query);
    good("offset=99999999999999999999", &query);
    ck_assert_uint_eq(query.offset, UINT32_MAX);
    bad("offset=-1", "offset");
    bad("offset=x", "offset");
}
END_TEST

START_TEST(boxes)
{
    struct br_query query;
    good("bbox=4.5,51,5.25,52.5", &query);
    ck_assert(query.west == 4.5 && query.south == 51 && query.east == 5.25 && query.north == 52.5);
    good("bbox=4.5,51,-10,5.25,52.5,100", &query);
    ck_assert(query.east == 5.25 && query.north == 52.5);
    good("bbox=170%2C-50%2C-170%2C-40", &query); /* over the 180th meridian */
    bad("bbox=4,51,5", "bbox");
    bad("bbox=4,51,5,52,6", "bbox");
    bad("bbox=4,51,5,52,6,7,8", "bbox");
    bad("bbox=4,52,5,51", "bbox");
    bad("bbox=4,51,5,91", "bbox");
    bad("bbox=-181,51,5,52", "bbox");
    bad("bbox=a,b,c,d", "bbox");
    bad("bbox=nan,51,5,52", "bbox");
    bad("bbox=0x4,51,5,52", "bbox");
    bad("bbox=4,51,5,1e999", "bbox");
    bad("bbox=4,51,5,52,", "bbox");
    bad("bbox=4,,5,52", "bbox");
    bad("bbox=", "bbox");
}
END_TEST

START_TEST(datetimes)
{
    struct br_query query;
    good("datetime=2026-08-18T10:00:00Z", &query);
    ck_assert_int_eq(query.first_utc_ms, INT64_C(1787047200000));
    ck_assert_int_eq(query.last_utc_ms, INT64_C(1787047200000));
    good("datetime=2026-08-18T12:00:00+02:00", &query); /* a plus is a plus */
    ck_assert_int_eq(query.first_utc_ms, INT64_C(1787047200000));
    good("datetime=2026-08-18T10:00:00Z/2026-08-18T11:00:00Z", &query);
    ck_assert_int_eq(query.last_utc_ms, INT64_C(1787050800000));
    good("datetime=../2026-08-18T11:00:00Z", &query);
    ck_assert_int_eq(query.first_utc_ms, INT64_MIN);
    good("datetime=2026-08-18T10:00:00Z/..", &query);
    ck_assert_int_eq(query.last_utc_ms, INT64_MAX);
    good("datetime=2026-08-18T10:00:00Z/", &query);
    good("datetime=../..", &query);
    bad("datetime=yesterday", "datetime");
    bad("datetime=", "datetime");
    bad("datetime=..", "datetime");
    bad("datetime=2026-08-18T10:00:00Z/2026-08-18T11:00:00Z/..", "datetime");
    bad("datetime=2026-08-18T11:00:00Z/2026-08-18T10:00:00Z", "datetime");
    bad("datetime=2026-02-30T11:00:00Z", "datetime");
}
END_TEST

START_TEST(ranges)
{
    struct br_query query;
    good("from=2026-08-17T00:00:00Z&to=2026-08-18T00:00:00Z", &query);
    ck_assert_int_eq(query.to_utc_ms - query.from_utc_ms, BR_DAY_MS);
    good("to=2026-08-18T00:00:00Z", &query);
    ck_assert_int_eq(query.from_utc_ms, query.to_utc_ms - BR_DAY_MS);
    good("from=2025-07-14T00:00:00Z&to=2026-08-18T00:00:00Z", &query); /* 400 days */
    bad("from=2025-07-13T23:59:59Z&to=2026-08-18T00:00:00Z", "from");
    bad("from=2026-08-18T00:00:00Z&to=2026-08-18T00:00:00Z", "from");
    bad("from=2026-08-19T00:00:00Z&to=2026-08-18T00:00:00Z", "from");
    bad("from=2030-01-01T00:00:00Z", "from");
    bad("from=2000-01-01T00:00:00Z", "from");
    bad("from=noon", "from");
    bad("to=noon", "to");
    bad("to=9999", "to");
}
END_TEST

START_TEST(types_and_formats)
{
    struct br_query query;
    good("regionType=gemeente&f=csv", &query);
    ck_assert_str_eq(query.region_type, "gemeente");
    ck_assert_int_eq(query.format, BR_FORMAT_CSV);
    good("f=geojson", &query);
    bad("f=xml", "f");
    bad("f=html", "f"); /* a format, but not of this resource */
    bad("f=", "f");
    bad("regionType=", "regionType");
    bad("regionType=Gemeente", "regionType");
    bad("regionType=a%20b", "regionType");
    bad("regionType=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "regionType");
}
END_TEST

START_TEST(tells_all_faults_at_once)
{
    struct br_query query;
    struct br_problem problem;
    ck_assert(!parse("limit=0&colour=red&window=7m&limit=5&bbox=1&%zz=1", ALL, &query, &problem));
    ck_assert_uint_eq(problem.count, 6);
    ck_assert_str_eq(problem.faults[0].name, "limit");
    ck_assert_str_eq(problem.faults[1].name, "colour");
    ck_assert_str_eq(problem.faults[2].name, "window");
    ck_assert_str_eq(problem.faults[3].detail, "is given more than once");
    ck_assert(!parse("from=x", BR_KEY_F, &query, &problem)); /* known, but not here */
    ck_assert_str_eq(problem.faults[0].detail, "is not a key of this resource");
    ck_assert(!parse("=1", ALL, &query, &problem));
    ck_assert(!parse("window=5m&window=5m", ALL, &query, &problem));
    ck_assert(!parse("limit=%4", ALL, &query, &problem));

    char many[1024] = "";
    for (int i = 0; i < 60; i++)
        strcat(many, "a&");
    ck_assert(!parse(many, ALL, &query, &problem));
    ck_assert_uint_eq(problem.count, BR_PROBLEM_FAULTS_MAX);
}
END_TEST

START_TEST(problems_print)
{
    struct br_problem problem = {0};
    struct br_text text = {0};
    br_problem_add(&problem, "a\"b", "must be %d", 1);
    br_problem_print(&problem, &text);
    ck_assert_str_eq(text.data, "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                                "\"detail\":\"1 part of the query cannot be served.\",\"errors\":["
                                "{\"in\":\"query\",\"name\":\"a\\\"b\",\"detail\":\"must be 1\"}]}\n");
    free(text.data);
    text = (struct br_text){0};
    problem = (struct br_problem){0};
    br_problem_set(&problem, 404, "Not %s.", "here");
    br_problem_print(&problem, &text);
    ck_assert_str_eq(text.data, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                                "\"detail\":\"Not here.\"}\n");
    free(text.data);
}
END_TEST

START_TEST(prints_back)
{
    struct br_query query;
    struct br_text text = {0};
    good("bbox=4,51,5,52&window=5m&regionType=gemeente&datetime=2026-08-18T12:00:00%2B02:00/..&f=csv",
         &query);
    query.offset = 100;
    br_query_print(&query, BR_FORMAT_JSON, BR_KEY_OFFSET, &text);
    ck_assert_str_eq(text.data, "?window=5m&bbox=4,51,5,52&datetime=2026-08-18T12:00:00%2B02:00/.."
                                "&offset=100&regionType=gemeente&f=json");
    free(text.data);
    text = (struct br_text){0};
    good("", &query);
    br_query_print(&query, BR_FORMAT_NONE, 0, &text);
    ck_assert_uint_eq(text.size, 0);
    br_query_print(&query, BR_FORMAT_NONE, BR_KEY_FROM | BR_KEY_TO, &text);
    ck_assert_str_eq(text.data, "?from=2026-08-17T10:03:00Z&to=2026-08-18T10:03:00Z");
    free(text.data);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, decodes_strictly);
    tcase_add_test(tcase, encodes_what_must_be);
    tcase_add_test(tcase, defaults);
    tcase_add_test(tcase, default_window_is_one_that_is_published);
    tcase_add_test(tcase, windows);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, boxes);
    tcase_add_test(tcase, datetimes);
    tcase_add_test(tcase, ranges);
    tcase_add_test(tcase, types_and_formats);
    tcase_add_test(tcase, tells_all_faults_at_once);
    tcase_add_test(tcase, problems_print);
    tcase_add_test(tcase, prints_back);
}

UNIT_MAIN("query", tests)
