/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The way to InfluxDB: one request at a time through libcurl's multi interface on the loop, over a connection
 * that is kept. TLS 1.2 or newer with verification, always. Secrets are read from their files for each
 * request. One thread. */
#ifndef BR_OUT_INFLUX_HTTP_H
#define BR_OUT_INFLUX_HTTP_H

#include "daemon/config.h"
#include "daemon/out/influx_answer.h"

#include <uv.h>

struct br_influx_http;

struct br_influx_http_setup {
    uv_loop_t *loop;
    const struct br_config_publish_influxdb *config; /* must outlive it */
    /* The answer to br_influx_http_post, on the loop, never before that returned. */
    void (*on_answer)(void *context, const struct br_influx_answer *answer);
    void *context;
};

/* NULL: *error holds a negative errno. */
struct br_influx_http *br_influx_http_open(const struct br_influx_http_setup *setup, int *error);

enum br_influx_target { BR_INFLUX_WRITE, BR_INFLUX_DELETE };

/* Whether this version of the interface can take points away. */
bool br_influx_http_can_delete(const struct br_influx_http *http);

/* Sends lines, or what br_influx_delete_v1 or _v2 made; the bytes are copied. 0, or a negative errno and no
 * answer: -EBUSY (one is on its way), -ENOMEM, that of a secret that cannot be read. */
int br_influx_http_post(struct br_influx_http *http, enum br_influx_target target, struct br_view body);

bool br_influx_http_busy(const struct br_influx_http *http);

/* Drops what is on its way, without an answer. The loop runs on until on_closed. */
void br_influx_http_close(struct br_influx_http *http, void (*on_closed)(void *context), void *context);

#endif
