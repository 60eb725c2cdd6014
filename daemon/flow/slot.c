/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Slots: one window of one level over all leaves, and what is in it. */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

void slot_close(struct slot *slot)
{
    free(slot->sums);
    free(slot->extremes);
    free(slot->leaf_dirty);
    free(slot->published_times);
    free(slot);
}

static size_t slot_position(const struct level *level, int64_t start_utc_ms)
{
    size_t position = level->slot_count; /* most often the newest */
    while (position > 0 && level->slots[position - 1]->start_utc_ms >= start_utc_ms)
        position--;
    return position;
}

struct slot *slot_find(const struct level *level, int64_t start_utc_ms)
{
    size_t position = slot_position(level, start_utc_ms);
    if (position < level->slot_count && level->slots[position]->start_utc_ms == start_utc_ms)
        return level->slots[position];
    return NULL;
}

struct slot *slot_get(struct br_windows *windows, size_t k, int64_t start_utc_ms)
{
    struct level *level = &windows->levels[k];
    struct slot *slot = slot_find(level, start_utc_ms);
    if (slot)
        return slot;
    if (level->slot_count == level->slot_capacity) {
        size_t capacity = level->slot_capacity ? level->slot_capacity * 2 : 16;
        struct slot **slots = realloc(level->slots, capacity * sizeof(struct slot *));
        if (!slots)
            return NULL;
        level->slots = slots;
        level->slot_capacity = capacity;
    }
    slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    slot->start_utc_ms = start_utc_ms;
    slot->end_utc_ms = level_end(windows, level, start_utc_ms);
    size_t position = slot_position(level, start_utc_ms);
    memmove(&level->slots[position + 1], &level->slots[position],
            (level->slot_count - position) * sizeof(struct slot *));
    level->slots[position] = slot;
    level->slot_count++;
    return slot;
}

static bool widen_array(void *array, size_t item_size, uint32_t old_count, uint32_t count)
{
    void **at = array;
    char *grown = realloc(*at, count * item_size);
    if (!grown)
        return false;
    memset(grown + old_count * item_size, 0, (count - old_count) * item_size);
    *at = grown;
    return true;
}

bool slot_reach(struct br_windows *windows, struct slot *slot, uint32_t leaf)
{
    uint32_t old_count = slot->leaf_count, count = br_leaves_count(windows->leaves);
    if (leaf < old_count)
        return true;
    if (leaf >= count || !widen_array(&slot->sums, windows->algebra->sum_size, old_count, count) ||
        !widen_array(&slot->extremes, sizeof *slot->extremes, old_count, count) ||
        !widen_array(&slot->leaf_dirty, sizeof *slot->leaf_dirty, old_count, count))
        return false;
    for (uint32_t i = old_count; i < count; i++)
        slot->extremes[i] = (struct extremes){INT64_MAX, BR_TIME_NONE, false};
    slot->leaf_count = count;
    return true;
}

void *slot_sum(const struct br_windows *windows, const struct slot *slot, uint32_t leaf)
{
    return leaf < slot->leaf_count ? slot->sums + leaf * windows->algebra->sum_size : NULL;
}

void extremes_take(struct extremes *extremes, int64_t last_utc_ms)
{
    if (last_utc_ms < extremes->oldest_utc_ms)
        extremes->oldest_utc_ms = last_utc_ms;
    if (last_utc_ms > extremes->newest_utc_ms)
        extremes->newest_utc_ms = last_utc_ms;
}

static void move_extremes(struct extremes *extremes, const struct br_cell *cell, int sign)
{
    int64_t last = cell->last_utc_ms;
    if (cell->reporting <= 0)
        return;
    if (sign < 0)
        extremes->unsure |= last == extremes->oldest_utc_ms || last == extremes->newest_utc_ms;
    else
        extremes_take(extremes, last);
}

void slot_add(struct br_windows *windows, struct slot *slot, const struct br_sensor *sensor, uint32_t leaf,
              const void *cell, int sign)
{
    if (!slot || !slot_reach(windows, slot, leaf))
        return;
    windows->algebra->add(slot_sum(windows, slot, leaf), cell, sign, (enum br_kind)sensor->kind);
    if (sensor->kind != BR_KIND_JAM)
        move_extremes(&slot->extremes[leaf], cell, sign);
    slot->leaf_dirty[leaf] = slot->dirty = true;
}

void br_windows_forget(struct br_windows *windows, int64_t before_utc_ms)
{
    for (size_t k = 0; k < windows->level_count && !windows->setup.keep_all; k++) {
        struct level *level = &windows->levels[k];
        size_t gone = 0;
        while (gone < level->slot_count && level->slots[gone]->end_utc_ms < before_utc_ms &&
               level->slots[gone]->end_utc_ms <= windows->cursor_utc_ms) {
            level->dropped_end_utc_ms = level->slots[gone]->end_utc_ms;
            slot_close(level->slots[gone++]);
        }
        if (gone == 0)
            continue;
        level->slot_count -= gone;
        memmove(level->slots, level->slots + gone, level->slot_count * sizeof(struct slot *));
    }
}
