/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The configuration: a YAML file, checked whole against one schema table, as one struct that never changes.
 *
 * Durations are ms, sizes bytes, ratios 1/10000. Paths are absolute (relative ones start at the file's
 * folder). Strings are owned by the configuration; an absent one is NULL. */
#ifndef BR_CONFIG_H
#define BR_CONFIG_H

#include "daemon/core/faults.h"
#include "daemon/core/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct br_adapter;

#define BR_WINDOWS_MAX 8
#define BR_DAY_MS INT64_C(86400000)
#define BR_HOUR_MS INT64_C(3600000)

struct br_config_texts {
    size_t count;
    char **at;
};

struct br_config_boundary {
    char *file;
    char *code_property; /* "statcode" by default */
};

struct br_config_set {
    char *code, *name, *type; /* code in lower case; name is code by default, type "set" */
    struct br_config_texts members, except;
    char *boundary; /* a polygon file instead of members */
    unsigned line;
};

struct br_config_division {
    char *from; /* YYYY-MM-DD, local date */
    int year;
    char *table, *succession;
    struct br_config_boundary *boundaries;
    size_t boundary_count;
    unsigned line;
};

struct br_config_regions {
    int year;
    char *table;
    struct br_config_division *divisions;
    size_t division_count;
    struct br_config_boundary *boundaries;
    size_t boundary_count;
    int64_t nearest_m;
    struct br_config_set *sets;
    size_t set_count;
    unsigned line, table_line, boundaries_line;
};

/* A secret or a key: the name of a credential, or a path. */
struct br_config_secret {
    char *credential, *file;
};

struct br_config_broker {
    char *name, *url;
    int protocol;               /* 5 or 4 (3.1.1) */
    char *client_id, *username; /* client_id: bruisd-NODE by default */
    struct br_config_secret password, cert, key;
    char *ca_file; /* NULL: what the system trusts */
    int64_t keepalive_ms, session_expiry_ms;
    unsigned line;
};

struct br_config_feed {
    char *name;
    size_t broker; /* index; SIZE_MAX: none, the feed only replays */
    struct br_config_texts topics;
    int qos;
    const struct br_adapter *adapter;
    const struct br_node *options; /* NULL: none; the paths of BR_OPTION_FILE in it are absolute already */
    int64_t interval_ms, stale_after_ms, lateness_ms; /* filled with their defaults */
    int64_t max_payload, max_unpacked;
    char *licence, *attribution;
    struct br_config_texts covers; /* lower case */
    bool republish;                /* by default true, and false where the feed may hold pedestrians */
    unsigned line;
};

struct br_config_window {
    char *name;        /* "5m": the shortest way to write it, whatever the file says (300s) */
    int64_t length_ms; /* 1d: BR_DAY_MS, a local day */
};

struct br_config_privacy {
    int64_t pedestrian_min, round_to;
    struct br_config_secret key;
    int64_t min_window_ms;
};

struct br_config_publish_mqtt {
    bool enabled;
    size_t broker;
    char *prefix;
    bool json, pb;
    int qos;
    int64_t live_every_ms; /* 0: no live topics */
    bool observations, state;
    char *public_url;
};

struct br_config_publish_http {
    bool enabled;
    char *listen, *ops_listen; /* ADDRESS:PORT, [ADDRESS]:PORT; ops_listen NULL: not served */
    char *public_url;          /* without a / at its end */
    int64_t rate_limit;
    struct br_config_texts trusted_proxies;
};

struct br_config_publish_influxdb {
    bool enabled;
    char *url, *database, *retention_policy, *org, *bucket, *username;
    int api; /* 1, 2, 3 */
    char *precision;
    int64_t batch, flush_ms;
    bool gzip, observations;
    struct br_config_secret token, password, cert, key;
    char *ca_file;
};

struct br_config_catalogue {
    char *publisher_name, *publisher_uri;
    char *contact_name, *contact_email, *contact_phone, *contact_url;
    char *dataset_base, *spatial, *security_contact, *licence;
};

struct br_config {
    char *path; /* of the file */
    char *node;
    char *state_dir; /* $STATE_DIRECTORY by default, else /var/lib/bruisd */
    struct br_config_regions regions;
    struct br_config_texts sensors; /* catalogue files */
    struct br_config_broker *brokers;
    size_t broker_count;
    struct br_config_feed *feeds;
    size_t feed_count;
    struct br_config_window windows[BR_WINDOWS_MAX]; /* by length, shortest first */
    size_t window_count;
    int64_t lateness_ms, correct_for_ms;
    int coverage_min; /* 1/10000 */
    struct br_config_privacy privacy;
    struct br_config_publish_mqtt mqtt;
    struct br_config_publish_http http;
    struct br_config_publish_influxdb influxdb;
    int64_t history_keep_ms[BR_WINDOWS_MAX]; /* for windows[i] */
    struct br_config_catalogue catalogue;
    int64_t memory_max, journal_max, readings_max, sensors_max;

    struct br_node *root; /* the document; feeds' options point into it */
    unsigned holders;     /* beside who opened it */
};

/* Reads and checks a file. All faults go to `faults`; NULL when there is one, or when the file cannot be read
 * (then errno says why and no fault is added). Files that are named in it are not opened here
 * (br_config_check does). The first folder of $STATE_DIRECTORY is state_dir's default. */
struct br_config *br_config_open(const char *path, struct br_faults *faults);
void br_config_close(struct br_config *config);

/* Keeps a configuration for one more owner, who closes it too: a connection goes on with what it was made of
 * when the rest has a newer one. One thread. */
struct br_config *br_config_hold(const struct br_config *config);

/* The rest of what `bruisd check` tells: opens every file that is named, credentials excepted, and every
 * adapter. */
void br_config_check(const struct br_config *config, struct br_faults *faults);

/* A YAML value in flow style, as `-o key=value` has it. NULL: `faults` tells. The caller closes it. */
struct br_node *br_node_flow(const char *text, struct br_faults *faults);

/* Puts a value under a dotted key (`observed_at.at`) into a map; takes value. False: a fault was told. */
bool br_node_set(struct br_node *map, const char *dotted_key, struct br_node *value,
                 struct br_faults *faults);
struct br_node *br_node_map(void);

/* The schema as text: one line a key with type, unit, range, default and help. For --help, the man page. */
void br_config_describe(FILE *to);

/* Reads a secret: the credential `bruisd_NAME` or `NAME` under $CREDENTIALS_DIRECTORY, or the file; one
 * trailing newline is taken away. The caller wipes and frees it. NULL: errno says why. */
char *br_config_secret_read(const struct br_config_secret *secret, size_t *size);

/* Whether two values of a configuration are the same; NULL is one, too. What is in the file of a secret is
 * left aside. */
bool br_config_same(const char *a, const char *b);
bool br_config_same_secret(const struct br_config_secret *a, const struct br_config_secret *b);

/* The path of a secret, for libraries that read it themselves. 0, or -1 where there is none. */
int br_config_secret_path(const struct br_config_secret *secret, char *path, size_t path_size);

#endif
