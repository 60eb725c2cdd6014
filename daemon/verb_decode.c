/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* `bruisd decode`: one payload a file, through one adapter, to JSON Lines. */
#include "daemon/verb.h"
#include "daemon/core/file.h"
#include "daemon/flow/decoder.h"
#include "daemon/flow/place.h"
#include "proto/record.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX (INT64_C(1) << 30)
#define ARENA_BLOCK ((size_t)64 * 1024)

struct decode {
    const char *adapter, *config_path, *feed, *topic;
    int64_t received_at_utc_ms;
    struct br_node *options;
    struct br_config *config;
    struct br_decoder *decoder;
    struct br_places *places;
    struct br_arena *arena;
    struct br_faults *faults;
    size_t payloads, observations, sensors, skipped, rejected;
};

static const char usage[] =
    "usage: bruisd decode -a ADAPTER [-o KEY=VALUE]... [-t TOPIC] [--received-at TIME] [FILE...]\n"
    "       bruisd decode -c CONFIG -f FEED [-t TOPIC] [--received-at TIME] [FILE...]\n";

static bool take_option(struct decode *decode, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        br_faults_add(decode->faults, NULL, 0, text, "an option is KEY=VALUE");
        return false;
    }
    char *key = strndup(text, (size_t)(equals - text));
    struct br_node *value = key ? br_node_flow(equals + 1, decode->faults) : NULL;
    bool taken = value && br_node_set(decode->options, key, value, decode->faults);
    free(key);
    return taken;
}

/* 0, or the exit status (-1: help was given). */
static int take_arguments(struct decode *decode, int argc, char **argv)
{
    static const struct option options[] = {
        {"adapter", required_argument, NULL, 'a'}, {"option", required_argument, NULL, 'o'},
        {"topic", required_argument, NULL, 't'},   {"received-at", required_argument, NULL, 'r'},
        {"config", required_argument, NULL, 'c'},  {"feed", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "a:o:t:c:f:h", options, NULL)) != -1) {
        switch (option) {
        case 'a':
            decode->adapter = optarg;
            break;
        case 'o':
            if (!take_option(decode, optarg))
                return BR_EXIT_USAGE;
            break;
        case 't':
            decode->topic = optarg;
            break;
        case 'r':
            if (br_time_parse(br_view_of(optarg), &decode->received_at_utc_ms))
                break;
            br_faults_add(decode->faults, NULL, 0, "--received-at", "no RFC 3339 time: %s", optarg);
            return BR_EXIT_USAGE;
        case 'c':
            decode->config_path = optarg;
            break;
        case 'f':
            decode->feed = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return -1;
        default:
            return BR_EXIT_USAGE;
        }
    }
    return 0;
}

static int open_adapter(struct decode *decode)
{
    struct br_decoder_setup setup = {.feed = "decode",
                                     .adapter = br_adapter_find(decode->adapter),
                                     .options = decode->options,
                                     .max_payload = DEFAULT_MAX,
                                     .max_unpacked = DEFAULT_MAX};
    if (!setup.adapter) {
        br_faults_add(decode->faults, NULL, 0, "-a", "no such adapter: %s (bruisd adapters lists them)",
                      decode->adapter);
        return BR_EXIT_USAGE;
    }
    decode->decoder = br_decoder_open(&setup, decode->faults);
    return decode->decoder ? 0 : BR_EXIT_CONFIG;
}

static int open_feed(struct decode *decode)
{
    int status;
    char *dir = NULL;
    decode->config = br_verb_config(decode->config_path, &status);
    if (!decode->config)
        return status;
    for (size_t i = 0; i < decode->config->feed_count; i++) {
        const struct br_config_feed *feed = &decode->config->feeds[i];
        if (strcmp(feed->name, decode->feed) != 0)
            continue;
        dir = strdup(decode->config->path);
        char *slash = dir ? strrchr(dir, '/') : NULL;
        if (slash)
            *slash = '\0';
        struct br_decoder_setup setup = {.feed = feed->name,
                                         .adapter = feed->adapter,
                                         .options = feed->options,
                                         .line = feed->line,
                                         .dir = slash ? dir : NULL,
                                         .max_payload = feed->max_payload,
                                         .max_unpacked = feed->max_unpacked};
        decode->decoder = br_decoder_open(&setup, decode->faults);
        free(dir);
        return decode->decoder ? 0 : BR_EXIT_CONFIG;
    }
    br_faults_add(decode->faults, NULL, 0, "-f", "no such feed: %s", decode->feed);
    return BR_EXIT_USAGE;
}

/* Coordinates of other systems are converted by the flow; here nobody else does it. */
static void place(struct decode *decode, const struct br_place *from, protobuf_c_boolean *has_lat,
                  double *lat, protobuf_c_boolean *has_lon, double *lon)
{
    if (!from->srs || *has_lat)
        return;
    *has_lat = *has_lon = br_places_convert(decode->places, from->srs, from->x, from->y, lat, lon);
}

static void print(struct br_text *text)
{
    br_text_add(text, "\n", 1);
    fwrite(text->data, 1, text->size, stdout);
    text->size = 0;
}

static void print_records(struct decode *decode, const struct br_emit *emit)
{
    struct br_text text = {0};
    for (struct br_emitted_sensor *item = emit->sensors; item; item = item->next) {
        Bruis__V1__Sensor *sensor = item->sensor;
        place(decode, &item->place, &sensor->has_lat, &sensor->lat, &sensor->has_lon, &sensor->lon);
        br_record_sensor(&text, sensor);
        print(&text);
    }
    for (struct br_emitted_observation *item = emit->observations; item; item = item->next) {
        Bruis__V1__Observation *observation = item->observation;
        place(decode, &item->place, &observation->has_lat, &observation->lat, &observation->has_lon,
              &observation->lon);
        br_record_observation(&text, observation);
        print(&text);
    }
    free(text.data);
    decode->observations += emit->observation_count;
    decode->sensors += emit->sensor_count;
}

static void decode_bytes(struct decode *decode, const char *name, struct br_view bytes)
{
    struct br_emit emit;
    enum br_message_outcome outcome = br_decoder_decode(decode->decoder, br_view_of(decode->topic), bytes,
                                                        decode->received_at_utc_ms, decode->arena, &emit);
    decode->payloads++;
    decode->skipped += outcome == BR_OUT_SKIPPED;
    decode->rejected += outcome == BR_OUT_REJECTED || outcome == BR_OUT_OVERSIZE;
    if (outcome == BR_OUT_DECODED)
        print_records(decode, &emit);
    if (outcome != BR_OUT_DECODED)
        fprintf(stderr, "%s: %s: %s\n", name, outcome == BR_OUT_SKIPPED ? "skipped" : "rejected",
                emit.reason);
    else if (emit.invalid_count > 0)
        fprintf(stderr, "%s: %zu invalid, the first: %s\n", name, emit.invalid_count, emit.reason);
    if (emit.unmatched_count > 0)
        fprintf(stderr, "%s: %zu sites or versions that the table lacks\n", name, emit.unmatched_count);
    br_arena_reset(decode->arena);
}

static char *read_stream(FILE *stream, size_t *size)
{
    char *bytes = NULL;
    size_t capacity = 0, got = 1;
    *size = 0;
    while (got > 0) {
        if (*size + 65536 + BR_PADDING > capacity) {
            capacity = (*size + 65536 + BR_PADDING) * 2;
            char *grown = realloc(bytes, capacity);
            if (!grown)
                break;
            bytes = grown;
        }
        got = fread(bytes + *size, 1, 65536, stream);
        *size += got;
    }
    return bytes;
}

static int decode_file(struct decode *decode, const char *path)
{
    FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t size;
    if (!stream) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return BR_EXIT_NO_INPUT;
    }
    char *bytes = read_stream(stream, &size);
    if (bytes)
        decode_bytes(decode, path, (struct br_view){bytes, size});
    free(bytes);
    if (stream != stdin)
        fclose(stream);
    return bytes ? 0 : BR_EXIT_IO;
}

static int decode_all(struct decode *decode, int count, char **files)
{
    static char standard_input[] = "-";
    char *alone[] = {standard_input};
    int status = 0;
    for (int i = 0; i < (count > 0 ? count : 1) && !status; i++)
        status = decode_file(decode, count > 0 ? files[i] : alone[0]);
    fflush(stdout);
    if (!status && ferror(stdout))
        status = BR_EXIT_IO;
    fprintf(stderr, "payloads=%zu observations=%zu sensors=%zu skipped=%zu rejected=%zu\n", decode->payloads,
            decode->observations, decode->sensors, decode->skipped, decode->rejected);
    return !status && decode->rejected > 0 ? BR_EXIT_DATA : status;
}

static int run(struct decode *decode, int argc, char **argv)
{
    int status = take_arguments(decode, argc, argv);
    if (status)
        return status;
    if (!!decode->adapter == !!decode->feed || !!decode->feed != !!decode->config_path) {
        fputs(usage, stderr);
        return BR_EXIT_USAGE;
    }
    status = decode->feed ? open_feed(decode) : open_adapter(decode);
    return status ? status : decode_all(decode, argc - optind, argv + optind);
}

int br_verb_decode(int argc, char **argv)
{
    struct decode decode = {.topic = "",
                            .received_at_utc_ms = BR_TIME_NONE,
                            .options = br_node_map(),
                            .places = br_places_open(),
                            .arena = br_arena_open(ARENA_BLOCK, 0),
                            .faults = br_faults_open()};
    int status = BR_EXIT_IO;
    if (decode.options && decode.places && decode.arena && decode.faults)
        status = run(&decode, argc, argv);
    if (decode.faults)
        br_faults_print(decode.faults, stderr);
    br_decoder_close(decode.decoder);
    br_config_close(decode.config);
    br_node_close(decode.options);
    br_places_close(decode.places);
    br_arena_close(decode.arena);
    br_faults_close(decode.faults);
    return status < 0 ? BR_EXIT_OK : status;
}
