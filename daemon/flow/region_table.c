/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The table of regions:
 *
 *     code,type,name,parents,population,area_km2
 *     nl00,land,Nederland,,,
 *     pv99,provincie,Waterland,nl00,52000,310.5
 *     gm9901,gemeente,Bovendorp,pv99|cr99,20000,
 *
 * Rows stand in any order. Levels need not be a tree: the closure of parents is a set. */
#include "daemon/flow/region_parts.h"

#include <math.h>
#include <stdlib.h>

#include "daemon/flow/table.h"

enum { CODE, TYPE, NAME, PARENTS, POPULATION, AREA, COLUMNS };

static const struct br_table_column columns[COLUMNS] = {
    {"code", true},     {"type", true},        {"name", true},
    {"parents", false}, {"population", false}, {"area_km2", false},
};

#define ROWS_MAX 1000000u
#define POPULATION_MAX INT64_C(10000000000)
#define AREA_MAX 1e8

/* What is read row by row, before parents can be looked up. */
struct reading {
    struct br_regions *regions;
    struct br_table *table;
    struct br_faults *faults;
    const char *path;
    char **parents; /* the cells, in the arena */
    uint32_t room;
};

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool br_region_code_good(struct br_view code)
{
    if (code.size == 0 || code.size > BR_REGION_CODE_MAX)
        return false;
    for (size_t i = 0; i < code.size; i++) {
        char c = lower(code.data[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && strchr("-_.", c) && c)))
            return false;
    }
    return true;
}

bool br_region_type_good(struct br_view type)
{
    for (size_t i = 0; i < type.size; i++)
        if (lower(type.data[i]) != type.data[i])
            return false;
    return br_region_code_good(type);
}

/* Compares a code as someone wrote it with one in lower case. */
static int compare_code(struct br_view code, const char *with)
{
    for (size_t i = 0; i < code.size; i++) {
        unsigned char a = (unsigned char)lower(code.data[i]), b = (unsigned char)with[i];
        if (a != b)
            return a < b ? -1 : 1;
    }
    return with[code.size] ? -1 : 0;
}

/* The first entry that is not below code. */
static uint32_t lower_bound(const struct br_regions *regions, uint32_t count, struct br_view code)
{
    uint32_t from = 0, to = count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (compare_code(code, regions->regions[regions->by_code[middle]].code) > 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

uint32_t br_region_search(const struct br_regions *regions, uint32_t count, struct br_view code)
{
    uint32_t at = lower_bound(regions, count, code);
    if (at < count && compare_code(code, regions->regions[regions->by_code[at]].code) == 0)
        return regions->by_code[at];
    return BR_REGION_NONE;
}

void br_region_index(struct br_regions *regions, uint32_t count, uint32_t region)
{
    uint32_t at = lower_bound(regions, count, br_view_of(regions->regions[region].code));
    memmove(regions->by_code + at + 1, regions->by_code + at, (count - at) * sizeof *regions->by_code);
    regions->by_code[at] = region;
}

static bool grow(struct reading *reading)
{
    struct br_regions *r = reading->regions;
    uint32_t room = reading->room ? 2 * reading->room : 512;
    struct br_region *more = realloc(r->regions, room * sizeof *more);
    if (!more)
        return false;
    r->regions = more;
    unsigned *lines = realloc(r->lines, room * sizeof *lines);
    if (!lines)
        return false;
    r->lines = lines;
    char **parents = realloc(reading->parents, room * sizeof *parents);
    if (!parents)
        return false;
    reading->parents = parents;
    reading->room = room;
    return true;
}

static void read_figures(const struct reading *reading, struct br_region *region)
{
    region->population = -1;
    region->area_km2 = -1;
    br_table_whole(reading->table, POPULATION, 0, POPULATION_MAX, &region->population);
    br_table_number(reading->table, AREA, 0, AREA_MAX, &region->area_km2);
}

/* One row into the next region. False: no memory. */
static bool read_row(struct reading *reading, int year)
{
    struct br_regions *r = reading->regions;
    struct br_view code = br_table_cell(reading->table, CODE), type = br_table_cell(reading->table, TYPE);
    if (!br_region_code_good(code))
        br_table_fault(reading->table, CODE, "not made of letters, digits and - _ . (at most %d)",
                       BR_REGION_CODE_MAX);
    if (!br_region_type_good(type))
        br_table_fault(reading->table, TYPE, "not one word in lower case");
    if (r->count >= reading->room && !grow(reading))
        return false;
    struct br_region *region = &r->regions[r->count];
    *region = (struct br_region){.year = year, .lat = NAN, .lon = NAN};
    char *text = br_arena_text(r->arena, code);
    for (char *at = text; at && *at; at++)
        *at = lower(*at);
    region->code = text;
    region->type = br_arena_text(r->arena, type);
    region->name = br_arena_text(r->arena, br_table_cell(reading->table, NAME));
    read_figures(reading, region);
    r->lines[r->count] = br_table_line(reading->table);
    reading->parents[r->count] = br_arena_text(r->arena, br_table_cell(reading->table, PARENTS));
    r->count++;
    return !br_arena_full(r->arena) && r->count < ROWS_MAX;
}

static int compare_entry(const void *left, const void *right, void *context)
{
    const struct br_region *regions = context;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = strcmp(regions[a].code, regions[b].code);
    return order ? order : a < b ? -1 : 1;
}

static void index_codes(const struct reading *reading)
{
    struct br_regions *r = reading->regions;
    for (uint32_t i = 0; i < r->count; i++)
        r->by_code[i] = i;
    qsort_r(r->by_code, r->count, sizeof *r->by_code, compare_entry, r->regions);
    for (uint32_t i = 1; i < r->count; i++) {
        uint32_t first = r->by_code[i - 1], again = r->by_code[i];
        if (strcmp(r->regions[first].code, r->regions[again].code) == 0)
            br_faults_add(reading->faults, reading->path, r->lines[again], "code",
                          "%s stands in line %u already", r->regions[again].code, r->lines[first]);
    }
}

/* Codes separated by |, of which each must be in the table. */
static void read_parents(const struct reading *reading, uint32_t region)
{
    struct br_regions *r = reading->regions;
    /* Every row has its parents: read_row writes both. */
    const char *at = reading->parents[region]; /* NOLINT(clang-analyzer-core.NullDereference) */
    size_t room = 1;
    for (const char *c = at; *c; c++)
        room += *c == '|';
    uint32_t *parents = br_arena_alloc(r->arena, room * sizeof *parents);
    r->regions[region].parents = parents;
    while (parents && *at) {
        struct br_view code = {at, strcspn(at, "|")};
        uint32_t parent = br_region_search(r, r->count, code);
        if (parent == BR_REGION_NONE)
            br_faults_add(reading->faults, reading->path, r->lines[region], "parents",
                          "%.*s is not in the table", (int)(code.size < 64 ? code.size : 64), code.data);
        else
            parents[r->regions[region].parent_count++] = parent;
        at += code.size + (at[code.size] == '|');
    }
}

static int compare_index(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* The union of the parents' closures and the region itself; false: no memory. */
static bool close_region(struct br_regions *r, uint32_t region)
{
    const struct br_region *of = &r->regions[region];
    size_t room = 1;
    for (size_t i = 0; i < of->parent_count; i++)
        room += r->closures[of->parents[i]].count;
    struct br_closure closure = {.at = br_arena_alloc(r->arena, room * sizeof *closure.at)};
    if (!closure.at)
        return false;
    closure.at[closure.count++] = region;
    for (size_t i = 0; i < of->parent_count; i++) {
        const struct br_closure *parent = &r->closures[of->parents[i]];
        closure.depth = parent->depth + 1 > closure.depth ? parent->depth + 1 : closure.depth;
        for (uint32_t k = 0; k < parent->count; k++)
            if (!br_closure_has(&closure, parent->at[k]))
                closure.at[closure.count++] = parent->at[k];
    }
    qsort(closure.at, closure.count, sizeof *closure.at, compare_index);
    r->closures[region] = closure;
    return true;
}

static bool parents_closed(const struct br_regions *r, uint32_t region)
{
    for (size_t i = 0; i < r->regions[region].parent_count; i++)
        if (!r->closures[r->regions[region].parents[i]].at)
            return false;
    return true;
}

/* Level by level from the top. What is never reached lies in itself, or in something that does. */
static bool close_all(const struct reading *reading)
{
    struct br_regions *r = reading->regions;
    bool moved = true;
    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < r->count; i++) {
            if (r->closures[i].at || !parents_closed(r, i))
                continue;
            if (!close_region(r, i))
                return false;
            moved = true;
        }
    }
    for (uint32_t i = 0; i < r->count; i++)
        if (!r->closures[i].at)
            br_faults_add(reading->faults, reading->path, r->lines[i], "parents",
                          "%s lies in itself, by its parents or theirs", r->regions[i].code);
    return true;
}

/* Depth becomes that of the type, so that regions of one type never differ in it. Types are few. */
static bool level_types(struct br_regions *r)
{
    uint32_t *first = calloc(r->count + 1, sizeof *first), types = 0;
    for (uint32_t i = 0; first && i < r->count; i++) {
        uint32_t type = 0;
        while (type < types && strcmp(r->regions[first[type]].type, r->regions[i].type) != 0)
            type++;
        if (type == types)
            first[types++] = i;
        if (r->closures[i].depth > r->closures[first[type]].depth)
            r->closures[first[type]].depth = r->closures[i].depth;
    }
    for (uint32_t i = 0; first && i < r->count; i++)
        for (uint32_t type = 0; type < types; type++)
            if (strcmp(r->regions[first[type]].type, r->regions[i].type) == 0)
                r->closures[i].depth = r->closures[first[type]].depth;
    free(first);
    return first != NULL;
}

/* Rows are read and what holds one entry a region is made, with room for the sets. */
static bool read_rows(struct reading *reading, int year, size_t set_count)
{
    struct br_regions *r = reading->regions;
    while (br_table_next(reading->table))
        if (!read_row(reading, year))
            return false;
    size_t room = r->count + set_count + 1;
    struct br_region *all = realloc(r->regions, room * sizeof *all);
    r->regions = all ? all : r->regions;
    r->by_code = calloc(room, sizeof *r->by_code);
    r->closures = calloc(room, sizeof *r->closures);
    r->held = calloc(room, sizeof *r->held);
    r->table_count = r->count;
    return all && r->by_code && r->closures && r->held;
}

static bool link_rows(struct reading *reading)
{
    struct br_regions *r = reading->regions;
    index_codes(reading);
    for (uint32_t i = 0; i < r->count; i++)
        read_parents(reading, i);
    return !br_arena_full(r->arena) && close_all(reading) && level_types(r);
}

bool br_region_table_read(struct br_regions *regions, const char *path, int year, size_t set_count,
                          struct br_faults *faults)
{
    struct reading reading = {.regions = regions, .faults = faults, .path = path};
    reading.table = br_table_open(path, columns, COLUMNS, faults);
    if (!reading.table)
        return false;
    bool good = read_rows(&reading, year, set_count) && link_rows(&reading);
    br_table_close(reading.table);
    free(reading.parents);
    if (!good)
        br_faults_add(faults, path, 0, NULL, "no memory for %u rows", regions->count);
    return good;
}
