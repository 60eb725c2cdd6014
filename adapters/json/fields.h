/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The fields that a mapping may fill, for each domain: those of its record, and `open` of parking. Constant.
 */
#ifndef BR_ADAPTERS_JSON_FIELDS_H
#define BR_ADAPTERS_JSON_FIELDS_H

#include "adapters/adapter.h"
#include "adapters/value.h"

/* A field of a record and what its numbers mean. A value below 0 is unknown in every field. */
struct br_field {
    const char *name;
    enum br_dimension dimension;
    unsigned traits;
    double max; /* 0: none; above it the element is invalid */
};

#define BR_FIELD_ZERO_UNKNOWN 1u /* 0 means unknown as well */
#define BR_FIELD_MEASURED 2u     /* makes a reading; the others only describe one */
#define BR_FIELD_COUNT 4u        /* counted over a period: needs a time of its own */

struct br_fields {
    const char *word; /* of the domain */
    Bruis__V1__Domain domain;
    const ProtobufCMessageDescriptor *record;
    const struct br_field *fields; /* end with name NULL */
};

/* NULL: no such domain. */
const struct br_fields *br_fields_of(const char *domain);

/* NULL: no such field. */
const struct br_field *br_fields_find(const struct br_fields *fields, const char *name);

/* Where the field goes in the record. `open` is a way to write `state`: both have one target. */
const ProtobufCFieldDescriptor *br_fields_target(const struct br_fields *fields,
                                                 const struct br_field *field);

#endif
