/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What waits to be published, and what is on its way: an item stays here until the broker has it.
 *
 * A kept message is the state of its topic: of each topic only the newest waits, and one that comes back
 * unsent waits again only when nothing newer came. A queued message is one of a stream: all wait, in order,
 * up to a cap, and past it the oldest goes. Kept ones are sent first. Memory only; one thread, but for
 * br_mqtt_outbox_answer. */
#ifndef BR_OUT_MQTT_OUTBOX_H
#define BR_OUT_MQTT_OUTBOX_H

#include "daemon/in/paho.h"

struct br_mqtt_outbox;
struct br_mqtt_item;

/* queue_max: of queued messages. NULL: no memory. */
struct br_mqtt_outbox *br_mqtt_outbox_open(size_t queue_max);

/* Frees all, what is on its way too: its answers must not come any more. */
void br_mqtt_outbox_close(struct br_mqtt_outbox *outbox);

/* Takes a copy of the message (its constants excepted). How many messages were lost for it: 0; 1 when the
 * queue was full or there is no memory. */
unsigned br_mqtt_outbox_keep(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message);
unsigned br_mqtt_outbox_queue(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message);

/* A kept message of the topic that still waits is not to be replaced: it becomes one of the stream, not
 * retained. As br_mqtt_outbox_queue. */
unsigned br_mqtt_outbox_pass(struct br_mqtt_outbox *outbox, const char *topic);

/* Forgets what waits. */
void br_mqtt_outbox_drop(struct br_mqtt_outbox *outbox);

size_t br_mqtt_outbox_waiting(const struct br_mqtt_outbox *outbox);
size_t br_mqtt_outbox_in_flight(const struct br_mqtt_outbox *outbox);

/* The next item, which is then on its way; NULL: none waits. */
struct br_mqtt_item *br_mqtt_outbox_take(struct br_mqtt_outbox *outbox);
const struct br_paho_publication *br_mqtt_item_message(const struct br_mqtt_item *item);

/* It could not be sent now: it waits again, where it was. */
void br_mqtt_outbox_put_back(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item);

/* It will not be sent: forgotten. */
void br_mqtt_outbox_discard(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item);

/* From any thread, once for an item on its way: 0: the broker has it; > 0: it refused; < 0: unknown, send
 * again. */
void br_mqtt_outbox_answer(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item, int code);

/* Works on the answers: what was refused is forgotten, what is unknown waits again. How many were refused. */
unsigned br_mqtt_outbox_settle(struct br_mqtt_outbox *outbox);

#endif
