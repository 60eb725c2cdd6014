/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One client of Paho's MQTTAsync: how it is made, connects, subscribes and publishes. The only module that
 * includes Paho.
 *
 * Facts of Paho 1.3.12 that shape it: a message of QoS 1 is acknowledged when the callback returns, whatever
 * it returns; all clients share one receiving thread and one mutex that is held during callbacks, so a
 * callback must be short; an automatic reconnect hides whether the broker still has the session and keeps old
 * secrets, so connecting again is left to the caller (daemon/in/mqtt_link.h) and every attempt reads password
 * and certificates anew; trace lines are formatted even when nobody reads them, unless the level is set. */
#ifndef BR_IN_PAHO_H
#define BR_IN_PAHO_H

#include "daemon/config.h"
#include "daemon/core/certificate.h"
#include "daemon/core/view.h"

#include <stdint.h>

struct br_paho;

/* mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; an IPv6 address stands in brackets. */
#define BR_PAHO_HOST_SIZE 256
struct br_paho_url {
    char host[BR_PAHO_HOST_SIZE]; /* without brackets */
    uint16_t port;                /* 1883 and 8883 where none is given */
    bool tls;
};

/* 0, or -EINVAL: another scheme, no host, a bad port, a user or a path. */
int br_paho_url_parse(const char *text, struct br_paho_url *url);

/* A message that arrived; valid until the callback returns. */
struct br_paho_message {
    struct br_view topic, payload;
    bool retained, dup;
};

/* A message to publish. The texts that are not copied are constants. */
struct br_paho_publication {
    const char *topic;
    const void *payload; /* size 0: takes a retained message away */
    size_t size;
    int qos;
    bool retained;
    /* protocol 5 only */
    const char *content_type, *schema; /* constants; NULL: none */
    bool is_text;                      /* Payload Format Indicator 1 */
    uint32_t expiry_s;                 /* 0: none */
    int64_t revision;                  /* -1: none */
};

#define BR_PAHO_WHY_SIZE 128
#define BR_PAHO_TAKEN_OVER 0x8E /* reason code: another client connected with this client id */

/* The client's callbacks, called on Paho's threads. They may not call the client, wait or log. */
struct br_paho_calls {
    /* in_flight_max: how many publications may be on their way; more of them would wait in Paho, whose
     * sending thread does not see acknowledgements and then sleeps up to a second */
    void (*on_connect)(void *context, bool session_present, size_t in_flight_max);
    void (*on_failure)(void *context, const char *why); /* of an attempt to connect */
    void (*on_reason)(void *context, int reason); /* protocol 5: why the broker is about to disconnect */
    void (*on_lost)(void *context);               /* a connection that stood */
    /* granted QoS (0..2) or refusal (>= 0x80) for each filter asked for, in its order */
    void (*on_subscribed)(void *context, const int *codes, size_t count);
    void (*on_message)(void *context, const struct br_paho_message *message);
    /* 0: the broker has it; > 0: it refused; < 0: the connection went before it could tell */
    void (*on_published)(void *context, void *token, int code);
    void (*on_disconnected)(void *context); /* after br_paho_disconnect */
    void *context;
};

struct br_paho_setup {
    const struct br_config_broker *broker;
    const char *client_id;
    bool clean;                            /* no session is kept at the broker */
    const char *will_topic, *will_payload; /* NULL: no will; retained, QoS 1 */
    struct br_paho_calls calls;
};

/* Whether a broker's URL is one and its secrets can be read: 0 or a negative errno (-EINVAL: the URL). */
int br_paho_check(const struct br_config_broker *broker);

/* Whether two configurations make the same connection; what is in the files that they name is left aside. */
bool br_paho_same(const struct br_config_broker *a, const struct br_config_broker *b);

/* Reads the certificates and the key of a broker's client. NULL: all is well; else as br_certificate_read. */
const char *br_paho_certificate(const struct br_config_broker *broker, struct br_certificate *certificate);

/* Makes a client that is not connected; what setup points to must outlive it. NULL: *error holds a negative
 * errno
 * (-EINVAL: bad URL; that of a secret that cannot be read). */
struct br_paho *br_paho_open(const struct br_paho_setup *setup, int *error);

/* Begins to connect; on_connect or on_failure follows. Reads the password anew. 0, or a negative errno and no
 * callback. */
int br_paho_connect(struct br_paho *paho);

/* Whether there is a connection now. */
bool br_paho_connected(const struct br_paho *paho);

/* on_subscribed follows, or on_lost. 0 or a negative errno. */
int br_paho_subscribe(struct br_paho *paho, const char *const *filters, const int *qos, size_t count);

/* Ends a subscription; nobody is told how it went. */
void br_paho_unsubscribe(struct br_paho *paho, const char *filter);

/* Copies the message and sends it; on_published follows. -ENOTCONN: not connected; -EAGAIN: too many wait;
 * -EINVAL: the broker would not take it (topic). Then no callback follows. */
int br_paho_publish(struct br_paho *paho, const struct br_paho_publication *publication, void *token);

/* Says goodbye; on_disconnected follows. -ENOTCONN: there is no connection. */
int br_paho_disconnect(struct br_paho *paho);

/* Ends the client and its connection; publications on their way are answered with on_published first. Never
 * in a callback. */
void br_paho_close(struct br_paho *paho);

/* The library's version; a constant. */
const char *br_paho_version(void);

#endif
