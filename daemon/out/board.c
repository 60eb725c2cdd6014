/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A series is one region, domain and window: a ring of packed figures in order of their start. Figures come
 * mostly in order, so that a put writes at the ring's end; a late one shifts what is newer.
 *
 * When all is too large, the oldest figure of the longest series goes. Series are linked in lists by their
 * length, so that the longest is found at once. */
#include "daemon/out/board.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE_FIRST 256
#define GROUPS_MAX (3 * (BR_WINDOWS_MAX + 1)) /* domains times windows and live */
#define ALLOCATION_EXTRA 16                   /* what malloc takes beside, about */

struct slot {
    uint8_t *packed;
    size_t packed_size;
    int64_t start_utc_ms, end_utc_ms;
    uint64_t change;
    uint32_t revision;
};

/* All series of one domain and window: what a list of regions changes with. */
struct group {
    Bruis__V1__Domain domain;
    char *window;
    uint64_t change;
};

struct series {
    struct series *next_in_table;
    struct series *list_prev, *list_next; /* of the same length */
    struct group *group;
    uint64_t hash;
    struct slot *ring;
    size_t capacity, first, count;
    bool live;
    char region[];
};

struct br_board {
    size_t keep, size_max, size;
    uint64_t change;
    struct series **table;
    size_t table_size, series_count;
    struct series **by_count; /* by_count[n]: the series that hold n figures; keep + 1 entries */
    size_t count_max;         /* no series is longer */
    struct group groups[GROUPS_MAX];
    size_t group_count;
};

struct br_board *br_board_open(size_t keep, size_t size_max)
{
    struct br_board *board = calloc(1, sizeof *board);
    if (!board)
        return NULL;
    board->keep = keep > 0 ? keep : 1;
    board->size_max = size_max;
    board->table_size = TABLE_SIZE_FIRST;
    board->table = calloc(board->table_size, sizeof *board->table);
    board->by_count = calloc(board->keep + 1, sizeof *board->by_count);
    if (!board->table || !board->by_count) {
        br_board_close(board);
        return NULL;
    }
    return board;
}

static struct slot *slot_at(const struct series *series, size_t index)
{
    /* A series that holds figures has a ring. NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
    return &series->ring[(series->first + index) % series->capacity];
}

static void series_free(struct series *series)
{
    for (size_t i = 0; i < series->count; i++)
        free(slot_at(series, i)->packed);
    free(series->ring);
    free(series);
}

void br_board_close(struct br_board *board)
{
    if (!board)
        return;
    for (size_t i = 0; board->table && i < board->table_size; i++) {
        for (struct series *series = board->table[i], *next; series; series = next) {
            next = series->next_in_table;
            series_free(series);
        }
    }
    for (size_t i = 0; i < board->group_count; i++)
        free(board->groups[i].window);
    free(board->table);
    free(board->by_count);
    free(board);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211); /* FNV-1a */
    return hash;
}

static uint64_t hash_key(Bruis__V1__Domain domain, const char *region, const char *window)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)domain;
    hash = hash_text(hash, region);
    return hash_text(hash * UINT64_C(1099511628211), window);
}

static struct group *group_find(const struct br_board *board, Bruis__V1__Domain domain, const char *window)
{
    for (size_t i = 0; i < board->group_count; i++) {
        const struct group *group = &board->groups[i];
        if (group->domain == domain && strcmp(group->window, window) == 0)
            return (struct group *)group;
    }
    return NULL;
}

static struct group *group_get(struct br_board *board, Bruis__V1__Domain domain, const char *window)
{
    struct group *group = group_find(board, domain, window);
    if (group || board->group_count == GROUPS_MAX)
        return group;
    char *copy = strdup(window);
    if (!copy)
        return NULL;
    group = &board->groups[board->group_count++];
    *group = (struct group){.domain = domain, .window = copy};
    return group;
}

static struct series *series_find(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                                  const char *window)
{
    uint64_t hash = hash_key(domain, region, window);
    struct series *series = board->table[hash % board->table_size];
    while (series && !(series->hash == hash && series->group->domain == domain &&
                       strcmp(series->region, region) == 0 && strcmp(series->group->window, window) == 0))
        series = series->next_in_table;
    return series;
}

/* Twice as many chains; without memory the chains just stay longer. */
static void table_grow(struct br_board *board)
{
    size_t size = board->table_size * 2;
    struct series **table = calloc(size, sizeof *table);
    if (!table)
        return;
    for (size_t i = 0; i < board->table_size; i++) {
        for (struct series *series = board->table[i], *next; series; series = next) {
            next = series->next_in_table;
            series->next_in_table = table[series->hash % size];
            table[series->hash % size] = series;
        }
    }
    free(board->table);
    board->table = table;
    board->table_size = size;
}

static void list_remove(struct br_board *board, struct series *series)
{
    if (series->list_prev)
        series->list_prev->list_next = series->list_next;
    else
        board->by_count[series->count] = series->list_next;
    if (series->list_next)
        series->list_next->list_prev = series->list_prev;
}

static void list_insert(struct br_board *board, struct series *series)
{
    struct series *head = board->by_count[series->count];
    series->list_prev = NULL;
    series->list_next = head;
    if (head)
        head->list_prev = series;
    board->by_count[series->count] = series;
    if (series->count > board->count_max)
        board->count_max = series->count;
}

static struct series *series_get(struct br_board *board, Bruis__V1__Domain domain, const char *region,
                                 const char *window)
{
    struct series *series = series_find(board, domain, region, window);
    if (series)
        return series;
    struct group *group = group_get(board, domain, window);
    size_t region_size = strlen(region) + 1;
    if (!group || !(series = calloc(1, sizeof *series + region_size)))
        return NULL;
    memcpy(series->region, region, region_size);
    series->group = group;
    series->live = strcmp(window, "live") == 0;
    series->hash = hash_key(domain, region, window);
    if (++board->series_count > board->table_size)
        table_grow(board);
    series->next_in_table = board->table[series->hash % board->table_size];
    board->table[series->hash % board->table_size] = series;
    board->size += sizeof *series + region_size + ALLOCATION_EXTRA;
    list_insert(board, series);
    return series;
}

/* How many figures of the series start before an instant. */
static size_t series_rank(const struct series *series, int64_t start_utc_ms)
{
    size_t low = 0, high = series->count;
    if (high > 0 && slot_at(series, high - 1)->start_utc_ms < start_utc_ms)
        return high; /* the usual case: newer than all */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slot_at(series, middle)->start_utc_ms < start_utc_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void drop_oldest(struct br_board *board, struct series *series)
{
    struct slot *slot = slot_at(series, 0);
    board->size -= slot->packed_size + ALLOCATION_EXTRA;
    free(slot->packed);
    *slot = (struct slot){0};
    list_remove(board, series);
    series->first = (series->first + 1) % series->capacity;
    series->count--;
    list_insert(board, series);
}

static bool ring_grow(struct br_board *board, struct series *series, size_t capacity_max)
{
    size_t capacity = series->capacity ? series->capacity * 2 : 1;
    if (capacity > capacity_max)
        capacity = capacity_max;
    /* A board keeps one figure at least. NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    struct slot *ring = calloc(capacity, sizeof *ring);
    if (!ring)
        return false;
    for (size_t i = 0; i < series->count; i++)
        ring[i] = *slot_at(series, i);
    board->size += (capacity - series->capacity) * sizeof *ring;
    free(series->ring);
    series->ring = ring;
    series->capacity = capacity;
    series->first = 0;
    return true;
}

/* Makes a place at a rank; the ring has room. */
static struct slot *ring_insert(struct br_board *board, struct series *series, size_t rank)
{
    list_remove(board, series);
    series->count++;
    list_insert(board, series);
    for (size_t i = series->count - 1; i > rank; i--)
        *slot_at(series, i) = *slot_at(series, i - 1);
    struct slot *slot = slot_at(series, rank);
    *slot = (struct slot){0};
    return slot;
}

/* The place for a figure that is not held: NULL where a full series keeps only newer ones, or without memory.
 */
static struct slot *slot_new(struct br_board *board, struct series *series, int64_t start_utc_ms)
{
    size_t rank = series_rank(series, start_utc_ms);
    if (series->count == board->keep) {
        if (rank == 0)
            return NULL;
        drop_oldest(board, series);
        rank--;
    }
    if (series->count == series->capacity && !ring_grow(board, series, board->keep))
        return NULL;
    return ring_insert(board, series, rank);
}

/* The place for a figure: the one it replaces, or a new one. NULL: it is not wanted. */
static struct slot *slot_for(struct br_board *board, struct series *series, const Bruis__V1__Figure *figure)
{
    if (series->live) {
        if (series->count > 0)
            return slot_at(series, 0);
        return slot_new(board, series, figure->start);
    }
    size_t rank = series_rank(series, figure->start);
    if (rank < series->count && slot_at(series, rank)->start_utc_ms == figure->start) {
        struct slot *slot = slot_at(series, rank);
        return figure->revision >= slot->revision ? slot : NULL;
    }
    return slot_new(board, series, figure->start);
}

/* Back under size_max, as far as series of more than one figure allow. */
static void evict(struct br_board *board)
{
    while (board->size > board->size_max) {
        while (board->count_max > 1 && !board->by_count[board->count_max])
            board->count_max--;
        if (board->count_max <= 1)
            return;
        drop_oldest(board, board->by_count[board->count_max]);
    }
}

void br_board_put(struct br_board *board, const Bruis__V1__Figure *figure)
{
    if (!figure->region || !figure->window || !figure->has_domain || !figure->has_start)
        return;
    size_t size = bruis__v1__figure__get_packed_size(figure);
    uint8_t *packed = malloc(size);
    struct series *series = packed ? series_get(board, figure->domain, figure->region, figure->window) : NULL;
    struct slot *slot = series ? slot_for(board, series, figure) : NULL;
    if (!slot) {
        free(packed);
        return;
    }
    bruis__v1__figure__pack(figure, packed);
    if (slot->packed && slot->packed_size == size && memcmp(slot->packed, packed, size) == 0) {
        free(packed);
        return;
    }
    if (slot->packed)
        board->size -= slot->packed_size + ALLOCATION_EXTRA;
    free(slot->packed);
    *slot = (struct slot){.packed = packed,
                          .packed_size = size,
                          .start_utc_ms = figure->start,
                          .end_utc_ms = figure->has_end ? figure->end : figure->start,
                          .revision = figure->revision,
                          .change = ++board->change};
    series->group->change = board->change;
    board->size += size + ALLOCATION_EXTRA;
    evict(board);
}

static void item_of(const struct slot *slot, struct br_board_item *item)
{
    *item = (struct br_board_item){.packed = slot->packed,
                                   .packed_size = slot->packed_size,
                                   .start_utc_ms = slot->start_utc_ms,
                                   .end_utc_ms = slot->end_utc_ms,
                                   .revision = slot->revision,
                                   .change = slot->change};
}

bool br_board_newest(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                     const char *window, struct br_board_item *item)
{
    const struct series *series = series_find(board, domain, region, window);
    if (!series || series->count == 0)
        return false;
    item_of(slot_at(series, series->count - 1), item);
    return true;
}

bool br_board_newest_in(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                        const char *window, int64_t first_utc_ms, int64_t last_utc_ms,
                        struct br_board_item *item)
{
    const struct series *series = series_find(board, domain, region, window);
    if (!series)
        return false;
    size_t rank = last_utc_ms == INT64_MAX ? series->count : series_rank(series, last_utc_ms + 1);
    if (rank == 0 || slot_at(series, rank - 1)->end_utc_ms <= first_utc_ms)
        return false;
    item_of(slot_at(series, rank - 1), item);
    return true;
}

void br_board_range(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                    const char *window, int64_t from_utc_ms, int64_t to_utc_ms,
                    bool (*each)(void *context, const struct br_board_item *item), void *context)
{
    const struct series *series = series_find(board, domain, region, window);
    for (size_t i = series ? series_rank(series, from_utc_ms) : 0; series && i < series->count; i++) {
        const struct slot *slot = slot_at(series, i);
        struct br_board_item item;
        item_of(slot, &item);
        if (slot->start_utc_ms >= to_utc_ms || !each(context, &item))
            return;
    }
}

uint64_t br_board_change(const struct br_board *board)
{
    return board->change;
}

uint64_t br_board_change_of(const struct br_board *board, Bruis__V1__Domain domain, const char *window)
{
    const struct group *group = group_find(board, domain, window);
    return group ? group->change : 0;
}

size_t br_board_size(const struct br_board *board)
{
    return board->size;
}
