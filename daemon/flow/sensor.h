/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The registry: what is known of each sensor. A sensor is (feed, id, kind); it is never forgotten while the
 * process lives, up to limits.sensors. One owner, one thread. */
#ifndef BR_FLOW_SENSOR_H
#define BR_FLOW_SENSOR_H

#include "daemon/core/view.h"
#include "daemon/flow/past.h"
#include "daemon/flow/reading.h"
#include "daemon/flow/readings.h"
#include "daemon/flow/region.h"

#define BR_LEAF_NONE UINT32_MAX

struct br_sensor {
    uint32_t index;
    uint32_t feed;
    uint8_t kind;         /* enum br_kind */
    uint8_t parking_kind; /* Bruis__V1__ParkingKind, or 0 */
    bool described;       /* catalogued: by the operator or by the source; expected also when it is silent */
    bool place_fixed;     /* place of the catalogue: readings do not move it */
    bool capacity_fixed;
    bool measures; /* has had a value that a key figure is made of; else it is not expected */
    bool placed;   /* has a point or a home region, and with it a leaf or none for ever */
    char *id;
    uint32_t home;            /* home region of the catalogue, or BR_REGION_NONE */
    uint32_t leaf;            /* in its domain, or BR_LEAF_NONE */
    double lat, lon;          /* NaN: unknown */
    int64_t placed_at_utc_ms; /* observed_at of the reading that gave the place: a later one wins */
    int32_t capacity;         /* described; -1: unknown */
    int64_t interval_ms, stale_ms;
    int64_t period_max_ms; /* of its counts */
    struct br_past past;
    int64_t from_utc_ms;    /* readings before it do not count: the place came too late for them */
    int64_t expired_utc_ms; /* pending readings before it have been counted unlocated */
    br_link head;
    void *cells; /* of the window module: open cells of the longer windows */
};

struct br_sensors;

struct br_sensors *br_sensors_open(size_t count_max);
void br_sensors_close(struct br_sensors *sensors);

/* The sensor, made when it is new. NULL: the registry is full, or memory. */
struct br_sensor *br_sensors_get(struct br_sensors *sensors, uint32_t feed, enum br_kind kind,
                                 struct br_view id);
/* Takes back the sensor that was made last, as if it had never been. */
void br_sensors_drop_last(struct br_sensors *sensors);
struct br_sensor *br_sensors_find(const struct br_sensors *sensors, uint32_t feed, enum br_kind kind,
                                  struct br_view id);

size_t br_sensors_count(const struct br_sensors *sensors);
bool br_sensors_full(const struct br_sensors *sensors);                          /* there may be no more */
struct br_sensor *br_sensors_at(const struct br_sensors *sensors, size_t index); /* in order of making */

#endif
