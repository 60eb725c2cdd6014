/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The windows of a domain to the checkpoint and back. What the readings can tell again is not kept: the open
 * cells. */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 128

static void *room(struct br_arena *arena, size_t count, size_t size)
{
    return br_arena_alloc(arena, count * size + 1);
}

/* ---- save */

static bool save_leaves(const struct br_windows *windows, struct br_arena *arena,
                        Bruis__V1__StateDomain *state)
{
    uint32_t count = br_leaves_count(windows->leaves);
    state->leaves = room(arena, count, sizeof(Bruis__V1__StateLeaf *));
    Bruis__V1__StateLeaf *leaves = room(arena, count, sizeof *leaves);
    if (!state->leaves || !leaves)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t regions;
        bruis__v1__state_leaf__init(&leaves[i]);
        leaves[i].regions = (uint32_t *)br_leaves_regions(windows->leaves, i, &regions);
        leaves[i].n_regions = regions;
        state->leaves[i] = &leaves[i];
    }
    state->n_leaves = count;
    return true;
}

static bool is_empty(const struct br_windows *windows, const struct slot *slot, uint32_t leaf)
{
    const char *sum = slot_sum(windows, slot, leaf);
    for (size_t i = 0; i < windows->algebra->sum_size; i++)
        if (sum[i])
            return false;
    return slot->extremes[leaf].newest_utc_ms == BR_TIME_NONE;
}

static bool save_sums(const struct br_windows *windows, const struct slot *slot, struct br_arena *arena,
                      Bruis__V1__StateSlot *state)
{
    size_t numbers = windows->algebra->sum_size / sizeof(int64_t), count = 0;
    for (uint32_t leaf = 0; leaf < slot->leaf_count; leaf++)
        count += !is_empty(windows, slot, leaf);
    state->leaves = room(arena, count, sizeof *state->leaves);
    state->sums = room(arena, count * numbers, sizeof *state->sums);
    state->oldest = room(arena, count, sizeof *state->oldest);
    state->newest = room(arena, count, sizeof *state->newest);
    if (!state->leaves || !state->sums || !state->oldest || !state->newest)
        return false;
    for (uint32_t leaf = 0; leaf < slot->leaf_count; leaf++) {
        size_t at = state->n_leaves;
        if (is_empty(windows, slot, leaf))
            continue;
        state->leaves[at] = leaf;
        memcpy(&state->sums[at * numbers], slot_sum(windows, slot, leaf), windows->algebra->sum_size);
        state->oldest[at] = slot->extremes[leaf].oldest_utc_ms;
        state->newest[at] = slot->extremes[leaf].newest_utc_ms;
        state->n_leaves++;
    }
    state->n_sums = count * numbers;
    state->n_oldest = state->n_newest = count;
    return true;
}

static bool save_published(const struct br_windows *windows, const struct slot *slot, struct br_arena *arena,
                           Bruis__V1__StateSlot *state)
{
    size_t region_count = br_regions_count(windows->setup.regions), count = 0;
    for (size_t i = 0; slot->published_times && i < region_count; i++)
        count += slot->published_times[i] > 0;
    state->published_regions = room(arena, count, sizeof *state->published_regions);
    state->published_times = room(arena, count, sizeof *state->published_times);
    if (!state->published_regions || !state->published_times)
        return false;
    for (size_t i = 0; slot->published_times && i < region_count; i++) {
        if (slot->published_times[i] == 0)
            continue;
        state->published_regions[state->n_published_regions++] = (uint32_t)i;
        state->published_times[state->n_published_times++] = slot->published_times[i];
    }
    return true;
}

/* What has changed since it was published is to be revised at the next tick. */
static bool save_dirty(const struct slot *slot, struct br_arena *arena, Bruis__V1__StateSlot *state)
{
    if (!slot->dirty)
        return true;
    state->has_all_dirty = true;
    state->all_dirty = slot->all_dirty;
    state->dirty_leaves = room(arena, slot->leaf_count, sizeof *state->dirty_leaves);
    for (uint32_t leaf = 0; state->dirty_leaves && leaf < slot->leaf_count; leaf++)
        if (slot->leaf_dirty[leaf])
            state->dirty_leaves[state->n_dirty_leaves++] = leaf;
    return state->dirty_leaves != NULL;
}

static bool save_level(const struct br_windows *windows, const struct level *level, struct br_arena *arena,
                       Bruis__V1__StateLevel *state)
{
    Bruis__V1__StateSlot *slots = room(arena, level->slot_count, sizeof *slots);
    bruis__v1__state_level__init(state);
    state->slots = room(arena, level->slot_count, sizeof(Bruis__V1__StateSlot *));
    if (!slots || !state->slots)
        return false;
    state->name = (char *)level->name;
    state->has_length_ms = state->has_newest_end = true;
    state->length_ms = level->length_ms;
    state->newest_end = level->newest_end_utc_ms;
    state->has_dropped_end = true;
    state->dropped_end = level->dropped_end_utc_ms;
    for (size_t i = 0; i < level->slot_count; i++) {
        const struct slot *slot = level->slots[i];
        bruis__v1__state_slot__init(&slots[i]);
        slots[i].has_start = slots[i].has_published = slots[i].has_unfinished = true;
        slots[i].start = slot->start_utc_ms;
        slots[i].published = slot->published;
        slots[i].unfinished = slot->unfinished;
        if (!save_sums(windows, slot, arena, &slots[i]) || !save_published(windows, slot, arena, &slots[i]) ||
            !save_dirty(slot, arena, &slots[i]))
            return false;
        state->slots[i] = &slots[i];
    }
    state->n_slots = level->slot_count;
    return true;
}

bool br_windows_save(const struct br_windows *windows, struct br_arena *arena, Bruis__V1__StateDomain *state)
{
    Bruis__V1__StateLevel *levels = room(arena, windows->level_count, sizeof *levels);
    bruis__v1__state_domain__init(state);
    state->levels = room(arena, windows->level_count, sizeof(Bruis__V1__StateLevel *));
    if (!levels || !state->levels || !save_leaves(windows, arena, state))
        return false;
    state->has_domain = state->has_sum_count = state->has_cursor = state->has_latest = true;
    state->has_day_start = state->has_day_before_start = true;
    state->domain = windows->setup.domain;
    state->sum_count = (uint32_t)(windows->algebra->sum_size / sizeof(int64_t));
    state->cursor = windows->cursor_utc_ms;
    state->latest = windows->latest_utc_ms;
    state->day_start = windows->day_start_utc_ms;
    state->day_before_start = windows->day_before_start_utc_ms;
    for (size_t k = 0; k < windows->level_count; k++) {
        if (!save_level(windows, &windows->levels[k], arena, &levels[k]))
            return false;
        state->levels[k] = &levels[k];
    }
    state->n_levels = windows->level_count;
    return true;
}

static bool has_days(const struct br_windows *windows)
{
    return windows->levels[windows->level_count - 1].is_day;
}

static const struct br_cell *open_day(const struct br_windows *windows, const struct br_sensor *sensor)
{
    return level_cell(windows, sensor, windows->level_count - 1);
}

static bool save_day(const struct br_windows *windows, const struct br_cell *day, struct br_arena *arena,
                     int64_t **numbers, size_t *count)
{
    *count = 0;
    if (day->last_utc_ms == BR_TIME_NONE && day->reporting == 0)
        return true;
    *count = windows->algebra->day_field_count;
    *numbers = room(arena, *count, sizeof **numbers);
    if (*numbers)
        br_fields_save(windows->algebra->day_fields, *count, day, *numbers);
    return *numbers != NULL;
}

bool br_windows_save_sensor(const struct br_windows *windows, const struct br_sensor *sensor,
                            struct br_arena *arena, Bruis__V1__StateSensor *state)
{
    if (!has_days(windows) || !sensor->cells)
        return true;
    return save_day(windows, open_day(windows, sensor), arena, &state->day, &state->n_day) &&
           save_day(windows, day_before(windows, sensor), arena, &state->day_before, &state->n_day_before);
}

/* ---- load */

static void load_day(const struct br_windows *windows, const int64_t *numbers, size_t count, void *day)
{
    size_t fields = windows->algebra->day_field_count;
    br_fields_load(windows->algebra->day_fields, count < fields ? count : fields, numbers, day);
}

void br_windows_load_sensor(struct br_windows *windows, struct br_sensor *sensor,
                            const Bruis__V1__StateSensor *state)
{
    if (!has_days(windows) || !sensor->cells)
        return;
    load_day(windows, state->day, state->n_day, (void *)open_day(windows, sensor));
    load_day(windows, state->day_before, state->n_day_before, day_before(windows, sensor));
}

static uint32_t load_leaf(struct br_windows *windows, const Bruis__V1__StateLeaf *state,
                          const uint32_t *regions, size_t region_count)
{
    struct br_membership membership = {0};
    for (size_t i = 0; i < state->n_regions && membership.count < BR_MEMBERSHIP_MAX; i++)
        if (state->regions[i] < region_count && regions[state->regions[i]] != BR_REGION_NONE)
            membership.region[membership.count++] = regions[state->regions[i]];
    return br_leaves_get(windows->leaves, &membership);
}

static void load_sums(struct br_windows *windows, struct slot *slot, const Bruis__V1__StateSlot *state,
                      const Bruis__V1__StateDomain *domain, const uint32_t *leaves)
{
    size_t numbers = windows->algebra->sum_size / sizeof(int64_t), given = domain->sum_count;
    size_t copied = (given < numbers ? given : numbers) * sizeof(int64_t);
    if (state->n_sums < state->n_leaves * given || state->n_oldest < state->n_leaves ||
        state->n_newest < state->n_leaves)
        return;
    for (size_t i = 0; i < state->n_leaves; i++) {
        uint32_t leaf = state->leaves[i] < domain->n_leaves ? leaves[state->leaves[i]] : BR_LEAF_NONE;
        if (leaf == BR_LEAF_NONE || !slot_reach(windows, slot, leaf))
            continue;
        memcpy(slot_sum(windows, slot, leaf), &state->sums[i * given], copied);
        slot->extremes[leaf] = (struct extremes){state->oldest[i], state->newest[i], false};
    }
}

static void load_dirty(struct br_windows *windows, struct slot *slot, const Bruis__V1__StateSlot *state,
                       const Bruis__V1__StateDomain *domain, const uint32_t *leaves)
{
    slot->dirty = state->has_all_dirty;
    slot->all_dirty = state->all_dirty;
    for (size_t i = 0; i < state->n_dirty_leaves; i++) {
        uint32_t leaf =
            state->dirty_leaves[i] < domain->n_leaves ? leaves[state->dirty_leaves[i]] : BR_LEAF_NONE;
        if (leaf != BR_LEAF_NONE && slot_reach(windows, slot, leaf))
            slot->leaf_dirty[leaf] = slot->extremes[leaf].unsure = true; /* whether it was is not kept */
    }
}

static void load_published(struct br_windows *windows, struct slot *slot, const Bruis__V1__StateSlot *state,
                           const uint32_t *regions, size_t region_count)
{
    slot->published_times =
        calloc(br_regions_count(windows->setup.regions) + 1, sizeof *slot->published_times);
    for (size_t i = 0;
         slot->published_times && i < state->n_published_regions && i < state->n_published_times; i++) {
        uint32_t index = state->published_regions[i];
        if (index < region_count && regions[index] != BR_REGION_NONE)
            slot->published_times[regions[index]] = (uint16_t)state->published_times[i];
    }
}

/* Sums from the readings: after a change of the regions. */
static void refold_slot(struct br_windows *windows, size_t k, struct slot *slot)
{
    const struct level *level = &windows->levels[k];
    for (size_t i = 0; i < windows->sensor_count && slot->end_utc_ms <= windows->cursor_utc_ms; i++) {
        struct br_sensor *sensor = windows->sensors[i];
        const void *cell = windows->cell;
        if (sensor->leaf == BR_LEAF_NONE)
            continue;
        if (level->is_day)
            cell = day_before(windows, sensor);
        else
            fold_span(windows, sensor, level, slot->start_utc_ms, slot->end_utc_ms, 0, windows->cell);
        slot_add(windows, slot, sensor, sensor->leaf, cell, 1);
    }
    for (uint32_t leaf = 0; leaf < slot->leaf_count; leaf++)
        slot_protect(windows, k, slot, leaf);
}

static void load_level(struct br_windows *windows, size_t k, const Bruis__V1__StateLevel *state,
                       const Bruis__V1__StateDomain *domain, const uint32_t *leaves, const uint32_t *regions,
                       size_t region_count, bool refold)
{
    for (size_t i = 0; i < state->n_slots; i++) {
        struct slot *slot = slot_get(windows, k, state->slots[i]->start);
        if (!slot)
            continue;
        slot->published = state->slots[i]->published;
        windows->any_published |= slot->published;
        slot->unfinished = state->slots[i]->unfinished;
        if (slot->published)
            load_published(windows, slot, state->slots[i], regions, region_count);
        if (refold)
            refold_slot(windows, k, slot);
        else
            load_sums(windows, slot, state->slots[i], domain, leaves);
        load_dirty(windows, slot, state->slots[i], domain, leaves);
        if (refold)
            slot->all_dirty = slot->dirty = slot->published;
    }
    windows->levels[k].newest_end_utc_ms = state->newest_end;
    windows->levels[k].dropped_end_utc_ms = state->dropped_end;
}

/* Folds what the open windows had of each sensor. */
static void reopen_cells(struct br_windows *windows)
{
    for (size_t i = 0; i < windows->sensor_count; i++) {
        struct br_sensor *sensor = windows->sensors[i];
        for (size_t k = 1; k < windows->level_count && sensor->leaf != BR_LEAF_NONE; k++) {
            const struct level *level = &windows->levels[k];
            int64_t start = level_start(windows, level, windows->cursor_utc_ms);
            int64_t until = level_start(windows, level - 1, windows->cursor_utc_ms);
            if (!level->is_day && until > start)
                fold_span(windows, sensor, level, start, until, 0, level_cell(windows, sensor, k));
        }
    }
}

bool br_windows_load(struct br_windows *windows, const Bruis__V1__StateDomain *state, const uint32_t *regions,
                     size_t region_count, bool refold)
{
    uint32_t *leaves = calloc(state->n_leaves + 1, sizeof *leaves);
    if (!leaves)
        return false;
    for (size_t i = 0; i < state->n_leaves; i++)
        leaves[i] = load_leaf(windows, state->leaves[i], regions, region_count);
    windows->cursor_utc_ms = state->cursor;
    windows->latest_utc_ms = state->latest;
    windows->day_start_utc_ms = state->day_start;
    windows->day_before_start_utc_ms = state->day_before_start;
    for (size_t i = 0; i < state->n_levels; i++)
        for (size_t k = 0; k < windows->level_count; k++)
            if (windows->levels[k].length_ms == state->levels[i]->length_ms)
                load_level(windows, k, state->levels[i], state, leaves, regions, region_count, refold);
    free(leaves);
    if (windows->cursor_utc_ms == BR_TIME_NONE)
        return true;
    windows->cursor_utc_ms = level_start(windows, &windows->levels[0], windows->cursor_utc_ms);
    reopen_cells(windows);
    return true;
}

void br_windows_repeat(struct br_windows *windows)
{
    for (size_t k = 0; k < windows->level_count; k++) {
        struct level *level = &windows->levels[k];
        for (size_t i = level->slot_count; i > 0 && level->given; i--) {
            struct slot *slot = level->slots[i - 1];
            if (slot->published && slot->end_utc_ms == level->newest_end_utc_ms)
                slot_repeat(windows, k, slot);
        }
    }
}
