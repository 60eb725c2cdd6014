/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* When a window may be published: how far each feed of a domain has come in event time. It decides only when,
 * never what. */
#ifndef BR_FLOW_WATERMARK_H
#define BR_FLOW_WATERMARK_H

#include "daemon/config.h"
#include "daemon/flow/reading.h"

struct br_watermarks;

struct br_watermarks *br_watermarks_open(const struct br_config *config);
void br_watermarks_close(struct br_watermarks *watermarks);

/* A plausible reading of a feed. end: of its period, a period counted for at most the feed's interval; of a
 * level its time. heard: the clock when it came (BR_TIME_NONE: no clock). */
void br_watermarks_heard(struct br_watermarks *watermarks, size_t feed, enum br_domain domain,
                         int64_t end_utc_ms, int64_t heard_utc_ms);

/* Windows of this domain that end at or before the result may be published: all feeds that are not idle (2 x
 * interval without a reading, by the clock) have passed end + lateness; when all are idle the clock has.
 * BR_TIME_NONE: none yet. */
int64_t br_watermarks_until(const struct br_watermarks *watermarks, enum br_domain domain,
                            int64_t clock_utc_ms);

/* A feed's mark, for the checkpoint. False: it was never heard. */
bool br_watermarks_get(const struct br_watermarks *watermarks, size_t feed, enum br_domain domain,
                       int64_t *end_utc_ms, int64_t *heard_utc_ms);

/* The greatest watermark of the domain, or BR_TIME_NONE. */
int64_t br_watermarks_latest(const struct br_watermarks *watermarks, enum br_domain domain);

#endif
