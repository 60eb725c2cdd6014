/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Everything an adapter emits lies in the arena of its message: nothing is freed, and what the arena refuses
 * was not emitted. */
#include "adapters/adapter.h"

#include <stdarg.h>
#include <stdio.h>

/* An observation with its parts, so that it is one allocation: all of it or nothing. */
struct observation_block {
    struct br_emitted_observation emitted;
    Bruis__V1__Observation observation;
    union {
        Bruis__V1__Parking parking;
        Bruis__V1__Traffic traffic;
        Bruis__V1__Jam jam;
        Bruis__V1__Pedestrian pedestrian;
    } part;
};

struct sensor_block {
    struct br_emitted_sensor emitted;
    Bruis__V1__Sensor sensor;
};

void br_emit_start(struct br_emit *emit, struct br_arena *arena)
{
    *emit = (struct br_emit){.arena = arena, .snapshot_at_utc_ms = BR_TIME_NONE};
    emit->observations_end = &emit->observations;
    emit->sensors_end = &emit->sensors;
}

/* An observation without its part, not yet in the list. */
static struct observation_block *observation_new(struct br_emit *emit, const struct br_message *message,
                                                 Bruis__V1__Domain domain, struct br_view sensor,
                                                 int64_t observed_at_utc_ms)
{
    struct observation_block *block = br_arena_alloc(emit->arena, sizeof *block);
    char *feed_copy = br_arena_text(emit->arena, br_view_of(message->feed));
    char *sensor_copy = br_arena_text(emit->arena, sensor);
    if (!block || !feed_copy || !sensor_copy)
        return NULL;
    Bruis__V1__Observation *observation = &block->observation;
    bruis__v1__observation__init(observation);
    observation->feed = feed_copy;
    observation->sensor = sensor_copy;
    observation->has_domain = 1;
    observation->domain = domain;
    observation->has_observed_at = observed_at_utc_ms != BR_TIME_NONE;
    observation->observed_at = observation->has_observed_at ? observed_at_utc_ms : 0;
    observation->has_received_at = message->received_at_utc_ms != BR_TIME_NONE;
    observation->received_at = observation->has_received_at ? message->received_at_utc_ms : 0;
    block->emitted.observation = observation;
    return block;
}

static struct br_emitted_observation *observation_add(struct br_emit *emit, struct observation_block *block)
{
    *emit->observations_end = &block->emitted;
    emit->observations_end = &block->emitted.next;
    emit->observation_count++;
    return &block->emitted;
}

static void part_init(struct observation_block *block, Bruis__V1__Domain domain)
{
    if (domain == BRUIS__V1__DOMAIN__parking) {
        bruis__v1__parking__init(&block->part.parking);
        block->observation.parking = &block->part.parking;
    } else if (domain == BRUIS__V1__DOMAIN__traffic) {
        bruis__v1__traffic__init(&block->part.traffic);
        block->observation.traffic = &block->part.traffic;
    } else if (domain == BRUIS__V1__DOMAIN__pedestrian) {
        bruis__v1__pedestrian__init(&block->part.pedestrian);
        block->observation.pedestrian = &block->part.pedestrian;
    }
}

struct br_emitted_observation *br_emit_observation(struct br_emit *emit, const struct br_message *message,
                                                   Bruis__V1__Domain domain, struct br_view sensor,
                                                   int64_t observed_at_utc_ms)
{
    struct observation_block *block = observation_new(emit, message, domain, sensor, observed_at_utc_ms);
    if (!block)
        return NULL;
    part_init(block, domain);
    return observation_add(emit, block);
}

struct br_emitted_observation *br_emit_jam(struct br_emit *emit, const struct br_message *message,
                                           struct br_view record, int64_t observed_at_utc_ms)
{
    struct observation_block *block =
        observation_new(emit, message, BRUIS__V1__DOMAIN__traffic, record, observed_at_utc_ms);
    if (!block)
        return NULL;
    bruis__v1__jam__init(&block->part.jam);
    block->observation.jam = &block->part.jam;
    return observation_add(emit, block);
}

struct br_emitted_sensor *br_emit_sensor(struct br_emit *emit, const struct br_message *message,
                                         Bruis__V1__Domain domain, struct br_view sensor)
{
    struct sensor_block *block = br_arena_alloc(emit->arena, sizeof *block);
    char *feed_copy = br_arena_text(emit->arena, br_view_of(message->feed));
    char *sensor_copy = br_arena_text(emit->arena, sensor);
    if (!block || !feed_copy || !sensor_copy)
        return NULL;
    bruis__v1__sensor__init(&block->sensor);
    block->sensor.feed = feed_copy;
    block->sensor.sensor = sensor_copy;
    block->sensor.has_domain = 1;
    block->sensor.domain = domain;
    block->emitted.sensor = &block->sensor;
    *emit->sensors_end = &block->emitted;
    emit->sensors_end = &block->emitted.next;
    emit->sensor_count++;
    return &block->emitted;
}

/* Flags are few and rare: the list is copied with each. A full arena is sticky, so that a lost flag is not
 * unseen. */
void br_emit_flag(struct br_emit *emit, Bruis__V1__Observation *observation, Bruis__V1__Flag flag)
{
    size_t count = observation->n_quality;
    for (size_t i = 0; i < count; i++)
        if (observation->quality[i] == flag)
            return;
    Bruis__V1__Flag *flags = br_arena_alloc(emit->arena, (count + 1) * sizeof *flags);
    if (!flags)
        return;
    if (count > 0)
        memcpy(flags, observation->quality, count * sizeof *flags);
    flags[count] = flag;
    observation->quality = flags;
    observation->n_quality = count + 1;
}

/* A reason that does not fit is cut. */
__attribute__((format(printf, 2, 0))) static void reason_set(struct br_emit *emit, const char *format,
                                                             va_list arguments)
{
    if (vsnprintf(emit->reason, sizeof emit->reason, format, arguments) < 0)
        emit->reason[0] = '\0';
}

void br_emit_invalid(struct br_emit *emit, const char *format, ...)
{
    if (emit->invalid_count++ > 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    reason_set(emit, format, arguments);
    va_end(arguments);
}

enum br_outcome br_emit_reject(struct br_emit *emit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    reason_set(emit, format, arguments);
    va_end(arguments);
    return BR_REJECTED;
}

enum br_outcome br_emit_skip(struct br_emit *emit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    reason_set(emit, format, arguments);
    va_end(arguments);
    return BR_SKIPPED;
}
