/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/region.h"

#include <math.h>
#include <stdlib.h>

#include "daemon/flow/region_parts.h"

#define ARENA_BLOCK 65536

/* --- memberships --- */

/* Table regions that are held, in the order of their coming; the sets follow from them. */
struct holding {
    uint32_t count;
    bool overflow;
    uint32_t region[BR_MEMBERSHIP_MAX];
};

static void hold(const struct br_regions *r, struct holding *holding, uint32_t region)
{
    if (r->held[region])
        return;
    if (holding->count == BR_MEMBERSHIP_MAX) {
        holding->overflow = true;
        return;
    }
    r->held[region] = 1;
    holding->region[holding->count++] = region;
}

/* Whether a region of this type is among the first `count` that are held. */
static bool holds_type(const struct br_regions *r, const struct holding *holding, uint32_t count,
                       uint32_t region)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(r->regions[holding->region[i]].type, r->regions[region].type) == 0)
            return true;
    return false;
}

/* A polygon's region with all that it lies in. Outlines of several levels are never quite the same: what a
 * smaller region has said of a level stands, so that a point is in one municipality and its levels add up. */
static void hold_hit(const struct br_regions *r, struct holding *holding, uint32_t region)
{
    uint32_t before = holding->count;
    const struct br_closure *closure = &r->closures[region];
    if (holds_type(r, holding, before, region))
        return;
    for (uint32_t i = 0; i < closure->count; i++)
        if (!holds_type(r, holding, before, closure->at[i]))
            hold(r, holding, closure->at[i]);
}

/* The smallest regions first; on a border the lower index. */
static void hold_hits(const struct br_regions *r, struct holding *holding, const struct br_hits *hits)
{
    uint32_t depth_max = 0;
    for (uint32_t i = 0; i < hits->count; i++)
        if (hits->region[i] < r->table_count && r->closures[hits->region[i]].depth > depth_max)
            depth_max = r->closures[hits->region[i]].depth;
    for (uint32_t depth = depth_max + 1; depth-- > 0;)
        for (uint32_t i = 0; i < hits->count; i++)
            if (hits->region[i] < r->table_count && r->closures[hits->region[i]].depth == depth)
                hold_hit(r, holding, hits->region[i]);
}

static void hold_sets(const struct br_regions *r, const struct br_hits *hits)
{
    for (uint32_t i = 0; i < hits->count; i++)
        if (hits->region[i] >= r->table_count)
            r->held[hits->region[i]] = 1;
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* What is held as a membership; nothing is held afterwards. False: more than a membership can name. */
static bool conclude(const struct br_regions *r, struct holding *holding, struct br_membership *membership)
{
    br_region_sets_hold(r);
    qsort(holding->region, holding->count, sizeof *holding->region, compare);
    for (uint32_t i = 0; i < holding->count; i++)
        r->held[holding->region[i]] = 0;
    for (uint32_t i = r->table_count; i < r->count; i++) {
        if (r->held[i] && holding->count < BR_MEMBERSHIP_MAX)
            holding->region[holding->count++] = i;
        else if (r->held[i])
            holding->overflow = true;
        r->held[i] = 0;
    }
    membership->count = holding->overflow ? 0 : holding->count;
    memcpy(membership->region, holding->region, membership->count * sizeof *membership->region);
    return membership->count > 0;
}

static bool is_point(double lat, double lon)
{
    return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180;
}

bool br_regions_locate(const struct br_regions *regions, double lat, double lon,
                       struct br_membership *membership)
{
    struct holding holding = {.count = 0};
    struct br_hits hits, near;
    membership->count = 0;
    if (!is_point(lat, lon))
        return false;
    br_boundaries_holding(regions->boundaries, lat, lon, &hits);
    holding.overflow = hits.overflow;
    hold_hits(regions, &holding, &hits);
    if (regions->has_boundaries && holding.count == 0) {
        br_boundaries_nearest(regions->boundaries, lat, lon, regions->nearest_m, &near);
        hold_hits(regions, &holding, &near);
        if (holding.count == 0)
            return false;
    }
    hold_sets(regions, &hits);
    return conclude(regions, &holding, membership);
}

bool br_regions_home(const struct br_regions *regions, uint32_t home, double lat, double lon,
                     struct br_membership *membership)
{
    struct holding holding = {.count = 0};
    struct br_hits hits = {.count = 0};
    membership->count = 0;
    if (home >= regions->count)
        return false;
    if (home < regions->table_count)
        for (uint32_t i = 0; i < regions->closures[home].count; i++)
            hold(regions, &holding, regions->closures[home].at[i]);
    else
        regions->held[home] = 1;
    if (is_point(lat, lon))
        br_boundaries_holding(regions->boundaries, lat, lon, &hits);
    holding.overflow = holding.overflow || hits.overflow;
    hold_sets(regions, &hits);
    return conclude(regions, &holding, membership);
}

/* --- points of regions without polygons --- */

/* The mean of the points that lie in each region. */
struct mean {
    double lat, lon, count, nearest;
};

static double distance2(const struct mean *mean, const struct br_region *region)
{
    double lat = region->lat - mean->lat / mean->count, lon = region->lon - mean->lon / mean->count;
    double scale = cos(region->lat * 3.14159265358979323846 / 180);
    return lat * lat + lon * lon * scale * scale;
}

/* Calls back for each region that a polygon gave a point, and each region without one that it lies in. */
static void each_inner(struct br_regions *r, struct mean *means, const uint8_t *own,
                       void (*each)(struct mean *mean, struct br_region *outer,
                                    const struct br_region *inner))
{
    struct br_membership membership;
    for (uint32_t i = 0; i < r->table_count; i++) {
        if (!own[i] || !br_regions_home(r, i, NAN, NAN, &membership))
            continue;
        for (uint32_t k = 0; k < membership.count; k++)
            if (!own[membership.region[k]])
                each(&means[membership.region[k]], &r->regions[membership.region[k]], &r->regions[i]);
    }
}

static void add_point(struct mean *mean, struct br_region *outer, const struct br_region *inner)
{
    (void)outer;
    mean->lat += inner->lat;
    mean->lon += inner->lon;
    mean->count++;
}

static void choose_point(struct mean *mean, struct br_region *outer, const struct br_region *inner)
{
    double distance = distance2(mean, inner);
    if (!isnan(outer->lat) && distance >= mean->nearest)
        return;
    mean->nearest = distance;
    outer->lat = inner->lat;
    outer->lon = inner->lon;
}

/* A region without a polygon takes, of the points of the regions in it, the one nearest their mean: inside
 * for sure. */
static void lend_points(struct br_regions *r)
{
    struct mean *means = calloc(r->count + 1, sizeof *means);
    uint8_t *own = calloc(r->count + 1, 1);
    for (uint32_t i = 0; own && i < r->count; i++)
        if (!isnan(r->regions[i].lat))
            own[i] = 1;
    if (means && own) {
        each_inner(r, means, own, add_point);
        each_inner(r, means, own, choose_point);
    }
    free(means);
    free(own);
}

/* --- opening --- */

/* More regions than a membership can name would be left out of sums without a word. */
static void check_memberships(const struct br_regions *r, const char *table, struct br_faults *faults)
{
    struct br_membership membership;
    for (uint32_t i = 0; i < r->table_count; i++)
        if (!br_regions_home(r, i, NAN, NAN, &membership))
            br_faults_add(faults, table, r->lines[i], "code", "%s counts in more than %d regions and sets",
                          r->regions[i].code, BR_MEMBERSHIP_MAX);
}

static void read_all(struct br_regions *r, const struct br_config *config, struct br_faults *faults)
{
    const struct br_config_regions *from = &config->regions;
    if (!from->table)
        br_faults_add(faults, config->path, from->line, "regions.table", "is missing");
    if (!from->table || !br_region_table_read(r, from->table, from->year, from->set_count, faults))
        return;
    r->nearest_m = (double)from->nearest_m;
    r->has_boundaries = from->boundary_count > 0;
    for (size_t i = 0; i < from->boundary_count; i++)
        br_boundaries_add_table(r, &from->boundaries[i], faults);
    br_region_sets_read(r, config, faults);
}

static bool make_parts(struct br_regions *r, size_t set_count)
{
    r->arena = br_arena_open(ARENA_BLOCK, 0);
    r->boundaries = br_boundaries_open();
    r->sets = calloc(set_count + 1, sizeof *r->sets);
    return r->arena && r->boundaries && r->sets;
}

struct br_regions *br_regions_open(const struct br_config *config, struct br_faults *faults)
{
    size_t before = br_faults_count(faults);
    struct br_regions *r = calloc(1, sizeof *r);
    bool memory = r && make_parts(r, config->regions.set_count);
    if (memory)
        read_all(r, config, faults);
    if (memory && br_faults_count(faults) == before) {
        memory = !br_arena_full(r->arena) && br_boundaries_finish(r);
        if (memory) {
            check_memberships(r, config->regions.table, faults);
            lend_points(r);
        }
    }
    if (!memory)
        br_faults_add(faults, config->path, config->regions.line, "regions", "no memory");
    if (br_faults_count(faults) == before)
        return r;
    br_regions_close(r);
    return NULL;
}

void br_regions_close(struct br_regions *regions)
{
    if (!regions)
        return;
    br_boundaries_close(regions->boundaries);
    br_arena_close(regions->arena);
    free(regions->regions);
    free(regions->by_code);
    free(regions->lines);
    free(regions->closures);
    free(regions->sets);
    free(regions->held);
    free(regions);
}

size_t br_regions_count(const struct br_regions *regions)
{
    return regions->count;
}

const struct br_region *br_regions_at(const struct br_regions *regions, uint32_t index)
{
    return &regions->regions[index];
}

uint32_t br_regions_find(const struct br_regions *regions, struct br_view code)
{
    return br_region_search(regions, regions->count, code);
}

size_t br_regions_ignored(const struct br_regions *regions)
{
    return regions->ignored;
}
