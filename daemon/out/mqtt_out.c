/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/mqtt_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/clock.h"
#include "daemon/in/mqtt_link.h"
#include "daemon/out/mqtt_outbox.h"
#include "daemon/out/topic.h"
#include "proto/record.h"

#define IN_FLIGHT_MAX                                                                                        \
    500 /* Paho would take 1000: the rest is for what is queued in it when a connection is lost */
#define SEND_MAX 100    /* at one turn of the loop */
#define QUEUE_MAX 10000 /* revisions and records that wait */
#define EXPIRY_WINDOWS 3
#define DRAIN_MS 600   /* at the end: for what waits, ... */
#define GOODBYE_MS 400 /* ... and for `offline` */

enum stage { OPEN, DRAINING, LEAVING, CLOSING };

struct br_mqtt_out {
    struct br_mqtt_out_setup setup;
    struct br_config *held;
    const struct br_config_publish_mqtt *config;
    struct br_certificate certificate;
    char *client_id, *will;
    char status_topic[BR_TOPIC_SIZE];
    const char *state; /* of the status; NULL: not told yet */
    struct br_mqtt_link *link;
    struct br_mqtt_outbox *outbox;
    uv_async_t wake;
    uv_timer_t timer;
    br_series *pending, *expired, *refused, *invalid;
    enum stage stage;
    int handles; /* not closed yet */
    void (*on_closed)(void *context);
    void *closed_context;
};

/* The forms a message is published in. */
enum encoding { JSON, PB };

static const struct br_config_broker *broker_of(const struct br_config *config)
{
    return &config->brokers[config->mqtt.broker];
}

static const char *name_of(const struct br_config *config)
{
    const char *client_id = broker_of(config)->client_id;
    return client_id ? client_id : config->node;
}

static const char *const encoding_names[] = {"json", "pb"};
static const char json_type[] = "application/json";
static const char figure_type[] = "application/x-protobuf; messageType=bruis.v1.Figure";
static const char observation_type[] = "application/x-protobuf; messageType=bruis.v1.Observation";

static void on_published(void *context, void *token, int code)
{
    struct br_mqtt_out *out = context;
    br_mqtt_outbox_answer(out->outbox, token, code);
    uv_async_send(&out->wake);
}

static void show_pending(struct br_mqtt_out *out)
{
    *out->pending = (int64_t)(br_mqtt_outbox_waiting(out->outbox) + br_mqtt_outbox_in_flight(out->outbox));
}

/* False: there is no sense in trying the next one now. */
static bool send_item(struct br_mqtt_out *out, struct br_mqtt_item *item)
{
    const struct br_paho_publication *message = br_mqtt_item_message(item);
    int error = br_mqtt_link_publish(out->link, message, item);
    if (error == -EINVAL) {
        ++*out->invalid;
        br_log_often(out->setup.log, BR_LOG_WARNING, "mqtt_not_published", "mqtt", "invalid", message->topic,
                     (int64_t)uv_now(out->setup.loop));
        br_mqtt_outbox_discard(out->outbox, item);
    } else if (error) {
        br_mqtt_outbox_put_back(out->outbox, item);
    }
    return error == 0 || error == -EINVAL;
}

/* Sends as much as may be on its way at once. */
static void pump(struct br_mqtt_out *out)
{
    size_t in_flight_max = br_mqtt_link_in_flight_max(out->link);
    if (in_flight_max > IN_FLIGHT_MAX)
        in_flight_max = IN_FLIGHT_MAX;
    int sent = 0;
    bool go_on = true;
    while (go_on && br_mqtt_outbox_in_flight(out->outbox) < in_flight_max) {
        if (sent++ == SEND_MAX) {
            uv_async_send(&out->wake);
            break;
        }
        struct br_mqtt_item *item = br_mqtt_outbox_take(out->outbox);
        go_on = item && send_item(out, item);
    }
    show_pending(out);
}

static void count_lost(br_series *series, unsigned count)
{
    if (count > 0)
        *series += count;
}

/* {"state":...,"since":...,"version":...}; false: no memory. */
static bool print_status(const struct br_mqtt_out *out, const char *state, struct br_text *text)
{
    char since[BR_TIME_TEXT_SIZE];
    br_time_format(out->setup.since_utc_ms, since);
    br_text_format(text, "{\"state\":\"%s\",\"since\":\"%s\",\"version\":", state, since);
    br_text_json(text, out->setup.version, strlen(out->setup.version));
    br_text_add(text, "}", 1);
    return !text->failed;
}

static void put_status(struct br_mqtt_out *out, const char *state)
{
    struct br_text text = {0};
    struct br_paho_publication message = {
        .topic = out->status_topic,
        .qos = out->config->qos,
        .retained = true,
        .content_type = json_type,
        .is_text = true,
        .revision = -1,
    };
    if (print_status(out, state, &text)) {
        message.payload = text.data;
        message.size = text.size;
        count_lost(out->expired, br_mqtt_outbox_keep(out->outbox, &message));
    }
    free(text.data);
}

/* The will has been published by now, if there was a connection before: the status says again what holds. */
static void on_up(void *context)
{
    struct br_mqtt_out *out = context;
    if (out->state && out->stage == OPEN)
        put_status(out, out->state);
    pump(out);
}

static void free_out(struct br_mqtt_out *out)
{
    br_config_close(out->held);
    br_mqtt_outbox_close(out->outbox);
    free(out->client_id);
    free(out->will);
    free(out);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct br_mqtt_out *out = handle->data;
    if (--out->handles > 0)
        return;
    void (*on_closed)(void *) = out->on_closed;
    void *context = out->closed_context;
    free_out(out);
    on_closed(context);
}

static void on_link_closed(void *context)
{
    struct br_mqtt_out *out = context;
    uv_close((uv_handle_t *)&out->wake, on_handle_closed);
    uv_close((uv_handle_t *)&out->timer, on_handle_closed);
}

static void on_timer(uv_timer_t *timer);

/* The stages of leaving, each when the one before is done or its time is over. Without a connection the will
 * has spoken. */
static void leave(struct br_mqtt_out *out)
{
    bool up = br_mqtt_link_up(out->link);
    if (out->stage == DRAINING && up) {
        out->stage = LEAVING;
        br_mqtt_outbox_drop(out->outbox);
        put_status(out, "offline");
        struct br_mqtt_item *item = br_mqtt_outbox_take(out->outbox);
        if (item)
            send_item(out, item);
        uv_timer_start(&out->timer, on_timer, GOODBYE_MS, 0);
    } else if (out->stage != CLOSING) {
        out->stage = CLOSING;
        uv_timer_stop(&out->timer);
        br_mqtt_link_close(out->link, on_link_closed, out);
    }
    show_pending(out);
}

static void on_timer(uv_timer_t *timer)
{
    leave(timer->data);
}

static void on_wake(uv_async_t *async)
{
    struct br_mqtt_out *out = async->data;
    unsigned refused = br_mqtt_outbox_settle(out->outbox);
    if (refused > 0) {
        *out->refused += refused;
        br_log_often(out->setup.log, BR_LOG_ERR, "mqtt_not_published", "mqtt", "refused", "by the broker",
                     (int64_t)uv_now(out->setup.loop));
    }
    if (out->stage <= DRAINING)
        pump(out);
    show_pending(out);
    bool on_its_way = br_mqtt_outbox_in_flight(out->outbox) > 0;
    if (out->stage == DRAINING && !on_its_way && br_mqtt_outbox_waiting(out->outbox) == 0)
        leave(out);
    else if (out->stage == LEAVING && !on_its_way)
        leave(out);
}

static void on_down(void *context)
{
    struct br_mqtt_out *out = context;
    if (out->stage != OPEN)
        leave(out);
}

static int open_link(struct br_mqtt_out *out)
{
    const char *name = name_of(out->held);
    size_t size = strlen(name) + sizeof "-out";
    struct br_text will = {0};
    out->client_id = malloc(size);
    if (!out->client_id || !print_status(out, "offline", &will)) {
        free(will.data);
        return -ENOMEM;
    }
    snprintf(out->client_id, size, "%s-out", name);
    out->will = will.data;
    struct br_mqtt_link_setup setup = {
        .loop = out->setup.loop,
        .log = out->setup.log,
        .broker = broker_of(out->held),
        .client_id = out->client_id,
        .clean = true,
        .will_topic = out->status_topic,
        .will_payload = out->will,
        .on_up = on_up,
        .on_down = on_down,
        .on_published = on_published,
        .context = out,
    };
    int error;
    out->link = br_mqtt_link_open(&setup, &error);
    return out->link ? 0 : error;
}

static void add_metrics(struct br_mqtt_out *out)
{
    struct br_metric *pending = br_metric_add(out->setup.metrics, BR_GAUGE, "bruis_output_pending",
                                              "What an output has not delivered yet.", "output", 1);
    struct br_metric *errors =
        br_metric_add(out->setup.metrics, BR_COUNTER, "bruis_output_errors_total",
                      "What an output could not deliver, by class.", "output class", 1);
    out->pending = br_metric_of(pending, "mqtt", NULL);
    out->expired = br_metric_of(errors, "mqtt", "expired");
    out->refused = br_metric_of(errors, "mqtt", "refused");
    out->invalid = br_metric_of(errors, "mqtt", "invalid");
}

static void on_open_failed(uv_handle_t *handle)
{
    free_out(handle->data);
}

/* All that can be wrong with the configuration is seen before there is a handle on the loop. */
static int prepare(struct br_mqtt_out *out)
{
    const struct br_config *config = out->held;
    int error = br_paho_check(broker_of(config));
    if (error)
        return error;
    br_paho_certificate(broker_of(config), &out->certificate); /* a fault of it is told by the attempt */
    if (!br_topic_of_status(out->status_topic, config->mqtt.prefix, config->node))
        return -EINVAL;
    out->outbox = br_mqtt_outbox_open(QUEUE_MAX);
    if (!out->outbox)
        return -ENOMEM;
    add_metrics(out);
    return uv_async_init(out->setup.loop, &out->wake, on_wake);
}

struct br_mqtt_out *br_mqtt_out_open(const struct br_mqtt_out_setup *setup, int *error)
{
    struct br_mqtt_out *out = calloc(1, sizeof *out);
    *error = -ENOMEM;
    if (!out)
        return NULL;
    out->setup = *setup;
    out->held = br_config_hold(setup->config);
    out->config = &out->held->mqtt;
    *error = prepare(out);
    if (*error) {
        free_out(out);
        return NULL;
    }
    out->wake.data = out->timer.data = out;
    *error = open_link(out);
    if (*error) {
        uv_close((uv_handle_t *)&out->wake, on_open_failed);
        return NULL;
    }
    uv_timer_init(setup->loop, &out->timer);
    out->handles = 2;
    return out;
}

bool br_mqtt_out_fits(const struct br_mqtt_out *out, const struct br_config *config)
{
    const struct br_config_publish_mqtt *a = out->config, *b = &config->mqtt;
    struct br_certificate certificate;
    return b->enabled && strcmp(a->prefix, b->prefix) == 0 && a->json == b->json && a->pb == b->pb &&
           a->qos == b->qos && a->observations == b->observations &&
           strcmp(name_of(out->held), name_of(config)) == 0 &&
           br_paho_same(broker_of(out->held), broker_of(config)) &&
           !br_paho_certificate(broker_of(config), &certificate) &&
           memcmp(certificate.digest, out->certificate.digest, sizeof certificate.digest) == 0;
}

/* Hands a message to the outbox and on to the broker. A retained one is the state of its topic. */
static void publish(struct br_mqtt_out *out, const struct br_paho_publication *message)
{
    unsigned lost = message->retained ? br_mqtt_outbox_keep(out->outbox, message)
                                      : br_mqtt_outbox_queue(out->outbox, message);
    count_lost(out->expired, lost);
    pump(out);
}

static bool is_on(const struct br_mqtt_out *out, enum encoding encoding)
{
    return out->stage == OPEN && (encoding == JSON ? out->config->json : out->config->pb);
}

/* A record in one of its forms; false: no memory. */
static bool print_record(const ProtobufCMessage *record, enum encoding encoding, struct br_text *text)
{
    if (encoding == PB) {
        size_t size = protobuf_c_message_get_packed_size(record);
        text->data = malloc(size ? size : 1);
        if (text->data)
            text->size = protobuf_c_message_pack(record, (uint8_t *)text->data);
    } else if (record->descriptor == &bruis__v1__figure__descriptor) {
        br_record_figure(text, (const Bruis__V1__Figure *)record);
    } else {
        br_record_observation(text, (const Bruis__V1__Observation *)record);
    }
    return text->data && !text->failed;
}

/* particular: what the message is beside its body, form and quality of service. */
static void publish_record(struct br_mqtt_out *out, const ProtobufCMessage *record, enum encoding encoding,
                           const struct br_paho_publication *particular)
{
    struct br_text text = {0};
    struct br_paho_publication message = *particular;
    if (print_record(record, encoding, &text)) {
        message.payload = text.data;
        message.size = text.size;
        message.qos = out->config->qos;
        message.is_text = encoding == JSON;
        publish(out, &message);
    } else {
        count_lost(out->expired, 1);
    }
    free(text.data);
}

static uint32_t expiry_s(const Bruis__V1__Figure *figure)
{
    int64_t length_ms = figure->end - figure->start;
    return length_ms > 0 ? (uint32_t)(EXPIRY_WINDOWS * length_ms / 1000) : 0;
}

void br_mqtt_out_figure(struct br_mqtt_out *out, const Bruis__V1__Figure *figure, bool newest)
{
    for (enum encoding encoding = JSON; encoding <= PB; encoding++) {
        char topic[BR_TOPIC_SIZE];
        if (!is_on(out, encoding))
            continue;
        if (!br_topic_of_figure(topic, out->config->prefix, encoding_names[encoding],
                                br_domain_word(figure->domain), figure->region_type, figure->region,
                                figure->window)) {
            count_lost(out->invalid, 1);
            continue;
        }
        struct br_paho_publication particular = {
            .topic = topic,
            .retained = newest,
            .content_type = encoding == JSON ? json_type : figure_type,
            .schema = "bruis.v1.Figure",
            .expiry_s = expiry_s(figure),
            .revision = figure->revision,
        };
        /* a new window does not replace one that still waits, as long as somebody listens */
        if (newest && figure->revision == 0 && strcmp(figure->window, "live") != 0 &&
            br_mqtt_out_connected(out))
            count_lost(out->expired, br_mqtt_outbox_pass(out->outbox, topic));
        publish_record(out, &figure->base, encoding, &particular);
    }
}

void br_mqtt_out_observation(struct br_mqtt_out *out, const Bruis__V1__Observation *observation)
{
    if (!out->config->observations)
        return;
    for (enum encoding encoding = JSON; encoding <= PB; encoding++) {
        char topic[BR_TOPIC_SIZE];
        if (!is_on(out, encoding))
            continue;
        if (!br_topic_of_observation(topic, out->config->prefix, encoding_names[encoding],
                                     br_domain_word(observation->domain), observation->feed,
                                     observation->sensor)) {
            count_lost(out->invalid, 1);
            continue;
        }
        struct br_paho_publication particular = {
            .topic = topic,
            .content_type = encoding == JSON ? json_type : observation_type,
            .schema = "bruis.v1.Observation",
            .revision = -1,
        };
        publish_record(out, &observation->base, encoding, &particular);
    }
}

void br_mqtt_out_clear(struct br_mqtt_out *out, Bruis__V1__Domain domain, const char *region_type,
                       const char *region, const char *window)
{
    for (enum encoding encoding = JSON; encoding <= PB; encoding++) {
        char topic[BR_TOPIC_SIZE];
        if (!is_on(out, encoding) || !br_topic_of_figure(topic, out->config->prefix, encoding_names[encoding],
                                                         br_domain_word(domain), region_type, region, window))
            continue;
        struct br_paho_publication message = {
            .topic = topic, .qos = out->config->qos, .retained = true, .revision = -1};
        publish(out, &message);
    }
}

void br_mqtt_out_status(struct br_mqtt_out *out, const char *state)
{
    const char *known = strcmp(state, "degraded") == 0 ? "degraded" : "online";
    if (out->stage != OPEN || (out->state && strcmp(out->state, known) == 0))
        return;
    out->state = known;
    put_status(out, known);
    pump(out);
}

bool br_mqtt_out_connected(const struct br_mqtt_out *out)
{
    return br_mqtt_link_up(out->link);
}

void br_mqtt_out_close(struct br_mqtt_out *out, void (*on_closed)(void *context), void *context)
{
    out->on_closed = on_closed;
    out->closed_context = context;
    out->stage = DRAINING;
    if (br_mqtt_link_up(out->link)) {
        uv_timer_start(&out->timer, on_timer, DRAIN_MS, 0);
        uv_async_send(&out->wake);
    } else {
        leave(out);
    }
}
