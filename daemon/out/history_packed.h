/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A packed bruis.v1.Figure taken apart for the history, and put together again byte for byte.
 *
 *     fields 1..6            7      8    9         10..14
 *     region ... window      start  end  revision  quality coverage parking|traffic|pedestrian
 *     |------- head -------|                       |----------------- body ------------------|
 *
 * Fields are packed in the order of their numbers, so both ends are runs of bytes: the head is the same for
 * all figures of a series and is kept once, the times and the revision are columns, the body is the rest.
 * Pure: no I/O, no memory of its own. */
#ifndef BR_OUT_HISTORY_PACKED_H
#define BR_OUT_HISTORY_PACKED_H

#include "daemon/core/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct br_packed {
    struct br_view head, body; /* lent from the message */
    struct br_view region, window;
    int domain;
    int64_t start_utc_ms, end_utc_ms;
    uint32_t revision;
};

/* False: it lacks one of region, domain, window, start, end and revision, or is no message. */
bool br_packed_split(struct br_view packed, struct br_packed *parts);

#define BR_PACKED_MIDDLE_MAX 36 /* of start, end and revision */

/* Writes head, times, revision and body one behind the other; to has room for head, body and
 * BR_PACKED_MIDDLE_MAX. Returns the size. */
size_t br_packed_join(const struct br_packed *parts, uint8_t *to);

/* Which values a body has, a bit for each field of its coverage and of its domain. */
uint64_t br_packed_values(struct br_view body);

#endif
