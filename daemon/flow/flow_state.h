/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The state of the flow, shared by its files: flow.c (observations and time), locate.c (sensors and their
 * places). Nobody else includes it. */
#ifndef BR_FLOW_FLOW_STATE_H
#define BR_FLOW_FLOW_STATE_H

#include "daemon/flow/checkpoint.h"
#include "daemon/flow/flow.h"
#include "daemon/flow/place.h"
#include "daemon/flow/watermark.h"
#include "daemon/flow/window.h"

struct br_flow {
    struct br_flow_setup setup;
    struct br_sensors *sensors;
    struct br_readings *readings;
    struct br_places *places;
    struct br_privacy *privacy;
    struct br_zone *day_zone;
    struct br_watermarks *watermarks;
    struct br_windows *windows[BR_DOMAINS];
    struct br_reading_list list;
    int64_t clock_utc_ms;   /* the latest time of arrival or tick; BR_TIME_NONE */
    int64_t kept_utc_ms;    /* of the state on disk; BR_TIME_NONE: there is none */
    int64_t minute_utc_ms;  /* of the last look at what is pending */
    int64_t live_utc_ms;    /* of the last live figures */
    bool heard[BR_DOMAINS]; /* something that may change them, since */
    bool ticked;            /* the rest of a tick is to be done, when its windows are out */
    int64_t stale_max_ms;
};

/* locate.c */

/* The sensor of a record, known to its domain's windows; NULL: the registry is full, or memory: then it is as
 * if the sensor had never been named. */
struct br_sensor *sensor_of(struct br_flow *flow, size_t feed, enum br_kind kind, struct br_view id);
const char *no_sensor(const struct br_flow *flow); /* why it is NULL */

/* What a reading tells of its sensor's place. Where memory runs out the sensor stays where it was, or
 * nowhere, until its next place. */
void locate_observation(struct br_flow *flow, struct br_sensor *sensor,
                        const struct br_emitted_observation *emitted, int64_t received_at_utc_ms);

/* What the operator says of a sensor. False: out of memory. */
bool take_entry(struct br_flow *flow, const struct br_catalogue_entry *entry);

/* A place that is known from before: no reading waits for it, and no window is corrected. False: out of
 * memory. */
bool locate_again(struct br_flow *flow, struct br_sensor *sensor, double lat, double lon,
                  int64_t placed_at_utc_ms);

/* recall.c: takes a state back into a flow that has just been opened. False: out of memory. */
bool recall(struct br_flow *flow, const Bruis__V1__State *state);

/* Counts the readings as unlocated whose place did not come in time. */
void expire_pending(struct br_flow *flow);

#endif
