/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Figures into the database: the highest revision of each stays. */
#include "daemon/out/history_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 1024

/* A figure that is to be put, and what stands there. */
struct put {
    struct br_packed parts;
    struct head *head;
    bool has_length; /* differs from the window's */
    uint64_t lost;
    bool is_held;   /* this revision, byte for byte */
    bool is_passed; /* by a higher revision */
};

/* ---- series */

static uint64_t hash_of(struct br_view bytes)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a, 64 bits */
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Twice the buckets. Without memory they only get longer. */
static void grow(struct br_store *store)
{
    size_t count = store->bucket_count ? store->bucket_count * 2 : BUCKETS_MIN;
    struct head **heads = calloc(count, sizeof(struct head *));
    if (!heads)
        return;
    for (size_t i = 0; i < store->bucket_count; i++) {
        while (store->heads[i]) {
            struct head *head = store->heads[i];
            store->heads[i] = head->next;
            head->next = heads[head->hash & (count - 1)];
            heads[head->hash & (count - 1)] = head;
        }
    }
    free(store->heads);
    store->heads = heads;
    store->bucket_count = count;
}

/* The id that a query gives, after the statement was bound; 0: no row. */
static int64_t find_id(struct br_store *store, sqlite3_stmt *statement, int *error)
{
    int got = store_step(store, statement);
    int64_t id = got > 0 ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    *error = got < 0 ? got : 0;
    return id;
}

static int64_t add(struct br_store *store, sqlite3_stmt *statement, int *error)
{
    *error = store_run(store, statement);
    return *error ? 0 : sqlite3_last_insert_rowid(store->database);
}

/* A window's length is what its figures have, but for days, which are 23 hours long in one case. */
static const struct window *find_window(struct br_store *store, const struct br_packed *parts, int *error)
{
    *error = 0;
    for (size_t i = 0; i < store->window_count; i++)
        if (br_view_is(parts->window, store->windows[i].name))
            return &store->windows[i];
    struct window window = {.length_ms = parts->end_utc_ms - parts->start_utc_ms};
    if (store->window_count == STORE_WINDOWS_MAX || parts->window.size >= sizeof window.name)
        return NULL;
    memcpy(window.name, parts->window.data, parts->window.size);
    if (strcmp(window.name, "1d") == 0)
        window.length_ms = BR_DAY_MS;
    sqlite3_stmt *statement = store_statement(store, WINDOW_ADD, error);
    if (!statement)
        return NULL;
    sqlite3_bind_text(statement, 1, window.name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, window.length_ms);
    window.id = add(store, statement, error);
    if (*error)
        return NULL;
    store->windows[store->window_count] = window;
    return &store->windows[store->window_count++];
}

static int64_t find_series(struct br_store *store, const struct br_packed *parts, int64_t window, int *error)
{
    int64_t id = 0;
    for (enum statement which = SERIES_FIND; which <= SERIES_ADD && id == 0; which++) {
        sqlite3_stmt *statement = store_statement(store, which, error);
        if (!statement)
            return 0;
        sqlite3_bind_int(statement, 1, parts->domain);
        sqlite3_bind_text(statement, 2, parts->region.data, (int)parts->region.size, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, window);
        id = which == SERIES_FIND ? find_id(store, statement, error) : add(store, statement, error);
        if (*error)
            return 0;
    }
    return id;
}

static int64_t find_head(struct br_store *store, struct br_view bytes, int64_t series, int *error)
{
    int64_t id = 0;
    for (enum statement which = HEAD_FIND; which <= HEAD_ADD && id == 0; which++) {
        sqlite3_stmt *statement = store_statement(store, which, error);
        if (!statement)
            return 0;
        sqlite3_bind_blob(statement, 1, bytes.data, (int)bytes.size, SQLITE_STATIC);
        if (which == HEAD_ADD)
            sqlite3_bind_int64(statement, 2, series);
        id = which == HEAD_FIND ? find_id(store, statement, error) : add(store, statement, error);
        if (*error)
            return 0;
    }
    return id;
}

static struct head *learn_head(struct br_store *store, const struct br_packed *parts, uint64_t hash,
                               int *error)
{
    const struct window *window = find_window(store, parts, error);
    int64_t series = window ? find_series(store, parts, window->id, error) : 0;
    int64_t id = series ? find_head(store, parts->head, series, error) : 0;
    if (!id)
        return NULL;
    if (store->head_count >= store->bucket_count)
        grow(store);
    struct head *head = store->heads ? calloc(1, sizeof *head + parts->head.size) : NULL;
    *error = head ? 0 : -ENOMEM;
    if (!head)
        return NULL;
    *head = (struct head){.hash = hash,
                          .id = id,
                          .series = series,
                          .window = window->id,
                          .length_ms = window->length_ms,
                          .size = parts->head.size};
    memcpy(head->bytes, parts->head.data, parts->head.size);
    struct head **bucket = &store->heads[hash & (store->bucket_count - 1)];
    head->next = *bucket;
    *bucket = head;
    store->head_count++;
    return head;
}

/* NULL and no error: this is no series. */
static struct head *head_of(struct br_store *store, const struct br_packed *parts, int *error)
{
    uint64_t hash = hash_of(parts->head);
    struct head *head = store->heads ? store->heads[hash & (store->bucket_count - 1)] : NULL;
    *error = 0;
    while (head &&
           (head->hash != hash || !br_view_equal((struct br_view){head->bytes, head->size}, parts->head)))
        head = head->next;
    return head ? head : learn_head(store, parts, hash, error);
}

/* ---- figures */

static int64_t length_of(const struct put *put)
{
    return put->parts.end_utc_ms - put->parts.start_utc_ms;
}

static void compare(struct put *put, sqlite3_stmt *held)
{
    struct br_view body = {sqlite3_column_blob(held, 4), (size_t)sqlite3_column_bytes(held, 4)};
    int64_t revision = sqlite3_column_int64(held, 0);
    bool had_length = sqlite3_column_type(held, 2) != SQLITE_NULL;
    put->is_passed = revision > put->parts.revision;
    put->is_held = revision == put->parts.revision && sqlite3_column_int64(held, 1) == put->head->id &&
                   had_length == put->has_length &&
                   (!had_length || sqlite3_column_int64(held, 2) == length_of(put)) &&
                   br_view_equal(body, put->parts.body);
    put->lost = (br_packed_values(body) | (uint64_t)sqlite3_column_int64(held, 3)) &
                ~br_packed_values(put->parts.body);
}

static void bind_key(sqlite3_stmt *statement, int first, const struct put *put)
{
    sqlite3_bind_int64(statement, first, put->head->window);
    sqlite3_bind_int64(statement, first + 1, put->parts.start_utc_ms);
    sqlite3_bind_int64(statement, first + 2, put->head->series);
}

static int look(struct br_store *store, struct put *put)
{
    int error;
    sqlite3_stmt *find = store_statement(store, FIGURE_FIND, &error);
    if (!find)
        return error;
    bind_key(find, 1, put);
    int got = store_step(store, find);
    if (got > 0)
        compare(put, find);
    sqlite3_reset(find);
    return got < 0 ? got : 0;
}

static int write_figure(struct br_store *store, const struct put *put)
{
    int error;
    sqlite3_stmt *write = store_statement(store, FIGURE_PUT, &error);
    if (!write)
        return error;
    bind_key(write, 1, put);
    sqlite3_bind_int64(write, 4, put->parts.revision);
    sqlite3_bind_int64(write, 5, put->head->id);
    if (put->has_length)
        sqlite3_bind_int64(write, 6, length_of(put));
    else
        sqlite3_bind_null(write, 6);
    sqlite3_bind_int64(write, 7, (int64_t)put->lost);
    sqlite3_bind_blob(write, 8, put->parts.body.size ? put->parts.body.data : "", (int)put->parts.body.size,
                      SQLITE_STATIC);
    return store_run(store, write);
}

static int write_change(struct br_store *store, const struct put *put, uint64_t change, bool newest)
{
    int error;
    sqlite3_stmt *write = store_statement(store, OUTBOX_PUT, &error);
    if (!write)
        return error;
    sqlite3_bind_int64(write, 1, (int64_t)change);
    bind_key(write, 2, put);
    sqlite3_bind_int64(write, 5, put->parts.revision);
    sqlite3_bind_int(write, 6, newest);
    return store_run(store, write);
}

/* After a crash the flow tells again what is held. That is no change, but where an earlier window of the
 * series came out differently this time: what follows is then told again, so that the newest comes last. */
int br_store_put(struct br_store *store, uint64_t change, bool newest, bool to_outbox, struct br_view packed)
{
    struct put put = {0};
    int error;
    if (!br_packed_split(packed, &put.parts))
        return 0;
    put.head = head_of(store, &put.parts, &error);
    if (!put.head)
        return error;
    put.has_length = length_of(&put) != put.head->length_ms;
    error = look(store, &put);
    if (error || put.is_passed || (put.is_held && !(newest && put.head->moved)))
        return error;
    if (!put.is_held)
        error = write_figure(store, &put);
    put.head->moved |= newest;
    if (put.parts.start_utc_ms > store->newest_utc_ms)
        store->newest_utc_ms = put.parts.start_utc_ms;
    return error || !to_outbox ? error : write_change(store, &put, change, newest);
}

int br_store_put_observation(struct br_store *store, uint64_t number, struct br_view packed)
{
    int error;
    sqlite3_stmt *write = store_statement(store, OBSERVATION_PUT, &error);
    if (!write)
        return error;
    sqlite3_bind_int64(write, 1, (int64_t)number);
    sqlite3_bind_blob(write, 2, packed.size ? packed.data : "", (int)packed.size, SQLITE_STATIC);
    return store_run(store, write);
}
