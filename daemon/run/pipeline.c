/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The way of a message through the daemon, from the journal to the figures: what a start opens and a reload
 * opens again. */
#include "daemon/run/daemon.h"
#include "daemon/verb.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int daemon_fail(struct daemon *daemon, int status, const char *what, int error)
{
    br_log(daemon->log, BR_LOG_ERR, "start_failed", "what=%s reason=\"%s\"", what, strerror(-error));
    return status;
}

/* All of them are there, or none is different. */
bool daemon_open_counters(struct daemon *daemon)
{
    size_t count = daemon->config->feed_count;
    struct br_tally *tally = br_tally_open(daemon->metrics, daemon->config);
    br_series **refused = calloc(3 * count + 1, sizeof *refused);
    if (!tally || !refused) {
        br_tally_close(tally);
        free(refused);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct br_tally_feed *feed = br_tally_feed(tally, i);
        refused[i] = feed->received;
        refused[count + i] = feed->outcome[BR_OUT_OVERSIZE];
        refused[2 * count + i] = feed->outcome[BR_OUT_DROPPED];
    }
    daemon->tally = tally;
    daemon->refused = refused;
    return true;
}

struct br_mqtt_in_counters daemon_counters(const struct daemon *daemon)
{
    size_t count = daemon->config->feed_count;
    return (struct br_mqtt_in_counters){daemon->refused, daemon->refused + count,
                                        daemon->refused + 2 * count};
}

static void on_figure(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct daemon *daemon = context;
    bool is_live = strcmp(figure->window, "live") == 0;
    uint64_t change = 0;
    br_board_put(daemon->board, figure);
    if (daemon->repeating) {
        if (daemon->mqtt_out && daemon->ready)
            br_mqtt_out_repeat(daemon->mqtt_out, figure);
        return;
    }
    if (!is_live)
        change = br_history_put(daemon->history, figure, newest);
    daemon->unkept |= !is_live && change == 0;
    if (daemon->mqtt_out && (is_live || change > 0))
        br_mqtt_out_figure(daemon->mqtt_out, figure, change, newest);
}

void daemon_repeat(struct daemon *daemon)
{
    daemon->repeating = true;
    br_flow_repeat(daemon->flow);
    daemon->repeating = false;
}

static void on_observation(void *context, const Bruis__V1__Observation *observation)
{
    struct daemon *daemon = context;
    if (daemon->mqtt_out && daemon->config->mqtt.observations)
        br_mqtt_out_observation(daemon->mqtt_out, observation);
    if (daemon->influx && daemon->config->influxdb.observations)
        br_history_put_observation(daemon->history, observation);
}

/* A key that is there but cannot be used is told with its place; no other is made in its stead, or what was
 * published would be rounded anew. */
static void tell_key(const struct daemon *daemon, const char *reason)
{
    const struct br_config_secret *secret = &daemon->config->privacy.key;
    if (secret->credential)
        br_log(daemon->log, BR_LOG_ERR, "privacy_key", "credential=%s reason=\"%s\"", secret->credential,
               reason);
    else
        br_log(daemon->log, BR_LOG_ERR, "privacy_key", "file=%s%s reason=\"%s\"",
               secret->file ? secret->file : daemon->config->state_dir, secret->file ? "" : "/privacy.key",
               reason);
}

/* Where privacy is off no key is needed. */
static int open_key(const struct daemon *daemon, uint8_t **key, size_t *size)
{
    const struct br_config_privacy *privacy = &daemon->config->privacy;
    *key = NULL;
    *size = 0;
    if (privacy->pedestrian_min <= 1 && privacy->round_to <= 1)
        return 0;
    errno = 0;
    *key = br_state_dir_privacy_key(daemon->state, privacy, size);
    if (*key && *size > 0)
        return 0;
    tell_key(daemon, *key               ? "it is empty"
                     : errno == EBADMSG ? "it has not 32 bytes: put the key back that was made here"
                                        : strerror(errno ? errno : ENOMEM));
    free(*key);
    return -EKEYREJECTED;
}

/* The flow from a state. -EBADMSG: the readings do not belong to it. */
int daemon_open_flow_from(struct daemon *daemon, const Bruis__V1__State *state)
{
    char readings[PATH_MAX];
    uint8_t *key;
    size_t key_size;
    int error = open_key(daemon, &key, &key_size);
    if (error)
        return error;
    snprintf(readings, sizeof readings, "%s/readings", daemon->config->state_dir);
    struct br_flow_setup setup = {.config = daemon->config,
                                  .regions = daemon->regions,
                                  .catalogue = daemon->catalogue,
                                  .tally = daemon->tally,
                                  .log = daemon->log,
                                  .readings_dir = readings,
                                  .privacy_key = key,
                                  .privacy_key_size = key_size,
                                  .state = state,
                                  .figure = on_figure,
                                  .observation = on_observation,
                                  .context = daemon};
    daemon->flow = br_flow_open(&setup, &error);
    if (key)
        explicit_bzero(key, key_size);
    free(key);
    return error;
}

/* The key of the configuration is the operator's matter, the one in the state a damage of it. */
static int key_status(const struct daemon *daemon)
{
    const struct br_config_secret *secret = &daemon->config->privacy.key;
    return secret->credential || secret->file ? BR_EXIT_CONFIG : BR_EXIT_IO;
}

int daemon_open_flow(struct daemon *daemon)
{
    Bruis__V1__State *state;
    int status = daemon_recall(daemon, &state);
    if (status)
        return status;
    int error = daemon_open_flow_from(daemon, state);
    daemon->position = daemon_position(daemon, error == -EBADMSG ? NULL : state);
    if (state)
        bruis__v1__state__free_unpacked(state, NULL);
    if (error == -EBADMSG) {
        br_log(daemon->log, BR_LOG_ERR, "readings_damaged",
               "action=\"going on from what the journal still holds\"");
        error = daemon_open_flow_from(daemon, NULL);
    }
    if (error == -EKEYREJECTED)
        return key_status(daemon);
    if (error)
        return daemon_fail(daemon, BR_EXIT_IO, "flow", error);
    daemon_repeat(daemon);
    return BR_EXIT_OK;
}

int daemon_open_intake(struct daemon *daemon)
{
    int error = 0;
    if (!daemon->quarantine) /* a reload finds it open */
        daemon->quarantine = br_quarantine_open(daemon->config->state_dir, &error);
    if (!daemon->quarantine) /* a full disk is no reason to hear nothing */
        br_log(daemon->log, BR_LOG_ERR, "quarantine_off", "reason=\"%s\"", strerror(-error));
    struct br_intake_setup setup = {.loop = &daemon->loop,
                                    .config = daemon->config,
                                    .journal = daemon->journal,
                                    .flow = daemon->flow,
                                    .tally = daemon->tally,
                                    .log = daemon->log,
                                    .quarantine = daemon->quarantine,
                                    .position = daemon->position,
                                    .ticked = daemon_keep,
                                    .context = daemon};
    br_faults_file(daemon->faults, daemon->config->path);
    daemon->intake = br_intake_open(&setup, daemon->faults);
    if (daemon->intake)
        return BR_EXIT_OK;
    return br_faults_count(daemon->faults) > 0 ? BR_EXIT_CONFIG
                                               : daemon_fail(daemon, BR_EXIT_IO, "adapters", -ENOMEM);
}
