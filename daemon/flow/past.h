/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A sensor's past beside its readings, which go when nothing can be corrected with them any more: the spells
 * in which it was heard, and the capacities that its readings told. Windows that are published again long
 * after they closed find here what was known of their time. */
#ifndef BR_FLOW_PAST_H
#define BR_FLOW_PAST_H

#include "daemon/flow/readings.h"

#define BR_TOLD_MAX 4096 /* changes of capacity that are remembered */

struct br_told {
    int64_t from_utc_ms; /* observed_at of the first reading in a row that told it */
    int32_t capacity;
};

/* A spell ends where nothing is heard for more than a day. Only the last two are known apart. */
struct br_past {
    int64_t first_utc_ms,
        last_utc_ms;      /* observed_at of the earliest and latest reading; BR_TIME_NONE: none */
    int64_t since_utc_ms; /* the last spell: from here to last */
    int64_t before_since_utc_ms, before_last_utc_ms; /* the spell before it; BR_TIME_NONE: none */
    struct br_told *told;                            /* ascending; two in a row differ */
    uint32_t told_count, told_room;
};

void br_past_init(struct br_past *past);
void br_past_free(struct br_past *past);

/* A reading was observed at this time. */
void br_past_hear(struct br_past *past, int64_t at_utc_ms);

/* Whether there was a reading in the 24 h before `end`. */
bool br_past_is_heard(const struct br_past *past, int64_t end_utc_ms);

/* The last capacity told before this time; -1: none. */
int32_t br_past_capacity(const struct br_past *past, int64_t before_utc_ms);

/* Whether other capacities will have been told when this reading is in its chain: for what begins after its
 * time and before until. */
bool br_past_tells(const struct br_past *past, const struct br_reading *reading, int64_t *until_utc_ms);

/* Then reads those told at this time or later again from the chain, and forgets what nobody asks for who asks
 * for no time before kept. list is scratch. False: out of memory, nothing has changed. */
bool br_past_tell(struct br_past *past, const struct br_readings *readings, br_link head, int64_t at_utc_ms,
                  int64_t kept_utc_ms, struct br_reading_list *list);

/* Appends one that is known from before. False: out of memory, or there are too many. */
bool br_past_add(struct br_past *past, int64_t from_utc_ms, int32_t capacity);

#endif
