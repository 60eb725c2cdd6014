/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A record is one allocation: the struct, its meanings, then its texts. Records hang in a list while the
 * table is read, then an array of pointers, sorted by id and version, finds them. */
#include "adapters/datex2/site_table.h"

#include "daemon/core/arena.h"

#include <stdlib.h>

#define BLOCK_SIZE ((size_t)256 << 10)
#define SIZE_MAX_BYTES ((size_t)64 << 20) /* twenty times a national table */

struct br_datex2_table {
    struct br_arena *arena; /* holds the table too */
    struct br_datex2_record *first, **end;
    const struct br_datex2_record **sorted;
    size_t count;
};

static bool begins_with(struct br_view text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

enum br_datex2_method br_datex2_method_of(struct br_view name)
{
    if (name.size == 0)
        return BR_DATEX2_METHOD_NONE;
    if (begins_with(name, "arithmetic"))
        return BR_DATEX2_METHOD_ARITHMETIC;
    return begins_with(name, "harmonic") ? BR_DATEX2_METHOD_HARMONIC : BR_DATEX2_METHOD_UNKNOWN;
}

struct br_datex2_table *br_datex2_table_open(void)
{
    struct br_arena *arena = br_arena_open(BLOCK_SIZE, SIZE_MAX_BYTES);
    if (!arena)
        return NULL;
    struct br_datex2_table *table = br_arena_alloc(arena, sizeof *table);
    if (!table) {
        br_arena_close(arena);
        return NULL;
    }
    table->arena = arena;
    table->end = &table->first;
    return table;
}

void br_datex2_table_close(struct br_datex2_table *table)
{
    if (table)
        br_arena_close(table->arena);
}

static char *text_put(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

bool br_datex2_table_add(struct br_datex2_table *table, const struct br_datex2_record *record)
{
    size_t meanings_size = record->meaning_count * sizeof *record->meanings;
    size_t size = sizeof *record + meanings_size + strlen(record->id) + 1 + strlen(record->version) + 1 +
                  (record->srs ? strlen(record->srs) + 1 : 0);
    struct br_datex2_record *copy = br_arena_alloc(table->arena, size);
    if (!copy)
        return false;
    *copy = *record;
    char *at = (char *)(copy + 1);
    copy->meanings = (const struct br_datex2_meaning *)at;
    if (meanings_size > 0)
        memcpy(at, record->meanings, meanings_size);
    at += meanings_size;
    copy->id = text_put(&at, record->id);
    copy->version = text_put(&at, record->version);
    copy->srs = record->srs ? text_put(&at, record->srs) : NULL;
    copy->next = NULL;
    copy->order = (uint32_t)table->count++;
    *table->end = copy;
    table->end = &copy->next;
    return true;
}

static int compare(const struct br_datex2_record *a, const struct br_datex2_record *b)
{
    int order = strcmp(a->id, b->id);
    return order != 0 ? order : strcmp(a->version, b->version);
}

static int compare_sorted(const void *a, const void *b)
{
    const struct br_datex2_record *left = *(const struct br_datex2_record *const *)a;
    const struct br_datex2_record *right = *(const struct br_datex2_record *const *)b;
    int order = compare(left, right);
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

bool br_datex2_table_finish(struct br_datex2_table *table)
{
    size_t count = 0, kept = 0;
    table->sorted = br_arena_alloc(table->arena, table->count * sizeof *table->sorted);
    if (!table->sorted)
        return false;
    for (const struct br_datex2_record *record = table->first; record; record = record->next)
        table->sorted[count++] = record;
    qsort(table->sorted, count, sizeof *table->sorted, compare_sorted);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare(table->sorted[kept - 1], table->sorted[i]) != 0)
            table->sorted[kept++] = table->sorted[i];
    table->count = kept;
    return true;
}

size_t br_datex2_table_count(const struct br_datex2_table *table)
{
    return table->count;
}

size_t br_datex2_table_size(const struct br_datex2_table *table)
{
    return br_arena_size(table->arena);
}

/* The first record whose id is not below the given one. */
static size_t lower_bound(const struct br_datex2_table *table, const char *id)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->sorted[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct br_datex2_record *br_datex2_table_find(const struct br_datex2_table *table, const char *id,
                                                    const char *version)
{
    const struct br_datex2_record *only = NULL;
    for (size_t i = lower_bound(table, id); i < table->count && strcmp(table->sorted[i]->id, id) == 0; i++) {
        if (version && strcmp(table->sorted[i]->version, version) == 0)
            return table->sorted[i];
        if (!version && only)
            return NULL;
        only = table->sorted[i];
    }
    return version ? NULL : only;
}

struct br_datex2_meaning br_datex2_meaning_of(const struct br_datex2_record *record, uint32_t index)
{
    return index < record->meaning_count ? record->meanings[index] : (struct br_datex2_meaning){0};
}
