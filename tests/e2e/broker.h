/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A real mosquitto on a free loopback port, with everything of it in one temporary folder, and its command
 * line tools.
 *
 * Nothing waits for a time: a start returns when the broker accepts connections, and what a tool heard lies
 * in a file that a test can look at until it holds what it should. Every child is ended by its pid. What
 * should not fail, but does, ends the test program with a message. */
#ifndef BR_TESTS_E2E_BROKER_H
#define BR_TESTS_E2E_BROKER_H

#include <stdbool.h>
#include <stddef.h>

struct broker;

struct broker_setup {
    const char *password; /* of the user `bruisd`; NULL: everybody may come */
    const char *tls;      /* folder with ca.pem, server.pem and server.key; NULL: no TLS */
    bool client_certs;    /* with TLS: clients need one of ca.pem */
    const char *more;     /* further lines of mosquitto.conf, or NULL */
};

struct broker *broker_open(const struct broker_setup *setup); /* and started */
void broker_close(struct broker *broker);                     /* stops it and removes the folder */

int broker_port(const struct broker *broker);
const char *broker_dir(const struct broker *broker); /* the folder: tests may put things there */

void broker_start(struct broker *broker); /* again, on the same port, with what it had saved */
void broker_stop(struct broker *broker);  /* it saves its sessions and retained messages */
void broker_kill(struct broker *broker);  /* it saves nothing, and what it had saved is removed */

/* Publishes with mosquitto_pub and waits until that is done. arguments: "-t topic -m message -q 1". */
void broker_publish(struct broker *broker, const char *arguments);

/* Starts mosquitto_sub, protocol 5, in the background, and waits until it has subscribed. format: of its -F.
 * It ends with the broker's close. The number names what it hears. */
int broker_listen(struct broker *broker, const char *filter, const char *format);

/* What has been heard so far, lent until the next call. */
const char *broker_heard(struct broker *broker, int listener);

/* How often text stands in the broker's log. */
size_t broker_logged(struct broker *broker, const char *text);

/* The whole of a file as text, lent until the next call; "" when there is none. */
const char *broker_file(struct broker *broker, const char *path);

/* How often text stands in another. */
size_t count_text(const char *in, const char *text);

/* Runs a shell command, which must succeed. */
void run_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether `done` becomes true before a deadline that is long enough for anything that happens at all. step:
 * what to do in between, at least every few ms. */
bool wait_until(bool (*done)(void *context), void (*step)(void *context), void *context);

#endif
