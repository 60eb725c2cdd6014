/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One element of a document on its way to one record. */
#ifndef BR_ADAPTERS_JSON_ELEMENT_H
#define BR_ADAPTERS_JSON_ELEMENT_H

#include "adapters/json/mapping.h"

struct br_element {
    const struct br_mapping *mapping;
    const struct br_message *message;
    struct br_emit *emit;
    struct br_json_value root, value; /* the document, the element in it */
    size_t index;                     /* of the element in items */

    /* of the decode that runs */
    unsigned traits; /* of the fields that are known */
    bool clamped, untimed;
    union {
        ProtobufCMessage base;
        Bruis__V1__Parking parking;
        Bruis__V1__Traffic traffic;
        Bruis__V1__Pedestrian pedestrian;
    } record;
};

/* Emits one observation, or counts the element as invalid with the place and the reason. What a full arena
 * refuses is not emitted: br_arena_full tells. The first five members are the caller's; one element may be
 * used for all of a document. */
void br_element_decode(struct br_element *element);

#endif
