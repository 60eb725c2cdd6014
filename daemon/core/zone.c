/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* TZif, RFC 8536 ("The Time Zone Information Format (TZif)"), versions 2 and later:
 *
 *   header, 44 bytes   "TZif" version 15 unused, then six counts of 4 bytes, big-endian:
 *                      isutcnt isstdcnt leapcnt timecnt typecnt charcnt
 *   block for 32 bits  skipped: it ends in 2038
 *   header             again; its counts are for the second block
 *   block for 64 bits  timecnt x 8  instants of the transitions, seconds since 1970, ascending
 *                      timecnt x 1  type from that instant on
 *                      typecnt x 6  offset (4, signed, seconds), summer time (1), index of the name (1)
 *                      charcnt      names
 *                      leapcnt x 12, isstdcnt x 1, isutcnt x 1
 *   footer             \n TZ \n     rule for what comes after the last transition, as in the variable TZ of
 * POSIX: CET-1CEST,M3.5.0,M10.5.0/3   (offsets count to the west)
 */
#include "daemon/core/zone.h"

#include "daemon/core/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S INT64_C(86400)
#define DAY_MS INT64_C(86400000)
#define HEADER_SIZE 44
#define FILE_SIZE_MAX ((size_t)1 << 20)
/* No offset is, or was, this far from UTC; the instant before which a local time surely had not come. */
#define OFFSET_MAX_MS INT64_C(57600000)
/* The rule goes by years; past this one (9999) it stays as it is then. */
#define RULE_END_S INT64_C(253370764800)

enum rule_day { DAY_OF_MONTH_WEEK, DAY_JULIAN, DAY_ZERO_BASED };

/* When a rule changes the clocks: a day of the year and seconds after its local midnight. */
struct rule_change {
    enum rule_day kind;
    int month, week, day;
    int64_t at_s;
};

struct rule {
    bool given, has_summer;
    int64_t standard_s, summer_s; /* offsets, east positive */
    struct rule_change start, end;
};

struct br_zone {
    size_t count;
    int64_t *at_s;     /* transitions, ascending */
    int64_t *offset_s; /* from at_s[i] on */
    int64_t first_s;   /* offset before all transitions */
    struct rule rule;
};

/* Reads big-endian numbers; past the end it yields zeros and remembers. */
struct cursor {
    const unsigned char *at;
    size_t left;
    bool bad;
};

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static const unsigned char *take(struct cursor *cursor, size_t size)
{
    if (cursor->bad || size > cursor->left) {
        cursor->bad = true;
        return NULL;
    }
    const unsigned char *taken = cursor->at;
    cursor->at += size;
    cursor->left -= size;
    return taken;
}

static uint64_t take_number(struct cursor *cursor, size_t size)
{
    const unsigned char *bytes = take(cursor, size);
    uint64_t number = 0;
    for (size_t i = 0; bytes && i < size; i++)
        number = number << 8 | bytes[i];
    return number;
}

static int32_t take_offset(struct cursor *cursor)
{
    return (int32_t)(uint32_t)take_number(cursor, 4);
}

/* A file with leap seconds counts another time than everybody's; bruisd does not read it. */
static struct counts take_header(struct cursor *cursor)
{
    const unsigned char *start = take(cursor, 20);
    if (!start || memcmp(start, "TZif", 4) != 0 || start[4] < '2')
        cursor->bad = true;
    struct counts counts;
    counts.isut = (uint32_t)take_number(cursor, 4);
    counts.isstd = (uint32_t)take_number(cursor, 4);
    counts.leap = (uint32_t)take_number(cursor, 4);
    counts.time = (uint32_t)take_number(cursor, 4);
    counts.type = (uint32_t)take_number(cursor, 4);
    counts.chars = (uint32_t)take_number(cursor, 4);
    if (counts.leap != 0 || counts.type == 0 || counts.type > 256 || counts.time > FILE_SIZE_MAX)
        cursor->bad = true;
    return counts;
}

static void skip_block(struct cursor *cursor, const struct counts *counts)
{
    take(cursor, (size_t)counts->time * 5);
    take(cursor, (size_t)counts->type * 6);
    take(cursor, counts->chars);
    take(cursor, counts->isstd);
    take(cursor, counts->isut);
}

static bool transitions_reserve(struct br_zone *zone, size_t count)
{
    zone->at_s = calloc(count + 1, sizeof *zone->at_s);
    zone->offset_s = calloc(count + 1, sizeof *zone->offset_s);
    return zone->at_s && zone->offset_s;
}

static bool take_transitions(struct cursor *cursor, const struct counts *counts, struct br_zone *zone)
{
    if (cursor->bad || !transitions_reserve(zone, counts->time))
        return false;
    zone->count = counts->time;
    for (size_t i = 0; i < zone->count; i++) {
        zone->at_s[i] = (int64_t)take_number(cursor, 8);
        if (i > 0 && zone->at_s[i] <= zone->at_s[i - 1])
            cursor->bad = true;
    }
    const unsigned char *types = take(cursor, zone->count);
    int64_t offsets[256] = {0};
    for (size_t i = 0; i < counts->type; i++) {
        offsets[i] = take_offset(cursor);
        if (llabs(offsets[i]) * 1000 >= OFFSET_MAX_MS)
            cursor->bad = true;
        take(cursor, 2);
    }
    zone->first_s = offsets[0];
    for (size_t i = 0; i < zone->count && !cursor->bad; i++) {
        cursor->bad = types[i] >= counts->type;
        zone->offset_s[i] = cursor->bad ? 0 : offsets[types[i]];
    }
    take(cursor, counts->chars);
    take(cursor, counts->isstd);
    take(cursor, counts->isut);
    return !cursor->bad;
}

/* The next byte of the footer; 0 behind it and after a fault. */
static int peek(const struct cursor *cursor)
{
    return cursor->left > 0 && !cursor->bad ? *cursor->at : 0;
}

static bool accept(struct cursor *cursor, int byte)
{
    if (peek(cursor) != byte)
        return false;
    take(cursor, 1);
    return true;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static int take_int(struct cursor *cursor, int min, int max)
{
    int value = 0, digits = 0;
    for (; is_digit(peek(cursor)) && digits < 4; digits++)
        value = 10 * value + (*take(cursor, 1) - '0');
    if (digits == 0 || value < min || value > max)
        cursor->bad = true;
    return value;
}

/* [+-]h[hh][:mm[:ss]] in seconds. */
static int64_t take_time(struct cursor *cursor, int hours_max)
{
    bool minus = accept(cursor, '-');
    if (!minus)
        accept(cursor, '+');
    int64_t time_s = take_int(cursor, 0, hours_max) * INT64_C(3600);
    if (accept(cursor, ':'))
        time_s += take_int(cursor, 0, 59) * INT64_C(60);
    if (accept(cursor, ':'))
        time_s += take_int(cursor, 0, 59);
    return minus ? -time_s : time_s;
}

/* Letters, or anything in <>. */
static void skip_name(struct cursor *cursor)
{
    bool quoted = accept(cursor, '<');
    size_t size = 0;
    while (peek(cursor) != 0 &&
           (quoted ? peek(cursor) != '>' : (peek(cursor) | 0x20) >= 'a' && (peek(cursor) | 0x20) <= 'z')) {
        take(cursor, 1);
        size++;
    }
    if (size == 0 || (quoted && !accept(cursor, '>')))
        cursor->bad = true;
}

static struct rule_change take_change(struct cursor *cursor)
{
    struct rule_change change = {.kind = DAY_ZERO_BASED, .at_s = 2 * 3600};
    if (!accept(cursor, ','))
        cursor->bad = true;
    if (accept(cursor, 'M')) {
        change.kind = DAY_OF_MONTH_WEEK;
        change.month = take_int(cursor, 1, 12);
        accept(cursor, '.');
        change.week = take_int(cursor, 1, 5);
        accept(cursor, '.');
        change.day = take_int(cursor, 0, 6);
    } else if (accept(cursor, 'J')) {
        change.kind = DAY_JULIAN;
        change.day = take_int(cursor, 1, 365);
    } else {
        change.day = take_int(cursor, 0, 365);
    }
    if (accept(cursor, '/'))
        change.at_s = take_time(cursor, 167);
    return change;
}

static void take_rule(struct cursor *cursor, struct rule *rule)
{
    rule->given = true;
    skip_name(cursor);
    rule->standard_s = -take_time(cursor, 15);
    if (cursor->left == 0)
        return;
    rule->has_summer = true;
    skip_name(cursor);
    rule->summer_s = rule->standard_s + 3600;
    if (peek(cursor) != ',')
        rule->summer_s = -take_time(cursor, 15);
    rule->start = take_change(cursor);
    rule->end = take_change(cursor);
    if (cursor->left > 0)
        cursor->bad = true;
}

static bool take_footer(struct cursor *cursor, struct rule *rule)
{
    if (!accept(cursor, '\n'))
        return false;
    const unsigned char *end = memchr(cursor->at, '\n', cursor->left);
    if (!end)
        return false;
    struct cursor text = {cursor->at, (size_t)(end - cursor->at), false};
    if (text.left > 0)
        take_rule(&text, rule);
    return !text.bad;
}

struct br_zone *br_zone_read(const void *data, size_t size)
{
    struct br_zone *zone = calloc(1, sizeof *zone);
    if (!zone)
        return NULL;
    struct cursor cursor = {data, size, false};
    struct counts counts = take_header(&cursor);
    skip_block(&cursor, &counts);
    counts = take_header(&cursor);
    errno = EINVAL; /* without memory, calloc says so */
    if (take_transitions(&cursor, &counts, zone) && take_footer(&cursor, &zone->rule))
        return zone;
    br_zone_close(zone);
    return NULL;
}

/* Letters, digits, _ + - and single slashes between them: no way out of the folder. */
static bool is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t size = strlen(name);
    if (size == 0 || size > 100 || name[0] == '/' || name[size - 1] == '/')
        return false;
    return strspn(name, allowed) == size && !strstr(name, "//");
}

/* The file's bytes; NULL with errno set. A folder is no zone. */
static unsigned char *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    unsigned char *bytes = malloc(FILE_SIZE_MAX);
    *size = bytes ? fread(bytes, 1, FILE_SIZE_MAX, file) : 0;
    if (bytes && ferror(file)) {
        int error = errno == EISDIR ? ENOENT : errno;
        free(bytes);
        bytes = NULL;
        errno = error;
    }
    int error = errno;
    fclose(file);
    errno = error;
    return bytes;
}

struct br_zone *br_zone_open(const char *name)
{
    char path[160];
    if (!is_name(name)) {
        errno = ENOENT;
        return NULL;
    }
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    size_t size = 0;
    unsigned char *bytes = file_read(path, &size);
    if (!bytes) {
        errno = errno == ENOTDIR ? ENOENT : errno;
        return NULL;
    }
    struct br_zone *zone = br_zone_read(bytes, size);
    int error = errno;
    free(bytes);
    errno = error;
    return zone;
}

void br_zone_close(struct br_zone *zone)
{
    if (!zone)
        return;
    free(zone->at_s);
    free(zone->offset_s);
    free(zone);
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int64_t days_of(int year, int month, int day)
{
    return br_time_of_civil(year, month, day, 0, 0, 0) / DAY_MS;
}

/* Days since 1970 of the day in a year on which a rule changes the clocks. */
static int64_t change_day(const struct rule_change *change, int year)
{
    int64_t january = days_of(year, 1, 1);
    if (change->kind == DAY_ZERO_BASED)
        return january + change->day;
    if (change->kind == DAY_JULIAN) {
        bool leap = days_of(year, 3, 1) - january == 60;
        return january + change->day - 1 + (leap && change->day >= 60);
    }
    int64_t first = days_of(year, change->month, 1);
    int64_t next = change->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, change->month + 1, 1);
    int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday; 0 = Sunday */
    weekday += weekday < 0 ? 7 : 0;
    int64_t day = first + (change->day - weekday + 7) % 7 + 7 * (change->week - 1);
    return day < next ? day : day - 7; /* week 5: the last one */
}

/* The offset by the rule: what the last change at or before the instant made it. Where summer time ends and
 * begins in the same instant it never ends. */
static int64_t rule_offset_s(const struct rule *rule, int64_t at_s)
{
    if (!rule->has_summer)
        return rule->standard_s;
    at_s = at_s < RULE_END_S ? at_s : RULE_END_S;
    at_s = at_s > -RULE_END_S ? at_s : -RULE_END_S;
    int year = br_time_year(at_s * 1000);
    int64_t last_s = INT64_MIN, offset_s = rule->standard_s;
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t start_s = change_day(&rule->start, y) * DAY_S + rule->start.at_s - rule->standard_s;
        int64_t end_s = change_day(&rule->end, y) * DAY_S + rule->end.at_s - rule->summer_s;
        if (end_s <= at_s && end_s > last_s) {
            last_s = end_s;
            offset_s = rule->standard_s;
        }
        if (start_s <= at_s && start_s >= last_s) {
            last_s = start_s;
            offset_s = rule->summer_s;
        }
    }
    return offset_s;
}

int64_t br_zone_offset_ms(const struct br_zone *zone, int64_t utc_ms)
{
    int64_t at_s = floor_div(utc_ms, 1000);
    size_t low = 0, high = zone->count; /* the number of transitions at or before the instant */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->rule.given)
        return rule_offset_s(&zone->rule, at_s) * 1000;
    return (low == 0 ? zone->first_s : zone->offset_s[low - 1]) * 1000;
}

/* With the offset before a change of the clocks, a local time that happens twice gives its first instant, and
 * one that is skipped gives an instant as long after the change. Only a time that is wholly after the change
 * needs the offset after it, and it is told by giving itself back. */
int64_t br_zone_to_utc_ms(const struct br_zone *zone, int64_t local_ms)
{
    int64_t before = br_zone_offset_ms(zone, local_ms - OFFSET_MAX_MS);
    int64_t utc_ms = local_ms - before;
    int64_t after = br_zone_offset_ms(zone, utc_ms);
    if (after == before)
        return utc_ms;
    bool exists = br_zone_offset_ms(zone, local_ms - after) == after;
    return exists ? local_ms - after : utc_ms;
}

/* The local date of an instant, in days since 1970. Where clocks are set back over midnight, the date that
 * has begun goes on: days are one after the other and never return. */
static int64_t day_of(const struct br_zone *zone, int64_t utc_ms)
{
    int64_t day = floor_div(utc_ms + br_zone_offset_ms(zone, utc_ms), DAY_MS);
    return br_zone_to_utc_ms(zone, (day + 1) * DAY_MS) <= utc_ms ? day + 1 : day;
}

int64_t br_zone_day_start(const struct br_zone *zone, int64_t utc_ms)
{
    return br_zone_to_utc_ms(zone, day_of(zone, utc_ms) * DAY_MS);
}

int64_t br_zone_next_day_start(const struct br_zone *zone, int64_t utc_ms)
{
    return br_zone_to_utc_ms(zone, (day_of(zone, utc_ms) + 1) * DAY_MS);
}
