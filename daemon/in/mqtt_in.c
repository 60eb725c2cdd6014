/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/mqtt_in.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/in/mqtt_broker.h"
#include "daemon/in/router.h"

#define NOWHERE SIZE_MAX
#define DRAIN_MS 2 /* between looks at the journal while messages flow */

/* A broker of the configuration that feeds name. */
struct slot {
    size_t index;
    struct br_mqtt_broker *broker; /* NULL: one that is being closed has its place */
};

struct br_mqtt_in {
    struct br_mqtt_in_setup setup;
    uv_mutex_t mutex; /* setup.config and setup.counters: Paho's threads read them */
    struct slot *slots;
    size_t slot_count;
    uv_async_t wake;
    uv_timer_t timer;
    atomic_bool asleep; /* the loop waits for a message: whoever appends one wakes it */
    br_position seen;   /* end of the journal at the last on_arrival */
    int handles;        /* not closed yet */
    size_t leaving;     /* brokers that are being closed */
    void (*on_closed)(void *context);
    void *closed_context;
};

/* Between appending and asking there is a full barrier, as there is between falling asleep and looking again:
 * one of the two sees the other. */
static void wake(struct br_mqtt_in *in)
{
    if (atomic_exchange(&in->asleep, false))
        uv_async_send(&in->wake);
}

static void append(struct br_mqtt_in *in, size_t feed, const struct br_paho_message *message)
{
    const struct br_config_feed *config = &in->setup.config->feeds[feed];
    const struct br_mqtt_in_counters *counters = &in->setup.counters;
    struct br_entry entry = {
        .type = BR_ENTRY_MESSAGE,
        .flags = (message->retained ? BR_ENTRY_RETAINED : 0) | (message->dup ? BR_ENTRY_DUP : 0),
        .received_at_utc_ms = in->setup.now_utc_ms(in->setup.context),
        .feed = br_view_of(config->name),
        .topic = message->topic,
        .payload = message->payload,
    };
    br_series *refused = NULL;
    if (message->payload.size > (size_t)config->max_payload)
        refused = counters->oversize[feed];
    else if (br_journal_append(in->setup.journal, &entry) != 0)
        refused = counters->dropped[feed];
    if (refused) {
        ++*counters->received[feed];
        ++*refused;
    }
}

static size_t find_broker(const struct br_config *config, const char *name)
{
    for (size_t i = 0; i < config->broker_count; i++)
        if (strcmp(config->brokers[i].name, name) == 0)
            return i;
    return NOWHERE;
}

/* On Paho's thread, which every client waits for: into the journal and away. */
static bool on_message(void *context, const char *name, const struct br_paho_message *message)
{
    struct br_mqtt_in *in = context;
    uv_mutex_lock(&in->mutex);
    const struct br_config *config = in->setup.config;
    size_t broker = find_broker(config, name);
    size_t feed = broker == NOWHERE ? SIZE_MAX : br_router_next(config, broker, message->topic, SIZE_MAX);
    bool is_taken = feed != SIZE_MAX;
    for (; feed != SIZE_MAX; feed = br_router_next(config, broker, message->topic, feed))
        append(in, feed, message);
    uv_mutex_unlock(&in->mutex);
    if (is_taken)
        wake(in);
    return is_taken;
}

static void on_something(void *context)
{
    uv_async_send(&((struct br_mqtt_in *)context)->wake);
}

static void on_timer(uv_timer_t *timer);

/* Tells of what came, and looks again soon; when nothing came, the next message has to wake the loop. A
 * message that is appended while the loop falls asleep is seen by the second look, or sees that the loop
 * sleeps. */
static void drain(struct br_mqtt_in *in)
{
    br_position end = br_journal_end(in->setup.journal);
    if (end == in->seen) {
        atomic_exchange(&in->asleep, true);
        end = br_journal_end(in->setup.journal);
        if (end == in->seen || !atomic_exchange(&in->asleep, false))
            return;
    }
    in->seen = end;
    in->setup.on_arrival(in->setup.context);
    if (in->on_closed == NULL)
        uv_timer_start(&in->timer, on_timer, DRAIN_MS, 0);
}

static void on_timer(uv_timer_t *timer)
{
    drain(timer->data);
}

static void on_wake(uv_async_t *async)
{
    struct br_mqtt_in *in = async->data;
    for (size_t i = 0; i < in->slot_count; i++)
        if (in->slots[i].broker)
            br_mqtt_broker_tell(in->slots[i].broker);
    if (!uv_is_active((uv_handle_t *)&in->timer))
        drain(in);
}

static void on_change(void *context)
{
    struct br_mqtt_in *in = context;
    in->setup.on_change(in->setup.context);
}

static int open_slot(struct br_mqtt_in *in, struct slot *slot)
{
    int error;
    struct br_mqtt_broker_setup setup = {.loop = in->setup.loop,
                                         .log = in->setup.log,
                                         .metrics = in->setup.metrics,
                                         .config = in->setup.config,
                                         .index = slot->index,
                                         .on_message = on_message,
                                         .wake = on_something,
                                         .on_change = on_change,
                                         .context = in};
    slot->broker = br_mqtt_broker_open(&setup, &error);
    return error;
}

/* A slot for each broker that feeds name, all empty. NULL: out of memory. */
static struct slot *make_slots(const struct br_config *config, size_t *count)
{
    struct slot *slots = calloc(config->broker_count + 1, sizeof *slots);
    *count = 0;
    for (size_t i = 0; slots && i < config->broker_count; i++)
        if (br_mqtt_broker_named(config, i))
            slots[(*count)++].index = i;
    return slots;
}

static void free_in(struct br_mqtt_in *in)
{
    uv_mutex_destroy(&in->mutex);
    free(in->slots);
    free(in);
}

const char *br_mqtt_in_check(const struct br_config *config, const char **broker)
{
    for (size_t i = 0; i < config->broker_count; i++) {
        const char *fault = br_mqtt_broker_named(config, i) ? br_mqtt_broker_check(config, i) : NULL;
        *broker = config->brokers[i].name;
        if (fault)
            return fault;
    }
    return NULL;
}

static int check(const struct br_config *config)
{
    int error = 0;
    for (size_t i = 0; i < config->broker_count && error == 0; i++)
        if (br_mqtt_broker_named(config, i))
            error = br_paho_check(&config->brokers[i]);
    return error;
}

/* All that can be wrong with the configuration is seen before there is a handle on the loop. */
static int prepare(struct br_mqtt_in *in)
{
    int error = check(in->setup.config);
    if (error == 0)
        in->slots = make_slots(in->setup.config, &in->slot_count);
    if (error == 0 && !in->slots)
        error = -ENOMEM;
    if (error == 0)
        error = uv_async_init(in->setup.loop, &in->wake, on_wake);
    if (error)
        return error;
    uv_timer_init(in->setup.loop, &in->timer);
    in->wake.data = in->timer.data = in;
    in->handles = 2;
    in->seen = br_journal_end(in->setup.journal);
    atomic_store(&in->asleep, true);
    return 0;
}

static void on_nobody(void *context)
{
    (void)context;
}

struct br_mqtt_in *br_mqtt_in_open(const struct br_mqtt_in_setup *setup, int *error)
{
    struct br_mqtt_in *in = calloc(1, sizeof *in);
    *error = -ENOMEM;
    if (!in || uv_mutex_init(&in->mutex) != 0) {
        free(in);
        return NULL;
    }
    in->setup = *setup;
    *error = prepare(in);
    if (*error) {
        free_in(in);
        return NULL;
    }
    for (size_t i = 0; i < in->slot_count && *error == 0; i++)
        *error = open_slot(in, &in->slots[i]);
    if (*error) {
        br_mqtt_in_close(in, on_nobody, NULL);
        return NULL;
    }
    return in;
}

bool br_mqtt_in_connected(const struct br_mqtt_in *in)
{
    for (size_t i = 0; i < in->slot_count; i++)
        if (!in->slots[i].broker || !br_mqtt_broker_up(in->slots[i].broker))
            return false;
    return true;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct br_mqtt_in *in = handle->data;
    if (--in->handles > 0)
        return;
    void (*on_closed)(void *) = in->on_closed;
    void *context = in->closed_context;
    free_in(in);
    on_closed(context);
}

/* Nobody appends any more: what came last is told once more. */
static void close_handles(struct br_mqtt_in *in)
{
    drain(in);
    uv_close((uv_handle_t *)&in->wake, on_handle_closed);
    uv_close((uv_handle_t *)&in->timer, on_handle_closed);
}

/* Those that take the place of one that is gone may have its client id: they begin when it has left. */
static void fill_slots(struct br_mqtt_in *in)
{
    for (size_t i = 0; i < in->slot_count; i++) {
        int error = in->slots[i].broker ? 0 : open_slot(in, &in->slots[i]);
        if (error)
            br_log(in->setup.log, BR_LOG_ERR, "mqtt_not_opened", "broker=%s why=\"%s\"",
                   in->setup.config->brokers[in->slots[i].index].name, strerror(-error));
    }
}

static void on_broker_closed(void *context)
{
    struct br_mqtt_in *in = context;
    if (--in->leaving > 0)
        return;
    if (in->on_closed)
        close_handles(in);
    else
        fill_slots(in);
}

static void leave(struct br_mqtt_in *in, struct br_mqtt_broker *broker)
{
    in->leaving++;
    br_mqtt_broker_close(broker, on_broker_closed, in);
}

/* Moves the brokers whose connections can stay into the new slots, and closes the others. */
static void move_brokers(struct br_mqtt_in *in, struct slot *slots, size_t count)
{
    const struct br_config *config = in->setup.config;
    for (size_t i = 0; i < in->slot_count; i++) {
        struct br_mqtt_broker *broker = in->slots[i].broker;
        for (size_t j = 0; broker && j < count; j++) {
            if (br_mqtt_broker_fits(broker, config, slots[j].index) &&
                br_mqtt_broker_change(broker, config, slots[j].index)) {
                slots[j].broker = broker;
                broker = NULL;
            }
        }
        if (broker)
            leave(in, broker);
    }
}

int br_mqtt_in_change(struct br_mqtt_in *in, const struct br_config *config,
                      const struct br_mqtt_in_counters *counters)
{
    size_t count;
    struct slot *slots = make_slots(config, &count);
    if (!slots)
        return -ENOMEM;
    uv_mutex_lock(&in->mutex);
    in->setup.config = config;
    in->setup.counters = *counters;
    uv_mutex_unlock(&in->mutex);
    move_brokers(in, slots, count);
    free(in->slots);
    in->slots = slots;
    in->slot_count = count;
    if (in->leaving == 0)
        fill_slots(in);
    return 0;
}

void br_mqtt_in_close(struct br_mqtt_in *in, void (*on_closed)(void *context), void *context)
{
    in->on_closed = on_closed;
    in->closed_context = context;
    uv_timer_stop(&in->timer);
    /* each of them is closed later, on the loop: the count does not reach 0 within this loop */
    for (size_t i = 0; i < in->slot_count; i++)
        if (in->slots[i].broker)
            leave(in, in->slots[i].broker);
    in->slot_count = 0;
    if (in->leaving == 0)
        close_handles(in);
}
