/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What happens once a second and whenever something arrived. */
#include "daemon/run/daemon.h"

#include <signal.h>

#include <systemd/sd-daemon.h>

#define TICK_MS 1000
#define CONNECT_MS 10000 /* after the start, until a broker that does not answer is trouble */

static void become_ready(struct daemon *daemon)
{
    if (daemon->ready || !br_intake_idle(daemon->intake))
        return;
    daemon->ready = true;
    br_log(daemon->log, BR_LOG_NOTICE, "ready", "node=%s http=%d ops=%d", daemon->config->node,
           daemon->http ? br_http_port(daemon->http) : 0, daemon->http ? br_http_ops_port(daemon->http) : 0);
    if (daemon->http)
        br_http_serve(daemon->http);
    daemon_repeat(daemon);
    sd_notify(0, "READY=1\nSTATUS=running");
    if (daemon->reload_again)
        daemon_reload(daemon);
}

/* While the disk does not take figures, no more are made; the journal takes what arrives. */
static bool has_room(const struct daemon *daemon)
{
    return !daemon->unkept && br_history_has_room(daemon->history);
}

static void on_busy(uv_idle_t *idle)
{
    struct daemon *daemon = idle->data;
    if (!has_room(daemon)) {
        uv_idle_stop(idle);
        return;
    }
    if (br_intake_pump(daemon->intake))
        return;
    uv_idle_stop(idle);
    become_ready(daemon);
}

void daemon_pump(void *context)
{
    struct daemon *daemon = context;
    if (!daemon->intake || daemon->stopping || !has_room(daemon))
        return;
    if (br_intake_pump(daemon->intake))
        uv_idle_start(&daemon->busy, on_busy);
    else
        become_ready(daemon);
}

/* Since the last tick: a large message may find no room where a tick still does. */
static bool has_dropped(struct daemon *daemon)
{
    size_t count = daemon->config->feed_count;
    int64_t dropped = 0, before = daemon->dropped;
    for (size_t i = 0; daemon->refused && i < count; i++)
        dropped += *daemon->refused[2 * count + i];
    daemon->dropped = dropped;
    return dropped > before;
}

/* What is in the journal gets done, or nothing is to be done, or it has to rest. */
static bool makes_progress(struct daemon *daemon)
{
    br_position at = daemon->intake ? br_intake_position(daemon->intake) : 0;
    bool has_moved = at != daemon->watched;
    daemon->watched = at;
    return has_moved || !daemon->intake || br_intake_idle(daemon->intake) || !has_room(daemon);
}

/* A start may take as long as it goes on; the watchdog is fed by the loop that turns and by the progress. */
static void tell_manager(struct daemon *daemon)
{
    if (makes_progress(daemon))
        sd_notify(0, daemon->ready ? "WATCHDOG=1"
                                   : "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000\nSTATUS=reading the journal");
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
    int error = br_journal_append(daemon->journal, &entry);
    bool dropped = has_dropped(daemon);
    daemon_health(daemon, DAEMON_NO_JOURNAL, error != 0 || dropped);
    if (daemon->mqtt_in && loop_ms - daemon->started_ms > CONNECT_MS)
        daemon_health(daemon, DAEMON_NO_BROKER, !br_mqtt_in_connected(daemon->mqtt_in));
    if (error && daemon->intake && br_intake_idle(daemon->intake))
        br_flow_tick(daemon->flow, now); /* time goes on without the journal, too */
    if (error && daemon->intake && br_intake_complete(daemon->intake))
        daemon_keep(daemon); /* a checkpoint is what makes room */
    if (daemon->unkept) {
        br_log(daemon->log, BR_LOG_ERR, "history_lost",
               "reason=\"out of memory\" action=\"stopping: the next start publishes it again\"");
        daemon_stop(daemon);
        return;
    }
    daemon_sync(daemon);
    br_log_flush(daemon->log, now);
    tell_manager(daemon);
    daemon_pump(daemon);
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

static void on_signal(uv_signal_t *signal, int number)
{
    struct daemon *daemon = signal->data;
    if (number == SIGHUP)
        daemon_reload(daemon);
    else
        daemon_stop(daemon);
}

void daemon_open_handles(struct daemon *daemon)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the call, like a full disk */
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
    daemon->started_ms = uv_now(&daemon->loop);
    uv_timer_start(&daemon->tick, on_tick, 0, TICK_MS);
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
