/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Opens the parts in order: tables, state, journal, outputs, flow, inputs. */
#include "daemon/run/daemon.h"
#include "daemon/verb.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <systemd/sd-daemon.h>

#define HISTORY_SHARE 8 /* of the memory, for figures that wait for the disk */
#define BOARD_KEEP 180  /* windows of each series in memory: three hours of minutes */

static int64_t now_of(void *context)
{
    return br_now_utc_ms(((struct daemon *)context)->now);
}

static int open_tables(struct daemon *daemon)
{
    const struct br_config *config = daemon->config;
    daemon->regions = br_regions_open(config, daemon->faults);
    if (daemon->regions && config->sensors.count > 0)
        daemon->catalogue = br_catalogue_open(config, daemon->regions, daemon->faults);
    if (br_faults_count(daemon->faults) > 0 || !daemon->regions)
        return BR_EXIT_CONFIG;
    if (br_regions_ignored(daemon->regions) > 0)
        br_log(daemon->log, BR_LOG_WARNING, "boundaries_ignored",
               "count=%zu reason=\"code not in the region table\"", br_regions_ignored(daemon->regions));
    return BR_EXIT_OK;
}

/* What is right in the configuration but does nothing yet is told, so that nobody waits for it. */
static void warn_unused(struct daemon *daemon)
{
    const struct br_config *config = daemon->config;
    const struct {
        const char *section;
        bool given;
    } unused[] = {
        {"catalogue", br_node_get(config->root, "catalogue") != NULL},
        {"regions.divisions", config->regions.division_count > 0},
        {"publish.mqtt.state", config->mqtt.enabled && config->mqtt.state},
        {"publish.http.rate_limit", config->http.enabled && config->http.rate_limit > 0},
    };
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
        if (unused[i].given)
            br_log(daemon->log, BR_LOG_WARNING, "not_used", "section=%s reason=\"not in this version\"",
                   unused[i].section);
}

static int open_journal(struct daemon *daemon)
{
    struct br_journal_limits limits = {.size_max = daemon->config->journal_max};
    int error;
    daemon->state = br_state_dir_open(daemon->config->state_dir, &error);
    if (!daemon->state)
        return daemon_fail(daemon, error == -EWOULDBLOCK ? BR_EXIT_TRY_LATER : BR_EXIT_CANNOT_CREATE,
                           "state_dir", error);
    daemon->journal = br_journal_open(daemon->config->state_dir, &limits, &error);
    if (!daemon->journal && error == -ENOTSUP)
        return daemon_newer(daemon, "journal");
    if (!daemon->journal)
        return daemon_fail(daemon, BR_EXIT_IO, "journal", error);

    daemon->journal_bytes = br_metric_of(br_metric_add(daemon->metrics, BR_GAUGE, "bruis_journal_bytes",
                                                       "Size of the journal on disk.", "", 1),
                                         NULL, NULL);
    return BR_EXIT_OK;
}

static bool is_ready(void *context, const char **why_not)
{
    const struct daemon *daemon = context;
    *why_not = daemon->ready ? daemon_trouble(daemon) : "the journal is being read";
    return daemon->ready;
}

static void before_metrics(void *context)
{
    struct daemon *daemon = context;
    *daemon->journal_bytes = br_journal_size(daemon->journal);
    *daemon->loop_turn = daemon->turn_max_us;
    daemon->turn_max_us = 0;
    br_flow_gauges(daemon->flow);
}

int daemon_open_mqtt_out(struct daemon *daemon)
{
    int error;
    struct br_mqtt_out_setup setup = {.loop = &daemon->loop,
                                      .config = daemon->config,
                                      .history = daemon->history,
                                      .log = daemon->log,
                                      .metrics = daemon->metrics,
                                      .since_utc_ms = br_now_utc_ms(daemon->now),
                                      .version = BR_VERSION};
    if (!daemon->config->mqtt.enabled)
        return BR_EXIT_OK;
    daemon->mqtt_out = br_mqtt_out_open(&setup, &error);
    if (!daemon->mqtt_out)
        return daemon_fail(daemon, BR_EXIT_CONFIG, "publish.mqtt", error);
    br_mqtt_out_status(daemon->mqtt_out, daemon_trouble(daemon) ? "degraded" : "online");
    return BR_EXIT_OK;
}

/* Sockets of the service manager, by the names that its units give them. They belong to the process. */
static void take_sockets(struct daemon *daemon)
{
    static const char *const names[2] = {"http", "ops"};
    char **given = NULL;
    int count = sd_listen_fds_with_names(1, &given);
    for (int i = 0; i < count && given; i++) {
        bool is_known = false;
        for (int j = 0; j < 2; j++) {
            if (strcmp(given[i], names[j]) != 0)
                continue;
            daemon->sockets[j] = SD_LISTEN_FDS_START + i;
            daemon->has_socket[j] = is_known = true;
        }
        if (!is_known)
            br_log(daemon->log, BR_LOG_WARNING, "socket_unknown", "name=%s reason=\"http or ops\"", given[i]);
        free(given[i]);
    }
    free(given);
}

int daemon_open_http(struct daemon *daemon)
{
    int error;
    struct br_http_setup setup = {.loop = &daemon->loop,
                                  .config = daemon->config,
                                  .regions = daemon->regions,
                                  .board = daemon->board,
                                  .history = daemon->history,
                                  .metrics = daemon->metrics,
                                  .log = daemon->log,
                                  .now_utc_ms = now_of,
                                  .ready = is_ready,
                                  .before_metrics = before_metrics,
                                  .context = daemon,
                                  .wait = true};
    if (!daemon->config->http.enabled)
        return BR_EXIT_OK;
    for (int i = 0; i < 2; i++)
        setup.passed[i] = daemon->has_socket[i] ? &daemon->sockets[i] : NULL;
    daemon->http = br_http_open(&setup, &error);
    return daemon->http ? BR_EXIT_OK : daemon_fail(daemon, BR_EXIT_UNAVAILABLE, "publish.http", error);
}

void daemon_history_outputs(const struct br_config *config, bool outputs[BR_HISTORY_OUTPUTS])
{
    outputs[BR_HISTORY_MQTT] = config->mqtt.enabled;
    outputs[BR_HISTORY_INFLUXDB] = config->influxdb.enabled;
}

/* Something is on disk, or there is room again, or it is in trouble. */
static void on_history(void *context)
{
    struct daemon *daemon = context;
    if (daemon->stopping)
        return;
    daemon_health(daemon, DAEMON_NO_HISTORY, br_history_trouble(daemon->history) != 0);
    daemon_keep_on(daemon);
    if (daemon->mqtt_out)
        br_mqtt_out_changed(daemon->mqtt_out);
    if (daemon->influx)
        br_influx_out_changed(daemon->influx);
    daemon_pump(daemon);
}

static int open_history(struct daemon *daemon)
{
    int error;
    struct br_history_setup setup = {.loop = &daemon->loop,
                                     .config = daemon->config,
                                     .log = daemon->log,
                                     .metrics = daemon->metrics,
                                     .waiting_max = (size_t)daemon->config->memory_max / HISTORY_SHARE,
                                     .changed = on_history,
                                     .context = daemon};
    daemon_history_outputs(daemon->config, setup.outputs);
    daemon->history = br_history_open(&setup, &error);
    if (daemon->history)
        return BR_EXIT_OK;
    return error == -ENOTSUP ? daemon_newer(daemon, "history")
                             : daemon_fail(daemon, BR_EXIT_IO, "history", error);
}

static int open_outputs(struct daemon *daemon)
{
    daemon->board = br_board_open(BOARD_KEEP, (size_t)daemon->config->memory_max / 8);
    if (!daemon->board)
        return daemon_fail(daemon, BR_EXIT_IO, "board", -ENOMEM);
    int status = open_history(daemon);
    if (!status)
        status = daemon_open_mqtt_out(daemon);
    if (!status)
        status = daemon_open_influx(daemon);
    return status ? status : daemon_open_http(daemon);
}

static void on_connection(void *context)
{
    struct daemon *daemon = context;
    if (daemon->mqtt_in)
        daemon_health(daemon, DAEMON_NO_BROKER, !br_mqtt_in_connected(daemon->mqtt_in));
}

static int open_inputs(struct daemon *daemon)
{
    int error;
    struct br_mqtt_in_setup setup = {.loop = &daemon->loop,
                                     .config = daemon->config,
                                     .journal = daemon->journal,
                                     .log = daemon->log,
                                     .metrics = daemon->metrics,
                                     .counters = daemon_counters(daemon),
                                     .now_utc_ms = now_of,
                                     .on_arrival = daemon_pump,
                                     .on_change = on_connection,
                                     .context = daemon};
    daemon->mqtt_in = br_mqtt_in_open(&setup, &error);
    return daemon->mqtt_in ? BR_EXIT_OK : daemon_fail(daemon, BR_EXIT_CONFIG, "brokers", error);
}

/* A withdrawal goes into the journal, where its turn comes. */
static const char *withdraw(struct daemon *daemon, const char *feed, const char *payload)
{
    struct br_withdrawal withdrawal;
    const char *fault = br_withdrawal_parse(br_view_of(payload), &withdrawal);
    struct br_entry entry = {.type = BR_ENTRY_WITHDRAW,
                             .received_at_utc_ms = br_now_utc_ms(daemon->now),
                             .feed = br_view_of(feed),
                             .payload = br_view_of(payload)};
    if (fault)
        return fault;
    return br_journal_append(daemon->journal, &entry) == 0 ? NULL : "the journal is full";
}

/* A request of a verb. */
static const char *on_request(void *context, struct br_view request)
{
    struct daemon *daemon = context;
    const char *fault = "no such request";
    json_t *body = json_loadb(request.data, request.size, 0, NULL);
    const char *feed = json_string_value(json_object_get(body, "feed"));
    const char *payload = json_string_value(json_object_get(body, "withdraw"));
    const json_t *span = json_object_get(body, "influx_backfill");
    if (span)
        fault = daemon_backfill(daemon, span);
    else if (feed && payload)
        fault = withdraw(daemon, feed, payload);
    json_decref(body);
    return fault;
}

static int open_control(struct daemon *daemon)
{
    int error;
    struct br_control_setup setup = {.loop = &daemon->loop,
                                     .state_dir = daemon->config->state_dir,
                                     .on_request = on_request,
                                     .context = daemon};
    daemon->control = br_control_open(&setup, &error);
    return daemon->control ? BR_EXIT_OK : daemon_fail(daemon, BR_EXIT_CANNOT_CREATE, "control", error);
}

/* Only a start that can go on writes into the journal: one that refuses what is there leaves it as it is. */
static void note_config(struct daemon *daemon)
{
    char digest[DAEMON_DIGEST_SIZE];
    daemon_digest(daemon->config, digest);
    daemon_note_config(daemon, digest);
}

int daemon_start(struct daemon *daemon)
{
    int status;
    daemon_open_handles(daemon);
    take_sockets(daemon);
    if ((status = open_tables(daemon)) != 0 || (status = open_journal(daemon)) != 0)
        return status;
    warn_unused(daemon);
    daemon_health_open(daemon);
    if (!daemon_open_counters(daemon))
        return daemon_fail(daemon, BR_EXIT_IO, "counters", -ENOMEM);
    if ((status = open_outputs(daemon)) != 0 || (status = daemon_open_flow(daemon)) != 0 ||
        (status = daemon_open_intake(daemon)) != 0 || (status = open_control(daemon)) != 0)
        return status;
    note_config(daemon);
    return open_inputs(daemon);
}