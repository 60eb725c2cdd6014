/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"
#include "daemon/config/rules.h"

#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 160

/* Two sessions of one name at one broker throw each other out. */
static void check_client(const struct br_config *config, size_t index, struct br_faults *faults)
{
    char key[KEY_SIZE];
    const struct br_config_broker *broker = &config->brokers[index];
    for (size_t i = 0; i < index; i++) {
        const struct br_config_broker *other = &config->brokers[i];
        bool same = broker->url && other->url && strcmp(broker->url, other->url) == 0 && broker->client_id &&
                    other->client_id && strcmp(broker->client_id, other->client_id) == 0;
        if (!same)
            continue;
        snprintf(key, sizeof key, "brokers.%.80s.client_id", broker->name);
        const struct br_node *value = br_config_at(config, key);
        br_faults_add(faults, NULL, value ? value->line : broker->line, key,
                      "'%s' is that of %s as well, at the same url: the broker would throw one of them out",
                      broker->client_id, other->name);
    }
}

static void check_password(const struct br_config *config, const struct br_config_broker *broker,
                           const char *map, struct br_faults *faults)
{
    char key[KEY_SIZE];
    if (broker->username || broker->protocol != 4 || (!broker->password.credential && !broker->password.file))
        return;
    snprintf(key, sizeof key, "%.100s.username", map);
    const char *given = broker->password.credential ? "password_credential" : "password_file";
    const struct br_node *value = br_node_given(br_config_at(config, map), given);
    br_faults_add(faults, NULL, value ? value->line : broker->line, key,
                  "is missing: protocol 3.1.1 has no password without a user name");
}

static void default_client_id(struct br_config *config, struct br_config_broker *broker,
                              struct br_faults *faults)
{
    if (broker->client_id || !config->node)
        return;
    if (asprintf(&broker->client_id, "bruisd-%s", config->node) < 0) {
        broker->client_id = NULL;
        br_faults_add(faults, NULL, broker->line, broker->name, "no memory");
    }
}

void br_config_rules_brokers(struct br_config *config, struct br_faults *faults)
{
    char map[KEY_SIZE];
    for (size_t i = 0; i < config->broker_count; i++) {
        struct br_config_broker *broker = &config->brokers[i];
        snprintf(map, sizeof map, "brokers.%.80s", broker->name);
        default_client_id(config, broker, faults);
        br_config_one_of(config, map, "password_credential", "password_file", faults);
        br_config_one_of(config, map, "cert_credential", "cert_file", faults);
        br_config_one_of(config, map, "key_credential", "key_file", faults);
        br_config_pair(config, map, &broker->cert, &broker->key, faults);
        check_password(config, broker, map, faults);
        check_client(config, i, faults);
    }
}
