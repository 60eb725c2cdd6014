/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The catalogue: what the operator says of sensors, from CSV files with the columns
 * feed,sensor,name,lat,lon,region,capacity,kind,length_m,width_m,interval_s (header required; any order; all
 * but feed and sensor may be missing or empty). What it says wins over what a source says. Read once,
 * read-only. */
#ifndef BR_FLOW_CATALOGUE_H
#define BR_FLOW_CATALOGUE_H

#include "daemon/config.h"
#include "daemon/flow/region.h"

struct br_catalogue_entry {
    size_t feed; /* index in the configuration */
    const char *sensor;
    const char *name;         /* NULL: not given */
    double lat, lon;          /* NaN: not given, both or none */
    uint32_t region;          /* home region, or BR_REGION_NONE */
    int32_t capacity;         /* -1: not given */
    int kind;                 /* Bruis__V1__ParkingKind, or 0 */
    double length_m, width_m; /* NaN: not given */
    int64_t interval_ms;      /* 0: the feed's */
};

struct br_catalogue;

/* All faults (unknown feed or region, bad number, a sensor twice, an unknown column) with file and line; NULL
 * when there is one. */
struct br_catalogue *br_catalogue_open(const struct br_config *config, const struct br_regions *regions,
                                       struct br_faults *faults);
void br_catalogue_close(struct br_catalogue *catalogue);

size_t br_catalogue_count(const struct br_catalogue *catalogue);

/* In the order of the files and their rows. */
const struct br_catalogue_entry *br_catalogue_at(const struct br_catalogue *catalogue, size_t index);

#endif
