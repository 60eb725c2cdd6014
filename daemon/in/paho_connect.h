/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What one attempt to connect needs: options, login, will, TLS, session. Part of daemon/in/paho.c; nothing
 * else includes it. */
#ifndef BR_IN_PAHO_CONNECT_H
#define BR_IN_PAHO_CONNECT_H

#include "daemon/in/paho.h"

#include <limits.h>

#include <MQTTAsync.h>

#define BR_PAHO_IN_FLIGHT_MAX                                                                                \
    1000 /* below it Paho's sending thread sleeps up to a second between batches                             \
          */

/* Paho copies all of it in MQTTAsync_connect. */
struct br_paho_attempt {
    MQTTAsync_connectOptions options; /* without callbacks */
    MQTTAsync_SSLOptions tls;         /* without callbacks */
    MQTTAsync_willOptions will;
    MQTTProperties properties, will_properties;
    char cert[PATH_MAX], key[PATH_MAX];
    char *password;
    size_t password_size;
};

/* Fills a zeroed attempt. 0, or the errno of a password that cannot be read. */
int br_paho_attempt_fill(struct br_paho_attempt *attempt, const struct br_paho_setup *setup, bool tls);

/* Frees what the attempt holds and wipes the password. */
void br_paho_attempt_clear(struct br_paho_attempt *attempt);

/* The properties of protocol 5 of a message; the caller frees them. */
void br_paho_set_properties(MQTTProperties *properties, const struct br_paho_publication *publication);

#endif
