/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Counters and gauges in the text form of Prometheus (exposition format 0.0.4).
 *
 * A metric is registered once, with a name, a help text and the names of its labels; a series is one set of
 * label values, made at first use and kept. The number of a series is read and changed without a lock, from
 * any thread; registering, first use and printing take one. */
#ifndef BR_CORE_METRICS_H
#define BR_CORE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct br_metrics;
struct br_metric;

enum br_metric_type { BR_COUNTER, BR_GAUGE };

typedef _Atomic int64_t br_series; /* in the metric's unit divided by its `scale` */

struct br_metrics *br_metrics_open(void);
void br_metrics_close(struct br_metrics *metrics);

/* labels: names separated by a blank, or "". scale: what the stored number is divided by when printed
 * (1000 for ms shown as seconds). All texts must outlive the metrics. Never NULL. A name that
 * is there already gives that metric; with another type or other labels it gives one that is not printed. */
struct br_metric *br_metric_add(struct br_metrics *metrics, enum br_metric_type type, const char *name,
                                const char *help, const char *labels, unsigned scale);

/* The series of these label values (as many as the metric has labels; copied). Valid until the close. Never
 * NULL: without memory it is one shared overflow series. */
br_series *br_metric_at(struct br_metric *metric, const char *const *values);

/* The same for at most two labels. */
br_series *br_metric_of(struct br_metric *metric, const char *value1, const char *value2);

/* The whole text, sorted by name and labels. */
void br_metrics_print(struct br_metrics *metrics, FILE *to);

#endif
