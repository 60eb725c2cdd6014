/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The intake: journal -> adapter -> flow. Every message ends in one counted outcome, in the order of the
 * journal.
 *
 * Small payloads are decoded on the loop, large ones on libuv's thread pool while the loop goes on; what they
 * hold is applied in slices, so that nothing holds the loop for long. All on the loop's thread. */
#ifndef BR_FLOW_INTAKE_H
#define BR_FLOW_INTAKE_H

#include "daemon/config.h"
#include "daemon/core/log.h"
#include "daemon/flow/decoder.h"
#include "daemon/flow/flow.h"
#include "daemon/flow/quarantine.h"
#include "daemon/flow/tally.h"
#include "daemon/in/journal.h"

#include <uv.h>

struct br_intake;

struct br_intake_setup {
    uv_loop_t *loop; /* NULL: replay, everything at once */
    const struct br_config *config;
    struct br_journal *journal; /* NULL: replay */
    struct br_flow *flow;
    struct br_tally *tally;
    struct br_log *log;
    struct br_quarantine *quarantine; /* NULL: replay */
    br_position position;             /* where to begin to read */
    void (*ticked)(void *context);    /* between two entries, after a tick has been applied; may be NULL */
    void *context;
};

/* Opens an adapter for each feed. Faults are told; NULL when there is one, or no memory. Tables that messages
 * had brought before the position (daemon/flow/reference.h) are given to their adapters. */
struct br_intake *br_intake_open(const struct br_intake_setup *setup, struct br_faults *faults);
void br_intake_close(struct br_intake *intake);

/* Works through the journal for at most a few ms. True: there is more to do now. */
bool br_intake_pump(struct br_intake *intake);

/* Everything before this position has been applied. */
br_position br_intake_position(const struct br_intake *intake);

/* Tables that could not be kept when they came are tried again; 0, or a negative errno where one is left:
 * then a checkpoint would lose it. */
int br_intake_land(struct br_intake *intake);

/* A checkpoint at this position is on disk: tables that no restart needs any more go. */
void br_intake_kept(struct br_intake *intake, br_position position);

/* Applies what is left of the message at work, if any; false: it is still being decoded. */
bool br_intake_complete(struct br_intake *intake);

/* Nothing is being decoded, and the journal is read to its end. */
bool br_intake_idle(const struct br_intake *intake);

/* One message at once, for replay. */
enum br_message_outcome br_intake_message(struct br_intake *intake, size_t feed, struct br_view topic,
                                          struct br_view payload, int64_t received_at_utc_ms);

#endif
