/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The measurements of one site, between reading them (measured.c) and giving them (measured_emit.c). */
#ifndef BR_ADAPTERS_DATEX2_MEASURED_H
#define BR_ADAPTERS_DATEX2_MEASURED_H

#include "adapters/datex2/reader.h"
#include "adapters/datex2/site.h"

#define BR_DATEX2_VALUE_MAX (BR_DATEX2_INDEX_MAX + 1) /* values of a site */

/* A time as written, and what of the period it is. */
struct br_datex2_when {
    int64_t at_utc_ms; /* BR_TIME_NONE: none */
    enum { BR_DATEX2_WHEN_BEGINS, BR_DATEX2_WHEN_MIDDLE, BR_DATEX2_WHEN_ENDS } meaning;
};

struct br_datex2_measuring {
    char id[BR_DATEX2_ID_SIZE];        /* empty: none that can be used */
    char version[BR_DATEX2_WORD_SIZE]; /* empty: none */
    struct br_datex2_when when;        /* of the values that have no time of their own */
    struct br_datex2_when whens[BR_DATEX2_VALUE_MAX];
    struct br_datex2_value values[BR_DATEX2_VALUE_MAX];
    size_t count;
    struct br_datex2_value *value; /* that is being read, or NULL */
    bool reference;                /* inside a basicDataReferenceValue */
    bool reference_static;         /* which is that of a free road */
    size_t invalid_before;         /* the emit's count when the site began */
};

/* Gives what the site that has been read holds. */
void br_datex2_measured_emit(struct br_datex2_reader *reader, struct br_datex2_measuring *site);

#endif
