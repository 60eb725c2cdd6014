/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/now.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define STEP_MS 5000
#define STAND_MS 600000

struct br_now {
    _Atomic int64_t anchor_ms; /* UTC less monotonic */
    int64_t step_ms;           /* that the wall clock is off by; 0: none */
    int64_t step_mono_ms;      /* since when */
};

static int64_t read_clock(clockid_t id)
{
    struct timespec time;
    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t offset_ms(void)
{
    return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

struct br_now *br_now_open(void)
{
    struct br_now *now = calloc(1, sizeof *now);
    if (now)
        now->anchor_ms = offset_ms();
    return now;
}

void br_now_close(struct br_now *now)
{
    free(now);
}

int64_t br_now_utc_ms(const struct br_now *now)
{
    return read_clock(CLOCK_MONOTONIC) + now->anchor_ms;
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

int64_t br_now_check(struct br_now *now)
{
    int64_t off = offset_ms() - now->anchor_ms, mono = read_clock(CLOCK_MONOTONIC);
    if (magnitude(off) <= STEP_MS) {
        now->anchor_ms += off; /* what a time daemon slews */
        now->step_ms = 0;
        return 0;
    }
    if (now->step_ms == 0 || magnitude(off - now->step_ms) > STEP_MS) {
        now->step_ms = off;
        now->step_mono_ms = mono;
        return off;
    }
    if (mono - now->step_mono_ms >= STAND_MS) {
        now->anchor_ms += off;
        now->step_ms = 0;
    }
    return 0;
}
