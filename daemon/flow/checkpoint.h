/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* State to disk and back: a file `state` beside the journal, written beside and renamed, with a version and a
 * checksum.
 *
 * It holds what the flow knows at a position of the journal; the readings stay where they are, and what was
 * appended to them after the checkpoint is cut off when it is loaded: the journal tells it again. kill -9 at
 * any moment gives the values of an undisturbed run. A file of a newer version is refused, a damaged one too.
 */
#ifndef BR_FLOW_CHECKPOINT_H
#define BR_FLOW_CHECKPOINT_H

#include "bruis/v1/state.pb-c.h"

#include <stddef.h>

#define BR_STATE_VERSION 1

/* A state that is packed, and the files that must be on disk before it. */
struct br_checkpoint;

/* Packs a state; takes the descriptors. NULL: out of memory (the descriptors are closed). */
struct br_checkpoint *br_checkpoint_pack(const Bruis__V1__State *state, int *files, size_t file_count);
/* The state in it, unpacked; the caller frees it. NULL: out of memory. */
Bruis__V1__State *br_checkpoint_state(const struct br_checkpoint *checkpoint);

uint64_t br_checkpoint_position(const struct br_checkpoint *checkpoint);
int64_t br_checkpoint_clock(const struct br_checkpoint *checkpoint); /* of its flow */
void br_checkpoint_close(struct br_checkpoint *checkpoint);

/* Writes it to DIR/state: may wait for the disk, so on a thread of the pool. 0 or a negative errno. */
int br_checkpoint_write(const struct br_checkpoint *checkpoint, const char *dir);

/* Reads DIR/state. NULL: *error is -ENOENT (there is none), -ENOTSUP (a newer version), -EBADMSG (damaged) or
 * the system's. */
Bruis__V1__State *br_checkpoint_read(const char *dir, int *error);

#endif
