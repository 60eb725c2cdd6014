/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Figures and observations as points of the line protocol (contract section 7). Pure; any thread. */
#ifndef BR_OUT_INFLUX_POINT_H
#define BR_OUT_INFLUX_POINT_H

#include "daemon/out/influx_line.h"

#include "bruis/v1/figure.pb-c.h"
#include "bruis/v1/observation.pb-c.h"

/* What a server is told of times. */
enum br_influx_precision { BR_INFLUX_NS, BR_INFLUX_US, BR_INFLUX_MS, BR_INFLUX_S };

/* Of the configuration: "ns", "us", "ms", "s". */
enum br_influx_precision br_influx_precision_of(const char *word);

/* Milliseconds in the precision's unit; whole seconds are rounded down. */
int64_t br_influx_time(int64_t utc_ms, enum br_influx_precision precision);

/* The point of a figure. As influx_line_end; needed: the bytes it takes, may be NULL. */
long br_influx_figure(const Bruis__V1__Figure *figure, const char *node, enum br_influx_precision precision,
                      char *buffer, size_t size, size_t *needed);

long br_influx_observation(const Bruis__V1__Observation *observation, const char *node,
                           enum br_influx_precision precision, char *buffer, size_t size, size_t *needed);

/* What takes exactly this figure's point away again. v1: a statement of InfluxQL; v2: the body of
 * /api/v2/delete. The length, as snprintf tells it. */
int br_influx_delete_v1(const Bruis__V1__Figure *figure, const char *node, char *text, size_t size);
int br_influx_delete_v2(const Bruis__V1__Figure *figure, const char *node, char *text, size_t size);

#endif
