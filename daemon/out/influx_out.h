/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Delivers figures (and records, where the configuration says so) from the history to InfluxDB, in order, for
 * ever: what the server cannot take now waits in the history, and its cursor moves only when a batch is
 * answered. One request is on its way at a time; the next batch is read and put into lines meanwhile. A point
 * is lost only as counted in bruis_output_errors_total{output="influxdb"}: class rejected (it is wrong for
 * the server) or expired (older than the server keeps). One thread. */
#ifndef BR_OUT_INFLUX_OUT_H
#define BR_OUT_INFLUX_OUT_H

#include "daemon/out/history.h"

struct br_influx_out;

struct br_influx_out_setup {
    uv_loop_t *loop;
    const struct br_config *config; /* publish.influxdb and the node; held */
    struct br_history *history;     /* its output BR_HISTORY_INFLUXDB */
    struct br_log *log;
    struct br_metrics *metrics;
    void (*on_trouble)(void *context, bool is_bad); /* it does not take points, or does again; may be NULL */
    void *context;
};

/* NULL: *error holds a negative errno. */
struct br_influx_out *br_influx_out_open(const struct br_influx_out_setup *setup, int *error);

/* There may be something new in the history. */
void br_influx_out_changed(struct br_influx_out *out);

/* Sends what the history holds of windows with from <= start < to again, beside what is new. NULL, or what is
 * wrong: one is being done already. */
const char *br_influx_out_backfill(struct br_influx_out *out, int64_t from_utc_ms, int64_t to_utc_ms);

/* Whether one is being done; sent: how many points it has brought, may be NULL. */
bool br_influx_out_backfilling(const struct br_influx_out *out, int64_t *sent);

/* Whether it can go on as it is under another configuration. */
bool br_influx_out_fits(const struct br_influx_out *out, const struct br_config *config);

/* What is on its way is sent again by the next one. The history must live until on_closed. */
void br_influx_out_close(struct br_influx_out *out, void (*on_closed)(void *context), void *context);

#endif
