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
    struct br_mqtt_item *item = br_mqtt_outbox_take(outbox, true);
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

static uint64_t lost;

static unsigned settle(void)
{
    return br_mqtt_outbox_settle(outbox, &lost);
}

static void change(const char *topic, const char *payload, uint64_t number)
{
    struct br_paho_publication changed = message(topic, payload);
    changed.retained = true;
    ck_assert(br_mqtt_outbox_change(outbox, &changed, number));
}

static void defer(const char *topic, const char *payload, uint64_t number)
{
    struct br_paho_publication deferred = message(topic, payload);
    ck_assert_uint_eq(br_mqtt_outbox_defer(outbox, &deferred, number), 0);
}

START_TEST(keeps_only_the_newest_of_a_topic)
{
    keep("a", "1");
    keep("b", "2");
    keep("a", "3");
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 2);
    ck_assert_str_eq(br_mqtt_item_message(take("3"))->topic, "a"); /* in the place of the first */
    ck_assert_str_eq(br_mqtt_item_message(take("2"))->topic, "b");
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox, true));
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
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox, true));
}
END_TEST

START_TEST(settles_what_was_answered)
{
    keep("a", "1");
    keep("b", "2");
    struct br_mqtt_item *first = take("1"), *second = take("2");
    answer(second, 0);
    answer(first, 0x87);
    ck_assert_uint_eq(settle(), 1);
    ck_assert_uint_eq(br_mqtt_outbox_in_flight(outbox) + br_mqtt_outbox_waiting(outbox), 0);
    ck_assert_uint_eq(settle(), 0);
}
END_TEST

START_TEST(sends_again_what_is_unknown)
{
    keep("a", "1");
    answer(take("1"), -1);
    ck_assert_uint_eq(settle(), 0);
    take("1");
}
END_TEST

START_TEST(never_sends_an_older_state_again)
{
    keep("a", "old");
    struct br_mqtt_item *old = take("old");
    keep("a", "new"); /* waits */
    answer(old, -1);
    settle();
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox), 1);
    struct br_mqtt_item *new = take("new");
    keep("a", "newest");
    struct br_mqtt_item *newest = take("newest"); /* two of one topic on their way */
    answer(newest, 0);
    answer(new, -1);
    settle();
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
    settle();
    answer(two, -1);
    answer(three, -1);
    settle();
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
    settle();
    take("4");
}
END_TEST

START_TEST(sends_changes_in_order)
{
    queue("record");
    for (uint64_t number = 7; number < 12; number++)
        change("a", (const char[]){(char)('0' + number % 10), 0}, number);
    keep("b", "state");
    ck_assert_uint_eq(br_mqtt_outbox_changes(outbox), 5);
    ck_assert_uint_eq(br_mqtt_outbox_first_change(outbox), 7);
    take("state");
    struct br_mqtt_item *seven = take("7"), *eight = take("8");
    ck_assert_uint_eq(br_mqtt_outbox_changes_in_flight(outbox), 2);
    br_mqtt_outbox_put_back(outbox, eight); /* not now */
    ck_assert_uint_eq(br_mqtt_outbox_changes_in_flight(outbox), 1);
    eight = take("8");
    answer(eight, 0);
    settle();
    ck_assert_uint_eq(br_mqtt_outbox_first_change(outbox), 7); /* still on its way */
    answer(seven, 0x87);
    ck_assert_uint_eq(settle(), 1);
    ck_assert_uint_eq(br_mqtt_outbox_first_change(outbox), 9);
    take("9");
    take("0");
    take("1");
    take("record");
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox, true));
}
END_TEST

START_TEST(forgets_changes_that_are_read_again)
{
    ck_assert_uint_eq(br_mqtt_outbox_first_change(outbox), 0);
    for (uint64_t number = 1; number < 6; number++)
        change("a", "x", number);
    struct br_mqtt_item *one = take("x"), *two = take("x"), *three = take("x");
    ck_assert_uint_eq(br_mqtt_outbox_drop_changes(outbox), 4);
    ck_assert_uint_eq(br_mqtt_outbox_drop_changes(outbox), 0);
    answer(three, -1);
    answer(two, -1);
    answer(one, 0);
    ck_assert_uint_eq(settle(), 0);
    ck_assert_uint_eq(lost, 2);
    ck_assert_uint_eq(br_mqtt_outbox_waiting(outbox) + br_mqtt_outbox_in_flight(outbox), 0);
    settle();
    ck_assert_uint_eq(lost, 0);
}
END_TEST

START_TEST(defers_a_state_behind_changes)
{
    defer("a", "state of a", 5);
    defer("b", "state of b", 5);
    defer("c", "state of c", 5);
    change("a", "before", 5);
    change("b", "after", 6);
    take("before");
    take("after");
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox, false));
    answer(take("state of a"), -1);
    settle();
    take("state of a");
    defer("c", "another", 7); /* in its place */
    take("another");
    ck_assert_ptr_null(br_mqtt_outbox_take(outbox, true));
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
        settle();
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    ck_assert_uint_eq(settle(), 0);
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
    tcase_add_test(tcase, sends_changes_in_order);
    tcase_add_test(tcase, forgets_changes_that_are_read_again);
    tcase_add_test(tcase, defers_a_state_behind_changes);
    tcase_add_test(tcase, holds_many_topics);
    tcase_add_test(tcase, takes_answers_from_two_threads);
}

UNIT_MAIN("mqtt_outbox", tests)
