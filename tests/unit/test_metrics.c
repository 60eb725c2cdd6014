/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/metrics.h"

#include "tests/unit/unit.h"

#include <pthread.h>

static void check_printed(struct br_metrics *metrics, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    br_metrics_print(metrics, to);
    fclose(to);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(nothing_is_printed_of_nothing)
{
    struct br_metrics *metrics = br_metrics_open();
    check_printed(metrics, "");
    br_metric_add(metrics, BR_COUNTER, "bruis_a_total", "Not used yet.", "feed", 1);
    check_printed(metrics, "");
    br_metrics_close(metrics);
    br_metrics_close(NULL);
}
END_TEST

START_TEST(sorted_by_name_and_labels)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *messages =
        br_metric_add(metrics, BR_COUNTER, "bruis_messages_total", "Messages by outcome.", "feed outcome", 1);
    struct br_metric *bytes =
        br_metric_add(metrics, BR_GAUGE, "bruis_journal_bytes", "Bytes of the journal.", "", 1);
    struct br_metric *received =
        br_metric_add(metrics, BR_COUNTER, "bruis_messages_received_total", "Messages.", "feed", 1);
    *br_metric_of(messages, "ndw", "rejected") += 3;
    *br_metric_of(messages, "ndw", "decoded") += 40;
    *br_metric_of(messages, "garages", "decoded") += 1;
    *br_metric_of(messages, "a", "decoded") = 0;
    *br_metric_of(received, "ndw", NULL) = INT64_MAX;
    *br_metric_of(bytes, NULL, NULL) = -5;
    check_printed(metrics, "# HELP bruis_journal_bytes Bytes of the journal.\n"
                           "# TYPE bruis_journal_bytes gauge\n"
                           "bruis_journal_bytes -5\n"
                           "# HELP bruis_messages_received_total Messages.\n"
                           "# TYPE bruis_messages_received_total counter\n"
                           "bruis_messages_received_total{feed=\"ndw\"} 9223372036854775807\n"
                           "# HELP bruis_messages_total Messages by outcome.\n"
                           "# TYPE bruis_messages_total counter\n"
                           "bruis_messages_total{feed=\"a\",outcome=\"decoded\"} 0\n"
                           "bruis_messages_total{feed=\"garages\",outcome=\"decoded\"} 1\n"
                           "bruis_messages_total{feed=\"ndw\",outcome=\"decoded\"} 40\n"
                           "bruis_messages_total{feed=\"ndw\",outcome=\"rejected\"} 3\n");
    br_metrics_close(metrics);
}
END_TEST

START_TEST(scales_divide)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *lag = br_metric_add(metrics, BR_GAUGE, "bruis_loop_lag_seconds", "Lag.", "n", 1000);
    *br_metric_of(lag, "a", NULL) = 1;
    *br_metric_of(lag, "b", NULL) = 2500;
    *br_metric_of(lag, "c", NULL) = -7;
    *br_metric_of(lag, "d", NULL) = 1787047200123;
    *br_metric_of(lag, "e", NULL) = 3000;
    struct br_metric *zero = br_metric_add(metrics, BR_GAUGE, "z", "No scale is 1.", "", 0);
    *br_metric_of(zero, NULL, NULL) = 4;
    check_printed(metrics, "# HELP bruis_loop_lag_seconds Lag.\n"
                           "# TYPE bruis_loop_lag_seconds gauge\n"
                           "bruis_loop_lag_seconds{n=\"a\"} 0.001\n"
                           "bruis_loop_lag_seconds{n=\"b\"} 2.5\n"
                           "bruis_loop_lag_seconds{n=\"c\"} -0.007\n"
                           "bruis_loop_lag_seconds{n=\"d\"} 1787047200.123\n"
                           "bruis_loop_lag_seconds{n=\"e\"} 3\n"
                           "# HELP z No scale is 1.\n"
                           "# TYPE z gauge\n"
                           "z 4\n");
    br_metrics_close(metrics);
}
END_TEST

START_TEST(texts_are_escaped)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *metric =
        br_metric_add(metrics, BR_GAUGE, "m", "A \"help\" with \\ and\nnewline.", "l", 1);
    *br_metric_of(metric, "a\\b\"c\nd \xc3\xa9 \xff", NULL) = 1;
    *br_metric_of(metric, "", NULL) = 2;
    check_printed(metrics, "# HELP m A \"help\" with \\\\ and\\nnewline.\n"
                           "# TYPE m gauge\n"
                           "m{l=\"\"} 2\n"
                           "m{l=\"a\\\\b\\\"c\\nd \xc3\xa9 \xef\xbf\xbd\"} 1\n");
    br_metrics_close(metrics);
}
END_TEST

START_TEST(values_are_copied_and_series_kept)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *metric = br_metric_add(metrics, BR_COUNTER, "m", "h", "a b c", 1);
    char first[] = "x", second[] = "y", third[] = "z";
    const char *values[] = {first, second, third};
    br_series *series = br_metric_at(metric, values);
    first[0] = 'q';
    br_series *other = br_metric_at(metric, values);
    ck_assert_ptr_ne(series, other);
    first[0] = 'x';
    ck_assert_ptr_eq(br_metric_at(metric, values), series);
    *series = 6;
    check_printed(metrics, "# HELP m h\n# TYPE m counter\n"
                           "m{a=\"q\",b=\"y\",c=\"z\"} 0\nm{a=\"x\",b=\"y\",c=\"z\"} 6\n");
    br_metrics_close(metrics);
}
END_TEST

START_TEST(values_are_not_run_together)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *metric = br_metric_add(metrics, BR_COUNTER, "m", "h", "a b", 1);
    ck_assert_ptr_ne(br_metric_of(metric, "ab", "c"), br_metric_of(metric, "a", "bc"));
    ck_assert_ptr_ne(br_metric_of(metric, "ab", ""), br_metric_of(metric, "", "ab"));
    br_metrics_close(metrics);
}
END_TEST

START_TEST(a_name_is_one_metric)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *one = br_metric_add(metrics, BR_GAUGE, "pending", "h", "output", 1);
    ck_assert_ptr_eq(br_metric_add(metrics, BR_GAUGE, "pending", "h", "output", 1), one);
    struct br_metric *other = br_metric_add(metrics, BR_COUNTER, "pending", "h", "output", 1);
    ck_assert_ptr_ne(other, one);
    *br_metric_of(other, "x", NULL) = 1; /* kept out of the text, harmless */
    other = br_metric_add(metrics, BR_GAUGE, "pending", "h", "output class", 1);
    *br_metric_of(other, "x", "y") = 1;
    *br_metric_of(one, "mqtt", NULL) = 2;
    check_printed(metrics, "# HELP pending h\n# TYPE pending gauge\npending{output=\"mqtt\"} 2\n");
    br_metrics_close(metrics);
}
END_TEST

START_TEST(too_many_labels_for_the_short_form)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *metric = br_metric_add(metrics, BR_GAUGE, "m", "h", "a b c", 1);
    *br_metric_of(metric, "x", "y") = 1;
    check_printed(metrics, "");
    br_metrics_close(metrics);
}
END_TEST

static void *count(void *argument)
{
    struct br_metric *metric = argument;
    for (int i = 0; i < 20000; i++) {
        char value[8];
        snprintf(value, sizeof value, "%d", i % 50);
        atomic_fetch_add(br_metric_of(metric, value, NULL), 1);
    }
    return NULL;
}

START_TEST(threads_lose_no_count)
{
    struct br_metrics *metrics = br_metrics_open();
    struct br_metric *metric = br_metric_add(metrics, BR_COUNTER, "m", "h", "n", 1);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count, metric), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 50; i++) {
        char value[8];
        snprintf(value, sizeof value, "%d", i);
        ck_assert_int_eq(*br_metric_of(metric, value, NULL), 1600);
    }
    br_metrics_close(metrics);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_printed_of_nothing);
    tcase_add_test(tcase, sorted_by_name_and_labels);
    tcase_add_test(tcase, scales_divide);
    tcase_add_test(tcase, texts_are_escaped);
    tcase_add_test(tcase, values_are_copied_and_series_kept);
    tcase_add_test(tcase, values_are_not_run_together);
    tcase_add_test(tcase, a_name_is_one_metric);
    tcase_add_test(tcase, too_many_labels_for_the_short_form);
    tcase_add_test(tcase, threads_lose_no_count);
}

UNIT_MAIN("metrics", tests)
