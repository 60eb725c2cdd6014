/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/mqtt_outbox.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MIN 256 /* a power of two */

/* A topic that had a kept message. It stays: there are as many as regions, domains and windows. */
struct topic {
    struct topic *next; /* in its bucket */
    uint64_t hash;
    struct br_mqtt_item *waiting; /* the newest message, or NULL */
    uint64_t number;              /* of the newest message that was ever kept */
    char name[];
};

struct br_mqtt_item {
    struct br_mqtt_item *previous, *next; /* in its list */
    struct br_mqtt_item *next_answer;
    struct topic *topic; /* of a kept or deferred message */
    struct list *list;   /* that it waits in, or goes back to */
    uint64_t number;
    uint64_t change; /* 0: it is none; of a deferred message: the last one before it */
    int code;
    struct br_paho_publication message; /* points into what follows */
    char data[];
};

struct list {
    struct br_mqtt_item *first, *last;
    size_t count;
};

struct br_mqtt_outbox {
    struct topic **table;
    size_t table_size, topic_count; /* table_size: a power of two */
    size_t queue_max;
    uint64_t number;
    struct list kept, changes, queued, deferred, in_flight;
    size_t changes_in_flight;
    _Atomic(struct br_mqtt_item *) answers; /* the last one first */
};

static void list_put(struct list *list, struct br_mqtt_item *item, struct br_mqtt_item *before)
{
    item->next = before;
    item->previous = before ? before->previous : list->last;
    if (item->previous)
        item->previous->next = item;
    else
        list->first = item;
    if (before)
        before->previous = item;
    else
        list->last = item;
    list->count++;
}

static void list_take(struct list *list, struct br_mqtt_item *item)
{
    if (item->previous)
        item->previous->next = item->next;
    else
        list->first = item->next;
    if (item->next)
        item->next->previous = item->previous;
    else
        list->last = item->previous;
    list->count--;
}

static void list_free(struct list *list)
{
    struct br_mqtt_item *item = list->first;
    while (item) {
        struct br_mqtt_item *next = item->next;
        free(item);
        item = next;
    }
    *list = (struct list){0};
}

struct br_mqtt_outbox *br_mqtt_outbox_open(size_t queue_max)
{
    struct br_mqtt_outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return NULL;
    outbox->queue_max = queue_max;
    outbox->table_size = TABLE_MIN;
    outbox->table = calloc(outbox->table_size, sizeof(struct topic *));
    if (!outbox->table) {
        free(outbox);
        return NULL;
    }
    return outbox;
}

void br_mqtt_outbox_close(struct br_mqtt_outbox *outbox)
{
    if (!outbox)
        return;
    list_free(&outbox->kept);
    list_free(&outbox->changes);
    list_free(&outbox->queued);
    list_free(&outbox->deferred);
    list_free(&outbox->in_flight);
    for (size_t i = 0; i < outbox->table_size; i++) {
        while (outbox->table[i]) {
            struct topic *topic = outbox->table[i];
            outbox->table[i] = topic->next;
            free(topic);
        }
    }
    free(outbox->table);
    free(outbox);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash;
}

/* Twice the buckets. Without memory they only get longer. */
static void grow(struct br_mqtt_outbox *outbox)
{
    size_t size = outbox->table_size * 2;
    struct topic **table = calloc(size, sizeof(struct topic *));
    if (!table)
        return;
    for (size_t i = 0; i < outbox->table_size; i++) {
        while (outbox->table[i]) {
            struct topic *topic = outbox->table[i];
            outbox->table[i] = topic->next;
            topic->next = table[topic->hash & (size - 1)];
            table[topic->hash & (size - 1)] = topic;
        }
    }
    free(outbox->table);
    outbox->table = table;
    outbox->table_size = size;
}

/* The topic of a name, made when it is new; NULL: no memory. */
static struct topic *find_topic(struct br_mqtt_outbox *outbox, const char *name)
{
    uint64_t hash = hash_of(name);
    struct topic *topic = outbox->table[hash & (outbox->table_size - 1)];
    while (topic && (topic->hash != hash || strcmp(topic->name, name) != 0))
        topic = topic->next;
    if (topic)
        return topic;
    if (outbox->topic_count >= outbox->table_size)
        grow(outbox);
    size_t size = strlen(name) + 1;
    topic = calloc(1, sizeof *topic + size);
    if (!topic)
        return NULL;
    topic->hash = hash;
    memcpy(topic->name, name, size);
    struct topic **bucket = &outbox->table[hash & (outbox->table_size - 1)];
    topic->next = *bucket;
    *bucket = topic;
    outbox->topic_count++;
    return topic;
}

static struct br_mqtt_item *make_item(struct br_mqtt_outbox *outbox,
                                      const struct br_paho_publication *message)
{
    size_t name_size = strlen(message->topic) + 1;
    struct br_mqtt_item *item = malloc(sizeof *item + name_size + message->size);
    if (!item)
        return NULL;
    *item = (struct br_mqtt_item){.number = ++outbox->number, .message = *message};
    memcpy(item->data, message->topic, name_size);
    if (message->size > 0)
        memcpy(item->data + name_size, message->payload, message->size);
    item->message.topic = item->data;
    item->message.payload = item->data + name_size;
    return item;
}

/* Waits in the place of the message that it replaces, so that a busy topic does not go to the end again and
 * again. */
static void wait_kept(struct br_mqtt_item *item, struct br_mqtt_item *before)
{
    struct br_mqtt_item *older = item->topic->waiting;
    if (older) {
        before = older->list == item->list ? older->next : before;
        list_take(older->list, older);
        free(older);
    }
    item->topic->waiting = item;
    list_put(item->list, item, before);
}

static unsigned keep_in(struct br_mqtt_outbox *outbox, struct list *list,
                        const struct br_paho_publication *message, uint64_t change)
{
    struct topic *topic = find_topic(outbox, message->topic);
    struct br_mqtt_item *item = topic ? make_item(outbox, message) : NULL;
    if (!item)
        return 1;
    item->topic = topic;
    item->list = list;
    item->change = change;
    topic->number = item->number;
    wait_kept(item, NULL);
    return 0;
}

unsigned br_mqtt_outbox_keep(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message)
{
    return keep_in(outbox, &outbox->kept, message, 0);
}

unsigned br_mqtt_outbox_defer(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message,
                              uint64_t change)
{
    return keep_in(outbox, &outbox->deferred, message, change);
}

/* Puts an item at the end of the stream. How many were lost for it. */
static unsigned wait_queued(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item)
{
    item->list = &outbox->queued;
    list_put(&outbox->queued, item, NULL);
    if (outbox->queued.count <= outbox->queue_max)
        return 0;
    struct br_mqtt_item *oldest = outbox->queued.first;
    list_take(&outbox->queued, oldest);
    free(oldest);
    return 1;
}

unsigned br_mqtt_outbox_queue(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message)
{
    struct br_mqtt_item *item = make_item(outbox, message);
    return item ? wait_queued(outbox, item) : 1;
}

/* What is deferred of its topic was before it. */
static void replace_deferred(struct br_mqtt_outbox *outbox, const struct br_mqtt_item *item)
{
    if (outbox->deferred.count == 0 || !item->message.retained)
        return;
    struct topic *topic = find_topic(outbox, item->message.topic);
    struct br_mqtt_item *waiting = topic ? topic->waiting : NULL;
    if (!waiting || waiting->list != &outbox->deferred || waiting->change >= item->change)
        return;
    topic->waiting = NULL;
    list_take(&outbox->deferred, waiting);
    free(waiting);
}

bool br_mqtt_outbox_change(struct br_mqtt_outbox *outbox, const struct br_paho_publication *message,
                           uint64_t change)
{
    struct br_mqtt_item *item = make_item(outbox, message);
    if (!item)
        return false;
    item->change = change;
    item->list = &outbox->changes;
    list_put(&outbox->changes, item, NULL);
    replace_deferred(outbox, item);
    return true;
}

size_t br_mqtt_outbox_changes(const struct br_mqtt_outbox *outbox)
{
    return outbox->changes.count;
}

size_t br_mqtt_outbox_changes_in_flight(const struct br_mqtt_outbox *outbox)
{
    return outbox->changes_in_flight;
}

static bool is_change(const struct br_mqtt_outbox *outbox, const struct br_mqtt_item *item)
{
    return item->list == &outbox->changes;
}

/* They are taken in order, and go on their way in that. */
uint64_t br_mqtt_outbox_first_change(const struct br_mqtt_outbox *outbox)
{
    const struct br_mqtt_item *item = outbox->changes_in_flight > 0 ? outbox->in_flight.first : NULL;
    while (item && !is_change(outbox, item))
        item = item->next;
    if (!item)
        item = outbox->changes.first;
    return item ? item->change : 0;
}

uint64_t br_mqtt_outbox_drop_changes(struct br_mqtt_outbox *outbox)
{
    uint64_t first = outbox->changes.first ? outbox->changes.first->change : 0;
    list_free(&outbox->changes);
    return first;
}

static void drop_kept(struct list *list)
{
    for (struct br_mqtt_item *item = list->first; item; item = item->next)
        item->topic->waiting = NULL;
    list_free(list);
}

void br_mqtt_outbox_drop(struct br_mqtt_outbox *outbox)
{
    drop_kept(&outbox->kept);
    drop_kept(&outbox->deferred);
    list_free(&outbox->changes);
    list_free(&outbox->queued);
}

size_t br_mqtt_outbox_waiting(const struct br_mqtt_outbox *outbox)
{
    return outbox->kept.count + outbox->changes.count + outbox->queued.count + outbox->deferred.count;
}

size_t br_mqtt_outbox_in_flight(const struct br_mqtt_outbox *outbox)
{
    return outbox->in_flight.count;
}

struct br_mqtt_item *br_mqtt_outbox_take(struct br_mqtt_outbox *outbox, bool deferred)
{
    struct list *lists[] = {&outbox->kept, &outbox->changes, &outbox->queued, &outbox->deferred};
    struct br_mqtt_item *item = NULL;
    for (size_t i = 0; !item && i < (deferred ? 4 : 3); i++)
        item = lists[i]->first;
    if (!item)
        return NULL;
    list_take(item->list, item);
    if (item->topic)
        item->topic->waiting = NULL;
    list_put(&outbox->in_flight, item, NULL);
    outbox->changes_in_flight += is_change(outbox, item);
    return item;
}

const struct br_paho_publication *br_mqtt_item_message(const struct br_mqtt_item *item)
{
    return &item->message;
}

static void land(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item)
{
    list_take(&outbox->in_flight, item);
    outbox->changes_in_flight -= is_change(outbox, item);
}

void br_mqtt_outbox_put_back(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item)
{
    land(outbox, item);
    struct br_mqtt_item *younger = item->list->first;
    while (!item->topic && younger && younger->number < item->number)
        younger = younger->next;
    if (!item->topic)
        list_put(item->list, item, younger);
    else if (item->number == item->topic->number)
        wait_kept(item, item->list->first);
    else
        free(item);
}

void br_mqtt_outbox_discard(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item)
{
    land(outbox, item);
    free(item);
}

void br_mqtt_outbox_answer(struct br_mqtt_outbox *outbox, struct br_mqtt_item *item, int code)
{
    item->code = code;
    struct br_mqtt_item *last = atomic_load(&outbox->answers);
    do
        item->next_answer = last;
    while (!atomic_compare_exchange_weak(&outbox->answers, &last, item));
}

unsigned br_mqtt_outbox_settle(struct br_mqtt_outbox *outbox, uint64_t *lost)
{
    unsigned refused = 0;
    struct br_mqtt_item *item = atomic_exchange(&outbox->answers, NULL);
    *lost = 0;
    while (item) {
        struct br_mqtt_item *next = item->next_answer;
        bool is_unknown = item->code < 0;
        if (is_unknown && is_change(outbox, item) && (*lost == 0 || item->change < *lost))
            *lost = item->change;
        refused += item->code > 0;
        if (is_unknown && !is_change(outbox, item))
            br_mqtt_outbox_put_back(outbox, item);
        else
            br_mqtt_outbox_discard(outbox, item);
        item = next;
    }
    return refused;
}
