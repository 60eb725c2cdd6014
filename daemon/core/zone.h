/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Time zones from the system's database (TZif, RFC 8536): loaded once, then pure.
 * A footer rule (POSIX TZ) carries on after the last transition of the file. */
#ifndef BR_CORE_ZONE_H
#define BR_CORE_ZONE_H

#include <stddef.h>
#include <stdint.h>

struct br_zone;

/* Loads `Europe/Amsterdam` and the like from /usr/share/zoneinfo. NULL with errno set: ENOENT for an unknown
 * or unsafe name, EINVAL for a file that is no TZif of version 2 or later, or one that counts leap seconds.
 * The caller closes it. */
struct br_zone *br_zone_open(const char *name);

/* The same from the bytes of such a file. */
struct br_zone *br_zone_read(const void *data, size_t size);

void br_zone_close(struct br_zone *zone);

/* Offset of local time from UTC at an instant, in ms, east positive. */
int64_t br_zone_offset_ms(const struct br_zone *zone, int64_t utc_ms);

/* The instant that a wall clock in the zone means. A time that happens twice means the first one; a time that
 * the change to summer time skips means as long after the change as it is after the gap's start. */
int64_t br_zone_to_utc_ms(const struct br_zone *zone, int64_t local_ms);

/* Start of the local day that holds an instant, and of the day after it: start <= instant < next. A day has
 * 23, 24 or 25 hours as a rule. Instants within 200 million years of 1970. */
int64_t br_zone_day_start(const struct br_zone *zone, int64_t utc_ms);
int64_t br_zone_next_day_start(const struct br_zone *zone, int64_t utc_ms);

#endif
