/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The windows of one domain: cells, event time, publication, corrections. Knows no domain: it works through
 * an algebra.
 *
 * Each window length is a level; a level's windows follow each other without a gap. `cursor` is the end of
 * the last closed window of the shortest level: closing one folds each sensor's readings into a cell, adds
 * the cells to the sums of the leaves, and hands the figures of all regions to the sink. What comes later for
 * a closed window is folded again and moves the sums by the difference; br_windows_revise then publishes the
 * regions that changed, revision + 1.
 *
 * Everything is a function of the calls and their order; the final values are a function of the readings
 * alone. */
#ifndef BR_FLOW_WINDOW_H
#define BR_FLOW_WINDOW_H

#include "daemon/config.h"
#include "daemon/core/arena.h"
#include "daemon/core/zone.h"
#include "daemon/flow/algebra.h"
#include "daemon/flow/leaf.h"
#include "daemon/flow/readings.h"
#include "daemon/flow/region.h"
#include "daemon/flow/sensor.h"

#include "bruis/v1/state.pb-c.h"

struct br_windows;

struct br_windows_setup {
    const struct br_config *config;
    const struct br_regions *regions;
    struct br_readings *readings;
    const struct br_privacy *privacy; /* pedestrians; else NULL */
    const struct br_zone *day_zone;   /* whose days `1d` means */
    const struct br_algebra *algebra;
    enum br_domain domain;
    bool keep_all; /* replay: no window is ever dropped from state */
    /* newest: no later window of this level has been published. The figure is borrowed. */
    void (*figure)(void *context, const Bruis__V1__Figure *figure, bool newest);
    void (*closed)(void *context, const char *window); /* one window of all regions is out; may be NULL */
    void *context;
};

/* NULL: out of memory. */
struct br_windows *br_windows_open(const struct br_windows_setup *setup);
void br_windows_close(struct br_windows *windows);

struct br_leaves *br_windows_leaves(struct br_windows *windows);

/* Takes a sensor of this domain in; once for each, before anything else about it. False: out of memory. */
bool br_windows_join(struct br_windows *windows, struct br_sensor *sensor);

/* The sensor is catalogued, by the operator or by its source: it is expected also when it is silent. */
void br_windows_describe(struct br_windows *windows, struct br_sensor *sensor);

/* Where to begin: windows that end at or before this time are closed already, unless nothing has been
 * published yet. */
void br_windows_begin(struct br_windows *windows, int64_t from_utc_ms);

/* Appends a reading to its sensor's chain and corrects the closed windows that it touches. superseded: there
 * is one of this time already, which it replaces. 0 or a negative errno. */
int br_windows_reading(struct br_windows *windows, struct br_sensor *sensor,
                       const struct br_reading *reading);

/* Changes what is known of a sensor. Windows that hold something since since_utc_ms follow (BR_TIME_NONE: all
 * that are kept): correct_for before now, so that it does not matter which older ones are still in state. */
void br_windows_move(struct br_windows *windows, struct br_sensor *sensor, uint32_t leaf,
                     int64_t since_utc_ms);
void br_windows_resize(struct br_windows *windows, struct br_sensor *sensor, int32_t capacity,
                       int64_t since_utc_ms);

/* What is due is done in steps, each short; true: one was done. Nothing else may be done to the windows
 * between the first step and the last, or the outcome would be one of chance.
 * due: every window of the shortest level that ends at or before this time closes, and the longer ones with
 * it (it may be earlier than the one given before: a feed that plays the past is waited for). changed: what
 * has changed in windows that were published before is published again. Where nothing was heard for two days
 * nothing is published for what is more than a day past (in a replay: nothing at all until the next reading),
 * so that weeks without a reading do not hold up what follows. */
void br_windows_due(struct br_windows *windows, int64_t until_utc_ms);
void br_windows_changed(struct br_windows *windows);
bool br_windows_step(struct br_windows *windows);
bool br_windows_busy(const struct br_windows *windows); /* there may be a step to do */

/* The same, with all steps at once. */
void br_windows_advance(struct br_windows *windows, int64_t until_utc_ms);
void br_windows_revise(struct br_windows *windows);

/* Drops windows that ended before this time from the state: nothing can correct them any more. */
void br_windows_forget(struct br_windows *windows, int64_t before_utc_ms);

/* Hands out the `live` figures that changed: levels as they are now, with the flows of the last closed
 * shortest window. */
void br_windows_live(struct br_windows *windows, int64_t now_utc_ms);

/* For the checkpoint. save: everything but the sensors, allocated in the arena; false: it is full. */
bool br_windows_save(const struct br_windows *windows, struct br_arena *arena, Bruis__V1__StateDomain *state);

/* load: after the sensors have joined and have their leaves. regions: the indexes of the state's regions,
 * BR_REGION_NONE where there is none any more. refold: leaves have changed since, so the sums are made from
 * the readings again. */
bool br_windows_load(struct br_windows *windows, const Bruis__V1__StateDomain *state, const uint32_t *regions,
                     size_t region_count, bool refold);

/* A sensor's day and the day before it as numbers, and back. NULL: the windows have no days. */
bool br_windows_save_sensor(const struct br_windows *windows, const struct br_sensor *sensor,
                            struct br_arena *arena, Bruis__V1__StateSensor *state);
void br_windows_load_sensor(struct br_windows *windows, struct br_sensor *sensor,
                            const Bruis__V1__StateSensor *state);

/* Hands the newest windows out again, as they were: after a restart outputs know nothing. */
void br_windows_repeat(struct br_windows *windows);

/* The end of a replay: closes all that holds a reading; windows that end after complete_utc_ms are `partial`.
 */
void br_windows_finish(struct br_windows *windows, int64_t complete_utc_ms);

int64_t br_windows_cursor(const struct br_windows *windows); /* BR_TIME_NONE before begin */

#endif
