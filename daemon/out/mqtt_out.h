/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Publishes figures, records and the status of this node to a broker. All calls on the loop's thread.
 *
 * Never blocks. Final figures go out in the order of their changes, straight away where nothing is behind;
 * what the broker did not take while it was away, or not fast enough, is read from the history in order, and
 * its cursor there moves when the broker has it. So none is missed, some may come twice, and what is retained
 * is the newest in the end. Of live figures and of the status only the newest waits. Records are no state but
 * a stream: up to 10,000 of them wait in order, then the oldest goes and is counted. Topics: {prefix}/v1/...
 * of the contract; names are percent-encoded.
 *
 * The status is published again after each connection, because the will has said `offline` in between. */
#ifndef BR_OUT_MQTT_OUT_H
#define BR_OUT_MQTT_OUT_H

#include "daemon/config.h"
#include "daemon/core/log.h"
#include "daemon/core/metrics.h"
#include "daemon/out/history.h"

#include "bruis/v1/figure.pb-c.h"
#include "bruis/v1/observation.pb-c.h"

#include <uv.h>

struct br_mqtt_out;

struct br_mqtt_out_setup {
    uv_loop_t *loop;
    const struct br_config *config; /* publish.mqtt and its broker; held */
    struct br_history *history;     /* outlives it */
    struct br_log *log;
    struct br_metrics *metrics; /* bruis_output_pending, bruis_output_errors_total, both with output="mqtt" */
    int64_t since_utc_ms;       /* of the status topic */
    const char *version;
};

/* Begins to connect, as CLIENT_ID-out. NULL: *error holds a negative errno (-EINVAL: the URL, the prefix or
 * the node; that of a secret that cannot be read). Classes of errors: expired (no room), refused (by the
 * broker), invalid (no topic). */
struct br_mqtt_out *br_mqtt_out_open(const struct br_mqtt_out_setup *setup, int *error);

/* change: the number that the history gave it, one after the other; 0: a live figure. newest: the newest
 * window of its topic, retained; else a revision of an older one, retain 0. */
void br_mqtt_out_figure(struct br_mqtt_out *out, const Bruis__V1__Figure *figure, uint64_t change,
                        bool newest);

/* The newest of its topic, as it was published before: retained again, behind all changes so far, where the
 * broker may have lost it or is another one. */
void br_mqtt_out_repeat(struct br_mqtt_out *out, const Bruis__V1__Figure *figure);

/* The history has written something. */
void br_mqtt_out_changed(struct br_mqtt_out *out);

/* Only where publish.mqtt.observations is on. */
void br_mqtt_out_observation(struct br_mqtt_out *out, const Bruis__V1__Observation *observation);

/* Takes a retained figure away, behind all changes so far: the region is no more. */
void br_mqtt_out_clear(struct br_mqtt_out *out, Bruis__V1__Domain domain, const char *region_type,
                       const char *region, const char *window);

/* state: "online" or "degraded". */
void br_mqtt_out_status(struct br_mqtt_out *out, const char *state);

/* Whether it can go on as it is under another configuration: nothing is different in how it connects and what
 * it publishes, and the certificates are the same. */
bool br_mqtt_out_fits(const struct br_mqtt_out *out, const struct br_config *config);

bool br_mqtt_out_connected(const struct br_mqtt_out *out);

/* Publishes `offline`, waits at most 1 s for what is in flight, disconnects; the loop runs on until
 * on_closed. */
void br_mqtt_out_close(struct br_mqtt_out *out, void (*on_closed)(void *context), void *context);

#endif
