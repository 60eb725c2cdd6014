/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Regions: the division of the country (a table), sets of the user's own, and polygons.
 *
 * Built once from the configuration, read-only afterwards; one thread at a time asks it. A region is known by
 * its index (table order, then sets). A membership is the sorted list of all regions that something counts
 * in: its home, the home's closure of parents, and sets by members, exceptions or polygon; each region once.
 * Source of the codes: reference tables of CBS.
 *
 * Polygons may be of several levels (neighbourhoods within municipalities): every level that holds a point
 * counts. Where two levels disagree the smaller region is right, so that a point lies in one region of a type
 * and levels add up. */
#ifndef BR_FLOW_REGION_H
#define BR_FLOW_REGION_H

#include "daemon/config.h"
#include "daemon/core/view.h"

#define BR_MEMBERSHIP_MAX 64
#define BR_REGION_NONE UINT32_MAX

struct br_region {
    const char *code; /* lower case */
    const char *name;
    const char *type; /* land landsdeel provincie corop gemeente wijk buurt set ... */
    int year;
    int64_t population;      /* -1: unknown */
    double area_km2;         /* < 0: unknown */
    const uint32_t *parents; /* direct ones */
    size_t parent_count;
    bool is_set;
    double lat, lon; /* a point inside, for maps; NaN: unknown */
};

struct br_membership {
    uint32_t count;
    uint32_t region[BR_MEMBERSHIP_MAX]; /* ascending */
};

struct br_regions;

/* Reads the table, the boundaries and the sets. All faults with file and line; NULL when there is one.
 * Boundary features whose code is not in the table are ignored: br_regions_ignored counts them for one
 * warning. */
struct br_regions *br_regions_open(const struct br_config *config, struct br_faults *faults);
void br_regions_close(struct br_regions *regions);

size_t br_regions_count(const struct br_regions *regions);
const struct br_region *br_regions_at(const struct br_regions *regions, uint32_t index);
size_t br_regions_ignored(const struct br_regions *regions);

/* Without case; or BR_REGION_NONE. */
uint32_t br_regions_find(const struct br_regions *regions, struct br_view code);

/* The membership of a point (degrees, WGS 84): the polygon that holds it, else the nearest within nearest_m.
 * On a border the region with the lower index. False: no polygon of the table is near enough, or more than
 * BR_MEMBERSHIP_MAX regions hold it. Polygon sets alone do not make a place known, but a point inside a
 * polygon set is located where the configuration has no boundaries. */
bool br_regions_locate(const struct br_regions *regions, double lat, double lon,
                       struct br_membership *membership);

/* The membership of a sensor whose home region is given (catalogue). lat/lon NaN: polygon sets do not hold
 * it. False: no such region, or too many. */
bool br_regions_home(const struct br_regions *regions, uint32_t home, double lat, double lon,
                     struct br_membership *membership);

/* covered[i] = region i lies wholly inside the union of the codes: by parents, or all of a set's members do,
 * and a set's polygon where all regions that it meets do. In doubt it is not covered. covered has
 * br_regions_count entries. Unknown codes are ignored (the configuration's check tells them). */
void br_regions_covered(const struct br_regions *regions, const struct br_config_texts *codes, bool *covered);

#endif
