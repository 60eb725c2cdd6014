/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/mqtt_outbox.h"

#include <pthread.h>

#include "tests/unit/unit.h"

static struct br_mqtt_outbox *outbox;

static void set_up(void)
{
    outbox = br_mqtt_outbox_open(3);
    ck_assert_ptr_nonnull(outbox);
}

static void tear_down(void)
{
    br_mqtt_outbox_close(outbox);
}

static struct br_paho_publication message(const char *topic, const char *payload)
{
    return (struct br_paho_publication){.topic = topic, .payload = payload, .size = strlen(payload)};
}

static void keep(const char *topic, const char *payload)
{
    struct br_paho_publication kept = message(topic, payload);
    ck_assert_uint_eq(br_mqtt_outbox_keep(outbox, &kept), 0);
}

static unsigned queue(const char *payload)
{
    struct br_paho_publication queued = message("stream", payload);
    return br_mqtt_outbox_queue(outbox, &queued);
}

/* The next item, which must have this payload. */
static struct br_mqtt_item *take(const char *payload)
{
    struct br_mqtt_item *item = br_mqtt_outbox_take(outbox);
    ck_assert_ptr_nonnull(item);
    const struct br_paho_publication *taken = br_mqtt_item_message(item);
    ck_assert_uint_eq(taken->size, strlen(payload));
    ck_assert_int_eq(memcmp(taken->payload, payload, taken->size), 0);
    return item;
}

static void answer(struct br_mqtt_item *item, int code)
{
    br_mqtt_outbox_answer(outbox, item, code);
}

START_TEST(keeps_only_the_newest_of_a_topic)
{
    keep("a", "1");
    keep("b", "2");
    keep("a", "3");
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 2);
    ck_assert_str_eq(br_mqtt_item_message(take("3"))->topic, "a"); /* in the place of the first */
    ck_assert_str_eq(br_mqtt_item_message(take("2"))->topic, "b");
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox));
    ck_assert_uint_eq(br_mqtt_outbox_in_flight(outbox), 2);
}
END_TEST

START_TEST(copies_the_message)
{
    char topic[] = "a", payload[] = "1";
    keep(topic, payload);
    topic[0] = payload[0] = 'x';
    ck_assert_str_eq(br_mqtt_item_message(take("1"))->topic, "a");
}
END_TEST

START_TEST(keeps_an_empty_message)
{
    keep("a", "1");
    keep("a", "");
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 1);
    take("");
}
END_TEST

START_TEST(queues_in_order_and_drops_the_oldest)
{
    ck_assert_uint_eq(queue("1") + queue("2") + queue("3"), 0);
    ck_assert_uint_eq(queue("4"), 1);
    keep("a", "state");
    take("state"); /* states go first */
    take("2");
    take("3");
    take("4");
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox));
}
END_TEST

START_TEST(settles_what_was_answered)
{
    keep("a", "1");
    keep("b", "2");
    struct br_mqtt_item *first = take("1"), *second = take("2");
    answer(second, 0);
    answer(first, 0x87);
    ck_assert_uint_eq(br_mqtt_outbox_settle(outbox), 1);
    ck_assert_uint_eq(br_mqtt_outbox_in_flight(outbox) + br_mqtt_outbox_waiting(outbox), 0);
    ck_assert_uint_eq(br_mqtt_outbox_settle(outbox), 0);
}
END_TEST

START_TEST(sends_again_what_is_unknown)
{
    keep("a", "1");
    answer(take("1"), -1);
    ck_assert_uint_eq(br_mqtt_outbox_settle(outbox), 0);
    take("1");
}
END_TEST

START_TEST(never_sends_an_older_state_again)
{
    keep("a", "old");
    struct br_mqtt_item *old = take("old");
    keep("a", "new"); /* waits */
    answer(old, -1);
    br_mqtt_outbox_settle(outbox);
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 1);
    struct br_mqtt_item *new = take("new");
    keep("a", "newest");
    struct br_mqtt_item *newest = take("newest"); /* two of one topic on their way */
    answer(newest, 0);
    answer(new, -1);
    br_mqtt_outbox_settle(outbox);
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox) + br_mqtt_outbox_in_flight(outbox), 0);
}
END_TEST

START_TEST(puts_the_stream_back_in_order)
{
    queue("1");
    queue("2");
    queue("3");
    struct br_mqtt_item *one = take("1"), *two = take("2"), *three = take("3");
    queue("4");
    answer(one, -1);
    br_mqtt_outbox_settle(outbox);
    answer(two, -1);
    answer(three, -1);
    br_mqtt_outbox_settle(outbox);
    take("1");
    take("2");
    take("3");
    take("4");
}
END_TEST

START_TEST(puts_back_what_cannot_be_sent_now)
{
    keep("a", "1");
    keep("b", "2");
    br_mqtt_outbox_put_back(outbox, take("1"));
    ck_assert_uint_eq(br_mqtt_outbox_in_flight(outbox), 0);
    take("1");
    br_mqtt_outbox_discard(outbox, take("2"));
    ck_assert_uint_eq(br_mqtt_outbox_in_flight(outbox), 1);
}
END_TEST

START_TEST(drops_what_waits)
{
    keep("a", "1");
    queue("2");
    struct br_mqtt_item *sent = take("1");
    keep("a", "3");
    br_mqtt_outbox_drop(outbox);
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 0);
    keep("a", "4"); /* the topic lives on */
    answer(sent, 0);
    br_mqtt_outbox_settle(outbox);
    take("4");
}
END_TEST

START_TEST(holds_many_topics)
{
    char topic[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            snprintf(topic, sizeof topic, "region/%d", i);
            keep(topic, topic);
        }
    }
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 5000);
    for (int i = 0; i < 5000; i++) {
        snprintf(topic, sizeof topic, "region/%d", i);
        ck_assert_str_eq(br_mqtt_item_message(take(topic))->topic, topic);
    }
}
END_TEST

#define ANSWERS 20000

static struct br_mqtt_item *taken[2 * ANSWERS];

static void *answer_all(void *items)
{
    struct br_mqtt_item **item = items;
    for (int i = 0; i < ANSWERS; i++)
        answer(item[i], 0);
    return NULL;
}

START_TEST(takes_answers_from_two_threads)
{
    char topic[32];
    for (int i = 0; i < 2 * ANSWERS; i++) {
        snprintf(topic, sizeof topic, "%d", i);
        keep(topic, "x");
        taken[i] = take("x");
    }
    pthread_t threads[2];
    ck_assert_int_eq(pthread_create(&threads[0], NULL, answer_all, taken), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, answer_all, taken + ANSWERS), 0);
    while (br_mqtt_outbox_in_flight(outbox) > 0)
        br_mqtt_outbox_settle(outbox);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    ck_assert_uint_eq(br_mqtt_outbox_settle(outbox), 0);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, keeps_only_the_newest_of_a_topic);
    tcase_add_test(tcase, copies_the_message);
    tcase_add_test(tcase, keeps_an_empty_message);
    tcase_add_test(tcase, queues_in_order_and_drops_the_oldest);
    tcase_add_test(tcase, settles_what_was_answered);
    tcase_add_test(tcase, sends_again_what_is_unknown);
    tcase_add_test(tcase, never_sends_an_older_state_again);
    tcase_add_test(tcase, puts_the_stream_back_in_order);
    tcase_add_test(tcase, puts_back_what_cannot_be_sent_now);
    tcase_add_test(tcase, drops_what_waits);
    tcase_add_test(tcase, holds_many_topics);
    tcase_add_test(tcase, takes_answers_from_two_threads);
}

UNIT_MAIN("mqtt_outbox", tests)
