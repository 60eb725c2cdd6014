/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/sensor.h"
#include "daemon/core/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct br_sensors {
    struct br_sensor **at; /* in order of making */
    size_t count, capacity, count_max;
    uint32_t *slots;   /* open addressing: index + 1, or 0 */
    size_t slot_count; /* a power of two */
};

static uint64_t hash_of(uint32_t feed, enum br_kind kind, struct br_view id)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ feed ^ (uint64_t)kind << 32; /* FNV-1a */
    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (uint8_t)id.data[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

static uint64_t hash_sensor(const struct br_sensor *sensor)
{
    return hash_of(sensor->feed, (enum br_kind)sensor->kind, br_view_of(sensor->id));
}

struct br_sensors *br_sensors_open(size_t count_max)
{
    struct br_sensors *sensors = calloc(1, sizeof *sensors);
    if (!sensors)
        return NULL;
    sensors->count_max = count_max;
    sensors->slot_count = 256;
    sensors->slots = calloc(sensors->slot_count, sizeof *sensors->slots);
    if (!sensors->slots) {
        free(sensors);
        return NULL;
    }
    return sensors;
}

static void sensor_free(struct br_sensor *sensor)
{
    free(sensor->id);
    br_past_free(&sensor->past);
    free(sensor->cells);
    free(sensor);
}

void br_sensors_close(struct br_sensors *sensors)
{
    if (!sensors)
        return;
    for (size_t i = 0; i < sensors->count; i++)
        sensor_free(sensors->at[i]);
    free(sensors->at);
    free(sensors->slots);
    free(sensors);
}

/* The slot of a key: where it is, or the free one where it would be. */
static size_t slot_of(const struct br_sensors *sensors, uint32_t feed, enum br_kind kind, struct br_view id)
{
    size_t mask = sensors->slot_count - 1;
    size_t slot = (size_t)hash_of(feed, kind, id) & mask;
    while (sensors->slots[slot]) {
        const struct br_sensor *sensor = sensors->at[sensors->slots[slot] - 1];
        if (sensor->feed == feed && sensor->kind == kind && br_view_is(id, sensor->id))
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static bool grow_slots(struct br_sensors *sensors)
{
    size_t slot_count = sensors->slot_count * 2;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < sensors->count; i++) {
        size_t slot = (size_t)hash_sensor(sensors->at[i]) & (slot_count - 1);
        while (slots[slot])
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    free(sensors->slots);
    sensors->slots = slots;
    sensors->slot_count = slot_count;
    return true;
}

static bool make_room(struct br_sensors *sensors)
{
    if (br_sensors_full(sensors))
        return false;
    if ((sensors->count + 1) * 2 > sensors->slot_count && !grow_slots(sensors))
        return false;
    if (sensors->count < sensors->capacity)
        return true;
    size_t capacity = sensors->capacity ? sensors->capacity * 2 : 64;
    struct br_sensor **at = realloc(sensors->at, capacity * sizeof(struct br_sensor *));
    if (!at)
        return false;
    sensors->at = at;
    sensors->capacity = capacity;
    return true;
}

static struct br_sensor *sensor_new(uint32_t feed, enum br_kind kind, struct br_view id)
{
    struct br_sensor *sensor = malloc(sizeof *sensor);
    char *text = malloc(id.size + 1);
    if (!sensor || !text) {
        free(sensor);
        free(text);
        return NULL;
    }
    memcpy(text, id.data, id.size);
    text[id.size] = '\0';
    *sensor = (struct br_sensor){.feed = feed,
                                 .kind = (uint8_t)kind,
                                 .id = text,
                                 .home = BR_REGION_NONE,
                                 .leaf = BR_LEAF_NONE,
                                 .lat = NAN,
                                 .lon = NAN,
                                 .placed_at_utc_ms = BR_TIME_NONE,
                                 .capacity = -1,
                                 .from_utc_ms = BR_TIME_NONE,
                                 .expired_utc_ms = BR_TIME_NONE};
    br_past_init(&sensor->past);
    return sensor;
}

struct br_sensor *br_sensors_find(const struct br_sensors *sensors, uint32_t feed, enum br_kind kind,
                                  struct br_view id)
{
    uint32_t index = sensors->slots[slot_of(sensors, feed, kind, id)];
    return index ? sensors->at[index - 1] : NULL;
}

struct br_sensor *br_sensors_get(struct br_sensors *sensors, uint32_t feed, enum br_kind kind,
                                 struct br_view id)
{
    struct br_sensor *sensor = br_sensors_find(sensors, feed, kind, id);
    if (sensor || memchr(id.data, '\0', id.size) || !make_room(sensors))
        return sensor;
    sensor = sensor_new(feed, kind, id);
    if (!sensor)
        return NULL;
    sensor->index = (uint32_t)sensors->count;
    sensors->slots[slot_of(sensors, feed, kind, id)] = sensor->index + 1;
    sensors->at[sensors->count++] = sensor;
    return sensor;
}

/* No sensor came after it, so no search goes on behind its slot. */
void br_sensors_drop_last(struct br_sensors *sensors)
{
    struct br_sensor *sensor = sensors->at[--sensors->count];
    size_t slot = slot_of(sensors, sensor->feed, (enum br_kind)sensor->kind, br_view_of(sensor->id));
    sensors->slots[slot] = 0;
    sensor_free(sensor);
}

bool br_sensors_full(const struct br_sensors *sensors)
{
    return sensors->count >= sensors->count_max;
}

size_t br_sensors_count(const struct br_sensors *sensors)
{
    return sensors->count;
}

struct br_sensor *br_sensors_at(const struct br_sensors *sensors, size_t index)
{
    return sensors->at[index];
}
