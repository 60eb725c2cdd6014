/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/topic.h"

#include "tests/unit/unit.h"

static char topic[BR_TOPIC_SIZE];

START_TEST(names_figures)
{
    ck_assert(br_topic_of_figure(topic, "bruis", "json", "parking", "gemeente", "gm0344", "5m"));
    ck_assert_str_eq(topic, "bruis/v1/json/parking/gemeente/gm0344/5m");
    ck_assert(br_topic_of_figure(topic, "stad/utrecht", "pb", "traffic", "SET", "X-G4", "live"));
    ck_assert_str_eq(topic, "stad/utrecht/v1/pb/traffic/set/x-g4/live");
}
END_TEST

START_TEST(names_observations_as_they_are_written)
{
    ck_assert(
        br_topic_of_observation(topic, "bruis", "json", "traffic", "ndw", "RWS01_MONIBAS_0021hrl0339ra"));
    ck_assert_str_eq(topic, "bruis/v1/json/observation/traffic/ndw/RWS01_MONIBAS_0021hrl0339ra");
}
END_TEST

START_TEST(names_the_status)
{
    ck_assert(br_topic_of_status(topic, "bruis", "utrecht"));
    ck_assert_str_eq(topic, "bruis/v1/status/utrecht");
}
END_TEST

START_TEST(encodes_what_has_a_meaning)
{
    ck_assert(br_topic_of_observation(topic, "bruis", "pb", "parking", "p+r", "A/1 #2%\t\x7f"));
    ck_assert_str_eq(topic, "bruis/v1/pb/observation/parking/p%2Br/A%2F1%20%232%25%09%7F");
    /* U+0085 is a control character, U+00E9 and U+1F17F are not */
    ck_assert(
        br_topic_of_observation(topic, "bruis", "pb", "parking", "f", "caf\xc3\xa9\xc2\x85\xf0\x9f\x85\xbf"));
    ck_assert_str_eq(topic, "bruis/v1/pb/observation/parking/f/caf\xc3\xa9%C2%85\xf0\x9f\x85\xbf");
}
END_TEST

START_TEST(encodes_what_is_no_text)
{
    ck_assert(br_topic_of_observation(topic, "bruis", "pb", "parking", "f", "a\xff\xc3"));
    ck_assert_str_eq(topic, "bruis/v1/pb/observation/parking/f/a%FF%C3");
}
END_TEST

START_TEST(two_sensors_never_share_a_topic)
{
    char other[BR_TOPIC_SIZE];
    ck_assert(br_topic_of_observation(topic, "bruis", "pb", "parking", "f", "a/b"));
    ck_assert(br_topic_of_observation(other, "bruis", "pb", "parking", "f", "a%2Fb"));
    ck_assert_str_ne(topic, other);
}
END_TEST

START_TEST(refuses_what_is_empty)
{
    ck_assert(!br_topic_of_observation(topic, "bruis", "pb", "parking", "f", ""));
    ck_assert(!br_topic_of_observation(topic, "bruis", "pb", "parking", "f", NULL));
    ck_assert(!br_topic_of_figure(topic, "", "pb", "parking", "gemeente", "gm0344", "1m"));
    ck_assert(!br_topic_of_figure(topic, NULL, "pb", "parking", "gemeente", "gm0344", "1m"));
    ck_assert(!br_topic_of_status(topic, "bruis", NULL));
}
END_TEST

START_TEST(refuses_what_is_too_long)
{
    char sensor[BR_TOPIC_SIZE + 1];
    const size_t before = strlen("bruis/v1/pb/observation/parking/f/");
    memset(sensor, 'x', sizeof sensor);
    sensor[BR_TOPIC_SIZE - 1 - before] = '\0';
    ck_assert(br_topic_of_observation(topic, "bruis", "pb", "parking", "f", sensor));
    ck_assert_uint_eq(strlen(topic), BR_TOPIC_SIZE - 1);
    sensor[BR_TOPIC_SIZE - 1 - before] = 'x';
    sensor[BR_TOPIC_SIZE - before] = '\0';
    ck_assert(!br_topic_of_observation(topic, "bruis", "pb", "parking", "f", sensor));
    /* an encoded byte takes three */
    memset(sensor, 'x', sizeof sensor);
    sensor[BR_TOPIC_SIZE - 2 - before] = ' ';
    sensor[BR_TOPIC_SIZE - 1 - before] = '\0';
    ck_assert(!br_topic_of_observation(topic, "bruis", "pb", "parking", "f", sensor));
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, names_figures);
    tcase_add_test(tcase, names_observations_as_they_are_written);
    tcase_add_test(tcase, names_the_status);
    tcase_add_test(tcase, encodes_what_has_a_meaning);
    tcase_add_test(tcase, encodes_what_is_no_text);
    tcase_add_test(tcase, two_sensors_never_share_a_topic);
    tcase_add_test(tcase, refuses_what_is_empty);
    tcase_add_test(tcase, refuses_what_is_too_long);
}

UNIT_MAIN("topic", tests)
