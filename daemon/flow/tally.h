/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What became of everything, per feed: the counters of contract section 8. Identity, exact at any quiet
 * moment: decoded = sum of results + pending. Any thread may read; the flow's thread counts. */
#ifndef BR_FLOW_TALLY_H
#define BR_FLOW_TALLY_H

#include "daemon/config.h"
#include "daemon/core/metrics.h"

enum br_result {
    BR_INVALID,
    BR_IMPLAUSIBLE,
    BR_LATE,
    BR_DUPLICATE,
    BR_CONFLICT,
    BR_CORRECTED,
    BR_UNLOCATED,
    BR_USED,
    BR_RESULTS
};

enum br_message_outcome {
    BR_OUT_DECODED,
    BR_OUT_SKIPPED,
    BR_OUT_REJECTED,
    BR_OUT_OVERSIZE,
    BR_OUT_DROPPED,
    BR_OUT_OUTCOMES
};

struct br_tally_feed {
    br_series *received, *outcome[BR_OUT_OUTCOMES];
    br_series *decoded, *result[BR_RESULTS], *pending;
    br_series *unmatched; /* sites or versions that a reference table lacks */
};

struct br_tally;

struct br_tally *br_tally_open(struct br_metrics *metrics, const struct br_config *config);
void br_tally_close(struct br_tally *tally);

struct br_tally_feed *br_tally_feed(struct br_tally *tally, size_t feed);

/* bruis_windows_closed_total{window} + 1 */
void br_tally_closed(struct br_tally *tally, const char *window);

/* bruis_sensors{domain,state}: state heard (in the last 24 h), silent. */
void br_tally_sensors(struct br_tally *tally, const char *domain, int64_t heard, int64_t silent);

#endif
