/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/paho.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTAsync.h>

#include "daemon/in/paho_connect.h"

struct br_paho {
    MQTTAsync handle;
    struct br_paho_setup setup;
    bool is_v5, is_tls;
    char tls_error[BR_PAHO_WHY_SIZE]; /* of this attempt; only touched under Paho's mutex */
};

/* The reason in a line of OpenSSL: THREAD:error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:DATA */
static int on_tls_error(const char *line, size_t size, void *context)
{
    struct br_paho *paho = context;
    const char *end = line + size;
    for (int field = 0; field < 5; field++) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (!colon)
            return 1;
        line = colon + 1;
    }
    const char *colon = memchr(line, ':', (size_t)(end - line));
    int reason_size = (int)((colon ? colon : end) - line);
    snprintf(paho->tls_error, sizeof paho->tls_error, "TLS: %.*s", reason_size, line);
    return 1;
}

/* What a CONNACK of 3.1.1 says (section 3.2.2.3); NULL: nothing that is known. */
static const char *refusal(int code)
{
    switch (code) {
    case 1:
        return "unacceptable protocol version";
    case 2:
        return "client id refused";
    case 3:
        return "broker unavailable";
    case 4:
        return "bad user name or password";
    case 5:
        return "not authorized";
    default:
        return NULL;
    }
}

static void fail(struct br_paho *paho, int code, const char *message)
{
    const char *text = NULL;
    if (paho->tls_error[0])
        text = paho->tls_error;
    else if (code > 0)
        text = paho->is_v5 ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : refusal(code);
    if (!text && code <= 0 && paho->is_tls) /* Paho does not tell these two apart */
        text = "no connection, or a certificate for another host";
    if (!text)
        text = message ? message : "connection failed";
    char why[BR_PAHO_WHY_SIZE];
    if (code > 0)
        snprintf(why, sizeof why, "%.100s (%d)", text, code);
    else
        snprintf(why, sizeof why, "%s", text);
    paho->setup.calls.on_failure(paho->setup.calls.context, why);
}

static void on_connect(void *context, MQTTAsync_successData *data)
{
    struct br_paho *paho = context;
    bool session_present = data && data->alt.connect.sessionPresent;
    paho->setup.calls.on_connect(paho->setup.calls.context, session_present, BR_PAHO_IN_FLIGHT_MAX);
}

static void on_connect5(void *context, MQTTAsync_successData5 *data)
{
    struct br_paho *paho = context;
    bool session_present = data && data->alt.connect.sessionPresent;
    int maximum = BR_PAHO_IN_FLIGHT_MAX;
    if (data && MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
        maximum = MQTTProperties_getNumericValue(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
    if (maximum < 1 || maximum > BR_PAHO_IN_FLIGHT_MAX)
        maximum = BR_PAHO_IN_FLIGHT_MAX;
    paho->setup.calls.on_connect(paho->setup.calls.context, session_present, (size_t)maximum);
}

static void on_failure(void *context, MQTTAsync_failureData *data)
{
    fail(context, data ? data->code : 0, data ? data->message : NULL);
}

static void on_failure5(void *context, MQTTAsync_failureData5 *data)
{
    fail(context, data ? data->code : 0, data ? data->message : NULL);
}

static void on_lost(void *context, char *cause)
{
    (void)cause; /* Paho never gives one */
    struct br_paho *paho = context;
    paho->setup.calls.on_lost(paho->setup.calls.context);
}

static void on_reason(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    struct br_paho *paho = context;
    paho->setup.calls.on_reason(paho->setup.calls.context, (int)reason);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct br_paho *paho = context;
    if (paho->setup.calls.on_message) {
        struct br_paho_message arrived = {
            .topic = {topic, topic_size > 0 ? (size_t)topic_size : strlen(topic)},
            .payload = {message->payload, (size_t)message->payloadlen},
            .retained = message->retained != 0,
            .dup = message->dup != 0,
        };
        paho->setup.calls.on_message(paho->setup.calls.context, &arrived);
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static int create(struct br_paho *paho, const struct br_paho_url *url)
{
    const char *scheme = url->tls ? "ssl" : "tcp";
    bool is_ipv6 = strchr(url->host, ':') != NULL;
    char address[BR_PAHO_HOST_SIZE + 32];
    snprintf(address, sizeof address, is_ipv6 ? "%s://[%s]:%u" : "%s://%s:%u", scheme, url->host,
             (unsigned)url->port);
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = paho->is_v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    options.maxBufferedMessages = 2 * BR_PAHO_IN_FLIGHT_MAX;
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    int status = MQTTAsync_createWithOptions(&paho->handle, address, paho->setup.client_id,
                                             MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (status != MQTTASYNC_SUCCESS)
        return status == MQTTASYNC_BAD_UTF8_STRING ? -EINVAL : -ENOMEM;
    MQTTAsync_setCallbacks(paho->handle, paho, on_lost, on_message, NULL);
    MQTTAsync_setDisconnected(paho->handle, paho, on_reason);
    return 0;
}

struct br_paho *br_paho_open(const struct br_paho_setup *setup, int *error)
{
    struct br_paho_url url;
    *error = br_paho_check(setup->broker);
    if (*error != 0 || (*error = br_paho_url_parse(setup->broker->url, &url)) != 0)
        return NULL;
    struct br_paho *paho = calloc(1, sizeof *paho);
    if (!paho) {
        *error = -ENOMEM;
        return NULL;
    }
    paho->setup = *setup;
    paho->is_v5 = setup->broker->protocol == 5;
    paho->is_tls = url.tls;
    *error = create(paho, &url);
    if (*error != 0) {
        free(paho);
        return NULL;
    }
    return paho;
}

static void set_callbacks(struct br_paho *paho, struct br_paho_attempt *attempt)
{
    attempt->options.context = paho;
    if (paho->is_v5) {
        attempt->options.onSuccess5 = on_connect5;
        attempt->options.onFailure5 = on_failure5;
    } else {
        attempt->options.onSuccess = on_connect;
        attempt->options.onFailure = on_failure;
    }
    attempt->tls.ssl_error_cb = on_tls_error;
    attempt->tls.ssl_error_context = paho;
}

int br_paho_connect(struct br_paho *paho)
{
    struct br_paho_attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        return -ENOMEM;
    paho->tls_error[0] = '\0';
    int error = br_paho_attempt_fill(attempt, &paho->setup, paho->is_tls);
    set_callbacks(paho, attempt);
    if (error == 0 && MQTTAsync_connect(paho->handle, &attempt->options) != MQTTASYNC_SUCCESS)
        error = -EAGAIN;
    br_paho_attempt_clear(attempt);
    free(attempt);
    return error;
}

bool br_paho_connected(const struct br_paho *paho)
{
    return MQTTAsync_isConnected(paho->handle);
}

/* What travels with a subscription until it is answered: Paho keeps one that it could not send for the next
 * connection, and in 3.1.1 it does not tell how many codes it gives. */
struct asked {
    struct br_paho *paho;
    size_t count;
};

static void answer_asked(struct asked *asked, const int *codes, size_t count)
{
    const struct br_paho_calls *calls = &asked->paho->setup.calls;
    if (codes && count > 0)
        calls->on_subscribed(calls->context, codes, count);
    free(asked);
}

static void on_granted(void *context, MQTTAsync_successData *data)
{
    struct asked *asked = context;
    answer_asked(asked, asked->count == 1 ? &data->alt.qos : data->alt.qosList, asked->count);
}

static void on_granted5(void *context, MQTTAsync_successData5 *data)
{
    struct asked *asked = context;
    int first = (int)data->reasonCode;
    size_t count = (size_t)data->alt.sub.reasonCodeCount;
    if (count <= 1) {
        answer_asked(asked, &first, 1);
        return;
    }
    int *codes = calloc(count, sizeof *codes);
    for (size_t i = 0; codes && i < count; i++)
        codes[i] = (int)data->alt.sub.reasonCodes[i];
    answer_asked(asked, codes, count);
    free(codes);
}

/* Without a code of the broker the connection went: on_lost tells. */
static void on_refused(void *context, MQTTAsync_failureData *data)
{
    bool is_told = data && data->code >= MQTT_BAD_SUBSCRIBE;
    answer_asked(context, is_told ? &data->code : NULL, 1);
}

static void on_refused5(void *context, MQTTAsync_failureData5 *data)
{
    int code = data ? (int)data->reasonCode : 0;
    answer_asked(context, code >= MQTT_BAD_SUBSCRIBE ? &code : NULL, 1);
}

static int status_error(int status)
{
    switch (status) {
    case MQTTASYNC_SUCCESS:
        return 0;
    case MQTTASYNC_DISCONNECTED:
        return -ENOTCONN;
    case MQTTASYNC_MAX_BUFFERED_MESSAGES:
    case MQTTASYNC_MAX_MESSAGES_INFLIGHT:
    case MQTTASYNC_NO_MORE_MSGIDS:
        return -EAGAIN;
    default:
        return -EINVAL;
    }
}

int br_paho_subscribe(struct br_paho *paho, const char *const *filters, const int *qos, size_t count)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    struct asked *asked = malloc(sizeof *asked);
    MQTTSubscribe_options *each = calloc(count, sizeof *each);
    int error = -ENOMEM;
    if (asked && each) {
        *asked = (struct asked){paho, count};
        options.context = asked;
        if (paho->is_v5) {
            for (size_t i = 0; i < count; i++)
                each[i] = (MQTTSubscribe_options)MQTTSubscribe_options_initializer;
            options.subscribeOptionsList = each;
            options.subscribeOptionsCount = (int)count;
            options.onSuccess5 = on_granted5;
            options.onFailure5 = on_refused5;
        } else {
            options.onSuccess = on_granted;
            options.onFailure = on_refused;
        }
        error = status_error(MQTTAsync_subscribeMany(paho->handle, (int)count,
                                                     (char *const *)(uintptr_t)filters, qos, &options));
    }
    free(each);
    if (error)
        free(asked);
    return error;
}

void br_paho_unsubscribe(struct br_paho *paho, const char *filter)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    MQTTAsync_unsubscribe(paho->handle, filter, &options);
}

/* What travels with a publication until it is answered. */
struct sent {
    struct br_paho *paho;
    void *token;
};

static void answer_sent(struct sent *sent, int code)
{
    const struct br_paho_calls *calls = &sent->paho->setup.calls;
    calls->on_published(calls->context, sent->token, code);
    free(sent);
}

static void on_sent(void *context, MQTTAsync_successData *data)
{
    (void)data;
    answer_sent(context, 0);
}

static void on_sent5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    answer_sent(context, 0);
}

static void on_unsent(void *context, MQTTAsync_failureData *data)
{
    (void)data; /* in 3.1.1 the broker cannot refuse a message */
    answer_sent(context, -1);
}

static void on_unsent5(void *context, MQTTAsync_failureData5 *data)
{
    int code = data ? (int)data->reasonCode : 0;
    answer_sent(context, code >= MQTTREASONCODE_UNSPECIFIED_ERROR ? code : -1);
}

int br_paho_publish(struct br_paho *paho, const struct br_paho_publication *publication, void *token)
{
    if (publication->size > INT_MAX)
        return -EINVAL;
    struct sent *sent = malloc(sizeof *sent);
    if (!sent)
        return -EAGAIN;
    *sent = (struct sent){paho, token};
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)(uintptr_t)publication->payload;
    message.payloadlen = (int)publication->size;
    message.qos = publication->qos;
    message.retained = publication->retained;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.context = sent;
    if (paho->is_v5) {
        options.onSuccess5 = on_sent5;
        options.onFailure5 = on_unsent5;
        br_paho_set_properties(&message.properties, publication);
    } else {
        options.onSuccess = on_sent;
        options.onFailure = on_unsent;
    }
    int error = status_error(MQTTAsync_sendMessage(paho->handle, publication->topic, &message, &options));
    MQTTProperties_free(&message.properties);
    if (error)
        free(sent);
    return error;
}

static void on_disconnected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    struct br_paho *paho = context;
    paho->setup.calls.on_disconnected(paho->setup.calls.context);
}

static void on_disconnected5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    struct br_paho *paho = context;
    paho->setup.calls.on_disconnected(paho->setup.calls.context);
}

int br_paho_disconnect(struct br_paho *paho)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    options.context = paho;
    if (paho->is_v5) {
        options.struct_version = 1;
        options.onSuccess5 = on_disconnected5;
    } else {
        options.onSuccess = on_disconnected;
    }
    return MQTTAsync_disconnect(paho->handle, &options) == MQTTASYNC_SUCCESS ? 0 : -ENOTCONN;
}

void br_paho_close(struct br_paho *paho)
{
    if (!paho)
        return;
    MQTTAsync_destroy(&paho->handle);
    free(paho);
}

const char *br_paho_version(void)
{
    for (MQTTAsync_nameValue *info = MQTTAsync_getVersionInfo(); info && info->name; info++)
        if (strcmp(info->name, "Version") == 0)
            return info->value;
    return "";
}
