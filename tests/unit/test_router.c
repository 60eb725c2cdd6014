/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/router.h"

#include <stdint.h>

#include "tests/unit/unit.h"

struct match {
    const char *filter, *topic;
    bool taken;
};

static const struct match matches[] = {
    {"a/b", "a/b", true},
    {"a/b", "a/c", false},
    {"a/b", "a", false},
    {"a/b", "a/b/c", false},
    {"a/b", "A/b", false},
    {"a", "a/", false},
    {"a/", "a/", true},
    {"a/", "a", false},
    {"+", "a", true},
    {"+", "a/b", false},
    {"+/+", "a/b", true},
    {"+/+", "/b", true},
    {"/+", "/b", true},
    {"/+", "b", false},
    {"+", "/b", false},
    {"a/+/c", "a/b/c", true},
    {"a/+/c", "a//c", true},
    {"a/+/c", "a/b/d/c", false},
    {"a/+", "a", false},
    {"a/+", "a/", true},
    {"#", "a", true},
    {"#", "a/b/c", true},
    {"#", "/", true},
    {"a/#", "a", true},
    {"a/#", "a/", true},
    {"a/#", "a/b/c", true},
    {"a/#", "ab", false},
    {"a/#", "b/a", false},
    {"a/+/#", "a", false},
    {"a/+/#", "a/b", true},
    {"a/+/#", "a/b/c/d", true},
    /* the broker's own topics */
    {"#", "$SYS/broker/uptime", false},
    {"+/broker/uptime", "$SYS/broker/uptime", false},
    {"$SYS/#", "$SYS/broker/uptime", true},
    {"$SYS/broker/+", "$SYS/broker/uptime", true},
    {"a/+", "a/$b", true},
    /* what is no filter takes nothing */
    {"", "a", false},
    {"", "", false},
    {"#", "", false},
    {"+", "", false},
    {"a/#/b", "a/x/b", false},
    {"a#", "a", false},
    {"a#", "a#", false},
    {"a+/b", "ax/b", false},
    {"a/+b", "a/xb", false},
    {"##", "a", false},
    {"a/#/", "a/b", false},
};

START_TEST(matches_as_mqtt_says)
{
    const struct match *m = &matches[_i];
    ck_assert_msg(br_topic_match(br_view_of(m->filter), br_view_of(m->topic)) == m->taken, "%s %s", m->filter,
                  m->topic);
}
END_TEST

START_TEST(matches_views_that_do_not_end)
{
    const char *text = "city/garage/1/status#";
    struct br_view filter = {text + 5, 6}, topic = {text + 5, 6}, longer = {text + 5, 8};
    ck_assert(br_topic_match(filter, topic));
    ck_assert(!br_topic_match(filter, longer));
    ck_assert(!br_topic_match((struct br_view){NULL, 0}, topic));
    ck_assert(!br_topic_match(filter, (struct br_view){NULL, 0}));
}
END_TEST

static const char *const shares[][2] = {
    {"$share/bruisd/city/#", "city/#"},
    {"$share/g//a", "/a"},
    {"$share/g/#", "#"},
    {"city/#", "city/#"},
    {"", ""},
    {"$share/g", "$share/g"},
    {"$share/g/", "$share/g/"},
    {"$share//a", "$share//a"},
    {"$share/+/a", "$share/+/a"},
    {"$share/", "$share/"},
    {"$shared/g/a", "$shared/g/a"},
    {"$SHARE/g/a", "$SHARE/g/a"},
};

START_TEST(takes_the_share_away)
{
    struct br_view filter = br_topic_unshared(br_view_of(shares[_i][0]));
    ck_assert_msg(br_view_is(filter, shares[_i][1]), "%s gives %.*s", shares[_i][0], (int)filter.size,
                  filter.data);
}
END_TEST

static char garage[] = "city/garage/+", all[] = "city/#", shared[] = "$share/g/city/garage/1",
            other[] = "rail/#";
static char *garage_topics[] = {other, garage}, *all_topics[] = {all}, *shared_topics[] = {shared};

START_TEST(finds_every_feed_once)
{
    struct br_config_feed feeds[] = {
        {.broker = 0, .topics = {2, garage_topics}},
        {.broker = 1, .topics = {1, all_topics}},
        {.broker = 0, .topics = {1, shared_topics}},
        {.broker = SIZE_MAX, .topics = {1, all_topics}},
        {.broker = 0},
    };
    struct br_config config = {.feeds = feeds, .feed_count = 5};
    struct br_view topic = br_view_of("city/garage/1");

    ck_assert_uint_eq(br_router_next(&config, SIZE_MAX, topic, SIZE_MAX), 0);
    ck_assert_uint_eq(br_router_next(&config, SIZE_MAX, topic, 0), 1);
    ck_assert_uint_eq(br_router_next(&config, SIZE_MAX, topic, 1), 2);
    ck_assert_uint_eq(br_router_next(&config, SIZE_MAX, topic, 2), 3);
    ck_assert_uint_eq(br_router_next(&config, SIZE_MAX, topic, 3), SIZE_MAX);

    ck_assert_uint_eq(br_router_next(&config, 0, topic, SIZE_MAX), 0);
    ck_assert_uint_eq(br_router_next(&config, 0, topic, 0), 2);
    ck_assert_uint_eq(br_router_next(&config, 0, topic, 2), SIZE_MAX);
    ck_assert_uint_eq(br_router_next(&config, 1, topic, SIZE_MAX), 1);
    ck_assert_uint_eq(br_router_next(&config, 1, br_view_of("rail/1"), SIZE_MAX), SIZE_MAX);
    ck_assert_uint_eq(br_router_next(&config, 0, br_view_of("rail/1"), SIZE_MAX), 0);

    struct br_config none = {0};
    ck_assert_uint_eq(br_router_next(&none, SIZE_MAX, topic, SIZE_MAX), SIZE_MAX);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, matches_as_mqtt_says, 0, sizeof(matches) / sizeof(matches[0]));
    tcase_add_test(tcase, matches_views_that_do_not_end);
    tcase_add_loop_test(tcase, takes_the_share_away, 0, sizeof(shares) / sizeof(shares[0]));
    tcase_add_test(tcase, finds_every_feed_once);
}

UNIT_MAIN("router", tests)
