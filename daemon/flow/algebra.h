/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The algebra of a domain: cells of one sensor over time, sums over sensors, figures of sums.
 *
 * A cell is what one sensor says in one window: folded from its readings, and merged over time with the cell
 * of the next window. A sum adds up cells over sensors: whole numbers only, so that order cannot change a bit
 * and a cell can be taken out again. Fields that are no sums (the extreme times) are kept beside them by the
 * window module.
 *
 * window.c knows no domain: it works through this table. Pure; any thread. */
#ifndef BR_FLOW_ALGEBRA_H
#define BR_FLOW_ALGEBRA_H

#include "daemon/flow/privacy.h"
#include "daemon/flow/reading.h"

#include "bruis/v1/figure.pb-c.h"

#include <stddef.h>

/* What a fold needs to know of the sensor. */
struct br_fold {
    enum br_kind kind;
    const struct br_reading *readings; /* sorted, one a time; levels: with the carry-in first */
    size_t count;
    int64_t start_utc_ms, end_utc_ms;
    int64_t length_ms; /* of the window's class: longer periods take no part */
    int64_t
        period_min_ms; /* periods up to this one are left out too (they are in the parts already); 0: none */
    int64_t stale_ms, interval_ms;
    int32_t capacity;      /* described, for readings without; -1 */
    int32_t capacity_told; /* the last that a reading before the span told: it weighs; -1 */
    bool capacity_fixed;   /* by the operator, for readings that say otherwise too */
    bool is_space;         /* a single bay */
    /* jams: the times at which the feed was heard whole, sorted */
    const struct br_reading *snapshots;
    size_t snapshot_count;
    /* pedestrians */
    const struct br_privacy *privacy;
    int64_t min_window_ms;
    const uint8_t *sensor_name; /* digest, for counts that are a protected cell of their own */
    size_t sensor_name_size;
};

/* The part that every cell begins with. */
struct br_cell {
    int64_t last_utc_ms; /* observed_at of its last reading; BR_TIME_NONE: none */
    int32_t capacity;    /* parking: last known, of a closed one too; -1 */
    int32_t reporting;   /* > 0: it has a count in the window, or a level valid at some instant of it */
    int32_t partial, estimated,
        stale; /* readings flagged so; stale: 1 when its level at the end is an old one */
};

/* The part that every sum begins with: coverage. */
struct br_sum {
    int64_t reporting, reporting_capacity;
    int64_t partial, estimated, stale; /* sensors */
};

union br_submessage {
    Bruis__V1__ParkingFigure parking;
    Bruis__V1__TrafficFigure traffic;
    Bruis__V1__PedestrianFigure pedestrian;
};

/* What belongs to a region's figure beside the sum, and the memory for its submessage. */
struct br_figure_frame {
    int64_t length_ms; /* real length of the window (a day may have 23 or 25 hours) */
    bool covered;      /* traffic: a situation feed that was heard covers the region */
    const struct br_privacy *privacy;
    union br_submessage *submessage;
};

/* A member of a cell, for the checkpoint: where it is, and how many bytes wide. Tables of them are only
 * appended to. */
struct br_field {
    uint16_t offset, size;
};
#define BR_FIELD(type, member)                                                                               \
    {                                                                                                        \
        offsetof(type, member), sizeof(((type *)0)->member)                                                  \
    }

struct br_algebra {
    size_t cell_size, day_size, sum_size; /* day: the cell of a window made of hours */
    const struct br_field *day_fields;    /* of a day, all of it */
    size_t day_field_count;

    /* For how long a reading matters to the windows after it: a level does, a count does not. */
    int64_t (*carry_ms)(enum br_kind kind, int64_t stale_ms);

    void (*reset)(void *cell); /* nothing was heard */
    void (*fold)(const struct br_fold *fold, void *cell);

    /* Appends the cell of the following span. at_start: the span begins where `into` does. */
    void (*extend)(void *into, const void *next, bool at_start);

    /* A day is reset by clearing its memory and resetting the cell that it begins with.
     * Puts the cell of hour `part` into a day: a new one (before NULL), or instead of what it was before.
     * is_last: no later hour has been put. */
    void (*day_put)(void *day, const void *before, const void *after, unsigned part, bool is_last);

    /* sum += sign * cell. sign is 1 or -1. */
    void (*add)(void *sum, const void *cell, int sign, enum br_kind kind);

    /* Pedestrians, with privacy on; else NULL. protect: sets the protected numbers of a leaf's sum. whole:
     * its window is the protected cell's; else its protected counts are those of its parts, added by inherit.
     */
    void (*protect)(void *sum, const struct br_privacy *privacy, const uint8_t *leaf_name,
                    int64_t start_utc_ms, int64_t end_utc_ms, bool whole);
    void (*inherit)(void *sum, const void *part, int sign);

    /* The key figures, into the domain's submessage. known: coverage lets values stand; else only counts of
     * sensors are given. */
    void (*figure)(const void *sum, const struct br_figure_frame *frame, bool known,
                   Bruis__V1__Figure *figure);

    /* Live: takes the levels of `now` into the figure of the last window. */
    void (*overlay)(Bruis__V1__Figure *figure, const Bruis__V1__Figure *now);
};

/* Sums are structs of int64_t and nothing else, so that one function adds and takes away any of them. */
void br_sum_merge(void *sum, const void *other, size_t sum_size, int sign);

/* The members as numbers, and back; members beyond count are left as they are. */
void br_fields_save(const struct br_field *fields, size_t count, const void *from, int64_t *numbers);
void br_fields_load(const struct br_field *fields, size_t count, const int64_t *numbers, void *to);

/* What all domains do with the common parts. */
void br_cell_add(struct br_cell *into, const struct br_cell *part, int sign); /* over time; not the end */
void br_cell_last(struct br_cell *into, const struct br_cell *part);          /* the later last reading */
void br_sum_cell(struct br_sum *sum, const struct br_cell *cell, int sign);

/* num / den rounded half away from zero to `decimals` digits. den > 0. */
double br_round_ratio(int64_t num, int64_t den, int decimals);
int64_t br_round_div(int64_t num, int64_t den); /* the same as a whole number */

/* Sets a field of a figure, or leaves it unknown. give_ratio: unknown where den is 0. */
void br_give(protobuf_c_boolean *has, int64_t *field, bool known, int64_t value);
void br_give_ratio(protobuf_c_boolean *has, double *field, int64_t num, int64_t den, int decimals);

extern const struct br_algebra br_parking_algebra, br_traffic_algebra, br_pedestrian_algebra;

#endif
