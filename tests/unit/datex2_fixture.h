/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* For the tests of adapter datex2: an instance, messages from texts and files, and what they give. */
#ifndef BR_TESTS_DATEX2_FIXTURE_H
#define BR_TESTS_DATEX2_FIXTURE_H

#include "adapters/registry.h"
#include "tests/unit/unit.h"

/* Envelopes around a publication's content. */
#define XSI "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
#define V2(type, content)                                                                                    \
    "<d2LogicalModel xmlns='http://datex2.eu/schema/2/2_0' modelBaseVersion='2' " XSI ">"                    \
    "<payloadPublication xsi:type='" type                                                                    \
    "'><publicationTime>2026-08-18T10:01:00Z</publicationTime>" content                                      \
    "</payloadPublication></d2LogicalModel>"
#define V3(type, content)                                                                                    \
    "<m:messageContainer xmlns:m='m' xmlns:c='c' xmlns:r='r' xmlns:s='s' xmlns:l='l' xmlns:p='p' "           \
    "modelBaseVersion='3' " XSI "><m:payload xsi:type='r:" type "' modelBaseVersion='3'>"                    \
    "<c:publicationTime>2026-08-18T10:01:00Z</c:publicationTime>" content                                    \
    "</m:payload></m:messageContainer>"

/* Measured data. */
#define SITE(id, version, content)                                                                           \
    "<siteMeasurements><measurementSiteReference id='" id "' " version "/>"                                  \
    "<measurementTimeDefault>2026-08-18T10:00:00Z</measurementTimeDefault>" content "</siteMeasurements>"
#define VALUE(index, type, content)                                                                          \
    "<measuredValue index='" index "'><measuredValue><basicData xsi:type='" type "'>" content                \
    "</basicData></measuredValue></measuredValue>"
#define FLOW(index, rate)                                                                                    \
    VALUE(index, "TrafficFlow", "<vehicleFlow><vehicleFlowRate>" rate "</vehicleFlowRate></vehicleFlow>")
#define SPEED(index, attribute, speed)                                                                       \
    VALUE(index, "TrafficSpeed",                                                                             \
          "<averageVehicleSpeed " attribute "><speed>" speed "</speed></averageVehicleSpeed>")
#define MEASURED(content) V2("MeasuredDataPublication", content)

#define V3_VALUE(index, type, content)                                                                       \
    "<r:physicalQuantity index='" index "'><r:physicalQuantity xsi:type='r:SinglePhysicalQuantity'>"         \
    "<r:basicData xsi:type='r:" type "'>" content "</r:basicData></r:physicalQuantity></r:physicalQuantity>"
#define V3_FLOW(index, rate)                                                                                 \
    V3_VALUE(index, "TrafficFlow",                                                                           \
             "<r:vehicleFlow accuracy='0.0'><c:vehicleFlowRate>" rate                                        \
             "</c:vehicleFlowRate></r:vehicleFlow>")
#define V3_SPEED(index, speed)                                                                               \
    V3_VALUE(index, "TrafficSpeed",                                                                          \
             "<r:averageVehicleSpeed><c:speed>" speed "</c:speed></r:averageVehicleSpeed>")
#define V3_SITE(id, version, time, content)                                                                  \
    "<r:siteMeasurements><r:measurementSiteReference id='" id "' version='" version "'/>" content            \
    "<r:measurementTimeDefault>" time "</r:measurementTimeDefault></r:siteMeasurements>"
#define V3_TIME(time) "<r:timeValue>" time "</r:timeValue>"

/* Site tables. */
#define MEANING(index, lane, type, vehicles)                                                                 \
    "<measurementSpecificCharacteristics index='" index "'><measurementSpecificCharacteristics>"             \
    "<period>60.0</period>" lane "<specificMeasurementValueType>" type "</specificMeasurementValueType>"     \
    "<specificVehicleCharacteristics>" vehicles "</specificVehicleCharacteristics>"                          \
    "</measurementSpecificCharacteristics></measurementSpecificCharacteristics>"
#define LANE(name) "<specificLane>" name "</specificLane>"
#define ANY "<vehicleType>anyVehicle</vehicleType>"
#define SHORT "<lengthCharacteristic><comparisonOperator>lessThan</comparisonOperator></lengthCharacteristic>"
#define PLACE                                                                                                \
    "<measurementSiteLocation><locationForDisplay><latitude>52.1</latitude><longitude>5.2</longitude>"       \
    "</locationForDisplay></measurementSiteLocation>"
#define RECORD(id, version, content)                                                                         \
    "<measurementSiteRecord id='" id "' version='" version "'>"                                              \
    "<computationMethod>harmonicAverageOfSamplesInATimePeriod</computationMethod>"                           \
    "<measurementSiteName><values><value lang='nl'>Weg &amp; plein</value></values></measurementSiteName>"   \
    "<measurementSiteNumberOfLanes>2</measurementSiteNumberOfLanes>" content PLACE                           \
    "</measurementSiteRecord>"
#define TABLE(content)                                                                                       \
    V2("MeasurementSiteTablePublication",                                                                    \
       "<measurementSiteTable id='T' version='9'>" content "</measurementSiteTable>")

/* Site A: flows 1 and 3, speeds 2 and 4 of two lanes, a class of vehicles, the whole carriageway. */
#define SITE_A                                                                                               \
    RECORD("A", "3",                                                                                         \
           MEANING("1", LANE("lane1"), "trafficFlow", ANY) MEANING("2", LANE("lane1"), "trafficSpeed", ANY)  \
               MEANING("3", LANE("lane2"), "trafficFlow", ANY)                                               \
                   MEANING("4", LANE("lane2"), "trafficSpeed", ANY)                                          \
                       MEANING("5", LANE("lane1"), "trafficFlow", SHORT)                                     \
                           MEANING("6", LANE("allLanesCompleteCarriageway"), "trafficFlow", ANY))

#define DATEX2_PUBLISHED_UTC_MS INT64_C(1787047260000) /* 2026-08-18T10:01:00Z */
#define DATEX2_MEASURED_UTC_MS INT64_C(1787047200000)  /* 2026-08-18T10:00:00Z */
#define DATEX2_RECEIVED_UTC_MS INT64_C(1900000000000)

struct datex2_case {
    void *self;
    struct br_arena *arena;
    struct br_emit emit; /* of the last message */
    enum br_outcome outcome;
};

/* Options as "key=value" texts, at most four, NULL at the end; NULL as a whole: none. */
static inline void *datex2_open(const char *const *options, struct br_faults *faults)
{
    char keys[4][32];
    char texts[4][32];
    struct br_node nodes[4] = {{0}};
    struct br_node *values[4];
    char *key_list[4];
    unsigned lines[4] = {1, 2, 3, 4};
    struct br_node map = {
        .type = BR_NODE_MAP, .line = 1, .values = values, .keys = key_list, .key_lines = lines};
    for (; options && options[map.count]; map.count++) {
        size_t i = map.count;
        ck_assert_uint_lt(i, 4);
        ck_assert_int_eq(sscanf(options[i], "%31[^=]=%31s", keys[i], texts[i]), 2);
        nodes[i] = (struct br_node){.type = BR_NODE_SCALAR, .line = lines[i], .text = texts[i]};
        values[i] = &nodes[i];
        key_list[i] = keys[i];
    }
    struct br_adapter_setup setup = {.options = options ? &map : NULL};
    return br_adapter_open(&br_adapter_datex2, &setup, 1, faults);
}

static inline void datex2_start(struct datex2_case *c, const char *const *options)
{
    struct br_faults *faults = br_faults_open();
    *c = (struct datex2_case){.self = datex2_open(options, faults),
                              .arena = br_arena_open((size_t)1 << 18, 0)};
    ck_assert_uint_eq(br_faults_count(faults), 0);
    ck_assert_ptr_nonnull(c->self);
    ck_assert_ptr_nonnull(c->arena);
    br_faults_close(faults);
}

static inline void datex2_stop(struct datex2_case *c)
{
    br_adapter_datex2.close(c->self);
    br_arena_close(c->arena);
}

/* Gives bytes, behind which BR_PADDING more are readable, as a message or as reference data. */
static inline enum br_outcome datex2_give(struct datex2_case *c, const char *data, size_t size,
                                          size_t unpacked_max, bool reference)
{
    br_arena_reset(c->arena);
    br_emit_start(&c->emit, c->arena);
    struct br_payload *payload = br_payload_open(data, size, unpacked_max);
    ck_assert_ptr_nonnull(payload);
    struct br_message message = {
        .feed = "feed", .topic = {"t", 1}, .payload = payload, .received_at_utc_ms = DATEX2_RECEIVED_UTC_MS};
    c->outcome = reference ? br_adapter_datex2.reference(c->self, &message, &c->emit)
                           : br_adapter_datex2.decode(c->self, &message, &c->emit);
    br_payload_close(payload);
    return c->outcome;
}

static inline enum br_outcome datex2_text(struct datex2_case *c, const char *text, bool reference)
{
    size_t size = strlen(text);
    char *data = calloc(1, size + BR_PADDING);
    memcpy(data, text, size);
    enum br_outcome outcome = datex2_give(c, data, size, (size_t)1 << 24, reference);
    free(data);
    return outcome;
}

/* A file below the folder of real payloads; the test is skipped (false) where there is none. */
static inline bool datex2_file(struct datex2_case *c, const char *name, bool reference)
{
    char path[512];
    const char *dir = unit_data_dir();
    if (!dir) {
        printf("skipped: no real payloads here (BRUIS_DATA)\n");
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *data = calloc(1, size + BR_PADDING);
    ck_assert_uint_eq(fread(data, 1, size, file), size);
    (void)fclose(file);
    (void)datex2_give(c, data, size, (size_t)1 << 30, reference);
    free(data);
    return true;
}

/* The observation of a sensor, or NULL. */
static inline Bruis__V1__Observation *datex2_find(const struct datex2_case *c, const char *sensor)
{
    for (struct br_emitted_observation *at = c->emit.observations; at; at = at->next)
        if (strcmp(at->observation->sensor, sensor) == 0)
            return at->observation;
    return NULL;
}

static inline const Bruis__V1__Traffic *datex2_traffic(const struct datex2_case *c, const char *sensor)
{
    const Bruis__V1__Observation *observation = datex2_find(c, sensor);
    ck_assert_msg(observation != NULL, "%s is not there", sensor);
    return observation->traffic;
}

static inline bool datex2_flagged(const Bruis__V1__Observation *observation, Bruis__V1__Flag flag)
{
    for (size_t i = 0; i < observation->n_quality; i++)
        if (observation->quality[i] == flag)
            return true;
    return false;
}

#endif
