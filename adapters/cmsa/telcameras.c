/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Counting cameras of Amsterdam, "telcameras" version 2, one message or a list of them:
 *
 *     {"data": [{"sensor": "GAXX-01", "sensor_type": "3d_camera", "sensor_state": "operational",
 *                "latitude": 52.37, "longitude": 4.89, "message_type": "count",
 *                "timestamp_start": "2025-06-01T10:00:00Z", "interval": 60,      start and length (s) of the
 * count "aggregate": [{"type": "line", "azimuth": 170, "count_in": 15, "count_out": 12},
 *                              {"type": "zone", "area": 27.5, "count": 5}]},     people in it: a level
 *               {"message_type": "person", ...}]}                                tracks of people: left alone
 *
 * Zones of one sensor may overlap, so that their counts do not add up: the largest one stands for all. */
#include "adapters/cmsa/cmsa.h"

#include <stdio.h>

#include "adapters/value.h"

#define PERIOD_S_MAX 86400.0
#define PLACE_SIZE 32

/* What the aggregates of one message say. */
struct totals {
    int64_t in, out, presence;
    size_t lines, lines_in, lines_out; /* lines, and those that tell the direction */
    double area;                       /* of the largest zone so far; < 0: of none that tells it */
    bool has_zone, has_presence;
};

/* A message that is being read: an element of the list. */
struct element {
    struct br_emit *emit;
    struct br_json_value json;
    char place[PLACE_SIZE]; /* "/data/3" */
};

static bool is_word(struct br_json_value value, const char *word)
{
    struct br_view text;
    return br_json_string(value, &text) && br_view_is(text, word);
}

/* A count of 0 or more. False: it is something else. *present: it is there. */
static bool read_count(struct br_json_value json, int64_t *count, bool *present)
{
    struct br_value value = br_value_of_json(json);
    double number;
    *present = value.type != BR_VALUE_ABSENT;
    if (!*present)
        return true;
    if (!br_value_number(&value, &number) || number < 0 || number > INT32_MAX)
        return false;
    *count = (int64_t)number;
    return (double)*count == number;
}

/* A number within limits, absent allowed. */
static bool read_number(struct br_json_value json, double min, double max, double *number, bool *present)
{
    struct br_value value = br_value_of_json(json);
    *present = value.type != BR_VALUE_ABSENT;
    return !*present || (br_value_number(&value, number) && *number >= min && *number <= max);
}

static bool add_line(struct br_json_value line, struct totals *totals)
{
    int64_t in = 0, out = 0;
    bool has_in, has_out;
    if (!read_count(br_json_get(line, "count_in"), &in, &has_in) ||
        !read_count(br_json_get(line, "count_out"), &out, &has_out))
        return false;
    totals->in += in;
    totals->out += out;
    totals->lines++;
    totals->lines_in += has_in;
    totals->lines_out += has_out;
    return true;
}

static bool add_zone(struct br_json_value zone, struct totals *totals)
{
    double area = -1;
    int64_t count = 0;
    bool has_area, has_count;
    if (!read_number(br_json_get(zone, "area"), 0, 1e9, &area, &has_area) ||
        !read_count(br_json_get(zone, "count"), &count, &has_count))
        return false;
    if (totals->has_zone && area <= totals->area)
        return true;
    totals->has_zone = true;
    totals->area = area;
    totals->has_presence = has_count;
    totals->presence = count;
    return true;
}

static bool add_aggregates(struct element *element, struct totals *totals)
{
    struct br_json_value list = br_json_get(element->json, "aggregate"), one;
    enum br_json_type type = br_json_type(list);
    struct br_json_list each = br_json_list_of(list);
    bool good = type == BR_JSON_ARRAY || type == BR_JSON_ABSENT || type == BR_JSON_NULL;
    if (!good)
        br_emit_invalid(element->emit, "%s/aggregate: no array", element->place);
    for (size_t i = 0; good && br_json_list_next(&each, &one); i++) {
        struct br_json_value kind = br_json_get(one, "type");
        if (is_word(kind, "line"))
            good = add_line(one, totals);
        else if (is_word(kind, "zone"))
            good = add_zone(one, totals);
        if (!good)
            br_emit_invalid(element->emit, "%s/aggregate/%zu: no count or no area", element->place, i);
    }
    return good;
}

/* The time, the period and the place. */
struct frame {
    struct br_view sensor;
    int64_t at_utc_ms;
    double period_s, lat, lon;
    bool has_period, has_place;
};

/* NULL, or what is wrong. buffer holds the name of a sensor that is a number. */
static const char *read_frame(struct br_json_value json, char *buffer, struct frame *frame)
{
    struct br_value name = br_value_of_json(br_json_get(json, "sensor"));
    struct br_view start;
    bool has_lat, has_lon;
    if (br_value_name(&name, buffer, &frame->sensor))
        return "sensor: no name";
    if (!br_json_string(br_json_get(json, "timestamp_start"), &start) ||
        !br_time_parse(start, &frame->at_utc_ms))
        return "timestamp_start: no time with an offset";
    if (!read_number(br_json_get(json, "interval"), 1, PERIOD_S_MAX, &frame->period_s, &frame->has_period))
        return "interval: no seconds of one day at most";
    if (!read_number(br_json_get(json, "latitude"), -90, 90, &frame->lat, &has_lat))
        return "latitude: no degrees";
    if (!read_number(br_json_get(json, "longitude"), -180, 180, &frame->lon, &has_lon))
        return "longitude: no degrees";
    frame->has_place = has_lat && has_lon;
    return NULL;
}

static Bruis__V1__Pedestrian__Method read_method(struct br_json_value json)
{
    struct br_view type;
    if (!br_json_string(br_json_get(json, "sensor_type"), &type) ||
        memmem(type.data, type.size, "camera", strlen("camera")))
        return BRUIS__V1__PEDESTRIAN__METHOD__camera;
    if (memmem(type.data, type.size, "wifi", strlen("wifi")))
        return BRUIS__V1__PEDESTRIAN__METHOD__wifi;
    return BRUIS__V1__PEDESTRIAN__METHOD__other;
}

static void fill(const struct frame *frame, const struct totals *totals, Bruis__V1__Observation *observation)
{
    Bruis__V1__Pedestrian *pedestrian = observation->pedestrian;
    observation->has_lat = observation->has_lon = frame->has_place;
    observation->lat = frame->has_place ? frame->lat : 0;
    observation->lon = frame->has_place ? frame->lon : 0;
    pedestrian->has_count_in = totals->lines_in > 0;
    pedestrian->count_in = totals->in;
    pedestrian->has_count_out = totals->lines_out > 0;
    pedestrian->count_out = totals->out;
    pedestrian->has_presence = totals->has_presence;
    pedestrian->presence = totals->presence;
    pedestrian->has_period_s = frame->has_period;
    pedestrian->period_s = frame->has_period ? frame->period_s : 0;
    pedestrian->has_method = 1;
}

/* A direction that some lines tell and others do not is told in part. */
static bool is_partial(const struct totals *totals)
{
    return (totals->lines_in > 0 && totals->lines_in < totals->lines) ||
           (totals->lines_out > 0 && totals->lines_out < totals->lines);
}

static void decode_count(struct element *element, const struct br_message *message)
{
    char buffer[BR_VALUE_WORD_SIZE];
    struct frame frame = {.has_period = false};
    struct totals totals = {.area = -1};
    const char *fault = read_frame(element->json, buffer, &frame);
    if (fault)
        br_emit_invalid(element->emit, "%s/%s", element->place, fault);
    if (fault || !add_aggregates(element, &totals))
        return;
    if (totals.lines_in == 0 && totals.lines_out == 0 && !totals.has_presence)
        return;
    struct br_emitted_observation *emitted = br_emit_observation(
        element->emit, message, BRUIS__V1__DOMAIN__pedestrian, frame.sensor, frame.at_utc_ms);
    if (!emitted)
        return;
    fill(&frame, &totals, emitted->observation);
    emitted->observation->pedestrian->method = read_method(element->json);
    if (is_partial(&totals))
        br_emit_flag(element->emit, emitted->observation, BRUIS__V1__FLAG__partial);
}

/* Only counts of sensors that work are looked into. */
static void decode_element(struct element *element, const struct br_message *message)
{
    struct br_json_value type = br_json_get(element->json, "message_type");
    struct br_view word;
    if (!br_json_string(type, &word))
        br_emit_invalid(element->emit, "%s/message_type: no text", element->place);
    else if (br_view_is(word, "count") && is_word(br_json_get(element->json, "sensor_state"), "operational"))
        decode_count(element, message);
}

enum br_outcome br_cmsa_telcameras_decode(struct br_json *json, const struct br_message *message,
                                          struct br_emit *emit)
{
    struct element element = {.emit = emit};
    struct br_json_value root;
    enum br_outcome outcome = br_value_document(json, message, emit, &root);
    if (outcome != BR_DECODED)
        return outcome;
    struct br_json_value data = br_json_get(root, "data");
    struct br_json_list list = br_json_list_of(data);
    if (br_json_type(data) != BR_JSON_ARRAY) {
        element.json = root;
        if (br_json_type(br_json_get(root, "message_type")) == BR_JSON_ABSENT)
            return br_emit_reject(emit, "no telcameras message: neither data[] nor message_type");
        decode_element(&element, message);
    }
    for (size_t i = 0; br_json_list_next(&list, &element.json); i++) {
        snprintf(element.place, sizeof element.place, "/data/%zu", i);
        decode_element(&element, message);
    }
    return BR_DECODED;
}
