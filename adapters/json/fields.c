/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/json/fields.h"

#define ZERO BR_FIELD_ZERO_UNKNOWN
#define MEASURED BR_FIELD_MEASURED
#define COUNT (BR_FIELD_MEASURED | BR_FIELD_COUNT)

static const struct br_field parking_fields[] = {
    {"capacity", BR_PLAIN, ZERO | MEASURED, 0},
    {"vacant", BR_PLAIN, MEASURED, 0},
    {"occupied", BR_PLAIN, MEASURED, 0},
    {"entries", BR_PLAIN, COUNT, 0},
    {"exits", BR_PLAIN, COUNT, 0},
    {"state", BR_PLAIN, MEASURED, 0},
    {"open", BR_PLAIN, MEASURED, 0},
    {"full", BR_PLAIN, MEASURED, 0},
    {"kind", BR_PLAIN, 0, 0},
    {0},
};

static const struct br_field traffic_fields[] = {
    {"flow_veh_h", BR_FLOW, COUNT, 0},
    {"speed_km_h", BR_SPEED, MEASURED, 250},
    {"period_s", BR_TIME, ZERO, 0},
    {"travel_time_s", BR_TIME, ZERO | MEASURED, 0},
    {"reference_travel_time_s", BR_TIME, ZERO, 0},
    {"length_m", BR_LENGTH, ZERO, 0},
    {"occupancy", BR_SHARE, MEASURED, 1},
    {"vehicle_class", BR_PLAIN, 0, 0},
    {"speed_method", BR_PLAIN, 0, 0},
    {0},
};

static const struct br_field pedestrian_fields[] = {
    {"count", BR_PLAIN, COUNT, 0},
    {"count_in", BR_PLAIN, COUNT, 0},
    {"count_out", BR_PLAIN, COUNT, 0},
    {"period_s", BR_TIME, ZERO, 0},
    {"presence", BR_PLAIN, MEASURED, 0},
    {"method", BR_PLAIN, 0, 0},
    {0},
};

static const struct br_fields domains[] = {
    {"parking", BRUIS__V1__DOMAIN__parking, &bruis__v1__parking__descriptor, parking_fields},
    {"traffic", BRUIS__V1__DOMAIN__traffic, &bruis__v1__traffic__descriptor, traffic_fields},
    {"pedestrian", BRUIS__V1__DOMAIN__pedestrian, &bruis__v1__pedestrian__descriptor, pedestrian_fields},
};

const struct br_fields *br_fields_of(const char *domain)
{
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (strcmp(domains[i].word, domain) == 0)
            return &domains[i];
    return NULL;
}

const struct br_field *br_fields_find(const struct br_fields *fields, const char *name)
{
    for (const struct br_field *field = fields->fields; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

const ProtobufCFieldDescriptor *br_fields_target(const struct br_fields *fields, const struct br_field *field)
{
    const char *name = strcmp(field->name, "open") == 0 ? "state" : field->name;
    return protobuf_c_message_descriptor_get_field_by_name(fields->record, name);
}
