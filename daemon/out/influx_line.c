/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* MEASUREMENT[,TAG=VALUE]... FIELD=VALUE[,FIELD=VALUE]... TIME
 *
 * What has room is written, all of it is counted, so that one pass says how large the buffer has to be. */
#include "daemon/out/influx_line.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIMALS 4u
#define DECIMALS_POWER 10000
#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are doubles */
#define VALUE_SIZE 40                /* of a number, with what stands around it and is written beyond it */
#define INT_SIZE 24                  /* of a number without its sign, with what is written beyond it */

/* Short ones: a call of memcpy would cost more than it does. */
static void put(struct influx_line *line, const char *restrict bytes, size_t size)
{
    if (line->needed + size <= line->size) {
        char *restrict to = line->buffer + line->needed;
        size_t i = 0;
        for (; i + 8 <= size; i += 8)
            memcpy(to + i, bytes + i, 8);
        for (; i < size; i++)
            to[i] = bytes[i];
    }
    line->needed += size;
}

/* Where there is no buffer there is no size either; the analyzer cannot know. */
static void put_byte(struct influx_line *line, char byte)
{
    if (line->needed < line->size)
        line->buffer[line->needed] = byte; /* NOLINT(clang-analyzer-core.NullDereference) */
    line->needed++;
}

/* What a byte is in a name: IN_NAME has to be escaped in a measurement, IN_TAG in keys and in tags; NO_NAME
 * cannot be said, and a backslash depends on what follows. */
enum { IN_NAME = 1, IN_TAG = 2, NO_NAME = 4 };
static const unsigned char classes[256] = {
    [0] = NO_NAME,  ['\n'] = NO_NAME,         ['\r'] = NO_NAME,         ['\\'] = NO_NAME,
    ['='] = IN_TAG, [','] = IN_NAME | IN_TAG, [' '] = IN_NAME | IN_TAG,
};

static unsigned char class_of(char byte)
{
    return classes[(unsigned char)byte];
}

static void put_special(struct influx_line *line, const char *at, size_t left)
{
    if (*at != '\\' && (class_of(*at) & NO_NAME))
        line->is_refused = true;
    if (*at == '\\' && (left == 1 || class_of(at[1])))
        line->is_refused = true; /* servers differ in what they read */
    if (*at != '\\')
        put_byte(line, '\\');
    put_byte(line, *at);
}

/* Whether one of eight bytes may be of a class: those below '0', '=' and the backslash. */
static bool may_be_special(const char *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t word, equals, slashes;
    memcpy(&word, bytes, sizeof word);
    equals = word ^ ones * '=';
    slashes = word ^ ones * '\\';
    return (((word - ones * '0') & ~word) | ((equals - ones) & ~equals) | ((slashes - ones) & ~slashes)) &
           tops;
}

/* How many bytes at the beginning of a name need nothing. */
static size_t plain_size(const char *name, size_t size, unsigned char stops)
{
    size_t i = 0;
    while (i + 8 <= size && !may_be_special(name + i))
        i += 8;
    while (i < size && !(class_of(name[i]) & stops))
        i++;
    return i;
}

/* Names and the values of tags. special: what a backslash goes in front of. */
static void put_name(struct influx_line *line, const char *name, size_t size, unsigned char special)
{
    line->is_refused |= size == 0;
    while (size > 0) {
        size_t plain = plain_size(name, size, special | NO_NAME);
        put(line, name, plain);
        name += plain;
        size -= plain;
        if (size > 0)
            put_special(line, name++, size--);
    }
}

/* Where there is room for the worst, a field is written through a pointer of its own: to take `needed` up and
 * put it down for each byte would cost as much as all the rest. NULL: there may be no room. */
static char *room_for(struct influx_line *line, size_t names_size)
{
    size_t worst = 2 * names_size + VALUE_SIZE;
    return line->needed + worst <= line->size ? line->buffer + line->needed : NULL;
}

static void has_written(struct influx_line *line, const char *to)
{
    line->needed = (size_t)(to - line->buffer);
}

static char *copy_name(struct influx_line *line, char *restrict to, const char *restrict name, size_t size,
                       unsigned char special)
{
    const unsigned char stops = special | NO_NAME;
    size_t i = 0;
    line->is_refused |= size == 0;
    for (; i + 8 <= size && !may_be_special(name + i); i += 8, to += 8)
        memcpy(to, name + i, 8);
    for (; i < size; i++) {
        if (class_of(name[i]) & stops) {
            has_written(line, to);
            put_special(line, name + i, size - i);
            to = line->buffer + line->needed;
        } else {
            *to++ = name[i];
        }
    }
    return to;
}

void influx_line_begin(struct influx_line *line, char *buffer, size_t size, const char *measurement)
{
    *line = (struct influx_line){.buffer = buffer, .size = size};
    put_name(line, measurement, strlen(measurement), IN_NAME);
}

void influx_line_tag_n(struct influx_line *line, const char *key, size_t key_size, const char *value,
                       size_t value_size)
{
    if (line->field_count > 0 || (line->last_tag && strcmp(line->last_tag, key) >= 0))
        line->is_refused = true;
    line->last_tag = key;
    if (value_size == 0)
        return;
    char *to = room_for(line, key_size + value_size);
    if (to) {
        *to++ = ',';
        to = copy_name(line, to, key, key_size, IN_TAG);
        *to++ = '=';
        has_written(line, copy_name(line, to, value, value_size, IN_TAG));
        return;
    }
    put_byte(line, ',');
    put_name(line, key, key_size, IN_TAG);
    put_byte(line, '=');
    put_name(line, value, value_size, IN_TAG);
}

/* The key of a field, where its value goes then; NULL: there may be no room for both. */
static char *copy_key(struct influx_line *line, const char *key, size_t size)
{
    char *to = room_for(line, size);
    if (!to)
        return NULL;
    *to++ = line->field_count++ > 0 ? ',' : ' ';
    to = copy_name(line, to, key, size, IN_TAG);
    *to++ = '=';
    return to;
}

static void put_key(struct influx_line *line, const char *key, size_t size)
{
    put_byte(line, line->field_count++ > 0 ? ',' : ' ');
    put_name(line, key, size, IN_TAG);
    put_byte(line, '=');
}

/* Where a number has so many digits as another hardly ever has, a branch on them is guessed wrong: numbers of
 * up to eight digits are written without one. */
#define DIGITS 8u
#define DIGITS_POWER 100000000u

/* Eight decimal digits as eight numbers, the first in the lowest byte: halves of four, pairs, single ones,
 * each step on all of them at once. */
static inline uint64_t spread_digits(uint32_t value)
{
    uint64_t halves = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = halves * 10486 >> 20 & UINT64_C(0x7f0000007f); /* / 100 */
    uint64_t pairs_of = hundreds | (halves - hundreds * 100) << 16;
    uint64_t tens = pairs_of * 103 >> 10 & UINT64_C(0x000f000f000f000f); /* / 10 */
    return tens | (pairs_of - tens * 10) << 8;
}

static inline void put_digits(uint64_t digits, char text[DIGITS])
{
    uint64_t text_of = htole64(digits + UINT64_C(0x3030303030303030));
    memcpy(text, &text_of, DIGITS);
}

/* Of less than DIGITS_POWER. Writes DIGITS bytes at least; how many of them count. */
static inline size_t short_text(uint32_t value, char *to)
{
    uint64_t digits = spread_digits(value);
    unsigned zeros = digits ? (unsigned)__builtin_ctzll(digits) / 8 : DIGITS - 1;
    put_digits(digits >> 8 * zeros, to);
    return DIGITS - zeros;
}

static size_t long_text(uint64_t value, char *to)
{
    uint64_t front = value / DIGITS_POWER;
    size_t size = front < DIGITS_POWER ? short_text((uint32_t)front, to) : long_text(front, to);
    put_digits(spread_digits((uint32_t)(value % DIGITS_POWER)), to + size);
    return size + DIGITS;
}

/* `to` has room for INT_SIZE. */
static inline size_t number_text(uint64_t value, char *to)
{
    return value < DIGITS_POWER ? short_text((uint32_t)value, to) : long_text(value, to);
}

static size_t int_text(int64_t value, char text[INT_SIZE + 1])
{
    text[0] = '-';
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return number_text(size, text + (value < 0)) + (value < 0);
}

void influx_line_int_n(struct influx_line *line, const char *key, size_t key_size, int64_t value)
{
    char text[INT_SIZE + 2], *to = copy_key(line, key, key_size);
    size_t size = int_text(value, to ? to : text);
    (to ? to : text)[size++] = 'i';
    if (to) {
        has_written(line, to + size);
        return;
    }
    put_key(line, key, key_size);
    put(line, text, size);
}

/* Up to four decimals, without rounding: n / 10000 is the double that its decimal form reads back as. */
static size_t fixed_text(double value, char text[INFLUX_LINE_FLOAT_SIZE])
{
    double scaled = fabs(value) * DECIMALS_POWER;
    if (!(scaled < EXACT_MAX))
        return 0;
    uint64_t number = (uint64_t)(scaled + 0.5);
    if ((double)number / DECIMALS_POWER != fabs(value))
        return 0;
    uint32_t fraction = (uint32_t)(number % DECIMALS_POWER);
    uint64_t digits = spread_digits(fraction) >> 8 * (DIGITS - DECIMALS);
    size_t decimals = DECIMALS - (fraction ? (size_t)__builtin_clzll(digits << 32) / 8 : DECIMALS);
    text[0] = '-';
    size_t size = signbit(value) ? 1 : 0;
    size += number_text(number / DECIMALS_POWER, text + size);
    text[size] = '.';
    put_digits(digits, text + size + 1);
    return fraction == 0 ? size : size + 1 + decimals;
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

void influx_line_float_n(struct influx_line *line, const char *key, size_t key_size, double value)
{
    char text[INFLUX_LINE_FLOAT_SIZE];
    if (!isfinite(value))
        return;
    char *to = copy_key(line, key, key_size);
    size_t size = influx_line_float_text(value, to ? to : text);
    if (to) {
        has_written(line, to + size);
        return;
    }
    put_key(line, key, key_size);
    put(line, text, size);
}

void influx_line_bool_n(struct influx_line *line, const char *key, size_t key_size, bool value)
{
    put_key(line, key, key_size);
    put_byte(line, value ? 't' : 'f');
}

void influx_line_string_n(struct influx_line *line, const char *key, size_t key_size, const char *value,
                          size_t size)
{
    put_key(line, key, key_size);
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
    char text[VALUE_SIZE], *to = room_for(line, 0);
    size_t size = 1 + int_text(time, (to ? to : text) + 1);
    (to ? to : text)[0] = ' ';
    (to ? to : text)[size++] = '\n';
    if (to)
        has_written(line, to + size);
    else
        put(line, text, size);
    if (line->is_refused || line->field_count == 0)
        return INFLUX_LINE_REFUSED;
    return line->needed <= line->size ? (long)line->needed : INFLUX_LINE_NO_ROOM;
}
