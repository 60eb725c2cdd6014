/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/recall.h"
#include "daemon/flow/flow_state.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK ((size_t)256 * 1024)

static void *room(struct br_arena *arena, size_t count, size_t size)
{
    return br_arena_alloc(arena, count * size + 1);
}

/* ---- save */

static bool save_names(const struct br_flow *flow, struct br_arena *arena, Bruis__V1__State *state)
{
    state->n_feeds = flow->setup.config->feed_count;
    state->n_regions = br_regions_count(flow->setup.regions);
    state->feeds = room(arena, state->n_feeds, sizeof(char *));
    state->regions = room(arena, state->n_regions, sizeof(char *));
    if (!state->feeds || !state->regions)
        return false;
    for (size_t i = 0; i < state->n_feeds; i++)
        state->feeds[i] = flow->setup.config->feeds[i].name;
    for (size_t i = 0; i < state->n_regions; i++)
        state->regions[i] = (char *)br_regions_at(flow->setup.regions, (uint32_t)i)->code;
    return true;
}

static bool save_past(const struct br_past *past, struct br_arena *arena, Bruis__V1__StateSensor *state)
{
    state->has_first = state->has_last = state->has_since = true;
    state->has_before_since = state->has_before_last = past->before_last_utc_ms != BR_TIME_NONE;
    state->first = past->first_utc_ms;
    state->last = past->last_utc_ms;
    state->since = past->since_utc_ms;
    state->before_since = past->before_since_utc_ms;
    state->before_last = past->before_last_utc_ms;
    if (past->told_count == 0)
        return true;
    state->told_from = room(arena, past->told_count, sizeof *state->told_from);
    state->told = room(arena, past->told_count, sizeof *state->told);
    if (!state->told_from || !state->told)
        return false;
    for (size_t i = 0; i < past->told_count; i++) {
        state->told_from[i] = past->told[i].from_utc_ms;
        state->told[i] = past->told[i].capacity;
    }
    state->n_told_from = state->n_told = past->told_count;
    return true;
}

static bool save_sensor(const struct br_flow *flow, const struct br_sensor *sensor, struct br_arena *arena,
                        Bruis__V1__StateSensor *state)
{
    bruis__v1__state_sensor__init(state);
    state->has_feed = state->has_kind = state->has_parking_kind = state->has_described = state->has_placed =
        true;
    state->has_placed_at = state->has_capacity = state->has_period_max_ms = true;
    state->has_from = state->has_expired = state->has_head = true;
    state->feed = sensor->feed;
    state->kind = sensor->kind;
    state->id = sensor->id;
    state->parking_kind = sensor->parking_kind;
    state->described = sensor->described;
    state->placed = sensor->placed;
    state->has_lat = state->has_lon = !isnan(sensor->lat) && !isnan(sensor->lon);
    state->lat = sensor->lat;
    state->lon = sensor->lon;
    state->placed_at = sensor->placed_at_utc_ms;
    state->capacity = sensor->capacity;
    state->period_max_ms = sensor->period_max_ms;
    state->from = sensor->from_utc_ms;
    state->expired = sensor->expired_utc_ms;
    state->head = sensor->head;
    state->has_measures = true;
    state->measures = sensor->measures;
    state->has_leaf = sensor->leaf != BR_LEAF_NONE;
    state->leaf = sensor->leaf;
    if (!save_past(&sensor->past, arena, state))
        return false;
    return br_windows_save_sensor(flow->windows[br_kind_domain((enum br_kind)sensor->kind)], sensor, arena,
                                  state);
}

static bool save_sensors(const struct br_flow *flow, struct br_arena *arena, Bruis__V1__State *state)
{
    size_t count = br_sensors_count(flow->sensors);
    Bruis__V1__StateSensor *sensors = room(arena, count, sizeof *sensors);
    state->sensors = room(arena, count, sizeof(Bruis__V1__StateSensor *));
    if (!sensors || !state->sensors)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!save_sensor(flow, br_sensors_at(flow->sensors, i), arena, &sensors[i]))
            return false;
        state->sensors[i] = &sensors[i];
    }
    state->n_sensors = count;
    return true;
}

static bool save_domains(const struct br_flow *flow, struct br_arena *arena, Bruis__V1__State *state)
{
    Bruis__V1__StateDomain *domains = room(arena, BR_DOMAINS, sizeof *domains);
    state->domains = room(arena, BR_DOMAINS, sizeof(Bruis__V1__StateDomain *));
    if (!domains || !state->domains)
        return false;
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++) {
        if (!br_windows_save(flow->windows[domain], arena, &domains[domain]))
            return false;
        state->domains[domain] = &domains[domain];
    }
    state->n_domains = BR_DOMAINS;
    return true;
}

static bool save_marks(const struct br_flow *flow, struct br_arena *arena, Bruis__V1__State *state)
{
    size_t count = flow->setup.config->feed_count * BR_DOMAINS;
    Bruis__V1__StateMark *marks = room(arena, count, sizeof *marks);
    state->marks = room(arena, count, sizeof(Bruis__V1__StateMark *));
    if (!marks || !state->marks)
        return false;
    for (size_t i = 0; i < count; i++) {
        Bruis__V1__StateMark *mark = &marks[state->n_marks];
        bruis__v1__state_mark__init(mark);
        mark->has_feed = mark->has_domain = mark->has_end = mark->has_heard = true;
        mark->feed = (uint32_t)(i / BR_DOMAINS);
        mark->domain = (uint32_t)(i % BR_DOMAINS);
        if (br_watermarks_get(flow->watermarks, mark->feed, (enum br_domain)mark->domain, &mark->end,
                              &mark->heard))
            state->marks[state->n_marks++] = mark;
    }
    return true;
}

static bool save_hours(const struct br_flow *flow, struct br_arena *arena, Bruis__V1__State *state,
                       int **files)
{
    size_t count = br_readings_hours(flow->readings, NULL, 0);
    struct br_readings_hour *hours = room(arena, count, sizeof *hours);
    Bruis__V1__StateHour *records = room(arena, count, sizeof *records);
    state->hours = room(arena, count, sizeof(Bruis__V1__StateHour *));
    *files = malloc((count + 1) * sizeof **files);
    if (!hours || !records || !state->hours || !*files)
        return false;
    br_readings_hours(flow->readings, hours, count);
    for (size_t i = 0; i < count; i++) {
        bruis__v1__state_hour__init(&records[i]);
        records[i].has_number = records[i].has_count = true;
        records[i].number = hours[i].number;
        records[i].count = hours[i].count;
        state->hours[i] = &records[i];
    }
    state->n_hours = count;
    return true;
}

struct br_checkpoint *br_flow_checkpoint(struct br_flow *flow, uint64_t position, int *error)
{
    *error = br_readings_land(flow->readings);
    if (*error)
        return NULL;
    struct br_arena *arena = br_arena_open(ARENA_BLOCK, 0);
    struct br_checkpoint *checkpoint = NULL;
    Bruis__V1__State state;
    int *files = NULL;

    bruis__v1__state__init(&state);
    state.has_version = state.has_position = state.has_clock = true;
    state.version = BR_STATE_VERSION;
    state.position = position;
    state.clock = flow->clock_utc_ms;
    if (arena && save_names(flow, arena, &state) && save_sensors(flow, arena, &state) &&
        save_domains(flow, arena, &state) && save_marks(flow, arena, &state) &&
        save_hours(flow, arena, &state, &files)) {
        br_readings_files(flow->readings, files, state.n_hours);
        checkpoint = br_checkpoint_pack(&state, files, state.n_hours);
        files = NULL;
    }
    free(files);
    br_arena_close(arena);
    *error = checkpoint ? 0 : -ENOMEM;
    return checkpoint;
}

/* ---- load */

/* Indexes of the state's names in today's configuration; UINT32_MAX: no such name any more. */
struct names {
    uint32_t *feeds, *regions;
    bool same_regions;
};

static bool match_names(const struct br_flow *flow, const Bruis__V1__State *state, struct names *names)
{
    names->feeds = malloc((state->n_feeds + 1) * sizeof *names->feeds);
    names->regions = malloc((state->n_regions + 1) * sizeof *names->regions);
    if (!names->feeds || !names->regions)
        return false;
    for (size_t i = 0; i < state->n_feeds; i++) {
        names->feeds[i] = UINT32_MAX;
        for (uint32_t j = 0; j < flow->setup.config->feed_count; j++)
            if (strcmp(state->feeds[i], flow->setup.config->feeds[j].name) == 0)
                names->feeds[i] = j;
    }
    names->same_regions = state->n_regions == br_regions_count(flow->setup.regions);
    for (size_t i = 0; i < state->n_regions; i++) {
        names->regions[i] = br_regions_find(flow->setup.regions, br_view_of(state->regions[i]));
        names->same_regions &= names->regions[i] == i;
    }
    return true;
}

/* Whether the regions of a sensor's leaf are the ones that it had. */
static bool same_leaf(struct br_flow *flow, const struct br_sensor *sensor,
                      const Bruis__V1__StateSensor *saved, const Bruis__V1__State *state,
                      const struct names *names)
{
    enum br_domain domain = br_kind_domain((enum br_kind)sensor->kind);
    uint32_t count;
    if (!saved->has_leaf || sensor->leaf == BR_LEAF_NONE)
        return saved->has_leaf == (sensor->leaf != BR_LEAF_NONE);
    if (domain >= state->n_domains || saved->leaf >= state->domains[domain]->n_leaves)
        return false;
    const Bruis__V1__StateLeaf *leaf = state->domains[domain]->leaves[saved->leaf];
    const uint32_t *regions =
        br_leaves_regions(br_windows_leaves(flow->windows[domain]), sensor->leaf, &count);
    if (leaf->n_regions != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (leaf->regions[i] >= state->n_regions || names->regions[leaf->regions[i]] != regions[i])
            return false;
    return true;
}

static bool count_pending(struct br_flow *flow, const struct br_sensor *sensor)
{
    struct br_tally_feed *tally = br_tally_feed(flow->setup.tally, sensor->feed);
    int64_t from = sensor->expired_utc_ms == BR_TIME_NONE ? 0 : sensor->expired_utc_ms;
    if (sensor->placed || sensor->kind == BR_KIND_SNAPSHOT || sensor->head == 0)
        return true;
    if (!br_readings_between(flow->readings, sensor->head, from, INT64_MAX, INT64_MAX, &flow->list))
        return false;
    *tally->decoded += (int64_t)flow->list.count; /* of an earlier process, but they end in this one */
    *tally->pending += (int64_t)flow->list.count;
    return true;
}

/* The sensor of a saved one; NULL: today's configuration has no room for it. False: out of memory. */
static bool find_sensor(struct br_flow *flow, const Bruis__V1__StateSensor *saved, const struct names *names,
                        size_t feed_count, struct br_sensor **sensor)
{
    uint32_t feed = saved->feed < feed_count ? names->feeds[saved->feed] : UINT32_MAX;
    *sensor = NULL;
    if (feed == UINT32_MAX || saved->kind < BR_KIND_PARKING || saved->kind > BR_KIND_SNAPSHOT || !saved->id)
        return true;
    *sensor = sensor_of(flow, feed, (enum br_kind)saved->kind, br_view_of(saved->id));
    return *sensor || br_sensors_full(flow->sensors);
}

static bool load_past(const Bruis__V1__StateSensor *saved, struct br_past *past)
{
    size_t count = saved->n_told < saved->n_told_from ? saved->n_told : saved->n_told_from;
    past->first_utc_ms = saved->first;
    past->last_utc_ms = saved->last;
    past->since_utc_ms = saved->has_since ? saved->since : saved->first;
    past->before_since_utc_ms = saved->has_before_since ? saved->before_since : BR_TIME_NONE;
    past->before_last_utc_ms = saved->has_before_last ? saved->before_last : BR_TIME_NONE;
    br_past_free(past);
    for (size_t i = 0; i < count && i < BR_TOLD_MAX; i++)
        if (!br_past_add(past, saved->told_from[i], saved->told[i]))
            return false;
    return true;
}

/* False: out of memory. */
static bool load_sensor(struct br_flow *flow, const Bruis__V1__StateSensor *saved, struct br_sensor *sensor)
{
    struct br_windows *windows = flow->windows[br_kind_domain((enum br_kind)sensor->kind)];
    if (saved->described)
        br_windows_describe(windows, sensor);
    if (sensor->parking_kind == 0)
        sensor->parking_kind = (uint8_t)saved->parking_kind;
    if (!sensor->capacity_fixed)
        sensor->capacity = saved->capacity;
    sensor->period_max_ms = saved->period_max_ms;
    if (!load_past(saved, &sensor->past))
        return false;
    sensor->from_utc_ms = saved->from;
    sensor->expired_utc_ms = saved->expired;
    sensor->head = saved->head;
    sensor->measures = saved->measures;
    if (!sensor->place_fixed && saved->placed &&
        !locate_again(flow, sensor, saved->has_lat ? saved->lat : NAN, saved->has_lon ? saved->lon : NAN,
                      saved->placed_at))
        return false;
    br_windows_load_sensor(windows, sensor, saved);
    return count_pending(flow, sensor);
}

/* same: every sensor has the regions that it had. False: out of memory. */
static bool load_sensors(struct br_flow *flow, const Bruis__V1__State *state, const struct names *names,
                         bool *same)
{
    struct br_sensor *sensor;
    *same = names->same_regions;
    for (size_t i = 0; i < state->n_sensors; i++) {
        const Bruis__V1__StateSensor *saved = state->sensors[i];
        if (!find_sensor(flow, saved, names, state->n_feeds, &sensor) ||
            (sensor && !load_sensor(flow, saved, sensor)))
            return false;
        *same = sensor && same_leaf(flow, sensor, saved, state, names) && *same;
    }
    return true;
}

static void load_marks(struct br_flow *flow, const Bruis__V1__State *state, const struct names *names)
{
    for (size_t i = 0; i < state->n_marks; i++) {
        const Bruis__V1__StateMark *mark = state->marks[i];
        uint32_t feed = mark->feed < state->n_feeds ? names->feeds[mark->feed] : UINT32_MAX;
        if (feed != UINT32_MAX && mark->domain < BR_DOMAINS)
            br_watermarks_heard(flow->watermarks, feed, (enum br_domain)mark->domain, mark->end, mark->heard);
    }
}

bool recall(struct br_flow *flow, const Bruis__V1__State *state)
{
    struct names names = {0};
    bool same, loaded = match_names(flow, state, &names) && load_sensors(flow, state, &names, &same);
    if (loaded) {
        if (!same)
            br_log(flow->setup.log, BR_LOG_NOTICE, "regions_changed",
                   "action=\"sums are made again from the readings\"");
        load_marks(flow, state, &names);
        flow->clock_utc_ms = state->clock;
        for (size_t i = 0; i < state->n_domains; i++)
            if (state->domains[i]->domain < BR_DOMAINS)
                loaded &= br_windows_load(flow->windows[state->domains[i]->domain], state->domains[i],
                                          names.regions, state->n_regions, !same);
    }
    free(names.feeds);
    free(names.regions);
    return loaded;
}
