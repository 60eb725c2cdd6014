/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Coordinates of other systems to WGS 84, with PROJ. One instance, one thread. Never asks a network for
 * grids. */
#ifndef BR_FLOW_PLACE_H
#define BR_FLOW_PLACE_H

#include <stdbool.h>

struct br_places;

/* NULL without memory. */
struct br_places *br_places_open(void);
void br_places_close(struct br_places *places);

/* srs: a code of EPSG as sources write it ("EPSG:31370", "urn:ogc:def:crs:EPSG::31370",
 * "http://www.opengis.net/def/crs/EPSG/0/31370", "...epsg.xml#31370"), "WGS 84", or OGC's CRS84. Nothing else
 * is looked up: a guess by name would place sensors wrongly. x and y in the order that GML and sources write
 * for the system: easting first for projected systems, latitude first for geographic ones, longitude first
 * for CRS84. False: unknown system or no result; lat and lon are then unchanged. Transformations are kept for
 * the next call. */
bool br_places_convert(struct br_places *places, const char *srs, double x, double y, double *lat,
                       double *lon);

#endif
