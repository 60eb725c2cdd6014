/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the adapters cost beside the parsers that they stand on, over the same bytes in the same run:
 *
 *     datex2    a measured data publication (DATEX II 2.3, sites of 2 to 4 lanes) beside expat with handlers
 *               that do nothing
 *     json      messages of 300 bytes beside simdjson's parse alone
 *
 *     bench_decode [MEGABYTES] [MESSAGES]    default: 20, 400000
 *
 * Both take turns and the best round of each counts; the time is this process' CPU time. */
#include "adapters/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <expat.h>

#include "adapters/json.h"
#include "daemon/config.h"

#define MEGABYTES 20
#define MESSAGES 400000
#define ROUNDS 5
#define PIECE_SIZE ((size_t)64 * 1024) /* what the adapter gives expat at once */
#define MESSAGE_SIZE 300
#define MESSAGE_KINDS 64
#define RECEIVED_UTC_MS INT64_C(1787047260000)
#define XML_RATIO_MIN 0.60  /* of expat */
#define JSON_RATIO_MIN 0.25 /* of simdjson */

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *what, double adapter, double parser, const char *unit, double ratio_min)
{
    double ratio = adapter / parser;
    printf("%-8s adapter %9.1f %s   parser alone %9.1f %s   ratio %.2f   goal >= %.2f   %s\n", what, adapter,
           unit, parser, unit, ratio, ratio_min, ratio >= ratio_min ? "pass" : "over");
}

/* ---- texts */

/* A text that grows; BR_PADDING readable bytes are kept behind it. */
struct text {
    char *data;
    size_t size, capacity;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    if (text->capacity - text->size < 4096) {
        text->capacity = text->capacity * 2 + 65536;
        text->data = realloc(text->data, text->capacity);
        if (!text->data)
            abort();
    }
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text->data + text->size, 2048, format, arguments);
    va_end(arguments);
    if (size > 0 && size < 2048)
        text->size += (size_t)size;
}

static void head(struct text *text, const char *publication)
{
    put(text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
        "<d2LogicalModel xmlns=\"http://datex2.eu/schema/2/2_0\" modelBaseVersion=\"2\" "
        "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
        "<payloadPublication xsi:type=\"%s\" lang=\"nl\"><publicationTime>2026-08-18T10:01:00Z"
        "</publicationTime>",
        publication);
}

static void foot(struct text *text, const char *inner)
{
    put(text, "%s</payloadPublication></d2LogicalModel>", inner);
    memset(text->data + text->size, 0, BR_PADDING);
}

static unsigned lanes_of(size_t site)
{
    return 2 + (unsigned)(site % 3);
}

/* ---- the site table: for each lane a flow and a speed of any vehicle, and of short ones */

static void put_meaning(struct text *text, unsigned index, unsigned lane, const char *quantity, bool any)
{
    put(text,
        "<measurementSpecificCharacteristics index=\"%u\"><measurementSpecificCharacteristics>"
        "<period>60</period><specificLane>lane%u</specificLane>"
        "<specificMeasurementValueType>%s</specificMeasurementValueType><specificVehicleCharacteristics>%s"
        "</specificVehicleCharacteristics></measurementSpecificCharacteristics>"
        "</measurementSpecificCharacteristics>",
        index, lane, quantity,
        any ? "<vehicleType>anyVehicle</vehicleType>"
            : "<lengthCharacteristic><comparisonOperator>lessThan</comparisonOperator>"
              "<vehicleLength>5.6</vehicleLength></lengthCharacteristic>");
}

static void put_record(struct text *text, size_t site)
{
    put(text,
        "<measurementSiteRecord id=\"MADE_%06zu\" version=\"1\">"
        "<computationMethod>arithmeticAverageOfSamplesInATimePeriod</computationMethod>"
        "<measurementSiteNumberOfLanes>%u</measurementSiteNumberOfLanes>",
        site, lanes_of(site));
    for (unsigned lane = 0; lane < lanes_of(site); lane++) {
        for (unsigned i = 0; i < 4; i++)
            put_meaning(text, lane * 4 + i + 1, lane + 1, i < 2 ? "trafficFlow" : "trafficSpeed", i % 2 == 0);
    }
    put(text,
        "<measurementSiteLocation><locationForDisplay><latitude>%.5f</latitude><longitude>%.5f</longitude>"
        "</locationForDisplay></measurementSiteLocation></measurementSiteRecord>",
        51.0 + (double)(site % 211) / 100, 4.0 + (double)(site % 307) / 100);
}

static struct text make_table(size_t sites)
{
    struct text text = {0};
    head(&text, "MeasurementSiteTablePublication");
    put(&text, "<measurementSiteTable id=\"MADE\" version=\"1\">");
    for (size_t site = 0; site < sites; site++)
        put_record(&text, site);
    foot(&text, "</measurementSiteTable>");
    return text;
}

/* ---- measured data */

static void put_flow(struct text *text, unsigned index, unsigned flow)
{
    put(text,
        "<measuredValue index=\"%u\"><measuredValue><basicData xsi:type=\"TrafficFlow\"><vehicleFlow>"
        "<vehicleFlowRate>%u</vehicleFlowRate></vehicleFlow></basicData></measuredValue></measuredValue>",
        index, flow);
}

static void put_speed(struct text *text, unsigned index, unsigned count, unsigned speed)
{
    put(text,
        "<measuredValue index=\"%u\"><measuredValue><basicData xsi:type=\"TrafficSpeed\">"
        "<averageVehicleSpeed numberOfInputValuesUsed=\"%u\"><speed>%u</speed></averageVehicleSpeed>"
        "</basicData></measuredValue></measuredValue>",
        index, count, speed);
}

static void put_site(struct text *text, size_t site)
{
    put(text,
        "<siteMeasurements><measurementSiteReference id=\"MADE_%06zu\" version=\"1\" "
        "targetClass=\"MeasurementSiteRecord\"/>"
        "<measurementTimeDefault>2026-08-18T10:00:00Z</measurementTimeDefault>",
        site);
    for (unsigned lane = 0; lane < lanes_of(site); lane++) {
        unsigned count = 1 + (unsigned)((site * 7 + lane * 5) % 23);
        put_flow(text, lane * 4 + 1, count * 60);
        put_flow(text, lane * 4 + 2, count * 60 / 2);
        put_speed(text, lane * 4 + 3, count, 60 + (unsigned)(site * 3 + lane) % 60);
        put_speed(text, lane * 4 + 4, count, 61 + (unsigned)(site * 3 + lane) % 60);
    }
    put(text, "</siteMeasurements>");
}

static struct text make_measured(size_t size, size_t *sites)
{
    struct text text = {0};
    head(&text, "MeasuredDataPublication");
    for (*sites = 0; text.size < size; ++*sites)
        put_site(&text, *sites);
    foot(&text, "");
    return text;
}

/* ---- an adapter at work */

struct work {
    const struct br_adapter *adapter;
    void *self;
    struct br_node *options;
    struct br_faults *faults;
    struct br_arena *arena;
    struct br_emit emit;
};

static bool work_open(struct work *work, const char *name, const char *options)
{
    *work = (struct work){.adapter = br_adapter_find(name),
                          .faults = br_faults_open(),
                          .arena = br_arena_open((size_t)64 * 1024, 0)};
    if (!work->adapter || !work->faults || !work->arena)
        return false;
    work->options = br_node_flow(options, work->faults);
    struct br_adapter_setup setup = {.options = work->options};
    work->self = work->options ? br_adapter_open(work->adapter, &setup, 1, work->faults) : NULL;
    br_faults_print(work->faults, stderr);
    return work->self != NULL;
}

static void work_close(struct work *work)
{
    if (work->self)
        work->adapter->close(work->self);
    br_node_close(work->options);
    br_faults_close(work->faults);
    br_arena_close(work->arena);
}

/* How many observations, or sensors of a table, a message gives. */
static size_t work_take(struct work *work, const char *data, size_t size, bool is_table)
{
    struct br_payload *payload = br_payload_open(data, size, (size_t)1 << 30);
    struct br_message message = {.feed = "bench",
                                 .topic = {"city/garage/1", 13},
                                 .payload = payload,
                                 .received_at_utc_ms = RECEIVED_UTC_MS};
    br_arena_reset(work->arena);
    br_emit_start(&work->emit, work->arena);
    enum br_outcome outcome = is_table ? work->adapter->reference(work->self, &message, &work->emit)
                                       : work->adapter->decode(work->self, &message, &work->emit);
    br_payload_close(payload);
    if (outcome != BR_DECODED || work->emit.invalid_count > 0)
        fprintf(stderr, "%s: %s\n", work->adapter->name, work->emit.reason);
    return is_table ? work->emit.sensor_count : work->emit.observation_count;
}

/* ---- datex2 beside expat */

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    (void)context, (void)name, (void)attributes;
}

static void on_end(void *context, const XML_Char *name)
{
    (void)context, (void)name;
}

static void on_text(void *context, const XML_Char *text, int size)
{
    (void)context, (void)text, (void)size;
}

static bool parse_alone(const struct text *text)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    bool good = true;
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    for (size_t at = 0; good && at < text->size; at += PIECE_SIZE) {
        size_t size = text->size - at < PIECE_SIZE ? text->size - at : PIECE_SIZE;
        good = XML_Parse(parser, text->data + at, (int)size, at + size == text->size) == XML_STATUS_OK;
    }
    XML_ParserFree(parser);
    return good;
}

static double least(double best, double seconds)
{
    return best == 0 || seconds < best ? seconds : best;
}

/* Rounds of both over the document. False: one of them did not read it all. */
static bool race_xml(struct work *work, const struct text *measured, size_t sites)
{
    double adapter_s = 0, parser_s = 0, megabytes = (double)measured->size / 1e6;
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_s();
        size_t count = work_take(work, measured->data, measured->size, false);
        double middle = cpu_s();
        if (count != sites || !parse_alone(measured))
            return false;
        adapter_s = least(adapter_s, middle - start);
        parser_s = least(parser_s, cpu_s() - middle);
    }
    report("datex2", megabytes / adapter_s, megabytes / parser_s, "MB/s", XML_RATIO_MIN);
    return true;
}

static bool bench_xml(size_t size)
{
    size_t sites;
    struct work work;
    struct text measured = make_measured(size, &sites), table = make_table(sites);
    bool good = work_open(&work, "datex2", "{detail: site}") &&
                work_take(&work, table.data, table.size, true) == sites && race_xml(&work, &measured, sites);
    printf("         %.1f MB, %zu sites, table of %.1f MB\n", (double)measured.size / 1e6, sites,
           (double)table.size / 1e6);
    work_close(&work);
    free(measured.data);
    free(table.data);
    return good;
}

/* ---- json beside simdjson */

struct messages {
    char data[MESSAGE_KINDS][MESSAGE_SIZE + BR_PADDING];
};

static void make_messages(struct messages *messages)
{
    for (unsigned i = 0; i < MESSAGE_KINDS; i++) {
        char *data = messages->data[i];
        int size =
            snprintf(data, MESSAGE_SIZE,
                     "{\"id\":\"garage-%04u\",\"updated\":\"2026-08-18T10:00:%02uZ\",\"state\":\"open\","
                     "\"place\":{\"lat\":52.%04u,\"lon\":5.%04u},\"spaces\":{\"total\":%u,\"free\":%u},"
                     "\"tariffs\":[{\"from\":8,\"to\":18,\"cents\":%u},{\"from\":18,\"to\":24,"
                     "\"cents\":125}],\"note\":\"",
                     i, i % 60, 1000 + i * 13, 1000 + i * 17, 400 + i, i * 5, 200 + i);
        memset(data + size, 'x', (size_t)(MESSAGE_SIZE - size));
        memcpy(data + MESSAGE_SIZE - 2, "\"}", 2);
        memset(data + MESSAGE_SIZE, 0, BR_PADDING);
    }
}

static bool adapt_messages(struct work *work, const struct messages *messages, long count)
{
    bool good = true;
    for (long i = 0; i < count && good; i++)
        good = work_take(work, messages->data[i % MESSAGE_KINDS], MESSAGE_SIZE, false) == 1;
    return good;
}

static bool parse_messages(struct br_json *json, const struct messages *messages, long count)
{
    struct br_json_value root;
    const char *error = NULL;
    bool good = true;
    for (long i = 0; i < count && good; i++)
        good = br_json_parse(json, (struct br_view){messages->data[i % MESSAGE_KINDS], MESSAGE_SIZE}, &root,
                             &error);
    return good;
}

static bool race_json(struct work *work, struct br_json *json, const struct messages *messages, long count)
{
    double adapter_s = 0, parser_s = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_s();
        if (!adapt_messages(work, messages, count / ROUNDS))
            return false;
        double middle = cpu_s();
        if (!parse_messages(json, messages, count / ROUNDS))
            return false;
        adapter_s = least(adapter_s, middle - start);
        parser_s = least(parser_s, cpu_s() - middle);
    }
    double thousands = (double)(count / ROUNDS) / 1e3;
    report("json", thousands / adapter_s, thousands / parser_s, "k/s", JSON_RATIO_MIN);
    printf("         %.3f us a message of %d bytes, %.3f us parsed alone\n", adapter_s / thousands * 1e3,
           MESSAGE_SIZE, parser_s / thousands * 1e3);
    return true;
}

static bool bench_json(long count)
{
    static const char options[] =
        "{domain: parking, sensor: /id, observed_at: {at: /updated, format: rfc3339}, lat: /place/lat, "
        "lon: /place/lon, values: {vacant: /spaces/free, capacity: /spaces/total, "
        "open: {at: /state, true: [open], false: [closed]}}}";
    struct messages messages;
    struct work work;
    struct br_json *json = br_json_open();
    make_messages(&messages);
    bool good = work_open(&work, "json", options) && json && race_json(&work, json, &messages, count);
    work_close(&work);
    br_json_close(json);
    return good;
}

int main(int argc, char **argv)
{
    long megabytes = argc > 1 ? atol(argv[1]) : MEGABYTES, count = argc > 2 ? atol(argv[2]) : MESSAGES;
    if (megabytes < 1 || megabytes > 1000 || count < ROUNDS) {
        fprintf(stderr, "usage: bench_decode [MEGABYTES] [MESSAGES]\n");
        return 1;
    }
    bool is_xml_read = bench_xml((size_t)megabytes * 1000000), is_json_read = bench_json(count);
    if (is_xml_read && is_json_read)
        return 0;
    fprintf(stderr, "an adapter did not read what was made for it\n");
    return 1;
}
