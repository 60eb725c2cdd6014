/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* `bruisd run`: the daemon. Start: configuration, state, journal, flow, outputs, inputs. Stop: the other way
 * round. */
#include "daemon/verb.h"
#include "daemon/core/log.h"
#include "daemon/core/now.h"
#include "daemon/flow/intake.h"
#include "daemon/flow/recall.h"
#include "daemon/in/mqtt_in.h"
#include "daemon/out/board.h"
#include "daemon/out/http/server.h"
#include "daemon/out/mqtt_out.h"
#include "daemon/state_dir.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>
#include <uv.h>

#define TICK_MS 1000
#define BOARD_KEEP 1500 /* windows of each series in memory: a day of minutes */
#define CHECKPOINT_MS UINT64_C(30000)

struct daemon {
    uv_loop_t loop;
    uv_timer_t tick;
    uv_idle_t busy; /* while there is more in the journal than one turn takes */
    uv_signal_t signals[3];
    uv_check_t awake;    /* a turn of the loop begins here */
    uv_prepare_t asleep; /* and ends here */
    uv_work_t sync;
    bool syncing, stopping, ready;
    int closing; /* parts whose end is awaited */

    struct br_config *config;
    struct br_faults *faults;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
    struct br_state_dir *state;
    struct br_now *now;
    struct br_log *log;
    struct br_metrics *metrics;
    struct br_tally *tally;
    struct br_journal *journal;
    struct br_flow *flow;
    struct br_intake *intake;
    struct br_board *board;
    struct br_mqtt_in *mqtt_in;
    struct br_mqtt_out *mqtt_out;
    struct br_http *http;
    br_series **refused; /* oversize and dropped of each feed, for mqtt_in */
    br_series *journal_bytes, *loop_lag, *loop_turn, *clock_steps;
    uint64_t awake_ns;
    int64_t turn_max_us;              /* since it was asked for last */
    struct br_checkpoint *checkpoint; /* being written */
    uv_work_t checkpoint_work;
    int checkpoint_error;
    uint64_t checkpoint_began_ms, checkpoint_due_ms;
    uint64_t tick_due_ms;
};

static int64_t now_of(void *context)
{
    return br_now_utc_ms(((struct daemon *)context)->now);
}

/* ---- figures out */

static void on_figure(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct daemon *daemon = context;
    br_board_put(daemon->board, figure);
    if (daemon->mqtt_out)
        br_mqtt_out_figure(daemon->mqtt_out, figure, newest);
}

static void on_observation(void *context, const Bruis__V1__Observation *observation)
{
    struct daemon *daemon = context;
    if (daemon->mqtt_out && daemon->config->mqtt.observations)
        br_mqtt_out_observation(daemon->mqtt_out, observation);
}

/* ---- the journal through the intake */

static void become_ready(struct daemon *daemon)
{
    if (daemon->ready || !br_intake_idle(daemon->intake))
        return;
    daemon->ready = true;
    br_log(daemon->log, BR_LOG_NOTICE, "ready", "node=%s http=%d ops=%d", daemon->config->node,
           daemon->http ? br_http_port(daemon->http) : 0, daemon->http ? br_http_ops_port(daemon->http) : 0);
    sd_notify(0, "READY=1\nSTATUS=running");
}

static void on_busy(uv_idle_t *idle)
{
    struct daemon *daemon = idle->data;
    if (br_intake_pump(daemon->intake))
        return;
    uv_idle_stop(idle);
    become_ready(daemon);
}

static void pump(void *context)
{
    struct daemon *daemon = context;
    if (!daemon->intake)
        return;
    if (br_intake_pump(daemon->intake))
        uv_idle_start(&daemon->busy, on_busy);
    else
        become_ready(daemon);
}

static void on_pool_sync(uv_work_t *work)
{
    struct daemon *daemon = work->data;
    br_journal_sync(daemon->journal);
}

static void on_synced(uv_work_t *work, int status)
{
    (void)status;
    ((struct daemon *)work->data)->syncing = false;
}

/* ---- checkpoints */

static void on_pool_checkpoint(uv_work_t *work)
{
    struct daemon *daemon = work->data;
    daemon->checkpoint_error = br_journal_sync(daemon->journal);
    if (!daemon->checkpoint_error)
        daemon->checkpoint_error = br_checkpoint_write(daemon->checkpoint, daemon->config->state_dir);
}

/* What is before a checkpoint that is on disk may leave the journal. */
static void on_checkpoint_written(uv_work_t *work, int status)
{
    struct daemon *daemon = work->data;
    (void)status;
    if (daemon->checkpoint_error)
        br_log_often(daemon->log, BR_LOG_ERR, "checkpoint_failed", "state",
                     strerror(-daemon->checkpoint_error), "", br_now_utc_ms(daemon->now));
    else
        br_journal_release(daemon->journal, br_checkpoint_position(daemon->checkpoint));
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
    /* a large state is written less often: at most a twentieth of the time goes into it */
    uint64_t took_ms = uv_now(&daemon->loop) - daemon->checkpoint_began_ms;
    daemon->checkpoint_due_ms =
        uv_now(&daemon->loop) + (took_ms * 20 > CHECKPOINT_MS ? took_ms * 20 : CHECKPOINT_MS);
}

static void on_ticked(void *context)
{
    struct daemon *daemon = context;
    if (daemon->checkpoint || daemon->stopping || uv_now(&daemon->loop) < daemon->checkpoint_due_ms)
        return;
    daemon->checkpoint = br_flow_checkpoint(daemon->flow, br_intake_position(daemon->intake));
    daemon->checkpoint_began_ms = uv_now(&daemon->loop);
    daemon->checkpoint_due_ms = UINT64_MAX;
    if (daemon->checkpoint && uv_queue_work(&daemon->loop, &daemon->checkpoint_work, on_pool_checkpoint,
                                            on_checkpoint_written) == 0)
        return;
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
    daemon->checkpoint_due_ms = uv_now(&daemon->loop) + CHECKPOINT_MS;
}

/* The last one, when everything else has stopped: the next start goes on from here. */
static void write_last_checkpoint(struct daemon *daemon)
{
    if (!daemon->intake || !daemon->ready || !br_intake_complete(daemon->intake))
        return;
    daemon->checkpoint = br_flow_checkpoint(daemon->flow, br_intake_position(daemon->intake));
    int error = daemon->checkpoint ? br_journal_sync(daemon->journal) : -ENOMEM;
    if (!error)
        error = br_checkpoint_write(daemon->checkpoint, daemon->config->state_dir);
    if (error)
        br_log(daemon->log, BR_LOG_ERR, "checkpoint_failed", "reason=\"%s\"", strerror(-error));
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
}

/* The state to go on from. False: there is one that this version cannot read. */
static bool read_checkpoint(struct daemon *daemon, Bruis__V1__State **state)
{
    int error = 0;
    *state = br_checkpoint_read(daemon->config->state_dir, &error);
    if (*state || error == -ENOENT)
        return true;
    if (error == -ENOTSUP) {
        br_log(daemon->log, BR_LOG_ERR, "state_newer", "reason=\"%s/state was written by a newer version\"",
               daemon->config->state_dir);
        return false;
    }
    br_log(daemon->log, BR_LOG_ERR, "state_damaged",
           "reason=\"%s\" action=\"going on from what the journal still holds\"", strerror(-error));
    return true;
}

static br_position first_position(struct daemon *daemon, const Bruis__V1__State *state)
{
    br_position start = br_journal_start(daemon->journal), end = br_journal_end(daemon->journal);
    if (!state)
        return start;
    if (state->position < start || state->position > end)
        br_log(daemon->log, BR_LOG_WARNING, "journal_gap", "state=%llu start=%llu end=%llu",
               (unsigned long long)state->position, (unsigned long long)start, (unsigned long long)end);
    return state->position < start ? start : state->position > end ? end : state->position;
}

static void on_tick(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    uint64_t loop_ms = uv_now(&daemon->loop);
    int64_t now = br_now_utc_ms(daemon->now), step = br_now_check(daemon->now);
    struct br_entry entry = {.type = BR_ENTRY_TICK, .received_at_utc_ms = now};

    *daemon->loop_lag =
        daemon->tick_due_ms && loop_ms > daemon->tick_due_ms ? (int64_t)(loop_ms - daemon->tick_due_ms) : 0;
    daemon->tick_due_ms = loop_ms + TICK_MS;
    if (step != 0) {
        *daemon->clock_steps += 1;
        br_log(daemon->log, BR_LOG_WARNING, "clock_step", "step_ms=%lld", (long long)step);
    }
    br_journal_append(daemon->journal, &entry);
    if (!daemon->syncing && uv_queue_work(&daemon->loop, &daemon->sync, on_pool_sync, on_synced) == 0)
        daemon->syncing = true;
    br_log_flush(daemon->log, now);
    sd_notify(0, "WATCHDOG=1");
    pump(daemon);
}

static void on_awake(uv_check_t *check)
{
    ((struct daemon *)check->data)->awake_ns = uv_hrtime();
}

static void on_asleep(uv_prepare_t *prepare)
{
    struct daemon *daemon = prepare->data;
    int64_t turn_us = daemon->awake_ns ? (int64_t)(uv_hrtime() - daemon->awake_ns) / 1000 : 0;
    if (turn_us > daemon->turn_max_us)
        daemon->turn_max_us = turn_us;
}

/* ---- start */

static int fail(struct daemon *daemon, int status, const char *what, int error)
{
    br_log(daemon->log, BR_LOG_ERR, "start_failed", "what=%s reason=\"%s\"", what, strerror(-error));
    return status;
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

static int open_journal(struct daemon *daemon)
{
    struct br_journal_limits limits = {.size_max = daemon->config->journal_max};
    struct br_entry entry = {.type = BR_ENTRY_CONFIG, .received_at_utc_ms = br_now_utc_ms(daemon->now)};
    int error;
    daemon->state = br_state_dir_open(daemon->config->state_dir, &error);
    if (!daemon->state)
        return fail(daemon, error == -EWOULDBLOCK ? BR_EXIT_TRY_LATER : BR_EXIT_CANNOT_CREATE, "state_dir",
                    error);
    daemon->journal = br_journal_open(daemon->config->state_dir, &limits, &error);
    if (!daemon->journal)
        return fail(daemon, BR_EXIT_IO, "journal", error);
    br_journal_append(daemon->journal, &entry);
    daemon->journal_bytes = br_metric_of(br_metric_add(daemon->metrics, BR_GAUGE, "bruis_journal_bytes",
                                                       "Size of the journal on disk.", "", 1),
                                         NULL, NULL);
    return BR_EXIT_OK;
}

static int open_flow(struct daemon *daemon)
{
    char readings[PATH_MAX];
    size_t key_size = 0;
    int error;
    snprintf(readings, sizeof readings, "%s/readings", daemon->config->state_dir);
    uint8_t *key = br_state_dir_privacy_key(daemon->state, &daemon->config->privacy, &key_size);
    if (!key)
        return fail(daemon, BR_EXIT_CONFIG, "privacy.key", -errno);
    Bruis__V1__State *state;
    if (!read_checkpoint(daemon, &state)) {
        free(key);
        return BR_EXIT_CONFIG;
    }
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
    explicit_bzero(key, key_size);
    free(key);
    br_position position = first_position(daemon, state);
    if (state)
        bruis__v1__state__free_unpacked(state, NULL);
    if (!daemon->flow)
        return fail(daemon, BR_EXIT_IO, "flow", error);
    br_flow_repeat(daemon->flow);
    struct br_intake_setup intake = {.loop = &daemon->loop,
                                     .config = daemon->config,
                                     .journal = daemon->journal,
                                     .flow = daemon->flow,
                                     .tally = daemon->tally,
                                     .log = daemon->log,
                                     .position = position,
                                     .ticked = on_ticked,
                                     .context = daemon};
    daemon->intake = br_intake_open(&intake, daemon->faults);
    return daemon->intake ? BR_EXIT_OK : BR_EXIT_CONFIG;
}

static bool is_ready(void *context, const char **why_not)
{
    const struct daemon *daemon = context;
    *why_not = daemon->ready ? NULL : "the journal is being read";
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

static int open_outputs(struct daemon *daemon)
{
    int error;
    daemon->board = br_board_open(BOARD_KEEP, (size_t)daemon->config->memory_max / 4);
    if (!daemon->board)
        return fail(daemon, BR_EXIT_IO, "board", -ENOMEM);
    if (daemon->config->mqtt.enabled) {
        struct br_mqtt_out_setup setup = {.loop = &daemon->loop,
                                          .config = daemon->config,
                                          .log = daemon->log,
                                          .metrics = daemon->metrics,
                                          .since_utc_ms = br_now_utc_ms(daemon->now),
                                          .version = BR_VERSION};
        daemon->mqtt_out = br_mqtt_out_open(&setup, &error);
        if (!daemon->mqtt_out)
            return fail(daemon, BR_EXIT_CONFIG, "publish.mqtt", error);
    }
    if (daemon->config->http.enabled) {
        struct br_http_setup setup = {.loop = &daemon->loop,
                                      .config = daemon->config,
                                      .regions = daemon->regions,
                                      .board = daemon->board,
                                      .metrics = daemon->metrics,
                                      .log = daemon->log,
                                      .now_utc_ms = now_of,
                                      .ready = is_ready,
                                      .before_metrics = before_metrics,
                                      .context = daemon};
        daemon->http = br_http_open(&setup, &error);
        if (!daemon->http)
            return fail(daemon, BR_EXIT_UNAVAILABLE, "publish.http", error);
    }
    return BR_EXIT_OK;
}

/* Without one of its brokers the node hears less than it should: it says so. */
static void on_connection(void *context)
{
    struct daemon *daemon = context;
    if (daemon->mqtt_in && daemon->mqtt_out)
        br_mqtt_out_status(daemon->mqtt_out, br_mqtt_in_connected(daemon->mqtt_in) ? "online" : "degraded");
}

/* The counters of messages that never reach the journal. */
static int open_inputs(struct daemon *daemon)
{
    size_t count = daemon->config->feed_count;
    int error;
    daemon->refused = calloc(3 * count + 1, sizeof(br_series *));
    if (!daemon->refused)
        return fail(daemon, BR_EXIT_IO, "counters", -ENOMEM);
    for (size_t i = 0; i < count; i++) {
        const struct br_tally_feed *feed = br_tally_feed(daemon->tally, i);
        daemon->refused[i] = feed->received;
        daemon->refused[count + i] = feed->outcome[BR_OUT_OVERSIZE];
        daemon->refused[2 * count + i] = feed->outcome[BR_OUT_DROPPED];
    }
    struct br_mqtt_in_setup setup = {
        .loop = &daemon->loop,
        .config = daemon->config,
        .journal = daemon->journal,
        .log = daemon->log,
        .metrics = daemon->metrics,
        .counters = {daemon->refused, daemon->refused + count, daemon->refused + 2 * count},
        .now_utc_ms = now_of,
        .on_arrival = pump,
        .on_change = on_connection,
        .context = daemon};
    daemon->mqtt_in = br_mqtt_in_open(&setup, &error);
    return daemon->mqtt_in ? BR_EXIT_OK : fail(daemon, BR_EXIT_CONFIG, "brokers", error);
}

/* ---- stop */

static void on_handle_closed(uv_handle_t *handle)
{
    ((struct daemon *)handle->data)->closing--;
}

static void on_part_closed(void *context)
{
    struct daemon *daemon = context;
    daemon->closing--;
}

/* Inputs first, then what is in the journal, then outputs; the rest follows when the loop is done. */
static void stop(struct daemon *daemon)
{
    if (daemon->stopping)
        return;
    daemon->stopping = true;
    sd_notify(0, "STOPPING=1");
    br_log(daemon->log, BR_LOG_NOTICE, "stopping", "node=%s", daemon->config->node);
    if (daemon->mqtt_in) {
        daemon->closing++;
        br_mqtt_in_close(daemon->mqtt_in, on_part_closed, daemon);
    }
    if (daemon->mqtt_out) {
        daemon->closing++;
        br_mqtt_out_close(daemon->mqtt_out, on_part_closed, daemon);
    }
    if (daemon->http) {
        daemon->closing++;
        br_http_close(daemon->http, on_part_closed, daemon);
    }
    daemon->mqtt_out = NULL;
    daemon->mqtt_in = NULL;
    daemon->http = NULL;
    uv_handle_t *handles[] = {(uv_handle_t *)&daemon->tick,       (uv_handle_t *)&daemon->busy,
                              (uv_handle_t *)&daemon->awake,      (uv_handle_t *)&daemon->asleep,
                              (uv_handle_t *)&daemon->signals[0], (uv_handle_t *)&daemon->signals[1],
                              (uv_handle_t *)&daemon->signals[2]};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        daemon->closing++;
        uv_close(handles[i], on_handle_closed);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct daemon *daemon = signal->data;
    if (number != SIGHUP) {
        stop(daemon);
        return;
    }
    br_log(daemon->log, BR_LOG_WARNING, "reload_ignored",
           "reason=\"a change of the configuration needs a restart\"");
}

static void open_handles(struct daemon *daemon)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    uv_timer_init(&daemon->loop, &daemon->tick);
    uv_idle_init(&daemon->loop, &daemon->busy);
    uv_check_init(&daemon->loop, &daemon->awake);
    uv_prepare_init(&daemon->loop, &daemon->asleep);
    daemon->tick.data = daemon->busy.data = daemon->sync.data = daemon->checkpoint_work.data = daemon;
    daemon->awake.data = daemon->asleep.data = daemon;
    uv_check_start(&daemon->awake, on_awake);
    uv_prepare_start(&daemon->asleep, on_asleep);
    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(&daemon->loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
    }
    uv_timer_start(&daemon->tick, on_tick, 0, TICK_MS);
    daemon->checkpoint_due_ms = uv_now(&daemon->loop) + CHECKPOINT_MS;
    daemon->loop_lag = br_metric_of(br_metric_add(daemon->metrics, BR_GAUGE, "bruis_loop_lag_seconds",
                                                  "How late the last tick of the loop was.", "", 1000),
                                    NULL, NULL);
    daemon->loop_turn = br_metric_of(
        br_metric_add(daemon->metrics, BR_GAUGE, "bruis_loop_turn_max_seconds",
                      "The longest turn of the loop since this was asked for last.", "", 1000000),
        NULL, NULL);
    daemon->clock_steps = br_metric_of(br_metric_add(daemon->metrics, BR_COUNTER, "bruis_clock_steps_total",
                                                     "Steps of the wall clock of more than 5 s.", "", 1),
                                       NULL, NULL);
    br_series *build = br_metric_of(
        br_metric_add(daemon->metrics, BR_GAUGE, "bruis_build_info", "The version that runs.", "version", 1),
        BR_VERSION, NULL);
    *build = 1;
}

static int start(struct daemon *daemon)
{
    int status;
    open_handles(daemon);
    if ((status = open_tables(daemon)) != 0 || (status = open_journal(daemon)) != 0)
        return status;
    daemon->tally = br_tally_open(daemon->metrics, daemon->config);
    if (!daemon->tally)
        return fail(daemon, BR_EXIT_IO, "counters", -ENOMEM);
    if ((status = open_outputs(daemon)) != 0 || (status = open_flow(daemon)) != 0)
        return status;
    return open_inputs(daemon);
}

static void close_all(struct daemon *daemon)
{
    write_last_checkpoint(daemon);
    br_intake_close(daemon->intake);
    br_flow_close(daemon->flow);
    br_tally_close(daemon->tally);
    br_board_close(daemon->board);
    br_journal_close(daemon->journal);
    br_state_dir_close(daemon->state);
    br_catalogue_close(daemon->catalogue);
    br_regions_close(daemon->regions);
    br_metrics_close(daemon->metrics);
    br_now_close(daemon->now);
    free(daemon->refused);
    br_log_flush(daemon->log, INT64_MAX);
    br_log_close(daemon->log);
    br_faults_print(daemon->faults, stderr);
    br_faults_close(daemon->faults);
    br_config_close(daemon->config);
}

static int run(struct daemon *daemon)
{
    int status = start(daemon);
    if (status)
        stop(daemon);
    while (daemon->closing > 0 || !daemon->stopping || daemon->syncing || daemon->checkpoint)
        uv_run(&daemon->loop, UV_RUN_ONCE);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    return status;
}

int br_verb_run(int argc, char **argv)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    int rest, status;
    const char *path = br_verb_config_path(argc, argv, &rest);
    if (!daemon || !path || rest < argc) {
        free(daemon);
        fprintf(stderr, "usage: bruisd run [-c FILE]\n");
        return BR_EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    daemon->config = br_verb_config(path, &status);
    if (!daemon->config) {
        free(daemon);
        return status;
    }
    daemon->faults = br_faults_open();
    daemon->now = br_now_open();
    daemon->log = br_log_open(BR_LOG_NOTICE);
    daemon->metrics = br_metrics_open();
    status = BR_EXIT_IO;
    if (daemon->faults && daemon->now && daemon->log && daemon->metrics && uv_loop_init(&daemon->loop) == 0) {
        status = run(daemon);
        uv_loop_close(&daemon->loop);
    }
    close_all(daemon);
    free(daemon);
    return status;
}
