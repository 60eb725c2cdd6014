/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/flow_state.h"
#include "proto/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FUTURE_MS 60000
#define MINUTE_MS 60000
#define KEPT_BEYOND_MS (2 * BR_HOUR_MS) /* readings, whatever correct_for and stale_after are */
#define DAY_ZONE "Europe/Amsterdam"
#define SNAPSHOT_SENSOR "snapshot"

/* ---- open and close */

static void on_figure(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct br_flow *flow = context;
    flow->setup.figure(flow->setup.context, figure, newest);
}

static void on_closed(void *context, const char *window)
{
    struct br_flow *flow = context;
    br_tally_closed(flow->setup.tally, window);
}

static const struct br_algebra *algebra_of(enum br_domain domain)
{
    if (domain == BR_PARKING)
        return &br_parking_algebra;
    return domain == BR_TRAFFIC ? &br_traffic_algebra : &br_pedestrian_algebra;
}

static bool open_windows(struct br_flow *flow)
{
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++) {
        struct br_windows_setup setup = {.config = flow->setup.config,
                                         .regions = flow->setup.regions,
                                         .readings = flow->readings,
                                         .privacy = domain == BR_PEDESTRIAN ? flow->privacy : NULL,
                                         .day_zone = flow->day_zone,
                                         .algebra = algebra_of(domain),
                                         .domain = domain,
                                         .keep_all = flow->setup.replay,
                                         .figure = on_figure,
                                         .closed = on_closed,
                                         .context = flow};
        flow->windows[domain] = br_windows_open(&setup);
        if (!flow->windows[domain])
            return false;
    }
    return true;
}

/* The readings that belong to the checkpoint, or none. */
static struct br_readings *open_readings(struct br_flow *flow, int *error)
{
    const Bruis__V1__State *state = flow->setup.state;
    int64_t size_max = flow->setup.replay ? INT64_MAX : flow->setup.config->readings_max;
    size_t count = state ? state->n_hours : 0;
    struct br_readings_hour *hours = calloc(count + 1, sizeof *hours);
    *error = -ENOMEM;
    if (!hours)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const Bruis__V1__StateHour *hour = state->hours[i];
        bool needed = ((int64_t)hour->number + 1) * BR_HOUR_MS > state->clock - KEPT_BEYOND_MS;
        hours[i] = (struct br_readings_hour){hour->number, hour->count, needed};
    }
    struct br_readings *readings = br_readings_open(flow->setup.readings_dir, size_max, hours, count, error);
    free(hours);
    return readings;
}

static int open_parts(struct br_flow *flow)
{
    const struct br_config *config = flow->setup.config;
    int error = -ENOMEM;
    flow->readings = open_readings(flow, &error);
    if (!flow->readings)
        return error;
    flow->day_zone = br_zone_open(DAY_ZONE);
    if (!flow->day_zone)
        return -errno;
    flow->sensors = br_sensors_open((size_t)config->sensors_max);
    flow->places = br_places_open();
    flow->privacy = br_privacy_open(config->privacy.pedestrian_min, config->privacy.round_to,
                                    flow->setup.privacy_key, flow->setup.privacy_key_size);
    flow->watermarks = br_watermarks_open(config);
    if (!flow->sensors || !flow->places || !flow->privacy || !flow->watermarks || !open_windows(flow))
        return -ENOMEM;
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].stale_after_ms > flow->stale_max_ms)
            flow->stale_max_ms = config->feeds[i].stale_after_ms;
    return 0;
}

void br_flow_close(struct br_flow *flow)
{
    if (!flow)
        return;
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_windows_close(flow->windows[domain]);
    br_watermarks_close(flow->watermarks);
    br_privacy_close(flow->privacy);
    br_places_close(flow->places);
    br_sensors_close(flow->sensors);
    br_readings_close(flow->readings);
    br_zone_close(flow->day_zone);
    br_reading_list_free(&flow->list);
    free(flow);
}

struct br_flow *br_flow_open(const struct br_flow_setup *setup, int *error)
{
    struct br_flow *flow = calloc(1, sizeof *flow);
    bool taken = true;
    *error = -ENOMEM;
    if (!flow)
        return NULL;
    flow->setup = *setup;
    flow->clock_utc_ms = BR_TIME_NONE;
    flow->kept_utc_ms = setup->state ? setup->state->clock : BR_TIME_NONE;
    *error = open_parts(flow);
    if (*error) {
        br_flow_close(flow);
        return NULL;
    }
    for (size_t i = 0; setup->catalogue && i < br_catalogue_count(setup->catalogue); i++)
        taken = taken && take_entry(flow, br_catalogue_at(setup->catalogue, i));
    if (!taken || (setup->state && !recall(flow, setup->state))) {
        *error = -ENOMEM;
        br_flow_close(flow);
        return NULL;
    }
    flow->setup.state = NULL;
    return flow;
}

void br_flow_repeat(struct br_flow *flow)
{
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_windows_repeat(flow->windows[domain]);
}

/* ---- observations */

static enum br_result judge_time(const struct br_flow *flow, int64_t at_utc_ms, int64_t received_at_utc_ms)
{
    if (at_utc_ms < 0)
        return BR_INVALID;
    if (received_at_utc_ms == BR_TIME_NONE)
        return BR_USED;
    if (at_utc_ms > received_at_utc_ms + FUTURE_MS)
        return BR_IMPLAUSIBLE;
    return received_at_utc_ms - at_utc_ms > flow->setup.config->correct_for_ms ? BR_LATE : BR_USED;
}

/* The first readings of a domain say where its windows begin: as early as one of them, as long as nothing is
 * published. */
static void begin(struct br_flow *flow, enum br_domain domain, int64_t at_utc_ms, int64_t received_at_utc_ms)
{
    int64_t lateness_ms = flow->setup.config->lateness_ms;
    bool is_early = received_at_utc_ms == BR_TIME_NONE || at_utc_ms < received_at_utc_ms - lateness_ms;
    br_windows_begin(flow->windows[domain], is_early ? at_utc_ms : received_at_utc_ms - lateness_ms);
}

static void hear(struct br_flow *flow, size_t feed, enum br_domain domain, const struct br_reading *reading,
                 int64_t received_at_utc_ms)
{
    int64_t period_ms = reading->period_ms, interval_ms = flow->setup.config->feeds[feed].interval_ms;
    int64_t end = reading->observed_at_utc_ms + (period_ms < interval_ms ? period_ms : interval_ms);
    br_watermarks_heard(flow->watermarks, feed, domain, end, received_at_utc_ms);
    flow->heard[domain] = true;
}

static void learn(struct br_sensor *sensor, const struct br_reading *reading)
{
    sensor->measures |= reading->kind != BR_KIND_TRAFFIC || reading->known != 0;
    br_past_hear(&sensor->past, reading->observed_at_utc_ms);
    if (reading->period_ms > sensor->period_max_ms)
        sensor->period_max_ms = reading->period_ms;
}

static enum br_result identify(const struct br_flow *flow, const struct br_sensor *sensor,
                               const struct br_reading *reading)
{
    struct br_reading held;
    if (reading->observed_at_utc_ms > sensor->past.last_utc_ms ||
        !br_readings_at(flow->readings, sensor->head, reading->observed_at_utc_ms, &held))
        return BR_USED;
    int order = held.bits & BR_READING_WITHDRAWN ? -1 : 0;
    held.bits &= (uint8_t)~BR_READING_EXPIRED; /* no part of what was read */
    if (order == 0)
        order = br_reading_order(reading, &held);
    if (order == 0)
        return BR_DUPLICATE;
    return order < 0 ? BR_CONFLICT : BR_CORRECTED;
}

/* False: it could not be kept, and the sensor is as it was. */
static bool keep(struct br_flow *flow, struct br_sensor *sensor, const struct br_reading *reading)
{
    struct br_sensor before = *sensor;
    learn(sensor, reading);
    int error =
        br_windows_reading(flow->windows[br_kind_domain((enum br_kind)sensor->kind)], sensor, reading);
    if (!error)
        return true;
    *sensor = before;
    br_log_often(flow->setup.log, BR_LOG_ERR, "reading_lost", flow->setup.config->feeds[sensor->feed].name,
                 "the readings on disk cannot grow", strerror(-error), flow->clock_utc_ms);
    return false;
}

static bool is_outside(const struct br_sensor *sensor)
{
    return sensor->placed && sensor->leaf == BR_LEAF_NONE;
}

/* What lies outside every region is kept as well: it counts when the sensor moves, whichever came first. */
static enum br_result store(struct br_flow *flow, struct br_sensor *sensor, const struct br_reading *reading)
{
    enum br_result result = identify(flow, sensor, reading);
    if (result != BR_USED && result != BR_CORRECTED)
        return result;
    if (!keep(flow, sensor, reading))
        return BR_INVALID;
    return result == BR_USED && is_outside(sensor) ? BR_UNLOCATED : result;
}

static void count(struct br_flow *flow, size_t feed, enum br_result result, bool is_pending)
{
    struct br_tally_feed *tally = br_tally_feed(flow->setup.tally, feed);
    *tally->decoded += 1;
    if (result == BR_USED && is_pending)
        *tally->pending += 1;
    else
        *tally->result[result] += 1;
}

static void refuse(struct br_flow *flow, size_t feed, enum br_result result, const char *sensor,
                   const char *reason)
{
    count(flow, feed, result, false);
    br_log_often(flow->setup.log, BR_LOG_WARNING, "reading_refused", flow->setup.config->feeds[feed].name,
                 reason, sensor, flow->clock_utc_ms);
}

static const char *why(enum br_result result)
{
    if (result == BR_IMPLAUSIBLE)
        return "observed more than 60 s after it was received";
    return result == BR_LATE ? "observed longer ago than correct_for" : "observed before 1970";
}

void br_flow_observation(struct br_flow *flow, size_t feed, const struct br_emitted_observation *emitted,
                         int64_t received_at_utc_ms)
{
    const Bruis__V1__Observation *observation = emitted->observation;
    struct br_reading reading;

    if (received_at_utc_ms > flow->clock_utc_ms)
        flow->clock_utc_ms = received_at_utc_ms;
    const char *fault = br_reading_of(observation, flow->setup.config->feeds[feed].interval_ms, &reading);
    if (fault) {
        refuse(flow, feed, BR_INVALID, observation->sensor, fault);
        return;
    }
    enum br_result result = judge_time(flow, reading.observed_at_utc_ms, received_at_utc_ms);
    if (result == BR_USED || result == BR_LATE)
        hear(flow, feed, br_kind_domain((enum br_kind)reading.kind), &reading, received_at_utc_ms);
    if (result != BR_USED) {
        refuse(flow, feed, result, observation->sensor, why(result));
        return;
    }
    begin(flow, br_kind_domain((enum br_kind)reading.kind), reading.observed_at_utc_ms, received_at_utc_ms);
    struct br_sensor *sensor =
        sensor_of(flow, feed, (enum br_kind)reading.kind, br_view_of(observation->sensor));
    if (!sensor) {
        refuse(flow, feed, BR_INVALID, observation->sensor, no_sensor(flow));
        return;
    }
    if (observation->parking && observation->parking->has_kind && sensor->parking_kind == 0)
        sensor->parking_kind = (uint8_t)observation->parking->kind;
    locate_observation(flow, sensor, emitted, received_at_utc_ms);
    result = store(flow, sensor, &reading);
    count(flow, feed, result, !sensor->placed);
    if (flow->setup.observation && flow->setup.config->feeds[feed].republish && !is_outside(sensor) &&
        (result == BR_USED || result == BR_CORRECTED))
        flow->setup.observation(flow->setup.context, observation);
}

void br_flow_snapshot(struct br_flow *flow, size_t feed, int64_t at_utc_ms, int64_t received_at_utc_ms)
{
    struct br_reading reading = {.observed_at_utc_ms = at_utc_ms, .kind = BR_KIND_SNAPSHOT}, held;
    if (received_at_utc_ms > flow->clock_utc_ms)
        flow->clock_utc_ms = received_at_utc_ms;
    if (judge_time(flow, at_utc_ms, received_at_utc_ms) != BR_USED)
        return;
    hear(flow, feed, BR_TRAFFIC, &reading, received_at_utc_ms);
    begin(flow, BR_TRAFFIC, at_utc_ms, received_at_utc_ms);
    struct br_sensor *sensor = sensor_of(flow, feed, BR_KIND_SNAPSHOT, br_view_of(SNAPSHOT_SENSOR));
    if (!sensor || br_readings_at(flow->readings, sensor->head, at_utc_ms, &held))
        return;
    keep(flow, sensor, &reading);
}

/* Readings that were taken back wait for no place any more. */
static void end_waiting(struct br_flow *flow, const struct br_sensor *sensor, size_t count)
{
    struct br_tally_feed *tally = br_tally_feed(flow->setup.tally, sensor->feed);
    *tally->result[BR_UNLOCATED] += (int64_t)count;
    *tally->pending -= (int64_t)count;
}

/* What a reading was stays on disk, behind it the same one marked: it counts for nothing from then on. */
static size_t withdraw_kind(struct br_flow *flow, struct br_sensor *sensor,
                            const struct br_withdrawal *withdrawal)
{
    struct br_windows *windows = flow->windows[br_kind_domain((enum br_kind)sensor->kind)];
    struct br_reading_list list = {0};
    int64_t from = withdrawal->from_utc_ms, kept = flow->clock_utc_ms - flow->setup.config->correct_for_ms;
    size_t count = 0;

    if (flow->clock_utc_ms != BR_TIME_NONE && !flow->setup.replay && from < kept)
        from = kept; /* nothing corrects what is older */
    if (!br_readings_between(flow->readings, sensor->head, from, withdrawal->to_utc_ms, INT64_MAX, &list))
        br_log(flow->setup.log, BR_LOG_ERR, "withdrawal_failed", "reason=\"out of memory\"");
    for (size_t i = 0; i < list.count; i++) {
        list.at[i].bits |= BR_READING_WITHDRAWN;
        count += br_windows_reading(windows, sensor, &list.at[i]) == 0;
    }
    if (!sensor->placed)
        end_waiting(flow, sensor, count);
    br_reading_list_free(&list);
    return count;
}

size_t br_flow_withdraw(struct br_flow *flow, size_t feed, const struct br_withdrawal *withdrawal)
{
    static const enum br_kind kinds[] = {BR_KIND_PARKING, BR_KIND_TRAFFIC, BR_KIND_JAM, BR_KIND_PEDESTRIAN};
    size_t count = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct br_sensor *sensor =
            br_sensors_find(flow->sensors, (uint32_t)feed, kinds[i], br_view_of(withdrawal->sensor));
        if (sensor)
            count += withdraw_kind(flow, sensor, withdrawal);
    }
    br_log(flow->setup.log, BR_LOG_NOTICE, "withdrawn", "feed=%s readings=%zu",
           flow->setup.config->feeds[feed].name, count);
    return count;
}

/* ---- time */

void br_flow_settle(struct br_flow *flow, int64_t clock_utc_ms)
{
    if (clock_utc_ms > flow->clock_utc_ms)
        flow->clock_utc_ms = clock_utc_ms;
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_windows_due(flow->windows[domain],
                       br_watermarks_until(flow->watermarks, domain, flow->clock_utc_ms));
}

void br_flow_kept(struct br_flow *flow, int64_t clock_utc_ms)
{
    flow->kept_utc_ms = clock_utc_ms;
}

/* A crash goes back to the state on disk: what that one needs stays, for as long as none is newer. */
static void forget(struct br_flow *flow)
{
    int64_t old_ms = flow->setup.config->correct_for_ms + MINUTE_MS;
    bool is_ahead = flow->kept_utc_ms != BR_TIME_NONE && flow->kept_utc_ms < flow->clock_utc_ms;
    int64_t kept = is_ahead ? flow->kept_utc_ms : flow->clock_utc_ms;
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_windows_forget(flow->windows[domain], flow->clock_utc_ms - old_ms);
    /* a day that is not the last one is corrected from all of its readings */
    int64_t day_ms = old_ms > BR_DAY_MS - BR_HOUR_MS ? BR_DAY_MS + BR_HOUR_MS : 0;
    br_readings_forget(flow->readings, kept - old_ms - day_ms - KEPT_BEYOND_MS - flow->stale_max_ms);
    unsigned pushed = br_readings_pushed(flow->readings);
    if (pushed > 0)
        br_log(flow->setup.log, BR_LOG_ERR, "readings_lost",
               "hours=%u reason=\"limits.readings is too small for correct_for\"", pushed);
}

/* Levels also change by growing stale: once a minute without anything heard. */
static void live(struct br_flow *flow)
{
    int64_t every_ms = flow->setup.config->mqtt.enabled ? flow->setup.config->mqtt.live_every_ms : 1000;
    bool is_minute = flow->clock_utc_ms - flow->minute_utc_ms >= MINUTE_MS;
    if (flow->setup.replay || every_ms <= 0 || flow->clock_utc_ms - flow->live_utc_ms < every_ms)
        return;
    flow->live_utc_ms = flow->clock_utc_ms;
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++) {
        if (flow->heard[domain] || is_minute)
            br_windows_live(flow->windows[domain], flow->clock_utc_ms);
        flow->heard[domain] = false;
    }
}

void br_flow_tick(struct br_flow *flow, int64_t now_utc_ms)
{
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        if (!flow->setup.replay && br_windows_cursor(flow->windows[domain]) == BR_TIME_NONE)
            br_windows_begin(flow->windows[domain], now_utc_ms - flow->setup.config->lateness_ms);
    br_flow_settle(flow, now_utc_ms);
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_windows_changed(flow->windows[domain]);
    flow->ticked = true;
}

/* The rest of a tick, when its windows are out. */
static void end_tick(struct br_flow *flow)
{
    flow->ticked = false;
    live(flow);
    if (flow->setup.replay || flow->clock_utc_ms - flow->minute_utc_ms < MINUTE_MS)
        return;
    flow->minute_utc_ms = flow->clock_utc_ms;
    expire_pending(flow);
    forget(flow);
}

bool br_flow_step(struct br_flow *flow)
{
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++) {
        int64_t cursor = br_windows_cursor(flow->windows[domain]);
        if (!br_windows_step(flow->windows[domain]))
            continue;
        flow->heard[domain] |= cursor != br_windows_cursor(flow->windows[domain]);
        return true;
    }
    if (!flow->ticked)
        return false;
    end_tick(flow);
    return true;
}

bool br_flow_busy(const struct br_flow *flow)
{
    bool is_busy = flow->ticked;
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        is_busy |= br_windows_busy(flow->windows[domain]);
    return is_busy;
}

void br_flow_rest(struct br_flow *flow)
{
    while (br_flow_step(flow))
        ;
}

void br_flow_finish(struct br_flow *flow)
{
    br_flow_rest(flow);
    if (flow->clock_utc_ms != BR_TIME_NONE)
        expire_pending(flow);
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_windows_finish(flow->windows[domain], br_watermarks_latest(flow->watermarks, domain));
}

void br_flow_gauges(struct br_flow *flow)
{
    int64_t heard[BR_DOMAINS] = {0}, silent[BR_DOMAINS] = {0};
    for (size_t i = 0; i < br_sensors_count(flow->sensors); i++) {
        const struct br_sensor *sensor = br_sensors_at(flow->sensors, i);
        bool is_heard = sensor->past.last_utc_ms != BR_TIME_NONE &&
                        sensor->past.last_utc_ms >= flow->clock_utc_ms - BR_DAY_MS;
        if (sensor->kind == BR_KIND_JAM || sensor->kind == BR_KIND_SNAPSHOT)
            continue;
        heard[br_kind_domain((enum br_kind)sensor->kind)] += is_heard;
        silent[br_kind_domain((enum br_kind)sensor->kind)] += !is_heard;
    }
    for (enum br_domain domain = 0; domain < BR_DOMAINS; domain++)
        br_tally_sensors(flow->setup.tally, br_domain_word(br_domain_record(domain)), heard[domain],
                         silent[domain]);
}
