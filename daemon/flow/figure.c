/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* From the sums of leaves to the figures of regions: coverage, quality, and the domain's key figures. */
#include "daemon/flow/window_state.h"

#include <stdlib.h>
#include <string.h>

#define GOOD_WEIGHT 9000 /* 1/10000: below it a figure is partial */
#define FLAG_SHARE 10    /* more than 1 sensor in 10 with a flag: the figure has it too */

static int64_t period_of(const struct br_sensor *sensor)
{
    if (sensor->kind == BR_KIND_PARKING)
        return 0;
    return sensor->period_max_ms > 0 ? sensor->period_max_ms : sensor->interval_ms;
}

static bool is_expected(const struct br_sensor *sensor, const struct level *level, const struct slot *slot)
{
    if (sensor->kind == BR_KIND_JAM || sensor->leaf == BR_LEAF_NONE || period_of(sensor) > level->length_ms)
        return false;
    return sensor->described || (sensor->measures && br_past_is_heard(&sensor->past, slot->end_utc_ms));
}

/* The operator's, else the last that a reading told, else the described one. */
static int32_t capacity_at(const struct br_sensor *sensor, int64_t end_utc_ms)
{
    int32_t told = sensor->capacity_fixed ? -1 : br_past_capacity(&sensor->past, end_utc_ms);
    return told >= 0 ? told : sensor->capacity;
}

static void expect_sensors(struct publication *publication)
{
    const struct br_windows *windows = publication->windows;
    for (size_t i = 0; i < windows->sensor_count; i++) {
        const struct br_sensor *sensor = windows->sensors[i];
        if (!is_expected(sensor, publication->level, publication->slot))
            continue;
        struct expected *expected = &publication->expected[sensor->leaf];
        int32_t capacity = capacity_at(sensor, publication->slot->end_utc_ms);
        expected->count++;
        expected->capacity += capacity > 0 ? capacity : 0;
        expected->without_capacity += capacity <= 0;
    }
}

/* What a sensor of an unsure leaf says again. */
static void find_extremes(struct publication *publication, const struct br_sensor *sensor)
{
    struct br_windows *windows = publication->windows;
    const struct slot *slot = publication->slot;
    struct extremes *extremes = &slot->extremes[sensor->leaf];
    bool is_day_before = publication->level->is_day && slot->start_utc_ms == windows->day_before_start_utc_ms;
    const struct br_cell *cell = is_day_before ? day_before(windows, sensor) : windows->cell;

    if (!is_day_before)
        fold_span(windows, sensor, publication->level, slot->start_utc_ms, slot->end_utc_ms, 0,
                  windows->cell);
    if (cell->reporting > 0)
        extremes_take(extremes, cell->last_utc_ms);
}

/* Looks again where the earliest or the latest of a leaf's sensors may have gone: at all such leaves in one
 * pass. */
static void settle_extremes(struct publication *publication)
{
    const struct br_windows *windows = publication->windows;
    const struct slot *slot = publication->slot;
    bool any = false;
    for (uint32_t leaf = 0; leaf < slot->leaf_count; leaf++) {
        if (slot->extremes[leaf].unsure)
            slot->extremes[leaf] = (struct extremes){INT64_MAX, BR_TIME_NONE, true};
        any |= slot->extremes[leaf].unsure;
    }
    for (size_t i = 0; any && i < windows->sensor_count; i++) {
        const struct br_sensor *sensor = windows->sensors[i];
        if (sensor->leaf < slot->leaf_count && slot->extremes[sensor->leaf].unsure &&
            sensor->kind != BR_KIND_JAM)
            find_extremes(publication, sensor);
    }
    for (uint32_t leaf = 0; any && leaf < slot->leaf_count; leaf++)
        slot->extremes[leaf].unsure = false;
}

static void take_leaf(struct publication *publication, uint32_t leaf)
{
    struct br_windows *windows = publication->windows;
    const struct slot *slot = publication->slot;
    size_t sum_size = windows->algebra->sum_size;
    const void *sum = slot_sum(windows, slot, leaf);
    const struct expected *expected = &publication->expected[leaf];
    uint32_t count;
    const uint32_t *regions = br_leaves_regions(windows->leaves, leaf, &count);

    for (uint32_t i = 0; i < count; i++) {
        struct total *total = &publication->totals[regions[i]];
        if (!total->wanted)
            continue;
        total->expected.count += expected->count;
        total->expected.capacity += expected->capacity;
        total->expected.without_capacity += expected->without_capacity;
        if (!sum)
            continue;
        br_sum_merge(publication->sums + regions[i] * sum_size, sum, sum_size, 1);
        if (slot->extremes[leaf].oldest_utc_ms < total->oldest_utc_ms)
            total->oldest_utc_ms = slot->extremes[leaf].oldest_utc_ms;
        if (slot->extremes[leaf].newest_utc_ms > total->newest_utc_ms)
            total->newest_utc_ms = slot->extremes[leaf].newest_utc_ms;
    }
}

/* A first publication wants every region; a revision those that a changed leaf counts in; a repetition all
 * others. */
static void want_regions(struct publication *publication)
{
    const struct br_windows *windows = publication->windows;
    const struct slot *slot = publication->slot;
    bool all = !publication->is_revision || slot->all_dirty;

    for (size_t i = 0; i < publication->region_count; i++) {
        publication->totals[i].wanted = all;
        publication->totals[i].oldest_utc_ms = INT64_MAX;
        publication->totals[i].newest_utc_ms = BR_TIME_NONE;
    }
    for (uint32_t leaf = 0; !all && leaf < slot->leaf_count; leaf++) {
        uint32_t count;
        const uint32_t *regions = br_leaves_regions(windows->leaves, leaf, &count);
        for (uint32_t i = 0; slot->leaf_dirty[leaf] && i < count; i++)
            publication->totals[regions[i]].wanted = true;
    }
    for (size_t i = 0; publication->is_repetition && i < publication->region_count; i++)
        publication->totals[i].wanted = !publication->totals[i].wanted;
}

/* Whether a situation feed was heard shortly before the window's end, and the regions of which it tells every
 * jam. */
static void cover_regions(struct publication *publication)
{
    struct br_windows *windows = publication->windows;
    const struct slot *slot = publication->slot;
    for (size_t feed = 0; feed < windows->setup.config->feed_count; feed++) {
        const struct br_sensor *heard = windows->heard[feed];
        if (!heard || !windows->covered[feed])
            continue;
        br_readings_between(windows->setup.readings, heard->head, slot->end_utc_ms, slot->end_utc_ms,
                            slot->end_utc_ms - heard->stale_ms, &windows->snapshots);
        if (windows->snapshots.count == 0)
            continue;
        for (size_t i = 0; i < publication->region_count; i++)
            publication->totals[i].covered |= windows->covered[feed][i];
    }
}

/* weight = reporting / expected, in 1/10000, at most 1; -1 where nothing is expected. */
static int64_t weight_of(const struct total *total, const struct br_sum *sum)
{
    int64_t part = sum->reporting, whole = total->expected.count;
    if (total->expected.without_capacity == 0 && total->expected.capacity > 0) {
        part = sum->reporting_capacity;
        whole = total->expected.capacity;
    }
    if (whole <= 0)
        return -1;
    return part >= whole ? 10000 : br_round_div(part * 10000, whole);
}

static bool is_below(const struct total *total, const struct br_sum *sum, int64_t coverage_min)
{
    int64_t part = sum->reporting, whole = total->expected.count;
    if (total->expected.without_capacity == 0 && total->expected.capacity > 0) {
        part = sum->reporting_capacity;
        whole = total->expected.capacity;
    }
    return part * 10000 < coverage_min * whole;
}

static Bruis__V1__Figure__Quality quality_of(const struct publication *publication, const struct br_sum *sum,
                                             int64_t weight, bool known)
{
    const struct br_windows *windows = publication->windows;
    if (!known)
        return BRUIS__V1__FIGURE__QUALITY__none;
    if (windows->algebra->protect && br_privacy_on(windows->setup.privacy))
        return BRUIS__V1__FIGURE__QUALITY__protected;
    if (publication->slot->unfinished || (weight >= 0 && weight < GOOD_WEIGHT) ||
        sum->partial * FLAG_SHARE > sum->reporting)
        return BRUIS__V1__FIGURE__QUALITY__partial;
    if (sum->estimated * FLAG_SHARE > sum->reporting)
        return BRUIS__V1__FIGURE__QUALITY__estimated;
    if (sum->stale * FLAG_SHARE > sum->reporting)
        return BRUIS__V1__FIGURE__QUALITY__stale;
    return BRUIS__V1__FIGURE__QUALITY__good;
}

static void fill_coverage(const struct total *total, const struct br_sum *sum, int64_t weight,
                          Bruis__V1__Coverage *coverage)
{
    bruis__v1__coverage__init(coverage);
    coverage->has_expected = coverage->has_reporting = true;
    coverage->expected = (uint32_t)total->expected.count;
    coverage->reporting = (uint32_t)sum->reporting;
    coverage->has_weight = weight >= 0;
    coverage->weight = weight >= 0 ? (double)weight / 10000 : 0;
    coverage->has_oldest = coverage->has_newest = sum->reporting > 0;
    coverage->oldest = sum->reporting > 0 ? total->oldest_utc_ms : 0;
    coverage->newest = sum->reporting > 0 ? total->newest_utc_ms : 0;
}

static void fill_frame(const struct publication *publication, const struct br_region *region,
                       uint32_t revision, Bruis__V1__Figure *figure)
{
    bruis__v1__figure__init(figure);
    figure->region = (char *)region->code;
    figure->name = (char *)region->name;
    figure->region_type = (char *)region->type;
    figure->has_region_year = region->year > 0;
    figure->region_year = region->year;
    figure->has_domain = figure->has_start = figure->has_end = figure->has_revision = figure->has_quality =
        true;
    figure->domain = br_domain_record(publication->windows->setup.domain);
    figure->window = (char *)publication->level->name;
    figure->start = publication->slot->start_utc_ms;
    figure->end = publication->slot->end_utc_ms;
    figure->revision = revision;
}

static bool has_figure(const struct publication *publication, const struct total *total, const void *sum)
{
    static const struct br_sum nothing;
    const char *rest = (const char *)sum + sizeof nothing;
    size_t rest_size = publication->windows->algebra->sum_size - sizeof nothing;
    bool any = memcmp(sum, &nothing, sizeof nothing) != 0;
    for (size_t i = 0; !any && i < rest_size; i++)
        any = rest[i] != 0;
    return total->expected.count > 0 || total->covered || any;
}

bool publication_figure(const struct publication *publication, uint32_t index, uint32_t revision,
                        struct figure_room *room)
{
    struct br_windows *windows = publication->windows;
    const struct slot *slot = publication->slot;
    const struct total *total = &publication->totals[index];
    const void *whole = publication->sums + index * windows->algebra->sum_size;
    const struct br_sum *sum = whole;
    bool was_published = (slot->published_times && slot->published_times[index] > 0) ||
                         (publication->had && publication->had[index]);
    if (!total->wanted || (!was_published && !has_figure(publication, total, whole)))
        return false;

    int64_t weight = weight_of(total, sum);
    bool known = total->expected.count > 0
                     ? sum->reporting > 0 && !is_below(total, sum, windows->setup.config->coverage_min)
                     : sum->reporting > 0 || windows->setup.domain == BR_TRAFFIC; /* nothing but jams */
    struct br_figure_frame frame = {slot->end_utc_ms - slot->start_utc_ms, total->covered,
                                    windows->setup.privacy, &room->submessage};
    fill_frame(publication, br_regions_at(windows->setup.regions, index), revision, &room->figure);
    fill_coverage(total, sum, weight, &room->coverage);
    room->figure.coverage = &room->coverage;
    room->figure.quality = quality_of(publication, sum, weight, known);
    windows->algebra->figure(whole, &frame, known, &room->figure);
    return true;
}

bool publication_open(struct publication *publication)
{
    struct br_windows *windows = publication->windows;
    publication->region_count = br_regions_count(windows->setup.regions);
    size_t region_count = publication->region_count ? publication->region_count : 1;
    publication->expected = calloc(br_leaves_count(windows->leaves) + 1, sizeof *publication->expected);
    publication->totals = calloc(region_count, sizeof *publication->totals);
    publication->sums = calloc(region_count, windows->algebra->sum_size);
    if (!publication->expected || !publication->totals || !publication->sums)
        return false;
    want_regions(publication);
    expect_sensors(publication);
    cover_regions(publication);
    settle_extremes(publication);
    for (uint32_t leaf = 0; leaf < br_leaves_count(windows->leaves); leaf++)
        take_leaf(publication, leaf);
    return true;
}

void publication_close(struct publication *publication)
{
    free(publication->expected);
    free(publication->totals);
    free(publication->sums);
}

static void publish_regions(struct publication *publication)
{
    struct br_windows *windows = publication->windows;
    struct slot *slot = publication->slot;
    bool newest = slot->end_utc_ms >= publication->level->newest_end_utc_ms;
    struct figure_room room;
    for (uint32_t i = 0; i < publication->region_count; i++) {
        if (!publication_figure(publication, i, slot->published_times[i], &room))
            continue;
        if (slot->published_times[i] < UINT16_MAX)
            slot->published_times[i]++;
        windows->setup.figure(windows->setup.context, &room.figure, newest);
    }
    if (windows->setup.closed && !publication->is_revision)
        windows->setup.closed(windows->setup.context, publication->level->name);
}

void slot_publish(struct br_windows *windows, size_t k, struct slot *slot)
{
    struct publication publication = {
        .windows = windows, .level = &windows->levels[k], .slot = slot, .is_revision = slot->published};
    if (publication.level->given) {
        size_t region_count = br_regions_count(windows->setup.regions) + 1;
        if (!slot->published_times)
            slot->published_times = calloc(region_count, sizeof *slot->published_times);
        if (slot->published_times && publication_open(&publication))
            publish_regions(&publication);
        publication_close(&publication);
    }
    slot->published = windows->any_published = true;
    slot->dirty = slot->all_dirty = false;
    if (slot->leaf_count > 0)
        memset(slot->leaf_dirty, 0, slot->leaf_count * sizeof *slot->leaf_dirty);
}

void slot_repeat(struct br_windows *windows, size_t k, struct slot *slot)
{
    struct publication publication = {.windows = windows,
                                      .level = &windows->levels[k],
                                      .slot = slot,
                                      .is_revision = true,
                                      .is_repetition = true};
    struct figure_room room;
    bool opened = slot->published_times && publication_open(&publication);
    for (uint32_t i = 0; opened && i < publication.region_count; i++)
        if (slot->published_times[i] > 0 &&
            publication_figure(&publication, i, slot->published_times[i] - 1u, &room))
            windows->setup.figure(windows->setup.context, &room.figure, true);
    publication_close(&publication);
}
