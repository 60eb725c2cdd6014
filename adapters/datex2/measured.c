/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* MeasuredDataPublication (DATEX II 2.3; EN 16157-5:2020 for version 3).
 *
 *  version 2                                      version 3
 *  siteMeasurements                               siteMeasurements
 *    measurementSiteReference @id @version          measurementSiteReference @id @version
 *    measurementTimeDefault  "...Z"                 physicalQuantity @index
 *    measuredValue @index                             physicalQuantity
 *      measuredValue                                    basicData @xsi:type="x:TrafficFlow"
 *        basicData @xsi:type="TrafficSpeed"               vehicleFlow [dataError] vehicleFlowRate
 *          averageVehicleSpeed                      measurementTimeDefault
 *            @numberOfInputValuesUsed                 timeMeaning, timeValue
 *            [dataError] speed
 *        measuredValueExtension ...
 *          basicDataReferenceValue ...    what the value would be on a free road: not a measurement
 *
 * Version 3 tells the time after the values: the values of a site are kept until it ends. Flows are vehicles
 * an hour whatever the period; -1 is unknown; dataError makes a value void even where it looks plausible. */
#include "adapters/datex2/measured.h"

#include <math.h>

static bool wanted(struct br_datex2_reader *reader)
{
    if (reader->lanes || reader->table)
        return true;
    (void)br_emit_skip(reader->emit, "measured data without its site table");
    return false;
}

static void site_start(struct br_datex2_reader *reader, struct br_datex2_measuring *site)
{
    site->invalid_before = reader->emit->invalid_count;
    site->id[0] = site->version[0] = '\0';
    site->when = (struct br_datex2_when){BR_TIME_NONE, BR_DATEX2_WHEN_BEGINS};
    site->count = 0;
    site->value = NULL;
}

/* A version that cannot be kept is no version: such a site cannot be told from another one. */
static void site_reference(struct br_datex2_reader *reader, struct br_datex2_measuring *site)
{
    struct br_view version = {"", 0};
    (void)br_datex2_attribute(reader, "id", site->id, sizeof site->id);
    (void)br_xml_attribute(reader->xml, "version", &version);
    version = br_datex2_trim(version);
    if (!br_datex2_copy(version, site->version, sizeof site->version) && version.size > 0)
        site->id[0] = '\0';
}

static void value_start(struct br_datex2_reader *reader, struct br_datex2_measuring *site)
{
    struct br_view text;
    int64_t index;
    if (!br_xml_attribute(reader->xml, "index", &text) ||
        !br_datex2_whole(text, 0, BR_DATEX2_INDEX_MAX, &index) || site->count == BR_DATEX2_VALUE_MAX) {
        br_emit_invalid(reader->emit, "%s: a value without a usable index", site->id);
        br_xml_skip(reader->xml);
        return;
    }
    site->whens[site->count] = (struct br_datex2_when){BR_TIME_NONE, BR_DATEX2_WHEN_BEGINS};
    site->value = &site->values[site->count++];
    *site->value = (struct br_datex2_value){.number = NAN,
                                            .reference_s = NAN,
                                            .inputs = -1,
                                            .index = (uint32_t)index,
                                            .kind = BR_DATEX2_KIND_NONE};
    site->reference = false;
}

static void basic_data(struct br_datex2_reader *reader, struct br_datex2_value *value)
{
    struct br_view type = br_datex2_type(reader);
    if (value->kind != BR_DATEX2_KIND_NONE)
        br_xml_skip(reader->xml); /* the first one is the measurement */
    else if (br_view_is(type, "TrafficFlow"))
        value->kind = BR_DATEX2_KIND_FLOW;
    else if (br_view_is(type, "TrafficSpeed"))
        value->kind = BR_DATEX2_KIND_SPEED;
    else if (br_view_is(type, "TravelTimeData"))
        value->kind = BR_DATEX2_KIND_TRAVEL_TIME;
    else
        value->kind = BR_DATEX2_KIND_STATUS;
}

/* The element that holds the value, with how it was made. */
static void value_made(struct br_datex2_reader *reader, struct br_datex2_value *value)
{
    struct br_view text;
    int64_t inputs;
    if (!br_datex2_in(reader, BR_DATEX2_basicData))
        return;
    if (br_xml_attribute(reader->xml, "numberOfInputValuesUsed", &text) &&
        br_datex2_whole(text, 0, UINT32_MAX, &inputs))
        value->inputs = inputs;
    if (br_xml_attribute(reader->xml, "computationalMethod", &text))
        value->method = (uint8_t)br_datex2_method_of(text);
}

/* The free-road value beside a travel time is wanted; beside anything else it is left out. */
static void reference_start(struct br_datex2_reader *reader, struct br_datex2_measuring *site)
{
    if (site->value->kind != BR_DATEX2_KIND_TRAVEL_TIME) {
        br_xml_skip(reader->xml);
        return;
    }
    site->reference = true;
    site->reference_static = false;
}

static void value_element_start(struct br_datex2_reader *reader, struct br_datex2_measuring *site,
                                unsigned tag)
{
    switch (tag) {
    case BR_DATEX2_physicalQuantity:
        if (br_view_is(br_datex2_type(reader), "TimeProfiledPhysicalQuantity"))
            br_xml_skip(reader->xml); /* an expectation for other times */
        break;
    case BR_DATEX2_basicData:
        basic_data(reader, site->value);
        break;
    case BR_DATEX2_vehicleFlow:
    case BR_DATEX2_averageVehicleSpeed:
    case BR_DATEX2_travelTime:
        value_made(reader, site->value);
        break;
    case BR_DATEX2_basicDataReferenceValue:
        reference_start(reader, site);
        break;
    default:
        break;
    }
}

static void on_start(struct br_datex2_reader *reader, unsigned tag)
{
    struct br_datex2_measuring *site = reader->state;
    if (site->value)
        value_element_start(reader, site, tag);
    else if (tag == BR_DATEX2_siteMeasurements)
        site_start(reader, site);
    else if (!br_datex2_in(reader, BR_DATEX2_siteMeasurements))
        return;
    else if (tag == BR_DATEX2_measurementSiteReference)
        site_reference(reader, site);
    else if (tag == BR_DATEX2_measuredValue || tag == BR_DATEX2_physicalQuantity)
        value_start(reader, site);
}

static void number_take(struct br_datex2_reader *reader, struct br_datex2_measuring *site,
                        struct br_view text, double *number)
{
    if (br_datex2_trim(text).size == 0 || br_datex2_number(text, number))
        return;
    br_emit_invalid(reader->emit, "%s/%u: a value that is no number", site->id, site->value->index);
}

static void duration_take(struct br_datex2_reader *reader, struct br_datex2_measuring *site,
                          struct br_view text)
{
    struct br_datex2_value *value = site->value;
    bool profile = site->reference && site->reference_static &&
                   br_datex2_in2(reader, BR_DATEX2_travelTime, BR_DATEX2_travelTimeData);
    if (profile || br_datex2_in2(reader, BR_DATEX2_freeFlowTravelTime, BR_DATEX2_basicData))
        number_take(reader, site, text, &value->reference_s);
    else if (br_datex2_in2(reader, BR_DATEX2_travelTime, BR_DATEX2_basicData))
        number_take(reader, site, text, &value->number);
}

static bool in_value(const struct br_datex2_reader *reader)
{
    return br_datex2_in2(reader, BR_DATEX2_vehicleFlow, BR_DATEX2_basicData) ||
           br_datex2_in2(reader, BR_DATEX2_averageVehicleSpeed, BR_DATEX2_basicData) ||
           br_datex2_in2(reader, BR_DATEX2_travelTime, BR_DATEX2_basicData);
}

/* Times come as text (version 2) or in child elements (version 3). */
static void when_take(struct br_datex2_when *when, unsigned tag, struct br_view text)
{
    int64_t utc_ms;
    if (tag == BR_DATEX2_timeMeaning) {
        when->meaning = br_datex2_is(text, "endTime")      ? BR_DATEX2_WHEN_ENDS
                        : br_datex2_is(text, "middleTime") ? BR_DATEX2_WHEN_MIDDLE
                                                           : BR_DATEX2_WHEN_BEGINS;
        return;
    }
    utc_ms = br_datex2_time(text);
    if (utc_ms == BR_TIME_NONE)
        return;
    when->at_utc_ms = utc_ms;
    if (tag == BR_DATEX2_startOfPeriod)
        when->meaning = BR_DATEX2_WHEN_BEGINS;
}

static bool is_when(const struct br_datex2_reader *reader, unsigned tag, enum br_datex2_tag box)
{
    switch (tag) {
    case BR_DATEX2_timeMeaning:
    case BR_DATEX2_timeValue:
        return br_datex2_in(reader, box);
    case BR_DATEX2_startOfPeriod:
        return br_datex2_in2(reader, BR_DATEX2_period, box);
    default:
        return tag == box;
    }
}

static void value_element_end(struct br_datex2_reader *reader, struct br_datex2_measuring *site, unsigned tag,
                              struct br_view text)
{
    struct br_datex2_value *value = site->value;
    switch (tag) {
    case BR_DATEX2_vehicleFlowRate:
        if (value->kind == BR_DATEX2_KIND_FLOW &&
            br_datex2_in2(reader, BR_DATEX2_vehicleFlow, BR_DATEX2_basicData))
            number_take(reader, site, text, &value->number);
        break;
    case BR_DATEX2_speed:
        if (value->kind == BR_DATEX2_KIND_SPEED &&
            br_datex2_in2(reader, BR_DATEX2_averageVehicleSpeed, BR_DATEX2_basicData))
            number_take(reader, site, text, &value->number);
        break;
    case BR_DATEX2_duration:
        if (value->kind == BR_DATEX2_KIND_TRAVEL_TIME)
            duration_take(reader, site, text);
        break;
    case BR_DATEX2_dataError:
        value->error |= in_value(reader) && br_datex2_true(text);
        break;
    case BR_DATEX2_forecast:
        if (br_datex2_true(text))
            value->kind = BR_DATEX2_KIND_STATUS; /* nobody measured it */
        break;
    case BR_DATEX2_referenceValueType:
        site->reference_static = br_datex2_is(text, "staticReferenceValue");
        break;
    case BR_DATEX2_basicDataReferenceValue:
        site->reference = false;
        break;
    default:
        if (is_when(reader, tag, BR_DATEX2_measurementOrCalculationTime))
            when_take(&site->whens[site->count - 1], tag, text);
        break;
    }
}

static void on_end(struct br_datex2_reader *reader, unsigned tag, struct br_view text)
{
    struct br_datex2_measuring *site = reader->state;
    bool child = br_datex2_in(reader, BR_DATEX2_siteMeasurements);
    if (child && (tag == BR_DATEX2_measuredValue || tag == BR_DATEX2_physicalQuantity))
        site->value = NULL;
    else if (site->value)
        value_element_end(reader, site, tag, text);
    else if (tag == BR_DATEX2_siteMeasurements)
        br_datex2_measured_emit(reader, site);
    else if (is_when(reader, tag, BR_DATEX2_measurementTimeDefault))
        when_take(&site->when, tag, text);
}

/* Sites are given as they end. */
static void on_finish(struct br_datex2_reader *reader)
{
    (void)reader;
}

const struct br_datex2_section br_datex2_measured = {
    .type = "MeasuredDataPublication",
    .state_size = sizeof(struct br_datex2_measuring),
    .wanted = wanted,
    .on_start = on_start,
    .on_end = on_end,
    .on_finish = on_finish,
};
