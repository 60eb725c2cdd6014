/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Polygons, found by a tree of their boxes and asked through GEOS's prepared form. Coordinates are degrees;
 * only distances are in metres, in a plane that touches the ellipsoid at the point that is looked for. */
#include "daemon/flow/region_parts.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/flow/region_outline.h"

#define TREE_NODE_SIZE 10
#define SAME_DISTANCE_M 0.01
#define EARTH_RADIUS_M 6378137.0 /* WGS 84: equator, and first eccentricity squared */
#define EARTH_ECCENTRICITY2 0.00669437999014
#define DEGREE (3.14159265358979323846 / 180)

struct shape {
    uint32_t region;
    bool is_set;
    GEOSGeometry *geometry;
    const GEOSPreparedGeometry *prepared;
};

struct br_boundaries {
    GEOSContextHandle_t geos;
    struct shape *shapes;
    size_t count, room;
    GEOSSTRtree *tree;
};

struct br_boundaries *br_boundaries_open(void)
{
    struct br_boundaries *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->geos = GEOS_init_r();
    if (b->geos)
        return b;
    free(b);
    return NULL;
}

void br_boundaries_close(struct br_boundaries *b)
{
    if (!b)
        return;
    if (b->tree)
        GEOSSTRtree_destroy_r(b->geos, b->tree);
    for (size_t i = 0; i < b->count; i++) {
        if (b->shapes[i].prepared)
            GEOSPreparedGeom_destroy_r(b->geos, b->shapes[i].prepared);
        GEOSGeom_destroy_r(b->geos, b->shapes[i].geometry);
    }
    free(b->shapes);
    GEOS_finish_r(b->geos);
    free(b);
}

/* Takes the geometry. */
static bool shape_add(struct br_boundaries *b, uint32_t region, bool is_set, GEOSGeometry *geometry)
{
    if (b->count == b->room) {
        size_t room = b->room ? 2 * b->room : 64;
        struct shape *shapes = realloc(b->shapes, room * sizeof *shapes);
        if (!shapes) {
            GEOSGeom_destroy_r(b->geos, geometry);
            return false;
        }
        b->shapes = shapes;
        b->room = room;
    }
    b->shapes[b->count++] = (struct shape){.region = region, .is_set = is_set, .geometry = geometry};
    return true;
}

/* --- reading --- */

struct taking {
    struct br_regions *regions;
    uint32_t set; /* BR_REGION_NONE: by the features' codes */
    size_t feature_count, named_count, shape_count;
    bool no_memory;
};

static void take_outline(void *context, const char *code, GEOSGeometry *geometry)
{
    struct taking *taking = context;
    struct br_regions *r = taking->regions;
    uint32_t region = taking->set;
    taking->feature_count++;
    taking->named_count += code != NULL;
    if (region == BR_REGION_NONE && code)
        region = br_region_search(r, r->table_count, br_view_of(code));
    if (region == BR_REGION_NONE)
        r->ignored++;
    if (region == BR_REGION_NONE || !geometry) {
        if (geometry)
            GEOSGeom_destroy_r(r->boundaries->geos, geometry);
        return;
    }
    taking->shape_count++;
    if (!shape_add(r->boundaries, region, taking->set != BR_REGION_NONE, geometry))
        taking->no_memory = true;
}

void br_boundaries_add_table(struct br_regions *regions, const struct br_config_boundary *boundary,
                             struct br_faults *faults)
{
    struct taking taking = {.regions = regions, .set = BR_REGION_NONE};
    size_t before = br_faults_count(faults);
    br_outline_read(regions->boundaries->geos, boundary->file, boundary->code_property, faults, take_outline,
                    &taking);
    if (br_faults_count(faults) > before)
        return;
    if (taking.feature_count > 0 && taking.named_count == 0)
        br_faults_add(faults, boundary->file, 0, NULL, "no feature has a text as its property \"%s\"",
                      boundary->code_property);
    if (taking.no_memory)
        br_faults_add(faults, boundary->file, 0, NULL, "no memory for its polygons");
}

void br_boundaries_add_set(struct br_regions *regions, const char *path, uint32_t set,
                           struct br_faults *faults)
{
    struct taking taking = {.regions = regions, .set = set};
    size_t before = br_faults_count(faults);
    br_outline_read(regions->boundaries->geos, path, NULL, faults, take_outline, &taking);
    if (br_faults_count(faults) == before && taking.shape_count == 0)
        br_faults_add(faults, path, 0, NULL, "holds no polygon");
    if (taking.no_memory)
        br_faults_add(faults, path, 0, NULL, "no memory for its polygons");
}

/* --- asking --- */

static void hits_add(struct br_hits *hits, uint32_t region)
{
    uint32_t at = hits->count;
    while (at > 0 && hits->region[at - 1] >= region)
        if (hits->region[--at] == region)
            return;
    if (hits->count == BR_HITS_MAX) {
        hits->overflow = true;
        return;
    }
    memmove(hits->region + at + 1, hits->region + at, (hits->count - at) * sizeof *hits->region);
    hits->region[at] = region;
    hits->count++;
}

/* What a walk through the tree carries. */
struct asking {
    const struct br_boundaries *boundaries;
    const GEOSGeometry *geometry; /* a point, or a set's polygon */
    struct br_hits *hits;
    uint8_t *marks;                /* instead of hits: one for each region */
    double lat, lon, m_lat, m_lon; /* metres of a degree */
    double nearest_m;
};

static void on_holding(void *item, void *context)
{
    const struct shape *shape = item;
    const struct asking *asking = context;
    if (GEOSPreparedIntersects_r(asking->boundaries->geos, shape->prepared, asking->geometry) == 1)
        hits_add(asking->hits, shape->region);
}

void br_boundaries_holding(const struct br_boundaries *boundaries, double lat, double lon,
                           struct br_hits *hits)
{
    hits->count = 0;
    hits->overflow = false;
    if (!boundaries->tree)
        return;
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(boundaries->geos, lon, lat);
    struct asking asking = {.boundaries = boundaries, .geometry = point, .hits = hits};
    if (point)
        GEOSSTRtree_query_r(boundaries->geos, boundaries->tree, point, on_holding, &asking);
    GEOSGeom_destroy_r(boundaries->geos, point);
}

/* The radii of curvature of the ellipsoid, times a degree. */
static void asking_measure(struct asking *asking, double lat)
{
    double sine = sin(lat * DEGREE), w = 1 - EARTH_ECCENTRICITY2 * sine * sine;
    asking->m_lon = EARTH_RADIUS_M / sqrt(w) * cos(lat * DEGREE) * DEGREE;
    asking->m_lat = EARTH_RADIUS_M * (1 - EARTH_ECCENTRICITY2) / (w * sqrt(w)) * DEGREE;
}

static int to_metres(double *x, double *y, void *context)
{
    const struct asking *asking = context;
    *x = (*x - asking->lon) * asking->m_lon;
    *y = (*y - asking->lat) * asking->m_lat;
    return 1;
}

static double distance_m(struct asking *asking, const struct shape *shape)
{
    GEOSContextHandle_t geos = asking->boundaries->geos;
    double distance = DBL_MAX;
    GEOSGeometry *flat = GEOSGeom_transformXY_r(geos, shape->geometry, to_metres, asking);
    if (!flat || GEOSDistance_r(geos, asking->geometry, flat, &distance) != 1)
        distance = DBL_MAX;
    GEOSGeom_destroy_r(geos, flat);
    return distance;
}

/* Keeps all at the least distance so far; one that is clearly nearer takes their place. */
static void on_near(void *item, void *context)
{
    const struct shape *shape = item;
    struct asking *asking = context;
    double distance = shape->is_set ? DBL_MAX : distance_m(asking, shape);
    if (distance > asking->nearest_m + SAME_DISTANCE_M)
        return;
    if (distance < asking->nearest_m - SAME_DISTANCE_M)
        asking->hits->count = 0;
    if (distance < asking->nearest_m)
        asking->nearest_m = distance;
    hits_add(asking->hits, shape->region);
}

void br_boundaries_nearest(const struct br_boundaries *boundaries, double lat, double lon, double max_m,
                           struct br_hits *hits)
{
    struct asking asking = {
        .boundaries = boundaries, .hits = hits, .lat = lat, .lon = lon, .nearest_m = max_m};
    hits->count = 0;
    hits->overflow = false;
    asking_measure(&asking, lat);
    if (!boundaries->tree || max_m <= 0 || asking.m_lon < 1)
        return;
    double dx = max_m / asking.m_lon, dy = max_m / asking.m_lat;
    GEOSGeometry *box = GEOSGeom_createRectangle_r(boundaries->geos, lon - dx, lat - dy, lon + dx, lat + dy);
    GEOSGeometry *origin = GEOSGeom_createPointFromXY_r(boundaries->geos, 0, 0);
    asking.geometry = origin;
    if (box && origin)
        GEOSSTRtree_query_r(boundaries->geos, boundaries->tree, box, on_near, &asking);
    GEOSGeom_destroy_r(boundaries->geos, origin);
    GEOSGeom_destroy_r(boundaries->geos, box);
}

/* --- finishing --- */

/* A point on the surface of a region's largest polygon. */
static void set_points(struct br_regions *r)
{
    GEOSContextHandle_t geos = r->boundaries->geos;
    double *largest = calloc(r->count + 1, sizeof *largest);
    for (size_t i = 0; largest && i < r->boundaries->count; i++) {
        const struct shape *shape = &r->boundaries->shapes[i];
        double area = 0, lat, lon;
        if (GEOSArea_r(geos, shape->geometry, &area) != 1 || area <= largest[shape->region])
            continue;
        GEOSGeometry *point = GEOSPointOnSurface_r(geos, shape->geometry);
        if (point && GEOSGeomGetX_r(geos, point, &lon) == 1 && GEOSGeomGetY_r(geos, point, &lat) == 1) {
            r->regions[shape->region].lat = lat;
            r->regions[shape->region].lon = lon;
            largest[shape->region] = area;
        }
        GEOSGeom_destroy_r(geos, point);
    }
    free(largest);
}

static void on_touched(void *item, void *context)
{
    const struct shape *shape = item;
    const struct asking *asking = context;
    if (!shape->is_set &&
        GEOSPreparedIntersects_r(asking->boundaries->geos, shape->prepared, asking->geometry) == 1)
        asking->marks[shape->region] = 1;
}

static bool touch_set(struct br_regions *r, uint32_t set, struct br_region_set *into)
{
    struct br_boundaries *b = r->boundaries;
    uint8_t *marks = calloc(r->table_count + 1, 1);
    struct asking asking = {.boundaries = b, .marks = marks};
    for (size_t i = 0; marks && i < b->count; i++) {
        asking.geometry = b->shapes[i].geometry;
        if (b->shapes[i].region == set)
            GEOSSTRtree_query_r(b->geos, b->tree, asking.geometry, on_touched, &asking);
    }
    for (uint32_t i = 0; marks && i < r->table_count; i++)
        into->touched_count += marks[i];
    into->touched = br_arena_alloc(r->arena, (into->touched_count + 1) * sizeof *into->touched);
    size_t count = 0;
    for (uint32_t i = 0; marks && into->touched && i < r->table_count; i++)
        if (marks[i])
            into->touched[count++] = i;
    free(marks);
    return marks && into->touched;
}

bool br_boundaries_finish(struct br_regions *regions)
{
    struct br_boundaries *b = regions->boundaries;
    bool good = true;
    if (b->count > 0)
        b->tree = GEOSSTRtree_create_r(b->geos, TREE_NODE_SIZE);
    for (size_t i = 0; b->tree && i < b->count; i++) {
        b->shapes[i].prepared = GEOSPrepare_r(b->geos, b->shapes[i].geometry);
        good = good && b->shapes[i].prepared;
        GEOSSTRtree_insert_r(b->geos, b->tree, b->shapes[i].geometry, &b->shapes[i]);
    }
    good = good && (b->tree || b->count == 0);
    for (uint32_t i = 0; good && i < regions->count - regions->table_count; i++)
        if (regions->sets[i].has_boundary && b->tree)
            good = touch_set(regions, regions->table_count + i, &regions->sets[i]);
    if (good)
        set_points(regions);
    return good;
}
