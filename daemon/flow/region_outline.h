/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Outlines of areas from a GeoJSON file (RFC 7946): a FeatureCollection, a Feature, or a geometry; Polygon
 * and MultiPolygon. */
#ifndef BR_FLOW_REGION_OUTLINE_H
#define BR_FLOW_REGION_OUTLINE_H

#include "daemon/core/faults.h"

#define GEOS_USE_ONLY_R_API
#include <geos_c.h>

/* What is read of a file. code: the feature's property, or NULL; valid during the call. geometry: taken by
 * the callee; NULL where the feature has none (null, or no polygon in it). */
typedef void br_outline_taker(void *context, const char *code, GEOSGeometry *geometry);

/* Calls back for each feature, in the order of the file; one is held in memory at a time. code_property NULL:
 * none is looked for. What is wrong is told with the file, the line and the number of the feature (1 =
 * first). */
void br_outline_read(GEOSContextHandle_t geos, const char *path, const char *code_property,
                     struct br_faults *faults, br_outline_taker *take, void *context);

#endif
