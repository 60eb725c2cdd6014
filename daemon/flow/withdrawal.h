/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A withdrawal: readings of a bad sensor are taken back. It is an entry of the journal, so that it holds
 * after a restart, and its payload is one line of JSON: {"sensor":"...","from":"...","to":"..."}; the feed is
 * the entry's. */
#ifndef BR_FLOW_WITHDRAWAL_H
#define BR_FLOW_WITHDRAWAL_H

#include "daemon/core/view.h"

#include <stdint.h>

#define BR_WITHDRAWAL_SENSOR_MAX 256

struct br_withdrawal {
    char sensor[BR_WITHDRAWAL_SENSOR_MAX + 1];
    int64_t from_utc_ms, to_utc_ms; /* from <= observed_at < to */
};

/* The line without a newline; the caller frees it. NULL: out of memory. */
char *br_withdrawal_print(const struct br_withdrawal *withdrawal);

/* NULL, or why it is none. */
const char *br_withdrawal_parse(struct br_view text, struct br_withdrawal *withdrawal);

#endif
