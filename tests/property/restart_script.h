/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A script for the journal: hours of random messages and a tick for each second, all of it from a seed. Four
 * feeds: p (car parks), t (loops), w (pedestrians) as JSON, j (jams, each message all there are) as DATEX II.
 * Readings come late, twice, corrected, out of order, too late, cut short; some are taken back; there is an
 * outage of 400 s. */
#ifndef BR_TESTS_RESTART_SCRIPT_H
#define BR_TESTS_RESTART_SCRIPT_H

#include "tests/unit/unit.h"

#include <inttypes.h>

#include "daemon/core/clock.h"
#include "daemon/flow/withdrawal.h"
#include "daemon/in/journal.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS INT64_C(60000)
#define BEGIN_UTC_MS INT64_C(1787085600000) /* 2026-08-18T20:40:00Z; in Amsterdam the day ends at 22:00 */
#define SENSORS 7
#define JAMS 5
#define REPEATED 64 /* a repeated message is one of the last ones */
#define OUTAGE_S 400
#define LARGE 70000

/* splitmix64 */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 to below `below`. */
static inline int64_t random_below(uint64_t *state, int64_t below)
{
    return (int64_t)(random_next(state) % (uint64_t)below);
}

static inline bool random_chance(uint64_t *state, int percent)
{
    return random_below(state, 100) < percent;
}

/* ---- what arrives */

struct script_entry {
    enum br_entry_type type;
    int64_t at_utc_ms;
    const char *feed; /* constant */
    char *topic, *payload;
};

struct script {
    struct script_entry *at;
    size_t count, capacity;
};

/* Takes topic and payload. */
static inline void script_add(struct script *script, struct script_entry entry)
{
    if (script->count == script->capacity) {
        script->capacity = script->capacity ? 2 * script->capacity : 1024;
        script->at = realloc(script->at, script->capacity * sizeof *script->at);
        ck_assert_ptr_nonnull(script->at);
    }
    script->at[script->count++] = entry;
}

static inline void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        free(script->at[i].topic);
        free(script->at[i].payload);
    }
    free(script->at);
}

/* ---- a script */

struct maker {
    struct script *script;
    uint64_t random;
    int64_t begin_utc_ms, now_utc_ms;
    int64_t span_s;
};

/* How long a reading was under way: mostly not long, sometimes nearly too long, sometimes too long. */
static inline int64_t make_delay(struct maker *maker)
{
    static const int64_t most_ms[] = {3000, 3000, 3000, 3000, 3000, 3000, 120000, 120000, 3600000, 4000000};
    return random_below(&maker->random, most_ms[random_below(&maker->random, 10)]);
}

/* s0 (and s1 of p and t) are the operator's; s2 and s3 say where they are, s4 late in the run, s5 moves
 * halfway, s6 never says it. */
static inline void make_place(struct maker *maker, char *text, size_t size, int64_t sensor)
{
    int64_t part = (maker->now_utc_ms - maker->begin_utc_ms) * 100 / (maker->span_s * SECOND_MS);
    int64_t lon = 502 + 9 * sensor; /* in 1/100 */
    *text = '\0';
    if (sensor < 2 || sensor == 6 || (sensor == 4 && part < 40) || random_chance(&maker->random, 20))
        return;
    if (sensor == 5 && part >= 50)
        lon -= 30;
    snprintf(text, size, ",\"lat\":52.05,\"lon\":%" PRId64 ".%02" PRId64, lon / 100, lon % 100);
}

#define MAYBE(percent, ...)                                                                                  \
    if (random_chance(&maker->random, percent))                                                              \
    fprintf(to, __VA_ARGS__)

static inline void make_parking(struct maker *maker, FILE *to)
{
    uint64_t *r = &maker->random;
    int64_t capacity = 50 + 50 * random_below(r, 3);
    MAYBE(70, ",\"capacity\":%" PRId64, capacity);
    MAYBE(95, ",\"vacant\":%" PRId64, random_below(r, capacity));
    MAYBE(20, ",\"in\":%" PRId64, random_below(r, 30));
    MAYBE(20, ",\"out\":%" PRId64, random_below(r, 30));
    MAYBE(30, ",\"open\":%s", random_chance(r, 85) ? "true" : "false");
}

static inline void make_traffic(struct maker *maker, FILE *to)
{
    uint64_t *r = &maker->random;
    MAYBE(90, ",\"flow\":%" PRId64, 60 * random_below(r, 60));
    MAYBE(80, ",\"speed\":%" PRId64, random_below(r, 130));
    fprintf(to, ",\"period\":%d", random_chance(r, 85) ? 60 : random_chance(r, 50) ? 300 : 900);
}

static inline void make_walk(struct maker *maker, FILE *to)
{
    uint64_t *r = &maker->random;
    if (random_chance(r, 50))
        fprintf(to, ",\"count\":%" PRId64, random_below(r, 200));
    else
        fprintf(to, ",\"in\":%" PRId64 ",\"out\":%" PRId64, random_below(r, 90), random_below(r, 90));
    MAYBE(30, ",\"presence\":%" PRId64, random_below(r, 40));
    fprintf(to, ",\"period\":%d", random_chance(r, 80) ? 60 : random_chance(r, 50) ? 180 : 3600);
}

static inline void add_message(struct maker *maker, const char *feed, char *topic, char *payload)
{
    script_add(maker->script,
               (struct script_entry){BR_ENTRY_MESSAGE, maker->now_utc_ms - random_below(&maker->random, 20),
                                     feed, topic, payload});
}

static inline char *copy(const char *text)
{
    char *copied = strdup(text);
    ck_assert_ptr_nonnull(copied);
    return copied;
}

static inline void make_reading(struct maker *maker, const char *feed, int64_t at_utc_ms, int64_t sensor)
{
    char topic[16], place[64], *payload = NULL;
    size_t size;
    FILE *to = open_memstream(&payload, &size);
    ck_assert_ptr_nonnull(to);
    make_place(maker, place, sizeof place, sensor);
    fprintf(to, "{\"t\":%" PRId64 "%s", at_utc_ms, place);
    if (*feed == 'p')
        make_parking(maker, to);
    else if (*feed == 't')
        make_traffic(maker, to);
    else
        make_walk(maker, to);
    fputs(random_chance(&maker->random, 99) ? "}" : "", to); /* some are cut short */
    ck_assert_int_eq(fclose(to), 0);
    snprintf(topic, sizeof topic, "%s/s%" PRId64, feed, sensor);
    add_message(maker, feed, copy(topic), payload);
}

/* A reading, and sometimes another one of the same time. */
static inline void make_readings(struct maker *maker, const char *feed)
{
    int64_t sensor = random_below(&maker->random, SENSORS), at = maker->now_utc_ms - make_delay(maker);
    if (random_chance(&maker->random, 60))
        at -= at % MINUTE_MS;
    if (random_chance(&maker->random, 1))
        at += 100 * SECOND_MS; /* what has not been yet is not believed */
    make_reading(maker, feed, at, sensor);
    if (random_chance(&maker->random, 8))
        make_reading(maker, feed, at, sensor);
}

#define DATEX                                                                                                \
    "<p:payload xmlns:p=\"http://datex2.eu/schema/3/d2Payload\" "                                            \
    "xmlns:c=\"http://datex2.eu/schema/3/common\" "                                                          \
    "xmlns:l=\"http://datex2.eu/schema/3/locationReferencing\" "                                             \
    "xmlns:s=\"http://datex2.eu/schema/3/situation\" "                                                       \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"s:SituationPublication\" "           \
    "modelBaseVersion=\"3\">"

static inline void make_jam(struct maker *maker, FILE *to, int64_t number, int64_t at_utc_ms)
{
    char since[BR_TIME_TEXT_SIZE], at[BR_TIME_TEXT_SIZE];
    br_time_format(at_utc_ms - 10 * MINUTE_MS, since);
    br_time_format(at_utc_ms, at);
    fprintf(to,
            "<s:situation id=\"S%" PRId64
            "\"><s:situationRecord xsi:type=\"s:AbnormalTraffic\" id=\"R%" PRId64 "\" version=\"%" PRId64
            "\"><s:situationRecordVersionTime>%s</s:situationRecordVersionTime>"
            "<s:validity><c:validityStatus>active</c:validityStatus><c:validityTimeSpecification>"
            "<c:overallStartTime>%s</c:overallStartTime></c:validityTimeSpecification></s:validity>",
            number, number, 1 + random_below(&maker->random, 3), at, since);
    MAYBE(70, "<s:impact><s:delays><s:delayTimeValue>%" PRId64 "</s:delayTimeValue></s:delays></s:impact>",
          random_below(&maker->random, 900));
    MAYBE(80,
          "<s:locationReference xsi:type=\"l:PointLocation\"><l:pointByCoordinates><l:pointCoordinates>"
          "<l:latitude>52.02</l:latitude><l:longitude>5.%02" PRId64 "</l:longitude></l:pointCoordinates>"
          "</l:pointByCoordinates></s:locationReference>",
          3 + 5 * number);
    fputs("<s:abnormalTrafficType>queuingTraffic</s:abnormalTrafficType>", to);
    MAYBE(80, "<s:queueLength>%" PRId64 "</s:queueLength>", 100 * random_below(&maker->random, 50));
    fputs("</s:situationRecord></s:situation>", to);
}

/* All jams there are at a time. */
static inline void make_snapshot(struct maker *maker)
{
    int64_t at_utc_ms = maker->now_utc_ms - make_delay(maker);
    char at[BR_TIME_TEXT_SIZE], *payload = NULL;
    size_t size;
    FILE *to = open_memstream(&payload, &size);
    ck_assert_ptr_nonnull(to);
    br_time_format(at_utc_ms, at);
    fprintf(to, DATEX "<c:publicationTime>%s</c:publicationTime>", at);
    for (int64_t number = 0; number < JAMS; number++)
        if (random_chance(&maker->random, 60))
            make_jam(maker, to, number, at_utc_ms);
    if (random_chance(&maker->random, 5)) /* large ones are decoded on a thread */
        fprintf(to, "<!--%*s-->", LARGE, "");
    fputs("</p:payload>", to);
    ck_assert_int_eq(fclose(to), 0);
    add_message(maker, "j", copy("j"), payload);
}

/* A message once more, as a broker does. */
static inline void repeat_message(struct maker *maker)
{
    struct script *script = maker->script;
    size_t back = 1 + (size_t)random_below(&maker->random, REPEATED);
    if (back > script->count || script->at[script->count - back].type != BR_ENTRY_MESSAGE)
        return;
    const struct script_entry entry = script->at[script->count - back];
    add_message(maker, entry.feed, copy(entry.topic), copy(entry.payload));
}

/* The operator takes a sensor's readings of some minutes back. */
static inline void withdraw(struct maker *maker)
{
    static const char *const feeds[] = {"p", "t", "w"};
    struct br_withdrawal withdrawal = {.to_utc_ms = maker->now_utc_ms - make_delay(maker)};
    withdrawal.from_utc_ms = withdrawal.to_utc_ms - random_below(&maker->random, 600 * SECOND_MS);
    snprintf(withdrawal.sensor, sizeof withdrawal.sensor, "s%" PRId64, random_below(&maker->random, SENSORS));
    char *payload = br_withdrawal_print(&withdrawal);
    ck_assert_ptr_nonnull(payload);
    script_add(maker->script, (struct script_entry){BR_ENTRY_WITHDRAW, maker->now_utc_ms,
                                                    feeds[random_below(&maker->random, 3)], NULL, payload});
}

static inline void make_second(struct maker *maker)
{
    if (random_chance(&maker->random, 25))
        make_readings(maker, "p");
    if (random_chance(&maker->random, 35))
        make_readings(maker, "t");
    if (random_chance(&maker->random, 25))
        make_readings(maker, "w");
    if (random_chance(&maker->random, 2))
        make_snapshot(maker);
    if (random_chance(&maker->random, 8))
        repeat_message(maker);
    if (random_below(&maker->random, 500) == 0)
        withdraw(maker);
}

/* At the end every domain is heard once more, so that all that is live is told. */
static inline void make_script(struct script *script, uint64_t seed, int64_t span_s)
{
    struct maker maker = {.script = script, .random = seed, .span_s = span_s};
    maker.begin_utc_ms = maker.now_utc_ms = BEGIN_UTC_MS + random_below(&maker.random, 1200 * SECOND_MS);
    int64_t outage_s = random_below(&maker.random, span_s), outage_end_s = outage_s + OUTAGE_S;
    for (int64_t second = 0; second <= span_s; second++, maker.now_utc_ms += SECOND_MS) {
        if (second >= outage_s && second < outage_end_s)
            continue;
        make_second(&maker);
        if (second == span_s) {
            make_reading(&maker, "p", maker.now_utc_ms, 2);
            make_reading(&maker, "t", maker.now_utc_ms, 2);
            make_reading(&maker, "w", maker.now_utc_ms, 2);
            make_snapshot(&maker);
        }
        script_add(script, (struct script_entry){.type = BR_ENTRY_TICK, .at_utc_ms = maker.now_utc_ms});
    }
}

#endif
