/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Readings and figures as one line of text, for the tests of the flow. */
#ifndef BR_TESTS_FIGURE_TEXT_H
#define BR_TESTS_FIGURE_TEXT_H

#include "daemon/core/clock.h"
#include "daemon/flow/reading.h"
#include "adapters/adapter.h"

#include "bruis/v1/figure.pb-c.h"

#include "tests/unit/unit.h"

/* A time of 2026-08-18, or one with a date. */
static inline int64_t time_of(const char *text)
{
    char full[48];
    int64_t utc_ms = 0;
    snprintf(full, sizeof full, strchr(text, 'T') ? "%s" : "2026-08-18T%sZ", text);
    if (!br_time_parse(br_view_of(full), &utc_ms))
        ck_abort_msg("no time: %s", text);
    return utc_ms;
}

/* ---- readings */

/* One observation and its parts; it points into itself. */
struct said {
    char sensor[64];
    Bruis__V1__Observation observation;
    Bruis__V1__Parking parking;
    Bruis__V1__Traffic traffic;
    Bruis__V1__Jam jam;
    Bruis__V1__Pedestrian pedestrian;
    Bruis__V1__Flag flags[2];
    struct br_place place;
    int64_t received_at_utc_ms;
};

#define SAID_WORD(name, part, field, type)                                                                   \
    if (strcmp(key, name) == 0) {                                                                            \
        said->part.has_##field = true;                                                                       \
        said->part.field = (type)strtod(value, NULL);                                                        \
        return;                                                                                              \
    }

static inline void said_place(struct said *said, bool known, double lat, double lon)
{
    said->observation.has_lat = said->observation.has_lon = known;
    said->observation.lat = lat;
    said->observation.lon = lon;
}

static inline void said_pair(struct said *said, const char *key, const char *value, char what)
{
    SAID_WORD("lat", observation, lat, double)
    SAID_WORD("lon", observation, lon, double)
    SAID_WORD("capacity", parking, capacity, int32_t)
    SAID_WORD("vacant", parking, vacant, int32_t)
    SAID_WORD("occupied", parking, occupied, int32_t)
    SAID_WORD("entries", parking, entries, int32_t)
    SAID_WORD("exits", parking, exits, int32_t)
    SAID_WORD("full", parking, full, int)
    SAID_WORD("flow", traffic, flow_veh_h, double)
    SAID_WORD("speed", traffic, speed_km_h, double)
    SAID_WORD("length", jam, length_m, double)
    SAID_WORD("delay", jam, delay_s, double)
    SAID_WORD("version", jam, version, int64_t)
    SAID_WORD("count", pedestrian, count, int64_t)
    SAID_WORD("in", pedestrian, count_in, int64_t)
    SAID_WORD("out", pedestrian, count_out, int64_t)
    SAID_WORD("presence", pedestrian, presence, int64_t)
    if (strcmp(key, "period") == 0) {
        said->traffic.has_period_s = said->pedestrian.has_period_s = true;
        said->traffic.period_s = said->pedestrian.period_s = strtod(value, NULL);
    } else if (strcmp(key, "valid_to") == 0) {
        said->jam.has_valid_to = true;
        said->jam.valid_to = time_of(value);
    } else if (strcmp(key, "received") == 0) {
        said->received_at_utc_ms = strcmp(value, "never") == 0 ? BR_TIME_NONE : time_of(value);
    } else if (strcmp(key, "gm") == 0) {
        said_place(said, true, 52.05, 4.95 + 0.1 * strtod(value, NULL));
    } else {
        ck_abort_msg("no key of a %c: %s", what, key);
    }
}

static inline void said_word(struct said *said, const char *word)
{
    Bruis__V1__Observation *observation = &said->observation;
    if (strcmp(word, "closed") == 0 || strcmp(word, "open") == 0) {
        said->parking.has_state = true;
        said->parking.state =
            *word == 'c' ? BRUIS__V1__PARKING__STATE__closed : BRUIS__V1__PARKING__STATE__open;
    } else if (strcmp(word, "space") == 0) {
        said->parking.has_kind = true;
        said->parking.kind = BRUIS__V1__PARKING_KIND__space;
    } else if (strcmp(word, "ended") == 0 || strcmp(word, "active") == 0) {
        said->jam.has_state = true;
        said->jam.state = *word == 'e' ? BRUIS__V1__JAM__STATE__ended : BRUIS__V1__JAM__STATE__active;
    } else if (strcmp(word, "partial") == 0) {
        said->flags[observation->n_quality++] = BRUIS__V1__FLAG__partial;
    } else if (strcmp(word, "estimated") == 0) {
        said->flags[observation->n_quality++] = BRUIS__V1__FLAG__estimated;
    } else if (strcmp(word, "nowhere") == 0) {
        said_place(said, false, 0, 0);
    } else if (strcmp(word, "outside") == 0) {
        said_place(said, true, 40, 20);
    } else {
        ck_abort_msg("no word of a reading: %s", word);
    }
}

/* "SENSOR TIME key=value... word...": what is p (parking), t (traffic), j (jam) or w (pedestrian). It lies in
 * gm0001 (gm=1) and arrives after a second where nothing else is said. */
static inline void said_read(struct said *said, const char *line, char what)
{
    char text[256], *after = NULL;
    snprintf(text, sizeof text, "%s", line);
    *said = (struct said){.observation = BRUIS__V1__OBSERVATION__INIT,
                          .parking = BRUIS__V1__PARKING__INIT,
                          .traffic = BRUIS__V1__TRAFFIC__INIT,
                          .jam = BRUIS__V1__JAM__INIT,
                          .pedestrian = BRUIS__V1__PEDESTRIAN__INIT};
    snprintf(said->sensor, sizeof said->sensor, "%s", strtok_r(text, " ", &after));
    said->observation.sensor = said->sensor;
    said->observation.has_observed_at = true;
    said->observation.observed_at = time_of(strtok_r(NULL, " ", &after));
    said->observation.quality = said->flags;
    said->received_at_utc_ms = said->observation.observed_at + 1000;
    said->observation.parking = what == 'p' ? &said->parking : NULL;
    said->observation.traffic = what == 't' ? &said->traffic : NULL;
    said->observation.jam = what == 'j' ? &said->jam : NULL;
    said->observation.pedestrian = what == 'w' ? &said->pedestrian : NULL;
    said_place(said, true, 52.05, 5.05);
    for (char *word; (word = strtok_r(NULL, " ", &after));) {
        char *value = strchr(word, '=');
        if (value) {
            *value++ = '\0';
            said_pair(said, word, value, what);
        } else {
            said_word(said, word);
        }
    }
}

/* The reading of a line, whose feed reports every minute. */
static inline struct br_reading reading_of(const char *line, char what)
{
    struct said said;
    struct br_reading reading;
    said_read(&said, line, what);
    const char *fault = br_reading_of(&said.observation, 60000, &reading);
    if (fault)
        ck_abort_msg("%s: %s", line, fault);
    return reading;
}

/* ---- figures */

static inline const char *domain_word(Bruis__V1__Domain domain)
{
    return domain == BRUIS__V1__DOMAIN__parking   ? "parking"
           : domain == BRUIS__V1__DOMAIN__traffic ? "traffic"
                                                  : "pedestrian";
}

static inline void put_number(FILE *to, const char *name, bool has, double value)
{
    if (has)
        fprintf(to, "%s=%.10g ", name, value);
}

#define PUT(part, name) put_number(to, #name, (part)->has_##name, (double)(part)->name)

static inline void put_time(FILE *to, const char *name, bool has, int64_t utc_ms)
{
    char text[BR_TIME_TEXT_SIZE];
    if (!has)
        return;
    br_time_format(utc_ms, text);
    fprintf(to, "%s=%s ", name, text);
}

static inline void put_parking(FILE *to, const Bruis__V1__ParkingFigure *p)
{
    PUT(p, capacity), PUT(p, vacant), PUT(p, occupied), PUT(p, occupancy), PUT(p, vacant_min);
    PUT(p, vacant_max), PUT(p, vacant_mean), PUT(p, occupancy_mean), PUT(p, open), PUT(p, closed);
    PUT(p, full), PUT(p, entries), PUT(p, exits), PUT(p, fill_rate_per_h);
}

static inline void put_traffic(FILE *to, const Bruis__V1__TrafficFigure *t)
{
    PUT(t, sites), PUT(t, vehicles), PUT(t, flow_veh_h), PUT(t, speed_km_h), PUT(t, sites_slow);
    PUT(t, slow_share), PUT(t, jams), PUT(t, queue_length_m), PUT(t, delay_s), PUT(t, queue_km_min);
}

static inline void put_pedestrian(FILE *to, const Bruis__V1__PedestrianFigure *w)
{
    PUT(w, sensors), PUT(w, passages), PUT(w, passages_in), PUT(w, passages_out), PUT(w, per_hour);
    PUT(w, presence), PUT(w, margin);
}

/* "revision=0 quality=good expected=1 ... vacant=30 ": what is unknown is not there. */
static inline const char *figure_text(const Bruis__V1__Figure *figure, char *text, size_t size)
{
    static const char *const qualities[] = {"none", "good", "partial", "stale", "estimated", "protected"};
    FILE *to = fmemopen(text, size, "w");
    ck_assert_ptr_nonnull(to);
    fprintf(to, "revision=%u quality=%s ", figure->revision, qualities[figure->quality]);
    put_time(to, "start", figure->has_start, figure->start);
    put_time(to, "end", figure->has_end, figure->end);
    if (figure->coverage) {
        PUT(figure->coverage, expected), PUT(figure->coverage, reporting), PUT(figure->coverage, weight);
        put_time(to, "oldest", figure->coverage->has_oldest, figure->coverage->oldest);
        put_time(to, "newest", figure->coverage->has_newest, figure->coverage->newest);
    }
    if (figure->parking)
        put_parking(to, figure->parking);
    if (figure->traffic)
        put_traffic(to, figure->traffic);
    if (figure->pedestrian)
        put_pedestrian(to, figure->pedestrian);
    ck_assert_int_eq(fclose(to), 0);
    return text;
}

/* Each word of `wanted` is in the figure's text; "!name": no value of that name is. Times may lack their
 * date.
 */
static inline void expect_figure(const Bruis__V1__Figure *figure, const char *which, const char *wanted)
{
    char text[1024] = " ", words[512], find[96], *after = NULL;
    figure_text(figure, text + 1, sizeof text - 1);
    snprintf(words, sizeof words, "%s", wanted);
    for (char *word = strtok_r(words, " ", &after); word; word = strtok_r(NULL, " ", &after)) {
        const char *value = strchr(word, '=');
        bool is_time = strchr(word, ':') && !strchr(word, 'T');
        if (*word == '!')
            snprintf(find, sizeof find, " %s=", word + 1);
        else if (is_time)
            snprintf(find, sizeof find, " %.*s=2026-08-18T%sZ ", (int)(value - word), word, value + 1);
        else
            snprintf(find, sizeof find, " %s ", word);
        if ((strstr(text, find) == NULL) != (*word == '!'))
            ck_abort_msg("%s: %s: got%s", which, word, text);
    }
}

#endif
