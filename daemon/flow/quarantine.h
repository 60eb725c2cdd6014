/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The quarantine: a message at which the process has died twice is set aside, so that it cannot stop the
 * service for ever. A QoS 1 message comes back as long as nobody has got over it.
 *
 * A mapped word says which record of the journal is at work; it survives kill -9. At a start it tells where
 * the process died; the second time at the same record makes that one a suspect. Files: DIR/poison (the
 * words), DIR/quarantine/POSITION.payload (as it came: `bruisd decode` reads it) and POSITION.json (feed,
 * topic, time, reason). One owner. */
#ifndef BR_FLOW_QUARANTINE_H
#define BR_FLOW_QUARANTINE_H

#include "daemon/core/view.h"

#include <stdint.h>

struct br_quarantine;

/* NULL: *error holds a negative errno. */
struct br_quarantine *br_quarantine_open(const char *dir, int *error);
void br_quarantine_close(struct br_quarantine *quarantine); /* a clean end: nothing is at work */

/* Around the work at one record. Cheap: a store into memory. */
void br_quarantine_enter(struct br_quarantine *quarantine, uint64_t position);
void br_quarantine_leave(struct br_quarantine *quarantine);

/* The process has died at this record twice. */
bool br_quarantine_is_suspect(const struct br_quarantine *quarantine, uint64_t position);

/* Keeps a message that is not going to be read. 0 or a negative errno. */
int br_quarantine_keep(struct br_quarantine *quarantine, uint64_t position, const char *feed,
                       struct br_view topic, struct br_view payload, int64_t received_at_utc_ms);

#endif
