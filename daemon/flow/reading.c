/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/reading.h"

#include <math.h>
#include <string.h>

#define SPEED_MAX_KM_H 250.0

/* A whole number of a double, rounded half away from zero. False: it does not fit. */
static bool whole(double value, double scale, int32_t *out)
{
    double scaled = round(value * scale);
    if (!(scaled >= 0 && scaled <= INT32_MAX))
        return false;
    *out = (int32_t)scaled;
    return true;
}

static void set(struct br_reading *reading, int field, int32_t value)
{
    reading->value[field] = value;
    reading->known |= BR_KNOWN(field);
}

static const char *of_parking(const Bruis__V1__Parking *parking, struct br_reading *reading)
{
    if ((parking->has_vacant && parking->vacant < 0) || (parking->has_occupied && parking->occupied < 0) ||
        (parking->has_entries && parking->entries < 0) || (parking->has_exits && parking->exits < 0))
        return "a negative number of places or vehicles";
    if (parking->has_capacity && parking->capacity > 0)
        set(reading, BR_PARKING_CAPACITY, parking->capacity);
    if (parking->has_vacant) {
        set(reading, BR_PARKING_VACANT, parking->vacant);
    } else if (parking->has_occupied) {
        set(reading, BR_PARKING_VACANT, parking->occupied);
        reading->bits |= BR_READING_OCCUPIED;
    }
    if (parking->has_entries)
        set(reading, BR_PARKING_ENTRIES, parking->entries);
    if (parking->has_exits)
        set(reading, BR_PARKING_EXITS, parking->exits);
    if (parking->has_state && parking->state == BRUIS__V1__PARKING__STATE__closed)
        reading->bits |= BR_READING_CLOSED;
    if (parking->has_full && parking->full)
        reading->bits |= BR_READING_FULL;
    return NULL;
}

static const char *of_traffic(const Bruis__V1__Traffic *traffic, int64_t interval_ms,
                              struct br_reading *reading)
{
    int32_t flow_milli;
    int32_t period_ms = 0;
    if (traffic->has_period_s && !whole(traffic->period_s, 1000, &period_ms))
        return "a period out of range";
    reading->period_ms = period_ms > 0 ? (uint32_t)period_ms : (uint32_t)interval_ms;
    if (traffic->has_flow_veh_h) {
        if (!whole(traffic->flow_veh_h, 1000, &flow_milli))
            return "a flow out of range";
        set(reading, BR_TRAFFIC_FLOW_MILLI, flow_milli);
    }
    if (traffic->has_speed_km_h) {
        if (!(traffic->speed_km_h >= 0 && traffic->speed_km_h <= SPEED_MAX_KM_H))
            return "a speed out of range";
        memcpy(&reading->value[BR_TRAFFIC_SPEED], &traffic->speed_km_h, sizeof(double));
        reading->known |= BR_KNOWN(BR_TRAFFIC_SPEED);
    }
    return NULL;
}

static const char *of_jam(const Bruis__V1__Jam *jam, struct br_reading *reading)
{
    int32_t number;
    if (jam->has_length_m) {
        if (!whole(jam->length_m, 1, &number))
            return "a queue length out of range";
        set(reading, BR_JAM_LENGTH_M, number);
    }
    if (jam->has_delay_s) {
        if (!whole(jam->delay_s, 1, &number))
            return "a delay out of range";
        set(reading, BR_JAM_DELAY_S, number);
    }
    if (jam->has_version && jam->version >= 0)
        set(reading, BR_JAM_VERSION, jam->version > INT32_MAX ? INT32_MAX : (int32_t)jam->version);
    if (jam->has_valid_to && jam->valid_to >= 0 && jam->valid_to / 1000 < UINT32_MAX) {
        uint32_t valid_to_s = (uint32_t)(jam->valid_to / 1000);
        memcpy(&reading->value[BR_JAM_VALID_TO_S], &valid_to_s, sizeof valid_to_s);
        reading->known |= BR_KNOWN(BR_JAM_VALID_TO_S);
    }
    if (jam->has_state && jam->state == BRUIS__V1__JAM__STATE__ended)
        reading->bits |= BR_READING_ENDED;
    return NULL;
}

static const char *set_count(struct br_reading *reading, int field, bool has, int64_t count)
{
    if (has && (count < 0 || count > INT32_MAX))
        return "a count out of range";
    if (has)
        set(reading, field, (int32_t)count);
    return NULL;
}

static const char *of_pedestrian(const Bruis__V1__Pedestrian *pedestrian, int64_t interval_ms,
                                 struct br_reading *reading)
{
    int32_t period_ms = 0;
    if (pedestrian->has_period_s && !whole(pedestrian->period_s, 1000, &period_ms))
        return "a period out of range";
    reading->period_ms = period_ms > 0 ? (uint32_t)period_ms : (uint32_t)interval_ms;
    const char *fault = set_count(reading, BR_PEDESTRIAN_COUNT, pedestrian->has_count, pedestrian->count);
    if (!fault)
        fault = set_count(reading, BR_PEDESTRIAN_IN, pedestrian->has_count_in, pedestrian->count_in);
    if (!fault)
        fault = set_count(reading, BR_PEDESTRIAN_OUT, pedestrian->has_count_out, pedestrian->count_out);
    if (!fault)
        fault = set_count(reading, BR_PEDESTRIAN_PRESENCE, pedestrian->has_presence, pedestrian->presence);
    return fault;
}

static void take_flags(const Bruis__V1__Observation *observation, struct br_reading *reading)
{
    for (size_t i = 0; i < observation->n_quality; i++) {
        if (observation->quality[i] == BRUIS__V1__FLAG__partial)
            reading->bits |= BR_READING_PARTIAL;
        if (observation->quality[i] == BRUIS__V1__FLAG__estimated)
            reading->bits |= BR_READING_ESTIMATED;
    }
}

const char *br_reading_of(const Bruis__V1__Observation *observation, int64_t interval_ms,
                          struct br_reading *reading)
{
    *reading = (struct br_reading){.observed_at_utc_ms = observation->observed_at};
    take_flags(observation, reading);
    if (!observation->has_observed_at)
        return "no time of observation";
    if (observation->parking) {
        reading->kind = BR_KIND_PARKING;
        return of_parking(observation->parking, reading);
    }
    if (observation->jam) {
        reading->kind = BR_KIND_JAM;
        return of_jam(observation->jam, reading);
    }
    if (observation->traffic) {
        reading->kind = BR_KIND_TRAFFIC;
        return of_traffic(observation->traffic, interval_ms, reading);
    }
    if (observation->pedestrian) {
        reading->kind = BR_KIND_PEDESTRIAN;
        return of_pedestrian(observation->pedestrian, interval_ms, reading);
    }
    return "no values of any domain";
}

double br_reading_speed(const struct br_reading *reading)
{
    double speed;
    memcpy(&speed, &reading->value[BR_TRAFFIC_SPEED], sizeof speed);
    return speed;
}

static int order_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t field(const struct br_reading *reading, int index)
{
    if (!(reading->known & BR_KNOWN(index)))
        return -1;
    if (reading->kind == BR_KIND_JAM && index == BR_JAM_VALID_TO_S)
        return (uint32_t)reading->value[index]; /* past 2038 its int32_t is negative */
    return reading->value[index];
}

static int order_values(const struct br_reading *a, const struct br_reading *b)
{
    for (int i = 0; i < 4; i++) {
        int order;
        if (a->kind == BR_KIND_TRAFFIC && i >= BR_TRAFFIC_SPEED) {
            double speed_a = a->known & BR_KNOWN(BR_TRAFFIC_SPEED) ? br_reading_speed(a) : -1;
            double speed_b = b->known & BR_KNOWN(BR_TRAFFIC_SPEED) ? br_reading_speed(b) : -1;
            order = (speed_a > speed_b) - (speed_a < speed_b);
        } else {
            order = order_of(field(a, i), field(b, i));
        }
        if (order != 0)
            return order;
    }
    return 0;
}

int br_reading_order(const struct br_reading *a, const struct br_reading *b)
{
    int order = 0;
    if (a->kind == BR_KIND_JAM)
        order = order_of(field(a, BR_JAM_VERSION), field(b, BR_JAM_VERSION));
    if (order == 0)
        order = order_values(a, b);
    if (order == 0)
        order = order_of(a->period_ms, b->period_ms);
    if (order == 0)
        order = order_of(a->bits, b->bits);
    return order;
}

enum br_domain br_kind_domain(enum br_kind kind)
{
    switch (kind) {
    case BR_KIND_PARKING:
        return BR_PARKING;
    case BR_KIND_PEDESTRIAN:
        return BR_PEDESTRIAN;
    case BR_KIND_TRAFFIC:
    case BR_KIND_JAM:
    case BR_KIND_SNAPSHOT:
        break;
    }
    return BR_TRAFFIC;
}

Bruis__V1__Domain br_domain_record(enum br_domain domain)
{
    if (domain == BR_PARKING)
        return BRUIS__V1__DOMAIN__parking;
    return domain == BR_TRAFFIC ? BRUIS__V1__DOMAIN__traffic : BRUIS__V1__DOMAIN__pedestrian;
}
