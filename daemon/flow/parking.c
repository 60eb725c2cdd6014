/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The key figures of parking. Levels: over space they add up, over time they are integrals; see the README,
 * "Figures". */
#include "daemon/flow/algebra.h"
#include "daemon/core/clock.h"

#include <string.h>

#define DAY_HOURS 25
#define STALE_INTERVALS 3
#define HOUR_MS 3600000

struct parking_cell {
    struct br_cell base;
    int64_t capacity_ms, occupied_ms, vacant_ms; /* integrals while open */
    int64_t entries, exits;
    int32_t entries_count, exits_count;
    int32_t measured; /* > 0: vacant_min and vacant_max hold */
    int32_t vacant_min, vacant_max;
    int32_t capacity, vacant; /* at the end; -1 */
    int32_t occupied_start;   /* at the start; -1 */
    bool valid, closed, full; /* at the end */
};

struct parking_day {
    struct parking_cell cell;
    struct {
        int32_t measured, vacant_min, vacant_max;
        int32_t has_capacity, capacity; /* last known in it */
    } hour[DAY_HOURS];
};

struct parking_sum {
    struct br_sum base;
    int64_t capacity, occupied, both; /* over open facilities that know capacity and vacancy */
    int64_t vacant, vacant_known;
    int64_t vacant_min, vacant_max, measured;
    int64_t capacity_ms, occupied_ms, vacant_ms;
    int64_t open, closed, full;
    int64_t entries, entries_known, exits, exits_known;
    int64_t filled, filled_known; /* occupied at the end less at the start, over those that know both */
};

/* What one reading says while it holds. */
struct level {
    int32_t capacity, vacant; /* -1: unknown */
    bool closed, full;
};

static struct level level_of(const struct br_fold *fold, const struct br_reading *reading)
{
    struct level level = {.capacity = fold->capacity > 0 ? fold->capacity : -1, .vacant = -1};
    if ((reading->known & BR_KNOWN(BR_PARKING_CAPACITY)) && !fold->capacity_fixed)
        level.capacity = reading->value[BR_PARKING_CAPACITY];
    if (reading->known & BR_KNOWN(BR_PARKING_VACANT)) {
        level.vacant = reading->value[BR_PARKING_VACANT];
        if (reading->bits & BR_READING_OCCUPIED)
            level.vacant = level.capacity < 0              ? -1
                           : level.vacant > level.capacity ? 0
                                                           : level.capacity - level.vacant;
        else if (level.capacity >= 0 && level.vacant > level.capacity)
            level.vacant = level.capacity;
    }
    level.closed = reading->bits & BR_READING_CLOSED;
    level.full = (reading->bits & BR_READING_FULL) || level.vacant == 0;
    return level;
}

static int64_t carry_ms(enum br_kind kind, int64_t stale_ms)
{
    (void)kind;
    return stale_ms;
}

static void widen(struct parking_cell *cell, int32_t vacant_min, int32_t vacant_max)
{
    if (cell->measured == 0 || vacant_min < cell->vacant_min)
        cell->vacant_min = vacant_min;
    if (cell->measured == 0 || vacant_max > cell->vacant_max)
        cell->vacant_max = vacant_max;
    cell->measured = 1;
}

/* A level that holds for a span of the window. */
static void integrate(struct parking_cell *cell, const struct level *level, int64_t span_ms)
{
    if (level->closed || level->vacant < 0)
        return;
    cell->vacant_ms += level->vacant * span_ms;
    widen(cell, level->vacant, level->vacant);
    if (level->capacity < 0)
        return;
    cell->capacity_ms += level->capacity * span_ms;
    cell->occupied_ms += (level->capacity - level->vacant) * span_ms;
}

static void count_vehicles(struct parking_cell *cell, const struct br_reading *reading)
{
    if (reading->known & BR_KNOWN(BR_PARKING_ENTRIES)) {
        cell->entries += reading->value[BR_PARKING_ENTRIES];
        cell->entries_count++;
    }
    if (reading->known & BR_KNOWN(BR_PARKING_EXITS)) {
        cell->exits += reading->value[BR_PARKING_EXITS];
        cell->exits_count++;
    }
}

static void finish_end(const struct br_fold *fold, struct parking_cell *cell,
                       const struct br_reading *reading, const struct level *level)
{
    if (fold->end_utc_ms >= reading->observed_at_utc_ms + fold->stale_ms)
        return;
    cell->valid = true;
    cell->closed = level->closed;
    cell->full = level->full && !fold->is_space;
    cell->capacity = level->capacity;
    cell->vacant = level->vacant;
    cell->base.stale = fold->end_utc_ms - reading->observed_at_utc_ms > STALE_INTERVALS * fold->interval_ms;
}

/* What the facility weighs: the operator's word, else the last that was told, else what is described. */
static void weigh(const struct br_fold *fold, struct parking_cell *cell, const struct br_reading *reading)
{
    if (fold->capacity_fixed)
        cell->base.capacity = fold->capacity;
    else if (reading->known & BR_KNOWN(BR_PARKING_CAPACITY))
        cell->base.capacity = reading->value[BR_PARKING_CAPACITY];
    else if (cell->base.capacity < 0)
        cell->base.capacity = fold->capacity_told >= 0 ? fold->capacity_told : fold->capacity;
}

static void fold_one(const struct br_fold *fold, struct parking_cell *cell, size_t i)
{
    const struct br_reading *reading = &fold->readings[i];
    int64_t from = reading->observed_at_utc_ms, to = from + fold->stale_ms;
    struct level level = level_of(fold, reading);
    bool known = !level.closed && level.capacity >= 0 && level.vacant >= 0;

    if (i + 1 < fold->count && fold->readings[i + 1].observed_at_utc_ms < to)
        to = fold->readings[i + 1].observed_at_utc_ms;
    if (to <= fold->start_utc_ms)
        return;
    if (from <= fold->start_utc_ms && known)
        cell->occupied_start = level.capacity - level.vacant;
    if (from >= fold->start_utc_ms)
        count_vehicles(cell, reading);
    cell->base.reporting = 1;
    cell->base.last_utc_ms = from;
    weigh(fold, cell, reading);
    cell->base.partial += !!(reading->bits & BR_READING_PARTIAL);
    cell->base.estimated += !!(reading->bits & BR_READING_ESTIMATED);
    int64_t begin = from > fold->start_utc_ms ? from : fold->start_utc_ms;
    int64_t end = to < fold->end_utc_ms ? to : fold->end_utc_ms;
    integrate(cell, &level, end - begin);
    if (i + 1 == fold->count)
        finish_end(fold, cell, reading, &level);
}

/* Cells are compared byte by byte: no padding may differ. */
static void reset(void *to)
{
    struct parking_cell *cell = to;
    memset(cell, 0, sizeof *cell);
    cell->base.last_utc_ms = BR_TIME_NONE;
    cell->base.capacity = -1;
    cell->capacity = cell->vacant = cell->occupied_start = -1;
}

static void fold(const struct br_fold *fold, void *to)
{
    struct parking_cell *cell = to;
    reset(cell);
    for (size_t i = 0; i < fold->count; i++)
        fold_one(fold, cell, i);
}

static void take_end(struct parking_cell *into, const struct parking_cell *next)
{
    into->valid = next->valid;
    into->closed = next->closed;
    into->full = next->full;
    into->capacity = next->capacity;
    into->vacant = next->vacant;
    into->base.stale = next->base.stale;
}

static void add_over_time(struct parking_cell *into, const struct parking_cell *part, int sign)
{
    br_cell_add(&into->base, &part->base, sign);
    into->capacity_ms += sign * part->capacity_ms;
    into->occupied_ms += sign * part->occupied_ms;
    into->vacant_ms += sign * part->vacant_ms;
    into->entries += sign * part->entries;
    into->exits += sign * part->exits;
    into->entries_count += sign * part->entries_count;
    into->exits_count += sign * part->exits_count;
}

static void extend(void *to, const void *from, bool at_start)
{
    struct parking_cell *into = to;
    const struct parking_cell *next = from;
    add_over_time(into, next, 1);
    if (at_start)
        into->occupied_start = next->occupied_start;
    if (next->measured)
        widen(into, next->vacant_min, next->vacant_max);
    br_cell_last(&into->base, &next->base);
    if (next->base.capacity >= 0)
        into->base.capacity = next->base.capacity;
    take_end(into, next);
}

/* Smallest, largest and last of the hours: they cannot be taken out again, so the hours are kept. */
static void widen_day(struct parking_day *day)
{
    day->cell.measured = 0;
    day->cell.base.capacity = -1;
    for (unsigned i = 0; i < DAY_HOURS; i++) {
        if (day->hour[i].measured)
            widen(&day->cell, day->hour[i].vacant_min, day->hour[i].vacant_max);
        if (day->hour[i].has_capacity)
            day->cell.base.capacity = day->hour[i].capacity;
    }
}

static void day_put(void *to, const void *before, const void *after, unsigned part, bool is_last)
{
    struct parking_day *day = to;
    const struct parking_cell *cell = after;
    if (part >= DAY_HOURS)
        return;
    if (before)
        add_over_time(&day->cell, before, -1);
    add_over_time(&day->cell, cell, 1);
    day->hour[part].measured = cell->measured;
    day->hour[part].vacant_min = cell->vacant_min;
    day->hour[part].vacant_max = cell->vacant_max;
    day->hour[part].has_capacity = cell->base.capacity >= 0;
    day->hour[part].capacity = cell->base.capacity;
    widen_day(day);
    if (part == 0)
        day->cell.occupied_start = cell->occupied_start;
    br_cell_last(&day->cell.base, &cell->base);
    if (is_last)
        take_end(&day->cell, cell);
}

static void add_end(struct parking_sum *sum, const struct parking_cell *cell, int sign)
{
    if (!cell->valid)
        return;
    if (cell->closed) {
        sum->closed += sign;
        return;
    }
    sum->open += sign;
    sum->full += sign * cell->full;
    if (cell->vacant < 0)
        return;
    sum->vacant += sign * cell->vacant;
    sum->vacant_known += sign;
    if (cell->capacity < 0)
        return;
    sum->capacity += sign * cell->capacity;
    sum->occupied += sign * (cell->capacity - cell->vacant);
    sum->both += sign;
    if (cell->occupied_start >= 0) {
        sum->filled += sign * (cell->capacity - cell->vacant - cell->occupied_start);
        sum->filled_known += sign;
    }
}

static void add(void *to, const void *from, int sign, enum br_kind kind)
{
    struct parking_sum *sum = to;
    const struct parking_cell *cell = from;
    (void)kind;
    if (cell->base.reporting <= 0)
        return;
    br_sum_cell(&sum->base, &cell->base, sign);
    add_end(sum, cell, sign);
    if (cell->measured) {
        sum->vacant_min += sign * cell->vacant_min;
        sum->vacant_max += sign * cell->vacant_max;
        sum->measured += sign;
    }
    sum->capacity_ms += sign * cell->capacity_ms;
    sum->occupied_ms += sign * cell->occupied_ms;
    sum->vacant_ms += sign * cell->vacant_ms;
    sum->entries += sign * cell->entries;
    sum->entries_known += sign * cell->entries_count;
    sum->exits += sign * cell->exits;
    sum->exits_known += sign * cell->exits_count;
}

static void figure(const void *from, const struct br_figure_frame *frame, bool known, Bruis__V1__Figure *to)
{
    const struct parking_sum *sum = from;
    Bruis__V1__ParkingFigure *parking = &frame->submessage->parking;

    bruis__v1__parking_figure__init(parking);
    to->parking = parking;
    bool is_heard = sum->base.reporting > 0;
    br_give(&parking->has_open, &parking->open, is_heard, sum->open);
    br_give(&parking->has_closed, &parking->closed, is_heard, sum->closed);
    br_give(&parking->has_full, &parking->full, is_heard, sum->full);
    if (!known)
        return;
    br_give(&parking->has_capacity, &parking->capacity, sum->both > 0, sum->capacity);
    br_give(&parking->has_vacant, &parking->vacant, sum->vacant_known > 0, sum->vacant);
    br_give(&parking->has_occupied, &parking->occupied, sum->both > 0, sum->occupied);
    br_give_ratio(&parking->has_occupancy, &parking->occupancy, sum->occupied, sum->capacity, 4);
    br_give(&parking->has_vacant_min, &parking->vacant_min, sum->measured > 0, sum->vacant_min);
    br_give(&parking->has_vacant_max, &parking->vacant_max, sum->measured > 0, sum->vacant_max);
    br_give_ratio(&parking->has_vacant_mean, &parking->vacant_mean, sum->vacant_ms,
                  sum->measured > 0 ? frame->length_ms : 0, 1);
    br_give_ratio(&parking->has_occupancy_mean, &parking->occupancy_mean, sum->occupied_ms, sum->capacity_ms,
                  4);
    br_give(&parking->has_entries, &parking->entries, sum->entries_known > 0, sum->entries);
    br_give(&parking->has_exits, &parking->exits, sum->exits_known > 0, sum->exits);
    br_give_ratio(&parking->has_fill_rate_per_h, &parking->fill_rate_per_h, sum->filled * HOUR_MS,
                  sum->filled_known > 0 ? frame->length_ms : 0, 1);
}

/* All that parking knows at an instant is a level; what is heard now is what counts for coverage, too. */
static void overlay(Bruis__V1__Figure *figure, const Bruis__V1__Figure *now)
{
    Bruis__V1__ParkingFigure *to = figure->parking;
    const Bruis__V1__ParkingFigure *from = now->parking;
    br_give(&to->has_capacity, &to->capacity, from->has_capacity, from->capacity);
    br_give(&to->has_vacant, &to->vacant, from->has_vacant, from->vacant);
    br_give(&to->has_occupied, &to->occupied, from->has_occupied, from->occupied);
    to->has_occupancy = from->has_occupancy;
    to->occupancy = from->occupancy;
    br_give(&to->has_open, &to->open, from->has_open, from->open);
    br_give(&to->has_closed, &to->closed, from->has_closed, from->closed);
    br_give(&to->has_full, &to->full, from->has_full, from->full);
    *figure->coverage = *now->coverage;
    figure->quality = now->quality;
}

#define HOUR_FIELDS(i)                                                                                       \
    BR_FIELD(struct parking_day, hour[i].measured), BR_FIELD(struct parking_day, hour[i].vacant_min),        \
        BR_FIELD(struct parking_day, hour[i].vacant_max)

#define HOUR_CAPACITY(i)                                                                                     \
    BR_FIELD(struct parking_day, hour[i].has_capacity), BR_FIELD(struct parking_day, hour[i].capacity)

static const struct br_field day_fields[] = {
    BR_FIELD(struct parking_day, cell.base.last_utc_ms),
    BR_FIELD(struct parking_day, cell.base.capacity),
    BR_FIELD(struct parking_day, cell.base.reporting),
    BR_FIELD(struct parking_day, cell.base.partial),
    BR_FIELD(struct parking_day, cell.base.estimated),
    BR_FIELD(struct parking_day, cell.base.stale),
    BR_FIELD(struct parking_day, cell.capacity_ms),
    BR_FIELD(struct parking_day, cell.occupied_ms),
    BR_FIELD(struct parking_day, cell.vacant_ms),
    BR_FIELD(struct parking_day, cell.entries),
    BR_FIELD(struct parking_day, cell.exits),
    BR_FIELD(struct parking_day, cell.entries_count),
    BR_FIELD(struct parking_day, cell.exits_count),
    BR_FIELD(struct parking_day, cell.measured),
    BR_FIELD(struct parking_day, cell.vacant_min),
    BR_FIELD(struct parking_day, cell.vacant_max),
    BR_FIELD(struct parking_day, cell.capacity),
    BR_FIELD(struct parking_day, cell.vacant),
    BR_FIELD(struct parking_day, cell.occupied_start),
    BR_FIELD(struct parking_day, cell.valid),
    BR_FIELD(struct parking_day, cell.closed),
    BR_FIELD(struct parking_day, cell.full),
    HOUR_FIELDS(0),
    HOUR_FIELDS(1),
    HOUR_FIELDS(2),
    HOUR_FIELDS(3),
    HOUR_FIELDS(4),
    HOUR_FIELDS(5),
    HOUR_FIELDS(6),
    HOUR_FIELDS(7),
    HOUR_FIELDS(8),
    HOUR_FIELDS(9),
    HOUR_FIELDS(10),
    HOUR_FIELDS(11),
    HOUR_FIELDS(12),
    HOUR_FIELDS(13),
    HOUR_FIELDS(14),
    HOUR_FIELDS(15),
    HOUR_FIELDS(16),
    HOUR_FIELDS(17),
    HOUR_FIELDS(18),
    HOUR_FIELDS(19),
    HOUR_FIELDS(20),
    HOUR_FIELDS(21),
    HOUR_FIELDS(22),
    HOUR_FIELDS(23),
    HOUR_FIELDS(24),
    HOUR_CAPACITY(0),
    HOUR_CAPACITY(1),
    HOUR_CAPACITY(2),
    HOUR_CAPACITY(3),
    HOUR_CAPACITY(4),
    HOUR_CAPACITY(5),
    HOUR_CAPACITY(6),
    HOUR_CAPACITY(7),
    HOUR_CAPACITY(8),
    HOUR_CAPACITY(9),
    HOUR_CAPACITY(10),
    HOUR_CAPACITY(11),
    HOUR_CAPACITY(12),
    HOUR_CAPACITY(13),
    HOUR_CAPACITY(14),
    HOUR_CAPACITY(15),
    HOUR_CAPACITY(16),
    HOUR_CAPACITY(17),
    HOUR_CAPACITY(18),
    HOUR_CAPACITY(19),
    HOUR_CAPACITY(20),
    HOUR_CAPACITY(21),
    HOUR_CAPACITY(22),
    HOUR_CAPACITY(23),
    HOUR_CAPACITY(24),
};

const struct br_algebra br_parking_algebra = {
    .cell_size = sizeof(struct parking_cell),
    .day_size = sizeof(struct parking_day),
    .sum_size = sizeof(struct parking_sum),
    .day_fields = day_fields,
    .day_field_count = sizeof day_fields / sizeof *day_fields,
    .carry_ms = carry_ms,
    .reset = reset,
    .fold = fold,
    .extend = extend,
    .day_put = day_put,
    .add = add,
    .figure = figure,
    .overlay = overlay,
};
