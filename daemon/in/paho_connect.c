/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/paho_connect.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_S 10

/* Paho lowers OpenSSL's security level to 1; level 2 refuses weak keys and everything below TLS 1.2. */
#define CIPHERS "DEFAULT:@SECLEVEL=2"

static int parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9' || at - text > 4)
            return -EINVAL;
        value = value * 10 + (unsigned long)(*at - '0');
    }
    if (value == 0 || value > UINT16_MAX)
        return -EINVAL;
    *port = (uint16_t)value;
    return 0;
}

int br_paho_url_parse(const char *text, struct br_paho_url *url)
{
    if (!text)
        return -EINVAL;
    url->tls = strncmp(text, "mqtts://", 8) == 0;
    if (!url->tls && strncmp(text, "mqtt://", 7) != 0)
        return -EINVAL;
    const char *host = text + (url->tls ? 8 : 7);
    const char *end = host + strcspn(host, ":");
    if (*host == '[') {
        host++;
        end = strchr(host, ']');
        if (!end)
            return -EINVAL;
    }
    size_t size = (size_t)(end - host);
    if (size == 0 || size >= sizeof url->host || strcspn(host, "/@?# \t") < size)
        return -EINVAL;
    memcpy(url->host, host, size);
    url->host[size] = '\0';
    end += *end == ']';
    url->port = url->tls ? 8883 : 1883;
    if (*end == '\0')
        return 0;
    return *end == ':' ? parse_port(end + 1, &url->port) : -EINVAL;
}

static int check_secret(const struct br_config_secret *secret)
{
    if (!secret->credential && !secret->file)
        return 0;
    size_t size;
    errno = 0;
    char *text = br_config_secret_read(secret, &size);
    if (!text)
        return errno ? -errno : -EIO;
    explicit_bzero(text, size);
    free(text);
    return 0;
}

int br_paho_check(const struct br_config_broker *broker)
{
    struct br_paho_url url;
    int error = br_paho_url_parse(broker->url, &url);
    if (error == 0)
        error = check_secret(&broker->password);
    if (error == 0)
        error = check_secret(&broker->cert);
    if (error == 0)
        error = check_secret(&broker->key);
    return error;
}

bool br_paho_same(const struct br_config_broker *a, const struct br_config_broker *b)
{
    return br_config_same(a->url, b->url) && a->protocol == b->protocol &&
           br_config_same(a->username, b->username) && a->keepalive_ms == b->keepalive_ms &&
           a->session_expiry_ms == b->session_expiry_ms &&
           br_config_same_secret(&a->password, &b->password) && br_config_same_secret(&a->cert, &b->cert) &&
           br_config_same_secret(&a->key, &b->key) && br_config_same(a->ca_file, b->ca_file);
}

const char *br_paho_certificate(const struct br_config_broker *broker, struct br_certificate *certificate)
{
    char cert[PATH_MAX], key[PATH_MAX];
    struct br_certificate_files files = {.ca = broker->ca_file};
    if (br_config_secret_path(&broker->cert, cert, sizeof cert) == 0)
        files.cert = cert;
    if (br_config_secret_path(&broker->key, key, sizeof key) == 0)
        files.key = key;
    return br_certificate_read(&files, certificate);
}

static void add_number(MQTTProperties *properties, enum MQTTPropertyCodes code, uint32_t value)
{
    MQTTProperty property = {.identifier = code};
    if (code == MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR)
        property.value.byte = (unsigned char)value;
    else
        property.value.integer4 = value;
    MQTTProperties_add(properties, &property);
}

static MQTTLenString len_string(const char *text)
{
    return (MQTTLenString){(int)strlen(text), (char *)(uintptr_t)text};
}

static void add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, const char *text)
{
    MQTTProperty property = {.identifier = code};
    property.value.data = len_string(text);
    MQTTProperties_add(properties, &property);
}

static void add_user(MQTTProperties *properties, const char *name, const char *value)
{
    MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
    property.value.data = len_string(name);
    property.value.value = len_string(value);
    MQTTProperties_add(properties, &property);
}

void br_paho_set_properties(MQTTProperties *properties, const struct br_paho_publication *publication)
{
    if (publication->content_type) {
        add_number(properties, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, publication->is_text);
        add_text(properties, MQTTPROPERTY_CODE_CONTENT_TYPE, publication->content_type);
    }
    if (publication->expiry_s)
        add_number(properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, publication->expiry_s);
    if (publication->schema)
        add_user(properties, "schema", publication->schema);
    if (publication->revision >= 0) {
        char revision[24];
        snprintf(revision, sizeof revision, "%" PRId64, publication->revision);
        add_user(properties, "revision", revision);
    }
}

static bool is_v5(const struct br_paho_setup *setup)
{
    return setup->broker->protocol == 5;
}

static int set_login(const struct br_paho_setup *setup, struct br_paho_attempt *attempt)
{
    const struct br_config_broker *broker = setup->broker;
    attempt->options.username = broker->username;
    if (!broker->password.credential && !broker->password.file)
        return 0;
    errno = 0;
    attempt->password = br_config_secret_read(&broker->password, &attempt->password_size);
    if (!attempt->password)
        return errno ? -errno : -EIO;
    attempt->options.binarypwd.data = attempt->password;
    attempt->options.binarypwd.len = (int)attempt->password_size;
    return 0;
}

static void set_tls(const struct br_paho_setup *setup, struct br_paho_attempt *attempt)
{
    const struct br_config_broker *broker = setup->broker;
    attempt->tls = (MQTTAsync_SSLOptions)MQTTAsync_SSLOptions_initializer;
    attempt->tls.trustStore = broker->ca_file;
    if (br_config_secret_path(&broker->cert, attempt->cert, sizeof attempt->cert) == 0)
        attempt->tls.keyStore = attempt->cert;
    if (br_config_secret_path(&broker->key, attempt->key, sizeof attempt->key) == 0)
        attempt->tls.privateKey = attempt->key;
    attempt->tls.enableServerCertAuth = 1;
    attempt->tls.verify = 1;
    attempt->tls.enabledCipherSuites = CIPHERS;
    attempt->options.ssl = &attempt->tls;
}

static void set_will(const struct br_paho_setup *setup, struct br_paho_attempt *attempt)
{
    attempt->will = (MQTTAsync_willOptions)MQTTAsync_willOptions_initializer;
    attempt->will.topicName = setup->will_topic;
    attempt->will.message = setup->will_payload;
    attempt->will.retained = 1;
    attempt->will.qos = 1;
    attempt->options.will = &attempt->will;
    if (!is_v5(setup))
        return;
    add_number(&attempt->will_properties, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1);
    add_text(&attempt->will_properties, MQTTPROPERTY_CODE_CONTENT_TYPE, "application/json");
    attempt->options.willProperties = &attempt->will_properties;
}

static void set_session(const struct br_paho_setup *setup, struct br_paho_attempt *attempt)
{
    MQTTAsync_connectOptions *options = &attempt->options;
    if (!is_v5(setup)) {
        options->cleansession = setup->clean;
        return;
    }
    options->cleanstart = setup->clean;
    int64_t expiry_s = setup->broker->session_expiry_ms / 1000;
    if (!setup->clean && expiry_s > 0)
        add_number(&attempt->properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                   expiry_s > UINT32_MAX ? UINT32_MAX : (uint32_t)expiry_s);
    options->connectProperties = &attempt->properties;
}

/* A dead connection is to be noticed within 2.5 times the keep alive. Paho takes as long, and then up to a
 * second to look: so it is told a second less. */
static int keepalive_s(const struct br_config_broker *broker)
{
    int whole_s = (int)(broker->keepalive_ms / 1000);
    return whole_s > 2 ? whole_s - 1 : whole_s;
}

int br_paho_attempt_fill(struct br_paho_attempt *attempt, const struct br_paho_setup *setup, bool tls)
{
    if (is_v5(setup))
        attempt->options = (MQTTAsync_connectOptions)MQTTAsync_connectOptions_initializer5;
    else
        attempt->options = (MQTTAsync_connectOptions)MQTTAsync_connectOptions_initializer;
    attempt->options.MQTTVersion = is_v5(setup) ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    attempt->options.keepAliveInterval = keepalive_s(setup->broker);
    attempt->options.connectTimeout = CONNECT_TIMEOUT_S;
    attempt->options.maxInflight = BR_PAHO_IN_FLIGHT_MAX;
    set_session(setup, attempt);
    if (setup->will_topic)
        set_will(setup, attempt);
    if (tls)
        set_tls(setup, attempt);
    return set_login(setup, attempt);
}

void br_paho_attempt_clear(struct br_paho_attempt *attempt)
{
    MQTTProperties_free(&attempt->properties);
    MQTTProperties_free(&attempt->will_properties);
    if (attempt->password)
        explicit_bzero(attempt->password, attempt->password_size);
    free(attempt->password);
    attempt->password = NULL;
}
