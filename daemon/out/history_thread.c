/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The history's thread: writes what waits as one transaction, answers readings between two of them, cleans
 * when there is nothing else, and tries again where the disk refuses. */
#include "daemon/out/history_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 20000 /* figures in one transaction: what is read in between does not wait for long */
#define SECOND_NS UINT64_C(1000000000)
#define RETRY_NS SECOND_NS
#define CURSOR_NS SECOND_NS /* a cursor that moves alone is not worth a sync each time */
#define CLEAN_NS SECOND_NS  /* after there was nothing to clean */

void history_queue_add(struct history_queue *queue, struct history_item *item)
{
    item->next = NULL;
    if (queue->last)
        queue->last->next = item;
    else
        queue->first = item;
    queue->last = item;
    queue->count++;
    queue->size += history_item_size(item);
}

struct history_item *history_queue_take(struct history_queue *queue)
{
    struct history_item *item = queue->first;
    if (!item)
        return NULL;
    queue->first = item->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    queue->size -= history_item_size(item);
    return item;
}

void history_queue_free(struct history_queue *queue)
{
    struct history_item *item;
    while ((item = history_queue_take(queue)) != NULL)
        free(item);
}

size_t history_item_size(const struct history_item *item)
{
    return sizeof *item + item->size;
}

/* ---- writing */

static bool has_batch(const struct br_history *history)
{
    return history->batch.first || history->observation_batch.first;
}

/* The next batch, and what is to hold when it is on disk: a cursor never passes what is committed with it. */
static void take_batch(struct br_history *history)
{
    if (!has_batch(history)) {
        while (history->figures.first && history->batch.count < BATCH_MAX)
            history_queue_add(&history->batch, history_queue_take(&history->figures));
        history->observation_batch = history->observations;
        history->observations = (struct history_queue){0};
        history->working = history->batch.size;
    }
    struct br_store_marks *next = &history->next;
    uint64_t change = next->change, observation = next->observation;
    *next = history->wanted;
    next->change = history->batch.last ? history->batch.last->number : change;
    next->observation =
        history->observation_batch.last ? history->observation_batch.last->number : observation;
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++)
        if (next->cursors[i] > next->change)
            next->cursors[i] = next->change;
    if (next->observation_done > next->observation)
        next->observation_done = next->observation;
    history->cursors_wait_ns = 0;
}

static int write_batch(struct br_history *history)
{
    struct br_store *store = history->store;
    bool to_outbox = false;
    int error = br_store_begin(store);
    if (error)
        return error;
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++)
        to_outbox |= history->next.has[i];
    for (struct history_item *item = history->batch.first; item && !error; item = item->next)
        error = br_store_put(store, item->number, item->newest, to_outbox,
                             (struct br_view){(const char *)item->packed, item->size});
    for (struct history_item *item = history->observation_batch.first; item && !error; item = item->next)
        error = br_store_put_observation(store, item->number,
                                         (struct br_view){(const char *)item->packed, item->size});
    if (!error)
        return br_store_commit(store, &history->next);
    br_store_undo(store);
    return error;
}

/* A damaged database is no reason to hold anything up: what it held is lost here, but not gone. */
static int begin_anew(struct br_history *history, const char *what)
{
    unsigned number;
    int error = br_store_set_aside(history->path, &number);
    if (error)
        return error;
    br_log(history->setup.log, BR_LOG_ERR, "history_damaged",
           "what=%s kept_as=\"%s.damaged-%u\" action=\"begun anew: earlier figures are only there\"", what,
           history->path, number);
    history->store = br_store_open(history->path, &error);
    return error;
}

/* After an error the connection is made again, for SQLite decides only then whether it may write. */
static int mend(struct br_history *history, int error)
{
    if (error == -ENOSPC || error == -ENOMEM || error == -EBUSY)
        return error;
    br_store_close(history->store);
    history->store = NULL;
    return error == -EBADMSG ? begin_anew(history, "database") : error;
}

static int write_all(struct br_history *history)
{
    int error = 0;
    if (!history->store)
        history->store = br_store_open(history->path, &error);
    if (!error)
        error = write_batch(history);
    if (error == -EBADMSG) { /* once more, into a new one */
        error = mend(history, error);
        if (!error)
            error = write_batch(history);
    } else if (error) {
        error = mend(history, error);
    }
    history->retry_ns = error ? uv_hrtime() + RETRY_NS : 0;
    return error;
}

/* ---- reading */

static void answer(struct br_history *history, struct history_request *request)
{
    if (!history->store)
        history->store = br_store_open(history->path, &request->error);
    struct br_store *store = history->store;
    if (!store)
        return;
    if (request->reading == READ_CHANGES)
        request->error = br_store_read(store, request->after, request->rows_max, &request->rows);
    else if (request->reading == READ_SPAN)
        request->error = br_store_read_span(store, request->from_utc_ms, request->to_utc_ms, request->after,
                                            request->rows_max, &request->rows);
    else if (request->reading == READ_SERIES)
        request->error =
            br_store_read_series(store, request->domain, request->region, request->window,
                                 request->from_utc_ms, request->to_utc_ms, request->rows_max, &request->rows);
    else
        request->error = br_store_read_observations(store, request->after, request->rows_max, &request->rows);
    if (request->error == -EBADMSG)
        mend(history, -EBADMSG);
}

/* ---- cleaning */

static void clean(struct br_history *history, const struct br_store_keep *keep)
{
    struct br_store_lost lost = {0};
    int done = br_store_clean(history->store, keep, &lost);
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++)
        *history->expired[i] += (int64_t)lost.changes[i];
    *history->expired[BR_HISTORY_INFLUXDB] += (int64_t)lost.observations;
    if (done < 0)
        mend(history, done);
    history->clean_ns = done ? uv_hrtime() + CLEAN_NS : 0;
}

/* ---- the thread */

static bool has_cursors(const struct br_history *history, uint64_t now_ns)
{
    return history->cursors_wait_ns > 0 && (history->hurry || now_ns >= history->cursors_wait_ns + CURSOR_NS);
}

/* Whether there is something to write now. */
static bool is_due(const struct br_history *history, uint64_t now_ns)
{
    bool waits = has_batch(history) || history->figures.first || history->observations.first ||
                 has_cursors(history, now_ns);
    return waits && now_ns >= history->retry_ns;
}

/* Waits, with the mutex, until there is something to do. True: to write. */
static bool wait_for_work(struct br_history *history)
{
    while (!history->stop) {
        uint64_t now = uv_hrtime(), until = history->clean_ns;
        if (is_due(history, now))
            return true;
        if (history->asked.first || (history->store && now >= history->clean_ns))
            return false;
        if (!history->store || until > now + RETRY_NS)
            until = now + RETRY_NS; /* a retry or a cursor may be due by then */
        uv_cond_timedwait(&history->work, &history->mutex, until - now);
    }
    return false;
}

static struct history_request *next_request(struct br_history *history)
{
    struct history_request *request = history->asked.first;
    if (!request)
        return NULL;
    history->asked.first = request->next;
    if (!history->asked.first)
        history->asked.last = NULL;
    request->next = NULL;
    return request;
}

static void give_answer(struct br_history *history, struct history_request *request)
{
    if (history->answered.last)
        history->answered.last->next = request;
    else
        history->answered.first = request;
    history->answered.last = request;
}

static void note_written(struct br_history *history, int error)
{
    history->trouble = error;
    history->has_news = true;
    if (error) { /* to be tried again, cursors too */
        history->cursors_wait_ns = history->cursors_wait_ns ? history->cursors_wait_ns : 1;
        return;
    }
    history->durable = history->next.change;
    history->working = 0;
    bool has_moved = history->wanted.observation_done != history->next.observation_done;
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++)
        has_moved |= history->wanted.cursors[i] != history->next.cursors[i];
    if (has_moved && !history->cursors_wait_ns)
        history->cursors_wait_ns = uv_hrtime();
}

/* One round: what is to be written goes first, then one reading, then a piece of cleaning. */
static void work(struct br_history *history, bool to_write)
{
    int error = 0;
    struct history_request *request = next_request(history);
    struct br_store_keep keep = history->keep;
    if (to_write)
        take_batch(history);
    uv_mutex_unlock(&history->mutex);
    if (to_write)
        error = write_all(history);
    if (to_write && !error) {
        history_queue_free(&history->batch);
        history_queue_free(&history->observation_batch);
    }
    if (request)
        answer(history, request);
    if (history->store && uv_hrtime() >= history->clean_ns)
        clean(history, &keep);
    uv_mutex_lock(&history->mutex);
    if (to_write)
        note_written(history, error);
    if (request)
        give_answer(history, request);
    uv_cond_broadcast(&history->done);
    if (to_write || request)
        uv_async_send(&history->async);
}

void history_run(void *context)
{
    struct br_history *history = context;
    uv_mutex_lock(&history->mutex);
    while (!history->stop) {
        bool to_write = wait_for_work(history);
        if (!history->stop)
            work(history, to_write);
    }
    uv_mutex_unlock(&history->mutex);
    br_store_close(history->store);
    history->store = NULL;
}
