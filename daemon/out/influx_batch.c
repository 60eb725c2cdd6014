/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/influx_batch.h"

#include <stdlib.h>
#include <string.h>

#include "proto/record.h"

#define LINE_SIZE 2048 /* most lines have room */
#define DELETE_SIZE 16384
#define DELETES_MAX 100 /* of InfluxQL in one request */

struct item {
    size_t at, size;               /* of the line */
    size_t delete_at, delete_size; /* 0: nothing is to be taken away */
};

struct br_influx_batch {
    struct br_influx_batch_setup setup;
    struct br_text lines, deletes;
    struct item *items;
    size_t count, capacity;
    size_t done;    /* items that are */
    size_t deleted; /* items up to here have been taken away, where they had to be */
};

struct br_influx_batch *br_influx_batch_open(const struct br_influx_batch_setup *setup)
{
    struct br_influx_batch *batch = calloc(1, sizeof *batch);
    if (batch)
        batch->setup = *setup;
    return batch;
}

void br_influx_batch_close(struct br_influx_batch *batch)
{
    if (!batch)
        return;
    free(batch->lines.data);
    free(batch->deletes.data);
    free(batch->items);
    free(batch);
}

void br_influx_batch_clear(struct br_influx_batch *batch)
{
    batch->lines.size = batch->deletes.size = batch->count = batch->done = batch->deleted = 0;
    batch->lines.failed = batch->deletes.failed = 0;
}

static struct item *add_item(struct br_influx_batch *batch)
{
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity ? 2 * batch->capacity : 256;
        struct item *items = realloc(batch->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        batch->items = items;
        batch->capacity = capacity;
    }
    batch->items[batch->count] = (struct item){.at = batch->lines.size};
    return &batch->items[batch->count];
}

/* A record of one kind as a line. */
typedef long encoder(const void *record, const struct br_influx_batch_setup *setup, char *buffer, size_t size,
                     size_t *needed);

static long encode_figure(const void *record, const struct br_influx_batch_setup *setup, char *buffer,
                          size_t size, size_t *needed)
{
    return br_influx_figure(record, setup->node, setup->precision, buffer, size, needed);
}

static long encode_observation(const void *record, const struct br_influx_batch_setup *setup, char *buffer,
                               size_t size, size_t *needed)
{
    return br_influx_observation(record, setup->node, setup->precision, buffer, size, needed);
}

/* 0; 1: it cannot be said; -1: out of memory. */
static int add_line(struct br_influx_batch *batch, encoder *encode, const void *record)
{
    char line[LINE_SIZE];
    size_t needed = 0;
    struct item *item = add_item(batch);
    long size = item ? encode(record, &batch->setup, line, sizeof line, &needed) : 0;
    if (!item)
        return -1;
    if (size == INFLUX_LINE_REFUSED)
        return 1;
    char *larger = size == INFLUX_LINE_NO_ROOM ? malloc(needed) : NULL;
    if (size == INFLUX_LINE_NO_ROOM && !larger)
        return -1;
    if (larger)
        size = encode(record, &batch->setup, larger, needed, NULL);
    br_text_add(&batch->lines, larger ? larger : line, (size_t)size);
    free(larger);
    item->size = (size_t)size;
    return batch->lines.failed ? -1 : 0;
}

static int add_delete(struct br_influx_batch *batch, const Bruis__V1__Figure *figure)
{
    static const char between[] = "; ";
    struct item *item = &batch->items[batch->count];
    char *text = malloc(DELETE_SIZE);
    if (!text)
        return -1;
    int size = batch->setup.api == 1 ? br_influx_delete_v1(figure, batch->setup.node, text, DELETE_SIZE)
                                     : br_influx_delete_v2(figure, batch->setup.node, text, DELETE_SIZE);
    item->delete_at = batch->deletes.size;
    if (size > 0 && size < DELETE_SIZE) {
        br_text_add(&batch->deletes, text, (size_t)size);
        item->delete_size = (size_t)size;
        if (batch->setup.api == 1)
            br_text_add(&batch->deletes, between, strlen(between));
    }
    free(text);
    return size < 0 || batch->deletes.failed ? -1 : 0;
}

static int add_figure(struct br_influx_batch *batch, const struct br_history_row *row)
{
    Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, row->packed_size, row->packed);
    if (!figure)
        return 1;
    int result = add_line(batch, encode_figure, figure);
    if (result == 0 && row->narrowed && batch->setup.can_delete)
        result = add_delete(batch, figure);
    bruis__v1__figure__free_unpacked(figure, NULL);
    return result;
}

static int add_observation(struct br_influx_batch *batch, const struct br_history_row *row)
{
    Bruis__V1__Observation *observation = bruis__v1__observation__unpack(NULL, row->packed_size, row->packed);
    if (!observation)
        return 1;
    int result = add_line(batch, encode_observation, observation);
    bruis__v1__observation__free_unpacked(observation, NULL);
    return result;
}

static int add_rows(struct br_influx_batch *batch,
                    int (*add)(struct br_influx_batch *batch, const struct br_history_row *row),
                    const struct br_history_row *rows, size_t count)
{
    int refused = 0;
    for (size_t i = 0; i < count; i++) {
        int result = add(batch, &rows[i]);
        if (result < 0) {
            br_influx_batch_clear(batch);
            return -1;
        }
        refused += result;
        batch->count += result == 0;
    }
    return refused;
}

int br_influx_batch_figures(struct br_influx_batch *batch, const struct br_history_row *rows, size_t count)
{
    return add_rows(batch, add_figure, rows, count);
}

int br_influx_batch_observations(struct br_influx_batch *batch, const struct br_history_row *rows,
                                 size_t count)
{
    return add_rows(batch, add_observation, rows, count);
}

size_t br_influx_batch_left(const struct br_influx_batch *batch)
{
    return batch->count - batch->done;
}

static bool has_to_go(const struct br_influx_batch *batch, size_t index)
{
    return index >= batch->deleted && batch->items[index].delete_size > 0;
}

/* Statements may go together; version 2 takes one at a time. */
static void take_deletes(const struct br_influx_batch *batch, size_t count_max, struct br_influx_part *part)
{
    const struct item *first = &batch->items[batch->done], *last = first;
    size_t most = batch->setup.api != 1 ? 1 : count_max < DELETES_MAX ? count_max : DELETES_MAX;
    while (part->count < most && batch->done + part->count < batch->count &&
           has_to_go(batch, batch->done + part->count))
        last = &batch->items[batch->done + part->count++];
    part->is_delete = true;
    part->body = (struct br_view){batch->deletes.data + first->delete_at,
                                  last->delete_at + last->delete_size - first->delete_at};
}

bool br_influx_batch_next(struct br_influx_batch *batch, size_t count_max, size_t size_max,
                          struct br_influx_part *part)
{
    *part = (struct br_influx_part){0};
    if (batch->done == batch->count)
        return false;
    if (has_to_go(batch, batch->done)) {
        take_deletes(batch, count_max, part);
        return true;
    }
    const struct item *first = &batch->items[batch->done];
    size_t end = first->at;
    for (size_t i = batch->done; i < batch->count && part->count < count_max && !has_to_go(batch, i); i++) {
        const struct item *item = &batch->items[i];
        if (part->count > 0 && item->at + item->size - first->at > size_max)
            break;
        end = item->at + item->size;
        part->count++;
    }
    part->body = (struct br_view){batch->lines.data + first->at, end - first->at};
    return true;
}

void br_influx_batch_done(struct br_influx_batch *batch, const struct br_influx_part *part)
{
    if (part->is_delete)
        batch->deleted = batch->done + part->count;
    else
        batch->done += part->count;
}
