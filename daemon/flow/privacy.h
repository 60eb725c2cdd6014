/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The protected cell: keyed, deterministic, unbiased stochastic rounding of a pedestrian count before
 * anything is summed.
 *
 * A count x is set to one of its two neighbours a <= x < b: to b with probability (x - a) / (b - a), by the
 * keyed digest of the cell's name. Below `min` the neighbours are 0 and min; above it multiples of `round_to`
 * (and min). The same cell always gets the same digest: asking again, in another form or for another sum,
 * tells no more. */
#ifndef BR_FLOW_PRIVACY_H
#define BR_FLOW_PRIVACY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct br_privacy;

/* A cell's name: who (a leaf's or a sensor's digest), when, and which of its counts. */
struct br_privacy_cell {
    const uint8_t *who;
    size_t who_size;
    int64_t start_utc_ms;
    char what; /* 'i' in, 'o' out, 'c' without direction, 'p' presence */
};

/* min and round_to of 0 or 1 are off. key may be NULL when round_to <= 1 and min <= 1. Copies the key. */
struct br_privacy *br_privacy_open(int64_t min, int64_t round_to, const uint8_t *key, size_t key_size);
void br_privacy_close(struct br_privacy *privacy); /* wipes the key */

bool br_privacy_on(const struct br_privacy *privacy);

int64_t br_privacy_round(const struct br_privacy *privacy, const struct br_privacy_cell *cell, int64_t count);

/* The variance that a published cell value may hide at most; from the value alone, so that it tells nothing
 * new. */
int64_t br_privacy_variance(const struct br_privacy *privacy, int64_t rounded);

#endif
