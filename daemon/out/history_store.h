/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The history's database: one SQLite file in WAL mode, used by one thread. Errors are negative errnos:
 * -EBADMSG where it is damaged, -ENOSPC, -EROFS, -EIO as the disk has it.
 *
 *     window (id, name, length)                 how long windows of this name are, but for days of 23 or 25 h
 *     series (id, domain, code, window)
 *     head (id, series, bytes)                  fields 1..6 of its figures: name, type and year may change
 *     figure (window, start, series) -> revision, head, length, lost, body
 *     outbox (change) -> window, start, series, revision, newest
 *     observation (number) -> bytes
 *     mark (name) -> value                      the last change, and the cursors
 *
 * The key of `figure` begins with the start, not with the series: all figures of a minute lie side by side,
 * so that a minute of 60,000 series writes 19 MB where a key by series writes 220 MB; reading one series
 * costs a look-up for each of its figures, 20 us with the way to the thread and back. What retention takes
 * lies side by side as well. length is null where it is the window's, lost has the values that earlier
 * revisions had and this one has not.
 *
 * synchronous = FULL: with NORMAL a commit may be undone by a power cut, and a checkpoint that relies on it
 * would pass figures that are not there. A commit takes one sync of the log, 1 to 5 ms; as what waits is one
 * commit, it is the same for one figure and for thousands. */
#ifndef BR_OUT_HISTORY_STORE_H
#define BR_OUT_HISTORY_STORE_H

#include "daemon/out/history.h"

#include "daemon/core/view.h"

#define BR_STORE_VERSION 1

struct br_store;

/* What is durable, or is to be with the next commit. */
struct br_store_marks {
    uint64_t change;                      /* given last */
    uint64_t cursors[BR_HISTORY_OUTPUTS]; /* never beyond change */
    bool has[BR_HISTORY_OUTPUTS];         /* an output without a cursor is new, or not in use */
    uint64_t observation, observation_done;
};

/* Opens or makes it. NULL: *error; -ENOTSUP: a newer version wrote it. */
struct br_store *br_store_open(const char *path, int *error);
void br_store_close(struct br_store *store); /* NULL is allowed */

/* Renames a damaged one, with its log, to the first free PATH.damaged-N; 0, *number or a negative errno. */
int br_store_set_aside(const char *path, unsigned *number);

const struct br_store_marks *br_store_marks(const struct br_store *store); /* as committed */

/* One transaction. Where a step fails, all of it is undone. */
int br_store_begin(struct br_store *store);
int br_store_commit(struct br_store *store, const struct br_store_marks *marks);
void br_store_undo(struct br_store *store);

/* A figure that is no figure of the history (no region, times or revision) is left out. */
int br_store_put(struct br_store *store, uint64_t change, bool newest, bool to_outbox, struct br_view packed);
int br_store_put_observation(struct br_store *store, uint64_t number, struct br_view packed);

/* What a reading gives. Begins as {0}; br_store_rows_free frees it. */
struct br_store_rows {
    struct br_history_row *rows;
    size_t count, capacity;
    uint8_t *bytes; /* of the rows, one behind the other */
    size_t size, size_max;
    bool more;
    uint64_t passed;
};

void br_store_rows_free(struct br_store_rows *rows);

/* As the functions of history.h. */
int br_store_read(struct br_store *store, uint64_t after, size_t rows_max, struct br_store_rows *rows);
int br_store_read_span(struct br_store *store, int64_t from_utc_ms, int64_t to_utc_ms, uint64_t after,
                       size_t rows_max, struct br_store_rows *rows);
int br_store_read_series(struct br_store *store, int domain, const char *region, const char *window,
                         int64_t from_utc_ms, int64_t to_utc_ms, size_t rows_max, struct br_store_rows *rows);
int br_store_read_observations(struct br_store *store, uint64_t after, size_t rows_max,
                               struct br_store_rows *rows);

/* How long figures stay, by the names of their windows; others as long as the longest. */
struct br_store_keep {
    size_t count;
    char names[BR_WINDOWS_MAX][16];
    int64_t keep_ms[BR_WINDOWS_MAX];
    bool outputs[BR_HISTORY_OUTPUTS]; /* in use */
    uint64_t observations_max;
};

/* Takes away a short piece of what nobody needs any more: figures past their time, changes that all outputs
 * have had or that have lost their figure, observations that were delivered or are too many. Time is that of
 * the figures. lost: adds the changes and observations that an output had not had. 0: there may be more, 1:
 * there is nothing now, or a negative errno. */
struct br_store_lost {
    uint64_t changes[BR_HISTORY_OUTPUTS];
    uint64_t observations;
};
int br_store_clean(struct br_store *store, const struct br_store_keep *keep, struct br_store_lost *lost);

#endif
