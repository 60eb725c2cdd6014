/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/mqtt_out_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT_MAX                                                                                        \
    500 /* Paho would take 1000: the rest is for what is queued in it when a connection is lost */
#define SEND_MAX 100    /* at one turn of the loop */
#define QUEUE_MAX 10000 /* records that wait */
#define DRAIN_MS 600    /* at the end: for what waits, ... */
#define GOODBYE_MS 400  /* ... and for `offline` */

static const struct br_config_broker *broker_of(const struct br_config *config)
{
    return &config->brokers[config->mqtt.broker];
}

static const char *name_of(const struct br_config *config)
{
    const char *client_id = broker_of(config)->client_id;
    return client_id ? client_id : config->node;
}

static void on_published(void *context, void *token, int code)
{
    struct br_mqtt_out *out = context;
    br_mqtt_outbox_answer(out->outbox, token, code);
    uv_async_send(&out->wake);
}

/* Messages, those that are still in the history as well: about, for some may have been overtaken. */
void show_pending(struct br_mqtt_out *out)
{
    uint64_t behind = out->behind ? br_history_last(out->setup.history) - out->position : 0;
    unsigned forms = (unsigned)out->config->json + (unsigned)out->config->pb;
    *out->pending = (int64_t)(br_mqtt_outbox_waiting(out->outbox) + br_mqtt_outbox_in_flight(out->outbox) +
                              behind * forms);
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

/* States that are deferred wait until no change is behind. */
void pump(struct br_mqtt_out *out)
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
        struct br_mqtt_item *item = br_mqtt_outbox_take(out->outbox, !out->behind);
        go_on = item && send_item(out, item);
    }
    show_pending(out);
}

void count_lost(br_series *series, unsigned count)
{
    if (count > 0)
        *series += count;
}

/* The will has been published by now, if there was a connection before: the status says again what holds. */
static void on_up(void *context)
{
    struct br_mqtt_out *out = context;
    if (out->state && out->stage == OPEN)
        put_status(out, out->state);
    catch_up(out);
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

void release(struct br_mqtt_out *out)
{
    if (--out->handles > 0)
        return;
    void (*on_closed)(void *) = out->on_closed;
    void *context = out->closed_context;
    free_out(out);
    on_closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(handle->data);
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
        struct br_mqtt_item *item = br_mqtt_outbox_take(out->outbox, false);
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
    uint64_t lost;
    unsigned refused = br_mqtt_outbox_settle(out->outbox, &lost);
    if (lost > 0)
        has_lost(out, lost);
    move_cursor(out);
    catch_up(out);
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
    fall_behind(out);
    out->settling = true;
    show_pending(out);
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
    out->position = br_history_cursor(setup->history, BR_HISTORY_MQTT);
    out->behind = true;
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
    out->handles = 2; /* wake and timer */
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
