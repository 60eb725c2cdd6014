/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* From records to messages. */
#include "daemon/out/mqtt_out_state.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/clock.h"

#define EXPIRY_WINDOWS 3
#define CHANGES_MAX 10000 /* messages that wait: past it they are read again */

/* The forms a message is published in. */
enum encoding { JSON, PB };

static const char *const encoding_names[] = {"json", "pb"};
static const char json_type[] = "application/json";
static const char figure_type[] = "application/x-protobuf; messageType=bruis.v1.Figure";
static const char observation_type[] = "application/x-protobuf; messageType=bruis.v1.Observation";

/* {"state":...,"since":...,"version":...} */
bool print_status(const struct br_mqtt_out *out, const char *state, struct br_text *text)
{
    char since[BR_TIME_TEXT_SIZE];
    br_time_format(out->setup.since_utc_ms, since);
    br_text_format(text, "{\"state\":\"%s\",\"since\":\"%s\",\"version\":", state, since);
    br_text_json(text, out->setup.version, strlen(out->setup.version));
    br_text_add(text, "}", 1);
    return !text->failed;
}

void put_status(struct br_mqtt_out *out, const char *state)
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

static uint32_t expiry_s(const Bruis__V1__Figure *figure)
{
    int64_t length_ms = figure->end - figure->start;
    return length_ms > 0 ? (uint32_t)(EXPIRY_WINDOWS * length_ms / 1000) : 0;
}

/* False: no memory. */
static bool hand_over(struct br_mqtt_out *out, const struct br_paho_publication *message, enum publishing how,
                      uint64_t change)
{
    if (how == AS_CHANGE)
        return br_mqtt_outbox_change(out->outbox, message, change);
    unsigned lost = how == AS_STATE ? br_mqtt_outbox_keep(out->outbox, message)
                                    : br_mqtt_outbox_defer(out->outbox, message, change);
    count_lost(out->expired, lost);
    return lost == 0;
}

static bool publish_encoded(struct br_mqtt_out *out, const Bruis__V1__Figure *figure, enum encoding encoding,
                            enum publishing how, uint64_t change, bool newest)
{
    char topic[BR_TOPIC_SIZE];
    struct br_text text = {0};
    if (!br_topic_of_figure(topic, out->config->prefix, encoding_names[encoding],
                            br_domain_word(figure->domain), figure->region_type, figure->region,
                            figure->window)) {
        count_lost(out->invalid, 1);
        return true;
    }
    bool is_printed = print_record(&figure->base, encoding, &text);
    struct br_paho_publication message = {
        .topic = topic,
        .payload = text.data,
        .size = text.size,
        .qos = out->config->qos,
        .retained = newest,
        .content_type = encoding == JSON ? json_type : figure_type,
        .is_text = encoding == JSON,
        .schema = "bruis.v1.Figure",
        .expiry_s = expiry_s(figure),
        .revision = figure->revision,
    };
    is_printed = is_printed && hand_over(out, &message, how, change);
    free(text.data);
    return is_printed;
}

bool publish_figure(struct br_mqtt_out *out, const Bruis__V1__Figure *figure, enum publishing how,
                    uint64_t change, bool newest)
{
    for (enum encoding encoding = JSON; encoding <= PB; encoding++)
        if (is_on(out, encoding) && !publish_encoded(out, figure, encoding, how, change, newest))
            return false;
    return true;
}

/* While it is behind, figures come from the history, after those that were before them. */
void br_mqtt_out_figure(struct br_mqtt_out *out, const Bruis__V1__Figure *figure, uint64_t change,
                        bool newest)
{
    if (out->stage != OPEN)
        return;
    if (change == 0) {
        publish_figure(out, figure, AS_STATE, 0, newest);
    } else if (!out->behind) {
        if (publish_figure(out, figure, AS_CHANGE, change, newest))
            out->position = change;
        else
            has_lost(out, change);
        if (br_mqtt_outbox_changes(out->outbox) > CHANGES_MAX)
            fall_behind(out);
    }
    pump(out);
}

void br_mqtt_out_repeat(struct br_mqtt_out *out, const Bruis__V1__Figure *figure)
{
    publish_figure(out, figure, DEFERRED, br_history_last(out->setup.history), true);
    pump(out);
}

static void publish_observation(struct br_mqtt_out *out, const Bruis__V1__Observation *observation,
                                enum encoding encoding, const char *topic)
{
    struct br_text text = {0};
    bool is_printed = print_record(&observation->base, encoding, &text);
    struct br_paho_publication message = {
        .topic = topic,
        .payload = text.data,
        .size = text.size,
        .qos = out->config->qos,
        .content_type = encoding == JSON ? json_type : observation_type,
        .is_text = encoding == JSON,
        .schema = "bruis.v1.Observation",
        .revision = -1,
    };
    count_lost(out->expired, is_printed ? br_mqtt_outbox_queue(out->outbox, &message) : 1);
    free(text.data);
}

void br_mqtt_out_observation(struct br_mqtt_out *out, const Bruis__V1__Observation *observation)
{
    if (!out->config->observations)
        return;
    for (enum encoding encoding = JSON; encoding <= PB; encoding++) {
        char topic[BR_TOPIC_SIZE];
        if (!is_on(out, encoding))
            continue;
        if (br_topic_of_observation(topic, out->config->prefix, encoding_names[encoding],
                                    br_domain_word(observation->domain), observation->feed,
                                    observation->sensor))
            publish_observation(out, observation, encoding, topic);
        else
            count_lost(out->invalid, 1);
    }
    pump(out);
}

/* Behind all changes so far, which may hold figures of this topic. */
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
        hand_over(out, &message, DEFERRED, br_history_last(out->setup.history));
    }
    pump(out);
}
