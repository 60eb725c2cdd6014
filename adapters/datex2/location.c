/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/*  latitude, longitude        in pointCoordinates, locationForDisplay, coordinatesForDisplay, TPEG points
 *  gmlLineString[@srsName]    posList "first second first second ..."
 *
 *  Without srsName, and for WGS 84, first is the latitude: the opposite of GeoJSON. */
#include "adapters/datex2/location.h"

#include "adapters/datex2/names.h"
#include "adapters/datex2/value.h"

#include <math.h>

void br_datex2_location_reset(struct br_datex2_location *location)
{
    location->found = false;
    location->latitude = NAN;
    location->srs[0] = '\0';
    location->srs_open[0] = '\0';
}

void br_datex2_location_start(struct br_datex2_location *location, const struct br_xml *xml, unsigned tag)
{
    struct br_view srs;
    if (tag == BR_DATEX2_gmlLineString || tag == BR_DATEX2_gmlLinearRing)
        location->srs_open[0] = '\0';
    if (!br_xml_attribute(xml, "srsName", &srs))
        return;
    if (!br_datex2_copy(br_datex2_trim(srs), location->srs_open, sizeof location->srs_open) && srs.size > 0)
        (void)br_datex2_copy(br_view_of("?"), location->srs_open, sizeof location->srs_open);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* "WGS 84", EPSG:4326 and the long forms of it: latitude first. */
static bool is_wgs84(const char *srs)
{
    return srs[0] == '\0' || strcmp(srs, "WGS 84") == 0 || strcmp(srs, "WGS84") == 0 ||
           ends_with(srs, ":4326") || ends_with(srs, "/4326");
}

static bool is_degrees(double latitude, double longitude)
{
    return fabs(latitude) <= 90 && fabs(longitude) <= 180;
}

/* Degrees that cannot be are metres of a system that the source does not name: no place. */
static void found_wgs84(struct br_datex2_location *location, double latitude, double longitude)
{
    if (!is_degrees(latitude, longitude))
        return;
    location->found = true;
    location->x = latitude;
    location->y = longitude;
}

static void found_list(struct br_datex2_location *location, struct br_view text)
{
    double first, second;
    if (!br_datex2_number_next(&text, &first) || !br_datex2_number_next(&text, &second))
        return;
    if (is_wgs84(location->srs_open)) {
        found_wgs84(location, first, second);
    } else if (ends_with(location->srs_open, "CRS84")) {
        found_wgs84(location, second, first);
    } else {
        location->found = true;
        location->x = first;
        location->y = second;
        memcpy(location->srs, location->srs_open, sizeof location->srs);
    }
}

void br_datex2_location_end(struct br_datex2_location *location, unsigned tag, struct br_view text)
{
    double number;
    if (location->found)
        return;
    if (tag == BR_DATEX2_latitude) {
        location->latitude = br_datex2_number(text, &number) ? number : NAN;
    } else if (tag == BR_DATEX2_longitude) {
        if (!isnan(location->latitude) && br_datex2_number(text, &number))
            found_wgs84(location, location->latitude, number);
        location->latitude = NAN;
    } else if (tag == BR_DATEX2_posList || tag == BR_DATEX2_pos) {
        found_list(location, text);
    }
}
