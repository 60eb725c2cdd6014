/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What waits to be published, and what is on its way: an item stays here until the broker has it.
 *
 * Four kinds, sent in this order. A kept message is the state of its topic: of each topic only the newest
 * waits, and one that comes back unsent waits again only when nothing newer came. A change is a figure of the
 * history, with its number: all go in the order of their numbers, none is put in front of one that has gone
 * before it; what the connection has lost is not sent again from here, but read again from the history. A
 * record is one of a stream: all wait, in order, up to a cap, and past it the oldest goes. A deferred message
 * is a state that is sent only when no change waits. Memory only; one thread, but for br_mqtt_outbox_answer.
 */
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

/* The figure of a change; numbers never go back but after br_mqtt_outbox_drop_changes. False: no memory. */
bool br_mqtt_outbox_change(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message,
                           uint64_t change);

/* Is sent when no change waits; a retained change of its topic behind this one takes its place. As
 * br_mqtt_outbox_queue. */
unsigned br_mqtt_outbox_defer(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message,
                              uint64_t change);

size_t br_mqtt_outbox_changes(const struct br_mqtt_outbox *outbox);           /* that wait */
size_t br_mqtt_outbox_changes_in_flight(const struct br_mqtt_outbox *outbox); /* that are on their way */

/* The first of the changes that wait or are on their way; 0: there is none. */
uint64_t br_mqtt_outbox_first_change(const struct br_mqtt_outbox *outbox);

/* Forgets the changes that wait; the first of them, or 0. */
uint64_t br_mqtt_outbox_drop_changes(struct br_mqtt_outbox *outbox);

/* Forgets what waits. */
void br_mqtt_outbox_drop(struct br_mqtt_outbox *outbox);

size_t br_mqtt_outbox_waiting(const struct br_mqtt_outbox *outbox);
size_t br_mqtt_outbox_in_flight(const struct br_mqtt_outbox *outbox);

/* The next item, which is then on its way; NULL: none waits. deferred: those as well. */
struct br_mqtt_item *br_mqtt_outbox_take(struct br_mqtt_outbox *outbox, bool deferred);
const struct br_paho_publication *br_mqtt_item_message(const struct br_mqtt_item *item);

/* It could not be sent now: it waits again, where it was. */
void br_mqtt_outbox_put_back(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item);

/* It will not be sent: forgotten. */
void br_mqtt_outbox_discard(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item);

/* From any thread, once for an item on its way: 0: the broker has it; > 0: it refused; < 0: unknown, send
 * again. */
void br_mqtt_outbox_answer(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item, int code);

/* Works on the answers: what was refused is forgotten, what is unknown waits again, but for changes: *lost is
 * the first of them that is unknown, or 0. How many were refused. */
unsigned br_mqtt_outbox_settle(struct br_mqtt_outbox *outbox, uint64_t *lost);

#endif
