/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the files of the MQTT output share: mqtt_out.c has the connection, mqtt_out_publish.c makes messages,
 * mqtt_out_behind.c reads from the history what could not go straight out. */
#ifndef BR_OUT_MQTT_OUT_STATE_H
#define BR_OUT_MQTT_OUT_STATE_H

#include "daemon/in/mqtt_link.h"
#include "daemon/out/mqtt_out.h"
#include "daemon/out/mqtt_outbox.h"
#include "daemon/out/topic.h"
#include "proto/record.h"

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
    int handles; /* not closed yet, and a reading that is not answered yet */
    void (*on_closed)(void *context);
    void *closed_context;

    uint64_t position;   /* all changes up to it are in the outbox, or were */
    bool behind;         /* figures do not go straight out: the history tells them */
    bool settling;       /* some were lost: what is on its way is waited for, so that order holds */
    bool reading;        /* the history has been asked ... */
    uint64_t read_after; /* ... for what is behind this one */
};

void count_lost(br_series *series, unsigned count);
void show_pending(struct br_mqtt_out *out);
void pump(struct br_mqtt_out *out);    /* sends as much as may be on its way at once */
void release(struct br_mqtt_out *out); /* one of handles is no more */
bool print_status(const struct br_mqtt_out *out, const char *state,
                  struct br_text *text); /* false: no memory */
void put_status(struct br_mqtt_out *out, const char *state);

/* A figure, as a change of the history (newest: retained), as the state of its topic (change 0), or deferred
 * behind a change. False: no memory, and there may be one form of it. */
enum publishing { AS_CHANGE, AS_STATE, DEFERRED };
bool publish_figure(struct br_mqtt_out *out, const Bruis__V1__Figure *figure, enum publishing how,
                    uint64_t change, bool newest);

void fall_behind(struct br_mqtt_out *out);
void has_lost(struct br_mqtt_out *out, uint64_t change); /* this one, and perhaps later ones */
void catch_up(struct br_mqtt_out *out);                  /* reads on where that is possible */
void move_cursor(struct br_mqtt_out *out);

#endif
