/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Live figures: the levels of this moment over the last closed window. They are no windows: nothing is kept
 * of them but what was said last, so that only changes go out. */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

/* The shortest window that goes out, and the last one of it that was published. */
static struct slot *last_slot(struct br_windows *windows, struct level **level)
{
    for (size_t k = 0; k < windows->level_count; k++) {
        *level = &windows->levels[k];
        if (!(*level)->given)
            continue;
        int64_t newest_end = (*level)->newest_end_utc_ms;
        struct slot *slot = (*level)->slot_count && newest_end != BR_TIME_NONE
                                ? slot_find(*level, level_start(windows, *level, newest_end - 1))
                                : NULL;
        return slot && slot->published ? slot : NULL;
    }
    return NULL;
}

/* A window of the last millisecond: what holds at its end holds now. */
static bool fold_now(struct br_windows *windows, const struct level *level, struct slot *now)
{
    for (size_t i = 0; i < windows->sensor_count; i++) {
        const struct br_sensor *sensor = windows->sensors[i];
        bool has_level = windows->algebra->carry_ms((enum br_kind)sensor->kind, sensor->stale_ms) > 0;
        if (!has_level || sensor->leaf == BR_LEAF_NONE ||
            sensor->past.last_utc_ms <= now->end_utc_ms - sensor->stale_ms - BR_HOUR_MS)
            continue;
        if (!slot_reach(windows, now, sensor->leaf))
            return false;
        fold_span(windows, sensor, level, now->start_utc_ms, now->end_utc_ms, 0, windows->cell);
        slot_add(windows, now, sensor, sensor->leaf, windows->cell, 1);
    }
    return true;
}

static uint64_t digest_of(const Bruis__V1__Figure *figure)
{
    uint8_t packed[1024];
    uint64_t digest = UINT64_C(14695981039346656037); /* FNV-1a */
    size_t size = bruis__v1__figure__get_packed_size(figure);
    if (size > sizeof packed)
        return 0;
    bruis__v1__figure__pack(figure, packed);
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ packed[i]) * UINT64_C(1099511628211);
    return digest ? digest : 1;
}

static void send_changes(struct br_windows *windows, const struct publication *last,
                         const struct publication *now)
{
    static char name[] = "live";
    struct figure_room room, room_now;
    for (uint32_t i = 0; i < last->region_count; i++) {
        if (!publication_figure(last, i, 0, &room) || !publication_figure(now, i, 0, &room_now))
            continue;
        windows->algebra->overlay(&room.figure, &room_now.figure);
        room.figure.window = name;
        uint64_t digest = digest_of(&room.figure);
        if (digest != 0 && digest == windows->live_digests[i])
            continue;
        windows->live_digests[i] = digest;
        windows->setup.figure(windows->setup.context, &room.figure, true);
    }
}

/* The regions that had a figure in the last window or in the one before it: the last word on a region of
 * which nothing is known any more is that nothing is known. NULL: out of memory. */
static bool *had_figures(const struct br_windows *windows, const struct level *level, const struct slot *last)
{
    size_t count = br_regions_count(windows->setup.regions);
    const struct slot *before = slot_find(level, level_start(windows, level, last->start_utc_ms - 1));
    bool *had = calloc(count + 1, sizeof *had);
    for (size_t i = 0; had && i < count; i++)
        had[i] = (last->published_times && last->published_times[i] > 0) ||
                 (before && before->published_times && before->published_times[i] > 0);
    return had;
}

void br_windows_live(struct br_windows *windows, int64_t now_utc_ms)
{
    struct level *level = NULL;
    struct slot *slot = last_slot(windows, &level);
    const struct br_config *config = windows->setup.config;
    struct slot *now = calloc(1, sizeof *now);
    bool too_short =
        br_privacy_on(windows->setup.privacy) && config->windows[0].length_ms < config->privacy.min_window_ms;

    if (!windows->live_digests)
        windows->live_digests =
            calloc(br_regions_count(windows->setup.regions) + 1, sizeof *windows->live_digests);
    if (!slot || !now || too_short || !windows->live_digests) {
        free(now);
        return;
    }
    now->start_utc_ms = now_utc_ms - 1;
    now->end_utc_ms = now_utc_ms;
    bool *had = had_figures(windows, level, slot);
    struct publication last = {.windows = windows, .level = level, .slot = slot, .had = had};
    struct publication instant = {.windows = windows, .level = level, .slot = now, .had = had};
    if (had && fold_now(windows, level, now) && publication_open(&last) && publication_open(&instant))
        send_changes(windows, &last, &instant);
    publication_close(&last);
    publication_close(&instant);
    slot_close(now);
    free(had);
}
