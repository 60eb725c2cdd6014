/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* `bruisd replay`: captures through the whole pipeline, event time only, no network. */
#include "daemon/verb.h"
#include "daemon/flow/intake.h"
#include "daemon/in/capture.h"
#include "daemon/in/router.h"
#include "proto/record.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct replay {
    struct br_config *config;
    struct br_faults *faults;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
    struct br_metrics *metrics;
    struct br_tally *tally;
    struct br_log *log;
    struct br_flow *flow;
    struct br_intake *intake;
    struct br_text text;
    char dir[PATH_MAX]; /* throw-away state; empty: none */
    int64_t second_utc; /* of the last tick */
    size_t messages, unmatched, rejected;
};

static void on_figure(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct replay *replay = context;
    (void)newest;
    br_record_figure(&replay->text, figure);
    br_text_add(&replay->text, "\n", 1);
    fwrite(replay->text.data, 1, replay->text.size, stdout);
    replay->text.size = 0;
}

/* Time goes on by the times of arrival: what the daemon does once a second is done when a second is over. */
static void tick(struct replay *replay, int64_t received_at_utc_ms)
{
    if (received_at_utc_ms == BR_TIME_NONE || received_at_utc_ms / 1000 <= replay->second_utc)
        return;
    replay->second_utc = received_at_utc_ms / 1000;
    br_flow_tick(replay->flow, received_at_utc_ms);
    br_flow_rest(replay->flow);
}

static void take_message(struct replay *replay, const struct br_captured *message)
{
    size_t feed = br_router_next(replay->config, SIZE_MAX, message->topic, SIZE_MAX);
    replay->messages++;
    replay->unmatched += feed == SIZE_MAX;
    tick(replay, message->received_at_utc_ms);
    for (; feed != SIZE_MAX; feed = br_router_next(replay->config, SIZE_MAX, message->topic, feed)) {
        enum br_message_outcome outcome = br_intake_message(replay->intake, feed, message->topic,
                                                            message->payload, message->received_at_utc_ms);
        replay->rejected += outcome == BR_OUT_REJECTED || outcome == BR_OUT_OVERSIZE;
    }
}

static int take_capture(struct replay *replay, const char *path)
{
    FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    struct br_captured message;
    const char *reason;
    int got;
    if (!stream) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return BR_EXIT_NO_INPUT;
    }
    struct br_capture *capture = br_capture_open(stream, path);
    while (capture && (got = br_capture_next(capture, &message, &reason)) != 0) {
        if (got > 0) {
            take_message(replay, &message);
            continue;
        }
        replay->rejected++;
        fprintf(stderr, "%s\n", reason);
    }
    br_capture_close(capture);
    if (stream != stdin)
        fclose(stream);
    return capture ? BR_EXIT_OK : BR_EXIT_IO;
}

static int read_key(struct replay *replay, char **key, size_t *key_size)
{
    const struct br_config_privacy *privacy = &replay->config->privacy;
    *key = NULL;
    *key_size = 0;
    if (privacy->pedestrian_min <= 1 && privacy->round_to <= 1)
        return BR_EXIT_OK;
    *key = br_config_secret_read(&privacy->key, key_size);
    if (*key && *key_size > 0)
        return BR_EXIT_OK;
    fprintf(stderr, "privacy.key_credential or key_file: replay needs a given key where privacy is on: %s\n",
            *key ? "it is empty" : strerror(errno));
    free(*key);
    return BR_EXIT_CONFIG;
}

static int open_flow(struct replay *replay)
{
    char *key;
    size_t key_size;
    int error, status = read_key(replay, &key, &key_size);
    if (status)
        return status;
    struct br_flow_setup setup = {.config = replay->config,
                                  .regions = replay->regions,
                                  .catalogue = replay->catalogue,
                                  .tally = replay->tally,
                                  .log = replay->log,
                                  .readings_dir = replay->dir,
                                  .privacy_key = (uint8_t *)key,
                                  .privacy_key_size = key_size,
                                  .replay = true,
                                  .figure = on_figure,
                                  .context = replay};
    replay->flow = br_flow_open(&setup, &error);
    if (key)
        explicit_bzero(key, key_size);
    free(key);
    if (replay->flow)
        return BR_EXIT_OK;
    fprintf(stderr, "%s: %s\n", replay->dir, strerror(-error));
    return BR_EXIT_CANNOT_CREATE;
}

static int open_all(struct replay *replay)
{
    const char *base = getenv("TMPDIR");
    replay->regions = br_regions_open(replay->config, replay->faults);
    replay->catalogue = replay->regions && replay->config->sensors.count > 0
                            ? br_catalogue_open(replay->config, replay->regions, replay->faults)
                            : NULL;
    if (!replay->regions || br_faults_count(replay->faults) > 0)
        return BR_EXIT_CONFIG;
    snprintf(replay->dir, sizeof replay->dir, "%s/bruisd-replay-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(replay->dir)) {
        fprintf(stderr, "%s: %s\n", replay->dir, strerror(errno));
        replay->dir[0] = '\0';
        return BR_EXIT_CANNOT_CREATE;
    }
    replay->log = br_log_open(BR_LOG_WARNING);
    replay->metrics = br_metrics_open();
    replay->tally = replay->metrics ? br_tally_open(replay->metrics, replay->config) : NULL;
    if (!replay->tally)
        return BR_EXIT_IO;
    int status = open_flow(replay);
    if (status)
        return status;
    struct br_intake_setup setup = {
        .config = replay->config, .flow = replay->flow, .tally = replay->tally, .log = replay->log};
    replay->intake = br_intake_open(&setup, replay->faults);
    return replay->intake ? BR_EXIT_OK : BR_EXIT_CONFIG;
}

static void remove_dir(const char *dir)
{
    char path[PATH_MAX + 256];
    DIR *stream = *dir ? opendir(dir) : NULL;
    if (!stream)
        return;
    for (struct dirent *entry; (entry = readdir(stream));) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        unlink(path); /* `.` and `..` are not for unlink */
    }
    closedir(stream);
    rmdir(dir);
}

/* What became of everything, on stderr: the counters are all there is to see of the inside. */
static void print_counts(const struct replay *replay)
{
    fprintf(stderr, "messages=%zu unmatched=%zu rejected=%zu\n", replay->messages, replay->unmatched,
            replay->rejected);
    for (size_t i = 0; i < replay->config->feed_count; i++) {
        const struct br_tally_feed *feed = br_tally_feed(replay->tally, i);
        fprintf(stderr,
                "feed=%s received=%lld decoded=%lld used=%lld duplicate=%lld late=%lld corrected=%lld "
                "conflict=%lld "
                "implausible=%lld invalid=%lld unlocated=%lld pending=%lld unmatched=%lld\n",
                replay->config->feeds[i].name, (long long)*feed->received, (long long)*feed->decoded,
                (long long)*feed->result[BR_USED], (long long)*feed->result[BR_DUPLICATE],
                (long long)*feed->result[BR_LATE], (long long)*feed->result[BR_CORRECTED],
                (long long)*feed->result[BR_CONFLICT], (long long)*feed->result[BR_IMPLAUSIBLE],
                (long long)*feed->result[BR_INVALID], (long long)*feed->result[BR_UNLOCATED],
                (long long)*feed->pending, (long long)*feed->unmatched);
    }
}

static int run(struct replay *replay, int argc, char **argv)
{
    static char standard_input[] = "-";
    char *alone[] = {standard_input};
    int status = open_all(replay);
    for (int i = 0; i < (argc > 0 ? argc : 1) && !status; i++)
        status = take_capture(replay, argc > 0 ? argv[i] : alone[0]);
    if (status)
        return status;
    br_flow_finish(replay->flow);
    fflush(stdout);
    br_log_flush(replay->log, INT64_MAX);
    print_counts(replay);
    if (ferror(stdout))
        return BR_EXIT_IO;
    return replay->rejected > 0 ? BR_EXIT_DATA : BR_EXIT_OK;
}

int br_verb_replay(int argc, char **argv)
{
    struct replay replay = {.second_utc = INT64_MIN};
    int rest, status;
    const char *path = br_verb_config_path(argc, argv, &rest);
    if (!path) {
        fprintf(stderr, "usage: bruisd replay -c FILE [CAPTURE...]\n");
        return BR_EXIT_USAGE;
    }
    replay.config = br_verb_config(path, &status);
    if (!replay.config)
        return status;
    replay.faults = br_faults_open();
    status = replay.faults ? run(&replay, argc - rest, argv + rest) : BR_EXIT_IO;
    if (replay.faults)
        br_faults_print(replay.faults, stderr);
    br_intake_close(replay.intake);
    br_flow_close(replay.flow);
    br_tally_close(replay.tally);
    br_metrics_close(replay.metrics);
    br_log_close(replay.log);
    br_catalogue_close(replay.catalogue);
    br_regions_close(replay.regions);
    br_faults_close(replay.faults);
    br_config_close(replay.config);
    remove_dir(replay.dir);
    free(replay.text.data);
    return status;
}
