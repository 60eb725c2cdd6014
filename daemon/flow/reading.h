/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A reading: what the flow keeps of an observation, in 32 bytes of whole numbers.
 *
 * Its identity is (feed, sensor, kind, observed_at). Of two readings with one identity the greater one holds
 * (br_reading_order), so that the order of arrival cannot matter. Pure. */
#ifndef BR_FLOW_READING_H
#define BR_FLOW_READING_H

#include "bruis/v1/observation.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

enum br_kind {
    BR_KIND_PARKING = 1,
    BR_KIND_TRAFFIC = 2,
    BR_KIND_JAM = 3,
    BR_KIND_PEDESTRIAN = 4,
    BR_KIND_SNAPSHOT = 5 /* a situation feed was heard whole: what it does not name has ended */
};

enum br_domain { BR_PARKING, BR_TRAFFIC, BR_PEDESTRIAN, BR_DOMAINS };

/* What value[i] means for each kind. Bit i of `known` says that it is there. */
enum { BR_PARKING_CAPACITY, BR_PARKING_VACANT, BR_PARKING_ENTRIES, BR_PARKING_EXITS };
enum { BR_TRAFFIC_FLOW_MILLI, BR_TRAFFIC_SPEED = 2 }; /* 1/1000 veh/h; km/h as a double in value[2..3] */
enum {
    BR_JAM_LENGTH_M,
    BR_JAM_DELAY_S,
    BR_JAM_VERSION,
    BR_JAM_VALID_TO_S
}; /* the last as uint32 since 1970 */
enum { BR_PEDESTRIAN_COUNT, BR_PEDESTRIAN_IN, BR_PEDESTRIAN_OUT, BR_PEDESTRIAN_PRESENCE };

#define BR_KNOWN(field) ((uint16_t)(1u << (field)))

#define BR_READING_CLOSED 1u   /* parking: not open */
#define BR_READING_FULL 2u     /* parking: says so */
#define BR_READING_OCCUPIED 4u /* parking: value[VACANT] holds the occupied places instead */
#define BR_READING_ENDED 8u    /* jam */
#define BR_READING_PARTIAL 16u
#define BR_READING_ESTIMATED 32u
#define BR_READING_WITHDRAWN 64u /* taken back: counts for nothing */
#define BR_READING_EXPIRED 128u  /* its place came too late: counts for nothing */

struct br_reading {
    int64_t observed_at_utc_ms; /* of a count: the start of its period */
    uint32_t period_ms;         /* 0: a level */
    uint16_t known;
    uint8_t kind;
    uint8_t bits;
    int32_t value[4];
};

/* Makes a reading. NULL, or why it cannot be one ("speed above 250 km/h"). */
const char *br_reading_of(const Bruis__V1__Observation *observation, int64_t interval_ms,
                          struct br_reading *reading);

double br_reading_speed(const struct br_reading *reading); /* only where it is known */

/* < 0, 0, > 0. Order: a jam's version; then the values in the order of their index, an absent one below any
 * present one; then period_ms; then bits. Only for readings of one identity. */
int br_reading_order(const struct br_reading *a, const struct br_reading *b);

enum br_domain br_kind_domain(enum br_kind kind);
Bruis__V1__Domain br_domain_record(enum br_domain domain);

#endif
