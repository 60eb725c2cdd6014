/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* MeasurementSiteTablePublication (DATEX II 2.3; EN 16157-5:2020 for version 3).
 *
 *  measurementSiteTable
 *    measurementSiteRecord @id @version          version 3: measurementSite
 *      computationMethod                         version 3: inside the characteristics
 *      measurementSiteName / values / value
 *      measurementSiteNumberOfLanes
 *      measurementSpecificCharacteristics @index
 *        measurementSpecificCharacteristics
 *          period                                seconds, a decimal
 *          specificLane "lane1"                  version 3: laneNumber, laneUsage, one or more
 *          specificMeasurementValueType          trafficFlow, trafficSpeed, travelTimeInformation, ...
 *          specificVehicleCharacteristics        vehicleType anyVehicle, or lengths that bound a class
 *      measurementSiteLocation                   coordinates; of a route its parts, each with its length */
#include "adapters/datex2/reader.h"

#include <math.h>

struct characteristic {
    int64_t index;
    uint8_t kind; /* enum br_datex2_kind */
    bool open, other_vehicle, whole;
    double period_s; /* NaN: unknown */
    char lane[BR_DATEX2_WORD_SIZE];
};

struct recording {
    bool open; /* a record is being read */
    char id[BR_DATEX2_ID_SIZE], name[BR_DATEX2_ID_SIZE], version[BR_DATEX2_WORD_SIZE];
    struct br_datex2_record record; /* what is known of it so far; its texts are those above */
    struct characteristic characteristic;
    struct br_datex2_meaning meanings[BR_DATEX2_INDEX_MAX + 1];
    char lane_names[BR_DATEX2_LANE_MAX][BR_DATEX2_WORD_SIZE]; /* lane i + 1 */
    size_t lane_count;
    int64_t lanes; /* as the record says; -1: unknown */
    bool located;  /* inside the location */
    struct br_datex2_location location;
    double length_m;
    size_t parts, lengths; /* of a route, and how many of them tell a length */
    bool period_counts;    /* the period is that of a count or a speed of all vehicles */
};

static bool wanted(struct br_datex2_reader *reader)
{
    if (!reader->lanes)
        return true;
    (void)br_emit_skip(reader->emit, "a site table is not used with detail=lane");
    return false;
}

static bool in_record(const struct br_datex2_reader *reader)
{
    return br_datex2_in(reader, BR_DATEX2_measurementSiteRecord) ||
           br_datex2_in(reader, BR_DATEX2_measurementSite);
}

static void record_start(struct br_datex2_reader *reader, struct recording *recording)
{
    struct br_view version = {"", 0};
    recording->open = br_datex2_attribute(reader, "id", recording->id, sizeof recording->id);
    (void)br_xml_attribute(reader->xml, "version", &version);
    version = br_datex2_trim(version);
    if (!br_datex2_copy(version, recording->version, sizeof recording->version) && version.size > 0)
        recording->open = false;
    if (!recording->open) {
        br_emit_invalid(reader->emit, "a site record without a usable id and version");
        br_xml_skip(reader->xml);
        return;
    }
    recording->record = (struct br_datex2_record){.id = recording->id,
                                                  .version = recording->version,
                                                  .x = NAN,
                                                  .y = NAN,
                                                  .period_s = NAN,
                                                  .length_m = NAN};
    recording->name[0] = '\0';
    recording->lane_count = 0;
    recording->lanes = -1;
    recording->located = recording->period_counts = false;
    recording->length_m = 0;
    recording->parts = recording->lengths = 0;
    br_datex2_location_reset(&recording->location);
}

static void characteristic_start(struct br_datex2_reader *reader, struct recording *recording)
{
    struct br_view text;
    int64_t index;
    if (!br_xml_attribute(reader->xml, "index", &text) ||
        !br_datex2_whole(text, 0, BR_DATEX2_INDEX_MAX, &index)) {
        br_emit_invalid(reader->emit, "%s: characteristics without a usable index", recording->id);
        br_xml_skip(reader->xml);
        return;
    }
    recording->characteristic = (struct characteristic){.index = index, .open = true, .period_s = NAN};
}

static void on_start(struct br_datex2_reader *reader, unsigned tag)
{
    struct recording *recording = reader->state;
    struct characteristic *characteristic = &recording->characteristic;
    if (recording->located) {
        br_datex2_location_start(&recording->location, reader->xml, tag);
        recording->parts += tag == BR_DATEX2_locationContainedInItinerary;
    } else if (characteristic->open) {
        if (tag != BR_DATEX2_vehicleType && br_datex2_in(reader, BR_DATEX2_specificVehicleCharacteristics))
            characteristic->other_vehicle = true;
    } else if (tag == BR_DATEX2_measurementSiteRecord || tag == BR_DATEX2_measurementSite) {
        if (br_datex2_in(reader, BR_DATEX2_measurementSiteTable))
            record_start(reader, recording);
    } else if (!recording->open || !in_record(reader)) {
        return;
    } else if (tag == BR_DATEX2_measurementSpecificCharacteristics) {
        characteristic_start(reader, recording);
    } else if (tag == BR_DATEX2_measurementSiteLocation) {
        recording->located = true;
    }
}

static uint8_t kind_of(struct br_view text)
{
    if (br_datex2_is(text, "trafficFlow"))
        return BR_DATEX2_KIND_FLOW;
    if (br_datex2_is(text, "trafficSpeed"))
        return BR_DATEX2_KIND_SPEED;
    return br_datex2_is(text, "travelTimeInformation") ? BR_DATEX2_KIND_TRAVEL_TIME : BR_DATEX2_KIND_STATUS;
}

/* Adds to the name of the lanes that the value is of: version 3 lists several, by number or by use. */
static void lane_add(struct br_datex2_reader *reader, struct recording *recording, struct br_view text)
{
    struct characteristic *characteristic = &recording->characteristic;
    char *name = characteristic->lane;
    size_t size = strlen(name);
    text = br_datex2_trim(text);
    if (br_view_is(text, "allLanesCompleteCarriageway")) {
        characteristic->whole = true;
    } else if (text.size > 0 && size + 1 + text.size < sizeof characteristic->lane) {
        name[size] = ',';
        memcpy(name + size + 1, text.data, text.size);
        name[size + 1 + text.size] = '\0';
    } else if (text.size > 0) {
        br_emit_invalid(reader->emit, "%s: a lane with a long name", recording->id);
        characteristic->kind = BR_DATEX2_KIND_STATUS;
    }
}

/* The number of a lane at this site; 0: more lanes than a site can have. */
static unsigned lane_number(struct recording *recording, const char *name)
{
    size_t lane = 0;
    while (lane < recording->lane_count && strcmp(recording->lane_names[lane], name) != 0)
        lane++;
    if (lane == BR_DATEX2_LANE_MAX)
        return 0;
    if (lane == recording->lane_count)
        memcpy(recording->lane_names[recording->lane_count++], name, strlen(name) + 1);
    return (unsigned)lane + 1;
}

/* A site has one period in every table seen; where it differs, that of its counts is meant. */
static void period_take(struct recording *recording, const struct characteristic *characteristic, bool counts)
{
    if (isnan(characteristic->period_s) || recording->period_counts)
        return;
    if (isnan(recording->record.period_s) || counts)
        recording->record.period_s = characteristic->period_s;
    recording->period_counts = counts;
}

static void characteristic_end(struct br_datex2_reader *reader, struct recording *recording)
{
    struct characteristic *characteristic = &recording->characteristic;
    struct br_datex2_record *record = &recording->record;
    bool any = !characteristic->other_vehicle;
    bool counts =
        any && (characteristic->kind == BR_DATEX2_KIND_FLOW || characteristic->kind == BR_DATEX2_KIND_SPEED);
    unsigned lane = 0;
    characteristic->open = false;
    if (!characteristic->whole && characteristic->lane[0]) {
        lane = lane_number(recording, characteristic->lane);
        if (lane == 0) {
            br_emit_invalid(reader->emit, "%s: more than %d lanes", recording->id, BR_DATEX2_LANE_MAX);
            return;
        }
    }
    size_t index = (size_t)characteristic->index;
    if (index >= record->meaning_count) {
        memset(recording->meanings + record->meaning_count, 0,
               (index + 1 - record->meaning_count) * sizeof recording->meanings[0]);
        record->meaning_count = (uint16_t)(index + 1);
    }
    struct br_datex2_meaning *meaning = &recording->meanings[index];
    meaning->kind = characteristic->kind & 7u;
    meaning->lane = lane & 15u;
    meaning->any = any;
    record->laned |= counts && lane > 0;
    period_take(recording, characteristic, counts);
}

static void characteristic_text(struct br_datex2_reader *reader, struct recording *recording, unsigned tag,
                                struct br_view text)
{
    struct characteristic *characteristic = &recording->characteristic;
    double number;
    switch (tag) {
    case BR_DATEX2_measurementSpecificCharacteristics:
        if (in_record(reader))
            characteristic_end(reader, recording);
        break;
    case BR_DATEX2_period:
        if (br_datex2_number(text, &number) && number > 0)
            characteristic->period_s = number;
        break;
    case BR_DATEX2_specificLane:
    case BR_DATEX2_laneNumber:
    case BR_DATEX2_laneUsage:
        lane_add(reader, recording, text);
        break;
    case BR_DATEX2_specificMeasurementValueType:
        if (characteristic->kind == BR_DATEX2_KIND_NONE)
            characteristic->kind = kind_of(text);
        break;
    case BR_DATEX2_vehicleType:
        characteristic->other_vehicle |= !br_datex2_is(text, "anyVehicle");
        break;
    case BR_DATEX2_computationMethod:
        if (recording->record.method == BR_DATEX2_METHOD_NONE)
            recording->record.method = (uint8_t)br_datex2_method_of(br_datex2_trim(text));
        break;
    default:
        break;
    }
}

static void location_text(struct recording *recording, unsigned tag, struct br_view text)
{
    double number;
    br_datex2_location_end(&recording->location, tag, text);
    if (tag == BR_DATEX2_measurementSiteLocation) {
        recording->located = false;
    } else if (tag == BR_DATEX2_lengthAffected && br_datex2_number(text, &number) && number > 0) {
        recording->length_m += number;
        recording->lengths++;
    }
}

/* A site that counts vehicles of any kind or knows their speed; a route of travel times is no such sensor. */
static bool is_sensor(const struct br_datex2_record *record)
{
    for (size_t i = 0; i < record->meaning_count; i++)
        if (record->meanings[i].any && (record->meanings[i].kind == BR_DATEX2_KIND_FLOW ||
                                        record->meanings[i].kind == BR_DATEX2_KIND_SPEED))
            return true;
    return false;
}

static void sensor_emit(struct br_datex2_reader *reader, const struct recording *recording)
{
    const struct br_datex2_record *record = &recording->record;
    if (!is_sensor(record))
        return;
    struct br_emitted_sensor *emitted =
        br_emit_sensor(reader->emit, reader->message, BRUIS__V1__DOMAIN__traffic, br_view_of(recording->id));
    if (!emitted) {
        br_datex2_full(reader);
        return;
    }
    Bruis__V1__Sensor *sensor = emitted->sensor;
    if (recording->name[0])
        sensor->name = br_arena_text(reader->emit->arena, br_view_of(recording->name));
    sensor->has_interval_s = !isnan(record->period_s);
    sensor->interval_s = sensor->has_interval_s ? record->period_s : 0;
    sensor->has_length_m = !isnan(record->length_m);
    sensor->length_m = sensor->has_length_m ? record->length_m : 0;
    sensor->has_lanes = recording->lanes > 0;
    sensor->lanes = sensor->has_lanes ? (int32_t)recording->lanes : 0;
    br_datex2_place_sensor(reader, &recording->location, emitted);
}

static void record_end(struct br_datex2_reader *reader, struct recording *recording)
{
    struct br_datex2_record *record = &recording->record;
    const struct br_datex2_location *location = &recording->location;
    recording->open = false;
    record->meanings = recording->meanings;
    record->x = location->found ? location->x : NAN;
    record->y = location->found ? location->y : NAN;
    record->srs = location->found && location->srs[0] ? location->srs : NULL;
    if (recording->lengths > 0 && recording->lengths == (recording->parts > 0 ? recording->parts : 1))
        record->length_m = recording->length_m;
    if (!reader->table_new)
        reader->table_new = br_datex2_table_open();
    if (!reader->table_new || !br_datex2_table_add(reader->table_new, record)) {
        br_datex2_full(reader);
        return;
    }
    reader->elements++;
    sensor_emit(reader, recording);
}

static void on_end(struct br_datex2_reader *reader, unsigned tag, struct br_view text)
{
    struct recording *recording = reader->state;
    if (!recording->open)
        return;
    if (recording->located)
        location_text(recording, tag, text);
    else if (recording->characteristic.open)
        characteristic_text(reader, recording, tag, text);
    else if (tag == BR_DATEX2_measurementSiteRecord || tag == BR_DATEX2_measurementSite)
        record_end(reader, recording);
    else if (tag == BR_DATEX2_value && br_xml_above(reader->xml, 2) == BR_DATEX2_measurementSiteName) {
        if (recording->name[0] == '\0')
            (void)br_datex2_copy(br_datex2_trim(text), recording->name, sizeof recording->name);
    } else if (!in_record(reader))
        return;
    else if (tag == BR_DATEX2_measurementSiteNumberOfLanes)
        (void)br_datex2_whole(text, 1, 1000, &recording->lanes);
    else if (tag == BR_DATEX2_computationMethod)
        recording->record.method = (uint8_t)br_datex2_method_of(br_datex2_trim(text));
}

/* A publication without sites takes no table away. */
static void on_finish(struct br_datex2_reader *reader)
{
    if (!reader->table_new)
        reader->fault = "a site table without sites";
}

const struct br_datex2_section br_datex2_site_tables = {
    .type = "MeasurementSiteTablePublication",
    .state_size = sizeof(struct recording),
    .wanted = wanted,
    .on_start = on_start,
    .on_end = on_end,
    .on_finish = on_finish,
};
