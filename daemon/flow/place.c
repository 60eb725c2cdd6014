/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strings.h>

#include <proj.h>

#define SYSTEMS_MAX 32u
#define CODE_DIGITS_MAX 6u
#define CODE_CRS84 1u /* no code of EPSG */
#define CODE_WGS84 4326u
#define MARGIN 5.0 /* degrees: systems are used a good way beyond the area that their authority names */

/* One system that was asked for; transformation NULL: it is none that leads to WGS 84. */
struct system {
    unsigned code;
    PJ *transformation;
    bool is_projected;
    double west, south, east, north; /* results beyond are none */
};

struct br_places {
    PJ_CONTEXT *context;
    struct system systems[SYSTEMS_MAX];
    unsigned count; /* so far: the place of the next one is count modulo SYSTEMS_MAX */
};

static void ignore_log(void *context, int level, const char *text)
{
    (void)context;
    (void)level;
    (void)text;
}

struct br_places *br_places_open(void)
{
    struct br_places *places = calloc(1, sizeof *places);
    if (!places)
        return NULL;
    places->context = proj_context_create();
    if (!places->context) {
        free(places);
        return NULL;
    }
    proj_log_func(places->context, NULL, ignore_log);
    proj_context_set_enable_network(places->context, 0);
    return places;
}

void br_places_close(struct br_places *places)
{
    if (!places)
        return;
    for (unsigned i = 0; i < SYSTEMS_MAX; i++)
        proj_destroy(places->systems[i].transformation);
    proj_context_destroy(places->context);
    free(places);
}

/* The code at the end, behind the last of `:`, `/` and `#`; 0: there is none. */
static unsigned tail_code(const char *srs)
{
    const char *tail = srs + strlen(srs);
    while (tail > srs && !strchr(":/#", tail[-1]))
        tail--;
    size_t digits = strspn(tail, "0123456789");
    if (strcasecmp(tail, "CRS84") == 0)
        return CODE_CRS84;
    if (digits == 0 || digits > CODE_DIGITS_MAX || tail[digits] || !strcasestr(srs, "epsg"))
        return 0;
    unsigned code = (unsigned)strtoul(tail, NULL, 10);
    return code == CODE_CRS84 ? 0 : code;
}

static unsigned code_of(const char *srs)
{
    if (strcasecmp(srs, "WGS 84") == 0 || strcasecmp(srs, "WGS84") == 0)
        return CODE_WGS84;
    return tail_code(srs);
}

/* The horizontal part of a system, which takes the system; NULL: it has none. */
static PJ *horizontal(struct br_places *places, PJ *crs)
{
    if (!crs || proj_get_type(crs) != PJ_TYPE_COMPOUND_CRS)
        return crs;
    PJ *part = proj_crs_get_sub_crs(places->context, crs, 0);
    proj_destroy(crs);
    return part;
}

/* Inverse projections give some place on earth for the wildest numbers. */
static void system_limit(struct br_places *places, struct system *system, const PJ *crs)
{
    double west, south, east, north;
    system->west = -180;
    system->south = -90;
    system->east = 180;
    system->north = 90;
    if (!proj_get_area_of_use(places->context, crs, &west, &south, &east, &north, NULL) || west > east)
        return;
    system->west = west - MARGIN;
    system->south = south - MARGIN;
    system->east = east + MARGIN;
    system->north = north + MARGIN;
}

/* Projected systems are turned to easting, northing on this side and longitude, latitude on the other,
 * whatever the authority's order is; geographic ones keep the order of the authority, latitude first. */
static void system_open(struct br_places *places, struct system *system)
{
    char name[16];
    snprintf(name, sizeof name, "%u", system->code);
    PJ *from = horizontal(places,
                          proj_create_from_database(places->context, "EPSG", name, PJ_CATEGORY_CRS, 0, NULL));
    PJ *to = proj_create_from_database(places->context, "EPSG", "4326", PJ_CATEGORY_CRS, 0, NULL);
    PJ_TYPE type = from ? proj_get_type(from) : PJ_TYPE_UNKNOWN;
    if (from)
        system_limit(places, system, from);
    system->is_projected = type == PJ_TYPE_PROJECTED_CRS;
    if (to &&
        (system->is_projected || type == PJ_TYPE_GEOGRAPHIC_2D_CRS || type == PJ_TYPE_GEOGRAPHIC_3D_CRS))
        system->transformation = proj_create_crs_to_crs_from_pj(places->context, from, to, NULL, NULL);
    if (system->transformation && system->is_projected) {
        PJ *turned = proj_normalize_for_visualization(places->context, system->transformation);
        proj_destroy(system->transformation);
        system->transformation = turned;
    }
    proj_destroy(from);
    proj_destroy(to);
}

static const struct system *system_get(struct br_places *places, unsigned code)
{
    for (unsigned i = 0; i < SYSTEMS_MAX && i < places->count; i++)
        if (places->systems[i].code == code)
            return &places->systems[i];
    struct system *system = &places->systems[places->count % SYSTEMS_MAX];
    places->count = places->count + 1 < 2 * SYSTEMS_MAX ? places->count + 1 : SYSTEMS_MAX;
    proj_destroy(system->transformation);
    *system = (struct system){.code = code};
    system_open(places, system);
    return system;
}

static bool transform(const struct system *system, double x, double y, double *lat, double *lon)
{
    if (!system->transformation)
        return false;
    proj_errno_reset(system->transformation);
    PJ_COORD result = proj_trans(system->transformation, PJ_FWD, proj_coord(x, y, 0, HUGE_VAL));
    *lat = system->is_projected ? result.xy.y : result.xy.x;
    *lon = system->is_projected ? result.xy.x : result.xy.y;
    return proj_errno(system->transformation) == 0 && *lat >= system->south && *lat <= system->north &&
           *lon >= system->west && *lon <= system->east;
}

bool br_places_convert(struct br_places *places, const char *srs, double x, double y, double *lat,
                       double *lon)
{
    unsigned code = srs && isfinite(x) && isfinite(y) ? code_of(srs) : 0;
    double north = x, east = y;
    if (code == 0)
        return false;
    if (code == CODE_CRS84) {
        north = y;
        east = x;
    } else if (code != CODE_WGS84 && !transform(system_get(places, code), x, y, &north, &east)) {
        return false;
    }
    if (!(fabs(north) <= 90 && fabs(east) <= 180))
        return false;
    *lat = north;
    *lon = east;
    return true;
}
