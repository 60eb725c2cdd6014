/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The options of the json adapter, compiled: from where in a message each field of a record comes.
 * Made once, read-only, owns all its texts. */
#ifndef BR_ADAPTERS_JSON_MAPPING_H
#define BR_ADAPTERS_JSON_MAPPING_H

#include "adapters/json/fields.h"

enum br_source_kind {
    BR_SOURCE_NONE,    /* not mapped */
    BR_SOURCE_ELEMENT, /* /pointer, from the element on */
    BR_SOURCE_ROOT,    /* root:/pointer, from the top of the document */
    BR_SOURCE_TOPIC,   /* topic:N, a level of the topic */
    BR_SOURCE_CONST    /* const:TEXT */
};

struct br_source {
    enum br_source_kind kind;
    const char *text; /* as it was written, for reasons */
    const char *at;   /* the pointer, or the constant */
    unsigned level;   /* of the topic, 1 = first */
};

enum br_reader { BR_READ_NUMBER, BR_READ_FLAG, BR_READ_OPEN, BR_READ_WORD, BR_READ_TEXT };

/* A word of the source and what it stands for: a number, an enum value or 0/1; or, for BR_READ_TEXT, a text.
 */
struct br_rule {
    struct br_view from;
    double number;
    const char *text;
};

struct br_mapped {
    const struct br_field *field;
    const ProtobufCFieldDescriptor *target; /* in the domain's record; of `open`: state */
    enum br_reader reader;
    struct br_source source;
    const struct br_unit *unit; /* NULL: the field's own */
    struct br_rule *rules;
    size_t rule_count;
};

enum br_time_form { BR_TIME_RFC3339, BR_TIME_EPOCH_S, BR_TIME_EPOCH_MS, BR_TIME_LOCAL };

struct br_mapping {
    struct br_arena *arena;         /* holds all of it */
    const struct br_fields *fields; /* of the domain */
    const char *items;              /* NULL: the document is the element */
    struct br_source sensor, observed_at, lat, lon;
    enum br_time_form time_form;
    const struct br_zone *zone; /* of BR_TIME_LOCAL */
    struct br_mapped *values;
    size_t value_count;
};

/* Checks and compiles options whose keys and types the registry has checked. All faults, with line and dotted
 * key; NULL when there was one. */
struct br_mapping *br_mapping_open(const struct br_adapter_setup *setup, struct br_faults *faults);
void br_mapping_close(struct br_mapping *mapping); /* NULL is allowed */

#endif
