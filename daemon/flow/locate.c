/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Sensors and their places: what the operator says, what a source says, and what readings tell. */
#include "daemon/flow/flow_state.h"

#include <math.h>
#include <string.h>

struct br_sensor *sensor_of(struct br_flow *flow, size_t feed, enum br_kind kind, struct br_view id)
{
    const struct br_config_feed *config = &flow->setup.config->feeds[feed];
    size_t before = br_sensors_count(flow->sensors);
    struct br_sensor *sensor = br_sensors_get(flow->sensors, (uint32_t)feed, kind, id);
    if (!sensor || br_sensors_count(flow->sensors) == before)
        return sensor;
    sensor->interval_ms = config->interval_ms;
    sensor->stale_ms = config->stale_after_ms;
    if (br_windows_join(flow->windows[br_kind_domain(kind)], sensor))
        return sensor;
    br_sensors_drop_last(flow->sensors); /* one without cells is no sensor: the next record tries again */
    return NULL;
}

const char *no_sensor(const struct br_flow *flow)
{
    return br_sensors_full(flow->sensors) ? "more sensors than limits.sensors" : "out of memory";
}

/* Since when windows can be corrected; BR_TIME_NONE: all of them. */
static int64_t correctable_since(const struct br_flow *flow)
{
    if (flow->clock_utc_ms == BR_TIME_NONE || flow->setup.replay)
        return BR_TIME_NONE;
    return flow->clock_utc_ms - flow->setup.config->correct_for_ms;
}

/* Since when a reading counts that waits for a place which becomes known now. In a replay every record is
 * judged by its own time: another capture may have run ahead. */
static int64_t counts_since(const struct br_flow *flow, int64_t received_at_utc_ms)
{
    int64_t now = flow->setup.replay ? received_at_utc_ms : flow->clock_utc_ms;
    return now == BR_TIME_NONE ? BR_TIME_NONE : now - flow->setup.config->correct_for_ms;
}

/* A reading that has waited too long. Later on the daemon takes nothing as old as that; a replay goes on with
 * captures that may be older, so there the reading itself is marked. */
static bool expire(struct br_flow *flow, struct br_sensor *sensor, const struct br_reading *reading)
{
    struct br_reading expired = *reading;
    expired.bits |= BR_READING_EXPIRED;
    return !flow->setup.replay || br_readings_append(flow->readings, &sensor->head, &expired) == 0;
}

/* Readings that waited for the place: those that are not too old for a correction count now. False: out of
 * memory, and they wait on. */
static bool settle_pending(struct br_flow *flow, struct br_sensor *sensor, int64_t from_utc_ms, bool located)
{
    struct br_tally_feed *tally = br_tally_feed(flow->setup.tally, sensor->feed);
    int64_t expired = sensor->expired_utc_ms == BR_TIME_NONE ? 0 : sensor->expired_utc_ms;
    if (!br_readings_between(flow->readings, sensor->head, expired, INT64_MAX, INT64_MAX, &flow->list))
        return false;
    for (size_t i = 0; i < flow->list.count; i++) {
        bool in_time = flow->list.at[i].observed_at_utc_ms >= from_utc_ms;
        if (!in_time && !expire(flow, sensor, &flow->list.at[i]))
            return false;
        *tally->result[located && in_time ? BR_USED : BR_UNLOCATED] += 1;
        *tally->pending -= 1;
    }
    if (!flow->setup.replay)
        sensor->from_utc_ms = from_utc_ms;
    return true;
}

/* The leaf of a membership (NULL: outside every region). False: out of memory. */
static bool leaf_of(struct br_flow *flow, const struct br_sensor *sensor,
                    const struct br_membership *membership, uint32_t *leaf)
{
    struct br_leaves *leaves = br_windows_leaves(flow->windows[br_kind_domain((enum br_kind)sensor->kind)]);
    bool has_regions = membership && membership->count > 0;
    *leaf = has_regions ? br_leaves_get(leaves, membership) : BR_LEAF_NONE;
    return !has_regions || *leaf != BR_LEAF_NONE;
}

/* Gives a sensor its regions, for the first time or anew. False: out of memory, nothing has changed. */
static bool place_sensor(struct br_flow *flow, struct br_sensor *sensor,
                         const struct br_membership *membership, int64_t received_at_utc_ms)
{
    uint32_t leaf;
    if (!leaf_of(flow, sensor, membership, &leaf))
        return false;
    if (!sensor->placed && sensor->head != 0 &&
        !settle_pending(flow, sensor, counts_since(flow, received_at_utc_ms), leaf != BR_LEAF_NONE))
        return false;
    sensor->placed = true;
    if (leaf != sensor->leaf)
        br_windows_move(flow->windows[br_kind_domain((enum br_kind)sensor->kind)], sensor, leaf,
                        correctable_since(flow));
    return true;
}

static bool point_of(struct br_flow *flow, bool has, double lat, double lon, const struct br_place *place,
                     double *point_lat, double *point_lon)
{
    if (has) {
        *point_lat = lat;
        *point_lon = lon;
    } else if (!place->srs ||
               !br_places_convert(flow->places, place->srs, place->x, place->y, point_lat, point_lon)) {
        return false;
    }
    return isfinite(*point_lat) && isfinite(*point_lon) && fabs(*point_lat) <= 90 && fabs(*point_lon) <= 180;
}

/* A point from the source at a time: the latest one holds, the catalogue's above all. */
static void point_sensor(struct br_flow *flow, struct br_sensor *sensor, double lat, double lon,
                         int64_t at_utc_ms, int64_t received_at_utc_ms)
{
    struct br_membership membership;
    bool moves = !sensor->placed || sensor->lat != lat || sensor->lon != lon;
    if (sensor->place_fixed || (sensor->placed && at_utc_ms < sensor->placed_at_utc_ms))
        return;
    if (moves) {
        bool found = br_regions_locate(flow->setup.regions, lat, lon, &membership);
        if (!place_sensor(flow, sensor, found ? &membership : NULL, received_at_utc_ms)) {
            br_log_often(flow->setup.log, BR_LOG_ERR, "place_lost",
                         flow->setup.config->feeds[sensor->feed].name, "out of memory", sensor->id,
                         flow->clock_utc_ms);
            return;
        }
    }
    sensor->placed_at_utc_ms = at_utc_ms;
    sensor->lat = lat;
    sensor->lon = lon;
}

void locate_observation(struct br_flow *flow, struct br_sensor *sensor,
                        const struct br_emitted_observation *emitted, int64_t received_at_utc_ms)
{
    const Bruis__V1__Observation *observation = emitted->observation;
    double lat, lon;
    if (point_of(flow, observation->has_lat && observation->has_lon, observation->lat, observation->lon,
                 &emitted->place, &lat, &lon))
        point_sensor(flow, sensor, lat, lon, observation->observed_at, received_at_utc_ms);
}

bool locate_again(struct br_flow *flow, struct br_sensor *sensor, double lat, double lon,
                  int64_t placed_at_utc_ms)
{
    struct br_membership membership;
    bool found = !isnan(lat) && !isnan(lon) && br_regions_locate(flow->setup.regions, lat, lon, &membership);
    sensor->placed = true;
    sensor->placed_at_utc_ms = placed_at_utc_ms;
    sensor->lat = lat;
    sensor->lon = lon;
    return leaf_of(flow, sensor, found ? &membership : NULL, &sensor->leaf);
}

static enum br_kind kind_of(Bruis__V1__Domain domain)
{
    if (domain == BRUIS__V1__DOMAIN__parking)
        return BR_KIND_PARKING;
    return domain == BRUIS__V1__DOMAIN__traffic ? BR_KIND_TRAFFIC : BR_KIND_PEDESTRIAN;
}

void br_flow_sensor(struct br_flow *flow, size_t feed, const struct br_emitted_sensor *emitted,
                    int64_t received_at_utc_ms)
{
    const Bruis__V1__Sensor *record = emitted->sensor;
    enum br_kind kind = kind_of(record->domain);
    struct br_sensor *sensor = sensor_of(flow, feed, kind, br_view_of(record->sensor));
    double lat, lon;
    if (!sensor) {
        br_log_often(flow->setup.log, BR_LOG_WARNING, "sensor_refused", flow->setup.config->feeds[feed].name,
                     no_sensor(flow), record->sensor, flow->clock_utc_ms);
        return;
    }
    br_windows_describe(flow->windows[br_kind_domain(kind)], sensor);
    if (received_at_utc_ms != BR_TIME_NONE && received_at_utc_ms > flow->clock_utc_ms)
        flow->clock_utc_ms = received_at_utc_ms;
    if (record->has_kind && sensor->parking_kind == 0)
        sensor->parking_kind = (uint8_t)record->kind;
    if (record->has_capacity && record->capacity > 0 && !sensor->capacity_fixed &&
        record->capacity != sensor->capacity)
        br_windows_resize(flow->windows[br_kind_domain(kind)], sensor, record->capacity,
                          correctable_since(flow));
    if (point_of(flow, record->has_lat && record->has_lon, record->lat, record->lon, &emitted->place, &lat,
                 &lon))
        point_sensor(flow, sensor, lat, lon, sensor->placed_at_utc_ms, received_at_utc_ms);
}

/* The domain of a feed that says nothing yet: of its options, else of its adapter. */
static enum br_kind feed_kind(const struct br_config_feed *feed)
{
    const char *word = br_node_text(br_node_get(feed->options, "domain"));
    if (!word)
        word = feed->adapter->domains;
    if (strncmp(word, "parking", strlen("parking")) == 0)
        return BR_KIND_PARKING;
    return strncmp(word, "traffic", strlen("traffic")) == 0 ? BR_KIND_TRAFFIC : BR_KIND_PEDESTRIAN;
}

bool take_entry(struct br_flow *flow, const struct br_catalogue_entry *entry)
{
    struct br_membership membership;
    enum br_kind kind = feed_kind(&flow->setup.config->feeds[entry->feed]);
    struct br_sensor *sensor = sensor_of(flow, entry->feed, kind, br_view_of(entry->sensor));
    if (!sensor)
        return br_sensors_full(flow->sensors);
    br_windows_describe(flow->windows[br_kind_domain(kind)], sensor);
    sensor->lat = entry->lat;
    sensor->lon = entry->lon;
    sensor->home = entry->region;
    if (entry->kind > 0)
        sensor->parking_kind = (uint8_t)entry->kind;
    if (entry->interval_ms > 0)
        sensor->interval_ms = entry->interval_ms;
    if (entry->capacity > 0) {
        sensor->capacity = entry->capacity;
        sensor->capacity_fixed = true;
    }
    bool has_point = !isnan(entry->lat) && !isnan(entry->lon);
    if (entry->region == BR_REGION_NONE && !has_point)
        return true;
    sensor->place_fixed = true;
    bool found =
        entry->region != BR_REGION_NONE
            ? br_regions_home(flow->setup.regions, entry->region, entry->lat, entry->lon, &membership)
            : br_regions_locate(flow->setup.regions, entry->lat, entry->lon, &membership);
    return place_sensor(flow, sensor, found ? &membership : NULL, BR_TIME_NONE);
}

void expire_pending(struct br_flow *flow)
{
    int64_t before = flow->clock_utc_ms - flow->setup.config->correct_for_ms;
    for (size_t i = 0; i < br_sensors_count(flow->sensors); i++) {
        struct br_sensor *sensor = br_sensors_at(flow->sensors, i);
        int64_t from = sensor->expired_utc_ms == BR_TIME_NONE ? 0 : sensor->expired_utc_ms;
        if (sensor->placed || sensor->head == 0 || sensor->kind == BR_KIND_SNAPSHOT ||
            sensor->past.last_utc_ms < from)
            continue;
        if (!br_readings_between(flow->readings, sensor->head, from, before, INT64_MAX, &flow->list))
            continue; /* the next minute looks again */
        struct br_tally_feed *tally = br_tally_feed(flow->setup.tally, sensor->feed);
        *tally->result[BR_UNLOCATED] += (int64_t)flow->list.count;
        *tally->pending -= (int64_t)flow->list.count;
        sensor->expired_utc_ms = before;
    }
}
