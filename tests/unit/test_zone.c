/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/zone.h"

#include "daemon/core/clock.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <time.h>

#define HOUR_MS INT64_C(3600000)

/* With an offset in the text an instant, without one a local time. */
static int64_t at(const char *text)
{
    int64_t ms = 0;
    if (!br_time_parse(br_view_of(text), &ms))
        ck_assert_msg(br_time_parse_local(br_view_of(text), &ms), "%s", text);
    return ms;
}

static struct br_zone *zone_open(const char *name)
{
    struct br_zone *zone = br_zone_open(name);
    ck_assert_msg(zone != NULL, "%s: %s", name, strerror(errno));
    return zone;
}

static void check_offset(const struct br_zone *zone, const char *instant, double hours)
{
    int64_t offset_ms = br_zone_offset_ms(zone, at(instant));
    ck_assert_msg(offset_ms == (int64_t)(hours * 3600000), "%s: %lld", instant, (long long)offset_ms);
}

static void check_local(const struct br_zone *zone, const char *local, const char *instant)
{
    char text[BR_TIME_TEXT_SIZE];
    br_time_format(br_zone_to_utc_ms(zone, at(local)), text);
    ck_assert_msg(strcmp(text, instant) == 0, "%s is %s, not %s", local, text, instant);
}

/* The local day that holds an instant. */
static void check_day(const struct br_zone *zone, const char *instant, const char *start, const char *next)
{
    char text[BR_TIME_TEXT_SIZE];
    br_time_format(br_zone_day_start(zone, at(instant)), text);
    ck_assert_msg(strcmp(text, start) == 0, "%s starts %s, not %s", instant, text, start);
    br_time_format(br_zone_next_day_start(zone, at(instant)), text);
    ck_assert_msg(strcmp(text, next) == 0, "%s ends %s, not %s", instant, text, next);
}

START_TEST(amsterdam_in_spring)
{
    struct br_zone *zone = zone_open("Europe/Amsterdam");
    check_offset(zone, "2026-03-29T00:59:59.999Z", 1);
    check_offset(zone, "2026-03-29T01:00:00Z", 2);
    check_local(zone, "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z");
    check_local(zone, "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"); /* skipped: 03:00 */
    check_local(zone, "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"); /* skipped: 03:30 */
    check_local(zone, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z");
    check_local(zone, "2026-03-29T03:30:00", "2026-03-29T01:30:00Z");
    check_day(zone, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check_day(zone, "2026-03-28T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check_day(zone, "2026-03-28T22:59:59.999Z", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z");
    check_day(zone, "2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z");
    ck_assert_int_eq(at("2026-03-29T22:00:00Z") - at("2026-03-28T23:00:00Z"), 23 * HOUR_MS);
    br_zone_close(zone);
}
END_TEST

START_TEST(amsterdam_in_autumn)
{
    struct br_zone *zone = zone_open("Europe/Amsterdam");
    check_offset(zone, "2026-10-25T00:59:59.999Z", 2);
    check_offset(zone, "2026-10-25T01:00:00Z", 1);
    check_local(zone, "2026-10-25T01:59:59", "2026-10-24T23:59:59Z");
    check_local(zone, "2026-10-25T02:00:00", "2026-10-25T00:00:00Z"); /* twice: the first */
    check_local(zone, "2026-10-25T02:59:59.999", "2026-10-25T00:59:59.999Z");
    check_local(zone, "2026-10-25T03:00:00", "2026-10-25T02:00:00Z");
    check_day(zone, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    check_day(zone, "2026-10-25T01:30:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    check_day(zone, "2026-10-24T21:59:59.999Z", "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z");
    ck_assert_int_eq(at("2026-10-25T23:00:00Z") - at("2026-10-24T22:00:00Z"), 25 * HOUR_MS);
    br_zone_close(zone);
}
END_TEST

START_TEST(the_footer_goes_on)
{
    struct br_zone *zone = zone_open("Europe/Amsterdam");
    check_offset(zone, "2050-03-27T00:59:59Z", 1); /* the last Sundays of 2050 */
    check_offset(zone, "2050-03-27T01:00:00Z", 2);
    check_offset(zone, "2050-07-01T00:00:00Z", 2);
    check_offset(zone, "2050-10-30T00:59:59Z", 2);
    check_offset(zone, "2050-10-30T01:00:00Z", 1);
    check_offset(zone, "2050-12-31T23:59:59Z", 1);
    check_local(zone, "2050-03-27T02:30:00", "2050-03-27T01:30:00Z");
    check_day(zone, "2050-03-27T12:00:00Z", "2050-03-26T23:00:00Z", "2050-03-27T22:00:00Z");
    br_zone_close(zone);
}
END_TEST

START_TEST(the_past_is_its_own)
{
    struct br_zone *zone = zone_open("Europe/Amsterdam");
    check_offset(zone, "1977-04-03T00:59:59Z", 1); /* summer time came back in 1977 */
    check_offset(zone, "1977-04-03T01:00:00Z", 2);
    check_offset(zone, "1976-07-01T00:00:00Z", 1);
    br_zone_close(zone);
}
END_TEST

START_TEST(the_south_has_its_summer_in_winter)
{
    struct br_zone *zone = zone_open("Australia/Sydney");
    check_offset(zone, "2026-01-01T00:00:00Z", 11);
    check_offset(zone, "2026-04-04T15:59:59Z", 11);
    check_offset(zone, "2026-04-04T16:00:00Z", 10);
    check_offset(zone, "2026-10-03T15:59:59Z", 10);
    check_offset(zone, "2026-10-03T16:00:00Z", 11);
    check_offset(zone, "2060-01-01T00:00:00Z", 11);
    check_offset(zone, "2060-07-01T00:00:00Z", 10);
    check_offset(zone, "2060-12-31T23:59:59Z", 11);
    check_local(zone, "2060-01-01T11:00:00", "2060-01-01T00:00:00Z");
    check_day(zone, "2026-04-05T00:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T14:00:00Z");
    br_zone_close(zone);
}
END_TEST

START_TEST(utc_is_utc)
{
    struct br_zone *zone = zone_open("UTC");
    check_offset(zone, "1900-01-01T00:00:00Z", 0);
    check_offset(zone, "2026-07-01T00:00:00Z", 0);
    check_offset(zone, "2500-07-01T00:00:00Z", 0);
    check_local(zone, "2026-07-01T10:20:30.456", "2026-07-01T10:20:30.456Z");
    check_day(zone, "1969-12-31T23:59:59.999Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z");
    check_day(zone, "2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z");
    br_zone_close(zone);
}
END_TEST

START_TEST(odd_zones)
{
    struct br_zone *zone = zone_open("Asia/Kathmandu");
    check_offset(zone, "2026-07-01T00:00:00Z", 5.75);
    br_zone_close(zone);
    zone = zone_open("Pacific/Apia"); /* 2011-12-30 was skipped whole */
    check_local(zone, "2011-12-29T23:59:59", "2011-12-30T09:59:59Z");
    check_local(zone, "2011-12-31T00:00:00", "2011-12-30T10:00:00Z");
    check_day(zone, "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
    check_day(zone, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
    br_zone_close(zone);
    zone = zone_open("America/Sao_Paulo"); /* 2018-11-04 began at 01:00; 2018-02-17 had 23:00 twice */
    check_day(zone, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    check_day(zone, "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z");
    br_zone_close(zone);
    zone = zone_open("America/St_Johns"); /* 2006-10-29: at 00:01 back to 23:01; the day that began goes on */
    check_day(zone, "2006-10-29T02:30:30Z", "2006-10-29T02:30:00Z", "2006-10-30T03:30:00Z");
    check_day(zone, "2006-10-29T03:00:00Z", "2006-10-29T02:30:00Z", "2006-10-30T03:30:00Z");
    check_day(zone, "2006-10-29T02:29:59Z", "2006-10-28T02:30:00Z", "2006-10-29T02:30:00Z");
    br_zone_close(zone);
}
END_TEST

static const char *const zones[] = {
    "Europe/Amsterdam",    "Europe/Dublin",
    "Europe/London",       "Australia/Sydney",
    "Australia/Lord_Howe", "America/New_York",
    "America/St_Johns",    "America/Sao_Paulo",
    "America/Nuuk",        "America/Santiago",
    "Africa/Casablanca",   "Africa/Cairo",
    "Asia/Kathmandu",      "Asia/Gaza",
    "Pacific/Apia",        "Pacific/Chatham",
    "Antarctica/Troll",    "UTC",
    "Etc/GMT+12",          "EST5EDT",
};

/* Instants from 1950 to 2200, some of them close to each other. */
static int64_t instant_ms(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    int64_t span_s = at("2200-01-01T00:00:00Z") / 1000 - at("1950-01-01T00:00:00Z") / 1000;
    return (at("1950-01-01T00:00:00Z") / 1000 + (int64_t)((*state >> 20) % (uint64_t)span_s)) * 1000;
}

START_TEST(offsets_are_the_c_librarys)
{
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct br_zone *zone = zone_open(zones[i]);
        setenv("TZ", zones[i], 1);
        tzset();
        for (int j = 0; j < 20000; j++) {
            int64_t utc_ms = instant_ms(&state);
            time_t seconds = (time_t)(utc_ms / 1000);
            struct tm tm;
            ck_assert_ptr_nonnull(localtime_r(&seconds, &tm));
            int64_t offset_ms = br_zone_offset_ms(zone, utc_ms);
            ck_assert_msg(offset_ms == tm.tm_gmtoff * 1000, "%s at %lld", zones[i], (long long)seconds);
        }
        br_zone_close(zone);
    }
}
END_TEST

/* Every instant lies in one day; its local time leads back to it, or to the same time an hour or so before.
 */
START_TEST(days_follow_each_other)
{
    uint64_t state = 2;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct br_zone *zone = zone_open(zones[i]);
        for (int j = 0; j < 5000; j++) {
            int64_t utc_ms = instant_ms(&state);
            int64_t start = br_zone_day_start(zone, utc_ms), next = br_zone_next_day_start(zone, utc_ms);
            ck_assert_msg(start <= utc_ms && utc_ms < next, "%s at %lld", zones[i], (long long)utc_ms);
            ck_assert_int_ge(next - start, 21 * HOUR_MS);
            ck_assert_int_le(next - start, 27 * HOUR_MS);
            ck_assert_int_eq(br_zone_day_start(zone, next), next);
            ck_assert_int_eq(br_zone_next_day_start(zone, next - 1), next);
            ck_assert_int_eq(br_zone_day_start(zone, start - 1), br_zone_day_start(zone, start - 1000));
            int64_t local_ms = utc_ms + br_zone_offset_ms(zone, utc_ms);
            int64_t back = br_zone_to_utc_ms(zone, local_ms);
            ck_assert_int_le(back, utc_ms);
            ck_assert_int_eq(back + br_zone_offset_ms(zone, back), local_ms);
        }
        br_zone_close(zone);
    }
}
END_TEST

START_TEST(unknown_and_unsafe_names)
{
    static const char *const names[] = {
        "",
        "/",
        "Europe",
        "Europe/",
        "/Europe/Amsterdam",
        "Europe//Amsterdam",
        "../passwd",
        "Europe/../UTC",
        "Europe/Atlantis",
        "europe/amsterdam ",
        "CET-1CEST",
        ":UTC",
        "UTC/x",
        "a\nb",
        "%s",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        errno = 0;
        ck_assert_msg(br_zone_open(names[i]) == NULL, "%s", names[i]);
        ck_assert_msg(errno == ENOENT, "%s: %s", names[i], strerror(errno));
    }
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_ptr_null(br_zone_open(name));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_table_is_no_zone)
{
    errno = 0;
    ck_assert_ptr_null(br_zone_open("tzdata.zi"));
    ck_assert_int_eq(errno, ENOENT); /* the dot */
    ck_assert_ptr_null(br_zone_open("leapseconds"));
    ck_assert_int_eq(errno, EINVAL);
    br_zone_close(NULL);
}
END_TEST

/* A TZif file with one type, no transition and a footer. */
static size_t tzif_make(unsigned char *file, const char *footer)
{
    static const unsigned char header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
    static const unsigned char type[6] = {0, 0, 14, 16, 0, 0}; /* 3600 s */
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        memcpy(file + size, header, sizeof header);
        memcpy(file + size + 44, type, sizeof type);
        memcpy(file + size + 50, "XYZ", 4);
        size += 54;
    }
    file[size++] = '\n';
    memcpy(file + size, footer, strlen(footer));
    size += strlen(footer);
    file[size++] = '\n';
    return size;
}

static struct br_zone *rule_open(const char *footer)
{
    unsigned char file[512];
    size_t size = tzif_make(file, footer);
    return br_zone_read(file, size);
}

START_TEST(rules_of_every_form)
{
    struct br_zone *zone = rule_open("");
    check_offset(zone, "2026-07-01T00:00:00Z", 1); /* no rule: the last type goes on */
    br_zone_close(zone);
    zone = rule_open("<-0330>3:30");
    check_offset(zone, "2026-07-01T00:00:00Z", -3.5);
    br_zone_close(zone);
    zone = rule_open("AAA+1BBB-1:30:36,J60,J300/0");
    check_offset(zone, "2024-03-01T02:59:59Z", -1); /* J60 is 1 March, in leap years too */
    check_offset(zone, "2024-03-01T03:00:00Z", 1.51);
    check_offset(zone, "2023-03-01T03:00:00Z", 1.51);
    check_offset(zone, "2024-10-26T22:29:23Z", 1.51); /* J300 is 27 October */
    check_offset(zone, "2024-10-26T22:29:24Z", -1);
    br_zone_close(zone);
    zone = rule_open("AAA0BBB,59/0,299/0");
    check_offset(zone, "2024-02-28T23:59:59Z", 0); /* zero-based 59 is 29 February in a leap year */
    check_offset(zone, "2024-02-29T00:00:00Z", 1);
    check_offset(zone, "2023-02-28T23:59:59Z", 0);
    check_offset(zone, "2023-03-01T00:00:00Z", 1);
    br_zone_close(zone);
    zone = rule_open("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    check_offset(zone, "2026-03-29T00:59:59Z", -2);
    check_offset(zone, "2026-03-29T01:00:00Z", -1);
    br_zone_close(zone);
    zone = rule_open("XXX3EDT4,0/0,J365/23"); /* the example of RFC 8536: summer time all year */
    check_offset(zone, "2026-01-01T02:59:59Z", -4);
    check_offset(zone, "2026-01-01T03:00:00Z", -4);
    check_offset(zone, "2026-12-31T23:59:59Z", -4);
    br_zone_close(zone);
    zone =
        rule_open("IST-2IDT,M3.4.4/26,M10.5.0"); /* the Friday before the last Sunday of March, as it were */
    check_offset(zone, "2026-03-26T23:59:59Z", 2);
    check_offset(zone, "2026-03-27T00:00:00Z", 3);
    br_zone_close(zone);
    zone = rule_open("AAA0BBB,M12.5.0,M1.1.0"); /* summer over the new year */
    check_offset(zone, "2026-12-31T00:00:00Z", 1);
    check_offset(zone, "2027-01-02T00:00:00Z", 1);
    check_offset(zone, "2027-01-04T00:00:00Z", 0);
    br_zone_close(zone);
}
END_TEST

START_TEST(bad_rules_are_refused)
{
    static const char *const footers[] = {
        "C",
        "CET",
        "-1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M13.5.0,M10.5.0/3",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,J0,J1",
        "CET-1CEST,J366,J1",
        "CET-1CEST,366,1",
        "<+01-1",
        "<>-1",
        "CET-16",
        "CET-1:60",
        "CET-1CEST,M3.5.0/,J1",
        "CET-1CEST M3.5.0,M10.5.0",
        "CET-00001",
    };
    for (size_t i = 0; i < sizeof footers / sizeof footers[0]; i++) {
        errno = 0;
        ck_assert_msg(rule_open(footers[i]) == NULL, "%s", footers[i]);
        ck_assert_int_eq(errno, EINVAL);
    }
}
END_TEST

START_TEST(damaged_files_are_refused)
{
    unsigned char file[512];
    size_t size = tzif_make(file, "CET-1CEST,M3.5.0,M10.5.0/3");
    struct br_zone *zone = br_zone_read(file, size);
    ck_assert_ptr_nonnull(zone);
    br_zone_close(zone);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *exact = malloc(cut + 1);
        memcpy(exact, file, cut);
        ck_assert_msg(br_zone_read(exact, cut) == NULL, "cut at %zu", cut);
        ck_assert_int_eq(errno, EINVAL);
        free(exact);
    }
    static const struct {
        size_t at;
        unsigned char value;
    } changes[] = {
        {0, 'X'},       {4, 0},       {4, '1'},     {54, 'X'},      {54 + 31, 1}, {54 + 35, 1},
        {54 + 36, 255}, {54 + 39, 0}, {54 + 39, 2}, {54 + 40, 255}, {54 + 44, 1},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        unsigned char held = file[changes[i].at];
        file[changes[i].at] = changes[i].value;
        ck_assert_msg(br_zone_read(file, size) == NULL, "byte %zu", changes[i].at);
        file[changes[i].at] = held;
    }
}
END_TEST

/* No byte of a real file may make it crash, whatever it turns into. */
START_TEST(any_bytes_are_survived)
{
    static unsigned char file[65536];
    FILE *from = fopen("/usr/share/zoneinfo/Europe/Amsterdam", "rb");
    ck_assert_ptr_nonnull(from);
    size_t size = fread(file, 1, sizeof file, from);
    fclose(from);
    uint64_t state = 3;
    for (size_t i = 0; i < size; i++) {
        unsigned char held = file[i];
        file[i] = (unsigned char)(held ^ (1u << (i % 8)));
        struct br_zone *zone = br_zone_read(file, size);
        if (zone) {
            br_zone_offset_ms(zone, instant_ms(&state));
            br_zone_next_day_start(zone, instant_ms(&state));
        }
        br_zone_close(zone);
        file[i] = held;
    }
}
END_TEST

START_TEST(the_ends_of_time)
{
    struct br_zone *zone = zone_open("Europe/Amsterdam");
    ck_assert_int_eq(br_zone_offset_ms(zone, INT64_MAX), HOUR_MS); /* as at the end of the year 9998 */
    ck_assert_int_lt(br_zone_offset_ms(zone, INT64_MIN), HOUR_MS);
    br_zone_close(zone);
    zone = rule_open("CET-1CEST,M3.5.0,M10.5.0/3");
    ck_assert_int_ge(br_zone_offset_ms(zone, INT64_MIN), 0);
    br_zone_close(zone);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, amsterdam_in_spring);
    tcase_add_test(tcase, amsterdam_in_autumn);
    tcase_add_test(tcase, the_footer_goes_on);
    tcase_add_test(tcase, the_past_is_its_own);
    tcase_add_test(tcase, the_south_has_its_summer_in_winter);
    tcase_add_test(tcase, utc_is_utc);
    tcase_add_test(tcase, odd_zones);
    tcase_add_test(tcase, offsets_are_the_c_librarys);
    tcase_add_test(tcase, days_follow_each_other);
    tcase_add_test(tcase, unknown_and_unsafe_names);
    tcase_add_test(tcase, a_table_is_no_zone);
    tcase_add_test(tcase, rules_of_every_form);
    tcase_add_test(tcase, bad_rules_are_refused);
    tcase_add_test(tcase, damaged_files_are_refused);
    tcase_add_test(tcase, any_bytes_are_survived);
    tcase_add_test(tcase, the_ends_of_time);
}

UNIT_MAIN("zone", tests)
