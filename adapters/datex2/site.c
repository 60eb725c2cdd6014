/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A site gives each lane several values: for all vehicles, and for classes of vehicles that are parts of
 * them. Only the values for all vehicles count, else every vehicle counts twice; and those of the whole
 * carriageway only where the table has none of single lanes, for the same reason. */
#include "adapters/datex2/site.h"

#include <math.h>

/* A queue that stands has no harmonic mean: among moving lanes it weighs as this speed. */
#define STANDSTILL_KM_H 3.0

#define LANE_COUNT (BR_DATEX2_LANE_MAX + 1)

struct lanes {
    double flow_veh_h[LANE_COUNT];                   /* NaN: unknown */
    const struct br_datex2_value *speed[LANE_COUNT]; /* NULL: none */
};

bool br_datex2_value_known(const struct br_datex2_value *value, double flow_veh_h)
{
    if (value->error || isnan(value->number) || value->number < 0)
        return false;
    switch ((enum br_datex2_kind)value->kind) {
    case BR_DATEX2_KIND_FLOW:
        return true;
    case BR_DATEX2_KIND_TRAVEL_TIME:
        return value->number > 0;
    case BR_DATEX2_KIND_SPEED:
        if (value->number > BR_DATEX2_SPEED_MAX_KM_H || value->inputs == 0)
            return false;
        return value->number > 0 || value->inputs > 0 || flow_veh_h > 0;
    case BR_DATEX2_KIND_NONE:
    case BR_DATEX2_KIND_STATUS:
        break;
    }
    return false;
}

/* Takes the first value of each lane and kind. */
static void lane_take(struct lanes *lanes, unsigned lane, const struct br_datex2_value *value)
{
    if (value->kind == BR_DATEX2_KIND_SPEED) {
        if (!lanes->speed[lane])
            lanes->speed[lane] = value;
    } else if (isnan(lanes->flow_veh_h[lane]) && br_datex2_value_known(value, NAN)) {
        lanes->flow_veh_h[lane] = value->number;
    }
}

static void take(const struct br_datex2_record *record, const struct br_datex2_value *value,
                 int64_t at_utc_ms, struct lanes *lanes, struct br_datex2_figures *figures)
{
    struct br_datex2_meaning meaning = br_datex2_meaning_of(record, value->index);
    bool travel = value->kind == BR_DATEX2_KIND_TRAVEL_TIME;
    if (!meaning.any || (!travel && meaning.lane == 0 && record->laned))
        return;
    if (value->error || value->at_utc_ms != at_utc_ms) {
        figures->partial = true;
    } else if (!travel) {
        lane_take(lanes, meaning.lane, value);
    } else if (isnan(figures->travel_time_s) && br_datex2_value_known(value, NAN)) {
        figures->travel_time_s = value->number;
        figures->reference_s = value->reference_s;
    }
}

static double flow_sum(const struct lanes *lanes)
{
    double sum = NAN;
    for (size_t i = 0; i < LANE_COUNT; i++)
        if (!isnan(lanes->flow_veh_h[i]))
            sum = isnan(sum) ? lanes->flow_veh_h[i] : sum + lanes->flow_veh_h[i];
    return sum;
}

/* What a lane's speed weighs in the mean; 0: it takes no part. */
static double weight(const struct lanes *lanes, size_t lane, bool flows)
{
    double flow_veh_h = lanes->flow_veh_h[lane];
    if (!lanes->speed[lane] || !br_datex2_value_known(lanes->speed[lane], flow_veh_h))
        return 0;
    if (!flows)
        return 1;
    return flow_veh_h > 0 ? flow_veh_h : 0;
}

/* Harmonic: vehicles by the time that each of them needs. Lanes of one speed have that speed, without the
 * rounding of a division there and back. */
static double speed_mean(const struct lanes *lanes, bool flows)
{
    double weights = 0, hours = 0, slowest_km_h = INFINITY, fastest_km_h = 0;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        double part = weight(lanes, i, flows);
        if (part <= 0)
            continue;
        double speed_km_h = lanes->speed[i]->number;
        slowest_km_h = fmin(slowest_km_h, speed_km_h);
        fastest_km_h = fmax(fastest_km_h, speed_km_h);
        weights += part;
        hours += part / (speed_km_h > 0 ? speed_km_h : STANDSTILL_KM_H);
    }
    if (weights <= 0)
        return NAN;
    return slowest_km_h < fastest_km_h ? weights / hours : fastest_km_h;
}

bool br_datex2_site_figures(const struct br_datex2_record *record, const struct br_datex2_value *values,
                            size_t count, int64_t at_utc_ms, struct br_datex2_figures *figures)
{
    struct lanes lanes;
    *figures = (struct br_datex2_figures){NAN, NAN, NAN, NAN, false, false};
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lanes.flow_veh_h[i] = NAN;
        lanes.speed[i] = NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (values[i].kind != BR_DATEX2_KIND_NONE)
            take(record, &values[i], at_utc_ms, &lanes, figures);
    figures->flow_veh_h = flow_sum(&lanes);
    figures->speed_km_h = speed_mean(&lanes, !isnan(figures->flow_veh_h));
    figures->estimated = isnan(figures->flow_veh_h) && !isnan(figures->speed_km_h);
    return !isnan(figures->flow_veh_h) || !isnan(figures->speed_km_h) || !isnan(figures->travel_time_s);
}
