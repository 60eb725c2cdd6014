/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Sets of the user's own. A sensor is in a set when a member holds it (a region of the table, an earlier set,
 * or the set's polygon) and no exception does. So a set of a province holds what lies in its municipalities,
 * and "all the rest" needs no list of them. */
#include "daemon/flow/region_parts.h"

#include <math.h>
#include <stdlib.h>

#define KEY "regions.sets"

/* Codes to regions that are known by now: of the table and of earlier sets. */
static uint32_t *find_all(const struct br_regions *r, const struct br_config_texts *codes, size_t *count,
                          const struct br_config *config, const struct br_config_set *set,
                          struct br_faults *faults)
{
    uint32_t *found = br_arena_alloc(r->arena, (codes->count + 1) * sizeof *found);
    for (size_t i = 0; found && i < codes->count; i++) {
        uint32_t region = br_region_search(r, r->count, br_view_of(codes->at[i]));
        if (region == BR_REGION_NONE)
            br_faults_add(faults, config->path, set->line, KEY,
                          "%s: %s is no region of the table and no earlier set", set->code, codes->at[i]);
        else
            found[(*count)++] = region;
    }
    return found;
}

static void read_set(struct br_regions *r, const struct br_config *config, const struct br_config_set *from,
                     struct br_faults *faults)
{
    struct br_region *region = &r->regions[r->count];
    struct br_region_set *set = &r->sets[r->count - r->table_count];
    if (!br_region_code_good(br_view_of(from->code)))
        br_faults_add(faults, config->path, from->line, KEY,
                      "%s: a code is made of letters, digits and - _ .", from->code);
    if (from->type && !br_region_type_good(br_view_of(from->type)))
        br_faults_add(faults, config->path, from->line, KEY, "%s: type is not one word in lower case",
                      from->code);
    if (br_region_search(r, r->count, br_view_of(from->code)) != BR_REGION_NONE)
        br_faults_add(faults, config->path, from->line, KEY, "%s is a region already", from->code);
    *region = (struct br_region){.type = from->type ? from->type : "set",
                                 .year = config->regions.year,
                                 .population = -1,
                                 .area_km2 = -1,
                                 .is_set = true,
                                 .lat = NAN,
                                 .lon = NAN};
    region->code = br_arena_text(r->arena, br_view_of(from->code));
    region->name = br_arena_text(r->arena, br_view_of(from->name ? from->name : from->code));
    region->type = br_arena_text(r->arena, br_view_of(region->type));
    set->members = find_all(r, &from->members, &set->member_count, config, from, faults);
    set->except = find_all(r, &from->except, &set->except_count, config, from, faults);
    set->has_boundary = from->boundary != NULL;
    if (from->boundary)
        br_boundaries_add_set(r, from->boundary, r->count, faults);
    else if (from->members.count == 0)
        br_faults_add(faults, config->path, from->line, KEY, "%s has neither members nor a boundary",
                      from->code);
    br_region_index(r, r->count, r->count);
    r->count++;
}

void br_region_sets_read(struct br_regions *regions, const struct br_config *config, struct br_faults *faults)
{
    for (size_t i = 0; i < config->regions.set_count && !br_arena_full(regions->arena); i++)
        read_set(regions, config, &config->regions.sets[i], faults);
}

static bool any_held(const struct br_regions *r, const uint32_t *of, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (r->held[of[i]])
            return true;
    return false;
}

void br_region_sets_hold(const struct br_regions *regions)
{
    for (uint32_t i = regions->table_count; i < regions->count; i++) {
        const struct br_region_set *set = &regions->sets[i - regions->table_count];
        bool in = regions->held[i] || any_held(regions, set->members, set->member_count);
        regions->held[i] = in && !any_held(regions, set->except, set->except_count);
    }
}

/* --- what is covered --- */

/* Takes away all that shares ground with a region: what it lies in, what lies in it, and what overlaps. */
static void strike(const struct br_regions *r, uint32_t region, bool *inside)
{
    for (uint32_t i = 0; i < r->table_count; i++) {
        const struct br_closure *closure = &r->closures[i];
        if (br_closure_has(closure, region))
            for (uint32_t k = 0; k < closure->count; k++)
                inside[closure->at[k]] = false;
    }
}

static void strike_exception(const struct br_regions *r, uint32_t region, bool *inside)
{
    if (region < r->table_count) {
        strike(r, region, inside);
        return;
    }
    const struct br_region_set *set = &r->sets[region - r->table_count];
    for (size_t i = 0; i < set->member_count; i++)
        strike_exception(r, set->members[i], inside);
    for (size_t i = 0; i < set->touched_count; i++)
        strike(r, set->touched[i], inside);
    if (set->has_boundary && !r->has_boundaries)
        memset(inside, 0, r->table_count * sizeof *inside);
}

static void add_inside(const struct br_regions *r, uint32_t region, bool *inside);

/* A set whose exceptions may cut into other sets tells of none of them: what of them is sure follows from
 * their members. */
static void add_inside_set(const struct br_regions *r, uint32_t region, bool *inside)
{
    const struct br_region_set *set = &r->sets[region - r->table_count];
    bool *mine = calloc(r->count, sizeof *mine);
    if (!mine)
        return;
    for (size_t i = 0; i < set->member_count; i++)
        add_inside(r, set->members[i], mine);
    for (size_t i = 0; i < set->except_count; i++)
        strike_exception(r, set->except[i], mine);
    for (uint32_t i = 0; i < (set->except_count > 0 ? r->table_count : r->count); i++)
        inside[i] = inside[i] || mine[i];
    free(mine);
}

static void add_inside(const struct br_regions *r, uint32_t region, bool *inside)
{
    inside[region] = true;
    if (region >= r->table_count) {
        add_inside_set(r, region, inside);
        return;
    }
    for (uint32_t i = 0; i < r->table_count; i++)
        if (br_closure_has(&r->closures[i], region))
            inside[i] = true;
}

static bool all_covered(const uint32_t *of, size_t count, const bool *covered)
{
    for (size_t i = 0; i < count; i++)
        if (!covered[of[i]])
            return false;
    return true;
}

/* A polygon lies inside when all regions that it meets do; without polygons of the table nobody can tell. */
static bool set_covered(const struct br_region_set *set, const bool *covered)
{
    if (set->has_boundary && set->touched_count == 0)
        return false;
    return all_covered(set->members, set->member_count, covered) &&
           all_covered(set->touched, set->touched_count, covered);
}

void br_regions_covered(const struct br_regions *regions, const struct br_config_texts *codes, bool *covered)
{
    memset(covered, 0, regions->count * sizeof *covered);
    for (size_t i = 0; i < codes->count; i++) {
        uint32_t region = br_regions_find(regions, br_view_of(codes->at[i]));
        if (region != BR_REGION_NONE)
            add_inside(regions, region, covered);
    }
    for (uint32_t i = regions->table_count; i < regions->count; i++)
        if (set_covered(&regions->sets[i - regions->table_count], covered))
            covered[i] = true;
}
