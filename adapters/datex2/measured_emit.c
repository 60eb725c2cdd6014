/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/datex2/measured.h"

#include <math.h>
#include <stdio.h>

#define SENSOR_SIZE (BR_DATEX2_ID_SIZE + 16) /* SITE/INDEX */

/* The start of the period: where only its middle or end is told, its length must be known. */
static bool when_start(const struct br_datex2_when *when, double period_s, int64_t *at_utc_ms)
{
    double back_s = when->meaning == BR_DATEX2_WHEN_BEGINS ? 0
                    : when->meaning == BR_DATEX2_WHEN_ENDS ? period_s
                                                           : period_s / 2;
    if (when->at_utc_ms == BR_TIME_NONE || isnan(back_s))
        return false;
    *at_utc_ms = when->at_utc_ms - (int64_t)llround(back_s * 1000);
    return true;
}

/* Gives every value its time, and takes out those that have none or cannot be. */
static void values_settle(struct br_datex2_reader *reader, struct br_datex2_measuring *site, double period_s)
{
    for (size_t i = 0; i < site->count; i++) {
        struct br_datex2_value *value = &site->values[i];
        const struct br_datex2_when *when =
            site->whens[i].at_utc_ms != BR_TIME_NONE ? &site->whens[i] : &site->when;
        if (value->kind == BR_DATEX2_KIND_STATUS)
            value->kind = BR_DATEX2_KIND_NONE;
        if (value->kind == BR_DATEX2_KIND_NONE)
            continue;
        if (!when_start(when, period_s, &value->at_utc_ms)) {
            br_emit_invalid(reader->emit, "%s/%u: no start of the measurement", site->id, value->index);
            value->kind = BR_DATEX2_KIND_NONE;
        } else if (value->kind == BR_DATEX2_KIND_SPEED && !value->error &&
                   value->number > BR_DATEX2_SPEED_MAX_KM_H) {
            br_emit_invalid(reader->emit, "%s/%u: a speed above %d km/h", site->id, value->index,
                            BR_DATEX2_SPEED_MAX_KM_H);
            value->kind = BR_DATEX2_KIND_NONE;
        }
    }
}

/* Takes out values that the table does not have, or has as something else. */
static void values_match(struct br_datex2_reader *reader, struct br_datex2_measuring *site,
                         const struct br_datex2_record *record)
{
    for (size_t i = 0; i < site->count; i++) {
        struct br_datex2_value *value = &site->values[i];
        if (value->kind == BR_DATEX2_KIND_NONE ||
            br_datex2_meaning_of(record, value->index).kind == value->kind)
            continue;
        br_emit_invalid(reader->emit, "%s/%u: not what the site table says", site->id, value->index);
        value->kind = BR_DATEX2_KIND_NONE;
    }
}

static void method_set(Bruis__V1__Traffic *traffic, uint8_t method)
{
    if (method == BR_DATEX2_METHOD_NONE)
        return;
    traffic->has_speed_method = 1;
    traffic->speed_method = method == BR_DATEX2_METHOD_ARITHMETIC
                                ? BRUIS__V1__TRAFFIC__SPEED_METHOD__arithmetic
                            : method == BR_DATEX2_METHOD_HARMONIC ? BRUIS__V1__TRAFFIC__SPEED_METHOD__harmonic
                                                                  : BRUIS__V1__TRAFFIC__SPEED_METHOD__unknown;
}

/* Sets a field where its number is known. */
#define FIELD_SET(record, field, number)                                                                     \
    do {                                                                                                     \
        double known = (number);                                                                             \
        (record)->has_##field = !isnan(known);                                                               \
        (record)->field = isnan(known) ? 0 : known;                                                          \
    } while (0)

static void flag(struct br_datex2_reader *reader, Bruis__V1__Observation *observation, bool set,
                 Bruis__V1__Flag flag)
{
    if (set)
        br_emit_flag(reader->emit, observation, flag);
}

/* One value as an observation of its own: without the table nobody knows its lane, its vehicles or its
 * period. */
static void value_emit(struct br_datex2_reader *reader, const char *id, const struct br_datex2_value *value)
{
    char sensor[SENSOR_SIZE];
    if (!br_datex2_value_known(value, NAN))
        return;
    int size = snprintf(sensor, sizeof sensor, "%s/%u", id, value->index);
    struct br_emitted_observation *emitted =
        br_emit_observation(reader->emit, reader->message, BRUIS__V1__DOMAIN__traffic,
                            (struct br_view){sensor, (size_t)size}, value->at_utc_ms);
    if (!emitted) {
        br_datex2_full(reader);
        return;
    }
    Bruis__V1__Traffic *traffic = emitted->observation->traffic;
    if (value->kind == BR_DATEX2_KIND_FLOW) {
        FIELD_SET(traffic, flow_veh_h, value->number);
    } else if (value->kind == BR_DATEX2_KIND_SPEED) {
        FIELD_SET(traffic, speed_km_h, value->number);
        method_set(traffic, value->method);
    } else {
        FIELD_SET(traffic, travel_time_s, value->number);
        FIELD_SET(traffic, reference_travel_time_s, value->reference_s > 0 ? value->reference_s : NAN);
    }
}

static void place_set(struct br_datex2_reader *reader, const struct br_datex2_record *record,
                      struct br_emitted_observation *emitted)
{
    struct br_datex2_location location = {.found = !isnan(record->x), .x = record->x, .y = record->y};
    if (record->srs)
        (void)br_datex2_copy(br_view_of(record->srs), location.srs, sizeof location.srs);
    br_datex2_place_observation(reader, &location, emitted);
}

static void traffic_set(Bruis__V1__Traffic *traffic, const struct br_datex2_record *record,
                        const struct br_datex2_figures *figures)
{
    FIELD_SET(traffic, flow_veh_h, figures->flow_veh_h);
    FIELD_SET(traffic, speed_km_h, figures->speed_km_h);
    FIELD_SET(traffic, period_s, record->period_s);
    FIELD_SET(traffic, travel_time_s, figures->travel_time_s);
    FIELD_SET(traffic, reference_travel_time_s, figures->reference_s > 0 ? figures->reference_s : NAN);
    FIELD_SET(traffic, length_m, record->length_m);
    traffic->vehicle_class = "any";
    if (traffic->has_speed_km_h)
        method_set(traffic, record->method);
}

static void figures_emit(struct br_datex2_reader *reader, const struct br_datex2_record *record,
                         int64_t at_utc_ms, const struct br_datex2_figures *figures)
{
    struct br_emitted_observation *emitted = br_emit_observation(
        reader->emit, reader->message, BRUIS__V1__DOMAIN__traffic, br_view_of(record->id), at_utc_ms);
    if (!emitted) {
        br_datex2_full(reader);
        return;
    }
    traffic_set(emitted->observation->traffic, record, figures);
    place_set(reader, record, emitted);
    flag(reader, emitted->observation, figures->partial, BRUIS__V1__FLAG__partial);
    flag(reader, emitted->observation, figures->estimated, BRUIS__V1__FLAG__estimated);
}

/* The site's time: the one for all its values where one of them has it, else the newest of theirs. */
static int64_t site_time(const struct br_datex2_measuring *site, double period_s)
{
    int64_t default_utc_ms = BR_TIME_NONE, newest_utc_ms = BR_TIME_NONE;
    (void)when_start(&site->when, period_s, &default_utc_ms);
    for (size_t i = 0; i < site->count; i++) {
        const struct br_datex2_value *value = &site->values[i];
        if (value->kind == BR_DATEX2_KIND_NONE)
            continue;
        if (value->at_utc_ms == default_utc_ms)
            return default_utc_ms;
        if (value->at_utc_ms > newest_utc_ms)
            newest_utc_ms = value->at_utc_ms;
    }
    return newest_utc_ms;
}

static void site_emit(struct br_datex2_reader *reader, struct br_datex2_measuring *site,
                      const struct br_datex2_record *record)
{
    struct br_datex2_figures figures;
    values_settle(reader, site, record->period_s);
    values_match(reader, site, record);
    int64_t at_utc_ms = site_time(site, record->period_s);
    if (br_datex2_site_figures(record, site->values, site->count, at_utc_ms, &figures))
        figures_emit(reader, record, at_utc_ms, &figures);
}

static void values_emit(struct br_datex2_reader *reader, struct br_datex2_measuring *site)
{
    values_settle(reader, site, NAN);
    for (size_t i = 0; i < site->count && !reader->full; i++)
        if (site->values[i].kind != BR_DATEX2_KIND_NONE)
            value_emit(reader, site->id, &site->values[i]);
}

void br_datex2_measured_emit(struct br_datex2_reader *reader, struct br_datex2_measuring *site)
{
    size_t given = reader->emit->observation_count;
    if (site->id[0] == '\0') {
        br_emit_invalid(reader->emit, "measurements of a site without a usable id");
        return;
    }
    if (reader->lanes) {
        values_emit(reader, site);
    } else {
        const struct br_datex2_record *record =
            br_datex2_table_find(reader->table, site->id, site->version[0] ? site->version : NULL);
        if (record)
            site_emit(reader, site, record);
        else
            reader->emit->unmatched_count++;
    }
    if (reader->emit->invalid_count == site->invalid_before || reader->emit->observation_count > given)
        reader->elements++;
}
