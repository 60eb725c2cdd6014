/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What is wrong with the daemon at the moment, so that it can say `degraded` and recover alone. */
#include "daemon/run/daemon.h"

static const char *const reasons[DAEMON_TROUBLES] = {
    [DAEMON_NO_BROKER] = "a broker is away",
    [DAEMON_NO_JOURNAL] = "the journal takes nothing",
    [DAEMON_NO_SYNC] = "the journal cannot be synced",
    [DAEMON_NO_CHECKPOINT] = "the state cannot be kept",
    [DAEMON_NO_HISTORY] = "the history cannot be written",
    [DAEMON_NO_INFLUXDB] = "InfluxDB takes nothing",
};
static const char *const words[DAEMON_TROUBLES] = {
    [DAEMON_NO_BROKER] = "broker",         [DAEMON_NO_JOURNAL] = "journal", [DAEMON_NO_SYNC] = "sync",
    [DAEMON_NO_CHECKPOINT] = "checkpoint", [DAEMON_NO_HISTORY] = "history", [DAEMON_NO_INFLUXDB] = "influxdb",
};

const char *daemon_trouble(const struct daemon *daemon)
{
    for (int i = 0; i < DAEMON_TROUBLES; i++)
        if (daemon->troubles[i])
            return reasons[i];
    return NULL;
}

void daemon_health(struct daemon *daemon, enum daemon_trouble trouble, bool is_bad)
{
    if (daemon->troubles[trouble] == is_bad)
        return;
    daemon->troubles[trouble] = is_bad;
    *daemon->degraded[trouble] = is_bad;
    br_log(daemon->log, is_bad ? BR_LOG_ERR : BR_LOG_NOTICE, is_bad ? "degraded" : "recovered",
           "reason=\"%s\"", reasons[trouble]);
    if (daemon->mqtt_out)
        br_mqtt_out_status(daemon->mqtt_out, daemon_trouble(daemon) ? "degraded" : "online");
}

void daemon_health_open(struct daemon *daemon)
{
    struct br_metric *metric =
        br_metric_add(daemon->metrics, BR_GAUGE, "bruis_degraded",
                      "1 while something keeps the daemon from its full service.", "reason", 1);
    for (int i = 0; i < DAEMON_TROUBLES; i++)
        daemon->degraded[i] = br_metric_of(metric, words[i], NULL);
}
