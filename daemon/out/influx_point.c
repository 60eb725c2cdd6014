/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* bruis_parking,node=N,region=R,region_type=T,window=W vacant=1931i,...,nulls="entries,exits",revision=0i
 * TIME
 *
 * The fields are those of the domain's message, whatever they are: its descriptor leads. */
#include "daemon/out/influx_point.h"

#include "daemon/core/clock.h"
#include "proto/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG_SIZE 1024
#define NULLS_MAX 32
#define NULLS_SIZE 512

enum br_influx_precision br_influx_precision_of(const char *word)
{
    if (strcmp(word, "ns") == 0)
        return BR_INFLUX_NS;
    if (strcmp(word, "us") == 0)
        return BR_INFLUX_US;
    return strcmp(word, "s") == 0 ? BR_INFLUX_S : BR_INFLUX_MS;
}

int64_t br_influx_time(int64_t utc_ms, enum br_influx_precision precision)
{
    if (precision == BR_INFLUX_NS)
        return utc_ms * 1000000;
    if (precision == BR_INFLUX_US)
        return utc_ms * 1000;
    if (precision == BR_INFLUX_MS)
        return utc_ms;
    return utc_ms / 1000 - (utc_ms % 1000 < 0);
}

/* A tag's value: what the protocol cannot say is percent-encoded, as in topics. */
static const char *tag_of(const char *value, char text[TAG_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t size = 0;
    for (const unsigned char *at = (const unsigned char *)value; *at && size + 4 < TAG_SIZE; at++) {
        if (*at >= ' ' && *at != 0x7f && *at != '\\' && *at != '%') {
            text[size++] = (char)*at;
            continue;
        }
        text[size++] = '%';
        text[size++] = digits[*at >> 4];
        text[size++] = digits[*at & 15];
    }
    text[size] = '\0';
    return text;
}

static void add_tag(struct influx_line *line, const char *key, const char *value)
{
    char text[TAG_SIZE];
    influx_line_tag(line, key, tag_of(value ? value : "", text));
}

static void add_string(struct influx_line *line, const char *key, const char *text)
{
    influx_line_string(line, key, text, strlen(text));
}

static void add_value(struct influx_line *line, const ProtobufCFieldDescriptor *field, const void *member)
{
    char time[BR_TIME_TEXT_SIZE];
    if (field->type == PROTOBUF_C_TYPE_INT64 && br_record_is_time(field->name)) {
        br_time_format(*(const int64_t *)member, time);
        add_string(line, field->name, time);
    } else if (field->type == PROTOBUF_C_TYPE_INT64) {
        influx_line_int(line, field->name, *(const int64_t *)member);
    } else if (field->type == PROTOBUF_C_TYPE_INT32) {
        influx_line_int(line, field->name, *(const int32_t *)member);
    } else if (field->type == PROTOBUF_C_TYPE_UINT32) {
        influx_line_int(line, field->name, *(const uint32_t *)member);
    } else if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        influx_line_float(line, field->name, *(const double *)member);
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        influx_line_bool(line, field->name, *(const protobuf_c_boolean *)member);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        add_string(line, field->name,
                   protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)member)->name);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        add_string(line, field->name, *(const char *const *)member);
    }
}

struct nulls {
    const char *names[NULLS_MAX];
    size_t count;
};

static void add_null(struct nulls *nulls, const char *name)
{
    if (nulls && nulls->count < NULLS_MAX)
        nulls->names[nulls->count++] = name;
}

/* The values of a message; nulls takes the names of those that it has not, or is NULL. */
static void add_values(struct influx_line *line, const ProtobufCMessage *message, struct nulls *nulls)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const void *member = br_record_value(message, field);
        if (member)
            add_value(line, field, member);
        else
            add_null(nulls, field->name);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_nulls(struct influx_line *line, struct nulls *nulls)
{
    char text[NULLS_SIZE];
    size_t size = 0;
    if (nulls->count > 0)
        qsort(nulls->names, nulls->count, sizeof nulls->names[0], by_name);
    for (size_t i = 0; i < nulls->count && size < sizeof text; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i > 0 ? "," : "", nulls->names[i]);
    influx_line_string(line, "nulls", text, size < sizeof text ? size : sizeof text - 1);
}

static const ProtobufCMessage *values_of(const Bruis__V1__Figure *figure)
{
    if (figure->parking)
        return &figure->parking->base;
    if (figure->traffic)
        return &figure->traffic->base;
    return figure->pedestrian ? &figure->pedestrian->base : NULL;
}

static void add_coverage(struct influx_line *line, const Bruis__V1__Coverage *coverage, struct nulls *nulls)
{
    if (coverage && coverage->has_weight)
        influx_line_float(line, "coverage", coverage->weight);
    else
        add_null(nulls, "coverage");
    influx_line_int(line, "expected", coverage ? coverage->expected : 0);
    influx_line_int(line, "reporting", coverage ? coverage->reporting : 0);
}

static void measurement_of(Bruis__V1__Domain domain, const char *prefix, char name[64])
{
    snprintf(name, 64, "%s%s", prefix, br_domain_word(domain));
}

long br_influx_figure(const Bruis__V1__Figure *figure, const char *node, enum br_influx_precision precision,
                      char *buffer, size_t size, size_t *needed)
{
    char measurement[64];
    struct influx_line line;
    struct nulls nulls = {.count = 0};
    const ProtobufCMessage *values = values_of(figure);
    measurement_of(figure->domain, "bruis_", measurement);
    influx_line_begin(&line, buffer, size, measurement);
    add_tag(&line, "node", node);
    add_tag(&line, "region", figure->region);
    add_tag(&line, "region_type", figure->region_type);
    add_tag(&line, "window", figure->window);
    if (values)
        add_values(&line, values, &nulls);
    add_coverage(&line, figure->coverage, &nulls);
    influx_line_int(&line, "revision", figure->revision);
    add_string(
        &line, "quality",
        protobuf_c_enum_descriptor_get_value(&bruis__v1__figure__quality__descriptor, (int)figure->quality)
            ->name);
    add_nulls(&line, &nulls);
    long result = influx_line_end(&line, br_influx_time(figure->start, precision));
    if (needed)
        *needed = line.needed;
    return result;
}

static const ProtobufCMessage *record_of(const Bruis__V1__Observation *observation)
{
    if (observation->parking)
        return &observation->parking->base;
    if (observation->traffic)
        return &observation->traffic->base;
    if (observation->jam)
        return &observation->jam->base;
    return observation->pedestrian ? &observation->pedestrian->base : NULL;
}

/* The flags of a record, as one string. */
static void add_flags(struct influx_line *line, const Bruis__V1__Observation *observation)
{
    char text[128];
    size_t size = 0;
    for (size_t i = 0; i < observation->n_quality && size < sizeof text; i++) {
        const ProtobufCEnumValue *flag =
            protobuf_c_enum_descriptor_get_value(&bruis__v1__flag__descriptor, (int)observation->quality[i]);
        if (flag)
            size +=
                (size_t)snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? "," : "", flag->name);
    }
    if (size > 0 && size < sizeof text)
        influx_line_string(line, "quality", text, size);
}

long br_influx_observation(const Bruis__V1__Observation *observation, const char *node,
                           enum br_influx_precision precision, char *buffer, size_t size, size_t *needed)
{
    char measurement[64], time[BR_TIME_TEXT_SIZE];
    struct influx_line line;
    const ProtobufCMessage *record = record_of(observation);
    measurement_of(observation->domain, "bruis_observation_", measurement);
    influx_line_begin(&line, buffer, size, measurement);
    add_tag(&line, "feed", observation->feed);
    add_tag(&line, "node", node);
    add_tag(&line, "sensor", observation->sensor);
    if (record)
        add_values(&line, record, NULL);
    if (observation->has_lat && observation->has_lon) {
        influx_line_float(&line, "lat", observation->lat);
        influx_line_float(&line, "lon", observation->lon);
    }
    if (observation->has_received_at) {
        br_time_format(observation->received_at, time);
        add_string(&line, "received_at", time);
    }
    add_flags(&line, observation);
    long result = influx_line_end(&line, br_influx_time(observation->observed_at, precision));
    if (needed)
        *needed = line.needed;
    return result;
}

/* A string of InfluxQL or of a predicate, in the given quotes. */
static const char *quoted(const char *value, char quote, char text[2 * TAG_SIZE])
{
    char tag[TAG_SIZE];
    size_t size = 0;
    tag_of(value ? value : "", tag);
    text[size++] = quote;
    for (const char *at = tag; *at; at++) {
        if (*at == quote || *at == '\\')
            text[size++] = '\\';
        text[size++] = *at;
    }
    text[size++] = quote;
    text[size] = '\0';
    return text;
}

int br_influx_delete_v1(const Bruis__V1__Figure *figure, const char *node, char *text, size_t size)
{
    char node_text[2 * TAG_SIZE], region[2 * TAG_SIZE], type[2 * TAG_SIZE], window[2 * TAG_SIZE];
    return snprintf(
        text, size,
        "DELETE FROM \"bruis_%s\" WHERE time = %" PRId64
        "000000 AND \"node\" = %s AND \"region\" = %s AND \"region_type\" = %s AND \"window\" = %s",
        br_domain_word(figure->domain), figure->start, quoted(node, '\'', node_text),
        quoted(figure->region, '\'', region), quoted(figure->region_type, '\'', type),
        quoted(figure->window, '\'', window));
}

/* The predicate is a string of JSON, and so are the strings in it. */
int br_influx_delete_v2(const Bruis__V1__Figure *figure, const char *node, char *text, size_t size)
{
    char node_text[2 * TAG_SIZE], region[2 * TAG_SIZE], type[2 * TAG_SIZE], window[2 * TAG_SIZE];
    char predicate[10 * TAG_SIZE], time[BR_TIME_TEXT_SIZE];
    struct br_text json = {0};
    int length = snprintf(
        predicate, sizeof predicate,
        "_measurement=\"bruis_%s\" AND node=%s AND region=%s AND region_type=%s AND window=%s",
        br_domain_word(figure->domain), quoted(node, '"', node_text), quoted(figure->region, '"', region),
        quoted(figure->region_type, '"', type), quoted(figure->window, '"', window));
    br_time_format(figure->start, time);
    br_text_json(&json, predicate, (size_t)length);
    int result = json.failed ? -1
                             : snprintf(text, size, "{\"start\":\"%s\",\"stop\":\"%s\",\"predicate\":%s}",
                                        time, time, json.data);
    free(json.data);
    return result;
}
