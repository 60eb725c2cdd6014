/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* SituationPublication (DATEX II 2.3; EN 16157-3:2018 for version 3): its jams.
 *
 *  publicationTime
 *  situation @id
 *    situationRecord @id @version @xsi:type="x:AbnormalTraffic"
 *      validity
 *        validityStatus                      active, suspended, definedByValidityTimeSpec, ...
 *        validityTimeSpecification           overallStartTime, [overallEndTime]
 *      impact / delays / delayTimeValue      seconds
 *      locationReference                     version 2: groupOfLocations, often empty
 *      abnormalTrafficType                   stationaryTraffic, queuingTraffic, slowTraffic, ...
 *      queueLength                           metres
 *
 * Each snapshot tells every jam anew: it is observed at the publication time. Records of other types are no
 * jams, and a publication without any is the good news that there is none. */
#include "adapters/datex2/reader.h"

#include <math.h>

struct jamming {
    char situation[BR_DATEX2_ID_SIZE];
    char record[BR_DATEX2_ID_SIZE];
    bool open;       /* a jam is being read */
    int64_t version; /* -1: unknown */
    int64_t starts_utc_ms, ends_utc_ms;
    double length_m, delay_s; /* NaN: unknown */
    int type;                 /* Bruis__V1__Jam__Type, or 0 */
    bool over, planned;
    bool located; /* inside the location */
    struct br_datex2_location location;
};

static bool wanted(struct br_datex2_reader *reader)
{
    (void)reader;
    return true;
}

static void record_start(struct br_datex2_reader *reader, struct jamming *jam)
{
    struct br_view version;
    if (!br_view_is(br_datex2_type(reader), "AbnormalTraffic")) {
        reader->elements++;
        br_xml_skip(reader->xml);
        return;
    }
    if (!br_datex2_attribute(reader, "id", jam->record, sizeof jam->record)) {
        br_emit_invalid(reader->emit, "situation %s: a record without a usable id", jam->situation);
        br_xml_skip(reader->xml);
        return;
    }
    jam->open = true;
    if (!br_xml_attribute(reader->xml, "version", &version) ||
        !br_datex2_whole(version, 0, INT64_C(1) << 53, &jam->version))
        jam->version = -1;
    jam->starts_utc_ms = jam->ends_utc_ms = BR_TIME_NONE;
    jam->length_m = jam->delay_s = NAN;
    jam->type = 0;
    jam->over = jam->planned = jam->located = false;
    br_datex2_location_reset(&jam->location);
}

static void on_start(struct br_datex2_reader *reader, unsigned tag)
{
    struct jamming *jam = reader->state;
    if (jam->located)
        br_datex2_location_start(&jam->location, reader->xml, tag);
    else if (tag == BR_DATEX2_situation)
        (void)br_datex2_attribute(reader, "id", jam->situation, sizeof jam->situation);
    else if (tag == BR_DATEX2_situationRecord && br_datex2_in(reader, BR_DATEX2_situation))
        record_start(reader, jam);
    else if (jam->open && br_datex2_in(reader, BR_DATEX2_situationRecord))
        jam->located = tag == BR_DATEX2_locationReference || tag == BR_DATEX2_groupOfLocations;
}

static int type_of(struct br_view text)
{
    text = br_datex2_trim(text);
    if (text.size == 0)
        return 0;
    if (br_view_is(text, "stationaryTraffic"))
        return BRUIS__V1__JAM__TYPE__stationary;
    if (br_view_is(text, "queuingTraffic"))
        return BRUIS__V1__JAM__TYPE__queuing;
    return br_view_is(text, "slowTraffic") ? BRUIS__V1__JAM__TYPE__slow : BRUIS__V1__JAM__TYPE__other;
}

/* A number that is never below 0: what is below means unknown. */
static void amount_take(struct br_datex2_reader *reader, const struct jamming *jam, struct br_view text,
                        double *amount)
{
    double number;
    if (br_datex2_trim(text).size == 0)
        return;
    if (!br_datex2_number(text, &number))
        br_emit_invalid(reader->emit, "%s: a length or delay that is no number", jam->record);
    else if (number >= 0)
        *amount = number;
}

static void status_take(struct jamming *jam, struct br_view text)
{
    jam->over |= br_datex2_is(text, "suspended") || br_datex2_is(text, "ended");
    jam->planned |= br_datex2_is(text, "planned");
}

static void record_text(struct br_datex2_reader *reader, struct jamming *jam, unsigned tag,
                        struct br_view text)
{
    bool own = br_datex2_in(reader, BR_DATEX2_situationRecord);
    bool times = br_datex2_in2(reader, BR_DATEX2_validityTimeSpecification, BR_DATEX2_validity);
    if (tag == BR_DATEX2_abnormalTrafficType && own)
        jam->type = type_of(text);
    else if (tag == BR_DATEX2_queueLength && own)
        amount_take(reader, jam, text, &jam->length_m);
    else if (tag == BR_DATEX2_delayTimeValue && br_datex2_in2(reader, BR_DATEX2_delays, BR_DATEX2_impact))
        amount_take(reader, jam, text, &jam->delay_s);
    else if (tag == BR_DATEX2_validityStatus && br_datex2_in(reader, BR_DATEX2_validity))
        status_take(jam, text);
    else if (tag == BR_DATEX2_overallStartTime && times)
        jam->starts_utc_ms = br_datex2_time(text);
    else if (tag == BR_DATEX2_overallEndTime && times)
        jam->ends_utc_ms = br_datex2_time(text);
    else if ((tag == BR_DATEX2_cancel || tag == BR_DATEX2_end) &&
             br_datex2_in(reader, BR_DATEX2_lifeCycleManagement))
        jam->over |= br_datex2_true(text);
}

static void jam_set(const struct br_datex2_reader *reader, const struct jamming *jam, Bruis__V1__Jam *record)
{
    bool over =
        jam->over || (jam->ends_utc_ms != BR_TIME_NONE && jam->ends_utc_ms <= reader->published_utc_ms);
    if (jam->situation[0])
        record->situation = br_arena_text(reader->emit->arena, br_view_of(jam->situation));
    record->has_version = jam->version >= 0;
    record->version = record->has_version ? jam->version : 0;
    record->has_state = 1;
    record->state = over ? BRUIS__V1__JAM__STATE__ended : BRUIS__V1__JAM__STATE__active;
    record->has_type = jam->type != 0;
    if (jam->type != 0)
        record->type = (Bruis__V1__Jam__Type)jam->type;
    record->has_length_m = !isnan(jam->length_m);
    record->length_m = record->has_length_m ? jam->length_m : 0;
    record->has_delay_s = !isnan(jam->delay_s);
    record->delay_s = record->has_delay_s ? jam->delay_s : 0;
    record->has_valid_from = jam->starts_utc_ms != BR_TIME_NONE;
    record->valid_from = record->has_valid_from ? jam->starts_utc_ms : 0;
    record->has_valid_to = jam->ends_utc_ms != BR_TIME_NONE;
    record->valid_to = record->has_valid_to ? jam->ends_utc_ms : 0;
}

static void record_end(struct br_datex2_reader *reader, struct jamming *jam)
{
    jam->open = false;
    if (reader->published_utc_ms == BR_TIME_NONE) {
        br_emit_invalid(reader->emit, "%s: no publicationTime before it", jam->record);
        return;
    }
    reader->elements++;
    if (jam->planned || (jam->starts_utc_ms != BR_TIME_NONE && jam->starts_utc_ms > reader->published_utc_ms))
        return; /* expected, not there yet */
    struct br_emitted_observation *emitted =
        br_emit_jam(reader->emit, reader->message, br_view_of(jam->record), reader->published_utc_ms);
    if (!emitted) {
        br_datex2_full(reader);
        return;
    }
    jam_set(reader, jam, emitted->observation->jam);
    br_datex2_place_observation(reader, &jam->location, emitted);
}

static void on_end(struct br_datex2_reader *reader, unsigned tag, struct br_view text)
{
    struct jamming *jam = reader->state;
    if (!jam->open)
        return;
    if (jam->located) {
        br_datex2_location_end(&jam->location, tag, text);
        if (br_datex2_in(reader, BR_DATEX2_situationRecord))
            jam->located = false;
    } else if (tag == BR_DATEX2_situationRecord) {
        record_end(reader, jam);
    } else {
        record_text(reader, jam, tag, text);
    }
}

static void on_finish(struct br_datex2_reader *reader)
{
    if (reader->published_utc_ms == BR_TIME_NONE)
        reader->fault = "SituationPublication without publicationTime";
    else if (reader->snapshot)
        reader->emit->snapshot_at_utc_ms = reader->published_utc_ms;
}

const struct br_datex2_section br_datex2_situations = {
    .type = "SituationPublication",
    .state_size = sizeof(struct jamming),
    .wanted = wanted,
    .on_start = on_start,
    .on_end = on_end,
    .on_finish = on_finish,
};
