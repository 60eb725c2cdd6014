/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the two sides of the history share: the loop's thread puts and asks, the history's thread has the
 * database. */
#ifndef BR_OUT_HISTORY_STATE_H
#define BR_OUT_HISTORY_STATE_H

#include "daemon/out/history_store.h"

#include <limits.h>

/* A figure or an observation that waits for the disk. */
struct history_item {
    struct history_item *next;
    uint64_t number;
    bool newest;
    size_t size; /* of packed */
    uint8_t packed[];
};

struct history_queue {
    struct history_item *first, *last;
    size_t count, size; /* size: bytes with all that an item takes */
};

enum history_reading { READ_CHANGES, READ_SPAN, READ_SERIES, READ_RECORDS };

struct history_request {
    struct history_request *next;
    enum history_reading reading;
    uint64_t after;
    size_t rows_max;
    int64_t from_utc_ms, to_utc_ms;
    int domain;
    char *region, *window;
    br_history_rows *call;
    void *context;
    struct br_store_rows rows;
    int error;
};

struct history_requests {
    struct history_request *first, *last;
};

struct br_history {
    struct br_history_setup setup;
    char path[PATH_MAX];
    br_series *expired[BR_HISTORY_OUTPUTS];

    uint64_t last, observation_last; /* given; the loop's thread only */
    uv_async_t async;
    uv_thread_t thread;

    uv_mutex_t mutex; /* for what follows */
    uv_cond_t work;   /* there is some, for the history's thread */
    uv_cond_t done;   /* some is done, for who waits on the loop's thread */
    struct history_queue figures, observations;
    size_t working; /* bytes that the thread has taken and not written yet */
    struct history_requests asked, answered;
    struct br_store_marks wanted; /* cursors as they are to be; has: outputs in use */
    struct br_store_keep keep;
    uint64_t durable;
    uint64_t cursors_wait_ns; /* since when a cursor has moved that is not on disk; 0: none has */
    int trouble;
    bool has_news, closing, hurry, stop;

    /* the history's thread only */
    struct br_store *store; /* NULL: it cannot be opened just now */
    struct history_queue batch, observation_batch;
    struct br_store_marks next;  /* of the batch */
    uint64_t retry_ns, clean_ns; /* not before */
};

/* history_thread.c */
void history_run(void *history);
void history_queue_add(struct history_queue *queue, struct history_item *item);
struct history_item *history_queue_take(struct history_queue *queue);
void history_queue_free(struct history_queue *queue);
size_t history_item_size(const struct history_item *item);

#endif
