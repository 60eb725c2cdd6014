/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The parts of the region module among themselves: the table, the polygons and the sets. Only region*.c
 * include it. */
#ifndef BR_FLOW_REGION_PARTS_H
#define BR_FLOW_REGION_PARTS_H

#include "daemon/core/arena.h"
#include "daemon/flow/region.h"

#define BR_REGION_CODE_MAX 40

/* A region and all that it lies in, ascending: what a sensor in it counts in, sets apart. */
struct br_closure {
    uint32_t *at;
    uint32_t count;
    uint32_t depth; /* the longest chain of parents that a region of its type has: the greater, the smaller
                       the regions */
};

struct br_region_set {
    uint32_t *members, *except; /* regions of the table, and earlier sets */
    size_t member_count, except_count;
    bool has_boundary;
    uint32_t *touched; /* regions of the table whose polygons meet the set's polygon */
    size_t touched_count;
};

struct br_boundaries;

struct br_regions {
    struct br_arena *arena;
    struct br_region *regions; /* of the table, then the sets */
    uint32_t count, table_count;
    uint32_t *by_code; /* all of them, sorted by code */
    unsigned *lines;   /* in the table's file */
    struct br_closure *closures;
    struct br_region_set *sets; /* sets[i] is the region table_count + i */
    struct br_boundaries *boundaries;
    bool has_boundaries; /* of the table: without them no point has a home */
    double nearest_m;
    size_t ignored;
    uint8_t *held; /* scratch of the memberships: one for each region, all 0 between calls */
};

/* --- region_table.c --- */

/* Reads the table into empty regions; room is left for set_count sets. All faults are told. False: it cannot
 * be read at all; what follows it cannot be judged then. */
bool br_region_table_read(struct br_regions *regions, const char *path, int year, size_t set_count,
                          struct br_faults *faults);

/* Keeps by_code sorted: puts a region into its first `count` entries. */
void br_region_index(struct br_regions *regions, uint32_t count, uint32_t region);

/* Among the first `count` entries of by_code. */
uint32_t br_region_search(const struct br_regions *regions, uint32_t count, struct br_view code);

/* Whether a text can be a code or, in lower case, a type: a part of topics and addresses. */
bool br_region_code_good(struct br_view code);
bool br_region_type_good(struct br_view type);

static inline bool br_closure_has(const struct br_closure *closure, uint32_t region)
{
    for (uint32_t i = 0; i < closure->count; i++)
        if (closure->at[i] == region)
            return true;
    return false;
}

/* --- region_boundary.c --- */

struct br_boundaries *br_boundaries_open(void);
void br_boundaries_close(struct br_boundaries *boundaries);

/* Adds the polygons of a file to the regions that code_property names. */
void br_boundaries_add_table(struct br_regions *regions, const struct br_config_boundary *boundary,
                             struct br_faults *faults);

/* Adds all polygons of a file to one set. */
void br_boundaries_add_set(struct br_regions *regions, const char *path, uint32_t set,
                           struct br_faults *faults);

/* Once all are added: fills the regions' points and what the sets touch. False: no memory. */
bool br_boundaries_finish(struct br_regions *regions);

#define BR_HITS_MAX 256

/* Regions, each once, in ascending order. */
struct br_hits {
    uint32_t count;
    bool overflow;
    uint32_t region[BR_HITS_MAX];
};

/* All regions and sets whose polygons hold a point, borders included. */
void br_boundaries_holding(const struct br_boundaries *boundaries, double lat, double lon,
                           struct br_hits *hits);

/* The regions of the table with the nearest polygon, if it is within max_m. Regions at the same distance, to
 * 1 cm, are all given. */
void br_boundaries_nearest(const struct br_boundaries *boundaries, double lat, double lon, double max_m,
                           struct br_hits *hits);

/* --- region_set.c --- */

/* Reads the sets of the configuration behind the table. All faults are told. */
void br_region_sets_read(struct br_regions *regions, const struct br_config *config,
                         struct br_faults *faults);

/* Takes what regions->held says of table regions and of polygon sets to all sets. */
void br_region_sets_hold(const struct br_regions *regions);

#endif
