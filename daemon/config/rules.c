/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/rules.h"

#include "daemon/config/node.h"
#include "daemon/config/read.h"
#include "daemon/config/value.h"

#include <stdlib.h>
#include <string.h>

const struct br_node *br_config_at(const struct br_config *config, const char *dotted_key)
{
    const struct br_node *node = config->root;
    char key[96];
    while (node && *dotted_key) {
        size_t size = strcspn(dotted_key, ".");
        if (size >= sizeof key)
            return NULL;
        memcpy(key, dotted_key, size);
        key[size] = '\0';
        node = br_node_given(node, key);
        dotted_key += size + (dotted_key[size] == '.');
    }
    return node;
}

size_t br_config_broker_index(const struct br_config *config, const struct br_node *value,
                              const char *dotted_key, struct br_faults *faults)
{
    const char *name = br_node_text(value);
    struct br_config_nearest nearest = {.word = name};
    for (size_t i = 0; name && i < config->broker_count; i++) {
        if (strcmp(config->brokers[i].name, name) == 0)
            return i;
        br_config_nearest_try(&nearest, config->brokers[i].name);
    }
    if (name && nearest.best)
        br_faults_add(faults, NULL, value->line, dotted_key, "there is no broker '%s'; did you mean %s?",
                      name, nearest.best);
    else if (name)
        br_faults_add(faults, NULL, value->line, dotted_key, "there is no broker '%s' among brokers", name);
    return SIZE_MAX;
}

#define KEY_SIZE 200

static const struct br_node *in_map(const struct br_config *config, const char *map, const char *key,
                                    char dotted_key[KEY_SIZE])
{
    snprintf(dotted_key, KEY_SIZE, "%s.%s", map, key);
    return br_config_at(config, dotted_key);
}

void br_config_one_of(const struct br_config *config, const char *map, const char *first, const char *second,
                      struct br_faults *faults)
{
    char key[KEY_SIZE];
    if (!in_map(config, map, first, key))
        return;
    const struct br_node *other = in_map(config, map, second, key);
    if (other)
        br_faults_add(faults, NULL, other->line, key, "cannot stand beside %s: give one of the two", first);
}

/* The key under which a secret is given: prefix_credential or prefix_file. */
static void tell_pair(const struct br_config *config, const char *map, const char *given, const char *missing,
                      struct br_faults *faults)
{
    char key[KEY_SIZE], name[32];
    snprintf(name, sizeof name, "%s_credential", given);
    const struct br_node *node = in_map(config, map, name, key);
    if (!node) {
        snprintf(name, sizeof name, "%s_file", given);
        node = in_map(config, map, name, key);
    }
    br_faults_add(faults, NULL, node ? node->line : 0, key, "needs %s_file%s beside it", missing,
                  strcmp(map, "publish.influxdb") == 0 ? "" : " or its credential");
}

static bool is_given(const struct br_config_secret *secret)
{
    return secret->credential || secret->file;
}

void br_config_pair(const struct br_config *config, const char *map, const struct br_config_secret *cert,
                    const struct br_config_secret *key, struct br_faults *faults)
{
    if (is_given(cert) && !is_given(key))
        tell_pair(config, map, "cert", "key", faults);
    if (is_given(key) && !is_given(cert))
        tell_pair(config, map, "key", "cert", faults);
}

/* systemd gives a list, separated by colons, where the unit names several folders: the first one is ours. */
static void default_state_dir(struct br_config *config, struct br_faults *faults)
{
    const char *given = getenv("STATE_DIRECTORY");
    if (config->state_dir || br_config_at(config, "state_dir"))
        return;
    if (!given || !*given)
        given = "/var/lib/bruisd";
    char *first = strndup(given, strcspn(given, ":"));
    config->state_dir = first ? br_config_path(config, first) : NULL;
    free(first);
    if (!config->state_dir)
        br_faults_add(faults, NULL, 0, "state_dir", "no memory");
}

void br_config_rules(struct br_config *config, struct br_faults *faults)
{
    default_state_dir(config, faults);
    br_config_one_of(config, "privacy", "key_credential", "key_file", faults);
    br_config_rules_regions(config, faults);
    br_config_rules_brokers(config, faults);
    br_config_rules_feeds(config, faults);
    br_config_rules_windows(config, faults);
    br_config_rules_publish(config, faults);
}
