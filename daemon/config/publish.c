/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"
#include "daemon/config/rules.h"

#include <string.h>

static bool lists(const struct br_node *list, const char *word)
{
    for (size_t i = 0; list && list->type == BR_NODE_LIST && i < list->count; i++) {
        const char *text = br_node_text(list->values[i]);
        if (text && strcmp(text, word) == 0)
            return true;
    }
    return false;
}

static void publish_mqtt(struct br_config *config, struct br_faults *faults)
{
    struct br_config_publish_mqtt *mqtt = &config->mqtt;
    const struct br_node *broker = br_config_at(config, "publish.mqtt.broker");
    const struct br_node *encodings = br_config_at(config, "publish.mqtt.encodings");
    mqtt->broker = SIZE_MAX;
    if (broker)
        mqtt->broker = br_config_broker_index(config, broker, "publish.mqtt.broker", faults);
    mqtt->json = !encodings || lists(encodings, "json");
    mqtt->pb = !encodings || lists(encodings, "pb");
}

/* Port 0 is any free one, each time another. */
static bool is_any_port(const char *address)
{
    return strcmp(strrchr(address, ':'), ":0") == 0;
}

static void publish_http(const struct br_config *config, struct br_faults *faults)
{
    const struct br_config_publish_http *http = &config->http;
    const struct br_node *ops = br_config_at(config, "publish.http.ops_listen");
    if (http->enabled && ops && http->listen && http->ops_listen && !is_any_port(http->listen) &&
        strcmp(http->listen, http->ops_listen) == 0)
        br_faults_add(faults, NULL, ops->line, "publish.http.ops_listen",
                      "%s is the address of listen: what is for operators needs one of its own",
                      http->ops_listen);
}

/* What each version of InfluxDB's interface takes. */
struct influx_key {
    const char *key;
    bool v1, v2, v3; /* knows it */
    bool needed_v1, needed_v2, needed_v3;
};

static const struct influx_key influx_keys[] = {
    {"database", .v1 = true, .needed_v1 = true},
    {"retention_policy", .v1 = true},
    {"username", .v1 = true},
    {"password_credential", .v1 = true},
    {"password_file", .v1 = true},
    {"org", .v2 = true, .v3 = true, .needed_v2 = true},
    {"bucket", .v2 = true, .v3 = true, .needed_v2 = true, .needed_v3 = true},
    {"token_credential", .v2 = true, .v3 = true},
    {"token_file", .v2 = true, .v3 = true},
};

static void influx_key(const struct br_config *config, const struct influx_key *row, struct br_faults *faults)
{
    int api = config->influxdb.api;
    bool known = api == 1 ? row->v1 : api == 2 ? row->v2 : row->v3;
    bool needed = api == 1 ? row->needed_v1 : api == 2 ? row->needed_v2 : row->needed_v3;
    char key[64];
    snprintf(key, sizeof key, "publish.influxdb.%s", row->key);
    const struct br_node *value = br_config_at(config, key),
                         *written = br_config_at(config, "publish.influxdb.api");
    if (value && !known)
        br_faults_add(faults, NULL, value->line, key, "is no key of api v%d", api);
    if (!value && needed)
        br_faults_add(faults, NULL,
                      written ? written->line : br_node_key_line(br_config_at(config, "publish"), "influxdb"),
                      key, "is missing: api v%d%s needs it", api, written ? "" : ", the default,");
}

static void publish_influxdb(const struct br_config *config, struct br_faults *faults)
{
    const struct br_config_publish_influxdb *influxdb = &config->influxdb;
    if (!influxdb->enabled)
        return;
    for (size_t i = 0; influxdb->api != 0 && i < sizeof influx_keys / sizeof influx_keys[0]; i++)
        influx_key(config, &influx_keys[i], faults);
    br_config_one_of(config, "publish.influxdb", "password_credential", "password_file", faults);
    br_config_one_of(config, "publish.influxdb", "token_credential", "token_file", faults);
    br_config_pair(config, "publish.influxdb", &influxdb->cert, &influxdb->key, faults);
}

void br_config_rules_publish(struct br_config *config, struct br_faults *faults)
{
    publish_mqtt(config, faults);
    publish_http(config, faults);
    publish_influxdb(config, faults);
}
