/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* MEASUREMENT[,TAG=VALUE]... FIELD=VALUE[,FIELD=VALUE]... TIME
 *
 * What has room is written, all of it is counted, so that one pass says how large the buffer has to be. */
#include "daemon/out/influx_line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIMALS 4
#define DECIMALS_POWER 10000
#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are doubles */
#define INT_SIZE 21

static void put(struct influx_line *line, const char *bytes, size_t size)
{
    if (line->needed + size <= line->size)
        memcpy(line->buffer + line->needed, bytes, size);
    line->needed += size;
}

static void put_byte(struct influx_line *line, char byte)
{
    if (line->needed < line->size)
        line->buffer[line->needed] = byte;
    line->needed++;
}

/* Names and the values of tags. special: what a backslash goes in front of. */
static void put_name(struct influx_line *line, const char *name, const char *special)
{
    if (!*name)
        line->is_refused = true;
    for (const char *rest = name; *rest;) {
        size_t plain = strcspn(rest, special);
        put(line, rest, plain);
        rest += plain;
        if (!*rest)
            break;
        char next = rest[1];
        if (*rest == '\n' || *rest == '\r' || (*rest == '\\' && (next == '\0' || strchr(special, next))))
            line->is_refused = true;
        if (*rest != '\\')
            put_byte(line, '\\');
        put_byte(line, *rest++);
    }
}

void influx_line_begin(struct influx_line *line, char *buffer, size_t size, const char *measurement)
{
    *line = (struct influx_line){.buffer = buffer, .size = size};
    put_name(line, measurement, ", \\\n\r");
}

void influx_line_tag(struct influx_line *line, const char *key, const char *value)
{
    if (line->field_count > 0 || (line->last_tag && strcmp(line->last_tag, key) >= 0))
        line->is_refused = true;
    line->last_tag = key;
    if (!*value)
        return;
    put_byte(line, ',');
    put_name(line, key, ",= \\\n\r");
    put_byte(line, '=');
    put_name(line, value, ",= \\\n\r");
}

static void put_key(struct influx_line *line, const char *key)
{
    put_byte(line, line->field_count++ > 0 ? ',' : ' ');
    put_name(line, key, ",= \\\n\r");
    put_byte(line, '=');
}

/* The digits of a number, right-aligned; their first. */
static char *digits(uint64_t value, char *end)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

static char *int_text(int64_t value, char text[INT_SIZE])
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *first = digits(size, text + INT_SIZE);
    if (value < 0)
        *--first = '-';
    return first;
}

void influx_line_int(struct influx_line *line, const char *key, int64_t value)
{
    char text[INT_SIZE];
    const char *first = int_text(value, text);
    put_key(line, key);
    put(line, first, (size_t)(text + INT_SIZE - first));
    put_byte(line, 'i');
}

/* Up to four decimals, without rounding: n / 10000 is the double that its decimal form reads back as. */
static size_t fixed_text(double value, char text[INFLUX_LINE_FLOAT_SIZE])
{
    char buffer[INT_SIZE];
    double scaled = fabs(value) * DECIMALS_POWER;
    if (!(scaled < EXACT_MAX))
        return 0;
    uint64_t number = (uint64_t)llround(scaled);
    if ((double)number / DECIMALS_POWER != fabs(value))
        return 0;
    size_t size = 0, decimals = DECIMALS;
    uint64_t fraction = number % DECIMALS_POWER;
    const char *first = digits(number / DECIMALS_POWER, buffer + INT_SIZE);
    if (signbit(value))
        text[size++] = '-';
    memcpy(text + size, first, (size_t)(buffer + INT_SIZE - first));
    size += (size_t)(buffer + INT_SIZE - first);
    if (fraction == 0)
        return size;
    for (; fraction % 10 == 0; fraction /= 10)
        decimals--;
    text[size++] = '.';
    for (size_t i = decimals; i > 0; i--, fraction /= 10)
        text[size + i - 1] = (char)('0' + fraction % 10);
    return size + decimals;
}

size_t influx_line_float_text(double value, char text[INFLUX_LINE_FLOAT_SIZE])
{
    size_t size = fixed_text(value, text);
    if (size > 0)
        return size;
    for (int precision = 15; precision <= 17; precision++) {
        size = (size_t)snprintf(text, INFLUX_LINE_FLOAT_SIZE, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    char *comma = strchr(text, ','); /* of a locale */
    if (comma)
        *comma = '.';
    return size;
}

void influx_line_float(struct influx_line *line, const char *key, double value)
{
    char text[INFLUX_LINE_FLOAT_SIZE];
    if (!isfinite(value))
        return;
    put_key(line, key);
    put(line, text, influx_line_float_text(value, text));
}

void influx_line_bool(struct influx_line *line, const char *key, bool value)
{
    put_key(line, key);
    put_byte(line, value ? 't' : 'f');
}

void influx_line_string(struct influx_line *line, const char *key, const char *value, size_t size)
{
    put_key(line, key);
    put_byte(line, '"');
    for (size_t from = 0, i = 0; i <= size; i++) {
        if (i < size && value[i] != '"' && value[i] != '\\')
            continue;
        put(line, value + from, i - from);
        if (i < size)
            put_byte(line, '\\');
        from = i;
    }
    put_byte(line, '"');
}

long influx_line_end(struct influx_line *line, int64_t time)
{
    char text[INT_SIZE];
    const char *first = int_text(time, text);
    put_byte(line, ' ');
    put(line, first, (size_t)(text + INT_SIZE - first));
    put_byte(line, '\n');
    if (line->is_refused || line->field_count == 0)
        return INFLUX_LINE_REFUSED;
    return line->needed <= line->size ? (long)line->needed : INFLUX_LINE_NO_ROOM;
}
