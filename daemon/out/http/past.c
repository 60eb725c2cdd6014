/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/out/history_packed.h"

#define READINGS_MAX 4

struct br_pasts {
    struct br_history *history;
    void (*ready)(void *owner);
    struct br_past *first, *last; /* who wait, with a reading or without */
    size_t readings;
    bool is_stopped;
    void (*on_closed)(void *context);
    void *context;
};

/* Outlives the request when its client goes away. */
struct br_past_reading {
    struct br_pasts *pasts;
    struct br_past *past; /* NULL: nobody waits for it any more */
};

struct br_pasts *br_pasts_open(struct br_history *history, void (*ready)(void *owner))
{
    struct br_pasts *pasts = calloc(1, sizeof *pasts);
    if (!pasts)
        return NULL;
    pasts->history = history;
    pasts->ready = ready;
    return pasts;
}

static void link_in(struct br_pasts *pasts, struct br_past *past)
{
    past->previous = pasts->last;
    past->next = NULL;
    if (pasts->last)
        pasts->last->next = past;
    else
        pasts->first = past;
    pasts->last = past;
    past->waits = true;
}

static void link_out(struct br_pasts *pasts, struct br_past *past)
{
    if (past->previous)
        past->previous->next = past->next;
    else
        pasts->first = past->next;
    if (past->next)
        past->next->previous = past->previous;
    else
        pasts->last = past->previous;
    past->waits = false;
}

static void forget(struct br_past *past)
{
    free(past->items);
    free(past->bytes);
    past->items = NULL;
    past->bytes = NULL;
    past->count = 0;
    past->is_known = false;
}

/* It does not wait for a reading any more. */
static void let_go(struct br_pasts *pasts, struct br_past *past)
{
    link_out(pasts, past);
    if (past->reading)
        past->reading->past = NULL;
    past->reading = NULL;
}

static void wake(struct br_pasts *pasts, struct br_past *past)
{
    let_go(pasts, past);
    pasts->ready(past->owner);
}

/* ---- reading */

static struct br_board_item item_of(const struct br_history_row *row, const uint8_t *packed)
{
    struct br_packed parts;
    br_packed_split((struct br_view){(const char *)packed, row->packed_size}, &parts);
    return (struct br_board_item){.packed = packed,
                                  .packed_size = row->packed_size,
                                  .start_utc_ms = parts.start_utc_ms,
                                  .end_utc_ms = parts.end_utc_ms,
                                  .revision = parts.revision};
}

static int copy(struct br_past *past, const struct br_history_row *rows, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += rows[i].packed_size;
    past->items = calloc(count + 1, sizeof *past->items);
    past->bytes = malloc(size + 1);
    if (!past->items || !past->bytes)
        return -ENOMEM;
    uint8_t *to = past->bytes;
    for (size_t i = 0; i < count; i++) {
        memcpy(to, rows[i].packed, rows[i].packed_size);
        past->items[i] = item_of(&rows[i], to);
        to += rows[i].packed_size;
    }
    past->count = count;
    return 0;
}

/* Who waits for a turn asks again: the answer may have been made for somebody else. */
static void next_turn(struct br_pasts *pasts)
{
    struct br_past *past = pasts->first;
    while (past && past->reading)
        past = past->next;
    if (past)
        wake(pasts, past);
}

static void end(struct br_pasts *pasts)
{
    void (*on_closed)(void *) = pasts->on_closed;
    void *context = pasts->context;
    free(pasts);
    on_closed(context);
}

static void on_rows(void *context, int error, const struct br_history_row *rows, size_t count, bool more,
                    uint64_t passed)
{
    struct br_past_reading *reading = context;
    struct br_pasts *pasts = reading->pasts;
    struct br_past *past = reading->past;
    (void)more;
    (void)passed;
    free(reading);
    pasts->readings--;
    if (past) {
        past->reading = NULL;
        past->error = error ? error : copy(past, rows, count);
        if (past->error)
            forget(past);
        past->is_known = true;
        wake(pasts, past);
    }
    if (!pasts->is_stopped)
        next_turn(pasts);
    else if (pasts->on_closed && pasts->readings == 0)
        end(pasts);
}

static bool read_now(struct br_pasts *pasts, struct br_past *past)
{
    const struct br_past_query *query = &past->query;
    struct br_past_reading *reading = malloc(sizeof *reading);
    if (!reading)
        return false;
    *reading = (struct br_past_reading){pasts, past};
    if (br_history_read_series(pasts->history, query->domain, query->region, query->window,
                               query->from_utc_ms, query->to_utc_ms, query->rows_max, on_rows,
                               reading) != 0) {
        free(reading);
        return false;
    }
    past->reading = reading;
    pasts->readings++;
    return true;
}

bool br_pasts_wait(struct br_pasts *pasts, struct br_past *past)
{
    past->is_asked = false;
    forget(past);
    if (pasts->is_stopped || (pasts->readings < READINGS_MAX && !read_now(pasts, past)))
        return false;
    link_in(pasts, past);
    return true;
}

bool br_past_answers(const struct br_past *past, const struct br_past_query *query)
{
    const struct br_past_query *held = &past->query;
    return past->is_known && held->domain == query->domain && strcmp(held->region, query->region) == 0 &&
           strcmp(held->window, query->window) == 0 && held->from_utc_ms == query->from_utc_ms &&
           held->to_utc_ms == query->to_utc_ms && held->rows_max == query->rows_max;
}

void br_past_drop(struct br_pasts *pasts, struct br_past *past)
{
    if (past->waits)
        let_go(pasts, past);
    forget(past);
}

void br_pasts_stop(struct br_pasts *pasts)
{
    pasts->is_stopped = true;
    while (pasts->first)
        wake(pasts, pasts->first);
}

void br_pasts_close(struct br_pasts *pasts, void (*on_closed)(void *context), void *context)
{
    pasts->on_closed = on_closed;
    pasts->context = context;
    if (pasts->readings == 0)
        end(pasts);
}
