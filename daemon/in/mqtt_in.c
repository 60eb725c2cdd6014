/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/mqtt_in.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/in/mqtt_link.h"
#include "daemon/in/router.h"

#define DRAIN_MS 2 /* between looks at the journal while messages flow */
#define STRAY_SIZE 64

/* What mosquitto and others tell of themselves: the messages that they have thrown away. */
static const char dropped_topic[] = "$SYS/broker/publish/messages/dropped";

struct broker {
    struct br_mqtt_in *in;
    size_t index; /* in the configuration */
    struct br_mqtt_link *link;
    struct br_mqtt_filter *filters;
    size_t filter_count;
    br_series *connected, *dropped;
    int64_t dropped_told; /* what was logged, or the first that was heard; -1: nothing yet */
    _Atomic int64_t dropped_heard;
    atomic_int stray; /* 0: none, 1: being written, 2: the topic is there, 3: told */
    char stray_topic[STRAY_SIZE + 1];
};

struct br_mqtt_in {
    struct br_mqtt_in_setup setup;
    struct broker *brokers; /* those that feeds name */
    size_t broker_count;
    uv_async_t wake;
    uv_timer_t timer;
    atomic_bool asleep; /* the loop waits for a message: whoever appends one wakes it */
    br_position seen;   /* end of the journal at the last on_arrival */
    int handles;        /* not closed yet */
    size_t links;       /* not closed yet */
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

static void append(struct broker *broker, size_t feed, const struct br_paho_message *message)
{
    struct br_mqtt_in *in = broker->in;
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

/* "1234", all of it digits; -1: something else. */
static int64_t parse_count(struct br_view text)
{
    int64_t count = text.size > 0 && text.size <= 18 ? 0 : -1;
    for (size_t i = 0; count >= 0 && i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        count = count * 10 + (text.data[i] - '0');
    }
    return count;
}

static void hear_dropped(struct broker *broker, struct br_view text)
{
    int64_t count = parse_count(text);
    if (count < 0)
        return;
    *broker->dropped = count;
    atomic_store(&broker->dropped_heard, count);
    uv_async_send(&broker->in->wake);
}

/* Keeps the first topic that no feed takes, for the loop to tell. */
static void hear_stray(struct broker *broker, struct br_view topic)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&broker->stray, &none, 1))
        return;
    memcpy(broker->stray_topic, topic.data, topic.size < STRAY_SIZE ? topic.size : STRAY_SIZE);
    atomic_store(&broker->stray, 2);
    uv_async_send(&broker->in->wake);
}

/* On Paho's thread, which every client waits for: into the journal and away. */
static void on_message(void *context, const struct br_paho_message *message)
{
    struct broker *broker = context;
    if (br_view_is(message->topic, dropped_topic)) {
        hear_dropped(broker, message->payload);
        return;
    }
    const struct br_config *config = broker->in->setup.config;
    size_t feed = br_router_next(config, broker->index, message->topic, SIZE_MAX);
    if (feed == SIZE_MAX) {
        hear_stray(broker, message->topic);
        return;
    }
    for (; feed != SIZE_MAX; feed = br_router_next(config, broker->index, message->topic, feed))
        append(broker, feed, message);
    wake(broker->in);
}

static void tell_dropped(struct broker *broker)
{
    int64_t count = atomic_load(&broker->dropped_heard);
    if (broker->dropped_told >= 0 && count > broker->dropped_told)
        br_log(broker->in->setup.log, BR_LOG_WARNING, "broker_dropped", "broker=%s messages=%lld",
               broker->in->setup.config->brokers[broker->index].name,
               (long long)(count - broker->dropped_told));
    broker->dropped_told = count; /* a lower one: the broker has started again */
}

/* A session that is kept over a change of the configuration may still have subscriptions of before. */
static void tell_stray(struct broker *broker)
{
    char quoted[BR_LOG_QUOTE_SIZE];
    int written = 2;
    if (atomic_compare_exchange_strong(&broker->stray, &written, 3))
        br_log(broker->in->setup.log, BR_LOG_WARNING, "mqtt_stray",
               "broker=%s topic=%s why=\"no feed takes it\"",
               broker->in->setup.config->brokers[broker->index].name,
               br_log_quote(broker->stray_topic, quoted));
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
    for (size_t i = 0; i < in->broker_count; i++) {
        if (atomic_load(&in->brokers[i].dropped_heard) != in->brokers[i].dropped_told)
            tell_dropped(&in->brokers[i]);
        tell_stray(&in->brokers[i]);
    }
    if (!uv_is_active((uv_handle_t *)&in->timer))
        drain(in);
}

static void on_up(void *context)
{
    struct broker *broker = context;
    *broker->connected = 1;
    broker->in->setup.on_change(broker->in->setup.context);
}

static void on_down(void *context)
{
    struct broker *broker = context;
    *broker->connected = 0;
    broker->in->setup.on_change(broker->in->setup.context);
}

/* Adds a filter, or raises the quality of one that is there: a broker sends a message once for each
 * subscription. */
static void add_filter(struct broker *broker, const char *filter, int qos)
{
    for (size_t i = 0; i < broker->filter_count; i++) {
        if (strcmp(broker->filters[i].filter, filter) == 0) {
            if (broker->filters[i].qos < qos)
                broker->filters[i].qos = qos;
            return;
        }
    }
    broker->filters[broker->filter_count++] = (struct br_mqtt_filter){filter, qos, false};
}

static int add_filters(struct broker *broker)
{
    const struct br_config *config = broker->in->setup.config;
    size_t count = 1;
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].broker == broker->index)
            count += config->feeds[i].topics.count;
    broker->filter_count = 0;
    broker->filters = calloc(count, sizeof *broker->filters);
    if (!broker->filters)
        return -ENOMEM;
    for (size_t i = 0; i < config->feed_count; i++) {
        const struct br_config_feed *feed = &config->feeds[i];
        for (size_t j = 0; feed->broker == broker->index && j < feed->topics.count; j++)
            add_filter(broker, feed->topics.at[j], feed->qos);
    }
    broker->filters[broker->filter_count++] = (struct br_mqtt_filter){dropped_topic, 0, true};
    return 0;
}

static int open_broker(struct br_mqtt_in *in, size_t index)
{
    struct broker *broker = &in->brokers[in->broker_count];
    const struct br_config_broker *config = &in->setup.config->brokers[index];
    *broker = (struct broker){.in = in, .index = index, .dropped_told = -1, .dropped_heard = -1};
    struct br_metric *connected = br_metric_add(in->setup.metrics, BR_GAUGE, "bruis_mqtt_connected",
                                                "Whether the broker is connected: 1 or 0.", "broker", 1);
    struct br_metric *dropped = br_metric_add(in->setup.metrics, BR_COUNTER, "bruis_broker_dropped_total",
                                              "What the broker says that it has thrown away.", "broker", 1);
    broker->connected = br_metric_of(connected, config->name, NULL);
    broker->dropped = br_metric_of(dropped, config->name, NULL);
    int error = add_filters(broker);
    struct br_mqtt_link_setup setup = {
        .loop = in->setup.loop,
        .log = in->setup.log,
        .broker = config,
        .client_id = config->client_id ? config->client_id : in->setup.config->node,
        .filters = broker->filters,
        .filter_count = broker->filter_count,
        .on_up = on_up,
        .on_down = on_down,
        .on_message = on_message,
        .context = broker,
    };
    if (error == 0)
        broker->link = br_mqtt_link_open(&setup, &error);
    if (error) {
        free(broker->filters);
        return error;
    }
    in->broker_count++;
    in->links++;
    return 0;
}

static bool is_named(const struct br_config *config, size_t broker)
{
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].broker == broker)
            return true;
    return false;
}

static void free_in(struct br_mqtt_in *in)
{
    for (size_t i = 0; i < in->broker_count; i++)
        free(in->brokers[i].filters);
    free(in->brokers);
    free(in);
}

/* All that can be wrong with the configuration is seen before there is a handle on the loop. */
static int prepare(struct br_mqtt_in *in)
{
    const struct br_config *config = in->setup.config;
    for (size_t i = 0; i < config->broker_count; i++) {
        int error = is_named(config, i) ? br_paho_check(&config->brokers[i]) : 0;
        if (error)
            return error;
    }
    in->brokers = calloc(config->broker_count ? config->broker_count : 1, sizeof *in->brokers);
    if (!in->brokers)
        return -ENOMEM;
    int error = uv_async_init(in->setup.loop, &in->wake, on_wake);
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
    if (!in)
        return NULL;
    in->setup = *setup;
    *error = prepare(in);
    if (*error) {
        free_in(in);
        return NULL;
    }
    for (size_t i = 0; i < setup->config->broker_count && *error == 0; i++)
        if (is_named(setup->config, i))
            *error = open_broker(in, i);
    if (*error) {
        br_mqtt_in_close(in, on_nobody, NULL);
        return NULL;
    }
    return in;
}

bool br_mqtt_in_connected(const struct br_mqtt_in *in)
{
    for (size_t i = 0; i < in->broker_count; i++)
        if (!br_mqtt_link_up(in->brokers[i].link))
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

static void on_link_closed(void *context)
{
    struct broker *broker = context;
    *broker->connected = 0;
    if (--broker->in->links == 0)
        close_handles(broker->in);
}

void br_mqtt_in_close(struct br_mqtt_in *in, void (*on_closed)(void *context), void *context)
{
    in->on_closed = on_closed;
    in->closed_context = context;
    uv_timer_stop(&in->timer);
    if (in->links == 0)
        close_handles(in);
    /* each of them is closed later, on the loop: the count does not reach 0 within this loop */
    for (size_t i = 0; i < in->broker_count; i++)
        br_mqtt_link_close(in->brokers[i].link, on_link_closed, &in->brokers[i]);
}
