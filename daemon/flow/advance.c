/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Time goes on: windows begin, close and are published, a step at a time, so that nobody waits for long. */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

#define SILENT_MS (2 * BR_DAY_MS) /* after it nothing is expected of what was only heard */
#define CATCH_UP_MS BR_DAY_MS     /* windows so far back are of no use when nothing was heard in them */

static bool ends_at(const struct br_windows *windows, size_t k, int64_t end_utc_ms)
{
    return level_start(windows, &windows->levels[k], end_utc_ms) == end_utc_ms;
}

/* Puts the cell of a part into the open cell of level k. */
static void put_part(struct br_windows *windows, struct br_sensor *sensor, size_t k, int64_t start_utc_ms,
                     int64_t end_utc_ms)
{
    const struct level *level = &windows->levels[k];
    void *open = level_cell(windows, sensor, k);
    int64_t level_from = level_start(windows, level, start_utc_ms);

    add_long_periods(windows, sensor, k, start_utc_ms, end_utc_ms, windows->cell);
    if (level->is_day)
        windows->algebra->day_put(open, NULL, windows->cell,
                                  (unsigned)((start_utc_ms - level_from) / BR_HOUR_MS), true);
    else
        windows->algebra->extend(open, windows->cell, start_utc_ms == level_from);
}

/* Its last reading is too old to say anything of a window that begins at this time. */
static bool is_silent(const struct br_windows *windows, const struct br_sensor *sensor, int64_t start_utc_ms)
{
    int64_t last = sensor->past.last_utc_ms;
    int64_t carry_ms = windows->algebra->carry_ms((enum br_kind)sensor->kind, sensor->stale_ms);
    return last == BR_TIME_NONE || (last < start_utc_ms && last + carry_ms <= start_utc_ms);
}

static void close_sensor(struct br_windows *windows, struct br_sensor *sensor, int64_t end_utc_ms)
{
    int64_t start = windows->cursor_utc_ms;
    if (is_silent(windows, sensor, start)) {
        windows->algebra->reset(windows->cell);
    } else {
        fold_span(windows, sensor, &windows->levels[0], start, end_utc_ms, 0, windows->cell);
        slot_add(windows, slot_get(windows, 0, start), sensor, sensor->leaf, windows->cell, 1);
    }

    for (size_t k = 1; k < windows->level_count; k++) {
        const struct level *level = &windows->levels[k];
        void *open = level_cell(windows, sensor, k);
        put_part(windows, sensor, k, start, end_utc_ms);
        if (!ends_at(windows, k, end_utc_ms))
            return;
        start = level_start(windows, level, start);
        slot_add(windows, slot_get(windows, k, start), sensor, sensor->leaf, open, 1);
        memcpy(windows->cell, open, windows->algebra->cell_size);
        if (level->is_day)
            memcpy(day_before(windows, sensor), open, windows->algebra->day_size);
        cell_reset(windows, level, open);
    }
}

/* A sensor without regions has nothing in any window that ends. */
static void close_nowhere(struct br_windows *windows, struct br_sensor *sensor, int64_t end_utc_ms)
{
    for (size_t k = 1; k < windows->level_count && ends_at(windows, k, end_utc_ms); k++) {
        cell_reset(windows, &windows->levels[k], level_cell(windows, sensor, k));
        if (windows->levels[k].is_day)
            cell_reset(windows, &windows->levels[k], day_before(windows, sensor));
    }
}

static void protect_slot(struct br_windows *windows, size_t k, struct slot *slot)
{
    if (!br_privacy_on(windows->setup.privacy) || !windows->algebra->protect)
        return;
    for (uint32_t leaf = 0; leaf < slot->leaf_count; leaf++)
        slot_protect(windows, k, slot, leaf);
}

static void close_level(struct br_windows *windows, size_t k, int64_t start_utc_ms, int64_t complete_utc_ms)
{
    struct level *level = &windows->levels[k];
    struct slot *slot = slot_get(windows, k, level_start(windows, level, start_utc_ms));
    if (!slot)
        return;
    slot->unfinished = slot->end_utc_ms > complete_utc_ms;
    protect_slot(windows, k, slot);
    slot_publish(windows, k, slot);
    if (slot->end_utc_ms > level->newest_end_utc_ms)
        level->newest_end_utc_ms = slot->end_utc_ms;
    if (level->is_day) {
        windows->day_before_start_utc_ms = slot->start_utc_ms;
        windows->day_start_utc_ms = slot->end_utc_ms;
    }
}

/* Folds the next window of level 0 of all sensors, and the longer ones that end with it. */
static void close_begin(struct br_windows *windows, int64_t complete_utc_ms)
{
    int64_t start = windows->cursor_utc_ms, end = start + windows->levels[0].length_ms;
    for (size_t i = 0; i < windows->sensor_count; i++)
        if (windows->sensors[i]->leaf != BR_LEAF_NONE)
            close_sensor(windows, windows->sensors[i], end);
        else
            close_nowhere(windows, windows->sensors[i], end);
    windows->cursor_utc_ms = end;
    windows->closing = (struct closing){true, 0, start, complete_utc_ms};
}

/* Publishes one of the windows that were folded. */
static void close_step(struct br_windows *windows)
{
    struct closing *closing = &windows->closing;
    close_level(windows, closing->k++, closing->start_utc_ms, closing->complete_utc_ms);
    closing->active =
        closing->k < windows->level_count && ends_at(windows, closing->k, windows->cursor_utc_ms);
}

static void close_next(struct br_windows *windows, int64_t complete_utc_ms)
{
    close_begin(windows, complete_utc_ms);
    while (windows->closing.active)
        close_step(windows);
}

/* What was put together since the first beginning goes: the new one comes before it, and the readings tell it
 * again. */
static void clear(struct br_windows *windows)
{
    for (size_t k = 0; k < windows->level_count; k++) {
        struct level *level = &windows->levels[k];
        while (level->slot_count > 0)
            slot_close(level->slots[--level->slot_count]);
        for (size_t i = 0; i < windows->sensor_count && k > 0; i++)
            cell_reset(windows, level, level_cell(windows, windows->sensors[i], k));
    }
}

void br_windows_begin(struct br_windows *windows, int64_t from_utc_ms)
{
    const struct level *last = &windows->levels[windows->level_count - 1];
    int64_t start = level_start(windows, &windows->levels[0], from_utc_ms);
    bool begun = windows->cursor_utc_ms != BR_TIME_NONE;
    if (begun && (start >= windows->cursor_utc_ms || windows->any_published))
        return;
    if (begun)
        clear(windows);
    windows->cursor_utc_ms = start;
    if (last->is_day)
        windows->day_start_utc_ms = level_start(windows, last, start);
}

/* Long after the last reading of the domain there is nothing to publish until the next one: nothing is
 * expected, or only what is catalogued, and that is told by windows that are not long past. */
static bool is_quiet(const struct br_windows *windows)
{
    bool is_silent =
        windows->latest_utc_ms == BR_TIME_NONE || windows->latest_utc_ms + SILENT_MS < windows->cursor_utc_ms;
    return is_silent &&
           (!windows->any_described || windows->until_utc_ms - windows->cursor_utc_ms > CATCH_UP_MS);
}

/* To what is not long past; in a replay, which may go on years later, to the next reading. */
static void jump(struct br_windows *windows)
{
    const struct level *last = &windows->levels[windows->level_count - 1];
    bool is_all = windows->setup.keep_all || !windows->any_described;
    int64_t to = windows->until_utc_ms - (is_all ? 0 : CATCH_UP_MS - windows->levels[0].length_ms);
    windows->cursor_utc_ms = level_start(windows, &windows->levels[0], to);
    if (last->is_day)
        windows->day_start_utc_ms = level_start(windows, last, windows->cursor_utc_ms);
}

void br_windows_due(struct br_windows *windows, int64_t until_utc_ms)
{
    windows->until_utc_ms = until_utc_ms;
}

void br_windows_changed(struct br_windows *windows)
{
    windows->revising = true;
}

/* Publishes one window again of which something has changed. */
static bool revise_step(struct br_windows *windows)
{
    for (size_t k = 0; windows->revising && k < windows->level_count; k++) {
        struct level *level = &windows->levels[k];
        for (size_t i = 0; i < level->slot_count; i++) {
            struct slot *slot = level->slots[i];
            bool is_closed = slot->end_utc_ms <= windows->cursor_utc_ms || slot->published;
            if (!is_closed || !slot->dirty)
                continue;
            slot_publish(windows, k, slot);
            return true;
        }
    }
    windows->revising = false;
    return false;
}

static bool is_due(const struct br_windows *windows)
{
    return windows->cursor_utc_ms != BR_TIME_NONE &&
           windows->cursor_utc_ms + windows->levels[0].length_ms <= windows->until_utc_ms;
}

bool br_windows_busy(const struct br_windows *windows)
{
    return windows->closing.active || windows->revising || is_due(windows);
}

bool br_windows_step(struct br_windows *windows)
{
    if (windows->closing.active) {
        close_step(windows);
        return true;
    }
    if (!is_due(windows))
        return revise_step(windows);
    if (is_quiet(windows))
        jump(windows);
    else
        close_begin(windows, INT64_MAX);
    return true;
}

void br_windows_advance(struct br_windows *windows, int64_t until_utc_ms)
{
    br_windows_due(windows, until_utc_ms);
    while (br_windows_step(windows))
        ;
}

void br_windows_revise(struct br_windows *windows)
{
    br_windows_changed(windows);
    while (br_windows_step(windows))
        ;
}

/* A window that the replay ended in: all of its readings are there, so it is folded as a whole. */
static void flush_level(struct br_windows *windows, size_t k, int64_t complete_utc_ms)
{
    const struct level *level = &windows->levels[k];
    int64_t start = level_start(windows, level, windows->cursor_utc_ms - 1),
            end = level_end(windows, level, start);
    if (end <= windows->cursor_utc_ms)
        return;
    for (size_t i = 0; i < windows->sensor_count; i++) {
        const struct br_sensor *sensor = windows->sensors[i];
        if (sensor->leaf == BR_LEAF_NONE)
            continue;
        fold_span(windows, sensor, level, start, end, 0, windows->cell);
        slot_add(windows, slot_get(windows, k, start), sensor, sensor->leaf, windows->cell, 1);
    }
    close_level(windows, k, start, complete_utc_ms);
}

void br_windows_finish(struct br_windows *windows, int64_t complete_utc_ms)
{
    if (windows->cursor_utc_ms == BR_TIME_NONE || windows->latest_utc_ms == BR_TIME_NONE)
        return;
    int64_t last_start = level_start(windows, &windows->levels[0], windows->latest_utc_ms);
    br_windows_advance(windows, last_start);
    if (windows->cursor_utc_ms == last_start)
        close_next(windows, complete_utc_ms);
    for (size_t k = 1; k < windows->level_count; k++)
        flush_level(windows, k, complete_utc_ms);
    br_windows_revise(windows);
}
