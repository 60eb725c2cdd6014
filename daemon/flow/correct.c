/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Corrections: a change to a sensor's readings, place or capacity that touches closed windows. The cells that
 * it can touch are folded before and after it, and the sums move by the difference. */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

/* Beyond correct_for: the longest day, and what is not dropped yet. */
#define TOLD_BEYOND_MS (2 * BR_DAY_MS)

struct touch {
    struct br_sensor *sensor;
    size_t k;
    int64_t start_utc_ms; /* of the window; of the hour for a day that has a cell */
    uint32_t leaf;        /* before */
};

struct touches {
    struct touch *at;
    size_t count, capacity;
    char *cells; /* before: one of day_size for each touch */
};

struct touches *touches_open(void)
{
    return calloc(1, sizeof(struct touches));
}

void touches_close(struct touches *touches)
{
    if (!touches)
        return;
    free(touches->at);
    free(touches->cells);
    free(touches);
}

void slot_protect(struct br_windows *windows, size_t k, struct slot *slot, uint32_t leaf)
{
    const struct br_algebra *algebra = windows->algebra;
    const struct br_privacy *privacy = windows->setup.privacy;
    if (!algebra->protect || !br_privacy_on(privacy) || !slot_reach(windows, slot, leaf))
        return;
    void *sum = slot_sum(windows, slot, leaf);
    memcpy(windows->sum_before, sum, algebra->sum_size);
    algebra->protect(sum, privacy, br_leaves_name(windows->leaves, leaf), slot->start_utc_ms,
                     slot->end_utc_ms, k == 0);
    for (size_t j = 1; k == 0 && j < windows->level_count; j++) {
        struct slot *whole =
            slot_get(windows, j, level_start(windows, &windows->levels[j], slot->start_utc_ms));
        if (!whole || !slot_reach(windows, whole, leaf))
            continue;
        algebra->inherit(slot_sum(windows, whole, leaf), windows->sum_before, -1);
        algebra->inherit(slot_sum(windows, whole, leaf), sum, 1);
        whole->leaf_dirty[leaf] = whole->dirty = true;
    }
}

static bool touch_room(struct br_windows *windows)
{
    struct touches *touches = windows->touches;
    if (touches->count < touches->capacity)
        return true;
    size_t capacity = touches->capacity ? touches->capacity * 2 : 64;
    struct touch *at = realloc(touches->at, capacity * sizeof *at);
    if (at)
        touches->at = at;
    char *cells = realloc(touches->cells, capacity * windows->algebra->day_size);
    if (cells)
        touches->cells = cells;
    if (!at || !cells)
        return false;
    touches->capacity = capacity;
    return true;
}

static void *touch_cell(const struct br_windows *windows, size_t index)
{
    return windows->touches->cells + index * windows->algebra->day_size;
}

/* Until where a window has been put together: its end, or the end of the last part that was put into it. */
static int64_t made_until(const struct br_windows *windows, const struct touch *touch)
{
    const struct level *level = &windows->levels[touch->k];
    int64_t end = level_end(windows, level, touch->start_utc_ms);
    return end <= windows->cursor_utc_ms ? end : level_start(windows, level - 1, windows->cursor_utc_ms);
}

/* A day that has a cell with every sensor: the open one and the last that was closed. */
static bool has_cell(const struct br_windows *windows, int64_t utc_ms)
{
    const struct level *days = &windows->levels[windows->level_count - 1];
    int64_t before = windows->day_before_start_utc_ms;
    return utc_ms >= windows->day_start_utc_ms ||
           (before != BR_TIME_NONE && utc_ms >= before && utc_ms < level_end(windows, days, before));
}

/* A day that was closed longer ago, from its hours. */
static void fold_day(struct br_windows *windows, const struct touch *touch, void *day)
{
    const struct level *level = &windows->levels[touch->k];
    int64_t end = level_end(windows, level, touch->start_utc_ms);
    unsigned part = 0;
    memset(day, 0, windows->algebra->day_size);
    windows->algebra->reset(day);
    for (int64_t hour = touch->start_utc_ms; touch->sensor->leaf != BR_LEAF_NONE && hour < end;
         hour += BR_HOUR_MS) {
        fold_hour(windows, touch->sensor, hour, windows->cell);
        windows->algebra->day_put(day, NULL, windows->cell, part++, true);
    }
}

/* The cell as the readings give it now. A window that is still open is folded as far as it has been made. */
static void fold_touch(struct br_windows *windows, const struct touch *touch, void *cell)
{
    const struct level *level = &windows->levels[touch->k];
    int64_t until = level->is_day ? INT64_MAX : made_until(windows, touch);
    if (level->is_day && !has_cell(windows, touch->start_utc_ms))
        fold_day(windows, touch, cell);
    else if (touch->sensor->leaf == BR_LEAF_NONE || until <= touch->start_utc_ms)
        windows->algebra->reset(cell);
    else if (level->is_day)
        fold_hour(windows, touch->sensor, touch->start_utc_ms, cell);
    else
        fold_span(windows, touch->sensor, level, touch->start_utc_ms, until, 0, cell);
}

/* Windows that were dropped from state before are out of reach: what had been added up in them is gone. */
static bool is_kept(const struct br_windows *windows, const struct level *level, int64_t start_utc_ms)
{
    return level_end(windows, level, start_utc_ms) > level->dropped_end_utc_ms;
}

static void touch(struct br_windows *windows, struct br_sensor *sensor, size_t k, int64_t start_utc_ms)
{
    if (!is_kept(windows, &windows->levels[k], start_utc_ms) || !touch_room(windows))
        return;
    struct touch *touch = &windows->touches->at[windows->touches->count];
    *touch = (struct touch){sensor, k, start_utc_ms, sensor->leaf};
    fold_touch(windows, touch, touch_cell(windows, windows->touches->count++));
}

static void collect_days(struct br_windows *windows, struct br_sensor *sensor, size_t k, int64_t from_utc_ms,
                         int64_t to_utc_ms)
{
    const struct level *days = &windows->levels[k], *hours = &windows->levels[k - 1];
    int64_t at = level_start(windows, hours, from_utc_ms);
    while (at < to_utc_ms) {
        int64_t day = level_start(windows, days, at);
        bool is_whole = !has_cell(windows, at);
        int64_t next = is_whole ? level_end(windows, days, day) : at + BR_HOUR_MS;
        if (is_whole || next <= windows->cursor_utc_ms)
            touch(windows, sensor, k, is_whole ? day : at);
        at = next;
    }
}

/* Remembers every window (and hour of a day) of the sensor that overlaps [from, to) and has been closed at
 * least in part. */
static void collect(struct br_windows *windows, struct br_sensor *sensor, int64_t from_utc_ms,
                    int64_t to_utc_ms)
{
    if (to_utc_ms > windows->cursor_utc_ms)
        to_utc_ms = windows->cursor_utc_ms;
    for (size_t k = 0; k < windows->level_count; k++) {
        const struct level *level = &windows->levels[k];
        int64_t start = level_start(windows, level, from_utc_ms);
        if (level->is_day)
            collect_days(windows, sensor, k, from_utc_ms, to_utc_ms);
        for (; !level->is_day && start < to_utc_ms; start += level->length_ms)
            touch(windows, sensor, k, start);
    }
}

/* Moves a closed window's sums from the cell before to the cell after. */
static void move_sums(struct br_windows *windows, size_t k, int64_t start_utc_ms, const struct touch *touch,
                      const void *before, const void *after)
{
    uint32_t leaf = touch->sensor->leaf;
    struct slot *slot = slot_get(windows, k, start_utc_ms);
    if (!slot)
        return;
    if (touch->leaf != BR_LEAF_NONE) {
        slot_add(windows, slot, touch->sensor, touch->leaf, before, -1);
        if (touch->leaf != leaf)
            slot_protect(windows, k, slot, touch->leaf);
    }
    if (leaf != BR_LEAF_NONE) {
        slot_add(windows, slot, touch->sensor, leaf, after, 1);
        slot_protect(windows, k, slot, leaf);
    }
}

/* The last reading of a day, where it was in an hour that has lost it: in the latest hour that has one. */
static void find_last(struct br_windows *windows, const struct touch *touch, int64_t hours_end_utc_ms,
                      void *day)
{
    const struct level *level = &windows->levels[touch->k];
    int64_t start = level_start(windows, level, touch->start_utc_ms);
    struct br_cell *cell = day, *hour = windows->day;
    cell->last_utc_ms = BR_TIME_NONE;
    for (int64_t at = hours_end_utc_ms - BR_HOUR_MS;
         touch->sensor->leaf != BR_LEAF_NONE && at >= start && cell->last_utc_ms == BR_TIME_NONE;
         at -= BR_HOUR_MS) {
        fold_hour(windows, touch->sensor, at, hour);
        cell->last_utc_ms = hour->last_utc_ms;
    }
}

static void put_hour(struct br_windows *windows, const struct touch *touch, const void *before,
                     const void *after, int64_t hours_end_utc_ms, void *day)
{
    const struct br_cell *cell = day, *hour_before = before, *hour_after = after;
    int64_t day_start = level_start(windows, &windows->levels[touch->k], touch->start_utc_ms);
    bool had_last = hour_before->last_utc_ms == cell->last_utc_ms;
    windows->algebra->day_put(day, before, after, (unsigned)((touch->start_utc_ms - day_start) / BR_HOUR_MS),
                              touch->start_utc_ms + BR_HOUR_MS == hours_end_utc_ms);
    if (had_last && hour_after->last_utc_ms < hour_before->last_utc_ms)
        find_last(windows, touch, hours_end_utc_ms, day);
}

/* The hour of a day: the open day only changes its cell, the closed one its sums as well. */
static void apply_hour(struct br_windows *windows, struct touch *touch, const void *before, const void *after)
{
    const struct level *level = &windows->levels[touch->k];
    int64_t day = level_start(windows, level, touch->start_utc_ms);
    if (day == windows->day_start_utc_ms) {
        put_hour(windows, touch, before, after, level_start(windows, level - 1, windows->cursor_utc_ms),
                 level_cell(windows, touch->sensor, touch->k));
        return;
    }
    void *cell = day_before(windows, touch->sensor);
    memcpy(windows->day_kept, cell, windows->algebra->day_size);
    put_hour(windows, touch, before, after, windows->day_start_utc_ms, cell);
    move_sums(windows, touch->k, day, touch, windows->day_kept, cell);
}

/* The whole of a day goes over with its first hour: the others find it there. */
static void has_moved(struct br_windows *windows, const struct touch *moved)
{
    const struct level *level = &windows->levels[moved->k];
    int64_t end = level_end(windows, level, level_start(windows, level, moved->start_utc_ms));
    struct touches *touches = windows->touches;
    for (struct touch *touch = touches->at; touch < touches->at + touches->count; touch++)
        if (touch->k == moved->k && touch->sensor == moved->sensor && touch > moved &&
            touch->start_utc_ms < end)
            touch->leaf = touch->sensor->leaf;
}

static void apply_day(struct br_windows *windows, struct touch *touch, const void *before, const void *after)
{
    if (!has_cell(windows, touch->start_utc_ms)) {
        move_sums(windows, touch->k, touch->start_utc_ms, touch, before, after);
        return;
    }
    apply_hour(windows, touch, before, after);
    if (touch->start_utc_ms < windows->day_start_utc_ms && touch->leaf != touch->sensor->leaf)
        has_moved(windows, touch);
}

static void apply_touch(struct br_windows *windows, struct touch *touch, const void *before)
{
    const struct level *level = &windows->levels[touch->k];
    bool is_whole_day = level->is_day && !has_cell(windows, touch->start_utc_ms);
    void *after = is_whole_day ? windows->day : windows->cell;
    size_t size = is_whole_day ? windows->algebra->day_size : windows->algebra->cell_size;
    fold_touch(windows, touch, after);
    if (touch->leaf == touch->sensor->leaf && memcmp(before, after, size) == 0)
        return;
    if (level->is_day)
        apply_day(windows, touch, before, after);
    else if (level_end(windows, level, touch->start_utc_ms) <= windows->cursor_utc_ms)
        move_sums(windows, touch->k, touch->start_utc_ms, touch, before, after);
    else
        memcpy(level_cell(windows, touch->sensor, touch->k), after, windows->algebra->cell_size);
}

static void apply(struct br_windows *windows)
{
    struct touches *touches = windows->touches;
    for (size_t i = 0; i < touches->count; i++)
        apply_touch(windows, &touches->at[i], touch_cell(windows, i));
    touches->count = 0;
}

/* Until when a reading at `at` can matter: the next one of its sensor, or until it is stale. */
static int64_t reach_of(struct br_windows *windows, const struct br_sensor *sensor, int64_t at_utc_ms)
{
    int64_t carry_ms = windows->algebra->carry_ms((enum br_kind)sensor->kind, sensor->stale_ms);
    if (carry_ms == 0)
        return at_utc_ms + 1;
    br_readings_between(windows->setup.readings, sensor->head, at_utc_ms + 1, at_utc_ms + carry_ms, INT64_MAX,
                        &windows->list);
    return windows->list.count > 0 ? windows->list.at[0].observed_at_utc_ms + 1 : at_utc_ms + carry_ms + 1;
}

/* A feed was heard whole at a time that has been published: its jams may have ended, its regions may be
 * known. */
static void collect_snapshot(struct br_windows *windows, const struct br_sensor *heard, int64_t at_utc_ms)
{
    int64_t to = at_utc_ms + heard->stale_ms;
    for (size_t i = 0; i < windows->sensor_count; i++)
        if (windows->sensors[i]->kind == BR_KIND_JAM && windows->sensors[i]->feed == heard->feed)
            collect(windows, windows->sensors[i], at_utc_ms, to);
    for (size_t k = 0; k < windows->level_count; k++) {
        struct level *level = &windows->levels[k];
        for (size_t i = 0; i < level->slot_count; i++)
            if (level->slots[i]->end_utc_ms > at_utc_ms && level->slots[i]->end_utc_ms < to)
                level->slots[i]->dirty = level->slots[i]->all_dirty = true;
    }
}

/* The capacities that were told are asked for the begin of every window, hour and day that is still folded.
 */
static void tell(struct br_windows *windows, struct br_sensor *sensor, int64_t at_utc_ms)
{
    int64_t kept = sensor->past.last_utc_ms - windows->setup.config->correct_for_ms - TOLD_BEYOND_MS;
    br_past_tell(&sensor->past, windows->setup.readings, sensor->head, at_utc_ms,
                 windows->setup.keep_all ? BR_TIME_NONE : kept, &windows->list);
}

int br_windows_reading(struct br_windows *windows, struct br_sensor *sensor, const struct br_reading *reading)
{
    int64_t at = reading->observed_at_utc_ms, told_until;
    bool is_late = windows->cursor_utc_ms != BR_TIME_NONE && at < windows->cursor_utc_ms;
    bool tells = br_past_tells(&sensor->past, reading, &told_until);

    if (is_late && sensor->kind == BR_KIND_SNAPSHOT) {
        collect_snapshot(windows, sensor, at);
    } else if (is_late && sensor->leaf != BR_LEAF_NONE) {
        int64_t until = reach_of(windows, sensor, at);
        collect(windows, sensor, at, tells && told_until >= until ? told_until : until);
    }
    int error = br_readings_append(windows->setup.readings, &sensor->head, reading);
    if (error == 0 && at > windows->latest_utc_ms)
        windows->latest_utc_ms = at;
    if (error == 0 && tells)
        tell(windows, sensor, at);
    apply(windows);
    return error;
}

/* Everything of the sensor that can still be corrected. */
static void collect_all(struct br_windows *windows, struct br_sensor *sensor, int64_t since_utc_ms)
{
    int64_t first = sensor->past.first_utc_ms, from = first > since_utc_ms ? first : since_utc_ms;
    if (windows->cursor_utc_ms != BR_TIME_NONE && first != BR_TIME_NONE)
        collect(windows, sensor, from, windows->cursor_utc_ms);
}

void br_windows_move(struct br_windows *windows, struct br_sensor *sensor, uint32_t leaf,
                     int64_t since_utc_ms)
{
    collect_all(windows, sensor, since_utc_ms);
    sensor->leaf = leaf;
    apply(windows);
}

void br_windows_resize(struct br_windows *windows, struct br_sensor *sensor, int32_t capacity,
                       int64_t since_utc_ms)
{
    collect_all(windows, sensor, since_utc_ms);
    sensor->capacity = capacity;
    apply(windows);
}
