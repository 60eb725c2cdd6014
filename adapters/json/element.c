/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/json/element.h"

#include <math.h>

/* Tells where and why, in the words of the mapping: "/facilities/3/free: no number". Gives false back. */
static bool fault(struct br_element *element, const struct br_source *source, const char *what)
{
    const char *items = element->mapping->items;
    if (source && source->kind == BR_SOURCE_ELEMENT && items)
        br_emit_invalid(element->emit, "%s/%zu%s: %s", items, element->index, source->text, what);
    else if (source)
        br_emit_invalid(element->emit, "%s: %s", source->text, what);
    else if (items)
        br_emit_invalid(element->emit, "%s/%zu: %s", items, element->index, what);
    else
        br_emit_invalid(element->emit, "%s", what);
    return false;
}

/* Level 1 is what stands before the first slash, also when that is nothing. */
static struct br_view topic_level(struct br_view topic, unsigned level)
{
    while (level > 1) {
        const char *slash = topic.size ? memchr(topic.data, '/', topic.size) : NULL;
        if (!slash)
            return (struct br_view){0};
        size_t skipped = (size_t)(slash - topic.data) + 1;
        topic = (struct br_view){topic.data + skipped, topic.size - skipped};
        level--;
    }
    const char *end = topic.size ? memchr(topic.data, '/', topic.size) : NULL;
    return (struct br_view){topic.data, end ? (size_t)(end - topic.data) : topic.size};
}

static struct br_value value_at(const struct br_element *element, const struct br_source *source)
{
    switch (source->kind) {
    case BR_SOURCE_ELEMENT:
        return br_value_of_json(br_json_at(element->value, source->at));
    case BR_SOURCE_ROOT:
        return br_value_of_json(br_json_at(element->root, source->at));
    case BR_SOURCE_TOPIC:
        return br_value_of_text(topic_level(element->message->topic, source->level));
    case BR_SOURCE_CONST:
        return br_value_of_text(br_view_of(source->at));
    case BR_SOURCE_NONE:
        break;
    }
    return (struct br_value){.type = BR_VALUE_ABSENT};
}

static void *place_of(struct br_element *element, const ProtobufCFieldDescriptor *target)
{
    if (target->quantifier_offset)
        *(protobuf_c_boolean *)(void *)((char *)&element->record + target->quantifier_offset) = 1;
    return (char *)&element->record + target->offset;
}

/* The number fits: numbers of the source are checked, those of the mapping are the operator's. */
static void set_number(struct br_element *element, const struct br_mapped *mapped, double number)
{
    void *place = place_of(element, mapped->target);
    if (mapped->target->type == PROTOBUF_C_TYPE_DOUBLE)
        *(double *)place = number;
    else if (mapped->target->type == PROTOBUF_C_TYPE_INT64)
        *(int64_t *)place = (int64_t)number;
    else if (mapped->target->type == PROTOBUF_C_TYPE_BOOL)
        *(protobuf_c_boolean *)place = number > 0;
    else
        *(int32_t *)place = (int32_t)number; /* int32 and enum */
}

static void known(struct br_element *element, const struct br_mapped *mapped)
{
    if (mapped->source.kind != BR_SOURCE_CONST)
        element->traits |= mapped->field->traits;
}

/* Unit, sentinels, limits. A count that a source has extrapolated may be no whole number: it is rounded. */
static bool read_number(struct br_element *element, const struct br_mapped *mapped, double number)
{
    if (mapped->unit)
        number = number * mapped->unit->multiply / mapped->unit->divide;
    bool is_double = mapped->target->type == PROTOBUF_C_TYPE_DOUBLE;
    double max = mapped->target->type == PROTOBUF_C_TYPE_INT32 ? INT32_MAX : 9007199254740992.0;
    if (!is_double)
        number = round(number);
    if (number < 0 || (number <= 0 && mapped->field->traits & BR_FIELD_ZERO_UNKNOWN))
        return true;
    if (mapped->field->max > 0 && number > mapped->field->max)
        return fault(element, &mapped->source,
                     mapped->field->dimension == BR_SPEED ? "a speed above 250 km/h" : "a share above 1");
    if (number > max)
        return fault(element, &mapped->source, "too large");
    set_number(element, mapped, fabs(number)); /* no -0 */
    known(element, mapped);
    return true;
}

/* 0 is `unknown` in every enum that has that word: told, but no value. */
static bool set_word(struct br_element *element, const struct br_mapped *mapped, int word)
{
    set_number(element, mapped, word);
    if (word != 0)
        known(element, mapped);
    return true;
}

/* A word that neither the mapping nor the record knows is told as what the record has for that. */
static bool read_word(struct br_element *element, const struct br_mapped *mapped, struct br_view word)
{
    const ProtobufCEnumDescriptor *words = mapped->target->descriptor;
    for (unsigned i = 0; i < words->n_values; i++)
        if (br_view_is(word, words->values[i].name))
            return set_word(element, mapped, words->values[i].value);
    const ProtobufCEnumValue *none = protobuf_c_enum_descriptor_get_value_by_name(words, "unknown");
    if (!none)
        none = protobuf_c_enum_descriptor_get_value_by_name(words, "other");
    return !none || set_word(element, mapped, none->value);
}

static bool read_text(struct br_element *element, const struct br_mapped *mapped, struct br_view text)
{
    if (text.size > BR_NAME_MAX || memchr(text.data, '\0', text.size))
        return fault(element, &mapped->source, "longer than 256 bytes, or holds a NUL");
    *(char **)place_of(element, mapped->target) = br_arena_text(element->emit->arena, text);
    known(element, mapped);
    return true;
}

static bool read_flag(struct br_element *element, const struct br_mapped *mapped,
                      const struct br_value *value)
{
    bool flag;
    if (!br_value_flag(value, &flag))
        return fault(element, &mapped->source, "neither true nor false");
    if (mapped->reader == BR_READ_OPEN)
        return set_word(element, mapped,
                        flag ? BRUIS__V1__PARKING__STATE__open : BRUIS__V1__PARKING__STATE__closed);
    set_number(element, mapped, flag);
    known(element, mapped);
    return true;
}

static const struct br_rule *rule_of(const struct br_mapped *mapped, struct br_view word)
{
    for (size_t i = 0; i < mapped->rule_count; i++)
        if (br_view_equal(mapped->rules[i].from, word))
            return &mapped->rules[i];
    return NULL;
}

static bool use_rule(struct br_element *element, const struct br_mapped *mapped, const struct br_rule *rule)
{
    if (mapped->reader == BR_READ_TEXT)
        return read_text(element, mapped, br_view_of(rule->text));
    if (mapped->reader == BR_READ_NUMBER)
        return read_number(element, mapped, rule->number);
    if (mapped->reader != BR_READ_FLAG)
        return set_word(element, mapped, (int)rule->number);
    set_number(element, mapped, rule->number);
    known(element, mapped);
    return true;
}

/* False: the element has a fault, which is counted. */
static bool read_value(struct br_element *element, const struct br_mapped *mapped)
{
    struct br_value value = value_at(element, &mapped->source);
    char buffer[BR_VALUE_WORD_SIZE];
    struct br_view word;
    double number;
    if (value.type == BR_VALUE_ABSENT)
        return true;
    if (!br_value_word(&value, buffer, &word))
        return fault(element, &mapped->source, "an object or an array");
    const struct br_rule *rule = rule_of(mapped, word);
    if (rule)
        return use_rule(element, mapped, rule);
    switch (mapped->reader) {
    case BR_READ_NUMBER:
        if (!br_value_number(&value, &number))
            return fault(element, &mapped->source, "no number");
        return read_number(element, mapped, number);
    case BR_READ_FLAG:
        return mapped->rule_count > 0 || read_flag(element, mapped, &value);
    case BR_READ_OPEN:
        return mapped->rule_count > 0 ? read_word(element, mapped, br_view_of("unknown"))
                                      : read_flag(element, mapped, &value);
    case BR_READ_WORD:
    case BR_READ_TEXT:
        if (value.type != BR_VALUE_TEXT)
            return fault(element, &mapped->source, "no text");
        return mapped->reader == BR_READ_WORD ? read_word(element, mapped, word)
                                              : read_text(element, mapped, word);
    }
    return true;
}

static void clamp(struct br_element *element)
{
    Bruis__V1__Parking *parking = &element->record.parking;
    if (element->mapping->fields->domain != BRUIS__V1__DOMAIN__parking || !parking->has_capacity ||
        !parking->has_vacant || parking->vacant <= parking->capacity)
        return;
    parking->vacant = parking->capacity;
    element->clamped = true;
}

static bool read_values(struct br_element *element)
{
    const struct br_mapping *mapping = element->mapping;
    protobuf_c_message_init(mapping->fields->record, &element->record);
    for (size_t i = 0; i < mapping->value_count; i++)
        if (!read_value(element, &mapping->values[i]))
            return false;
    if (!(element->traits & BR_FIELD_MEASURED))
        return fault(element, NULL, "no value");
    if (element->untimed && element->traits & BR_FIELD_COUNT)
        return fault(element, NULL, "a count without a time");
    clamp(element);
    return true;
}

static bool time_of(const struct br_mapping *mapping, const struct br_value *value, int64_t *utc_ms)
{
    switch (mapping->time_form) {
    case BR_TIME_RFC3339:
        return value->type == BR_VALUE_TEXT && br_time_parse(value->text, utc_ms);
    case BR_TIME_EPOCH_S:
        return br_value_epoch(value, 1000, utc_ms);
    case BR_TIME_EPOCH_MS:
        return br_value_epoch(value, 1, utc_ms);
    case BR_TIME_LOCAL:
        if (value->type != BR_VALUE_TEXT || !br_time_parse_local(value->text, utc_ms))
            return false;
        *utc_ms = br_zone_to_utc_ms(mapping->zone, *utc_ms);
        return true;
    }
    return false;
}

/* A source whose mapping names no time has none: the time of arrival stands in, and the record says so. */
static bool read_time(struct br_element *element, int64_t *utc_ms)
{
    static const char *const forms[] = {"no time of RFC 3339", "no time in seconds since 1970",
                                        "no time in milliseconds since 1970", "no local time"};
    const struct br_source *source = &element->mapping->observed_at;
    if (source->kind == BR_SOURCE_NONE) {
        *utc_ms = element->message->received_at_utc_ms;
        element->untimed = true;
        return *utc_ms != BR_TIME_NONE || fault(element, NULL, "no time of its own, and none of arrival");
    }
    struct br_value value = value_at(element, source);
    if (value.type == BR_VALUE_ABSENT)
        return fault(element, source, "no time");
    if (!time_of(element->mapping, &value, utc_ms))
        return fault(element, source, forms[element->mapping->time_form]);
    return true;
}

/* *degrees stays NaN where the source gives none. */
static bool read_degrees(struct br_element *element, const struct br_source *source, double max,
                         double *degrees)
{
    struct br_value value = value_at(element, source);
    if (value.type == BR_VALUE_ABSENT)
        return true;
    if (!br_value_number(&value, degrees))
        return fault(element, source, "no number");
    return fabs(*degrees) <= max || fault(element, source, "no degrees of WGS 84");
}

/* 0, 0 lies in the sea: it is what a source without a place writes. */
static bool read_place(struct br_element *element, double *lat, double *lon)
{
    *lat = *lon = NAN;
    if (!read_degrees(element, &element->mapping->lat, 90, lat) ||
        !read_degrees(element, &element->mapping->lon, 180, lon))
        return false;
    if (*lat == 0 && *lon == 0)
        *lat = NAN;
    return true;
}

static void set_place(Bruis__V1__Observation *observation, double lat, double lon)
{
    if (isnan(lat) || isnan(lon))
        return;
    observation->has_lat = observation->has_lon = 1;
    observation->lat = lat;
    observation->lon = lon;
}

static void emit_record(struct br_element *element, struct br_view sensor, int64_t observed_at_utc_ms,
                        double lat, double lon)
{
    struct br_emit *emit = element->emit;
    struct br_emitted_observation *emitted = br_emit_observation(
        emit, element->message, element->mapping->fields->domain, sensor, observed_at_utc_ms);
    if (!emitted)
        return;
    Bruis__V1__Observation *observation = emitted->observation;
    if (observation->parking)
        *observation->parking = element->record.parking;
    else if (observation->traffic)
        *observation->traffic = element->record.traffic;
    else if (observation->pedestrian)
        *observation->pedestrian = element->record.pedestrian;
    set_place(observation, lat, lon);
    if (element->clamped)
        br_emit_flag(emit, observation, BRUIS__V1__FLAG__clamped);
    if (element->untimed)
        br_emit_flag(emit, observation, BRUIS__V1__FLAG__untimed);
}

void br_element_decode(struct br_element *element)
{
    char buffer[BR_VALUE_WORD_SIZE];
    struct br_view sensor = {0};
    const struct br_source *source = &element->mapping->sensor;
    struct br_value value = value_at(element, source);
    const char *what = br_value_name(&value, buffer, &sensor);
    int64_t observed_at_utc_ms = BR_TIME_NONE;
    double lat, lon;
    element->traits = 0;
    element->clamped = element->untimed = false;
    if (what)
        fault(element, source, what);
    else if (read_time(element, &observed_at_utc_ms) && read_values(element) &&
             read_place(element, &lat, &lon))
        emit_record(element, sensor, observed_at_utc_ms, lat, lon);
}
