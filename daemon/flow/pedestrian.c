/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The key figures of pedestrians: passages, which are counts over a period, and presence, which is a level.
 *
 * With privacy on, nothing leaves but sums of protected cells: the counts of a leaf in one min_window
 * (protect), and counts longer than that, each a cell of its own (fold). */
#include "daemon/flow/algebra.h"
#include "daemon/core/clock.h"

#include <math.h>
#include <string.h>

#define STALE_INTERVALS 3
#define HOUR_MS 3600000

/* Counts in, out and without a direction. */
struct counts {
    int64_t in, out, all;
};

struct pedestrian_cell {
    struct br_cell base;
    struct counts count, counted; /* counted: number of readings that had it */
    struct counts alone;          /* protected counts of periods longer than min_window */
    int64_t alone_variance;
    int32_t presence; /* at the end; -1 */
};

struct pedestrian_sum {
    struct br_sum base;
    struct counts count, counted;
    struct counts alone;
    int64_t alone_variance;
    struct counts safe; /* protected */
    int64_t safe_variance;
    int64_t presence, presences;
    int64_t safe_presence, presence_variance;
};

static int64_t carry_ms(enum br_kind kind, int64_t stale_ms)
{
    (void)kind;
    return stale_ms; /* of the presence */
}

static void add_counts(struct counts *to, const struct counts *from, int sign)
{
    to->in += sign * from->in;
    to->out += sign * from->out;
    to->all += sign * from->all;
}

static int64_t safe_count(const struct br_fold *fold, const struct br_reading *reading, int field, char what,
                          int64_t *variance)
{
    struct br_privacy_cell name = {fold->sensor_name, fold->sensor_name_size, reading->observed_at_utc_ms,
                                   what};
    if (!(reading->known & BR_KNOWN(field)))
        return 0;
    int64_t safe = br_privacy_round(fold->privacy, &name, reading->value[field]);
    *variance += br_privacy_variance(fold->privacy, safe);
    return safe;
}

static void fold_count(const struct br_fold *fold, struct pedestrian_cell *cell,
                       const struct br_reading *reading)
{
    bool has_in = reading->known & BR_KNOWN(BR_PEDESTRIAN_IN);
    bool has_out = reading->known & BR_KNOWN(BR_PEDESTRIAN_OUT);
    bool has_all = (reading->known & BR_KNOWN(BR_PEDESTRIAN_COUNT)) && !has_in && !has_out;
    if (reading->observed_at_utc_ms < fold->start_utc_ms || reading->period_ms > fold->length_ms ||
        reading->period_ms <= fold->period_min_ms || !(has_in || has_out || has_all))
        return;

    cell->base.reporting = 1;
    cell->counted.in += has_in;
    cell->counted.out += has_out;
    cell->counted.all += has_all;
    if (br_privacy_on(fold->privacy) && reading->period_ms > fold->min_window_ms) {
        cell->alone.in += safe_count(fold, reading, BR_PEDESTRIAN_IN, 'i', &cell->alone_variance);
        cell->alone.out += safe_count(fold, reading, BR_PEDESTRIAN_OUT, 'o', &cell->alone_variance);
        if (has_all)
            cell->alone.all += safe_count(fold, reading, BR_PEDESTRIAN_COUNT, 'c', &cell->alone_variance);
        return;
    }
    cell->count.in += has_in ? reading->value[BR_PEDESTRIAN_IN] : 0;
    cell->count.out += has_out ? reading->value[BR_PEDESTRIAN_OUT] : 0;
    cell->count.all += has_all ? reading->value[BR_PEDESTRIAN_COUNT] : 0;
}

static void fold_presence(const struct br_fold *fold, struct pedestrian_cell *cell,
                          const struct br_reading *reading)
{
    int64_t end = reading->observed_at_utc_ms + fold->stale_ms;
    if (!(reading->known & BR_KNOWN(BR_PEDESTRIAN_PRESENCE)) || end <= fold->start_utc_ms)
        return;
    cell->base.reporting = 1;
    cell->presence = end > fold->end_utc_ms ? reading->value[BR_PEDESTRIAN_PRESENCE] : -1;
    cell->base.stale = fold->end_utc_ms - reading->observed_at_utc_ms >
                       STALE_INTERVALS * fold->interval_ms + (int64_t)reading->period_ms;
}

/* Cells are compared byte by byte: no padding may differ. */
static void reset(void *to)
{
    struct pedestrian_cell *cell = to;
    memset(cell, 0, sizeof *cell);
    cell->base.last_utc_ms = BR_TIME_NONE;
    cell->base.capacity = -1;
    cell->presence = -1;
}

static void fold(const struct br_fold *fold, void *to)
{
    struct pedestrian_cell *cell = to;
    reset(cell);
    for (size_t i = 0; i < fold->count; i++) {
        const struct br_reading *reading = &fold->readings[i];
        int32_t reporting = cell->base.reporting;
        cell->base.reporting = 0;
        fold_count(fold, cell, reading);
        fold_presence(fold, cell, reading);
        if (cell->base.reporting) {
            cell->base.last_utc_ms = reading->observed_at_utc_ms;
            cell->base.partial += !!(reading->bits & BR_READING_PARTIAL);
            cell->base.estimated += !!(reading->bits & BR_READING_ESTIMATED);
        }
        cell->base.reporting |= reporting;
    }
}

static void add_over_time(struct pedestrian_cell *into, const struct pedestrian_cell *part, int sign)
{
    br_cell_add(&into->base, &part->base, sign);
    add_counts(&into->count, &part->count, sign);
    add_counts(&into->counted, &part->counted, sign);
    add_counts(&into->alone, &part->alone, sign);
    into->alone_variance += sign * part->alone_variance;
}

static void take_end(struct pedestrian_cell *into, const struct pedestrian_cell *next)
{
    into->presence = next->presence;
    into->base.stale = next->base.stale;
}

static void extend(void *to, const void *from, bool at_start)
{
    struct pedestrian_cell *into = to;
    const struct pedestrian_cell *next = from;
    (void)at_start;
    add_over_time(into, next, 1);
    br_cell_last(&into->base, &next->base);
    take_end(into, next);
}

static void day_put(void *to, const void *before, const void *after, unsigned part, bool is_last)
{
    struct pedestrian_cell *day = to;
    const struct pedestrian_cell *cell = after;
    (void)part;
    if (before)
        add_over_time(day, before, -1);
    add_over_time(day, cell, 1);
    br_cell_last(&day->base, &cell->base);
    if (is_last)
        take_end(day, cell);
}

static void add(void *to, const void *from, int sign, enum br_kind kind)
{
    struct pedestrian_sum *sum = to;
    const struct pedestrian_cell *cell = from;
    (void)kind;
    if (cell->base.reporting <= 0)
        return;
    br_sum_cell(&sum->base, &cell->base, sign);
    add_counts(&sum->count, &cell->count, sign);
    add_counts(&sum->counted, &cell->counted, sign);
    add_counts(&sum->alone, &cell->alone, sign);
    sum->alone_variance += sign * cell->alone_variance;
    if (cell->presence >= 0) {
        sum->presence += sign * cell->presence;
        sum->presences += sign;
    }
}

static void protect_counts(struct pedestrian_sum *sum, const struct br_privacy *privacy,
                           struct br_privacy_cell *name)
{
    const char what[] = {'i', 'o', 'c'};
    const int64_t count[] = {sum->count.in, sum->count.out, sum->count.all};
    const int64_t counted[] = {sum->counted.in, sum->counted.out, sum->counted.all};
    int64_t *safe[] = {&sum->safe.in, &sum->safe.out, &sum->safe.all};

    sum->safe_variance = 0;
    for (int i = 0; i < 3; i++) {
        name->what = what[i];
        *safe[i] = br_privacy_round(privacy, name, count[i]);
        if (counted[i] > 0)
            sum->safe_variance += br_privacy_variance(privacy, *safe[i]);
    }
}

static void protect(void *to, const struct br_privacy *privacy, const uint8_t *leaf_name,
                    int64_t start_utc_ms, int64_t end_utc_ms, bool whole_cell)
{
    struct pedestrian_sum *sum = to;
    struct br_privacy_cell name = {.who = leaf_name, .who_size = 32, .start_utc_ms = start_utc_ms};
    if (whole_cell)
        protect_counts(sum, privacy, &name);
    name.start_utc_ms = end_utc_ms;
    name.what = 'p';
    sum->safe_presence = br_privacy_round(privacy, &name, sum->presence);
    sum->presence_variance = sum->presences > 0 ? br_privacy_variance(privacy, sum->safe_presence) : 0;
}

static void inherit(void *to, const void *from, int sign)
{
    struct pedestrian_sum *sum = to;
    const struct pedestrian_sum *part = from;
    add_counts(&sum->safe, &part->safe, sign);
    sum->safe_variance += sign * part->safe_variance;
}

static void figure_passages(const struct pedestrian_sum *sum, const struct br_figure_frame *frame,
                            Bruis__V1__PedestrianFigure *pedestrian)
{
    bool safe = br_privacy_on(frame->privacy);
    struct counts passed = safe ? sum->safe : sum->count;
    add_counts(&passed, &sum->alone, 1); /* none with privacy off */
    int64_t passages = passed.in + passed.out + passed.all;
    bool known = sum->counted.in + sum->counted.out + sum->counted.all > 0;
    int64_t variance = safe ? sum->safe_variance + sum->alone_variance : 0;

    br_give(&pedestrian->has_passages, &pedestrian->passages, known, passages);
    br_give(&pedestrian->has_passages_in, &pedestrian->passages_in, sum->counted.in > 0, passed.in);
    br_give(&pedestrian->has_passages_out, &pedestrian->passages_out, sum->counted.out > 0, passed.out);
    pedestrian->has_per_hour = pedestrian->has_margin = known;
    pedestrian->per_hour = known ? br_round_ratio(passages * HOUR_MS, frame->length_ms, 1) : 0;
    pedestrian->margin = known ? round(sqrt((double)variance) * 10) / 10 : 0;
}

static void figure(const void *from, const struct br_figure_frame *frame, bool known, Bruis__V1__Figure *to)
{
    const struct pedestrian_sum *sum = from;
    Bruis__V1__PedestrianFigure *pedestrian = &frame->submessage->pedestrian;

    bruis__v1__pedestrian_figure__init(pedestrian);
    to->pedestrian = pedestrian;
    br_give(&pedestrian->has_sensors, &pedestrian->sensors, sum->base.reporting > 0, sum->base.reporting);
    if (!known)
        return;
    figure_passages(sum, frame, pedestrian);
    br_give(&pedestrian->has_presence, &pedestrian->presence, sum->presences > 0,
            br_privacy_on(frame->privacy) ? sum->safe_presence : sum->presence);
}

/* With privacy on there is nothing new between two protected cells: asking every second would give the noise
 * away. */
static void overlay(Bruis__V1__Figure *figure, const Bruis__V1__Figure *now)
{
    if (figure->quality == BRUIS__V1__FIGURE__QUALITY__protected ||
        now->quality == BRUIS__V1__FIGURE__QUALITY__protected)
        return;
    br_give(&figure->pedestrian->has_presence, &figure->pedestrian->presence, now->pedestrian->has_presence,
            now->pedestrian->presence);
}

static const struct br_field day_fields[] = {
    BR_FIELD(struct pedestrian_cell, base.last_utc_ms), BR_FIELD(struct pedestrian_cell, base.capacity),
    BR_FIELD(struct pedestrian_cell, base.reporting),   BR_FIELD(struct pedestrian_cell, base.partial),
    BR_FIELD(struct pedestrian_cell, base.estimated),   BR_FIELD(struct pedestrian_cell, base.stale),
    BR_FIELD(struct pedestrian_cell, count.in),         BR_FIELD(struct pedestrian_cell, count.out),
    BR_FIELD(struct pedestrian_cell, count.all),        BR_FIELD(struct pedestrian_cell, counted.in),
    BR_FIELD(struct pedestrian_cell, counted.out),      BR_FIELD(struct pedestrian_cell, counted.all),
    BR_FIELD(struct pedestrian_cell, alone.in),         BR_FIELD(struct pedestrian_cell, alone.out),
    BR_FIELD(struct pedestrian_cell, alone.all),        BR_FIELD(struct pedestrian_cell, alone_variance),
    BR_FIELD(struct pedestrian_cell, presence),
};

const struct br_algebra br_pedestrian_algebra = {
    .cell_size = sizeof(struct pedestrian_cell),
    .day_size = sizeof(struct pedestrian_cell),
    .sum_size = sizeof(struct pedestrian_sum),
    .day_fields = day_fields,
    .day_field_count = sizeof day_fields / sizeof *day_fields,
    .carry_ms = carry_ms,
    .reset = reset,
    .fold = fold,
    .extend = extend,
    .day_put = day_put,
    .add = add,
    .protect = protect,
    .inherit = inherit,
    .figure = figure,
    .overlay = overlay,
};
