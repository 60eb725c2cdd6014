/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* HTTP for the public (`listen`) and for the operator (`ops_listen`), on the loop's thread: libmicrohttpd's
 * epoll descriptor in a uv_poll_t. GET and HEAD (and OPTIONS for CORS) only; a request with a body is
 * refused. */
#ifndef BR_OUT_HTTP_SERVER_H
#define BR_OUT_HTTP_SERVER_H

#include "daemon/config.h"
#include "daemon/core/log.h"
#include "daemon/core/metrics.h"
#include "daemon/flow/region.h"
#include "daemon/out/board.h"
#include "daemon/out/history.h"

#include <uv.h>

struct br_http;

struct br_http_setup {
    uv_loop_t *loop;
    const struct br_config *config; /* publish.http */
    const struct br_regions *regions;
    const struct br_board *board;
    struct br_history *history; /* for series that the board does not hold; outlives it. NULL: none */
    struct br_metrics *metrics;
    struct br_log *log;
    int64_t (*now_utc_ms)(void *context);
    bool (*ready)(void *context, const char **why_not); /* ready with a reason: degraded */
    void (*before_metrics)(void *context);              /* sets gauges that are only taken when asked */
    void *context;
    bool wait;            /* who asks the public side waits until br_http_serve */
    const int *passed[2]; /* sockets of the service manager for `listen` and `ops_listen`, which win over the
                             addresses; NULL: none. They stay the caller's, and open */
};

/* Listens. NULL: *error holds a negative errno. A port of 0 takes a free one: br_http_port tells. */
struct br_http *br_http_open(const struct br_http_setup *setup, int *error);
int br_http_port(const struct br_http *http);     /* of `listen` */
int br_http_ops_port(const struct br_http *http); /* of `ops_listen` */

/* From now on the public is answered, who waits first. */
void br_http_serve(struct br_http *http);

/* Whether it can go on under another configuration with the sockets that it has. */
bool br_http_fits(const struct br_http *http, const struct br_config *config);

/* Goes on with another configuration and its regions. 0, or -ENOMEM: nothing has changed. */
int br_http_change(struct br_http *http, const struct br_config *config, const struct br_regions *regions);

void br_http_close(struct br_http *http, void (*on_closed)(void *context), void *context);

#endif
