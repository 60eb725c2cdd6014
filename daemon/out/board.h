/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The figures that outputs can be asked for: the newest of each region, domain and window, and those before
 * it as far as memory allows. Filled by the flow, read by HTTP. Owned by the loop's thread. */
#ifndef BR_OUT_BOARD_H
#define BR_OUT_BOARD_H

#include "daemon/config.h"

#include "bruis/v1/figure.pb-c.h"

struct br_board;

/* keep: how many windows of each region, domain and length stay (at least 1); size_max: bytes for all, the
 * oldest windows of the longest series go first, the newest of a series never. NULL: no memory. */
struct br_board *br_board_open(size_t keep, size_t size_max);
void br_board_close(struct br_board *board); /* NULL is allowed */

/* Keeps a packed copy. A figure of the same region, domain, window and start replaces the one held when its
 * revision is not lower. Live figures: only the last. A figure without region, domain, window or start, one
 * that is older than all that a full series keeps, one that is held already byte for byte, and one for which
 * there is no memory change nothing. */
void br_board_put(struct br_board *board, const Bruis__V1__Figure *figure);

/* What is kept: packed bytes, with what is needed to choose. Valid until the next put. */
struct br_board_item {
    const uint8_t *packed;
    size_t packed_size;
    int64_t start_utc_ms, end_utc_ms;
    uint32_t revision;
    uint64_t change; /* grows with every put that changed something: for ETags and resume points */
};

/* The newest figure of a region (code in lower case); false: none. */
bool br_board_newest(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                     const char *window, struct br_board_item *item);

/* The newest figure with start <= last and end > first, which is that its window meets [first, last]; false:
 * none. */
bool br_board_newest_in(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                        const char *window, int64_t first_utc_ms, int64_t last_utc_ms,
                        struct br_board_item *item);

/* Figures with from <= start < to, ascending by start; calls back until it returns false. */
void br_board_range(const struct br_board *board, Bruis__V1__Domain domain, const char *region,
                    const char *window, int64_t from_utc_ms, int64_t to_utc_ms,
                    bool (*each)(void *context, const struct br_board_item *item), void *context);

uint64_t br_board_change(const struct br_board *board); /* of the last put; 0: none yet */

/* Of the last put of this domain and window; 0: none yet. */
uint64_t br_board_change_of(const struct br_board *board, Bruis__V1__Domain domain, const char *window);

size_t br_board_size(const struct br_board *board); /* bytes held */

#endif
