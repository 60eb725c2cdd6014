/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The flow's part of the checkpoint: what it knows into a state, and back. */
#ifndef BR_FLOW_RECALL_H
#define BR_FLOW_RECALL_H

#include "daemon/flow/checkpoint.h"
#include "daemon/flow/flow.h"

/* The state at a position of the journal, ready to be written. NULL: *error holds a negative errno (out of
 * memory, or the readings are not on disk). */
struct br_checkpoint *br_flow_checkpoint(struct br_flow *flow, uint64_t position, int *error);

#endif
