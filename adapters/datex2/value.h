/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Simple values of XML Schema as DATEX II uses them. White space around a value does not matter. Pure. */
#ifndef BR_ADAPTERS_DATEX2_VALUE_H
#define BR_ADAPTERS_DATEX2_VALUE_H

#include "daemon/core/view.h"

#include <stdint.h>

struct br_view br_datex2_trim(struct br_view text);

/* A decimal or floating number ("60", "60.0", "-1", "1.5e1"); false for everything else, INF and NaN too. */
bool br_datex2_number(struct br_view text, double *value);

/* The first number of a list that white space separates; text then begins behind it. */
bool br_datex2_number_next(struct br_view *text, double *value);

/* A whole number from min to max; "60.0" is one. */
bool br_datex2_whole(struct br_view text, int64_t min, int64_t max, int64_t *value);

/* "true" or "1". */
bool br_datex2_true(struct br_view text);

/* The text with its white space trimmed is this word. */
bool br_datex2_is(struct br_view text, const char *word);

/* An instant in BR_TIME_NONE-able ms: BR_TIME_NONE where the text is none. */
int64_t br_datex2_time(struct br_view text);

/* Copies text into a buffer as a string; false, and an empty string, where it does not fit or is empty. */
bool br_datex2_copy(struct br_view text, char *buffer, size_t size);

#endif
