/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* SPDP, Standard for the Publication of Dynamic Parking data, versions 1.0 and 2.0, as the Dutch national
 * parking register (NPR) and the cities that feed it use it. Three documents, told apart by their outermost
 * key:
 *
 *     {"parkingFacilityDynamicInformation": {          one reading
 *         "identifier": "UUID", "name": ...,
 *         "facilityActualStatus": {
 *             "lastUpdated": 1787047200,               seconds since 1970; ms where it is beyond 1e11
 *             "open": true, "full": false,             also "1" and "0"
 *             "parkingCapacity": 450, "vacantSpaces": 196}}}
 *
 *     {"parkingFacilityInformation": {                 one sensor; also parkingFacilityStaticInformation
 *         "identifier": "UUID", "name": ...,
 *         "locationForDisplay": {"latitude": 52.1, "longitude": 5.1},
 *         "accessPoints": [{"accessPointLocation": [{"latitude": ..., "longitude": ...}]}],
 *         "specifications": [{"capacity": 450, "usage": "Garage parkeren"}]}}
 *
 *     {"ParkingFacilities": [                          sensors by name; one of them may also stand alone
 *         {"identifier": "UUID", "name": ..., "staticDataUrl": ..., "dynamicDataUrl": ...}]}
 *
 * Keys are compared without case: publishers write parkingFacilities as well. A list of such documents is
 * read as well, and so is a document that was encoded twice. A value below 0 is unknown, and so is a capacity
 * of 0. */
#include "adapters/registry.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "adapters/value.h"

#define SECONDS_MAX 1e11 /* the year 5138: a greater number is one of milliseconds */

struct spdp_adapter {
    struct br_json *json;
};

/* One document of the message. */
struct part {
    const struct br_message *message;
    struct br_emit *emit;
    struct br_json_value body;
    const char *key; /* of the body, for reasons */
    char buffer[BR_VALUE_WORD_SIZE];
};

struct status {
    int64_t at_utc_ms;
    bool untimed;
    int32_t capacity, vacant; /* -1: unknown */
    int open, full;           /* -1: unknown */
};

static struct br_value value_of(struct br_json_value object, const char *key)
{
    return br_value_of_json(br_json_get_any_case(object, key));
}

static bool fault(struct part *part, const char *key, const char *what)
{
    br_emit_invalid(part->emit, "%s.%s: %s", part->key, key, what);
    return false;
}

static bool read_identifier(struct part *part, struct br_view *identifier)
{
    struct br_value value = value_of(part->body, "identifier");
    if (value.type == BR_VALUE_ABSENT)
        value = value_of(part->body, "uuid");
    const char *what = br_value_name(&value, part->buffer, identifier);
    return !what || fault(part, "identifier", what);
}

/* *places is left alone where the number is absent, or below min. */
static bool read_places(struct part *part, struct br_json_value object, const char *key, double min,
                        int32_t *places)
{
    struct br_value value = value_of(object, key);
    double number;
    if (value.type == BR_VALUE_ABSENT)
        return true;
    if (!br_value_number(&value, &number))
        return fault(part, key, "no number");
    number = round(number);
    if (number > INT32_MAX)
        return fault(part, key, "too large");
    if (number >= min)
        *places = (int32_t)number;
    return true;
}

static bool read_flag(struct part *part, struct br_json_value object, const char *key, int *flag)
{
    struct br_value value = value_of(object, key);
    bool is_set;
    if (value.type == BR_VALUE_ABSENT)
        return true;
    if (!br_value_flag(&value, &is_set))
        return fault(part, key, "neither true nor false");
    *flag = is_set;
    return true;
}

/* A clock that was never set writes 0: then the time of arrival stands in. */
static bool read_time(struct part *part, struct br_json_value object, struct status *status)
{
    struct br_value value = value_of(object, "lastUpdated");
    double number = 0;
    if (value.type != BR_VALUE_ABSENT && !br_value_number(&value, &number))
        return fault(part, "lastUpdated", "no number");
    if (number > 0) {
        int unit_ms = number > SECONDS_MAX ? 1 : 1000;
        return br_value_epoch(&value, unit_ms, &status->at_utc_ms) ||
               fault(part, "lastUpdated", "no time since 1970");
    }
    status->untimed = true;
    status->at_utc_ms = part->message->received_at_utc_ms;
    return status->at_utc_ms != BR_TIME_NONE ||
           fault(part, "lastUpdated", "no time of its own, and none of arrival");
}

static bool read_status(struct part *part, struct status *status)
{
    struct br_json_value object = br_json_get_any_case(part->body, "facilityActualStatus");
    *status = (struct status){.capacity = -1, .vacant = -1, .open = -1, .full = -1};
    if (br_json_type(object) != BR_JSON_OBJECT)
        return fault(part, "facilityActualStatus", object.document ? "no object" : "absent");
    if (!read_time(part, object, status) || !read_flag(part, object, "open", &status->open) ||
        !read_flag(part, object, "full", &status->full) ||
        !read_places(part, object, "parkingCapacity", 1, &status->capacity) ||
        !read_places(part, object, "vacantSpaces", 0, &status->vacant))
        return false;
    if (status->open < 0 && status->full < 0 && status->capacity < 0 && status->vacant < 0)
        return fault(part, "facilityActualStatus", "no value");
    return true;
}

static void set_status(Bruis__V1__Parking *parking, const struct status *status)
{
    parking->has_capacity = status->capacity >= 0;
    parking->capacity = parking->has_capacity ? status->capacity : 0;
    parking->has_vacant = status->vacant >= 0;
    parking->vacant = parking->has_vacant ? status->vacant : 0;
    parking->has_full = status->full >= 0;
    parking->full = status->full > 0;
    parking->has_state = status->open >= 0;
    if (parking->has_state)
        parking->state = status->open ? BRUIS__V1__PARKING__STATE__open : BRUIS__V1__PARKING__STATE__closed;
}

/* A closed facility keeps what it says of its places: what counts is decided by the flow. */
static void decode_dynamic(struct part *part)
{
    struct br_view identifier;
    struct status status;
    if (!read_identifier(part, &identifier) || !read_status(part, &status))
        return;
    struct br_emitted_observation *emitted = br_emit_observation(
        part->emit, part->message, BRUIS__V1__DOMAIN__parking, identifier, status.at_utc_ms);
    if (!emitted)
        return;
    bool clamped = status.capacity >= 0 && status.vacant > status.capacity;
    if (clamped)
        status.vacant = status.capacity;
    set_status(emitted->observation->parking, &status);
    if (clamped)
        br_emit_flag(part->emit, emitted->observation, BRUIS__V1__FLAG__clamped);
    if (status.untimed)
        br_emit_flag(part->emit, emitted->observation, BRUIS__V1__FLAG__untimed);
}

static void set_name(struct part *part, Bruis__V1__Sensor *sensor)
{
    struct br_value name = value_of(part->body, "name");
    if (name.type == BR_VALUE_TEXT && !memchr(name.text.data, '\0', name.text.size))
        sensor->name = br_arena_text(part->emit->arena, name.text);
}

/* False: no place here. 0, 0 is what a register without one writes. */
static bool read_point(struct br_json_value object, double *lat, double *lon)
{
    struct br_value latitude = value_of(object, "latitude"), longitude = value_of(object, "longitude");
    if (!br_value_number(&latitude, lat) || !br_value_number(&longitude, lon))
        return false;
    return fabs(*lat) <= 90 && fabs(*lon) <= 180 && (fabs(*lat) > 0 || fabs(*lon) > 0);
}

/* The place for display, else the first entrance that has one. accessPointLocation is a list, or one object.
 */
static bool read_place(struct br_json_value body, double *lat, double *lon)
{
    if (read_point(br_json_get_any_case(body, "locationForDisplay"), lat, lon))
        return true;
    struct br_json_list entrances = br_json_list_of(br_json_get_any_case(body, "accessPoints"));
    struct br_json_value entrance, location;
    while (br_json_list_next(&entrances, &entrance)) {
        struct br_json_value place = br_json_get_any_case(entrance, "accessPointLocation");
        struct br_json_list locations = br_json_list_of(place);
        if (read_point(place, lat, lon))
            return true;
        while (br_json_list_next(&locations, &location))
            if (read_point(location, lat, lon))
                return true;
    }
    return false;
}

/* Blanks and case aside: publishers write "Garage parkeren", "GarageParkeren". usage: lower case, no blanks.
 */
static bool is_usage(struct br_view text, const char *usage)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ' ')
            continue;
        if (*usage == '\0' || tolower((unsigned char)text.data[i]) != *usage)
            return false;
        usage++;
    }
    return *usage == '\0';
}

/* `usage` is the register's code, or its description. 0: another one, or none. */
static Bruis__V1__ParkingKind kind_of(struct br_value usage)
{
    static const struct {
        const char *usage;
        Bruis__V1__ParkingKind kind;
    } kinds[] = {
        {"garagep", BRUIS__V1__PARKING_KIND__garage},
        {"garageparkeren", BRUIS__V1__PARKING_KIND__garage},
        {"parkeergarage", BRUIS__V1__PARKING_KIND__garage},
        {"parkride", BRUIS__V1__PARKING_KIND__park_and_ride},
        {"park&ride", BRUIS__V1__PARKING_KIND__park_and_ride},
        {"p+r", BRUIS__V1__PARKING_KIND__park_and_ride},
        {"terreinp", BRUIS__V1__PARKING_KIND__lot},
        {"terreinparkeren", BRUIS__V1__PARKING_KIND__lot},
        {"carpool", BRUIS__V1__PARKING_KIND__lot},
        {"betaaldp", BRUIS__V1__PARKING_KIND__street},
        {"betaaldparkeren", BRUIS__V1__PARKING_KIND__street},
        {"truckp", BRUIS__V1__PARKING_KIND__truck},
    };
    for (size_t i = 0; usage.type == BR_VALUE_TEXT && i < sizeof kinds / sizeof kinds[0]; i++)
        if (is_usage(usage.text, kinds[i].usage))
            return kinds[i].kind;
    return 0;
}

/* Of several specifications, which follow each other in time, the first that tells a capacity or a kind. */
static bool read_specifications(struct part *part, int32_t *capacity, Bruis__V1__ParkingKind *kind)
{
    struct br_json_list list = br_json_list_of(br_json_get_any_case(part->body, "specifications"));
    struct br_json_value specification;
    *capacity = -1;
    *kind = 0;
    while (br_json_list_next(&list, &specification)) {
        if (*capacity < 0 && !read_places(part, specification, "capacity", 1, capacity))
            return false;
        if (*kind == 0)
            *kind = kind_of(value_of(specification, "usage"));
    }
    return true;
}

static void decode_static(struct part *part)
{
    struct br_view identifier;
    int32_t capacity;
    Bruis__V1__ParkingKind kind;
    if (!read_identifier(part, &identifier) || !read_specifications(part, &capacity, &kind))
        return;
    struct br_emitted_sensor *emitted =
        br_emit_sensor(part->emit, part->message, BRUIS__V1__DOMAIN__parking, identifier);
    if (!emitted)
        return;
    Bruis__V1__Sensor *sensor = emitted->sensor;
    double lat, lon;
    set_name(part, sensor);
    sensor->has_capacity = capacity >= 0;
    sensor->capacity = sensor->has_capacity ? capacity : 0;
    sensor->has_kind = kind != 0;
    if (sensor->has_kind)
        sensor->kind = kind;
    if (read_place(part->body, &lat, &lon)) {
        sensor->has_lat = sensor->has_lon = 1;
        sensor->lat = lat;
        sensor->lon = lon;
    }
}

static void decode_entry(struct part *part)
{
    struct br_view identifier;
    if (!read_identifier(part, &identifier))
        return;
    struct br_emitted_sensor *emitted =
        br_emit_sensor(part->emit, part->message, BRUIS__V1__DOMAIN__parking, identifier);
    if (emitted)
        set_name(part, emitted->sensor);
}

static void decode_index(struct part *part)
{
    struct br_json_list list = br_json_list_of(part->body);
    if (br_json_type(part->body) != BR_JSON_ARRAY)
        br_emit_invalid(part->emit, "%s: no list", part->key);
    while (br_json_list_next(&list, &part->body))
        decode_entry(part);
}

/* Whether the outermost object is an entry of an index by itself, as exports of the register write them. */
static bool is_entry(struct br_json_value object)
{
    return br_json_get_any_case(object, "staticDataUrl").document ||
           br_json_get_any_case(object, "dynamicDataUrl").document;
}

/* What is none of ours is left alone. */
static void decode_document(const struct br_message *message, struct br_emit *emit,
                            struct br_json_value document)
{
    static const struct {
        const char *key;
        void (*decode)(struct part *part);
    } bodies[] = {
        {"parkingFacilityDynamicInformation", decode_dynamic},
        {"parkingFacilityInformation", decode_static},
        {"parkingFacilityStaticInformation", decode_static},
        {"ParkingFacilities", decode_index},
    };
    struct part part = {.message = message, .emit = emit, .body = document, .key = "facility"};
    if (is_entry(document)) {
        decode_entry(&part);
        return;
    }
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        part.body = br_json_get_any_case(document, bodies[i].key);
        part.key = bodies[i].key;
        if (part.body.document)
            bodies[i].decode(&part);
    }
}

static enum br_outcome decode(void *self, const struct br_message *message, struct br_emit *emit)
{
    struct spdp_adapter *adapter = self;
    struct br_json_value root, document;
    enum br_outcome outcome = br_value_document(adapter->json, message, emit, &root);
    if (outcome != BR_DECODED)
        return outcome;
    if (br_json_type(root) != BR_JSON_OBJECT && br_json_type(root) != BR_JSON_ARRAY)
        return br_emit_reject(emit, "no JSON object and no list of them");
    struct br_json_list list = br_json_list_of(root);
    if (br_json_type(root) == BR_JSON_OBJECT)
        decode_document(message, emit, root);
    while (br_json_list_next(&list, &document))
        decode_document(message, emit, document);
    if (br_arena_full(emit->arena))
        return br_emit_reject(emit, "too many records");
    if (emit->observation_count > 0 || emit->sensor_count > 0)
        return BR_DECODED;
    return emit->invalid_count > 0 ? BR_REJECTED : br_emit_skip(emit, "no SPDP document, or an empty index");
}

static void close_adapter(void *self)
{
    struct spdp_adapter *adapter = self;
    if (!adapter)
        return;
    br_json_close(adapter->json);
    free(adapter);
}

static void *open_adapter(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    (void)setup;
    struct spdp_adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter)
        adapter->json = br_json_open();
    if (adapter && adapter->json)
        return adapter;
    br_faults_add(faults, NULL, 0, NULL, "out of memory");
    close_adapter(adapter);
    return NULL;
}

static const struct br_option options[] = {{0}};

const struct br_adapter br_adapter_spdp = {
    .name = "spdp",
    .domains = "parking",
    .format = "SPDP 1 and 2 (NPR): dynamic, static and index documents",
    .options = options,
    .open = open_adapter,
    .decode = decode,
    .close = close_adapter,
};
