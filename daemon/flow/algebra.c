/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/algebra.h"

#include <string.h>

static int64_t round_half_away(__int128 num, __int128 den)
{
    bool negative = num < 0;
    __int128 magnitude = negative ? -num : num;
    __int128 rounded = (magnitude * 2 + den) / (den * 2);
    return (int64_t)(negative ? -rounded : rounded);
}

int64_t br_round_div(int64_t num, int64_t den)
{
    return round_half_away(num, den);
}

double br_round_ratio(int64_t num, int64_t den, int decimals)
{
    int64_t scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    return (double)round_half_away((__int128)num * scale, den) / (double)scale;
}

void br_sum_merge(void *sum, const void *other, size_t sum_size, int sign)
{
    int64_t *to = sum;
    const int64_t *from = other;
    for (size_t i = 0; i < sum_size / sizeof *to; i++)
        to[i] += sign * from[i];
}

void br_cell_add(struct br_cell *into, const struct br_cell *part, int sign)
{
    into->reporting += sign * (part->reporting > 0);
    into->partial += sign * part->partial;
    into->estimated += sign * part->estimated;
}

void br_cell_last(struct br_cell *into, const struct br_cell *part)
{
    if (part->last_utc_ms > into->last_utc_ms)
        into->last_utc_ms = part->last_utc_ms;
}

void br_sum_cell(struct br_sum *sum, const struct br_cell *cell, int sign)
{
    sum->reporting += sign;
    sum->reporting_capacity += sign * (cell->capacity > 0 ? cell->capacity : 0);
    sum->partial += sign * (cell->partial > 0);
    sum->estimated += sign * (cell->estimated > 0);
    sum->stale += sign * (cell->stale > 0);
}

void br_give(protobuf_c_boolean *has, int64_t *field, bool known, int64_t value)
{
    *has = known;
    *field = known ? value : 0;
}

void br_give_ratio(protobuf_c_boolean *has, double *field, int64_t num, int64_t den, int decimals)
{
    *has = den > 0;
    *field = den > 0 ? br_round_ratio(num, den, decimals) : 0;
}

static int64_t field_get(const struct br_field *field, const char *from)
{
    int64_t number64;
    int32_t number32;
    switch (field->size) {
    case sizeof(int64_t):
        memcpy(&number64, from + field->offset, sizeof number64);
        return number64;
    case sizeof(int32_t):
        memcpy(&number32, from + field->offset, sizeof number32);
        return number32;
    default:
        return from[field->offset];
    }
}

static void field_set(const struct br_field *field, int64_t number, char *to)
{
    int32_t number32 = (int32_t)number;
    switch (field->size) {
    case sizeof(int64_t):
        memcpy(to + field->offset, &number, sizeof number);
        break;
    case sizeof(int32_t):
        memcpy(to + field->offset, &number32, sizeof number32);
        break;
    default:
        to[field->offset] = (char)(number != 0);
    }
}

void br_fields_save(const struct br_field *fields, size_t count, const void *from, int64_t *numbers)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = field_get(&fields[i], from);
}

void br_fields_load(const struct br_field *fields, size_t count, const int64_t *numbers, void *to)
{
    for (size_t i = 0; i < count; i++)
        field_set(&fields[i], numbers[i], to);
}
