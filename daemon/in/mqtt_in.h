/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Hears the brokers: one connection (daemon/in/mqtt_broker.h) for each broker that a feed names.
 *
 * What arrives is checked for its size and appended to the journal, once for each feed that takes it, on
 * Paho's thread; then the loop is woken, but only when it sleeps for lack of messages: while they flow it
 * looks by itself every 2 ms. Connection changes are handed to the loop through on_change. Sessions are
 * persistent, subscriptions are made again when the broker has forgotten them. Where two filters take the
 * same topic, a broker may send a message once for each of them: the copies are known as duplicates later. */
#ifndef BR_IN_MQTT_IN_H
#define BR_IN_MQTT_IN_H

#include "daemon/config.h"
#include "daemon/core/log.h"
#include "daemon/core/metrics.h"
#include "daemon/in/journal.h"

#include <uv.h>

struct br_mqtt_in;

/* What is refused before the journal, from any thread. Indexed by feed. What the journal takes is counted by
 * who reads it, so that the numbers agree also when a process reads what an earlier one has written. */
struct br_mqtt_in_counters {
    br_series **received; /* all that is refused */
    br_series **oversize;
    br_series **dropped; /* the journal would not take it */
};

struct br_mqtt_in_setup {
    uv_loop_t *loop;
    const struct br_config *config;
    struct br_journal *journal;
    struct br_log *log;
    struct br_metrics *metrics; /* bruis_mqtt_connected{broker}, bruis_broker_dropped_total{broker} */
    struct br_mqtt_in_counters counters;
    int64_t (*now_utc_ms)(void *context); /* from any thread */
    void (*on_arrival)(void *context);    /* on the loop, after something was appended */
    void (*on_change)(void *context);     /* on the loop, after a connection came or went */
    void *context;
};

/* Makes the clients and begins to connect. NULL: *error holds a negative errno (bad URL: -EINVAL; unreadable
 * secret: its errno). */
struct br_mqtt_in *br_mqtt_in_open(const struct br_mqtt_in_setup *setup, int *error);

/* Whether br_mqtt_in_change could take this configuration: NULL, or a constant that says what is wrong with
 * the broker whose name goes to *broker. */
const char *br_mqtt_in_check(const struct br_config *config, const char **broker);

/* Goes on under another configuration, which must outlive it as the one of the setup must. A connection of
 * which nothing is different stays, and takes on the feeds that are new and leaves those that are gone; the
 * others are ended and made again, their sessions stay at the broker. What arrives is counted in the new
 * counters from here on. A broker that nothing could be done for (out of memory) is tried as one that is
 * different. -ENOMEM: nothing has changed. */
int br_mqtt_in_change(struct br_mqtt_in *in, const struct br_config *config,
                      const struct br_mqtt_in_counters *counters);

/* All brokers that feeds name are connected, and have answered to the subscriptions. */
bool br_mqtt_in_connected(const struct br_mqtt_in *in);

/* Disconnects (sessions stay at the broker), destroys the clients, closes the handle on the loop; the loop
 * must run on until on_closed. */
void br_mqtt_in_close(struct br_mqtt_in *in, void (*on_closed)(void *context), void *context);

#endif
