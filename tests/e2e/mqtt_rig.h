/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the MQTT tests stand on: a broker, a loop, a journal, and the two ends of bruisd that talk to the
 * broker. */
#ifndef BR_TESTS_E2E_MQTT_RIG_H
#define BR_TESTS_E2E_MQTT_RIG_H

#include "daemon/in/mqtt_in.h"
#include "daemon/out/mqtt_out.h"

#include "tests/e2e/broker.h"
#include "tests/unit/unit.h"

#define RIG_FEEDS 2

struct rig {
    struct broker *broker;
    uv_loop_t loop;
    struct br_log *log;
    struct br_metrics *metrics;
    struct br_journal *journal;
    struct br_history *history;
    char state_dir[128];
    struct br_mqtt_in *in;
    struct br_mqtt_out *out;
    int arrivals, changes;
    bool closed;
    /* the configuration: tests may change it before they open an end */
    struct br_config config;
    struct br_config_broker broker_config;
    struct br_config_feed feeds[RIG_FEEDS]; /* large and small: garages/#, 64 and 16 bytes at most */
    char *topics[RIG_FEEDS];
    char url[64], password_file[96];
    br_series *received[RIG_FEEDS], *oversize[RIG_FEEDS], *dropped[RIG_FEEDS];
};

/* protocol: 4 (3.1.1) or 5. */
void rig_start(struct rig *rig, int protocol, const struct broker_setup *setup);
void rig_end(struct rig *rig); /* closes what is open */

/* The history is there from the start: a test may close it and open it again. */
void rig_open_history(struct rig *rig);
void rig_close_history(struct rig *rig);

/* Each waits until it is done, the opening ones until there is a connection. */
void rig_open_in(struct rig *rig);
void rig_open_out(struct rig *rig);
void rig_close_in(struct rig *rig);
void rig_close_out(struct rig *rig);

/* The same without waiting for a connection. */
void rig_begin_in(struct rig *rig);
void rig_begin_out(struct rig *rig);

/* Runs the loop until `done`, which must happen. */
void rig_until(struct rig *rig, bool (*done)(void *rig));
bool rig_in_up(void *rig);
bool rig_in_down(void *rig);
bool rig_out_up(void *rig);
bool rig_out_down(void *rig);
bool rig_out_idle(void *rig); /* nothing is pending */

/* Waits until the journal holds this many messages. */
void rig_expect_entries(struct rig *rig, size_t count);

size_t rig_entry_count(struct rig *rig);

/* A message of the journal as "FEED TOPIC PAYLOAD FLAGS", by its number from 0; lent until the next call. */
const char *rig_entry(struct rig *rig, size_t number);

/* Waits until a listener of the broker has heard the text so often. */
void rig_expect_heard(struct rig *rig, int listener, const char *text, size_t count);

/* A metric's value. labels: values of at most two labels. */
int64_t rig_metric(struct rig *rig, const char *name, const char *labels, const char *value1,
                   const char *value2);

/* From now on the log goes to a file. How often text stands in it. */
void rig_catch_log(struct rig *rig);
size_t rig_log_count(struct rig *rig, const char *text);

/* A parking figure of the 5m window of this number, from 0, with this revision and number of vacant places;
 * and of window 0. It goes through the history. */
void rig_publish_window(struct rig *rig, const char *region, int number, int64_t vacant, uint32_t revision,
                        bool newest);
void rig_publish_figure(struct rig *rig, const char *region, int64_t vacant, uint32_t revision, bool newest);

#endif
