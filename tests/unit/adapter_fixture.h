/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One adapter, fed with texts. Payloads are handed over with BR_PADDING bytes behind them and not one more,
 * so that a sanitizer sees every step past the end. */
#ifndef BR_TESTS_ADAPTER_FIXTURE_H
#define BR_TESTS_ADAPTER_FIXTURE_H

#include "adapters/registry.h"
#include "daemon/config.h"

#include "tests/unit/unit.h"

#define FIXTURE_RECEIVED_AT INT64_C(1787047200000) /* 2026-08-18T10:00:00Z */

struct fixture {
    const struct br_adapter *adapter;
    void *self;
    struct br_node *options;
    struct br_zone *zone;
    struct br_faults *faults;
    struct br_arena *arena;
    char *payload;
    struct br_emit emit; /* of the last decode */
    int64_t received_at_utc_ms;
    size_t unpacked_max;
};

static const struct br_zone *fixture_zone(void *context, const char *name)
{
    struct fixture *fixture = context;
    if (!fixture->zone)
        fixture->zone = br_zone_open(name);
    return fixture->zone;
}

/* options: YAML in flow style; self stays NULL where they have faults. */
static inline void fixture_open(struct fixture *fixture, const struct br_adapter *adapter,
                                const char *options)
{
    *fixture = (struct fixture){
        .adapter = adapter, .received_at_utc_ms = FIXTURE_RECEIVED_AT, .unpacked_max = (size_t)1 << 24};
    fixture->faults = br_faults_open();
    fixture->arena = br_arena_open(4096, (size_t)1 << 24);
    fixture->options = br_node_flow(options, fixture->faults);
    ck_assert_msg(fixture->options, "the test's options are no YAML: %s", options);
    struct br_adapter_setup setup = {.options = fixture->options, .zone = fixture_zone, .context = fixture};
    fixture->self = adapter->open(&setup, fixture->faults);
    ck_assert_int_eq(fixture->self == NULL, br_faults_count(fixture->faults) > 0);
}

static inline void fixture_close(struct fixture *fixture)
{
    if (fixture->self)
        fixture->adapter->close(fixture->self);
    br_node_close(fixture->options);
    br_zone_close(fixture->zone);
    br_faults_close(fixture->faults);
    br_arena_close(fixture->arena);
    free(fixture->payload);
}

static inline enum br_outcome fixture_decode_bytes(struct fixture *fixture, const char *topic,
                                                   const void *data, size_t size)
{
    ck_assert_ptr_nonnull(fixture->self);
    free(fixture->payload);
    fixture->payload = malloc(size + BR_PADDING);
    memcpy(fixture->payload, data, size);
    memset(fixture->payload + size, '7', BR_PADDING); /* goes on with any number that is read too far */
    struct br_payload *payload = br_payload_open(fixture->payload, size, fixture->unpacked_max);
    struct br_message message = {.feed = "test",
                                 .topic = br_view_of(topic),
                                 .payload = payload,
                                 .received_at_utc_ms = fixture->received_at_utc_ms};
    br_arena_reset(fixture->arena);
    br_emit_start(&fixture->emit, fixture->arena);
    enum br_outcome outcome = fixture->adapter->decode(fixture->self, &message, &fixture->emit);
    br_payload_close(payload);
    return outcome;
}

static inline enum br_outcome fixture_decode(struct fixture *fixture, const char *topic, const char *text)
{
    return fixture_decode_bytes(fixture, topic, text, strlen(text));
}

static inline const Bruis__V1__Observation *fixture_observation(const struct fixture *fixture, size_t index)
{
    const struct br_emitted_observation *emitted = fixture->emit.observations;
    while (emitted && index-- > 0)
        emitted = emitted->next;
    ck_assert_ptr_nonnull(emitted);
    return emitted->observation;
}

static inline const Bruis__V1__Sensor *fixture_sensor(const struct fixture *fixture, size_t index)
{
    const struct br_emitted_sensor *emitted = fixture->emit.sensors;
    while (emitted && index-- > 0)
        emitted = emitted->next;
    ck_assert_ptr_nonnull(emitted);
    return emitted->sensor;
}

static inline bool fixture_flagged(const Bruis__V1__Observation *observation, Bruis__V1__Flag flag)
{
    for (size_t i = 0; i < observation->n_quality; i++)
        if (observation->quality[i] == flag)
            return true;
    return false;
}

/* All faults as they print; valid until the next call. */
static inline const char *fixture_faults(const struct fixture *fixture)
{
    static char text[4096];
    FILE *memory = fmemopen(text, sizeof text, "w");
    br_faults_print(fixture->faults, memory);
    fclose(memory);
    return text;
}

/* A file of the real payloads, or NULL where they are not at hand: then the test has nothing to do, and says
 * so. The caller frees it. */
static inline char *fixture_file(const char *name, size_t *size)
{
    char path[1024];
    const char *dir = unit_data_dir();
    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    FILE *file = dir ? fopen(path, "rb") : NULL;
    if (!file) {
        printf("skipped: no %s\n", name);
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*size + 1);
    ck_assert_uint_eq(fread(data, 1, *size, file), *size);
    data[*size] = '\0';
    fclose(file);
    return data;
}

#endif
