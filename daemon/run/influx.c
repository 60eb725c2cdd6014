/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* InfluxDB as an output of the daemon: opened where the configuration has it, made again where it differs. */
#include "daemon/run/daemon.h"
#include "daemon/verb.h"

#include <jansson.h>

static void on_trouble(void *context, bool is_bad)
{
    daemon_health(context, DAEMON_NO_INFLUXDB, is_bad);
}

int daemon_open_influx(struct daemon *daemon)
{
    int error;
    struct br_influx_out_setup setup = {.loop = &daemon->loop,
                                        .config = daemon->config,
                                        .history = daemon->history,
                                        .log = daemon->log,
                                        .metrics = daemon->metrics,
                                        .on_trouble = on_trouble,
                                        .context = daemon};
    if (!daemon->config->influxdb.enabled)
        return BR_EXIT_OK;
    daemon->influx = br_influx_out_open(&setup, &error);
    return daemon->influx ? BR_EXIT_OK : daemon_fail(daemon, BR_EXIT_IO, "publish.influxdb", error);
}

static void on_closed(void *context)
{
    struct daemon *daemon = context;
    if (!daemon->stopping)
        daemon_open_influx(daemon);
    daemon_has_left(daemon);
}

void daemon_move_influx(struct daemon *daemon)
{
    struct br_influx_out *influx = daemon->influx;
    if (!influx) {
        daemon_open_influx(daemon);
    } else if (!br_influx_out_fits(influx, daemon->config)) {
        daemon->influx = NULL;
        daemon_health(daemon, DAEMON_NO_INFLUXDB, false);
        daemon->leaving++;
        br_influx_out_close(influx, on_closed, daemon);
    }
}

const char *daemon_backfill(struct daemon *daemon, const json_t *span)
{
    const json_t *from = json_object_get(span, "from"), *to = json_object_get(span, "to");
    if (!daemon->influx)
        return "publish.influxdb is not configured";
    if (!json_is_integer(from) || !json_is_integer(to))
        return "from and to are times in ms";
    return br_influx_out_backfill(daemon->influx, json_integer_value(from), json_integer_value(to));
}
