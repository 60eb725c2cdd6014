/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Parking tables of DATEX II 2.3: the parking extension, and the older facility tables.
 *
 *  parkingRecord @id @xsi:type               parkingFacility @id
 *    parkingName / values / value              parkingFacilityName / values / value
 *    parkingNumberOfSpaces                     totalParkingCapacity
 *    parkingLocation                           facilityLocation
 *    parkingLayout, urbanParkingSiteType       parkingFacilityLayout
 *
 * They describe facilities: one sensor each, no observation. */
#include "adapters/datex2/reader.h"

#define SPACES_MAX 10000000

struct facility {
    bool open, located;
    unsigned depth;
    char id[BR_DATEX2_ID_SIZE], name[BR_DATEX2_ID_SIZE];
    int64_t capacity; /* -1: unknown */
    int kind;         /* Bruis__V1__ParkingKind, or 0 */
    struct br_datex2_location location;
};

static bool wanted(struct br_datex2_reader *reader)
{
    (void)reader;
    return true;
}

static void facility_start(struct br_datex2_reader *reader, struct facility *facility)
{
    *facility = (struct facility){.open = true, .depth = br_xml_depth(reader->xml), .capacity = -1};
    br_datex2_location_reset(&facility->location);
    (void)br_datex2_attribute(reader, "id", facility->id, sizeof facility->id);
    if (br_view_is(br_datex2_type(reader), "InterUrbanParkingSite"))
        facility->kind = BRUIS__V1__PARKING_KIND__truck;
}

static void on_start(struct br_datex2_reader *reader, unsigned tag)
{
    struct facility *facility = reader->state;
    if (!facility->open) {
        if (tag == BR_DATEX2_parkingRecord || tag == BR_DATEX2_parkingFacility)
            facility_start(reader, facility);
    } else if (facility->located) {
        br_datex2_location_start(&facility->location, reader->xml, tag);
    } else if (br_xml_depth(reader->xml) == facility->depth + 1) {
        facility->located = tag == BR_DATEX2_parkingLocation || tag == BR_DATEX2_facilityLocation;
    }
}

/* What drivers call it: how it is used says more than how it is built. */
static int kind_of(unsigned tag, struct br_view text)
{
    text = br_datex2_trim(text);
    if (tag == BR_DATEX2_parkingUsageScenario) {
        if (br_view_is(text, "truckParking"))
            return BRUIS__V1__PARKING_KIND__truck;
        return br_view_is(text, "parkAndRide") ? BRUIS__V1__PARKING_KIND__park_and_ride : 0;
    }
    if (br_view_is(text, "onStreetParking"))
        return BRUIS__V1__PARKING_KIND__street;
    if (br_view_is(text, "multiStorey") || br_view_is(text, "underground") ||
        br_view_is(text, "undergroundAndMultiStorey") || br_view_is(text, "automatedParkingGarage"))
        return BRUIS__V1__PARKING_KIND__garage;
    return br_view_is(text, "openSpace") || br_view_is(text, "field") ? BRUIS__V1__PARKING_KIND__lot : 0;
}

static void kind_take(struct facility *facility, unsigned tag, struct br_view text)
{
    int kind = kind_of(tag, text);
    if (kind != 0 && (facility->kind == 0 || tag == BR_DATEX2_parkingUsageScenario))
        facility->kind = kind;
}

static void facility_text(struct facility *facility, unsigned tag, struct br_view text)
{
    switch (tag) {
    case BR_DATEX2_parkingNumberOfSpaces:
    case BR_DATEX2_totalParkingCapacity:
        if (!br_datex2_whole(text, 1, SPACES_MAX, &facility->capacity))
            facility->capacity = -1;
        break;
    case BR_DATEX2_parkingLayout:
    case BR_DATEX2_parkingFacilityLayout:
    case BR_DATEX2_urbanParkingSiteType:
    case BR_DATEX2_parkingUsageScenario:
        kind_take(facility, tag, text);
        break;
    default:
        break;
    }
}

static void name_take(const struct br_datex2_reader *reader, struct facility *facility, struct br_view text)
{
    unsigned box = br_xml_above(reader->xml, 2);
    if ((box == BR_DATEX2_parkingName || box == BR_DATEX2_parkingFacilityName) && facility->name[0] == '\0')
        (void)br_datex2_copy(br_datex2_trim(text), facility->name, sizeof facility->name);
}

static void facility_end(struct br_datex2_reader *reader, struct facility *facility)
{
    facility->open = false;
    if (facility->id[0] == '\0') {
        br_emit_invalid(reader->emit, "a parking record without a usable id");
        return;
    }
    struct br_emitted_sensor *emitted =
        br_emit_sensor(reader->emit, reader->message, BRUIS__V1__DOMAIN__parking, br_view_of(facility->id));
    if (!emitted) {
        br_datex2_full(reader);
        return;
    }
    reader->elements++;
    Bruis__V1__Sensor *sensor = emitted->sensor;
    if (facility->name[0])
        sensor->name = br_arena_text(reader->emit->arena, br_view_of(facility->name));
    sensor->has_capacity = facility->capacity >= 0;
    sensor->capacity = sensor->has_capacity ? (int32_t)facility->capacity : 0;
    sensor->has_kind = facility->kind != 0;
    if (facility->kind != 0)
        sensor->kind = (Bruis__V1__ParkingKind)facility->kind;
    br_datex2_place_sensor(reader, &facility->location, emitted);
}

static void on_end(struct br_datex2_reader *reader, unsigned tag, struct br_view text)
{
    struct facility *facility = reader->state;
    unsigned depth = br_xml_depth(reader->xml);
    if (!facility->open)
        return;
    if (depth == facility->depth) {
        facility_end(reader, facility);
    } else if (facility->located) {
        br_datex2_location_end(&facility->location, tag, text);
        facility->located = depth > facility->depth + 1;
    } else if (tag == BR_DATEX2_value) {
        name_take(reader, facility, text);
    } else if (depth == facility->depth + 1) {
        facility_text(facility, tag, text);
    }
}

static void on_finish(struct br_datex2_reader *reader)
{
    (void)reader;
}

const struct br_datex2_section br_datex2_parking_tables = {
    .type = "ParkingTablePublication",
    .state_size = sizeof(struct facility),
    .wanted = wanted,
    .on_start = on_start,
    .on_end = on_end,
    .on_finish = on_finish,
};
