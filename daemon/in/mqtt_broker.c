/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/mqtt_broker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/in/mqtt_link.h"

#define STRAY_SIZE 64

/* What mosquitto and others tell of themselves: the messages that they have thrown away. */
static const char dropped_topic[] = "$SYS/broker/publish/messages/dropped";

struct br_mqtt_broker {
    struct br_mqtt_broker_setup setup;
    struct br_config *config; /* held: that of the connection */
    const struct br_config_broker *made_of;
    struct br_certificate certificate;
    struct br_mqtt_link *link;
    br_series *connected, *dropped, *expiry;
    int64_t dropped_told; /* what was logged, or the first that was heard; -1: nothing yet */
    _Atomic int64_t dropped_heard;
    atomic_int stray; /* 0: none, 1: being written, 2: the topic is there, 3: told */
    char stray_topic[STRAY_SIZE + 1];
    void (*on_closed)(void *context);
    void *closed_context;
};

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

static void hear_dropped(struct br_mqtt_broker *broker, struct br_view text)
{
    int64_t count = parse_count(text);
    if (count < 0)
        return;
    *broker->dropped = count;
    atomic_store(&broker->dropped_heard, count);
    broker->setup.wake(broker->setup.context);
}

/* Keeps the first topic that no feed takes, for the loop to tell. */
static void hear_stray(struct br_mqtt_broker *broker, struct br_view topic)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&broker->stray, &none, 1))
        return;
    memcpy(broker->stray_topic, topic.data, topic.size < STRAY_SIZE ? topic.size : STRAY_SIZE);
    atomic_store(&broker->stray, 2);
    broker->setup.wake(broker->setup.context);
}

/* On Paho's thread, which every client waits for. */
static void on_message(void *context, const struct br_paho_message *message)
{
    struct br_mqtt_broker *broker = context;
    if (br_view_is(message->topic, dropped_topic))
        hear_dropped(broker, message->payload);
    else if (!broker->setup.on_message(broker->setup.context, broker->made_of->name, message))
        hear_stray(broker, message->topic);
}

static void tell_dropped(struct br_mqtt_broker *broker)
{
    int64_t count = atomic_load(&broker->dropped_heard);
    if (broker->dropped_told >= 0 && count > broker->dropped_told)
        br_log(broker->setup.log, BR_LOG_WARNING, "broker_dropped", "broker=%s messages=%lld",
               broker->made_of->name, (long long)(count - broker->dropped_told));
    broker->dropped_told = count; /* a lower one: the broker has started again */
}

/* A session that is kept over a change of the configuration may still have subscriptions of before. */
static void tell_stray(struct br_mqtt_broker *broker)
{
    char quoted[BR_LOG_QUOTE_SIZE];
    int written = 2;
    if (atomic_compare_exchange_strong(&broker->stray, &written, 3))
        br_log(broker->setup.log, BR_LOG_WARNING, "mqtt_stray", "broker=%s topic=%s why=\"no feed takes it\"",
               broker->made_of->name, br_log_quote(broker->stray_topic, quoted));
}

void br_mqtt_broker_tell(struct br_mqtt_broker *broker)
{
    if (atomic_load(&broker->dropped_heard) != broker->dropped_told)
        tell_dropped(broker);
    tell_stray(broker);
}

static void on_up(void *context)
{
    struct br_mqtt_broker *broker = context;
    *broker->connected = 1;
    broker->setup.on_change(broker->setup.context);
}

static void on_down(void *context)
{
    struct br_mqtt_broker *broker = context;
    *broker->connected = 0;
    broker->setup.on_change(broker->setup.context);
}

/* Adds a filter, or raises the quality of one that is there: a broker sends a message once for each
 * subscription. */
static void add_filter(struct br_mqtt_filter *filters, size_t *count, const char *filter, int qos)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(filters[i].filter, filter) == 0) {
            if (filters[i].qos < qos)
                filters[i].qos = qos;
            return;
        }
    }
    filters[(*count)++] = (struct br_mqtt_filter){filter, qos, false};
}

/* What its feeds want to hear; the caller frees it. NULL: out of memory. */
static struct br_mqtt_filter *filters_of(const struct br_config *config, size_t index, size_t *count)
{
    size_t room = 1;
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].broker == index)
            room += config->feeds[i].topics.count;
    struct br_mqtt_filter *filters = calloc(room, sizeof *filters);
    *count = 0;
    if (!filters)
        return NULL;
    for (size_t i = 0; i < config->feed_count; i++) {
        const struct br_config_feed *feed = &config->feeds[i];
        for (size_t j = 0; feed->broker == index && j < feed->topics.count; j++)
            add_filter(filters, count, feed->topics.at[j], feed->qos);
    }
    filters[(*count)++] = (struct br_mqtt_filter){dropped_topic, 0, true};
    return filters;
}

static const char *client_id_of(const struct br_config *config, const struct br_config_broker *broker)
{
    return broker->client_id ? broker->client_id : config->node;
}

const char *br_mqtt_broker_check(const struct br_config *config, size_t index)
{
    struct br_certificate certificate;
    int error = br_paho_check(&config->brokers[index]);
    if (error)
        return error == -EINVAL ? "the URL is none" : "a secret cannot be read";
    return br_paho_certificate(&config->brokers[index], &certificate);
}

bool br_mqtt_broker_named(const struct br_config *config, size_t index)
{
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].broker == index)
            return true;
    return false;
}

static void add_metrics(struct br_mqtt_broker *broker)
{
    struct br_metrics *metrics = broker->setup.metrics;
    const char *name = broker->made_of->name;
    char use[160];
    broker->connected = br_metric_of(br_metric_add(metrics, BR_GAUGE, "bruis_mqtt_connected",
                                                   "Whether the broker is connected: 1 or 0.", "broker", 1),
                                     name, NULL);
    broker->dropped =
        br_metric_of(br_metric_add(metrics, BR_COUNTER, "bruis_broker_dropped_total",
                                   "What the broker says that it has thrown away.", "broker", 1),
                     name, NULL);
    if (broker->certificate.expires_utc_ms == BR_CERTIFICATE_NEVER)
        return;
    snprintf(use, sizeof use, "broker:%.128s", name);
    broker->expiry =
        br_metric_of(br_metric_add(metrics, BR_GAUGE, "bruis_tls_certificate_expiry_timestamp_seconds",
                                   "When the certificate that is shown to the other side ends.", "use", 1000),
                     use, NULL);
    *broker->expiry = broker->certificate.expires_utc_ms;
}

static int open_link(struct br_mqtt_broker *broker)
{
    int error = -ENOMEM;
    size_t count;
    struct br_mqtt_filter *filters = filters_of(broker->config, broker->setup.index, &count);
    struct br_mqtt_link_setup setup = {
        .loop = broker->setup.loop,
        .log = broker->setup.log,
        .broker = broker->made_of,
        .client_id = client_id_of(broker->config, broker->made_of),
        .filters = filters,
        .filter_count = count,
        .on_up = on_up,
        .on_down = on_down,
        .on_message = on_message,
        .context = broker,
    };
    if (filters)
        broker->link = br_mqtt_link_open(&setup, &error);
    free(filters);
    return error;
}

static void free_broker(struct br_mqtt_broker *broker)
{
    br_config_close(broker->config);
    free(broker);
}

struct br_mqtt_broker *br_mqtt_broker_open(const struct br_mqtt_broker_setup *setup, int *error)
{
    struct br_mqtt_broker *broker = calloc(1, sizeof *broker);
    *error = -ENOMEM;
    if (!broker)
        return NULL;
    broker->setup = *setup;
    broker->dropped_told = -1;
    broker->dropped_heard = -1;
    broker->config = br_config_hold(setup->config);
    broker->made_of = &broker->config->brokers[setup->index];
    br_paho_certificate(broker->made_of, &broker->certificate); /* a fault of it is told by the attempt */
    add_metrics(broker);
    *error = open_link(broker);
    if (*error == 0)
        return broker;
    free_broker(broker);
    return NULL;
}

const char *br_mqtt_broker_name(const struct br_mqtt_broker *broker)
{
    return broker->made_of->name;
}

bool br_mqtt_broker_up(const struct br_mqtt_broker *broker)
{
    return br_mqtt_link_up(broker->link);
}

bool br_mqtt_broker_fits(const struct br_mqtt_broker *broker, const struct br_config *config, size_t index)
{
    const struct br_config_broker *a = broker->made_of, *b = &config->brokers[index];
    struct br_certificate certificate;
    return strcmp(a->name, b->name) == 0 &&
           strcmp(client_id_of(broker->config, a), client_id_of(config, b)) == 0 && br_paho_same(a, b) &&
           !br_paho_certificate(b, &certificate) &&
           memcmp(certificate.digest, broker->certificate.digest, sizeof certificate.digest) == 0;
}

bool br_mqtt_broker_change(struct br_mqtt_broker *broker, const struct br_config *config, size_t index)
{
    size_t count;
    struct br_mqtt_filter *filters = filters_of(config, index, &count);
    bool is_changed = filters && br_mqtt_link_change(broker->link, filters, count);
    free(filters);
    return is_changed;
}

static void on_link_closed(void *context)
{
    struct br_mqtt_broker *broker = context;
    void (*on_closed)(void *) = broker->on_closed;
    void *closed_context = broker->closed_context;
    *broker->connected = 0;
    free_broker(broker);
    on_closed(closed_context);
}

void br_mqtt_broker_close(struct br_mqtt_broker *broker, void (*on_closed)(void *context), void *context)
{
    broker->on_closed = on_closed;
    broker->closed_context = context;
    br_mqtt_link_close(broker->link, on_link_closed, broker);
}
