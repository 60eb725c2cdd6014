/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* SIGHUP: the configuration is read again, whole, on the pool; a faulty one changes nothing. Then, between
 * two messages, the flow goes over by way of a checkpoint, exactly as over a restart, and each connection
 * stays of which nothing is different. The journal takes what arrives meanwhile. */
#include "daemon/run/daemon.h"
#include "daemon/verb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#define LOOK_MS 5 /* for the end of the message at work */

struct reload {
    uv_work_t work;
    uv_timer_t timer;
    struct br_config *config;
    struct br_faults *faults;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
    char digest[DAEMON_DIGEST_SIZE];
};

static void close_tables(struct reload *reload)
{
    br_catalogue_close(reload->catalogue);
    br_regions_close(reload->regions);
    br_config_close(reload->config);
    br_faults_close(reload->faults);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct daemon *daemon = handle->data;
    struct reload *reload = daemon->reload;
    bool again = daemon->reload_again && !daemon->stopping;
    daemon->reload = NULL;
    daemon->reload_again = false;
    if (daemon->stopping)
        daemon->closing--;
    free(reload);
    if (again)
        daemon_reload(daemon);
}

static void end(struct daemon *daemon)
{
    sd_notify(0, "READY=1");
    close_tables(daemon->reload);
    uv_close((uv_handle_t *)&daemon->reload->timer, on_timer_closed);
}

/* ---- read */

/* What runs for the life of the process. */
static void check_fixed(const struct br_config *now, const struct br_config *next, struct br_faults *faults)
{
    static const char why[] = "is not changed by a reload: restart";
    br_faults_file(faults, next->path);
    if (strcmp(now->node, next->node) != 0)
        br_faults_add(faults, NULL, 0, "node", "%s", why);
    if (strcmp(now->state_dir, next->state_dir) != 0)
        br_faults_add(faults, NULL, 0, "state_dir", "%s", why);
    if (now->journal_max != next->journal_max)
        br_faults_add(faults, NULL, 0, "limits.journal", "%s", why);
    if (now->memory_max != next->memory_max)
        br_faults_add(faults, NULL, 0, "limits.memory", "%s", why);
}

static void check_brokers(const struct br_config *next, struct br_faults *faults)
{
    const char *broker;
    const char *fault = br_mqtt_in_check(next, &broker);
    if (fault)
        br_faults_add(faults, NULL, 0, "brokers", "%s: %s", broker, fault);
}

/* Only files are read here: nothing of the daemon is touched. */
static void on_pool(uv_work_t *work)
{
    struct daemon *daemon = work->data;
    struct reload *reload = daemon->reload;
    errno = 0;
    reload->config = br_config_open(daemon->config->path, reload->faults);
    if (!reload->config && br_faults_count(reload->faults) == 0)
        br_faults_add(reload->faults, daemon->config->path, 0, NULL, "%s", strerror(errno));
    if (!reload->config)
        return;
    br_config_check(reload->config, reload->faults);
    check_fixed(daemon->config, reload->config, reload->faults);
    check_brokers(reload->config, reload->faults);
    if (br_faults_count(reload->faults) > 0)
        return;
    reload->regions = br_regions_open(reload->config, reload->faults);
    if (reload->regions && reload->config->sensors.count > 0)
        reload->catalogue = br_catalogue_open(reload->config, reload->regions, reload->faults);
    daemon_digest(reload->config, reload->digest);
}

/* Each fault is a line of the log. */
static void refuse(struct daemon *daemon)
{
    char *text = NULL, *rest = NULL;
    size_t size = 0, count = br_faults_count(daemon->reload->faults);
    FILE *memory = open_memstream(&text, &size);
    if (memory) {
        br_faults_print(daemon->reload->faults, memory);
        fclose(memory);
    }
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest)) {
        for (char *quote = line; (quote = strchr(quote, '"')) != NULL;)
            *quote = '\'';
        br_log(daemon->log, BR_LOG_ERR, "config_fault", "fault=\"%s\"", line);
    }
    br_log(daemon->log, BR_LOG_ERR, "reload_refused", "faults=%zu action=\"the old configuration stays\"",
           count);
    free(text);
    end(daemon);
}

/* ---- apply */

/* What the flow works with. */
struct pipeline {
    struct br_config *config;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
    struct br_tally *tally;
    br_series **refused;
};

static struct pipeline pipeline_of(const struct daemon *daemon)
{
    return (struct pipeline){daemon->config, daemon->regions, daemon->catalogue, daemon->tally,
                             daemon->refused};
}

static void set_pipeline(struct daemon *daemon, const struct pipeline *pipeline)
{
    daemon->config = pipeline->config;
    daemon->regions = pipeline->regions;
    daemon->catalogue = pipeline->catalogue;
    daemon->tally = pipeline->tally;
    daemon->refused = pipeline->refused;
}

/* What waits for a place is counted again when it is recalled. */
static void uncount_pending(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->config->feed_count; i++) {
        struct br_tally_feed *feed = br_tally_feed(daemon->tally, i);
        *feed->decoded -= *feed->pending;
        *feed->pending = 0;
    }
}

static int open_again(struct daemon *daemon, const Bruis__V1__State *state)
{
    int error = daemon_open_flow_from(daemon, state);
    if (error)
        return error;
    if (daemon_open_intake(daemon) == BR_EXIT_OK)
        return 0;
    br_flow_close(daemon->flow);
    daemon->flow = NULL;
    return -EINVAL;
}

/* Takes the flow over to another pipeline; where that fails, back to the one that it had. -ENOTRECOVERABLE:
 * that failed as well. */
static int move_flow(struct daemon *daemon, const struct pipeline *next, const Bruis__V1__State *state)
{
    struct pipeline before = pipeline_of(daemon);
    daemon->position = br_intake_position(daemon->intake);
    uncount_pending(daemon);
    br_intake_close(daemon->intake);
    br_flow_close(daemon->flow);
    daemon->intake = NULL;
    daemon->flow = NULL;
    set_pipeline(daemon, next);
    int error = open_again(daemon, state);
    if (!error)
        return 0;
    set_pipeline(daemon, &before);
    return open_again(daemon, state) ? -ENOTRECOVERABLE : error;
}

static bool is_same_region(const struct br_region *a, const struct br_region *b)
{
    return strcmp(a->code, b->code) == 0 && strcmp(a->type, b->type) == 0;
}

static bool has_window(const struct br_config *config, const char *window)
{
    for (size_t i = 0; i < config->window_count; i++)
        if (strcmp(config->windows[i].name, window) == 0)
            return true;
    return false;
}

static void clear_window(struct daemon *daemon, const struct br_region *region, const char *window)
{
    for (int domain = BRUIS__V1__DOMAIN__parking; domain <= BRUIS__V1__DOMAIN__pedestrian; domain++)
        br_mqtt_out_clear(daemon->mqtt_out, (Bruis__V1__Domain)domain, region->type, region->code, window);
}

/* Regions and windows that are no more leave no retained figures behind. */
static void clear_gone(struct daemon *daemon, const struct pipeline *before)
{
    for (uint32_t i = 0; daemon->mqtt_out && i < br_regions_count(before->regions); i++) {
        const struct br_region *region = br_regions_at(before->regions, i);
        uint32_t at = br_regions_find(daemon->regions, br_view_of(region->code));
        bool is_gone = at == BR_REGION_NONE || !is_same_region(region, br_regions_at(daemon->regions, at));
        for (size_t j = 0; j < before->config->window_count; j++)
            if (is_gone || !has_window(daemon->config, before->config->windows[j].name))
                clear_window(daemon, region, before->config->windows[j].name);
        if (is_gone)
            clear_window(daemon, region, "live");
    }
}

/* An output that was to end has ended. */
void daemon_has_left(struct daemon *daemon)
{
    daemon->leaving--;
    if (daemon->stopping)
        daemon->closing--;
    else if (daemon->reload_again)
        daemon_reload(daemon);
}

static void on_http_closed(void *context)
{
    struct daemon *daemon = context;
    if (!daemon->stopping && daemon_open_http(daemon) == BR_EXIT_OK && daemon->http)
        br_http_serve(daemon->http);
    daemon_has_left(daemon);
}

static void on_mqtt_closed(void *context)
{
    struct daemon *daemon = context;
    if (!daemon->stopping && daemon_open_mqtt_out(daemon) == BR_EXIT_OK)
        daemon_repeat(daemon);
    daemon_has_left(daemon);
}

/* An output of which something is different ends, and then begins again. */
static void move_outputs(struct daemon *daemon)
{
    struct br_mqtt_out *mqtt_out = daemon->mqtt_out;
    struct br_http *http = daemon->http;
    if (mqtt_out && !br_mqtt_out_fits(mqtt_out, daemon->config)) {
        daemon->mqtt_out = NULL;
        daemon->leaving++;
        br_mqtt_out_close(mqtt_out, on_mqtt_closed, daemon);
    } else if (!mqtt_out) {
        daemon_open_mqtt_out(daemon);
    }
    if (http &&
        (!br_http_fits(http, daemon->config) || br_http_change(http, daemon->config, daemon->regions) != 0)) {
        daemon->http = NULL;
        daemon->leaving++;
        br_http_close(http, on_http_closed, daemon);
    } else if (!http && daemon_open_http(daemon) == BR_EXIT_OK && daemon->http) {
        br_http_serve(daemon->http);
    }
}

static void move_history(struct daemon *daemon)
{
    bool outputs[BR_HISTORY_OUTPUTS];
    daemon_history_outputs(daemon->config, outputs);
    br_history_change(daemon->history, daemon->config, outputs);
}

static void move_inputs(struct daemon *daemon)
{
    struct br_mqtt_in_counters counters = daemon_counters(daemon);
    int error = br_mqtt_in_change(daemon->mqtt_in, daemon->config, &counters);
    if (!error)
        return;
    br_log(daemon->log, BR_LOG_ERR, "reload_failed", "what=brokers reason=\"%s\"", strerror(-error));
    daemon_stop(daemon); /* the old counters and feeds are no more: a start finds everything again */
}

/* The rest follows when the flow has gone over. What was is only closed when nobody uses it any more. */
static void move_rest(struct daemon *daemon, struct pipeline *before)
{
    clear_gone(daemon, before);
    move_history(daemon);
    daemon_move_influx(daemon);
    move_outputs(daemon);
    daemon_repeat(daemon);
    move_inputs(daemon);
    daemon_note_config(daemon, daemon->reload->digest);
    br_tally_close(before->tally);
    free(before->refused);
    daemon->dropped = INT64_MAX; /* of other feeds: the next tick only looks */
    daemon->reload->config = before->config;
    daemon->reload->regions = before->regions;
    daemon->reload->catalogue = before->catalogue;
    br_log(daemon->log, BR_LOG_NOTICE, "reloaded", "feeds=%zu regions=%zu", daemon->config->feed_count,
           br_regions_count(daemon->regions));
}

static int move_all(struct daemon *daemon)
{
    struct reload *reload = daemon->reload;
    struct pipeline before = pipeline_of(daemon), next = before;
    int error = br_intake_land(daemon->intake);
    if (error)
        return error;
    struct br_checkpoint *checkpoint =
        br_flow_checkpoint(daemon->flow, br_intake_position(daemon->intake), &error);
    Bruis__V1__State *state = checkpoint ? br_checkpoint_state(checkpoint) : NULL;
    br_checkpoint_close(checkpoint);
    if (!state)
        return error ? error : -ENOMEM;
    daemon->config = reload->config;
    error = daemon_open_counters(daemon) ? 0 : -ENOMEM;
    if (!error) {
        next = (struct pipeline){reload->config, reload->regions, reload->catalogue, daemon->tally,
                                 daemon->refused};
        set_pipeline(daemon, &before);
        error = move_flow(daemon, &next, state);
    }
    daemon->config = error ? before.config : next.config;
    bruis__v1__state__free_unpacked(state, NULL);
    if (!error) {
        move_rest(daemon, &before);
    } else if (next.tally != before.tally) {
        br_tally_close(next.tally);
        free(next.refused);
    }
    return error;
}

static void on_look(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    if (!daemon->stopping && !br_intake_complete(daemon->intake)) {
        uv_timer_start(timer, on_look, LOOK_MS, 0);
        return;
    }
    int error = daemon->stopping ? 0 : move_all(daemon);
    if (error)
        br_log(daemon->log, BR_LOG_ERR, "reload_failed", "reason=\"%s\" action=\"%s\"", strerror(-error),
               error == -ENOTRECOVERABLE ? "stopping" : "the old configuration stays");
    if (error == -ENOTRECOVERABLE)
        daemon_stop(daemon);
    end(daemon);
    if (!daemon->stopping)
        daemon_pump(daemon);
}

static void on_read(uv_work_t *work, int status)
{
    struct daemon *daemon = work->data;
    (void)status;
    if (!daemon->stopping && br_faults_count(daemon->reload->faults) > 0)
        refuse(daemon);
    else
        on_look(&daemon->reload->timer);
}

static void tell_manager(void)
{
    char text[64];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
    sd_notify(0, text);
}

void daemon_reload(struct daemon *daemon)
{
    if (daemon->reload || !daemon->ready || daemon->stopping || daemon->leaving > 0) {
        daemon->reload_again = !daemon->stopping;
        return;
    }
    daemon->reload_again = false;
    struct reload *reload = calloc(1, sizeof *reload);
    if (reload)
        reload->faults = br_faults_open();
    if (!reload || !reload->faults) {
        free(reload);
        br_log(daemon->log, BR_LOG_ERR, "reload_failed", "reason=\"%s\"", strerror(ENOMEM));
        return;
    }
    tell_manager();
    daemon->reload = reload;
    reload->work.data = reload->timer.data = daemon;
    uv_timer_init(&daemon->loop, &reload->timer);
    if (uv_queue_work(&daemon->loop, &reload->work, on_pool, on_read) != 0)
        end(daemon);
}
