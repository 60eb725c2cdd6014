/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Time as text and as numbers. Everywhere: milliseconds since 1970-01-01T00:00:00Z, `*_utc_ms`.
 * Pure: nothing here asks what time it is (that is br_now_utc_ms of daemon/core/now.h). Thread-safe. */
#ifndef BR_CORE_CLOCK_H
#define BR_CORE_CLOCK_H

#include "daemon/core/view.h"

#include <stdint.h>

#define BR_TIME_NONE INT64_MIN /* no time is known */

/* RFC 3339 with any offset and any number of fraction digits (cut to ms, towards the past); also a blank
 * instead of the T, a lower-case t or z, and an offset as +hhmm. A leap second, 23:59:60 in UTC, is the first
 * second of the next day. False: no such text, or no such date. */
bool br_time_parse(struct br_view text, int64_t *utc_ms);

/* The same without an offset: local time of a zone that the caller applies. */
bool br_time_parse_local(struct br_view text, int64_t *local_ms);

/* `2026-08-18T10:00:00Z`, with milliseconds only where they are not 0. Four-digit years take
 * at most 24 bytes and a NUL; any number fits. */
#define BR_TIME_TEXT_SIZE 32
void br_time_format(int64_t utc_ms, char text[BR_TIME_TEXT_SIZE]);

/* A civil date and time of the proleptic Gregorian calendar to milliseconds, without a zone. Each part in its
 * range; the year within 200 million. */
int64_t br_time_of_civil(int year, int month, int day, int hour, int minute, int second);

/* The year that an instant is in, in UTC. */
int br_time_year(int64_t utc_ms);

#endif
