/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/datex2/value.h"

#include "daemon/core/clock.h"

#include <math.h>
#include <stdlib.h>

#define NUMBER_SIZE_MAX 64            /* longer texts are no measured number */
#define EXACT_MAX ((uint64_t)1 << 53) /* whole numbers up to it are exact doubles */
#define EXPONENT_EXACT_MAX 22         /* powers of ten up to it are exact doubles */
#define EXPONENT_MAX 400              /* beyond it nothing but 0 and infinity is left */

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct br_view br_datex2_trim(struct br_view text)
{
    while (text.size > 0 && is_space(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* A number in parts: digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int exponent;
    bool negative;
};

static void digit_add(struct decimal *decimal, char c, bool fraction)
{
    if (decimal->digits > EXACT_MAX)
        return; /* convert sees that there were more */
    decimal->digits = decimal->digits * 10 + (uint64_t)(c - '0');
    decimal->exponent -= fraction;
}

/* Digits with at most one point; false where there is no digit. */
static bool scan_digits(const char **at, const char *end, struct decimal *decimal)
{
    const char *p = *at;
    size_t count = 0;
    for (; p < end && is_digit(*p); p++, count++)
        digit_add(decimal, *p, false);
    if (p < end && *p == '.')
        for (p++; p < end && is_digit(*p); p++, count++)
            digit_add(decimal, *p, true);
    *at = p;
    return count > 0;
}

/* An exponent, where there is one; false for a letter without a number. */
static bool scan_exponent(const char **at, const char *end, struct decimal *decimal)
{
    const char *p = *at;
    if (p == end || (*p != 'e' && *p != 'E'))
        return true;
    p++;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *digits = p;
    int exponent = 0;
    for (; p < end && is_digit(*p); p++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*p - '0');
    decimal->exponent += negative ? -exponent : exponent;
    *at = p;
    return p > digits;
}

static bool scan(struct br_view text, struct decimal *decimal)
{
    const char *at = text.data, *end = text.data + text.size;
    *decimal = (struct decimal){0};
    if (at < end && (*at == '-' || *at == '+'))
        decimal->negative = *at++ == '-';
    return scan_digits(&at, end, decimal) && scan_exponent(&at, end, decimal) && at == end;
}

/* What fits no exact double step by step: the C library rounds right. */
static double convert_slow(struct br_view text)
{
    char buffer[NUMBER_SIZE_MAX + 1];
    memcpy(buffer, text.data, text.size);
    buffer[text.size] = '\0';
    return strtod(buffer, NULL);
}

static double convert(struct br_view text, const struct decimal *decimal)
{
    static const double powers[EXPONENT_EXACT_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int exponent = decimal->exponent;
    if (decimal->digits > EXACT_MAX || exponent > EXPONENT_EXACT_MAX || exponent < -EXPONENT_EXACT_MAX)
        return convert_slow(text);
    double value = (double)decimal->digits;
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    return decimal->negative ? -value : value;
}

bool br_datex2_number(struct br_view text, double *value)
{
    struct decimal decimal;
    text = br_datex2_trim(text);
    if (text.size > NUMBER_SIZE_MAX || !scan(text, &decimal))
        return false;
    double number = convert(text, &decimal);
    if (!isfinite(number))
        return false;
    *value = number + 0.0; /* -0 is 0 */
    return true;
}

bool br_datex2_number_next(struct br_view *text, double *value)
{
    struct br_view left = br_datex2_trim(*text);
    size_t size = 0;
    while (size < left.size && !is_space(left.data[size]))
        size++;
    *text = (struct br_view){left.data + size, left.size - size};
    return br_datex2_number((struct br_view){left.data, size}, value);
}

bool br_datex2_whole(struct br_view text, int64_t min, int64_t max, int64_t *value)
{
    double number;
    if (!br_datex2_number(text, &number) || number != trunc(number))
        return false;
    if (number < (double)min || number > (double)max || fabs(number) > (double)EXACT_MAX)
        return false;
    *value = (int64_t)number;
    return true;
}

bool br_datex2_is(struct br_view text, const char *word)
{
    return br_view_is(br_datex2_trim(text), word);
}

bool br_datex2_true(struct br_view text)
{
    return br_datex2_is(text, "true") || br_datex2_is(text, "1");
}

int64_t br_datex2_time(struct br_view text)
{
    int64_t utc_ms;
    return br_time_parse(br_datex2_trim(text), &utc_ms) ? utc_ms : BR_TIME_NONE;
}

bool br_datex2_copy(struct br_view text, char *buffer, size_t size)
{
    bool fits = text.size > 0 && text.size < size;
    if (fits)
        memcpy(buffer, text.data, text.size);
    buffer[fits ? text.size : 0] = '\0';
    return fits;
}
