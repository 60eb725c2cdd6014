/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The key figures of traffic: flows and speeds of sites, which are counts over a period; and jams, which are
 * levels. */
#include "daemon/flow/algebra.h"
#include "daemon/core/clock.h"

#include <math.h>
#include <string.h>

#define STANDSTILL_KM_H 3.0 /* a standstill weighs as this */
#define SLOW_KM_H 50

/* Vehicles are kept as flow (1/1000 veh/h) times seconds: 3,600,000 of them are one vehicle. */
#define VEHICLE 3600000

struct traffic_cell {
    struct br_cell base;
    int64_t passed, period_ms;  /* of readings with a flow */
    int64_t passed_at_speed;    /* of those that know a speed as well */
    int64_t slowness;           /* sum of vehicles / speed, 1e-6 veh h/km */
    int64_t estimated_slowness; /* sum of 1 / speed of speeds without a flow, 1e-9 h/km */
    int64_t estimated_speeds;
    int64_t speeds;            /* readings in slowness: each is rounded by at most a half */
    int64_t queue_m_ms;        /* jams: integral of the length */
    int32_t queue_known;       /* > 0: some of it had a length */
    int32_t length_m, delay_s; /* jams: at the end; -1 unknown */
    bool active;               /* jams: at the end */
};

struct traffic_sum {
    struct br_sum base;
    int64_t flow_milli, flows;
    int64_t passed, passed_at_speed, slowness;
    int64_t slow;
    int64_t jams, length_m, lengths, delay_s, delays;
    int64_t queue_m_ms, queues;
    int64_t with_speed; /* sites that know one */
};

static int64_t carry_ms(enum br_kind kind, int64_t stale_ms)
{
    return kind == BR_KIND_TRAFFIC ? 0 : stale_ms;
}

/* Cells are compared byte by byte: no padding may differ. */
static void reset(void *to)
{
    struct traffic_cell *cell = to;
    memset(cell, 0, sizeof *cell);
    cell->base.last_utc_ms = BR_TIME_NONE;
    cell->base.capacity = -1;
    cell->length_m = cell->delay_s = -1;
}

static void fold_site(const struct br_fold *fold, struct traffic_cell *cell, const struct br_reading *reading)
{
    bool has_flow = reading->known & BR_KNOWN(BR_TRAFFIC_FLOW_MILLI);
    bool has_speed = reading->known & BR_KNOWN(BR_TRAFFIC_SPEED);
    if (reading->period_ms > fold->length_ms || reading->period_ms <= fold->period_min_ms ||
        (!has_flow && !has_speed))
        return;

    double speed = has_speed ? br_reading_speed(reading) : 0;
    cell->base.reporting = 1;
    cell->base.last_utc_ms = reading->observed_at_utc_ms;
    cell->base.partial += !!(reading->bits & BR_READING_PARTIAL);
    cell->base.estimated += !!(reading->bits & BR_READING_ESTIMATED) || !has_flow;
    if (speed <= 0)
        speed = STANDSTILL_KM_H;
    if (!has_flow) {
        cell->estimated_slowness += llround(1e9 / speed);
        cell->estimated_speeds++;
        return;
    }
    int64_t passed = br_round_div((int64_t)reading->value[BR_TRAFFIC_FLOW_MILLI] * reading->period_ms, 1000);
    cell->passed += passed;
    cell->period_ms += reading->period_ms;
    if (has_speed && passed > 0) {
        cell->passed_at_speed += passed;
        cell->slowness += llround((double)passed / (speed * 3.6));
        cell->speeds++;
    }
}

/* Until when a jam's reading holds: the next of its own, the next time that the feed was heard whole, the end
 * of its validity, or until it is stale. */
static int64_t jam_end(const struct br_fold *fold, size_t i)
{
    const struct br_reading *reading = &fold->readings[i];
    int64_t end = reading->observed_at_utc_ms + fold->stale_ms;
    if (i + 1 < fold->count && fold->readings[i + 1].observed_at_utc_ms < end)
        end = fold->readings[i + 1].observed_at_utc_ms;
    for (size_t s = 0; s < fold->snapshot_count; s++) {
        if (fold->snapshots[s].observed_at_utc_ms > reading->observed_at_utc_ms) {
            if (fold->snapshots[s].observed_at_utc_ms < end)
                end = fold->snapshots[s].observed_at_utc_ms;
            break;
        }
    }
    if (reading->known & BR_KNOWN(BR_JAM_VALID_TO_S)) {
        uint32_t valid_to_s;
        memcpy(&valid_to_s, &reading->value[BR_JAM_VALID_TO_S], sizeof valid_to_s);
        if ((int64_t)valid_to_s * 1000 < end)
            end = (int64_t)valid_to_s * 1000;
    }
    return end;
}

static void fold_jam(const struct br_fold *fold, struct traffic_cell *cell, size_t i)
{
    const struct br_reading *reading = &fold->readings[i];
    int64_t from = reading->observed_at_utc_ms, to = jam_end(fold, i);
    bool has_length = reading->known & BR_KNOWN(BR_JAM_LENGTH_M);
    if (reading->bits & BR_READING_ENDED || to <= fold->start_utc_ms || from >= to)
        return;

    int64_t begin = from > fold->start_utc_ms ? from : fold->start_utc_ms;
    int64_t end = to < fold->end_utc_ms ? to : fold->end_utc_ms;
    cell->base.reporting = 1;
    cell->base.last_utc_ms = from;
    if (has_length) {
        cell->queue_m_ms += reading->value[BR_JAM_LENGTH_M] * (end - begin);
        cell->queue_known = 1;
    }
    if (to <= fold->end_utc_ms)
        return;
    cell->active = true;
    if (has_length)
        cell->length_m = reading->value[BR_JAM_LENGTH_M];
    if (reading->known & BR_KNOWN(BR_JAM_DELAY_S))
        cell->delay_s = reading->value[BR_JAM_DELAY_S];
}

/* A snapshot is a level of its own: it says for how long the feed is heard. */
static void fold_snapshot(const struct br_fold *fold, struct traffic_cell *cell,
                          const struct br_reading *reading)
{
    if (reading->observed_at_utc_ms + fold->stale_ms > fold->end_utc_ms)
        cell->active = true;
}

static void fold(const struct br_fold *fold, void *to)
{
    struct traffic_cell *cell = to;
    reset(cell);
    for (size_t i = 0; i < fold->count; i++) {
        if (fold->kind == BR_KIND_TRAFFIC)
            fold_site(fold, cell, &fold->readings[i]);
        else if (fold->kind == BR_KIND_JAM)
            fold_jam(fold, cell, i);
        else
            fold_snapshot(fold, cell, &fold->readings[i]);
    }
}

static void add_over_time(struct traffic_cell *into, const struct traffic_cell *part, int sign)
{
    br_cell_add(&into->base, &part->base, sign);
    into->passed += sign * part->passed;
    into->period_ms += sign * part->period_ms;
    into->passed_at_speed += sign * part->passed_at_speed;
    into->slowness += sign * part->slowness;
    into->estimated_slowness += sign * part->estimated_slowness;
    into->estimated_speeds += sign * part->estimated_speeds;
    into->speeds += sign * part->speeds;
    into->queue_m_ms += sign * part->queue_m_ms;
    into->queue_known += sign * (part->queue_known > 0);
}

static void take_end(struct traffic_cell *into, const struct traffic_cell *next)
{
    into->active = next->active;
    into->length_m = next->length_m;
    into->delay_s = next->delay_s;
}

static void extend(void *to, const void *from, bool at_start)
{
    (void)at_start;
    add_over_time(to, from, 1);
    br_cell_last(to, from);
    take_end(to, from);
}

static void day_put(void *to, const void *before, const void *after, unsigned part, bool is_last)
{
    (void)part;
    if (before)
        add_over_time(to, before, -1);
    add_over_time(to, after, 1);
    br_cell_last(to, after);
    if (is_last)
        take_end(to, after);
}

/* Below the limit for certain, whatever rounding did: 50 km/h sharp is not slow.
 * speed = passed / (3.6 slowness), and slowness is less than half a unit a reading too large. */
static bool is_slow(const struct traffic_cell *cell)
{
    if (cell->speeds > 0)
        return cell->passed_at_speed * 20 <= (2 * cell->slowness - cell->speeds) * 36 * SLOW_KM_H - 1;
    return cell->estimated_speeds * INT64_C(2000000000) <=
           SLOW_KM_H * (2 * cell->estimated_slowness - cell->estimated_speeds) - 1;
}

static bool has_speed(const struct traffic_cell *cell)
{
    return cell->speeds > 0 || cell->estimated_speeds > 0;
}

static void add_site(struct traffic_sum *sum, const struct traffic_cell *cell, int sign)
{
    if (cell->base.reporting <= 0)
        return;
    br_sum_cell(&sum->base, &cell->base, sign);
    if (cell->period_ms > 0) {
        sum->flow_milli += sign * br_round_div(cell->passed * 1000, cell->period_ms);
        sum->flows += sign;
    }
    sum->passed += sign * cell->passed;
    sum->passed_at_speed += sign * cell->passed_at_speed;
    sum->slowness += sign * cell->slowness;
    sum->with_speed += sign * has_speed(cell);
    sum->slow += sign * (has_speed(cell) && is_slow(cell));
}

static void add_jam(struct traffic_sum *sum, const struct traffic_cell *cell, int sign)
{
    sum->queue_m_ms += sign * cell->queue_m_ms;
    sum->queues += sign * (cell->queue_known > 0);
    if (!cell->active)
        return;
    sum->jams += sign;
    if (cell->length_m >= 0) {
        sum->length_m += sign * cell->length_m;
        sum->lengths += sign;
    }
    if (cell->delay_s >= 0) {
        sum->delay_s += sign * cell->delay_s;
        sum->delays += sign;
    }
}

static void add(void *sum, const void *cell, int sign, enum br_kind kind)
{
    if (kind == BR_KIND_TRAFFIC)
        add_site(sum, cell, sign);
    else if (kind == BR_KIND_JAM)
        add_jam(sum, cell, sign);
}

/* Jams are known without any site: from the feeds that tell of them. */
static void figure_jams(const struct traffic_sum *sum, bool covered, Bruis__V1__TrafficFigure *traffic)
{
    bool none = covered && sum->jams == 0;
    bool no_queue = covered && sum->jams == 0 && sum->queues == 0;
    br_give(&traffic->has_jams, &traffic->jams, covered || sum->jams > 0, sum->jams);
    br_give(&traffic->has_queue_length_m, &traffic->queue_length_m, none || sum->lengths > 0, sum->length_m);
    br_give(&traffic->has_delay_s, &traffic->delay_s, none || sum->delays > 0, sum->delay_s);
    br_give_ratio(&traffic->has_queue_km_min, &traffic->queue_km_min, sum->queue_m_ms,
                  no_queue || sum->queues > 0 ? 60000000 : 0, 1);
}

static void figure(const void *from, const struct br_figure_frame *frame, bool known, Bruis__V1__Figure *to)
{
    const struct traffic_sum *sum = from;
    Bruis__V1__TrafficFigure *traffic = &frame->submessage->traffic;

    bruis__v1__traffic_figure__init(traffic);
    to->traffic = traffic;
    br_give(&traffic->has_sites, &traffic->sites, sum->base.reporting > 0, sum->base.reporting);
    figure_jams(sum, frame->covered, traffic);
    if (!known)
        return;
    br_give(&traffic->has_vehicles, &traffic->vehicles, sum->flows > 0, br_round_div(sum->passed, VEHICLE));
    br_give_ratio(&traffic->has_flow_veh_h, &traffic->flow_veh_h, sum->flow_milli, sum->flows > 0 ? 1000 : 0,
                  1);
    br_give_ratio(&traffic->has_speed_km_h, &traffic->speed_km_h, sum->passed_at_speed * 10,
                  sum->slowness * 36, 1);
    br_give(&traffic->has_sites_slow, &traffic->sites_slow, sum->with_speed > 0, sum->slow);
    br_give_ratio(&traffic->has_slow_share, &traffic->slow_share, sum->slow,
                  sum->with_speed > 0 ? sum->base.reporting : 0, 4);
}

/* Jams are levels; the sites' flows stay those of the last window. */
static void overlay(Bruis__V1__Figure *figure, const Bruis__V1__Figure *now)
{
    Bruis__V1__TrafficFigure *to = figure->traffic;
    const Bruis__V1__TrafficFigure *from = now->traffic;
    br_give(&to->has_jams, &to->jams, from->has_jams, from->jams);
    br_give(&to->has_queue_length_m, &to->queue_length_m, from->has_queue_length_m, from->queue_length_m);
    br_give(&to->has_delay_s, &to->delay_s, from->has_delay_s, from->delay_s);
}

static const struct br_field day_fields[] = {
    BR_FIELD(struct traffic_cell, base.last_utc_ms),
    BR_FIELD(struct traffic_cell, base.capacity),
    BR_FIELD(struct traffic_cell, base.reporting),
    BR_FIELD(struct traffic_cell, base.partial),
    BR_FIELD(struct traffic_cell, base.estimated),
    BR_FIELD(struct traffic_cell, base.stale),
    BR_FIELD(struct traffic_cell, passed),
    BR_FIELD(struct traffic_cell, period_ms),
    BR_FIELD(struct traffic_cell, passed_at_speed),
    BR_FIELD(struct traffic_cell, slowness),
    BR_FIELD(struct traffic_cell, estimated_slowness),
    BR_FIELD(struct traffic_cell, estimated_speeds),
    BR_FIELD(struct traffic_cell, queue_m_ms),
    BR_FIELD(struct traffic_cell, queue_known),
    BR_FIELD(struct traffic_cell, length_m),
    BR_FIELD(struct traffic_cell, delay_s),
    BR_FIELD(struct traffic_cell, active),
    BR_FIELD(struct traffic_cell, speeds),
};

const struct br_algebra br_traffic_algebra = {
    .cell_size = sizeof(struct traffic_cell),
    .day_size = sizeof(struct traffic_cell),
    .sum_size = sizeof(struct traffic_sum),
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
