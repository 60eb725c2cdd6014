/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Tables that came as messages (site tables), kept as they came: DIR/reference/FEED.POSITION, by the place of
 * the message in the journal.
 *
 * A restart goes on from a checkpoint and reads again what came after it. The table that held there must
 * still be known then, although a later one had come: what lies between them is decoded with the first. So a
 * table goes only when a checkpoint has passed the next one. A file without a position (FEED) holds from the
 * beginning. One thread. */
#ifndef BR_FLOW_REFERENCE_H
#define BR_FLOW_REFERENCE_H

#include "daemon/core/view.h"

#include <limits.h>
#include <stdint.h>

/* Keeps the table of the message at this position; on disk when it returns. 0 or a negative errno. */
int br_reference_keep(const char *dir, const char *feed, uint64_t position, struct br_view table);

/* The path of the newest table whose message is before this position. False: there is none. */
bool br_reference_find(const char *dir, const char *feed, uint64_t position, char path[PATH_MAX]);

/* A checkpoint at this position is on disk: tables older than the one that holds there go. */
void br_reference_release(const char *dir, const char *feed, uint64_t position);

/* The journal ends here: tables of messages that it has lost go. */
void br_reference_cut(const char *dir, const char *feed, uint64_t end);

/* The journal begins anew, and its positions: what held at this one holds from the beginning, the rest goes.
 */
void br_reference_rebase(const char *dir, const char *feed, uint64_t position);

#endif
