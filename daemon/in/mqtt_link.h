/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A connection to a broker that looks after itself: it connects, sees that it was lost, waits and connects
 * again, and subscribes whenever the broker has no session of it.
 *
 * Between attempts it waits 1 s, then twice as long each time up to 4 s, with some chance in it so that a
 * restarted broker does not get everybody at once; only a connection that stood for a minute makes it begin
 * at 1 s again. Where another program has taken its client id it waits half a minute, so that the two do not
 * chase each other. The name is looked up on
 * libuv's pool before Paho does, because Paho would hold up all its clients meanwhile. Every attempt reads
 * password and certificates anew.
 *
 * What changes is logged once: connected, lost, why it cannot connect, a refused subscription.
 * All functions and callbacks on the loop's thread, but for on_message and on_published. */
#ifndef BR_IN_MQTT_LINK_H
#define BR_IN_MQTT_LINK_H

#include "daemon/core/log.h"
#include "daemon/in/mqtt_filters.h"
#include "daemon/in/paho.h"

#include <uv.h>

struct br_mqtt_link;

struct br_mqtt_link_setup {
    uv_loop_t *loop;
    struct br_log *log;
    const struct br_config_broker *broker;
    const char *client_id;
    bool clean;                            /* no session is kept at the broker */
    const char *will_topic, *will_payload; /* NULL: no will */
    const struct br_mqtt_filter *filters;  /* to subscribe to, copied; none: NULL and 0 */
    size_t filter_count;
    void (*on_up)(void *context);   /* connected, and answered to what was to be subscribed */
    void (*on_down)(void *context); /* after on_up */
    void (*on_message)(void *context, const struct br_paho_message *message); /* Paho's thread */
    void (*on_published)(void *context, void *token, int code);               /* Paho's threads */
    void *context;
};

/* Begins to connect. What setup points to, but for the filters, must outlive the link. NULL: *error holds a
 * negative errno, as br_paho_open. */
struct br_mqtt_link *br_mqtt_link_open(const struct br_mqtt_link_setup *setup, int *error);

/* Subscribes to other filters, and ends the subscriptions that are not among them; the connection stays.
 * False: out of memory, nothing has changed. */
bool br_mqtt_link_change(struct br_mqtt_link *link, const struct br_mqtt_filter *filters, size_t count);

bool br_mqtt_link_up(const struct br_mqtt_link *link);

/* How many publications may be on their way at once: what the broker allows and Paho bears; 0: not connected.
 */
size_t br_mqtt_link_in_flight_max(const struct br_mqtt_link *link);

/* As br_paho_publish. */
int br_mqtt_link_publish(struct br_mqtt_link *link, const struct br_paho_publication *publication,
                         void *token);

/* Disconnects (at most 1 s), ends the client and closes the handles on the loop; then on_closed, and the link
 * is gone. on_down is not called any more. */
void br_mqtt_link_close(struct br_mqtt_link *link, void (*on_closed)(void *context), void *context);

#endif
