/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/clock.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)
#define SECOND_MS INT64_C(1000)

/* A reader that remembers its first failure; past the end it gives -1. */
struct reader {
    const char *at, *end;
    bool bad;
};

struct civil {
    int year, month, day;
};

/* Days since 1970-01-01. Years of the calculation begin in March, so that the leap day is their last. */
static int64_t days_of_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    int day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    return (struct civil){(int)(year_of_era + era * 400 + (month <= 2)), month, day};
}

static int64_t days_of_ms(int64_t ms)
{
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

int64_t br_time_of_civil(int year, int month, int day, int hour, int minute, int second)
{
    return days_of_civil(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS +
           second * SECOND_MS;
}

int br_time_year(int64_t utc_ms)
{
    return civil_of_days(days_of_ms(utc_ms)).year;
}

static struct reader reader_of(struct br_view text)
{
    const char *data = text.data ? text.data : "";
    return (struct reader){data, data + text.size, false};
}

static int peek(const struct reader *reader)
{
    return reader->at < reader->end ? (unsigned char)*reader->at : -1;
}

static bool take(struct reader *reader, int byte)
{
    if (peek(reader) != byte)
        return false;
    reader->at++;
    return true;
}

static bool peek_digit(const struct reader *reader)
{
    return peek(reader) >= '0' && peek(reader) <= '9';
}

static void expect(struct reader *reader, int byte)
{
    if (!take(reader, byte))
        reader->bad = true;
}

/* Exactly `digits` digits, a number from min to max. */
static int number(struct reader *reader, int digits, int min, int max)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!peek_digit(reader)) {
            reader->bad = true;
            return min;
        }
        value = 10 * value + (*reader->at++ - '0');
    }
    if (value < min || value > max)
        reader->bad = true;
    return value;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* `.` and digits, if there: milliseconds; the digits behind the third only have to be digits. */
static int fraction_ms(struct reader *reader)
{
    if (!take(reader, '.'))
        return 0;
    if (!peek_digit(reader))
        reader->bad = true;
    int ms = 0, weight = 100;
    for (; peek_digit(reader); weight /= 10)
        ms += (*reader->at++ - '0') * weight;
    return ms;
}

/* Date and time without an offset. A leap second is the second after 59; *leap tells of it. */
static int64_t date_time(struct reader *reader, bool *leap)
{
    int year = number(reader, 4, 0, 9999);
    expect(reader, '-');
    int month = number(reader, 2, 1, 12);
    expect(reader, '-');
    int day = number(reader, 2, 1, 31);
    if (!take(reader, 'T') && !take(reader, 't'))
        expect(reader, ' ');
    int hour = number(reader, 2, 0, 23);
    expect(reader, ':');
    int minute = number(reader, 2, 0, 59);
    expect(reader, ':');
    int second = number(reader, 2, 0, 60);
    int ms = fraction_ms(reader);
    *leap = second == 60;
    if (reader->bad || day > days_of_month(year, month)) {
        reader->bad = true;
        return 0;
    }
    return br_time_of_civil(year, month, day, hour, minute, second) + ms;
}

static int64_t offset_ms(struct reader *reader)
{
    if (take(reader, 'Z') || take(reader, 'z'))
        return 0;
    bool west = take(reader, '-');
    if (!west)
        expect(reader, '+');
    int hours = number(reader, 2, 0, 23);
    take(reader, ':');
    int minutes = number(reader, 2, 0, 59);
    int64_t offset = hours * HOUR_MS + minutes * MINUTE_MS;
    return west ? -offset : offset;
}

static int64_t ms_of_day(int64_t ms)
{
    int64_t rest = ms % DAY_MS;
    return rest < 0 ? rest + DAY_MS : rest;
}

bool br_time_parse(struct br_view text, int64_t *utc_ms)
{
    struct reader reader = reader_of(text);
    bool leap;
    int64_t local_ms = date_time(&reader, &leap);
    int64_t ms = local_ms - offset_ms(&reader);
    /* A leap second ends a day of UTC: read as the second after 59, it begins the next one. */
    if (reader.bad || reader.at != reader.end || (leap && ms_of_day(ms) >= SECOND_MS))
        return false;
    *utc_ms = ms;
    return true;
}

bool br_time_parse_local(struct br_view text, int64_t *local_ms)
{
    struct reader reader = reader_of(text);
    bool leap;
    int64_t ms = date_time(&reader, &leap);
    /* Which minute ends the day of UTC, only the zone knows: any last minute of a quarter of an hour may. */
    if (reader.bad || reader.at != reader.end || (leap && ms_of_day(ms) / MINUTE_MS % 15 != 0))
        return false;
    *local_ms = ms;
    return true;
}

void br_time_format(int64_t utc_ms, char text[BR_TIME_TEXT_SIZE])
{
    int64_t days = days_of_ms(utc_ms);
    struct civil civil = civil_of_days(days);
    int in_day = (int)ms_of_day(utc_ms);
    int length = snprintf(text, BR_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", civil.year, civil.month,
                          civil.day, in_day / 3600000, in_day / 60000 % 60, in_day / 1000 % 60);
    if (in_day % 1000)
        snprintf(text + length, BR_TIME_TEXT_SIZE - (size_t)length, ".%03dZ", in_day % 1000);
    else
        snprintf(text + length, BR_TIME_TEXT_SIZE - (size_t)length, "Z");
}
