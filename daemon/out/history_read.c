/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Figures out of the database, packed again. */
#include "daemon/out/history_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum column { CHANGE, NEWEST, LOST, HEAD, START_AT, LENGTH, WINDOW_ID, REVISION_AT, BODY };

void br_store_rows_free(struct br_store_rows *rows)
{
    free(rows->rows);
    free(rows->bytes);
    *rows = (struct br_store_rows){0};
}

/* Room for one more row of this size. */
static bool make_room(struct br_store_rows *rows, size_t size)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? rows->capacity * 2 : 64;
        struct br_history_row *more = realloc(rows->rows, capacity * sizeof *more);
        if (!more)
            return false;
        rows->rows = more;
        rows->capacity = capacity;
    }
    if (rows->size + size <= rows->size_max)
        return true;
    size_t size_max = (rows->size + size) * 2;
    uint8_t *bytes = realloc(rows->bytes, size_max);
    if (!bytes)
        return false;
    rows->bytes = bytes;
    rows->size_max = size_max;
    return true;
}

/* The bytes may still move: the rows point to them when all are there. */
static void point(struct br_store_rows *rows)
{
    size_t at = 0;
    for (size_t i = 0; i < rows->count; i++) {
        rows->rows[i].packed = rows->bytes + at;
        at += rows->rows[i].packed_size;
    }
}

static struct br_view blob(sqlite3_stmt *row, enum column column)
{
    const void *data = sqlite3_column_blob(row, (int)column);
    return (struct br_view){data, (size_t)sqlite3_column_bytes(row, (int)column)};
}

static int64_t window_length(const struct br_store *store, int64_t id)
{
    for (size_t i = 0; i < store->window_count; i++)
        if (store->windows[i].id == id)
            return store->windows[i].length_ms;
    return 0;
}

static int take_row(const struct br_store *store, sqlite3_stmt *row, bool is_change,
                    struct br_store_rows *rows)
{
    struct br_packed parts = {.head = blob(row, HEAD), .body = blob(row, BODY)};
    bool has_length = sqlite3_column_type(row, LENGTH) != SQLITE_NULL;
    parts.start_utc_ms = sqlite3_column_int64(row, START_AT);
    parts.end_utc_ms =
        parts.start_utc_ms + (has_length ? sqlite3_column_int64(row, LENGTH)
                                         : window_length(store, sqlite3_column_int64(row, WINDOW_ID)));
    parts.revision = (uint32_t)sqlite3_column_int64(row, REVISION_AT);
    if (!make_room(rows, parts.head.size + parts.body.size + BR_PACKED_MIDDLE_MAX))
        return -ENOMEM;
    size_t size = br_packed_join(&parts, rows->bytes + rows->size);
    rows->rows[rows->count++] =
        (struct br_history_row){.change = is_change ? (uint64_t)sqlite3_column_int64(row, CHANGE) : 0,
                                .newest = sqlite3_column_int(row, NEWEST) != 0,
                                .narrowed = sqlite3_column_int64(row, LOST) != 0,
                                .packed_size = size};
    rows->size += size;
    return 0;
}

static int end(struct br_store_rows *rows, int error)
{
    if (error)
        br_store_rows_free(rows);
    else
        point(rows);
    return error;
}

/* A row too many tells that there are more. */
int br_store_read(struct br_store *store, uint64_t after, size_t rows_max, struct br_store_rows *rows)
{
    int error, got = 0;
    sqlite3_stmt *read = store_statement(store, READ, &error);
    if (!read)
        return error;
    sqlite3_bind_int64(read, 1, (int64_t)after);
    sqlite3_bind_int64(read, 2, (int64_t)rows_max + 1);
    while (!error && (got = store_step(store, read)) > 0) {
        rows->more = rows->count == rows_max;
        if (!rows->more)
            error = take_row(store, read, true, rows);
    }
    if (error)
        sqlite3_reset(read);
    if (!error)
        error = got;
    if (!error)
        rows->passed =
            rows->more && rows->count > 0 ? rows->rows[rows->count - 1].change : store->marks.change;
    return end(rows, error);
}

/* ---- spans */

/* The first start of a window at or after this one; INT64_MAX: none. */
static int64_t next_start(struct br_store *store, int64_t window, int64_t from_utc_ms, int *error)
{
    int64_t start = INT64_MAX;
    sqlite3_stmt *next = store_statement(store, NEXT_START, error);
    if (!next)
        return start;
    sqlite3_bind_int64(next, 1, window);
    sqlite3_bind_int64(next, 2, from_utc_ms);
    int got = store_step(store, next);
    if (got > 0 && sqlite3_column_type(next, 0) != SQLITE_NULL)
        start = sqlite3_column_int64(next, 0);
    sqlite3_reset(next);
    *error = got < 0 ? got : 0;
    return start;
}

/* Where a span is: behind a series of a window that begins at start. */
struct place {
    int64_t start_utc_ms, series;
    size_t window;
};

/* Reads on in one window at one start; how many rows there were, or a negative errno. skip: rows that are
 * only counted. */
static int64_t read_start(struct br_store *store, struct place *place, uint64_t skip, size_t rows_max,
                          struct br_store_rows *rows)
{
    int error, got = 0;
    uint64_t count = 0, limit = skip + rows_max - rows->count;
    sqlite3_stmt *read = store_statement(store, READ_START, &error);
    if (!read)
        return error;
    sqlite3_bind_int64(read, 1, store->windows[place->window].id);
    sqlite3_bind_int64(read, 2, place->start_utc_ms);
    sqlite3_bind_int64(read, 3, place->series);
    sqlite3_bind_int64(read, 4, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    while (!error && (got = store_step(store, read)) > 0) {
        place->series = sqlite3_column_int64(read, 0);
        if (count++ >= skip)
            error = take_row(store, read, false, rows);
    }
    if (error)
        sqlite3_reset(read);
    if (error || got < 0)
        return error ? error : got;
    return (int64_t)count;
}

/* Goes to the next window at this start, or to the next start. False: that is the end, or *error. */
static bool move_on(struct br_store *store, struct place *place, int64_t to_utc_ms, int *error)
{
    *error = 0;
    place->series = 0;
    if (++place->window < store->window_count)
        return true;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < store->window_count && !*error; i++) {
        int64_t start = next_start(store, store->windows[i].id, place->start_utc_ms + 1, error);
        least = start < least ? start : least;
    }
    *place = (struct place){.start_utc_ms = least};
    return !*error && least < to_utc_ms;
}

/* Where `after` rows of the span have been read: known when they were read last, else counted. */
static uint64_t find_place(const struct br_store *store, int64_t from_utc_ms, int64_t to_utc_ms,
                           uint64_t after, struct place *place)
{
    if (store->span.is_known && store->span.from_utc_ms == from_utc_ms &&
        store->span.to_utc_ms == to_utc_ms && store->span.after == after) {
        *place = (struct place){store->span.start_utc_ms, store->span.series, store->span.window};
        return 0;
    }
    *place = (struct place){.start_utc_ms = from_utc_ms - 1, .window = store->window_count};
    return after;
}

int br_store_read_span(struct br_store *store, int64_t from_utc_ms, int64_t to_utc_ms, uint64_t after,
                       size_t rows_max, struct br_store_rows *rows)
{
    struct place place;
    uint64_t skip = find_place(store, from_utc_ms, to_utc_ms, after, &place);
    bool there = place.window < store->window_count || from_utc_ms < to_utc_ms;
    int error = 0;
    if (there && place.window >= store->window_count)
        there = move_on(store, &place, to_utc_ms, &error);
    while (there && rows->count < rows_max) {
        int64_t count = read_start(store, &place, skip, rows_max, rows);
        if (count < 0)
            return end(rows, (int)count);
        skip -= (uint64_t)count < skip ? (uint64_t)count : skip;
        if (rows->count < rows_max)
            there = move_on(store, &place, to_utc_ms, &error);
    }
    rows->more = there; /* perhaps: the next reading tells */
    store->span.is_known = there && !error;
    store->span.from_utc_ms = from_utc_ms;
    store->span.to_utc_ms = to_utc_ms;
    store->span.after = after + rows->count;
    store->span.start_utc_ms = place.start_utc_ms;
    store->span.series = place.series;
    store->span.window = place.window;
    return end(rows, error);
}

/* ---- one series */

static int64_t series_of(struct br_store *store, int domain, const char *region, int64_t window, int *error)
{
    sqlite3_stmt *find = store_statement(store, SERIES_FIND, error);
    if (!find)
        return 0;
    sqlite3_bind_int(find, 1, domain);
    sqlite3_bind_text(find, 2, region, -1, SQLITE_STATIC);
    sqlite3_bind_int64(find, 3, window);
    int got = store_step(store, find);
    int64_t id = got > 0 ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    *error = got < 0 ? got : 0;
    return id;
}

/* The figure of this start, if there is one: 1, 0 or a negative errno. */
static int read_one(struct br_store *store, int64_t window, int64_t start_utc_ms, int64_t series,
                    bool is_too_many, struct br_store_rows *rows)
{
    int error;
    sqlite3_stmt *read = store_statement(store, READ_ONE, &error);
    if (!read)
        return error;
    sqlite3_bind_int64(read, 1, window);
    sqlite3_bind_int64(read, 2, start_utc_ms);
    sqlite3_bind_int64(read, 3, series);
    int got = store_step(store, read);
    if (got > 0 && is_too_many)
        rows->more = true;
    else if (got > 0 && (error = take_row(store, read, false, rows)) != 0)
        got = error;
    sqlite3_reset(read);
    return got;
}

static const struct window *window_of(const struct br_store *store, const char *name)
{
    for (size_t i = 0; i < store->window_count; i++)
        if (strcmp(store->windows[i].name, name) == 0)
            return &store->windows[i];
    return NULL;
}

/* The next window most often begins where the one before ended: only where it does not, as after a day of 23
 * hours, the next start of any series is looked for. */
int br_store_read_series(struct br_store *store, int domain, const char *region, const char *name,
                         int64_t from_utc_ms, int64_t to_utc_ms, size_t rows_max, struct br_store_rows *rows)
{
    const struct window *window = window_of(store, name);
    int error = 0;
    int64_t series = window ? series_of(store, domain, region, window->id, &error) : 0;
    int64_t next = from_utc_ms, guess = INT64_MAX;
    while (series && !error && !rows->more && next < to_utc_ms) {
        bool is_full = rows->count == rows_max;
        int64_t start = guess;
        int got = guess < to_utc_ms ? read_one(store, window->id, guess, series, is_full, rows) : 0;
        if (got == 0) {
            start = next_start(store, window->id, next, &error);
            if (error || start >= to_utc_ms)
                break;
            got = read_one(store, window->id, start, series, is_full, rows);
        }
        error = got < 0 ? got : 0;
        guess = got > 0 ? start + window->length_ms : INT64_MAX;
        next = start + 1;
    }
    return end(rows, error);
}

/* ---- observations */

int br_store_read_observations(struct br_store *store, uint64_t after, size_t rows_max,
                               struct br_store_rows *rows)
{
    int error, got = 0;
    sqlite3_stmt *read = store_statement(store, READ_OBSERVATIONS, &error);
    if (!read)
        return error;
    sqlite3_bind_int64(read, 1, (int64_t)after);
    sqlite3_bind_int64(read, 2, (int64_t)rows_max + 1);
    while (!error && (got = store_step(store, read)) > 0) {
        struct br_view bytes = blob(read, 1);
        rows->more = rows->count == rows_max;
        if (rows->more)
            continue;
        if (!make_room(rows, bytes.size)) {
            error = -ENOMEM;
            break;
        }
        if (bytes.size > 0)
            memcpy(rows->bytes + rows->size, bytes.data, bytes.size);
        rows->rows[rows->count++] = (struct br_history_row){.change = (uint64_t)sqlite3_column_int64(read, 0),
                                                            .packed_size = bytes.size};
        rows->size += bytes.size;
    }
    if (error)
        sqlite3_reset(read);
    if (!error)
        error = got;
    rows->passed =
        rows->more && rows->count > 0 ? rows->rows[rows->count - 1].change : store->marks.observation;
    return end(rows, error);
}
