/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What time it is: the monotonic clock, anchored to UTC at the start, so that a step of the wall clock does
 * not tear the times of arrival. A step of more than 5 s is told at once (br_now_check) and moves the anchor
 * when it has stood for 10 minutes. br_now_utc_ms is thread-safe. */
#ifndef BR_CORE_NOW_H
#define BR_CORE_NOW_H

#include <stdint.h>

struct br_now;

struct br_now *br_now_open(void);
void br_now_close(struct br_now *now);

int64_t br_now_utc_ms(const struct br_now *now);

/* Once a second. Returns the size of a step of the wall clock in ms when one has just been seen, else 0. */
int64_t br_now_check(struct br_now *now);

#endif
