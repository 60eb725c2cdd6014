/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What is asked for, what the answer means, and what a change keeps. */
#include "daemon/in/mqtt_filters.h"

#include "tests/unit/unit.h"

static const struct br_mqtt_filter three[] = {{"a/#", 1, false}, {"b/#", 0, false}, {"$SYS/x", 0, true}};
static const int granted[] = {1, 0, 0};
static char told[128];

static void on_told(void *context, const char *filter)
{
    (void)context;
    strcat(told, filter);
    strcat(told, " ");
}

static void expect_question(struct br_mqtt_filters *filters, const char *expected)
{
    const char *const *texts;
    const int *qos;
    char text[128] = "";
    size_t count = br_mqtt_filters_ask(filters, &texts, &qos);
    for (size_t i = 0; i < count; i++)
        sprintf(text + strlen(text), "%s:%d ", texts[i], qos[i]);
    ck_assert_str_eq(text, expected);
}

static struct br_mqtt_filters *open_three(void)
{
    told[0] = '\0';
    struct br_mqtt_filters *filters = br_mqtt_filters_open(three, 3);
    ck_assert_ptr_nonnull(filters);
    return filters;
}

START_TEST(asks_once_for_what_is_granted)
{
    struct br_mqtt_filters *filters = open_three();
    expect_question(filters, "a/#:1 b/#:0 $SYS/x:0 ");
    ck_assert(br_mqtt_filters_asking(filters));
    ck_assert(br_mqtt_filters_answer(filters, granted, 3, on_told, NULL));
    ck_assert(!br_mqtt_filters_asking(filters));
    expect_question(filters, "");
    ck_assert_str_eq(told, "");
    br_mqtt_filters_forget(filters);
    expect_question(filters, "a/#:1 b/#:0 $SYS/x:0 ");
    br_mqtt_filters_close(filters);
}
END_TEST

START_TEST(asks_again_for_what_was_refused)
{
    static const int codes[] = {0x87, 0, 0x87};
    struct br_mqtt_filters *filters = open_three();
    expect_question(filters, "a/#:1 b/#:0 $SYS/x:0 ");
    ck_assert(!br_mqtt_filters_answer(filters, codes, 2, on_told, NULL)); /* of somebody else's question */
    ck_assert(br_mqtt_filters_answer(filters, codes, 3, on_told, NULL));
    ck_assert_str_eq(told, "a/# ");
    expect_question(filters, "a/#:1 ");
    br_mqtt_filters_hang_up(filters);
    ck_assert(!br_mqtt_filters_answer(filters, codes, 1, on_told, NULL));
    br_mqtt_filters_close(filters);
}
END_TEST

START_TEST(keeps_what_is_in_both)
{
    static const struct br_mqtt_filter next[] = {{"c/#", 1, false}, {"b/#", 0, false}, {"a/#", 0, false}};
    struct br_mqtt_filters *filters = open_three();
    expect_question(filters, "a/#:1 b/#:0 $SYS/x:0 ");
    br_mqtt_filters_answer(filters, granted, 3, on_told, NULL);
    ck_assert(br_mqtt_filters_change(filters, next, 3, on_told, NULL));
    ck_assert_str_eq(told, "$SYS/x ");
    expect_question(filters, "c/#:1 a/#:0 "); /* a/# with another QoS */
    br_mqtt_filters_close(filters);
}
END_TEST

/* The answer comes after the change: it counts for what is still wanted. */
START_TEST(takes_an_answer_that_was_on_its_way)
{
    static const struct br_mqtt_filter next[] = {{"b/#", 0, false}, {"c/#", 1, false}};
    struct br_mqtt_filters *filters = open_three();
    expect_question(filters, "a/#:1 b/#:0 $SYS/x:0 ");
    ck_assert(br_mqtt_filters_change(filters, next, 2, on_told, NULL));
    ck_assert_str_eq(told, "a/# $SYS/x ");
    ck_assert(br_mqtt_filters_asking(filters));
    ck_assert(br_mqtt_filters_answer(filters, granted, 3, on_told, NULL));
    expect_question(filters, "c/#:1 ");
    br_mqtt_filters_close(filters);
}
END_TEST

START_TEST(takes_two_changes_before_an_answer)
{
    static const struct br_mqtt_filter next[] = {{"b/#", 0, false}};
    struct br_mqtt_filters *filters = open_three();
    expect_question(filters, "a/#:1 b/#:0 $SYS/x:0 ");
    ck_assert(br_mqtt_filters_change(filters, next, 1, on_told, NULL));
    ck_assert(br_mqtt_filters_change(filters, three, 3, on_told, NULL));
    ck_assert(br_mqtt_filters_answer(filters, granted, 3, on_told, NULL));
    expect_question(filters, "a/#:1 $SYS/x:0 ");
    br_mqtt_filters_close(filters);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, asks_once_for_what_is_granted);
    tcase_add_test(tcase, asks_again_for_what_was_refused);
    tcase_add_test(tcase, keeps_what_is_in_both);
    tcase_add_test(tcase, takes_an_answer_that_was_on_its_way);
    tcase_add_test(tcase, takes_two_changes_before_an_answer);
}

UNIT_MAIN("mqtt_filters", tests)
