/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Series hang in a list for each metric, the newest first, and never leave it: whoever walks it needs no
 * lock. */
#include "daemon/core/metrics.h"

#include "daemon/core/utf8.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

struct series {
    struct series *next; /* older */
    br_series number;
    size_t size;   /* of values */
    char values[]; /* each ends in a NUL */
};

struct br_metric {
    struct br_metrics *owner;
    struct br_metric *next;
    enum br_metric_type type;
    const char *name, *help, *labels;
    unsigned scale;
    size_t label_count;
    _Atomic(struct series *) first;
};

struct br_metrics {
    pthread_mutex_t lock; /* of the lists' heads */
    struct br_metric *first;
    struct br_metric overflow_metric; /* stands in for a metric that could not be made; has no list */
    br_series overflow;               /* stands in for a series that could not be made */
};

struct br_metrics *br_metrics_open(void)
{
    struct br_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return NULL;
    metrics->overflow_metric.owner = metrics;
    if (pthread_mutex_init(&metrics->lock, NULL) != 0) {
        free(metrics);
        return NULL;
    }
    return metrics;
}

static void metric_free(struct br_metric *metric)
{
    struct series *series = atomic_load(&metric->first);
    while (series) {
        struct series *next = series->next;
        free(series);
        series = next;
    }
    free(metric);
}

void br_metrics_close(struct br_metrics *metrics)
{
    if (!metrics)
        return;
    while (metrics->first) {
        struct br_metric *next = metrics->first->next;
        metric_free(metrics->first);
        metrics->first = next;
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static size_t words_count(const char *words)
{
    size_t count = 0;
    for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
        words += strcspn(words, " ");
        count++;
    }
    return count;
}

static struct br_metric *metric_new(struct br_metrics *metrics, enum br_metric_type type, const char *name,
                                    const char *help, const char *labels, unsigned scale)
{
    struct br_metric *metric = calloc(1, sizeof *metric);
    if (!metric)
        return &metrics->overflow_metric;
    metric->owner = metrics;
    metric->type = type;
    metric->name = name;
    metric->help = help;
    metric->labels = labels;
    metric->scale = scale ? scale : 1;
    metric->label_count = words_count(labels);
    metric->next = metrics->first;
    metrics->first = metric;
    return metric;
}

struct br_metric *br_metric_add(struct br_metrics *metrics, enum br_metric_type type, const char *name,
                                const char *help, const char *labels, unsigned scale)
{
    pthread_mutex_lock(&metrics->lock);
    struct br_metric *metric = metrics->first;
    while (metric && strcmp(metric->name, name) != 0)
        metric = metric->next;
    if (!metric)
        metric = metric_new(metrics, type, name, help, labels, scale);
    else if (metric->type != type || strcmp(metric->labels, labels) != 0)
        metric = &metrics->overflow_metric; /* two metrics of one name would spoil the whole text */
    pthread_mutex_unlock(&metrics->lock);
    return metric;
}

static bool series_is(const struct series *series, const char *const *values, size_t count)
{
    const char *held = series->values;
    for (size_t i = 0; i < count; i++) {
        /* There are as many values as the metric has labels. */
        if (strcmp(held, values[i]) != 0) /* NOLINT(clang-analyzer-core.CallAndMessage) */
            return false;
        held += strlen(held) + 1;
    }
    return true;
}

static struct series *series_find(struct br_metric *metric, const char *const *values)
{
    struct series *series = atomic_load_explicit(&metric->first, memory_order_acquire);
    while (series && !series_is(series, values, metric->label_count))
        series = series->next;
    return series;
}

static struct series *series_new(struct br_metric *metric, const char *const *values)
{
    size_t size = 0;
    for (size_t i = 0; i < metric->label_count; i++)
        size += strlen(values[i]) + 1; /* NOLINT(clang-analyzer-core.CallAndMessage): as in series_is */
    struct series *series = malloc(sizeof *series + size);
    if (!series)
        return NULL;
    atomic_init(&series->number, 0);
    series->size = size;
    char *to = series->values;
    for (size_t i = 0; i < metric->label_count; i++)
        to = stpcpy(to, values[i]) + 1;
    series->next = atomic_load_explicit(&metric->first, memory_order_relaxed);
    atomic_store_explicit(&metric->first, series, memory_order_release);
    return series;
}

br_series *br_metric_at(struct br_metric *metric, const char *const *values)
{
    struct br_metrics *metrics = metric->owner;
    if (metric == &metrics->overflow_metric)
        return &metrics->overflow;
    struct series *series = series_find(metric, values);
    if (!series) {
        pthread_mutex_lock(&metrics->lock);
        series = series_find(metric, values);
        if (!series)
            series = series_new(metric, values);
        pthread_mutex_unlock(&metrics->lock);
    }
    return series ? &series->number : &metrics->overflow;
}

br_series *br_metric_of(struct br_metric *metric, const char *value1, const char *value2)
{
    const char *values[] = {value1 ? value1 : "", value2 ? value2 : ""};
    return metric->label_count <= 2 ? br_metric_at(metric, values) : &metric->owner->overflow;
}

/* Escaped as the format wants it: quotes in label values only. What is no UTF-8 would spoil the whole text.
 */
static void print_escaped(const char *text, bool with_quotes, FILE *to)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t size = br_utf8_size(text, left);
        if (*text == '\n')
            fputs("\\n", to);
        else if (*text == '\\' || (*text == '"' && with_quotes))
            fprintf(to, "\\%c", *text);
        else if (size == 0)
            fputs("\xef\xbf\xbd", to);
        else
            fwrite(text, 1, size, to);
        text += size ? size : 1;
        left -= size ? size : 1;
    }
}

static void print_labels(const struct br_metric *metric, const struct series *series, FILE *to)
{
    const char *label = metric->labels, *value = series->values;
    for (size_t i = 0; i < metric->label_count; i++) {
        label += strspn(label, " ");
        int size = (int)strcspn(label, " ");
        fprintf(to, "%s%.*s=\"", i == 0 ? "{" : ",", size, label);
        print_escaped(value, true, to);
        putc('"', to);
        label += size;
        value += strlen(value) + 1;
    }
    if (metric->label_count > 0)
        putc('}', to);
}

static void print_series(const struct br_metric *metric, struct series *series, FILE *to)
{
    fputs(metric->name, to);
    print_labels(metric, series, to);
    int64_t number = atomic_load_explicit(&series->number, memory_order_relaxed);
    if (metric->scale == 1)
        fprintf(to, " %" PRId64 "\n", number);
    else
        fprintf(to, " %.15g\n", (double)number / metric->scale);
}

static int compare_series(const void *left, const void *right)
{
    const struct series *a = *(struct series *const *)left, *b = *(struct series *const *)right;
    size_t size = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->values, b->values, size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* A metric of which nothing was ever counted is left out. */
static void print_metric(struct br_metric *metric, FILE *to)
{
    size_t count = 0;
    struct series *first = atomic_load_explicit(&metric->first, memory_order_acquire);
    for (struct series *series = first; series; series = series->next)
        count++;
    struct series **sorted = count ? malloc(count * sizeof(struct series *)) : NULL;
    if (!sorted)
        return;
    size_t i = 0;
    for (struct series *series = first; series; series = series->next)
        sorted[i++] = series;
    qsort(sorted, count, sizeof *sorted, compare_series);
    fprintf(to, "# HELP %s ", metric->name);
    print_escaped(metric->help, false, to);
    fprintf(to, "\n# TYPE %s %s\n", metric->name, metric->type == BR_COUNTER ? "counter" : "gauge");
    for (i = 0; i < count; i++)
        print_series(metric, sorted[i], to);
    free(sorted);
}

/* The metric whose name comes next after that of `last` (NULL: the first). They are some dozens. */
static struct br_metric *metric_after(struct br_metrics *metrics, const struct br_metric *last)
{
    struct br_metric *next = NULL;
    for (struct br_metric *metric = metrics->first; metric; metric = metric->next)
        if ((!last || strcmp(metric->name, last->name) > 0) &&
            (!next || strcmp(metric->name, next->name) < 0))
            next = metric;
    return next;
}

void br_metrics_print(struct br_metrics *metrics, FILE *to)
{
    pthread_mutex_lock(&metrics->lock);
    for (struct br_metric *metric = metric_after(metrics, NULL); metric;
         metric = metric_after(metrics, metric))
        print_metric(metric, to);
    pthread_mutex_unlock(&metrics->lock);
}
