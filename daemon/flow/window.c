/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

int64_t level_start(const struct br_windows *windows, const struct level *level, int64_t utc_ms)
{
    if (level->is_day)
        return br_zone_day_start(windows->setup.day_zone, utc_ms);
    int64_t into_ms = utc_ms % level->length_ms;
    return utc_ms - (into_ms < 0 ? into_ms + level->length_ms : into_ms);
}

int64_t level_end(const struct br_windows *windows, const struct level *level, int64_t start_utc_ms)
{
    return level->is_day ? br_zone_next_day_start(windows->setup.day_zone, start_utc_ms)
                         : start_utc_ms + level->length_ms;
}

void *level_cell(const struct br_windows *windows, const struct br_sensor *sensor, size_t k)
{
    return (char *)sensor->cells + windows->levels[k].cell_offset;
}

void *day_before(const struct br_windows *windows, const struct br_sensor *sensor)
{
    return (char *)sensor->cells + windows->day_before_offset;
}

void cell_reset(const struct br_windows *windows, const struct level *level, void *cell)
{
    memset(cell, 0, level->is_day ? windows->algebra->day_size : windows->algebra->cell_size);
    windows->algebra->reset(cell);
}

/* ---- levels */

static void level_add(struct br_windows *windows, const char *name, int64_t length_ms, bool given)
{
    size_t k = 0;
    while (k < windows->level_count && windows->levels[k].length_ms < length_ms)
        k++;
    if (k < windows->level_count && windows->levels[k].length_ms == length_ms) {
        windows->levels[k].given |= given;
        return;
    }
    memmove(&windows->levels[k + 1], &windows->levels[k],
            (windows->level_count - k) * sizeof *windows->levels);
    windows->levels[k] = (struct level){.name = name,
                                        .length_ms = length_ms,
                                        .is_day = length_ms == BR_DAY_MS,
                                        .given = given,
                                        .newest_end_utc_ms = BR_TIME_NONE,
                                        .dropped_end_utc_ms = BR_TIME_NONE};
    windows->level_count++;
}

/* The windows of the configuration, and what they are made of: the protected cell, and the hours of a day. */
static void make_levels(struct br_windows *windows)
{
    const struct br_config *config = windows->setup.config;
    int64_t shortest_ms = br_privacy_on(windows->setup.privacy) ? config->privacy.min_window_ms : 0;

    for (size_t i = 0; i < config->window_count; i++) {
        const struct br_config_window *window = &config->windows[i];
        if (window->length_ms >= shortest_ms)
            level_add(windows, window->name, window->length_ms, true);
        if (window->length_ms == BR_DAY_MS)
            level_add(windows, "1h", BR_HOUR_MS, false);
    }
    if (shortest_ms > 0)
        level_add(windows, "cell", shortest_ms, false);

    size_t offset = 0;
    for (size_t k = 1; k < windows->level_count; k++) {
        windows->levels[k].cell_offset = offset;
        offset += windows->levels[k].is_day ? windows->algebra->day_size : windows->algebra->cell_size;
    }
    windows->day_before_offset = offset;
    if (windows->levels[windows->level_count - 1].is_day)
        offset += windows->algebra->day_size;
    windows->cells_size = offset;
}

static bool cover_regions(struct br_windows *windows)
{
    const struct br_config *config = windows->setup.config;
    size_t region_count = br_regions_count(windows->setup.regions);
    for (size_t i = 0; i < config->feed_count; i++) {
        if (config->feeds[i].covers.count == 0)
            continue;
        windows->covered[i] = calloc(region_count ? region_count : 1, sizeof(bool));
        if (!windows->covered[i])
            return false;
        br_regions_covered(windows->setup.regions, &config->feeds[i].covers, windows->covered[i]);
    }
    return true;
}

struct br_windows *br_windows_open(const struct br_windows_setup *setup)
{
    struct br_windows *windows = calloc(1, sizeof *windows);
    size_t feed_count = setup->config->feed_count + 1;
    if (!windows)
        return NULL;
    windows->setup = *setup;
    windows->algebra = setup->algebra;
    windows->cursor_utc_ms = windows->latest_utc_ms = windows->until_utc_ms = BR_TIME_NONE;
    windows->day_start_utc_ms = windows->day_before_start_utc_ms = BR_TIME_NONE;
    windows->leaves = br_leaves_open(setup->regions);
    windows->cell = calloc(1, setup->algebra->day_size);
    windows->cell_after = calloc(1, setup->algebra->day_size);
    windows->day = calloc(1, setup->algebra->day_size);
    windows->day_kept = calloc(1, setup->algebra->day_size);
    windows->sum_before = calloc(1, setup->algebra->sum_size);
    windows->heard = calloc(feed_count, sizeof(struct br_sensor *));
    windows->covered = calloc(feed_count, sizeof(bool *));
    windows->touches = touches_open();
    make_levels(windows);
    if (!windows->leaves || !windows->cell || !windows->cell_after || !windows->day || !windows->day_kept ||
        !windows->sum_before || !windows->heard || !windows->covered || !windows->touches ||
        !cover_regions(windows)) {
        br_windows_close(windows);
        return NULL;
    }
    return windows;
}

void br_windows_close(struct br_windows *windows)
{
    if (!windows)
        return;
    for (size_t k = 0; k < windows->level_count; k++) {
        for (size_t i = 0; i < windows->levels[k].slot_count; i++)
            slot_close(windows->levels[k].slots[i]);
        free(windows->levels[k].slots);
    }
    for (size_t i = 0; windows->covered && i < windows->setup.config->feed_count; i++)
        free(windows->covered[i]);
    free(windows->covered);
    free(windows->heard);
    free(windows->sensors);
    free(windows->cell);
    free(windows->cell_after);
    free(windows->day);
    free(windows->day_kept);
    free(windows->sum_before);
    br_reading_list_free(&windows->list);
    br_reading_list_free(&windows->snapshots);
    touches_close(windows->touches);
    free(windows->live_digests);
    br_leaves_close(windows->leaves);
    free(windows);
}

struct br_leaves *br_windows_leaves(struct br_windows *windows)
{
    return windows->leaves;
}

int64_t br_windows_cursor(const struct br_windows *windows)
{
    return windows->cursor_utc_ms;
}

bool br_windows_join(struct br_windows *windows, struct br_sensor *sensor)
{
    if (sensor->kind == BR_KIND_SNAPSHOT) {
        windows->heard[sensor->feed] = sensor;
        return true;
    }
    if (windows->sensor_count == windows->sensor_capacity) {
        size_t capacity = windows->sensor_capacity ? windows->sensor_capacity * 2 : 64;
        struct br_sensor **sensors = realloc(windows->sensors, capacity * sizeof(struct br_sensor *));
        if (!sensors)
            return false;
        windows->sensors = sensors;
        windows->sensor_capacity = capacity;
    }
    sensor->cells = calloc(1, windows->cells_size ? windows->cells_size : 1);
    if (!sensor->cells)
        return false;
    for (size_t k = 1; k < windows->level_count; k++)
        cell_reset(windows, &windows->levels[k], level_cell(windows, sensor, k));
    if (windows->levels[windows->level_count - 1].is_day)
        windows->algebra->reset(day_before(windows, sensor));
    windows->sensors[windows->sensor_count++] = sensor;
    return true;
}

void br_windows_describe(struct br_windows *windows, struct br_sensor *sensor)
{
    sensor->described = true;
    windows->any_described = true;
}
