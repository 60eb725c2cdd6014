/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The state of the window module, shared by its files: window.c (levels), advance.c (closing), slot.c, fold.c
 * (readings to cells), correct.c (late data), figure.c (sums to figures), live.c, window_save.c. Nobody else
 * includes it. */
#ifndef BR_FLOW_WINDOW_STATE_H
#define BR_FLOW_WINDOW_STATE_H

#include "daemon/flow/window.h"
#include "daemon/core/clock.h"

#define LEVELS_MAX (BR_WINDOWS_MAX + 2)

/* The latest and the earliest of the last readings of a leaf's sensors. */
struct extremes {
    int64_t oldest_utc_ms, newest_utc_ms;
    bool unsure; /* one of them may be gone: look again */
};

/* One window of one level, over all leaves. */
struct slot {
    int64_t start_utc_ms, end_utc_ms;
    bool published;
    bool unfinished; /* flushed before its end */
    bool dirty, all_dirty;
    uint32_t leaf_count;       /* of the arrays below; leaves that came later have nothing in it */
    uint8_t *sums;             /* leaf_count * sum_size */
    struct extremes *extremes; /* leaf_count */
    bool *leaf_dirty;          /* leaf_count */
    uint16_t *published_times; /* for each region: revision + 1, or 0; made when it is published */
};

struct level {
    const char *name;
    int64_t length_ms;
    bool is_day;
    bool given;          /* its figures go out; else it only feeds longer ones */
    struct slot **slots; /* ascending by start */
    size_t slot_count, slot_capacity;
    size_t cell_offset;         /* in a sensor's cells; level 0 has none */
    int64_t newest_end_utc_ms;  /* published; BR_TIME_NONE */
    int64_t dropped_end_utc_ms; /* windows that end at or before it are gone; BR_TIME_NONE: none are */
};

/* A window that was folded, while it and the longer ones that end with it are published. */
struct closing {
    bool active;
    size_t k; /* the level that is next */
    int64_t start_utc_ms, complete_utc_ms;
};

/* The days of all sensors begin together. `day` of a sensor's cells holds the open one, `day_before` the
 * closed one. */
struct br_windows {
    struct br_windows_setup setup;
    const struct br_algebra *algebra;
    struct br_leaves *leaves;
    struct br_sensor **sensors;
    size_t sensor_count, sensor_capacity;
    struct level levels[LEVELS_MAX];
    size_t level_count;
    size_t cells_size, day_before_offset;
    int64_t cursor_utc_ms; /* end of the last closed window of level 0 */
    int64_t until_utc_ms;  /* windows that end by then are due */
    struct closing closing;
    bool revising;                                     /* changed windows are due to be published again */
    int64_t latest_utc_ms;                             /* observed_at of the latest reading */
    int64_t day_before_start_utc_ms, day_start_utc_ms; /* BR_TIME_NONE: no such day */
    bool any_described, any_published;
    struct br_reading_list list, snapshots;   /* for folds */
    void *cell, *cell_after, *day, *day_kept; /* scratch, day_size each */
    void *sum_before;                         /* scratch */
    struct br_sensor **heard;                 /* for each feed: its snapshots, or NULL */
    bool **covered;                           /* for each feed: the regions it covers, or NULL */
    struct touches *touches;                  /* correct.c */
    uint64_t *live_digests;                   /* live.c: of the last live figure of each region, or NULL */
};

/* window.c */
int64_t level_start(const struct br_windows *windows, const struct level *level, int64_t utc_ms);
int64_t level_end(const struct br_windows *windows, const struct level *level, int64_t start_utc_ms);
void *level_cell(const struct br_windows *windows, const struct br_sensor *sensor,
                 size_t k); /* the open one */
void *day_before(const struct br_windows *windows, const struct br_sensor *sensor);

void cell_reset(const struct br_windows *windows, const struct level *level, void *cell);

/* slot.c */
struct slot *slot_find(const struct level *level, int64_t start_utc_ms);
struct slot *slot_get(struct br_windows *windows, size_t k, int64_t start_utc_ms); /* NULL: out of memory */
void slot_close(struct slot *slot);                                                /* frees it */
void *slot_sum(const struct br_windows *windows, const struct slot *slot,
               uint32_t leaf); /* NULL: it has none */
bool slot_reach(struct br_windows *windows, struct slot *slot,
                uint32_t leaf); /* makes its arrays long enough */
/* Adds a cell to a leaf's sum, or takes it away, with the extremes. */
void slot_add(struct br_windows *windows, struct slot *slot, const struct br_sensor *sensor, uint32_t leaf,
              const void *cell, int sign);

void extremes_take(struct extremes *extremes, int64_t last_utc_ms);

/* fold.c */

/* Folds a sensor's readings of a span by the rules of a level. period_min_ms: shorter or equal ones are left
 * out. */
void fold_span(struct br_windows *windows, const struct br_sensor *sensor, const struct level *level,
               int64_t start_utc_ms, int64_t end_utc_ms, int64_t period_min_ms, void *cell);
/* Adds the counts to a part's cell that are too long for the part but not for level k. */
void add_long_periods(struct br_windows *windows, const struct br_sensor *sensor, size_t k,
                      int64_t start_utc_ms, int64_t end_utc_ms, void *cell);
/* A closed hour of a day: with the counts that are longer than an hour. */
void fold_hour(struct br_windows *windows, const struct br_sensor *sensor, int64_t start_utc_ms, void *cell);

/* correct.c */
struct touches *touches_open(void);
void touches_close(struct touches *touches);
/* What follows from a change of a leaf's sum to what is protected. */
void slot_protect(struct br_windows *windows, size_t k, struct slot *slot, uint32_t leaf);

/* figure.c */

/* What should have been heard: sensors, their capacity, and those of no known capacity. */
struct expected {
    int64_t count, capacity, without_capacity;
};

/* A region while a window is published. */
struct total {
    struct expected expected;
    int64_t oldest_utc_ms, newest_utc_ms;
    bool wanted, covered;
};

/* The merge of a slot's leaves into regions. */
struct publication {
    struct br_windows *windows;
    struct level *level;
    struct slot *slot;
    bool is_revision;   /* only what changed since it was published */
    bool is_repetition; /* only what did not */
    const bool *had;    /* live: regions that have a figure because they had one; or NULL */
    size_t region_count;
    struct expected *expected; /* for each leaf */
    struct total *totals;      /* for each region */
    char *sums;                /* for each region */
};

/* A figure and what it points to. */
struct figure_room {
    Bruis__V1__Figure figure;
    Bruis__V1__Coverage coverage;
    union br_submessage submessage;
};

bool publication_open(struct publication *publication); /* windows, level, slot, is_revision are given */
void publication_close(struct publication *publication);

/* The figure of a region; false: it has none, or is not wanted. */
bool publication_figure(const struct publication *publication, uint32_t index, uint32_t revision,
                        struct figure_room *room);

/* Publishes a window; only the regions that are dirty when it was published before. */
void slot_publish(struct br_windows *windows, size_t k, struct slot *slot);

/* The same figures again, with the revision that they have; what is to be revised comes with its revision. */
void slot_repeat(struct br_windows *windows, size_t k, struct slot *slot);

#endif
