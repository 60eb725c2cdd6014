/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One broker that is heard: its connection, what is subscribed to there, and what it tells of itself.
 * It holds the configuration that its connection was made of; other feeds, and a newer configuration that
 * says the same of the connection, come in without ending it. */
#ifndef BR_IN_MQTT_BROKER_H
#define BR_IN_MQTT_BROKER_H

#include "daemon/config.h"
#include "daemon/core/certificate.h"
#include "daemon/core/log.h"
#include "daemon/core/metrics.h"
#include "daemon/in/paho.h"

#include <uv.h>

struct br_mqtt_broker;

struct br_mqtt_broker_setup {
    uv_loop_t *loop;
    struct br_log *log;
    struct br_metrics *metrics; /* bruis_mqtt_connected, bruis_broker_dropped_total,
                                   bruis_tls_certificate_expiry_timestamp_seconds */
    const struct br_config *config;
    size_t index; /* of the broker in it */
    /* On Paho's thread. name: the broker's. False: no feed takes the topic. */
    bool (*on_message)(void *context, const char *name, const struct br_paho_message *message);
    void (*wake)(void *context);      /* from any thread: br_mqtt_broker_tell has something */
    void (*on_change)(void *context); /* on the loop: the connection came or went */
    void *context;
};

/* NULL: all is well with what the configuration says of this broker; else a constant says what is wrong: the
 * URL, a secret that cannot be read, a key of another certificate. */
const char *br_mqtt_broker_check(const struct br_config *config, size_t index);

/* Whether a feed names it. */
bool br_mqtt_broker_named(const struct br_config *config, size_t index);

/* Begins to connect. NULL: *error holds a negative errno. */
struct br_mqtt_broker *br_mqtt_broker_open(const struct br_mqtt_broker_setup *setup, int *error);

const char *br_mqtt_broker_name(const struct br_mqtt_broker *broker);

/* Connected, and answered to the subscriptions. */
bool br_mqtt_broker_up(const struct br_mqtt_broker *broker);

/* Whether the connection can stay as it is under another configuration: nothing is different in how it is
 * made, and the certificates are the same. */
bool br_mqtt_broker_fits(const struct br_mqtt_broker *broker, const struct br_config *config, size_t index);

/* Takes on the feeds of another configuration. False: out of memory. */
bool br_mqtt_broker_change(struct br_mqtt_broker *broker, const struct br_config *config, size_t index);

/* Logs what was heard since the last call. */
void br_mqtt_broker_tell(struct br_mqtt_broker *broker);

/* Disconnects (the session stays at the broker); then on_closed, and it is gone. */
void br_mqtt_broker_close(struct br_mqtt_broker *broker, void (*on_closed)(void *context), void *context);

#endif
