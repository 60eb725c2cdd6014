/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/past.h"
#include "daemon/config.h"
#include "daemon/core/clock.h"

#include <stdlib.h>
#include <string.h>

void br_past_init(struct br_past *past)
{
    *past = (struct br_past){.first_utc_ms = BR_TIME_NONE,
                             .last_utc_ms = BR_TIME_NONE,
                             .since_utc_ms = BR_TIME_NONE,
                             .before_since_utc_ms = BR_TIME_NONE,
                             .before_last_utc_ms = BR_TIME_NONE};
}

void br_past_free(struct br_past *past)
{
    free(past->told);
    past->told = NULL;
    past->told_count = past->told_room = 0;
}

/* ---- spells */

static void set_before(struct br_past *past, int64_t since_utc_ms, int64_t last_utc_ms)
{
    past->before_since_utc_ms = since_utc_ms;
    past->before_last_utc_ms = last_utc_ms;
}

/* A reading between the last two spells, or before the last where it is the only one. */
static void hear_between(struct br_past *past, int64_t at_utc_ms)
{
    bool has_before = past->before_last_utc_ms != BR_TIME_NONE;
    bool joins_last = past->since_utc_ms - at_utc_ms <= BR_DAY_MS;
    bool joins_before = has_before && at_utc_ms - past->before_last_utc_ms <= BR_DAY_MS;

    if (joins_last && joins_before) {
        past->since_utc_ms = past->before_since_utc_ms;
        set_before(past, BR_TIME_NONE, BR_TIME_NONE);
    } else if (joins_last) {
        past->since_utc_ms = at_utc_ms;
    } else if (joins_before) {
        past->before_last_utc_ms = at_utc_ms;
    } else {
        set_before(past, at_utc_ms, at_utc_ms);
    }
}

void br_past_hear(struct br_past *past, int64_t at_utc_ms)
{
    if (past->first_utc_ms == BR_TIME_NONE || at_utc_ms < past->first_utc_ms)
        past->first_utc_ms = at_utc_ms;
    if (past->last_utc_ms == BR_TIME_NONE) {
        past->since_utc_ms = past->last_utc_ms = at_utc_ms;
    } else if (at_utc_ms > past->last_utc_ms) {
        if (at_utc_ms - past->last_utc_ms > BR_DAY_MS) {
            set_before(past, past->since_utc_ms, past->last_utc_ms);
            past->since_utc_ms = at_utc_ms;
        }
        past->last_utc_ms = at_utc_ms;
    } else if (at_utc_ms < past->since_utc_ms) {
        if (past->before_last_utc_ms == BR_TIME_NONE || at_utc_ms > past->before_last_utc_ms)
            hear_between(past, at_utc_ms);
        else if (past->before_since_utc_ms - at_utc_ms <= BR_DAY_MS && at_utc_ms < past->before_since_utc_ms)
            past->before_since_utc_ms = at_utc_ms;
    }
}

/* Two readings of a spell are at most a day apart, so each day that begins or ends in it has one. */
static bool is_in(int64_t since_utc_ms, int64_t last_utc_ms, int64_t end_utc_ms)
{
    return last_utc_ms != BR_TIME_NONE && since_utc_ms < end_utc_ms && last_utc_ms >= end_utc_ms - BR_DAY_MS;
}

bool br_past_is_heard(const struct br_past *past, int64_t end_utc_ms)
{
    bool is_older = past->before_last_utc_ms != BR_TIME_NONE && end_utc_ms <= past->before_since_utc_ms;
    return is_in(past->since_utc_ms, past->last_utc_ms, end_utc_ms) ||
           is_in(past->before_since_utc_ms, past->before_last_utc_ms, end_utc_ms) ||
           (is_older && past->first_utc_ms < end_utc_ms); /* its silences are not known any more */
}

/* ---- capacities */

/* How many were told before this time. */
static uint32_t told_before(const struct br_past *past, int64_t before_utc_ms)
{
    uint32_t count = past->told_count;
    while (count > 0 && past->told[count - 1].from_utc_ms >= before_utc_ms)
        count--;
    return count;
}

int32_t br_past_capacity(const struct br_past *past, int64_t before_utc_ms)
{
    uint32_t count = told_before(past, before_utc_ms);
    return count > 0 ? past->told[count - 1].capacity : -1;
}

static bool is_told(const struct br_reading *reading)
{
    return reading->kind == BR_KIND_PARKING && !(reading->bits & BR_READING_WITHDRAWN) &&
           (reading->known & BR_KNOWN(BR_PARKING_CAPACITY));
}

bool br_past_tells(const struct br_past *past, const struct br_reading *reading, int64_t *until_utc_ms)
{
    int64_t at = reading->observed_at_utc_ms;
    uint32_t count = told_before(past, at + 1);
    const struct br_told *told = count > 0 ? &past->told[count - 1] : NULL;

    *until_utc_ms = count < past->told_count ? past->told[count].from_utc_ms + 1 : INT64_MAX;
    if (is_told(reading))
        return !told || told->capacity != reading->value[BR_PARKING_CAPACITY];
    return told && told->from_utc_ms == at;
}

static bool make_room(struct br_past *past, size_t count)
{
    size_t room = past->told_room ? past->told_room : 1;
    while (room < count)
        room *= 2;
    if (room == past->told_room)
        return true;
    struct br_told *told = room > UINT32_MAX ? NULL : realloc(past->told, room * sizeof *told);
    if (!told)
        return false;
    past->told = told;
    past->told_room = (uint32_t)room;
    return true;
}

bool br_past_add(struct br_past *past, int64_t from_utc_ms, int32_t capacity)
{
    if (past->told_count >= BR_TOLD_MAX || !make_room(past, (size_t)past->told_count + 1))
        return false;
    past->told[past->told_count++] = (struct br_told){from_utc_ms, capacity};
    return true;
}

static void forget_told(struct br_past *past, int64_t kept_utc_ms)
{
    uint32_t gone = 0;
    while (gone + 1 < past->told_count &&
           (past->told[gone + 1].from_utc_ms < kept_utc_ms || past->told_count - gone > BR_TOLD_MAX))
        gone++;
    past->told_count -= gone;
    memmove(past->told, past->told + gone, past->told_count * sizeof *past->told);
}

bool br_past_tell(struct br_past *past, const struct br_readings *readings, br_link head, int64_t at_utc_ms,
                  int64_t kept_utc_ms, struct br_reading_list *list)
{
    uint32_t count = told_before(past, at_utc_ms);
    if (!br_readings_between(readings, head, at_utc_ms, INT64_MAX, INT64_MAX, list) ||
        !make_room(past, count + list->count))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        int64_t from = list->at[i].observed_at_utc_ms;
        int32_t capacity = list->at[i].value[BR_PARKING_CAPACITY];
        if (is_told(&list->at[i]) && (count == 0 || past->told[count - 1].capacity != capacity))
            past->told[count++] = (struct br_told){from, capacity};
    }
    past->told_count = count;
    forget_told(past, kept_utc_ms);
    return true;
}
