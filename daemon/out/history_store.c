/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Opening, transactions and marks; putting figures is in history_put.c, reading in history_read.c, taking
 * away in history_clean.c. */
#include "daemon/out/history_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 1000 /* somebody else's backup */
#define DAMAGED_MAX 1000
#define TABLES 7

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE window (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, length INTEGER NOT NULL);"
    "CREATE TABLE series (id INTEGER PRIMARY KEY, domain INTEGER NOT NULL, code TEXT NOT NULL,"
    " window INTEGER NOT NULL, UNIQUE (domain, code, window));"
    "CREATE TABLE head (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, bytes BLOB NOT NULL UNIQUE);"
    "CREATE TABLE figure (window INTEGER, start INTEGER, series INTEGER, revision INTEGER NOT NULL,"
    " head INTEGER NOT NULL, length INTEGER, lost INTEGER NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY (window, start, series)) WITHOUT ROWID;"
    "CREATE TABLE outbox (change INTEGER PRIMARY KEY, window INTEGER NOT NULL, start INTEGER NOT NULL,"
    " series INTEGER NOT NULL, revision INTEGER NOT NULL, newest INTEGER NOT NULL);"
    "CREATE TABLE observation (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

#define ROW_COLUMNS "f.lost, h.bytes, f.start, f.length, f.window, f.revision, f.body"

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [WINDOW_LIST] = "SELECT id, name, length FROM window ORDER BY length, id",
    [WINDOW_ADD] = "INSERT INTO window (name, length) VALUES (?, ?)",
    [SERIES_FIND] = "SELECT id FROM series WHERE domain = ? AND code = ? AND window = ?",
    [SERIES_ADD] = "INSERT INTO series (domain, code, window) VALUES (?, ?, ?)",
    [HEAD_FIND] = "SELECT id, series FROM head WHERE bytes = ?",
    [HEAD_ADD] = "INSERT INTO head (bytes, series) VALUES (?, ?)",
    [FIGURE_FIND] = "SELECT revision, head, length, lost, body FROM figure"
                    " WHERE window = ? AND start = ? AND series = ?",
    [FIGURE_PUT] = "REPLACE INTO figure (window, start, series, revision, head, length, lost, body)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [OUTBOX_PUT] = "REPLACE INTO outbox (change, window, start, series, revision, newest)"
                   " VALUES (?, ?, ?, ?, ?, ?)",
    [OBSERVATION_PUT] = "REPLACE INTO observation (number, bytes) VALUES (?, ?)",
    [MARK_LIST] = "SELECT name, value FROM mark",
    [MARK_PUT] = "REPLACE INTO mark (name, value) VALUES (?, ?)",
    [MARK_DROP] = "DELETE FROM mark WHERE name = ?",
    /* CROSS JOIN: in the order that is written, so that the outbox leads */
    [READ] = "SELECT o.change, o.newest, " ROW_COLUMNS " FROM outbox o CROSS JOIN figure f CROSS JOIN head h"
             " WHERE o.change > ? AND f.window = o.window AND f.start = o.start AND f.series = o.series"
             " AND f.revision = o.revision AND h.id = f.head ORDER BY o.change LIMIT ?",
    [READ_START] = "SELECT f.series, 0, " ROW_COLUMNS " FROM figure f CROSS JOIN head h"
                   " WHERE f.window = ? AND f.start = ? AND f.series > ? AND h.id = f.head"
                   " ORDER BY f.series LIMIT ?",
    [READ_ONE] = "SELECT 0, 0, " ROW_COLUMNS " FROM figure f CROSS JOIN head h"
                 " WHERE f.window = ? AND f.start = ? AND f.series = ? AND h.id = f.head",
    [NEXT_START] = "SELECT min(start) FROM figure WHERE window = ? AND start >= ?",
    [READ_OBSERVATIONS] = "SELECT number, bytes FROM observation WHERE number > ? ORDER BY number LIMIT ?",
    [FIGURE_PIECE] =
        "SELECT start FROM figure WHERE window = ? AND start < ? ORDER BY start LIMIT 1 OFFSET ?",
    [FIGURE_CLEAN] = "DELETE FROM figure WHERE window = ? AND start < ?",
    [OUTBOX_FIRST] = "SELECT min(change) FROM outbox",
    [OUTBOX_CLEAN] = "DELETE FROM outbox WHERE change <= ?",
    [OUTBOX_ORPHANS] = "DELETE FROM outbox WHERE change > ? AND change <= ? AND NOT EXISTS"
                       " (SELECT 1 FROM figure f WHERE f.window = outbox.window AND f.start = outbox.start"
                       " AND f.series = outbox.series)",
    [OBSERVATION_FIRST] = "SELECT min(number) FROM observation",
    [OBSERVATION_CLEAN] = "DELETE FROM observation WHERE number <= ?",
};

static const char *const cursor_names[BR_HISTORY_OUTPUTS] = {
    [BR_HISTORY_MQTT] = "mqtt", [BR_HISTORY_INFLUXDB] = "influxdb"};

int store_error(const struct br_store *store)
{
    int system = sqlite3_system_errno(store->database);
    switch (sqlite3_errcode(store->database) & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EBADMSG;
    default:
        return system ? -system : -EIO;
    }
}

sqlite3_stmt *store_statement(struct br_store *store, enum statement which, int *error)
{
    sqlite3_stmt **statement = &store->statements[which];
    *error = 0;
    if (!*statement && sqlite3_prepare_v3(store->database, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                          statement, NULL) != SQLITE_OK) {
        *error = store_error(store);
        return NULL;
    }
    return *statement;
}

int store_step(struct br_store *store, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    int error = code == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_reset(statement);
    return error;
}

int store_run(struct br_store *store, sqlite3_stmt *statement)
{
    int error = store_step(store, statement);
    if (error > 0)
        sqlite3_reset(statement);
    return error < 0 ? error : 0;
}

static int run(struct br_store *store, enum statement which)
{
    int error;
    sqlite3_stmt *statement = store_statement(store, which, &error);
    return statement ? store_run(store, statement) : error;
}

/* ---- open and close */

static int execute(struct br_store *store, const char *text)
{
    return sqlite3_exec(store->database, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(store);
}

/* The number that a PRAGMA gives. */
static int ask(struct br_store *store, const char *text, int64_t *number)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(store->database, text, -1, &statement, NULL) != SQLITE_OK)
        return store_error(store);
    int got = store_step(store, statement);
    *number = got > 0 ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return got < 0 ? got : 0;
}

int store_load_windows(struct br_store *store)
{
    int error, got = 0;
    sqlite3_stmt *list = store_statement(store, WINDOW_LIST, &error);
    store->window_count = 0;
    while (list && (got = store_step(store, list)) > 0) {
        struct window *window = &store->windows[store->window_count];
        const char *name = (const char *)sqlite3_column_text(list, 1);
        if (store->window_count == STORE_WINDOWS_MAX || !name || strlen(name) >= sizeof window->name)
            continue;
        window->id = sqlite3_column_int64(list, 0);
        window->length_ms = sqlite3_column_int64(list, 2);
        memcpy(window->name, name, strlen(name) + 1);
        store->window_count++;
    }
    store->cleaning = STORE_WINDOWS_MAX;
    store->span.is_known = false;
    return list ? got : error;
}

static void take_mark(struct br_store_marks *marks, const char *name, uint64_t value)
{
    if (strcmp(name, "change") == 0)
        marks->change = value;
    else if (strcmp(name, "observation") == 0)
        marks->observation = value;
    else if (strcmp(name, "observation_done") == 0)
        marks->observation_done = value;
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++) {
        if (strcmp(name, cursor_names[i]) == 0) {
            marks->cursors[i] = value;
            marks->has[i] = true;
        }
    }
}

static int load_marks(struct br_store *store)
{
    int error, got = 0;
    sqlite3_stmt *list = store_statement(store, MARK_LIST, &error);
    while (list && (got = store_step(store, list)) > 0) {
        const char *name = (const char *)sqlite3_column_text(list, 0);
        if (name)
            take_mark(&store->marks, name, (uint64_t)sqlite3_column_int64(list, 1));
    }
    return list ? got : error;
}

/* Whether it has our tables. */
static int check_tables(struct br_store *store)
{
    int64_t count = 0;
    int error = ask(store,
                    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN"
                    " ('window', 'series', 'head', 'figure', 'outbox', 'observation', 'mark')",
                    &count);
    return !error && count != TABLES ? -EBADMSG : error;
}

static int prepare(struct br_store *store)
{
    static const char settings[] = "PRAGMA synchronous = FULL;"
                                   "PRAGMA cache_size = -4096;"
                                   "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA mmap_size = 0;"
                                   "PRAGMA journal_size_limit = 16777216;";
    int64_t version = 0;
    int error = ask(store, "PRAGMA user_version", &version);
    if (!error && version > BR_STORE_VERSION)
        return -ENOTSUP;
    if (!error)
        error = execute(store, "PRAGMA journal_mode = WAL");
    if (!error)
        error = execute(store, settings);
    if (!error && version == 0)
        error = execute(store, schema);
    if (!error)
        error = check_tables(store);
    if (!error)
        error = store_load_windows(store);
    return error ? error : load_marks(store);
}

/* SQLite would let everybody read it, and gives the log what the file has. */
static void make_private(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
}

struct br_store *br_store_open(const char *path, int *error)
{
    struct br_store *store = calloc(1, sizeof *store);
    *error = -ENOMEM;
    if (!store)
        return NULL;
    store->newest_utc_ms = store->clean_due_utc_ms = INT64_MIN;
    store->orphan = UINT64_MAX;
    make_private(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path, &store->database, flags, NULL);
    if (store->database) {
        sqlite3_busy_timeout(store->database, BUSY_MS);
        *error = code == SQLITE_OK ? prepare(store) : store_error(store);
    }
    if (*error == 0)
        return store;
    br_store_close(store);
    return NULL;
}

void store_forget_heads(struct br_store *store)
{
    for (size_t i = 0; i < store->bucket_count; i++) {
        while (store->heads[i]) {
            struct head *head = store->heads[i];
            store->heads[i] = head->next;
            free(head);
        }
    }
    store->head_count = 0;
}

void br_store_close(struct br_store *store)
{
    if (!store)
        return;
    store_forget_heads(store);
    free(store->heads);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->database);
    free(store);
}

int br_store_set_aside(const char *path, unsigned *number)
{
    static const char *const ends[] = {"", "-wal"};
    char from[PATH_MAX], to[PATH_MAX];
    for (*number = 1; *number < DAMAGED_MAX; ++*number) {
        snprintf(to, sizeof to, "%s.damaged-%u", path, *number);
        if (access(to, F_OK) != 0)
            break;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(from, sizeof from, "%s%s", path, ends[i]);
        snprintf(to, sizeof to, "%s.damaged-%u%s", path, *number, ends[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return -errno;
    }
    snprintf(from, sizeof from, "%s-shm", path);
    return unlink(from) != 0 && errno != ENOENT ? -errno : 0;
}

/* ---- transactions */

const struct br_store_marks *br_store_marks(const struct br_store *store)
{
    return &store->marks;
}

int br_store_begin(struct br_store *store)
{
    int error = store->knows_windows ? 0 : store_load_windows(store);
    if (error)
        return error;
    store->knows_windows = true;
    return run(store, BEGIN);
}

static int put_mark(struct br_store *store, const char *name, uint64_t value)
{
    int error;
    sqlite3_stmt *put = store_statement(store, MARK_PUT, &error);
    if (!put)
        return error;
    sqlite3_bind_text(put, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, (int64_t)value);
    return store_run(store, put);
}

static int put_cursor(struct br_store *store, int output, const struct br_store_marks *marks)
{
    int error;
    if (marks->has[output])
        return put_mark(store, cursor_names[output], marks->cursors[output]);
    sqlite3_stmt *drop = store_statement(store, MARK_DROP, &error);
    if (!drop)
        return error;
    sqlite3_bind_text(drop, 1, cursor_names[output], -1, SQLITE_STATIC);
    return store_run(store, drop);
}

static int put_marks(struct br_store *store, const struct br_store_marks *marks)
{
    const struct br_store_marks *held = &store->marks;
    int error = 0;
    if (marks->change != held->change)
        error = put_mark(store, "change", marks->change);
    if (!error && marks->observation != held->observation)
        error = put_mark(store, "observation", marks->observation);
    if (!error && marks->observation_done != held->observation_done)
        error = put_mark(store, "observation_done", marks->observation_done);
    for (int i = 0; i < BR_HISTORY_OUTPUTS && !error; i++)
        if (marks->cursors[i] != held->cursors[i] || marks->has[i] != held->has[i])
            error = put_cursor(store, i, marks);
    return error;
}

int br_store_commit(struct br_store *store, const struct br_store_marks *marks)
{
    int error = put_marks(store, marks);
    if (!error)
        error = run(store, COMMIT);
    if (error)
        br_store_undo(store);
    else
        store->marks = *marks;
    return error;
}

/* What was learnt of series and windows since BEGIN may be undone with it. */
void br_store_undo(struct br_store *store)
{
    if (!sqlite3_get_autocommit(store->database))
        run(store, ROLLBACK);
    store_forget_heads(store);
    store->knows_windows = store_load_windows(store) == 0;
}
