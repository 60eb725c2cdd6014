/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* `bruisd influx backfill`: sends figures of the history to InfluxDB again. The running daemon does it beside
 * what is new; without one, this does. */
#include "daemon/verb.h"
#include "daemon/control.h"
#include "daemon/core/clock.h"
#include "daemon/out/influx_out.h"
#include "daemon/state_dir.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define PATIENCE_MS 60000 /* with a server that does not answer */

struct request {
    const char *config_path, *from, *to;
    int64_t from_utc_ms, to_utc_ms;
};

static const char usage[] = "usage: bruisd influx backfill -c FILE --from TIME --to TIME\n";

static bool take_arguments(struct request *request, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"from", required_argument, NULL, 'b'},
                                            {"to", required_argument, NULL, 'e'},
                                            {NULL, 0, NULL, 0}};
    int option;
    if (argc < 2 || strcmp(argv[1], "backfill") != 0)
        return false;
    optind = 2;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            request->config_path = optarg;
        else if (option == 'b')
            request->from = optarg;
        else if (option == 'e')
            request->to = optarg;
        else
            return false;
    }
    return optind == argc && request->from && request->to &&
           br_time_parse(br_view_of(request->from), &request->from_utc_ms) &&
           br_time_parse(br_view_of(request->to), &request->to_utc_ms) &&
           request->from_utc_ms < request->to_utc_ms;
}

/* ---- without a daemon */

struct alone {
    uv_loop_t loop;
    uv_timer_t pulse; /* looks whether it is done */
    struct br_log *log;
    struct br_metrics *metrics;
    struct br_history *history;
    struct br_influx_out *out;
    uint64_t bad_since_ms; /* 0: it takes points */
    bool is_closed, has_given_up;
};

static void on_changed(void *context)
{
    struct alone *alone = context;
    if (alone->out)
        br_influx_out_changed(alone->out);
}

static void on_trouble(void *context, bool is_bad)
{
    struct alone *alone = context;
    alone->bad_since_ms = is_bad ? uv_now(&alone->loop) : 0;
}

static void on_pulse(uv_timer_t *timer)
{
    struct alone *alone = timer->data;
    alone->has_given_up = alone->bad_since_ms && uv_now(&alone->loop) - alone->bad_since_ms > PATIENCE_MS;
}

static void on_closed(void *context)
{
    ((struct alone *)context)->is_closed = true;
}

static int open_alone(struct alone *alone, const struct br_config *config)
{
    int error;
    struct br_history_setup history = {
        .loop = &alone->loop,
        .config = config,
        .log = alone->log,
        .metrics = alone->metrics,
        .outputs = {[BR_HISTORY_MQTT] = config->mqtt.enabled, [BR_HISTORY_INFLUXDB] = true},
        .waiting_max = 1 << 20,
        .changed = on_changed,
        .context = alone};
    alone->history = br_history_open(&history, &error);
    if (!alone->history)
        return error;
    struct br_influx_out_setup out = {.loop = &alone->loop,
                                      .config = config,
                                      .history = alone->history,
                                      .log = alone->log,
                                      .metrics = alone->metrics,
                                      .on_trouble = on_trouble,
                                      .context = alone};
    alone->out = br_influx_out_open(&out, &error);
    return alone->out ? 0 : error;
}

static void send_span(struct alone *alone, const struct request *request, int64_t *sent)
{
    br_influx_out_backfill(alone->out, request->from_utc_ms, request->to_utc_ms);
    uv_timer_start(&alone->pulse, on_pulse, 1000, 1000);
    while (br_influx_out_backfilling(alone->out, sent) && !alone->has_given_up)
        uv_run(&alone->loop, UV_RUN_ONCE);
    uv_timer_stop(&alone->pulse);
}

static void close_alone(struct alone *alone)
{
    if (alone->out)
        br_influx_out_close(alone->out, on_closed, alone);
    while (alone->out && !alone->is_closed)
        uv_run(&alone->loop, UV_RUN_ONCE);
    br_history_close(alone->history, 10000);
    uv_close((uv_handle_t *)&alone->pulse, NULL);
    uv_run(&alone->loop, UV_RUN_DEFAULT);
    uv_loop_close(&alone->loop);
    br_metrics_close(alone->metrics);
    br_log_close(alone->log);
}

static int do_it(const struct request *request, const struct br_config *config)
{
    struct alone alone = {.log = br_log_open(BR_LOG_NOTICE), .metrics = br_metrics_open()};
    int64_t sent = 0;
    int error = alone.log && alone.metrics ? 0 : -ENOMEM;
    struct br_state_dir *state = error ? NULL : br_state_dir_open(config->state_dir, &error);
    if (!state || uv_loop_init(&alone.loop) != 0) {
        fprintf(stderr, "%s: %s\n", config->state_dir, strerror(-error));
        return error == -EWOULDBLOCK ? BR_EXIT_TRY_LATER : BR_EXIT_IO;
    }
    uv_timer_init(&alone.loop, &alone.pulse);
    alone.pulse.data = &alone;
    error = open_alone(&alone, config);
    if (error)
        fprintf(stderr, "%s/history: %s\n", config->state_dir, strerror(-error));
    else
        send_span(&alone, request, &sent);
    close_alone(&alone);
    br_state_dir_close(state);
    if (error)
        return BR_EXIT_IO;
    printf("%lld points\n", (long long)sent);
    return alone.has_given_up ? BR_EXIT_UNAVAILABLE : BR_EXIT_OK;
}

/* ---- with one */

static int tell_daemon(const struct request *request, const struct br_config *config)
{
    char answer[512];
    json_t *body = json_pack("{s:{s:I, s:I}}", "influx_backfill", "from", (json_int_t)request->from_utc_ms,
                             "to", (json_int_t)request->to_utc_ms);
    char *line = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    int error = line ? br_control_ask(config->state_dir, line, answer, sizeof answer) : -ENOMEM;
    free(line);
    if (error == -ENOENT || error == -ECONNREFUSED)
        return do_it(request, config);
    if (error || strcmp(answer, "ok") != 0) {
        fprintf(stderr, "the daemon: %s\n", error ? strerror(-error) : answer);
        return error == -EACCES ? BR_EXIT_NO_PERMISSION : BR_EXIT_UNAVAILABLE;
    }
    puts("the daemon sends them; its log says influxdb_backfilled when it is done");
    return BR_EXIT_OK;
}

int br_verb_influx(int argc, char **argv)
{
    struct request request = {.config_path = BR_CONFIG_PATH};
    int status;
    if (!take_arguments(&request, argc, argv)) {
        fputs(usage, stderr);
        return BR_EXIT_USAGE;
    }
    struct br_config *config = br_verb_config(request.config_path, &status);
    if (!config)
        return status;
    if (config->influxdb.enabled) {
        status = tell_daemon(&request, config);
    } else {
        fprintf(stderr, "%s: publish.influxdb is not configured\n", request.config_path);
        status = BR_EXIT_CONFIG;
    }
    br_config_close(config);
    return status;
}
