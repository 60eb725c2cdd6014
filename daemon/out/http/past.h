/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What a request wants of the history: it waits for it, and then the request is answered as if it came now.
 * Few readings are on their way at once, for each may bring 10,000 figures; who comes later waits for its
 * turn, and finds perhaps that the answer has been rendered meanwhile. Loop's thread. */
#ifndef BR_OUT_HTTP_PAST_H
#define BR_OUT_HTTP_PAST_H

#include "daemon/out/board.h"
#include "daemon/out/history.h"

struct br_pasts;

/* One series, ascending. */
struct br_past_query {
    Bruis__V1__Domain domain;
    char region[64], window[16];
    int64_t from_utc_ms, to_utc_ms;
    size_t rows_max;
};

/* Part of a request. Begins as {0}, but for owner. */
struct br_past {
    void *owner;
    bool is_asked; /* query is to be read */
    bool is_known; /* what follows is there */
    struct br_past_query query;
    int error; /* of reading; then there are no items */
    struct br_board_item *items;
    size_t count;
    uint8_t *bytes;

    struct br_past *previous, *next; /* who waits */
    struct br_past_reading *reading;
    bool waits;
};

/* ready: a request may be answered, or ask again; from the loop, never from within br_pasts_wait. NULL: no
 * memory. */
struct br_pasts *br_pasts_open(struct br_history *history, void (*ready)(void *owner));

/* All who wait become ready, and no other may come. */
void br_pasts_stop(struct br_pasts *pasts);

/* After br_pasts_stop: on_closed comes when no reading is on its way any more, perhaps at once. */
void br_pasts_close(struct br_pasts *pasts, void (*on_closed)(void *context), void *context);

/* Waits for what is asked. False: that cannot be now. */
bool br_pasts_wait(struct br_pasts *pasts, struct br_past *past);

/* Whether it is known, and what this query asks for. */
bool br_past_answers(const struct br_past *past, const struct br_past_query *query);

/* The request is no more. */
void br_past_drop(struct br_pasts *pasts, struct br_past *past);

#endif
