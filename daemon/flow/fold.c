/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Folding: a sensor's readings of a span into a cell, by the rules of a level. */
#include "daemon/flow/window_state.h"

#include <stdio.h>

static void fold_lists(struct br_windows *windows, const struct br_sensor *sensor, struct br_fold *fold)
{
    struct br_readings *readings = windows->setup.readings;
    int64_t carry_ms = windows->algebra->carry_ms((enum br_kind)sensor->kind, sensor->stale_ms);
    int64_t from = fold->start_utc_ms, carry_from = from - carry_ms;
    const struct br_sensor *heard = windows->heard[sensor->feed];

    if (sensor->from_utc_ms != BR_TIME_NONE && carry_from < sensor->from_utc_ms - 1) {
        carry_from = sensor->from_utc_ms - 1;
        from = from > sensor->from_utc_ms ? from : sensor->from_utc_ms;
    }
    br_readings_between(readings, sensor->head, from, fold->end_utc_ms, carry_from, &windows->list);
    fold->readings = windows->list.at;
    fold->count = windows->list.count;
    if (sensor->kind != BR_KIND_JAM || !heard)
        return;
    br_readings_between(readings, heard->head, fold->start_utc_ms - sensor->stale_ms, fold->end_utc_ms,
                        INT64_MAX, &windows->snapshots);
    fold->snapshots = windows->snapshots.at;
    fold->snapshot_count = windows->snapshots.count;
}

void fold_span(struct br_windows *windows, const struct br_sensor *sensor, const struct level *level,
               int64_t start_utc_ms, int64_t end_utc_ms, int64_t period_min_ms, void *cell)
{
    char name[512];
    struct br_fold fold = {.kind = (enum br_kind)sensor->kind,
                           .start_utc_ms = start_utc_ms,
                           .end_utc_ms = end_utc_ms,
                           .length_ms = level->length_ms,
                           .period_min_ms = period_min_ms,
                           .stale_ms = sensor->stale_ms,
                           .interval_ms = sensor->interval_ms,
                           .capacity = sensor->capacity,
                           .capacity_told = br_past_capacity(&sensor->past, start_utc_ms),
                           .capacity_fixed = sensor->capacity_fixed,
                           .is_space = sensor->parking_kind == BRUIS__V1__PARKING_KIND__space,
                           .privacy = windows->setup.privacy,
                           .min_window_ms = windows->setup.config->privacy.min_window_ms};

    if (sensor->kind == BR_KIND_PEDESTRIAN) {
        int size =
            snprintf(name, sizeof name, "%s/%s", windows->setup.config->feeds[sensor->feed].name, sensor->id);
        fold.sensor_name = (const uint8_t *)name;
        fold.sensor_name_size = size < (int)sizeof name ? (size_t)size : sizeof name - 1;
    }
    fold_lists(windows, sensor, &fold);
    windows->algebra->fold(&fold, cell);
}

void add_long_periods(struct br_windows *windows, const struct br_sensor *sensor, size_t k,
                      int64_t start_utc_ms, int64_t end_utc_ms, void *cell)
{
    int64_t part_ms = windows->levels[k - 1].length_ms;
    if (sensor->period_max_ms <= part_ms)
        return;
    fold_span(windows, sensor, &windows->levels[k], start_utc_ms, end_utc_ms, part_ms, windows->cell_after);
    windows->algebra->extend(cell, windows->cell_after, false);
}

void fold_hour(struct br_windows *windows, const struct br_sensor *sensor, int64_t start_utc_ms, void *cell)
{
    size_t day = windows->level_count - 1;
    fold_span(windows, sensor, &windows->levels[day - 1], start_utc_ms, start_utc_ms + BR_HOUR_MS, 0, cell);
    add_long_periods(windows, sensor, day, start_utc_ms, start_utc_ms + BR_HOUR_MS, cell);
}
