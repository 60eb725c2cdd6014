/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/value.h"

#include "daemon/core/clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000},
};

static const struct unit sizes[] = {
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};

#define UNITS 5

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The digits at the beginning of a text; the number of them, 0 where it begins otherwise or the number is too
 * large. */
static size_t digits(const char *text, int64_t *number)
{
    size_t count = 0;
    *number = 0;
    for (; is_digit(text[count]); count++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, text[count] - '0', number))
            return 0;
    return count;
}

bool br_config_flag(const char *text, bool *flag, char why[BR_WHY_SIZE])
{
    *flag = strcmp(text, "true") == 0;
    if (*flag || strcmp(text, "false") == 0)
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.64s' is neither true nor false", text);
    return false;
}

bool br_config_integer(const char *text, int64_t *integer, char why[BR_WHY_SIZE])
{
    size_t sign = text[0] == '-';
    size_t count = digits(text + sign, integer);
    if (count > 0 && text[sign + count] == '\0') {
        *integer = sign ? -*integer : *integer;
        return true;
    }
    snprintf(why, BR_WHY_SIZE, "'%.64s' is no whole number", text);
    return false;
}

bool br_config_ratio(const char *text, int64_t *ratio, char why[BR_WHY_SIZE])
{
    int64_t whole = 0, fraction = 0;
    size_t count = digits(text, &whole), decimals = 0;
    const char *rest = text + count;
    if (count > 0 && count < 10 && *rest == '.') {
        decimals = digits(rest + 1, &fraction);
        rest += decimals ? 1 + decimals : 0;
    }
    if (count == 0 || count >= 10 || *rest != '\0') {
        snprintf(why, BR_WHY_SIZE, "'%.64s' is no ratio: write it with a point, 0.5", text);
        return false;
    }
    if (decimals > 4) {
        snprintf(why, BR_WHY_SIZE, "'%.64s' has more than four decimals", text);
        return false;
    }
    for (; decimals < 4; decimals++)
        fraction *= 10;
    *ratio = whole * 10000 + fraction;
    return true;
}

/* What is wrong with a text that is no number with a unit of this kind. */
static void unit_why(const char *text, size_t digit_count, const char *kind, const char *units,
                     const char *example, char why[BR_WHY_SIZE])
{
    const char *rest = text + digit_count;
    if (digit_count == 0)
        snprintf(why, BR_WHY_SIZE, "'%.64s' is no %s: write a whole number and a unit, as in %s", text, kind,
                 example);
    else if (*rest == '\0')
        snprintf(why, BR_WHY_SIZE,
                 "'%.64s' has no unit, the unit is missing: write one of %s behind it, as in %s", text, units,
                 example);
    else if (*rest == '.' || *rest == ',')
        snprintf(why, BR_WHY_SIZE, "'%.64s' is no whole number: take a smaller unit (%s)", text, units);
    else
        snprintf(why, BR_WHY_SIZE, "'%.64s' has the wrong unit '%.32s': it is one of %s", text, rest, units);
}

static bool with_unit(const char *text, const struct unit units[UNITS], int64_t *value, size_t *digit_count)
{
    *digit_count = digits(text, value);
    for (size_t i = 0; *digit_count > 0 && i < UNITS; i++)
        if (strcmp(text + *digit_count, units[i].name) == 0)
            return !__builtin_mul_overflow(*value, units[i].factor, value) || (*digit_count = 0) != 0;
    return false;
}

bool br_config_duration(const char *text, int64_t *duration_ms, char why[BR_WHY_SIZE])
{
    size_t digit_count;
    if (with_unit(text, durations, duration_ms, &digit_count))
        return true;
    unit_why(text, digit_count, "duration", "ms s m h d", "30s", why);
    return false;
}

bool br_config_size(const char *text, int64_t *bytes, char why[BR_WHY_SIZE])
{
    size_t digit_count;
    if (with_unit(text, sizes, bytes, &digit_count))
        return true;
    unit_why(text, digit_count, "size", "B KiB MiB GiB TiB", "64KiB", why);
    return false;
}

/* The date with a time behind it is one that the clock can read, which knows the calendar. */
bool br_config_date(const char *text, char why[BR_WHY_SIZE])
{
    char midnight[32];
    int64_t local_ms;
    bool shaped = strlen(text) == 10 && text[4] == '-' && text[7] == '-';
    snprintf(midnight, sizeof midnight, "%.10sT00:00:00", text);
    if (shaped && br_time_parse_local(br_view_of(midnight), &local_ms))
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.64s' is no date: write it as 2024-01-01", text);
    return false;
}

static void unit_text(int64_t value, const struct unit units[UNITS], const char *zero,
                      char text[BR_VALUE_TEXT_SIZE])
{
    size_t best = 0;
    for (size_t i = 1; i < UNITS; i++)
        if (value % units[i].factor == 0)
            best = i;
    if (value == 0)
        snprintf(text, BR_VALUE_TEXT_SIZE, "%s", zero);
    else
        snprintf(text, BR_VALUE_TEXT_SIZE, "%" PRId64 "%s", value / units[best].factor, units[best].name);
}

void br_config_duration_text(int64_t duration_ms, char text[BR_VALUE_TEXT_SIZE])
{
    unit_text(duration_ms, durations, "0s", text);
}

void br_config_size_text(int64_t bytes, char text[BR_VALUE_TEXT_SIZE])
{
    unit_text(bytes, sizes, "0B", text);
}
