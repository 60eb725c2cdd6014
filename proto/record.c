/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The printer walks a message's descriptor, so that a new field of a .proto file is printed without a line of
 * code. */
#include "proto/record.h"

#include "daemon/core/clock.h"
#include "daemon/core/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for size more bytes and a NUL. */
static bool text_reserve(struct br_text *text, size_t size)
{
    if (text->failed)
        return false;
    if (size < text->capacity - text->size)
        return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity - text->size <= size && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *data = capacity - text->size > size ? realloc(text->data, capacity) : NULL;
    if (!data) {
        text->failed = 1;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void br_text_add(struct br_text *text, const char *data, size_t size)
{
    if (!text_reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static void add_constant(struct br_text *text, const char *constant)
{
    br_text_add(text, constant, strlen(constant));
}

/* Most of what is formatted is short: it is tried in the room there is before it is measured. */
void br_text_format(struct br_text *text, const char *format, ...)
{
    if (!text_reserve(text, 64))
        return;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = text->capacity - text->size;
    int size = vsnprintf(text->data + text->size, room, format, arguments);
    if (size < 0)
        text->failed = 1;
    else if ((size_t)size < room)
        text->size += (size_t)size;
    else if (text_reserve(text, (size_t)size)) {
        vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
    }
    va_end(again);
    va_end(arguments);
    text->data[text->size] = '\0';
}

/* The bytes that need no escape. */
static size_t plain_size(const char *string, size_t size)
{
    size_t i = 0;
    while (i < size && (unsigned char)string[i] >= 0x20 && (unsigned char)string[i] < 0x80 &&
           string[i] != '"' && string[i] != '\\')
        i++;
    return i;
}

static void add_escape(struct br_text *text, char byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *found = byte ? strchr(bytes, byte) : NULL;
    if (found) {
        char escape[2] = {'\\', names[found - bytes]};
        br_text_add(text, escape, sizeof escape);
    } else {
        br_text_format(text, "\\u%04x", (unsigned)(unsigned char)byte);
    }
}

void br_text_json(struct br_text *text, const char *string, size_t size)
{
    br_text_add(text, "\"", 1);
    for (size_t i = 0; i < size;) {
        size_t plain = plain_size(string + i, size - i);
        br_text_add(text, string + i, plain);
        i += plain;
        if (i == size)
            break;
        size_t character = br_utf8_size(string + i, size - i);
        if (character == 0)
            br_text_add(text, "\xef\xbf\xbd", 3);
        else if (character == 1)
            add_escape(text, string[i]);
        else
            br_text_add(text, string + i, character);
        i += character ? character : 1;
    }
    br_text_add(text, "\"", 1);
}

/* printf writes at least two digits and a sign in an exponent: 1e+21, 1e-07. */
static void exponent_shorten(char *text)
{
    char *to = strchr(text, 'e');
    if (!to)
        return;
    const char *from = ++to;
    if (*from == '-')
        to++;
    from++;
    while (*from == '0' && from[1] != '\0')
        from++;
    memmove(to, from, strlen(from) + 1);
}

/* What 15 digits can say, they say in the fewest (printf drops zeros at the end), and 17 always do. Only
 * subnormal numbers have fewer than 15 digits to tell. */
void br_double_format(double value, char text[BR_DOUBLE_SIZE])
{
    if (value == floor(value) && fabs(value) < 1e15 && !(value == 0 && signbit(value))) {
        snprintf(text, BR_DOUBLE_SIZE, "%" PRId64, (int64_t)value);
        return;
    }
    char number[64];
    for (int digits = fabs(value) < 2.3e-308 ? 1 : 15; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, value);
        if (strtod(number, NULL) == value)
            break;
    }
    exponent_shorten(number);
    memcpy(text, number, strlen(number) + 1); /* at most 24 bytes */
}

static bool is_pointer(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_MESSAGE || type == PROTOBUF_C_TYPE_BYTES;
}

/* A number that is none, and a word that this version does not know, are unknown values. */
static bool is_told(const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_DOUBLE)
        return isfinite(*(const double *)member);
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)member) != NULL;
    return true;
}

const void *br_record_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message, *member = base + field->offset;
    if (is_pointer(field->type))
        return *(const void *const *)(const void *)member ? member : NULL;
    bool is_set = *(const protobuf_c_boolean *)(base + field->quantifier_offset);
    return is_set && is_told(field, member) ? member : NULL;
}

int br_record_is_time(const char *name)
{
    static const char *const names[] = {"observed_at", "received_at", "valid_from", "valid_to",
                                        "start",       "end",         "oldest",     "newest"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void add_int64(struct br_text *text, const char *name, int64_t value)
{
    if (!br_record_is_time(name)) {
        br_text_format(text, "%" PRId64, value);
        return;
    }
    char time[BR_TIME_TEXT_SIZE];
    br_time_format(value, time);
    br_text_format(text, "\"%s\"", time);
}

static void add_double(struct br_text *text, double value)
{
    char number[BR_DOUBLE_SIZE];
    br_double_format(value, number);
    add_constant(text, number);
}

static void add_word(struct br_text *text, const ProtobufCEnumDescriptor *words, int value)
{
    const char *word = protobuf_c_enum_descriptor_get_value(words, value)->name;
    br_text_json(text, word, strlen(word));
}

static void add_message(struct br_text *text, const ProtobufCMessage *message, const char *kind, bool nulls);

/* The types that our .proto files use; any other one would be seen as null by the tests of the records. */
static void add_value(struct br_text *text, const ProtobufCFieldDescriptor *field, const void *member,
                      bool nulls)
{
    if (field->type == PROTOBUF_C_TYPE_INT64)
        add_int64(text, field->name, *(const int64_t *)member);
    else if (field->type == PROTOBUF_C_TYPE_INT32)
        br_text_format(text, "%" PRId32, *(const int32_t *)member);
    else if (field->type == PROTOBUF_C_TYPE_UINT32)
        br_text_format(text, "%" PRIu32, *(const uint32_t *)member);
    else if (field->type == PROTOBUF_C_TYPE_DOUBLE)
        add_double(text, *(const double *)member);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        add_constant(text, *(const protobuf_c_boolean *)member ? "true" : "false");
    else if (field->type == PROTOBUF_C_TYPE_ENUM)
        add_word(text, field->descriptor, *(const int *)member);
    else if (field->type == PROTOBUF_C_TYPE_STRING)
        br_text_json(text, *(const char *const *)member, strlen(*(const char *const *)member));
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        add_message(text, *(const ProtobufCMessage *const *)member, NULL, nulls);
    else
        add_constant(text, "null");
}

/* A repeated enum: the list of its words. */
static void add_words(struct br_text *text, const ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message;
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const int *values = *(const int *const *)(const void *)(base + field->offset);
    bool first = true;
    br_text_add(text, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (!is_told(field, &values[i]))
            continue;
        if (!first)
            br_text_add(text, ",", 1);
        add_word(text, field->descriptor, values[i]);
        first = false;
    }
    br_text_add(text, "]", 1);
}

/* `,"name":`, without the comma behind an opening brace. */
static void add_name(struct br_text *text, const char *name)
{
    bool first = text->size > 0 && text->data[text->size - 1] == '{';
    add_constant(text, first ? "\"" : ",\"");
    add_constant(text, name);
    br_text_add(text, "\":", 2);
}

static void add_field(struct br_text *text, const ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field, bool nulls)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        add_name(text, field->name);
        add_words(text, message, field);
        return;
    }
    const void *member = br_record_value(message, field);
    if (member) {
        add_name(text, field->name);
        add_value(text, field, member, nulls);
    } else if (nulls && field->type != PROTOBUF_C_TYPE_MESSAGE) {
        add_name(text, field->name);
        add_constant(text, "null");
    }
}

/* kind: the word of `record`, or NULL. nulls: absent scalars are told as null. */
static void add_message(struct br_text *text, const ProtobufCMessage *message, const char *kind, bool nulls)
{
    br_text_add(text, "{", 1);
    if (kind)
        br_text_format(text, "\"record\":\"%s\"", kind);
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        add_field(text, message, &descriptor->fields[i], nulls);
    br_text_add(text, "}", 1);
}

void br_record_observation(struct br_text *text, const Bruis__V1__Observation *observation)
{
    add_message(text, &observation->base, "observation", false);
}

void br_record_sensor(struct br_text *text, const Bruis__V1__Sensor *sensor)
{
    add_message(text, &sensor->base, "sensor", false);
}

void br_record_figure(struct br_text *text, const Bruis__V1__Figure *figure)
{
    add_message(text, &figure->base, NULL, true);
}

const char *br_domain_word(Bruis__V1__Domain domain)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&bruis__v1__domain__descriptor, (int)domain);
    return value ? value->name : "unknown";
}
