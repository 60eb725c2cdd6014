/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Closes the parts: inputs first, then outputs, then what they used. */
#include "daemon/run/daemon.h"

#include <stdlib.h>

#include <systemd/sd-daemon.h>

#define CLOSE_MS 2000 /* cursors that have moved since */

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
void daemon_stop(struct daemon *daemon)
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
    if (daemon->influx) {
        daemon->closing++;
        br_influx_out_close(daemon->influx, on_part_closed, daemon);
    }
    if (daemon->http) {
        daemon->closing++;
        br_http_close(daemon->http, on_part_closed, daemon);
    }
    if (daemon->control) {
        daemon->closing++;
        br_control_close(daemon->control, on_part_closed, daemon);
    }
    daemon_keep_not(daemon);
    daemon->closing += daemon->leaving + (daemon->reload ? 1 : 0);
    daemon->control = NULL;
    daemon->mqtt_out = NULL;
    daemon->influx = NULL;
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

/* The last checkpoint passes no figure that is not in the history. */
void daemon_finish(struct daemon *daemon)
{
    daemon_keep_last(daemon);
    br_history_close(daemon->history, CLOSE_MS);
    daemon->history = NULL;
    uv_run(&daemon->loop, UV_RUN_DEFAULT); /* its handle */
}

void daemon_close(struct daemon *daemon)
{
    br_intake_close(daemon->intake);
    br_quarantine_close(daemon->quarantine);
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
