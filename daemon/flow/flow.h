/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The flow: observations in, figures out. It joins the registry, the places, the readings, the windows of the
 * three domains and their watermarks, and gives every observation exactly one result.
 *
 * It reads no clock: time comes in with observations and ticks. One owner, one thread. */
#ifndef BR_FLOW_FLOW_H
#define BR_FLOW_FLOW_H

#include "adapters/adapter.h"
#include "daemon/config.h"
#include "daemon/core/log.h"
#include "daemon/flow/catalogue.h"
#include "daemon/flow/region.h"
#include "daemon/flow/tally.h"
#include "daemon/flow/withdrawal.h"

#include "bruis/v1/figure.pb-c.h"
#include "bruis/v1/state.pb-c.h"

struct br_flow;

struct br_flow_setup {
    const struct br_config *config;
    const struct br_regions *regions;
    const struct br_catalogue *catalogue; /* NULL: none */
    struct br_tally *tally;
    struct br_log *log;
    const char *readings_dir;
    const uint8_t *privacy_key; /* copied */
    size_t privacy_key_size;
    const Bruis__V1__State *state; /* a checkpoint to go on from; NULL: none. Only read while opening */
    bool replay;                   /* nothing is dropped from state; no live figures */
    void (*figure)(void *context, const Bruis__V1__Figure *figure, bool newest);
    void (*observation)(
        void *context,
        const Bruis__V1__Observation *observation); /* where the feed may be republished; may be NULL */
    void *context;
};

/* NULL: *error holds a negative errno. */
struct br_flow *br_flow_open(const struct br_flow_setup *setup, int *error);
void br_flow_close(struct br_flow *flow);

/* Hands the newest windows out again, as they were when the checkpoint was taken. */
void br_flow_repeat(struct br_flow *flow);

/* One observation, one sensor, one snapshot of a decoded message. received: BR_TIME_NONE where it is not
 * known. */
void br_flow_observation(struct br_flow *flow, size_t feed, const struct br_emitted_observation *emitted,
                         int64_t received_at_utc_ms);
void br_flow_sensor(struct br_flow *flow, size_t feed, const struct br_emitted_sensor *emitted,
                    int64_t received_at_utc_ms);
void br_flow_snapshot(struct br_flow *flow, size_t feed, int64_t at_utc_ms, int64_t received_at_utc_ms);

/* Takes readings back, of every kind that the sensor has. Returns how many. */
size_t br_flow_withdraw(struct br_flow *flow, size_t feed, const struct br_withdrawal *withdrawal);

/* After the records of a message: what has become due is to be published. clock: its time of arrival or
 * BR_TIME_NONE. */
void br_flow_settle(struct br_flow *flow, int64_t clock_utc_ms);

/* Once a second: what is due and what was revised is to be published, live figures too, and what is too old
 * to correct is to be forgotten. */
void br_flow_tick(struct br_flow *flow, int64_t now_utc_ms);

/* Does a short part of what is to be done; false: there was nothing. All of it comes before the next record,
 * or the figures would depend on chance. rest: all of it. */
bool br_flow_step(struct br_flow *flow);
bool br_flow_busy(const struct br_flow *flow); /* there may be a step to do */
void br_flow_rest(struct br_flow *flow);

/* A checkpoint of this clock is on disk: of the readings only what it has no use for may be forgotten. Before
 * the first call that is the state that the flow was opened with, if any. */
void br_flow_kept(struct br_flow *flow, int64_t clock_utc_ms);

/* The end of a replay: everything is flushed, unfinished windows as `partial`. */
void br_flow_finish(struct br_flow *flow);

/* Sets the gauges that are only taken when they are asked for. */
void br_flow_gauges(struct br_flow *flow);

#endif
