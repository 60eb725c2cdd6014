/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The measurement sites of a site table: what each index of a site means, where it lies, how long it counts.
 *
 * A table is filled once and read-only afterwards. A national one (28,085 sites) takes about 4 MB. Pure but
 * for its own memory. */
#ifndef BR_ADAPTERS_DATEX2_SITE_TABLE_H
#define BR_ADAPTERS_DATEX2_SITE_TABLE_H

#include "daemon/core/view.h"

#include <stdint.h>

struct br_datex2_table;

/* What is measured; also the kind of a value. */
enum br_datex2_kind {
    BR_DATEX2_KIND_NONE,
    BR_DATEX2_KIND_FLOW,
    BR_DATEX2_KIND_SPEED,
    BR_DATEX2_KIND_TRAVEL_TIME,
    BR_DATEX2_KIND_STATUS /* something else: not read */
};

/* How a mean was made. */
enum br_datex2_method {
    BR_DATEX2_METHOD_NONE,    /* not said */
    BR_DATEX2_METHOD_UNKNOWN, /* neither of those below */
    BR_DATEX2_METHOD_ARITHMETIC,
    BR_DATEX2_METHOD_HARMONIC
};

/* The method that a computationMethod or computationalMethod names. */
enum br_datex2_method br_datex2_method_of(struct br_view name);

#define BR_DATEX2_INDEX_MAX 1023 /* greatest index of a value at a site */
#define BR_DATEX2_LANE_MAX 15    /* lanes of a site are 1..15; 0 is the whole carriageway */

/* One byte for each index. */
struct br_datex2_meaning {
    uint8_t kind : 3; /* NONE: the table does not have the index */
    uint8_t lane : 4;
    uint8_t any : 1; /* vehicles of any kind */
};

struct br_datex2_record {
    struct br_datex2_record *next; /* in order of reading */
    const char *id, *version;      /* version may be empty */
    const char *srs;               /* NULL: x and y are latitude and longitude */
    double x, y;                   /* NaN: unknown */
    double period_s, length_m;     /* NaN: unknown */
    uint32_t order;
    uint16_t meaning_count;
    uint8_t method; /* enum br_datex2_method */
    bool laned;     /* has any-vehicle values of single lanes: those of the carriageway repeat them */
    const struct br_datex2_meaning *meanings; /* by index, 0..meaning_count-1 */
};

struct br_datex2_table *br_datex2_table_open(void); /* NULL without memory */
void br_datex2_table_close(struct br_datex2_table *table);

/* Adds a copy of the record with its texts and meanings; false: no room. */
bool br_datex2_table_add(struct br_datex2_table *table, const struct br_datex2_record *record);

/* Readies the table for br_datex2_table_find; of several records with the same id and version the first
 * stays. False: no room. */
bool br_datex2_table_finish(struct br_datex2_table *table);

size_t br_datex2_table_count(const struct br_datex2_table *table); /* after the finish: different ones */
size_t br_datex2_table_size(const struct br_datex2_table *table);  /* bytes held */

/* The record of a site, or NULL. version NULL: the table must hold exactly one record of the id. */
const struct br_datex2_record *br_datex2_table_find(const struct br_datex2_table *table, const char *id,
                                                    const char *version);

/* What an index of a site means; kind NONE where the table does not say. */
struct br_datex2_meaning br_datex2_meaning_of(const struct br_datex2_record *record, uint32_t index);

#endif
