/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The readings of the last `correct_for` and what is needed beside them, on disk: one mapped file for each
 * hour of observed time, records of 48 bytes, chained per sensor in the order of arrival. Only appended to,
 * never changed, so that a crash can be undone by cutting files back. What memory they take is the page
 * cache's, not ours.
 *
 * One owner, one thread. */
#ifndef BR_FLOW_READINGS_H
#define BR_FLOW_READINGS_H

#include "daemon/flow/reading.h"

#include <stddef.h>

struct br_readings;

typedef uint64_t br_link; /* a record; 0: none */

/* How many readings of an hour belong to a state. */
struct br_readings_hour {
    uint32_t number; /* hours since 1970 */
    uint32_t count;
    bool needed; /* to open: it is too young to have been forgotten since */
};

/* Readings in `dir`, which is made. Of what is in it already the given hours are kept as far as they are
 * given, the rest is removed. size_max: bytes of all files; past it the oldest hour goes. NULL: *error holds
 * a negative errno (-EBADMSG: a file that is given holds less than it should, or one that is needed is not
 * there). */
struct br_readings *br_readings_open(const char *dir, int64_t size_max, const struct br_readings_hour *hours,
                                     size_t hour_count, int *error);
void br_readings_close(struct br_readings *readings);

/* Appends a copy to the chain that `head` ends and moves *head to it. 0 or a negative errno; then *head is
 * unchanged. */
int br_readings_append(struct br_readings *readings, br_link *head, const struct br_reading *reading);

/* Removes the files of hours that end at or before this time, but for those by which a chain leads on to
 * readings of this time or later: the late ones of such an hour came after them. */
void br_readings_forget(struct br_readings *readings, int64_t before_utc_ms);

/* Readings sorted by time, one for each time. {0} to begin, br_reading_list_free at the end; reused by every
 * call. */
struct br_reading_list {
    struct br_reading *at;
    size_t count, capacity;
};
void br_reading_list_free(struct br_reading_list *list);

/* The readings of a chain with from <= observed_at < to: of one time the one that arrived last, withdrawn
 * ones left out. carry_from < from: also the last one before `from` that is newer than carry_from. False: out
 * of memory. */
bool br_readings_between(const struct br_readings *readings, br_link head, int64_t from_utc_ms,
                         int64_t to_utc_ms, int64_t carry_from_utc_ms, struct br_reading_list *list);

/* The one of exactly this time that holds (also a withdrawn one). */
bool br_readings_at(const struct br_readings *readings, br_link head, int64_t observed_at_utc_ms,
                    struct br_reading *reading);

/* The hours as they are now: at most `count` of them into hours; returns how many there are. */
size_t br_readings_hours(const struct br_readings *readings, struct br_readings_hour *hours, size_t count);

/* Descriptors of all files, for fdatasync on another thread: the caller closes them. As br_readings_hours. */
size_t br_readings_files(const struct br_readings *readings, int *files, size_t count);

/* Hours that the disk would not take are kept in memory. Tries to bring them to the disk; 0, or a negative
 * errno when some are left: then the readings belong to no checkpoint. */
int br_readings_land(struct br_readings *readings);

int64_t br_readings_size(const struct br_readings *readings); /* bytes of all files */

/* Hours that went because of size_max since this was asked for last: what they held is not known any more. */
unsigned br_readings_pushed(struct br_readings *readings);

#endif
