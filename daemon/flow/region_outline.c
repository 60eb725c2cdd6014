/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* GeoJSON: RFC 7946, "The GeoJSON Format", 2016.
 *
 *     {"type": "FeatureCollection", "features": [
 *       {"type": "Feature", "properties": {"statcode": "GM9901"},
 *        "geometry": {"type": "Polygon", "coordinates": [[[lon, lat], [lon, lat], ...], hole, ...]}},
 *       {... "geometry": {"type": "MultiPolygon", "coordinates": [polygon, polygon, ...]}}]}
 *
 * A parsed coordinate takes about ten times the memory of two doubles. So the collection is walked by hand
 * and its features are parsed one after another, each freed before the next. */
#include "daemon/flow/region_outline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "daemon/core/file.h"

#define OUTLINE_SIZE_MAX ((size_t)1 << 30) /* jansson tells positions as int */
#define PARSE_FLAGS (JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY)

struct reader {
    GEOSContextHandle_t geos;
    const char *path, *code_property;
    struct br_faults *faults;
    br_outline_taker *take;
    void *context;
    const char *text;
    size_t size, at;
    size_t counted_at; /* up to where lines are counted */
    unsigned line, feature_line;
    size_t feature; /* number of the current one */
    bool failed;    /* of the current one, or of the file's form */
};

static unsigned line_here(struct reader *r)
{
    for (; r->counted_at < r->at; r->counted_at++)
        if (r->text[r->counted_at] == '\n')
            r->line++;
    return r->line;
}

static void fail_feature(struct reader *r, const char *what)
{
    if (!r->failed)
        br_faults_add(r->faults, r->path, r->feature_line, NULL, "feature %zu: %s", r->feature, what);
    r->failed = true;
}

static void fail_file(struct reader *r, const char *what)
{
    if (!r->failed)
        br_faults_add(r->faults, r->path, line_here(r), NULL, "%s", what);
    r->failed = true;
}

static bool position_read(const json_t *position, double *xy)
{
    const json_t *lon = json_array_get(position, 0), *lat = json_array_get(position, 1);
    if (!json_is_number(lon) || !json_is_number(lat))
        return false;
    xy[0] = json_number_value(lon);
    xy[1] = json_number_value(lat);
    return xy[0] >= -180 && xy[0] <= 180 && xy[1] >= -90 && xy[1] <= 90;
}

static GEOSGeometry *ring_of(struct reader *r, const json_t *positions)
{
    size_t count = json_array_size(positions);
    double *xy = count >= 4 && count <= UINT32_MAX ? malloc(count * 2 * sizeof *xy) : NULL;
    if (!xy) {
        fail_feature(r, "a ring has fewer than 4 positions");
        return NULL;
    }
    GEOSGeometry *ring = NULL;
    size_t good = 0, last = 2 * (count - 1);
    while (good < count && position_read(json_array_get(positions, good), xy + 2 * good))
        good++;
    if (good < count) {
        fail_feature(r, "a position is not longitude and latitude in degrees");
    } else if (xy[0] != xy[last] || xy[1] != xy[last + 1]) {
        fail_feature(r, "a ring does not end where it begins");
    } else {
        GEOSCoordSequence *sequence = GEOSCoordSeq_copyFromBuffer_r(r->geos, xy, (unsigned)count, 0, 0);
        ring = sequence ? GEOSGeom_createLinearRing_r(r->geos, sequence) : NULL;
    }
    free(xy);
    return ring;
}

static void destroy_all(struct reader *r, GEOSGeometry **geometries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        GEOSGeom_destroy_r(r->geos, geometries[i]);
}

static GEOSGeometry *polygon_of(struct reader *r, const json_t *rings)
{
    size_t count = json_array_size(rings), made = 0;
    GEOSGeometry **parts = calloc(count + 1, sizeof(GEOSGeometry *)), *polygon = NULL;
    while (parts && made < count && (parts[made] = ring_of(r, json_array_get(rings, made))))
        made++;
    if (parts && count > 0 && made == count)
        polygon = GEOSGeom_createPolygon_r(r->geos, parts[0], parts + 1, (unsigned)(count - 1));
    else if (parts)
        destroy_all(r, parts, made);
    if (!polygon)
        fail_feature(r, "a polygon without rings");
    free(parts);
    return polygon;
}

static GEOSGeometry *polygons_of(struct reader *r, const json_t *polygons)
{
    size_t count = json_array_size(polygons), made = 0;
    GEOSGeometry **parts = calloc(count + 1, sizeof(GEOSGeometry *)), *all = NULL;
    while (parts && made < count && (parts[made] = polygon_of(r, json_array_get(polygons, made))))
        made++;
    if (parts && made == count)
        all = GEOSGeom_createCollection_r(r->geos, GEOS_MULTIPOLYGON, parts, (unsigned)count);
    else if (parts)
        destroy_all(r, parts, made);
    if (!all)
        fail_feature(r, "no polygons");
    free(parts);
    return all;
}

/* NULL: there is none, or a fault was told. */
static GEOSGeometry *geometry_of(struct reader *r, const json_t *geometry)
{
    const char *type = json_string_value(json_object_get(geometry, "type"));
    const json_t *coordinates = json_object_get(geometry, "coordinates");
    bool single = type && strcmp(type, "Polygon") == 0;
    if (json_is_null(geometry) || !geometry)
        return NULL;
    if (!type || (!single && strcmp(type, "MultiPolygon") != 0) || !json_is_array(coordinates)) {
        fail_feature(r, "its geometry is no Polygon or MultiPolygon");
        return NULL;
    }
    if (json_array_size(coordinates) == 0)
        return NULL;
    return single ? polygon_of(r, coordinates) : polygons_of(r, coordinates);
}

static void read_feature(struct reader *r, const json_t *feature)
{
    const char *type = json_string_value(json_object_get(feature, "type"));
    bool is_feature = type && strcmp(type, "Feature") == 0;
    const json_t *properties = is_feature ? json_object_get(feature, "properties") : NULL;
    const char *code = NULL;
    r->failed = false;
    if (properties && r->code_property)
        code = json_string_value(json_object_get(properties, r->code_property));
    GEOSGeometry *geometry = geometry_of(r, is_feature ? json_object_get(feature, "geometry") : feature);
    if (!r->failed)
        r->take(r->context, code, geometry);
    else
        GEOSGeom_destroy_r(r->geos, geometry);
}

static char next_char(struct reader *r)
{
    while (r->at < r->size && strchr(" \t\r\n", r->text[r->at]) && r->text[r->at])
        r->at++;
    return r->at < r->size ? r->text[r->at] : '\0';
}

static bool take_char(struct reader *r, char wanted)
{
    bool there = next_char(r) == wanted;
    if (there)
        r->at++;
    return there;
}

/* The value that begins here, whatever it is; NULL: a fault was told. */
static json_t *take_value(struct reader *r)
{
    json_error_t error;
    next_char(r);
    json_t *value = json_loadb(r->text + r->at, r->size - r->at, PARSE_FLAGS, &error);
    if (value)
        r->at += (size_t)error.position;
    else
        fail_file(r, error.text);
    return value;
}

static bool read_features(struct reader *r)
{
    if (!take_char(r, '[')) {
        fail_file(r, "features is no array");
        return false;
    }
    if (take_char(r, ']'))
        return true;
    do {
        next_char(r);
        r->feature++;
        r->feature_line = line_here(r);
        json_t *feature = take_value(r);
        if (!feature)
            return false;
        read_feature(r, feature);
        json_decref(feature);
        r->failed = false;
    } while (take_char(r, ','));
    if (!take_char(r, ']'))
        fail_file(r, "features is not closed");
    return !r->failed;
}

/* One member of the outermost object. False: it cannot be read. *is_features: it was the collection. */
static bool read_member(struct reader *r, bool *is_features)
{
    json_t *key = take_value(r);
    const char *name = json_string_value(key);
    bool good = name && take_char(r, ':');
    if (!good) {
        fail_file(r, "no JSON object");
    } else if (strcmp(name, "features") == 0) {
        *is_features = true;
        good = read_features(r);
    } else {
        json_t *value = take_value(r);
        good = value != NULL;
        json_decref(value);
    }
    json_decref(key);
    return good;
}

static void read_file(struct reader *r)
{
    bool is_features = false;
    if (!take_char(r, '{'))
        fail_file(r, "no GeoJSON: it begins with no object");
    while (!r->failed && read_member(r, &is_features) && take_char(r, ','))
        continue;
    if (!r->failed && !take_char(r, '}'))
        fail_file(r, "no JSON object: it is not closed");
    if (r->failed || is_features)
        return;
    r->at = r->counted_at = 0;
    r->line = r->feature_line = 1;
    r->feature = 1;
    json_t *single = take_value(r);
    if (single)
        read_feature(r, single);
    json_decref(single);
}

void br_outline_read(GEOSContextHandle_t geos, const char *path, const char *code_property,
                     struct br_faults *faults, br_outline_taker *take, void *context)
{
    struct reader reader = {.geos = geos,
                            .path = path,
                            .code_property = code_property,
                            .faults = faults,
                            .take = take,
                            .context = context,
                            .line = 1};
    char *text = br_file_read(path, OUTLINE_SIZE_MAX, &reader.size);
    if (!text) {
        br_faults_add(faults, path, 0, NULL, "cannot be read: %s", strerror(errno));
        return;
    }
    reader.text = text;
    read_file(&reader);
    free(text);
}
