/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the parts of the decoder share while one message is read: the message, what it gives, and the
 * publication that is open. */
#ifndef BR_ADAPTERS_DATEX2_READER_H
#define BR_ADAPTERS_DATEX2_READER_H

#include "adapters/adapter.h"
#include "adapters/datex2/location.h"
#include "adapters/datex2/names.h"
#include "adapters/datex2/site_table.h"
#include "adapters/datex2/value.h"

/* Sizes with the NUL: ids and names (a longer id is a fault, a longer name is none); versions, types and the
 * like. */
#define BR_DATEX2_ID_SIZE 256
#define BR_DATEX2_WORD_SIZE 64

struct br_datex2_section;

struct br_datex2_reader {
    const struct br_message *message;
    struct br_emit *emit;
    struct br_xml *xml;
    bool lanes;     /* option detail=lane: values one by one, without a table */
    bool snapshot;  /* option */
    bool reference; /* the message is reference data */

    const struct br_datex2_table *table; /* of the instance, or NULL */
    struct br_datex2_table *table_new;   /* of this message, the instance's when it ends well; or NULL */

    const struct br_datex2_section *section; /* of the publication that is open, or NULL */
    void *state;                             /* of the section, in the message's arena */
    int64_t published_utc_ms;                /* of the publication, or BR_TIME_NONE */

    size_t elements;   /* sites, records: those that could be read, whether they gave something or not */
    bool full;         /* no room for what the message gives */
    const char *fault; /* why the message as a whole cannot be used, or NULL */
};

/* One kind of publication: who reads what is in it. */
struct br_datex2_section {
    const char *type;  /* xsi:type of the publication */
    size_t state_size; /* zeroed where the publication begins */

    /* Whether the publication is wanted; else the reason of the skip is set. */
    bool (*wanted)(struct br_datex2_reader *reader);
    void (*on_start)(struct br_datex2_reader *reader, unsigned tag);
    void (*on_end)(struct br_datex2_reader *reader, unsigned tag, struct br_view text);
    void (*on_finish)(struct br_datex2_reader *reader); /* the publication ends */
};

extern const struct br_datex2_section br_datex2_measured;
extern const struct br_datex2_section br_datex2_site_tables;
extern const struct br_datex2_section br_datex2_situations;
extern const struct br_datex2_section br_datex2_parking;
extern const struct br_datex2_section br_datex2_parking_tables;

/* Ends the reading: there is no room for more. */
void br_datex2_full(struct br_datex2_reader *reader);

/* In on_start: copies an attribute; false, and an empty string, where it is missing, empty or too long. */
bool br_datex2_attribute(const struct br_datex2_reader *reader, const char *name, char *buffer, size_t size);

/* In on_start: the local part of xsi:type; empty where there is none. */
struct br_view br_datex2_type(const struct br_datex2_reader *reader);

/* The current element's parent, or the parent's parent, has this tag. */
bool br_datex2_in(const struct br_datex2_reader *reader, enum br_datex2_tag parent);
bool br_datex2_in2(const struct br_datex2_reader *reader, enum br_datex2_tag parent,
                   enum br_datex2_tag above);

/* Puts the place where it belongs: degrees into the record's fields, anything else into `place`. */
void br_datex2_place_observation(struct br_datex2_reader *reader, const struct br_datex2_location *location,
                                 struct br_emitted_observation *emitted);
void br_datex2_place_sensor(struct br_datex2_reader *reader, const struct br_datex2_location *location,
                            struct br_emitted_sensor *emitted);

#endif
