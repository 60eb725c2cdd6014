/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What nobody needs any more goes, a piece at a time, so that figures never wait long for it. */
#include "daemon/out/history_table.h"

#include <string.h>

#define FIGURES_PIECE 5000
#define CHANGES_PIECE 10000
#define EVERY_MS (10 * INT64_C(60000)) /* between two looks through the figures, in their time */

/* The number that a query without parameters gives; 0: none. */
static uint64_t first_of(struct br_store *store, enum statement which, int *error)
{
    sqlite3_stmt *first = store_statement(store, which, error);
    if (!first)
        return 0;
    int got = store_step(store, first);
    uint64_t number = got > 0 ? (uint64_t)sqlite3_column_int64(first, 0) : 0;
    sqlite3_reset(first);
    *error = got < 0 ? got : 0;
    return number;
}

static int delete_up_to(struct br_store *store, enum statement which, uint64_t number)
{
    int error;
    sqlite3_stmt *clean = store_statement(store, which, &error);
    if (!clean)
        return error;
    sqlite3_bind_int64(clean, 1, (int64_t)number);
    return store_run(store, clean);
}

/* Up to here every output in use has had the changes. */
static uint64_t delivered(const struct br_store *store, const struct br_store_keep *keep)
{
    uint64_t least = store->marks.change;
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++)
        if (keep->outputs[i] && store->marks.has[i] && store->marks.cursors[i] < least)
            least = store->marks.cursors[i];
    return least;
}

static int clean_outbox(struct br_store *store, const struct br_store_keep *keep)
{
    int error;
    uint64_t first = first_of(store, OUTBOX_FIRST, &error), last = delivered(store, keep);
    if (error || first == 0 || first > last)
        return error ? error : 1;
    if (last - first >= CHANGES_PIECE)
        last = first + CHANGES_PIECE - 1;
    return delete_up_to(store, OUTBOX_CLEAN, last);
}

static int clean_observations(struct br_store *store, const struct br_store_keep *keep,
                              struct br_store_lost *lost)
{
    int error;
    const struct br_store_marks *marks = &store->marks;
    uint64_t first = first_of(store, OBSERVATION_FIRST, &error), last = marks->observation_done;
    uint64_t expired =
        marks->observation > keep->observations_max ? marks->observation - keep->observations_max : 0;
    if (expired > last)
        last = expired;
    if (error || first == 0 || first > last)
        return error ? error : 1;
    if (last - first >= CHANGES_PIECE)
        last = first + CHANGES_PIECE - 1;
    error = delete_up_to(store, OBSERVATION_CLEAN, last);
    uint64_t had = marks->observation_done > first - 1 ? marks->observation_done : first - 1;
    if (!error && last > had)
        lost->observations += last - had;
    return error;
}

/* ---- figures past their time */

static int64_t keep_of(const struct br_store_keep *keep, const char *window)
{
    int64_t longest_ms = 0;
    for (size_t i = 0; i < keep->count; i++) {
        if (strcmp(keep->names[i], window) == 0)
            return keep->keep_ms[i];
        longest_ms = keep->keep_ms[i] > longest_ms ? keep->keep_ms[i] : longest_ms;
    }
    return longest_ms;
}

/* The start that ends a piece: a few figures more where many begin at one time. *is_last: no piece follows.
 */
static int64_t piece_end(struct br_store *store, const struct window *window, int64_t before_utc_ms,
                         bool *is_last, int *error)
{
    sqlite3_stmt *piece = store_statement(store, FIGURE_PIECE, error);
    if (!piece)
        return 0;
    sqlite3_bind_int64(piece, 1, window->id);
    sqlite3_bind_int64(piece, 2, before_utc_ms);
    sqlite3_bind_int(piece, 3, FIGURES_PIECE);
    int got = store_step(store, piece);
    *is_last = got == 0;
    *error = got < 0 ? got : 0;
    int64_t end = got > 0 ? sqlite3_column_int64(piece, 0) + 1 : before_utc_ms;
    sqlite3_reset(piece);
    return end;
}

static int clean_window(struct br_store *store, const struct br_store_keep *keep)
{
    const struct window *window = &store->windows[store->cleaning];
    int64_t before = store->newest_utc_ms - keep_of(keep, window->name) - window->length_ms;
    bool is_last = false;
    int error;
    int64_t end = piece_end(store, window, before, &is_last, &error);
    sqlite3_stmt *clean = error ? NULL : store_statement(store, FIGURE_CLEAN, &error);
    if (!clean)
        return error;
    sqlite3_bind_int64(clean, 1, window->id);
    sqlite3_bind_int64(clean, 2, end);
    error = store_run(store, clean);
    if (!error && is_last)
        store->cleaning++;
    return error;
}

/* Changes whose figures are gone are gone as well: who is away for longer than they are kept has lost them.
 */
static int clean_orphans(struct br_store *store, const struct br_store_keep *keep, struct br_store_lost *lost)
{
    int error;
    uint64_t first = first_of(store, OUTBOX_FIRST, &error);
    uint64_t from = first > 0 && first - 1 > store->orphan ? first - 1 : store->orphan;
    uint64_t to = from + CHANGES_PIECE;
    sqlite3_stmt *clean = error ? NULL : store_statement(store, OUTBOX_ORPHANS, &error);
    if (!clean)
        return error;
    store->orphan = first == 0 || to >= store->marks.change ? UINT64_MAX : to;
    if (first == 0)
        return 0;
    sqlite3_bind_int64(clean, 1, (int64_t)from);
    sqlite3_bind_int64(clean, 2, (int64_t)to);
    error = store_run(store, clean);
    uint64_t count = error ? 0 : (uint64_t)sqlite3_changes(store->database);
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++)
        if (keep->outputs[i] && store->marks.has[i] && store->marks.cursors[i] <= from)
            lost->changes[i] += count;
    return error;
}

int br_store_clean(struct br_store *store, const struct br_store_keep *keep, struct br_store_lost *lost)
{
    int done = clean_outbox(store, keep);
    if (done > 0)
        done = clean_observations(store, keep, lost);
    if (done <= 0)
        return done;
    if (store->orphan != UINT64_MAX)
        return clean_orphans(store, keep, lost);
    if (store->cleaning < store->window_count) {
        int error = clean_window(store, keep);
        if (!error && store->cleaning == store->window_count)
            store->orphan = 0;
        return error;
    }
    if (store->newest_utc_ms == INT64_MIN || store->newest_utc_ms < store->clean_due_utc_ms)
        return 1;
    store->cleaning = 0;
    store->clean_due_utc_ms = store->newest_utc_ms + EVERY_MS;
    return 0;
}
