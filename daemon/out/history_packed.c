/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/history_packed.h"

#include <string.h>

/* Protocol Buffers, Encoding: a field is a varint `number << 3 | type`, then its value. */
enum wire { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

/* Numbers of bruis.v1.Figure. */
enum field {
    REGION = 1,
    DOMAIN_OF = 5,
    WINDOW = 6,
    START = 7,
    END = 8,
    REVISION = 9,
    COVERAGE = 11,
    PARKING = 12
};

#define NEEDED (1u << REGION | 1u << DOMAIN_OF | 1u << WINDOW | 1u << START | 1u << END | 1u << REVISION)
#define DOMAIN_BIT 8 /* coverage has fewer fields than that */
#define VALUES_MAX 64

struct reader {
    const uint8_t *at, *end;
};

struct value {
    uint32_t number;
    uint64_t varint;
    struct br_view bytes; /* of a delimited one */
};

static bool read_varint(struct reader *reader, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool skip(struct reader *reader, uint64_t size)
{
    if (size > (uint64_t)(reader->end - reader->at))
        return false;
    reader->at += size;
    return true;
}

static bool read_field(struct reader *reader, struct value *value)
{
    uint64_t key, size;
    *value = (struct value){0};
    if (!read_varint(reader, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
        return false;
    value->number = (uint32_t)(key >> 3);
    switch ((enum wire)(key & 7)) {
    case VARINT:
        return read_varint(reader, &value->varint);
    case FIXED64:
        return skip(reader, 8);
    case FIXED32:
        return skip(reader, 4);
    case DELIMITED:
        if (!read_varint(reader, &size) || !skip(reader, size))
            return false;
        value->bytes = (struct br_view){(const char *)reader->at - size, (size_t)size};
        return true;
    }
    return false;
}

static void take(const struct value *value, struct br_packed *parts)
{
    if (value->number == REGION)
        parts->region = value->bytes;
    else if (value->number == DOMAIN_OF)
        parts->domain = (int)value->varint;
    else if (value->number == WINDOW)
        parts->window = value->bytes;
    else if (value->number == START)
        parts->start_utc_ms = (int64_t)value->varint;
    else if (value->number == END)
        parts->end_utc_ms = (int64_t)value->varint;
    else if (value->number == REVISION)
        parts->revision = (uint32_t)value->varint;
}

bool br_packed_split(struct br_view packed, struct br_packed *parts)
{
    const uint8_t *bytes = (const uint8_t *)packed.data;
    struct reader reader = {bytes, bytes + packed.size};
    struct value value;
    uint32_t seen = 0;
    *parts = (struct br_packed){0};
    while (reader.at < reader.end) {
        const uint8_t *from = reader.at;
        if (!read_field(&reader, &value))
            return false;
        if (value.number > REVISION) {
            reader.at = from;
            break;
        }
        if (seen >> value.number) /* not in the order of their numbers, or twice */
            return false;
        seen |= 1u << value.number;
        take(&value, parts);
        if (value.number <= WINDOW)
            parts->head = (struct br_view){packed.data, (size_t)(reader.at - bytes)};
    }
    parts->body = (struct br_view){(const char *)reader.at, (size_t)(reader.end - reader.at)};
    return (seen & NEEDED) == NEEDED;
}

static uint8_t *put_varint(uint8_t *to, enum field field, uint64_t value)
{
    *to++ = (uint8_t)(field << 3 | VARINT);
    for (; value > 0x7f; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

static uint8_t *put_bytes(uint8_t *to, struct br_view bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

size_t br_packed_join(const struct br_packed *parts, uint8_t *to)
{
    uint8_t *at = put_bytes(to, parts->head);
    at = put_varint(at, START, (uint64_t)parts->start_utc_ms);
    at = put_varint(at, END, (uint64_t)parts->end_utc_ms);
    at = put_varint(at, REVISION, parts->revision);
    at = put_bytes(at, parts->body);
    return (size_t)(at - to);
}

static uint64_t values_of(struct br_view message, unsigned first_bit)
{
    const uint8_t *bytes = (const uint8_t *)message.data;
    struct reader reader = {bytes, bytes + message.size};
    struct value value;
    uint64_t values = 0;
    while (reader.at < reader.end && read_field(&reader, &value))
        if (first_bit + value.number < VALUES_MAX)
            values |= UINT64_C(1) << (first_bit + value.number);
    return values;
}

uint64_t br_packed_values(struct br_view body)
{
    const uint8_t *bytes = (const uint8_t *)body.data;
    struct reader reader = {bytes, bytes + body.size};
    struct value value;
    uint64_t values = 0;
    while (reader.at < reader.end && read_field(&reader, &value)) {
        if (value.number == COVERAGE)
            values |= values_of(value.bytes, 0);
        else if (value.number >= PARKING)
            values |= values_of(value.bytes, DOMAIN_BIT);
    }
    return values;
}
