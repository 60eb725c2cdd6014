/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The first coordinate of a location, in whatever form the source gives it.
 *
 * The owner resets it where a location element begins and hands it every element until the location ends.
 * Pure. */
#ifndef BR_ADAPTERS_DATEX2_LOCATION_H
#define BR_ADAPTERS_DATEX2_LOCATION_H

#include "adapters/adapter.h"
#include "adapters/xml.h"

#define BR_DATEX2_SRS_SIZE 96

struct br_datex2_location {
    bool found;
    double x, y; /* latitude and longitude where srs is empty, else first and second as the source writes */
    char srs[BR_DATEX2_SRS_SIZE];

    double latitude; /* that waits for its longitude, or NaN */
    char srs_open[BR_DATEX2_SRS_SIZE];
};

void br_datex2_location_reset(struct br_datex2_location *location);
void br_datex2_location_start(struct br_datex2_location *location, const struct br_xml *xml, unsigned tag);
void br_datex2_location_end(struct br_datex2_location *location, unsigned tag, struct br_view text);

#endif
