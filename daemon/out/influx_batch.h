/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Points on their way to InfluxDB: lines one behind the other, and which of them have to be taken away first.
 * One thread. */
#ifndef BR_OUT_INFLUX_BATCH_H
#define BR_OUT_INFLUX_BATCH_H

#include "daemon/core/view.h"
#include "daemon/out/history.h"
#include "daemon/out/influx_point.h"

struct br_influx_batch;

struct br_influx_batch_setup {
    const char *node;
    enum br_influx_precision precision;
    int api;         /* of InfluxDB: how a point is taken away */
    bool can_delete; /* else narrowed points are written over, and no more */
};

struct br_influx_batch *br_influx_batch_open(const struct br_influx_batch_setup *setup);
void br_influx_batch_close(struct br_influx_batch *batch); /* NULL is allowed */

void br_influx_batch_clear(struct br_influx_batch *batch);

/* Adds packed records. How many could not be said as points; -1: out of memory, the batch is empty. */
int br_influx_batch_figures(struct br_influx_batch *batch, const struct br_history_row *rows, size_t count);
int br_influx_batch_observations(struct br_influx_batch *batch, const struct br_history_row *rows,
                                 size_t count);

size_t br_influx_batch_left(const struct br_influx_batch *batch); /* points that are not done */

/* What comes next: lines to write, at most so many and so many bytes (one at least), or what has to be taken
 * away before them. Lent until the next call. count: how many points it is about. */
struct br_influx_part {
    bool is_delete;
    size_t count;
    struct br_view body;
};
/* False: nothing is left. */
bool br_influx_batch_next(struct br_influx_batch *batch, size_t count_max, size_t size_max,
                          struct br_influx_part *part);

/* The part that was given last is done: stored, refused, or taken away. */
void br_influx_batch_done(struct br_influx_batch *batch, const struct br_influx_part *part);

#endif
