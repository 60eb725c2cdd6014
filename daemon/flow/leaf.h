/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Leaves: the classes of sensors that count in exactly the same regions. All sums are kept per leaf; a region
 * is the merge of its leaves. One instance for each domain, grown as sensors come. */
#ifndef BR_FLOW_LEAF_H
#define BR_FLOW_LEAF_H

#include "daemon/flow/region.h"

struct br_leaves;

struct br_leaves *br_leaves_open(const struct br_regions *regions);
void br_leaves_close(struct br_leaves *leaves);

/* The leaf of a membership, made when it is new. BR_LEAF_NONE without memory. */
uint32_t br_leaves_get(struct br_leaves *leaves, const struct br_membership *membership);

uint32_t br_leaves_count(const struct br_leaves *leaves);

/* Its regions, ascending. */
const uint32_t *br_leaves_regions(const struct br_leaves *leaves, uint32_t leaf, uint32_t *count);

/* A name that does not depend on the order of files or arrivals: the digest of the region codes. For keys. */
#define BR_LEAF_NAME_SIZE 32
const uint8_t *br_leaves_name(const struct br_leaves *leaves, uint32_t leaf);

#endif
