/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the files of the history's database share: the connection, its statements, what is known of series. */
#ifndef BR_OUT_HISTORY_TABLE_H
#define BR_OUT_HISTORY_TABLE_H

#include "daemon/out/history_packed.h"
#include "daemon/out/history_store.h"

#include <sqlite3.h>

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    WINDOW_LIST,
    WINDOW_ADD,
    SERIES_FIND,
    SERIES_ADD,
    HEAD_FIND,
    HEAD_ADD,
    FIGURE_FIND,
    FIGURE_PUT,
    OUTBOX_PUT,
    OBSERVATION_PUT,
    MARK_LIST,
    MARK_PUT,
    MARK_DROP,
    READ,
    READ_START,
    READ_ONE,
    NEXT_START,
    READ_OBSERVATIONS,
    FIGURE_PIECE,
    FIGURE_CLEAN,
    OUTBOX_FIRST,
    OUTBOX_CLEAN,
    OUTBOX_ORPHANS,
    OBSERVATION_FIRST,
    OBSERVATION_CLEAN,
    STATEMENTS
};

/* What is known of a head. */
struct head {
    struct head *next; /* in its bucket */
    uint64_t hash;
    int64_t id, series, window, length_ms;
    bool moved; /* a newest figure of it has changed since the database was opened */
    size_t size;
    char bytes[];
};

struct window {
    int64_t id, length_ms;
    char name[16];
    int64_t cleaned_utc_ms; /* figures that start before have gone */
};

#define STORE_WINDOWS_MAX 64 /* names ever used */

struct br_store {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    struct br_store_marks marks;
    struct head **heads;
    size_t bucket_count, head_count; /* bucket_count: a power of two */
    struct window windows[STORE_WINDOWS_MAX];
    size_t window_count;
    bool knows_windows;       /* else they are to be read again */
    int64_t newest_utc_ms;    /* start of the newest figure that was written; INT64_MIN: none yet */
    int64_t clean_due_utc_ms; /* when figures are looked through again, in their time */
    size_t cleaning;          /* window that is being looked through; window_count: none */
    uint64_t orphan;          /* changes are being looked through behind this one; UINT64_MAX: they are not */
    /* where the span that was read last goes on */
    struct {
        int64_t from_utc_ms, to_utc_ms, start_utc_ms, series;
        uint64_t after;
        size_t window;
        bool is_known;
    } span;
};

/* A statement that is ready to be bound; NULL: *error. */
sqlite3_stmt *store_statement(struct br_store *store, enum statement which, int *error);

/* The connection's last error. */
int store_error(const struct br_store *store);

/* Runs a statement that gives no row, and resets it. */
int store_run(struct br_store *store, sqlite3_stmt *statement);

/* SQLITE_ROW: 1; done: 0; else a negative errno. */
int store_step(struct br_store *store, sqlite3_stmt *statement);

int store_load_windows(struct br_store *store);
void store_forget_heads(struct br_store *store);

#endif
