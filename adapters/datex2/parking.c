/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Parking status, in its three forms: the parking extension of DATEX II 2.3 (GenericPublication, and the same
 * names in a version-3 namespace), the older facility tables of version 2, and EN 16157-6:2022 (version 3.3
 * and later).
 *
 *  parkingRecordStatus               parkingFacilityStatus               parkingStatusInformation
 *    parkingRecordReference @id        parkingFacilityReference @id        reference @id
 *    parkingStatusOriginTime           parkingFacilityStatusTime           lastUpdated
 *    parkingOccupancy                  parkingFacilityStatus "open"        openingStatus
 *      parkingNumberOfVacantSpaces     totalNumberOfVacantParkingSpaces    occupancy
 *      parkingOccupancy   (a %)                                              numberOfVacantSpaces
 *    parkingSiteStatus                                                       occupancy   (a %)
 *    parkingSiteOpeningStatus                                              status
 *
 * A box and a text in it often share a name: the parent tells them apart. Percentages contradict the numbers
 * beside them in every feed seen: they make no value. Groups of spaces inside a record repeat it: they are
 * left out. */
#include "adapters/datex2/reader.h"

#include <math.h>

#define SPACES_MAX 10000000

enum number { CAPACITY, VACANT, OCCUPIED, NUMBERS };

struct parking {
    bool open; /* a facility is being read */
    unsigned depth;
    char id[BR_DATEX2_ID_SIZE];
    int64_t at_utc_ms;
    int64_t numbers[NUMBERS]; /* -1: unknown */
    double percent;           /* NaN: unknown */
    int state;                /* Bruis__V1__Parking__State, or -1 */
    int full;                 /* -1: not said */
    bool status_unknown;      /* the source says that it does not know */
};

static bool wanted(struct br_datex2_reader *reader)
{
    (void)reader;
    return true;
}

static bool is_facility(unsigned tag)
{
    return tag == BR_DATEX2_parkingRecordStatus || tag == BR_DATEX2_parkingFacilityStatus ||
           tag == BR_DATEX2_parkingStatusInformation;
}

static void facility_start(struct br_datex2_reader *reader, struct parking *facility)
{
    *facility = (struct parking){.open = true,
                                 .depth = br_xml_depth(reader->xml),
                                 .at_utc_ms = BR_TIME_NONE,
                                 .numbers = {-1, -1, -1},
                                 .percent = NAN,
                                 .state = -1,
                                 .full = -1};
}

static void on_start(struct br_datex2_reader *reader, unsigned tag)
{
    struct parking *facility = reader->state;
    if (!facility->open) {
        if (is_facility(tag))
            facility_start(reader, facility);
        return;
    }
    if (br_xml_depth(reader->xml) > facility->depth + 2)
        br_xml_skip(reader->xml); /* groups and counts inside the facility */
    else if (br_xml_depth(reader->xml) == facility->depth + 1 &&
             (tag == BR_DATEX2_parkingRecordReference || tag == BR_DATEX2_parkingFacilityReference ||
              tag == BR_DATEX2_reference))
        (void)br_datex2_attribute(reader, "id", facility->id, sizeof facility->id);
}

static void number_take(struct br_datex2_reader *reader, struct parking *facility, enum number which,
                        struct br_view text)
{
    int64_t number;
    if (br_datex2_trim(text).size == 0)
        return;
    if (!br_datex2_whole(text, -SPACES_MAX, SPACES_MAX, &number))
        br_emit_invalid(reader->emit, "%s: a number of spaces that is none", facility->id);
    else if (number >= 0)
        facility->numbers[which] = number;
}

static bool starts(struct br_view text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* Words of all forms; the older one mixes what is open with what is full. */
static void status_take(struct parking *facility, struct br_view text)
{
    text = br_datex2_trim(text);
    if (br_view_is(text, "open") || br_view_is(text, "openWithServiceLimitation"))
        facility->state = BRUIS__V1__PARKING__STATE__open;
    else if (starts(text, "closed") || br_view_is(text, "temporarilyClosed"))
        facility->state = BRUIS__V1__PARKING__STATE__closed;
    else if (br_view_is(text, "full") || br_view_is(text, "fullAtEntrance") ||
             br_view_is(text, "carParkFull"))
        facility->full = 1;
    else if (br_view_is(text, "spacesAvailable") || br_view_is(text, "almostFull"))
        facility->full = 0;
    else if (br_view_is(text, "unknown") || br_view_is(text, "statusUnknown"))
        facility->status_unknown = true;
}

/* A text directly below the facility. */
static void facility_text(struct br_datex2_reader *reader, struct parking *facility, unsigned tag,
                          struct br_view text)
{
    switch (tag) {
    case BR_DATEX2_parkingStatusOriginTime:
    case BR_DATEX2_parkingFacilityStatusTime:
    case BR_DATEX2_lastUpdated:
        facility->at_utc_ms = br_datex2_time(text);
        break;
    case BR_DATEX2_parkingSiteStatus:
    case BR_DATEX2_parkingSiteOpeningStatus:
    case BR_DATEX2_parkingFacilityStatus:
    case BR_DATEX2_openingStatus:
    case BR_DATEX2_status:
        status_take(facility, text);
        break;
    case BR_DATEX2_totalParkingCapacityOverride:
        number_take(reader, facility, CAPACITY, text);
        break;
    case BR_DATEX2_totalNumberOfVacantParkingSpaces:
        number_take(reader, facility, VACANT, text);
        break;
    case BR_DATEX2_totalNumberOfOccupiedParkingSpaces:
        number_take(reader, facility, OCCUPIED, text);
        break;
    default:
        break;
    }
}

/* A text in the occupancy of the facility. */
static void occupancy_text(struct br_datex2_reader *reader, struct parking *facility, unsigned tag,
                           struct br_view text)
{
    if (!br_datex2_in(reader, BR_DATEX2_parkingOccupancy) && !br_datex2_in(reader, BR_DATEX2_occupancy))
        return;
    switch (tag) {
    case BR_DATEX2_parkingNumberOfSpacesOverride:
    case BR_DATEX2_numberOfSpacesOverride:
        number_take(reader, facility, CAPACITY, text);
        break;
    case BR_DATEX2_parkingNumberOfVacantSpaces:
    case BR_DATEX2_numberOfVacantSpaces:
        number_take(reader, facility, VACANT, text);
        break;
    case BR_DATEX2_parkingNumberOfOccupiedSpaces:
    case BR_DATEX2_numberOfOccupiedSpaces:
        number_take(reader, facility, OCCUPIED, text);
        break;
    case BR_DATEX2_parkingOccupancy:
    case BR_DATEX2_occupancy:
        (void)br_datex2_number(text, &facility->percent);
        break;
    default:
        break;
    }
}

/* Numbers that the source does not mean: nothing but noughts beside an unknown status is no full car park,
 * and no place taken beside a percentage above 0 is a number that nobody fills in. */
static void numbers_doubt(struct parking *facility)
{
    int64_t *numbers = facility->numbers;
    bool silent = facility->status_unknown && facility->full < 0;
    if (silent && numbers[VACANT] <= 0 && numbers[OCCUPIED] <= 0) {
        numbers[VACANT] = numbers[OCCUPIED] = -1;
        if (numbers[CAPACITY] == 0)
            numbers[CAPACITY] = -1;
    }
    if (numbers[OCCUPIED] == 0 && facility->percent > 0)
        numbers[OCCUPIED] = -1;
}

static void numbers_set(struct br_datex2_reader *reader, const struct parking *facility,
                        Bruis__V1__Observation *observation)
{
    const int64_t *numbers = facility->numbers;
    Bruis__V1__Parking *parking = observation->parking;
    int64_t vacant = numbers[VACANT];
    if (numbers[CAPACITY] >= 0 && vacant > numbers[CAPACITY]) {
        vacant = numbers[CAPACITY];
        br_emit_flag(reader->emit, observation, BRUIS__V1__FLAG__clamped);
    }
    parking->has_capacity = numbers[CAPACITY] >= 0;
    parking->capacity = parking->has_capacity ? (int32_t)numbers[CAPACITY] : 0;
    parking->has_vacant = vacant >= 0;
    parking->vacant = parking->has_vacant ? (int32_t)vacant : 0;
    parking->has_occupied = numbers[OCCUPIED] >= 0;
    parking->occupied = parking->has_occupied ? (int32_t)numbers[OCCUPIED] : 0;
}

/* The record's time, else the publication's, else the arrival. */
static int64_t facility_time(const struct br_datex2_reader *reader, const struct parking *facility,
                             bool *untimed)
{
    *untimed = false;
    if (facility->at_utc_ms != BR_TIME_NONE)
        return facility->at_utc_ms;
    if (reader->published_utc_ms != BR_TIME_NONE)
        return reader->published_utc_ms;
    *untimed = true;
    return reader->message->received_at_utc_ms;
}

static void facility_end(struct br_datex2_reader *reader, struct parking *facility)
{
    bool untimed;
    int64_t at_utc_ms = facility_time(reader, facility, &untimed);
    facility->open = false;
    if (facility->id[0] == '\0' || at_utc_ms == BR_TIME_NONE) {
        br_emit_invalid(reader->emit, "parking %s: no usable id or time", facility->id);
        return;
    }
    struct br_emitted_observation *emitted = br_emit_observation(
        reader->emit, reader->message, BRUIS__V1__DOMAIN__parking, br_view_of(facility->id), at_utc_ms);
    if (!emitted) {
        br_datex2_full(reader);
        return;
    }
    reader->elements++;
    if (untimed)
        br_emit_flag(reader->emit, emitted->observation, BRUIS__V1__FLAG__untimed);
    numbers_doubt(facility);
    numbers_set(reader, facility, emitted->observation);
    Bruis__V1__Parking *parking = emitted->observation->parking;
    parking->has_full = facility->full >= 0;
    parking->full = facility->full > 0;
    parking->has_state = facility->state >= 0 || facility->status_unknown;
    if (facility->state >= 0)
        parking->state = (Bruis__V1__Parking__State)facility->state;
}

static void on_end(struct br_datex2_reader *reader, unsigned tag, struct br_view text)
{
    struct parking *facility = reader->state;
    unsigned depth = br_xml_depth(reader->xml);
    if (!facility->open)
        return;
    if (depth == facility->depth)
        facility_end(reader, facility);
    else if (depth == facility->depth + 1)
        facility_text(reader, facility, tag, text);
    else
        occupancy_text(reader, facility, tag, text);
}

static void on_finish(struct br_datex2_reader *reader)
{
    (void)reader;
}

const struct br_datex2_section br_datex2_parking = {
    .type = "ParkingStatusPublication",
    .state_size = sizeof(struct parking),
    .wanted = wanted,
    .on_start = on_start,
    .on_end = on_end,
    .on_finish = on_finish,
};
