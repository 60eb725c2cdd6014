/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The adapter of one feed at work: its instance, its limits, its reference data. Calls for one decoder must
 * not overlap; they may come from different threads. */
#ifndef BR_FLOW_DECODER_H
#define BR_FLOW_DECODER_H

#include "adapters/adapter.h"
#include "daemon/flow/tally.h"

struct br_decoder;

struct br_decoder_setup {
    const char *feed;
    const struct br_adapter *adapter;
    const struct br_node *options; /* NULL: none */
    unsigned line;                 /* of the feed, for faults */
    const char *dir;               /* where relative paths of options begin */
    int64_t max_payload, max_unpacked;
    /* Takes the sensors that a reference file describes; the emit is borrowed. NULL: nobody asks. */
    void (*described)(void *context, const struct br_emit *emit);
    void *context;
};

/* Opens the adapter and reads its reference files. The setup is copied, dir too; feed and options are
 * borrowed. All faults are told; NULL when there is one. */
struct br_decoder *br_decoder_open(const struct br_decoder_setup *setup, struct br_faults *faults);
void br_decoder_close(struct br_decoder *decoder);

/* Decodes one payload (BR_PADDING readable bytes behind it) into emit, which is started here; all of it lies
 * in the arena. */
enum br_message_outcome br_decoder_decode(struct br_decoder *decoder, struct br_view topic,
                                          struct br_view payload, int64_t received_at_utc_ms,
                                          struct br_arena *arena, struct br_emit *emit);

/* Gives reference data: the bytes of a table that a message had brought. */
enum br_message_outcome br_decoder_reference(struct br_decoder *decoder, struct br_view payload,
                                             struct br_arena *arena, struct br_emit *emit);

/* The same from a file that was kept. False: it is not there, or not usable. */
bool br_decoder_recall(struct br_decoder *decoder, const char *path, struct br_arena *arena,
                       struct br_emit *emit);

#endif
