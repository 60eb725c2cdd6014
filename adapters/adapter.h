/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* An adapter turns the payload of one message into normalised records: a folder and a line in registry.c.
 *
 * Adapters are pure: no I/O, no clock, no globals, no log. What they need of the world comes in as a
 * parameter; what needs memory across messages is flagged on what they emit and done by the flow
 * (snapshot_at_utc_ms). An instance belongs to one feed; its calls never overlap, but they may come from
 * different threads. */
#ifndef BR_ADAPTERS_ADAPTER_H
#define BR_ADAPTERS_ADAPTER_H

#include "daemon/core/arena.h"
#include "daemon/core/clock.h"
#include "daemon/core/faults.h"
#include "daemon/core/node.h"
#include "daemon/core/payload.h"
#include "daemon/core/zone.h"

#include "bruis/v1/observation.pb-c.h"

/* The outcome of a whole message. A message is rejected only when its envelope cannot be read or no element
 * of it could; what holds nothing for us (a status line, another publication) is skipped. */
enum br_outcome { BR_DECODED, BR_SKIPPED, BR_REJECTED };

/* What a message lends to the adapter, until decode returns. */
struct br_message {
    const char *feed;
    struct br_view topic;
    struct br_payload *payload;
    int64_t received_at_utc_ms; /* BR_TIME_NONE where it is not known */
};

/* Where an observation lies when its source gives no WGS 84: the flow converts (PROJ). */
struct br_place {
    const char *srs; /* "EPSG:31370", in the arena or constant; NULL: none */
    double x, y;     /* in the order that the source writes: first, second */
};

struct br_emitted_observation {
    Bruis__V1__Observation *observation;
    struct br_place place;
    struct br_emitted_observation *next;
};

struct br_emitted_sensor {
    Bruis__V1__Sensor *sensor;
    struct br_place place;
    struct br_emitted_sensor *next;
};

#define BR_REASON_SIZE 160

/* What a decode gives: lists in the order of the payload, all in the arena. */
struct br_emit {
    struct br_arena *arena;
    struct br_emitted_observation *observations, **observations_end;
    struct br_emitted_sensor *sensors, **sensors_end;
    size_t observation_count, sensor_count;
    size_t invalid_count;        /* elements with a fault; the others live */
    size_t unmatched_count;      /* sites or versions that the reference table lacks */
    int64_t snapshot_at_utc_ms;  /* not BR_TIME_NONE: these are all situations of the feed at that time */
    bool reference_changed;      /* the message was a reference table, to be kept over restarts */
    char reason[BR_REASON_SIZE]; /* of the rejection, the skip or the first invalid element */
};

/* Readies an emit. The arena must live as long as what is in it. */
void br_emit_start(struct br_emit *emit, struct br_arena *arena);

/* A new observation at the end of the list: initialised, with feed and received_at of the message, a copy of
 * sensor, the domain and its empty submessage (jam: call br_emit_jam). NULL when the arena is full: reject
 * then with "too many records". Strings that are set later must be in the arena or constant. */
struct br_emitted_observation *br_emit_observation(struct br_emit *emit, const struct br_message *message,
                                                   Bruis__V1__Domain domain, struct br_view sensor,
                                                   int64_t observed_at_utc_ms);
struct br_emitted_observation *br_emit_jam(struct br_emit *emit, const struct br_message *message,
                                           struct br_view record, int64_t observed_at_utc_ms);
struct br_emitted_sensor *br_emit_sensor(struct br_emit *emit, const struct br_message *message,
                                         Bruis__V1__Domain domain, struct br_view sensor);

/* Adds a quality flag once. */
void br_emit_flag(struct br_emit *emit, Bruis__V1__Observation *observation, Bruis__V1__Flag flag);

/* Counts a faulty element and keeps the reason of the first: "/facilities/3/free: no number". */
void br_emit_invalid(struct br_emit *emit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the reason and gives the outcome back, for `return br_emit_reject(...)`. */
enum br_outcome br_emit_reject(struct br_emit *emit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum br_outcome br_emit_skip(struct br_emit *emit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What an adapter may ask for when it is opened. */
struct br_adapter_setup {
    const struct br_node *options; /* a map, or NULL */
    /* A zone by name, kept by the caller for longer than the adapter; NULL: unknown. */
    const struct br_zone *(*zone)(void *context, const char *name);
    void *context;
};

enum br_option_type {
    BR_OPTION_TEXT,
    BR_OPTION_WORD, /* one of `words`, separated by | */
    BR_OPTION_FLAG, /* true or false */
    BR_OPTION_ZONE,
    BR_OPTION_FILE, /* opened by the caller, given to `reference`; relative to the configuration's folder */
    BR_OPTION_TREE  /* checked by the adapter's open */
};

struct br_option {
    const char *key;
    enum br_option_type type;
    bool required;
    const char *words;
    const char *help;
};

struct br_adapter {
    const char *name;
    const char *domains;             /* "parking traffic": words separated by a blank */
    const char *format;              /* format and version, one line */
    const struct br_option *options; /* ends with key NULL */
    size_t unpacked_max;             /* 0: none of its own */

    /* Makes an instance from checked options. All faults go to `faults` with their lines: NULL then. */
    void *(*open)(const struct br_adapter_setup *setup, struct br_faults *faults);

    /* Takes reference data (a site table) from a file; also called with what `reference_changed` told of
     * before a restart. NULL where the adapter has none. */
    enum br_outcome (*reference)(void *self, const struct br_message *message, struct br_emit *emit);

    enum br_outcome (*decode)(void *self, const struct br_message *message, struct br_emit *emit);
    void (*close)(void *self);
};

/* registry.c: all adapters, and one by its name (NULL: none). */
const struct br_adapter *const *br_adapters(size_t *count);
const struct br_adapter *br_adapter_find(const char *name);

/* Checks options against the adapter's schema (unknown and missing keys, types) and opens an instance. */
void *br_adapter_open(const struct br_adapter *adapter, const struct br_adapter_setup *setup, unsigned line,
                      struct br_faults *faults);

#endif
