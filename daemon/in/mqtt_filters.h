/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What a connection is to be subscribed to, and what the broker has granted of it. Owns copies of the
 * filters. One thread. */
#ifndef BR_IN_MQTT_FILTERS_H
#define BR_IN_MQTT_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

struct br_mqtt_filter {
    const char *filter;
    int qos;
    bool optional; /* a refusal is no error: asked for once */
};

struct br_mqtt_filters;

/* NULL: out of memory. */
struct br_mqtt_filters *br_mqtt_filters_open(const struct br_mqtt_filter *filters, size_t count);
void br_mqtt_filters_close(struct br_mqtt_filters *filters); /* NULL is allowed */

/* The broker has another session: nothing is granted, no answer is on its way. */
void br_mqtt_filters_forget(struct br_mqtt_filters *filters);

/* The connection went: no answer comes any more. */
void br_mqtt_filters_hang_up(struct br_mqtt_filters *filters);

/* What is to be asked for, in two arrays that are lent until the next call of any function here. The number
 * of them; 0: all is granted. */
size_t br_mqtt_filters_ask(struct br_mqtt_filters *filters, const char *const **texts, const int **qos);

/* An answer is on its way. */
bool br_mqtt_filters_asking(const struct br_mqtt_filters *filters);

/* The answer to what was asked for last: granted QoS (0..2) or refusal (>= 0x80), in its order. refused is
 * told of each filter that was refused and is not optional. False: nobody asked that. */
bool br_mqtt_filters_answer(struct br_mqtt_filters *filters, const int *codes, size_t count,
                            void (*refused)(void *context, const char *filter), void *context);

/* Other filters from now on. What is in both with the same QoS stays granted, and an answer on its way still
 * counts for it; gone is told of each filter that is not among the new ones. False: out of memory, nothing
 * has changed. */
bool br_mqtt_filters_change(struct br_mqtt_filters *filters, const struct br_mqtt_filter *to, size_t count,
                            void (*gone)(void *context, const char *filter), void *context);

#endif
