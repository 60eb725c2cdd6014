/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The figures that were published, on disk, and what each output has had of them. One SQLite database in WAL
 * mode, written by a thread of its own; all calls here are made on the loop's thread and never wait for the
 * disk, but for open and close.
 * Every final figure and every revision gets a change number, 1 and up in the order of br_history_put. The
 * database keeps the highest revision of each figure; an output reads the changes behind its cursor in order,
 * and a change that a later one of the same figure has overtaken is passed over. A cursor is on disk with the
 * next commit after it moved: after a crash an output may read again what it had, never miss any.
 * Putting again what is held already (same figure, same revision, same bytes) makes no change: after a crash
 * the flow publishes again what the checkpoint did not hold.
 * While the disk refuses, figures wait in memory up to a cap; then br_history_has_room is false, the flow
 * must rest, and nothing is lost. */
#ifndef BR_OUT_HISTORY_H
#define BR_OUT_HISTORY_H

#include "daemon/config.h"
#include "daemon/core/log.h"
#include "daemon/core/metrics.h"

#include "bruis/v1/figure.pb-c.h"
#include "bruis/v1/observation.pb-c.h"

#include <uv.h>

struct br_history;

/* Each reads at its own cursor. */
enum br_history_output { BR_HISTORY_MQTT, BR_HISTORY_INFLUXDB, BR_HISTORY_OUTPUTS };

struct br_history_setup {
    uv_loop_t *loop;
    const struct br_config *config; /* state_dir, windows, history_keep_ms */
    struct br_log *log;
    struct br_metrics *metrics;
    bool outputs[BR_HISTORY_OUTPUTS]; /* which of them are in use: one that is not holds nothing back */
    size_t waiting_max;               /* bytes of figures that may wait for the disk */
    /* On the loop's thread: something became durable, or there is room again, or trouble began or ended. */
    void (*changed)(void *context);
    void *context;
};

/* Opens state_dir/history. A damaged one is set aside as history.damaged-N, which is told, and a new one
 * begun. NULL: *error holds a negative errno (-EBADMSG: it is damaged and cannot be set aside; -ENOTSUP: a
 * newer version wrote it). A first start with a new output begins at what comes, not at what is held. */
struct br_history *br_history_open(const struct br_history_setup *setup, int *error);

/* Writes what waits (at most wait_ms long), closes and frees; readings that are not answered yet are, with
 * -ECANCELED. The loop must run once more. NULL is allowed. */
void br_history_close(struct br_history *history, unsigned wait_ms);

/* Waits until all that was put is on disk, at most wait_ms. False: it is not. */
bool br_history_flush(struct br_history *history, unsigned wait_ms);

/* Goes on with another configuration: how long figures stay, and which outputs are in use. */
void br_history_change(struct br_history *history, const struct br_config *config,
                       const bool outputs[BR_HISTORY_OUTPUTS]);

/* Takes a packed copy of a final figure or a revision; live ones are not for the history. newest: no later
 * window of this series was published before it. Its change number; 0: no memory (try again: the flow must
 * not go on without it). It takes figures when there is no room, too: what one step of the flow publishes. */
uint64_t br_history_put(struct br_history *history, const Bruis__V1__Figure *figure, bool newest);

bool br_history_has_room(const struct br_history *history);
uint64_t br_history_last(const struct br_history *history);    /* the change number given last */
uint64_t br_history_durable(const struct br_history *history); /* all up to it are on disk */
int br_history_trouble(const struct br_history *history);      /* negative errno of the last write; 0: none */

/* One figure as it was read. Borrowed until the call that hands it out returns. */
struct br_history_row {
    uint64_t change;
    bool newest;           /* as in br_history_put */
    bool narrowed;         /* an earlier revision held a value that this one has not */
    const uint8_t *packed; /* bruis.v1.Figure */
    size_t packed_size;
};

/* error: 0 or a negative errno (rows is empty). more: there are others behind the last of these. passed: the
 * cursor may move up to here when all rows are delivered (changes between were overtaken). */
typedef void br_history_rows(void *context, int error, const struct br_history_row *rows, size_t count,
                             bool more, uint64_t passed);

/* Reads up to rows_max durable changes behind `after` that were not overtaken, oldest first, on the history's
 * thread; `rows` is called once on the loop's thread, never before this returns. 0; -ENOMEM; -ECANCELED while
 * closing. */
int br_history_read(struct br_history *history, uint64_t after, size_t rows_max, br_history_rows *rows,
                    void *context);

/* As br_history_read, for what is held of windows with from <= start < to, ordered by start and then by
 * series; `after` counts rows of this selection that were read already (0 first). Backfill reads so. */
int br_history_read_span(struct br_history *history, int64_t from_utc_ms, int64_t to_utc_ms, uint64_t after,
                         size_t rows_max, br_history_rows *rows, void *context);

/* One series, ascending by start: what HTTP asks for beyond memory. */
int br_history_read_series(struct br_history *history, Bruis__V1__Domain domain, const char *region,
                           const char *window, int64_t from_utc_ms, int64_t to_utc_ms, size_t rows_max,
                           br_history_rows *rows, void *context);

/* All up to this change are delivered. */
void br_history_done(struct br_history *history, enum br_history_output output, uint64_t change);
uint64_t br_history_cursor(const struct br_history *history, enum br_history_output output);

/* Records on their way to an output that takes single observations: a queue on disk with its own cap (rows);
 * past it the oldest go and are counted (class expired). Packed bruis.v1.Observation in rows; narrowed and
 * newest are false. */
uint64_t br_history_put_observation(struct br_history *history, const Bruis__V1__Observation *observation);
int br_history_read_observations(struct br_history *history, uint64_t after, size_t rows_max,
                                 br_history_rows *rows, void *context);
void br_history_done_observations(struct br_history *history, uint64_t change);
uint64_t br_history_cursor_observations(const struct br_history *history);

#endif
