/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/schema.h"

#include "daemon/config.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define HOUR BR_HOUR_MS
#define DAY BR_DAY_MS
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define TIB (INT64_C(1) << 40)

#define IN(of, member) .offset = offsetof(struct of, member), .size = sizeof(((struct of *)0)->member)
#define RANGE(least, most) .min = (least), .max = (most)
#define ROW(dotted, kind, ...)                                                                               \
    {                                                                                                        \
        .path = dotted, .type = BR_CONFIG_##kind, __VA_ARGS__                                                \
    }

static const struct br_config_elements brokers = {
    .size = sizeof(struct br_config_broker),
    .count_offset = offsetof(struct br_config, broker_count),
    .name_offset = offsetof(struct br_config_broker, name),
    .line_offset = offsetof(struct br_config_broker, line),
};

static const struct br_config_elements feeds = {
    .size = sizeof(struct br_config_feed),
    .count_offset = offsetof(struct br_config, feed_count),
    .name_offset = offsetof(struct br_config_feed, name),
    .line_offset = offsetof(struct br_config_feed, line),
};

static const struct br_config_elements sets = {
    .size = sizeof(struct br_config_set),
    .count_offset = offsetof(struct br_config, regions.set_count),
    .line_offset = offsetof(struct br_config_set, line),
};

static const struct br_config_elements divisions = {
    .size = sizeof(struct br_config_division),
    .count_offset = offsetof(struct br_config, regions.division_count),
    .line_offset = offsetof(struct br_config_division, line),
};

static const struct br_config_elements boundaries = {
    .size = sizeof(struct br_config_boundary),
    .count_offset = offsetof(struct br_config, regions.boundary_count),
    .line_offset = BR_CONFIG_NOWHERE,
};

static const struct br_config_elements division_boundaries = {
    .size = sizeof(struct br_config_boundary),
    .count_offset = offsetof(struct br_config_division, boundary_count),
    .line_offset = BR_CONFIG_NOWHERE,
};

static const struct br_config_row rows[] = {
    ROW("node", NAME, .required = true, IN(br_config, node),
        .help = "the name of this instance: in topics, metrics and logs"),
    ROW("state_dir", FILE, .told = "$STATE_DIRECTORY, else /var/lib/bruisd", IN(br_config, state_dir),
        .help = "the folder of journal, checkpoint and history"),

    /* Regions. */
    ROW("regions", MAP, .required = true, .help = "the regions that figures are made for"),
    ROW("regions.year", INTEGER, .required = true, RANGE(1900, 2999), IN(br_config, regions.year),
        .help = "the year of the division that the figures carry"),
    ROW("regions.table", FILE, .required = true, IN(br_config, regions.table),
        .help = "the region table: a CSV file code,type,name,parents[,population,area_km2]"),
    ROW("regions.divisions", LIST, IN(br_config, regions.divisions), .elements = &divisions,
        .help = "later tables, each with the date it holds from"),
    ROW("regions.divisions[].from", DATE, .required = true, IN(br_config_division, from),
        .help = "the first local day of this division"),
    ROW("regions.divisions[].year", INTEGER, .required = true, RANGE(1900, 2999),
        IN(br_config_division, year), .help = "its year"),
    ROW("regions.divisions[].table", FILE, .required = true, IN(br_config_division, table),
        .help = "its region table"),
    ROW("regions.divisions[].boundaries", BOUNDARY, .many = true, IN(br_config_division, boundaries),
        .elements = &division_boundaries, .help = "its boundaries"),
    ROW("regions.divisions[].succession", FILE, IN(br_config_division, succession),
        .help = "which region became which"),
    ROW("regions.boundaries", BOUNDARY, .many = true, IN(br_config, regions.boundaries),
        .elements = &boundaries,
        .help = "GeoJSON files; FILE, or {file: FILE, code_property: NAME} (statcode by default)"),
    ROW("regions.nearest_m", INTEGER, .unit = "m", RANGE(0, 100000), .fallback = "2000",
        IN(br_config, regions.nearest_m),
        .help = "a point outside every polygon belongs to the nearest one within this distance"),
    ROW("regions.sets", LIST, IN(br_config, regions.sets), .elements = &sets,
        .help = "regions of your own; they may overlap"),
    ROW("regions.sets[].code", CODE, .required = true, IN(br_config_set, code), .help = "its code"),
    ROW("regions.sets[].name", TEXT, .told = "its code", IN(br_config_set, name), .help = "its name"),
    ROW("regions.sets[].type", NAME, .fallback = "set", IN(br_config_set, type), .help = "its region_type"),
    ROW("regions.sets[].members", CODE, .many = true, .min = 1, IN(br_config_set, members),
        .help = "regions that it is made of"),
    ROW("regions.sets[].except", CODE, .many = true, IN(br_config_set, except),
        .help = "members that are taken away"),
    ROW("regions.sets[].boundary", FILE, IN(br_config_set, boundary),
        .help = "a GeoJSON polygon instead of members"),
    ROW("sensors", FILE, .many = true, IN(br_config, sensors),
        .help =
            "sensor catalogues: feed,sensor,name,lat,lon,region,capacity,kind,length_m,width_m,interval_s"),

    /* Brokers. */
    ROW("brokers", NAMED, IN(br_config, brokers), .elements = &brokers, .help = "MQTT brokers by name"),
    ROW("brokers.*.url", URL, .required = true, .words = "mqtt mqtts", IN(br_config_broker, url),
        .help = "mqtts://HOST:PORT; mqtt:// sends everything in the open"),
    ROW("brokers.*.protocol", WORD, .fallback = "5", .words = "5=5 3.1.1=4", IN(br_config_broker, protocol),
        .help = "the version of MQTT"),
    ROW("brokers.*.client_id", TEXT, .told = "bruisd-NODE", IN(br_config_broker, client_id),
        .help = "the client identifier; one for each instance"),
    ROW("brokers.*.username", TEXT, IN(br_config_broker, username), .help = "the user name"),
    ROW("brokers.*.password", REFUSED,
        .help = "a password is never inline: use password_credential or password_file"),
    ROW("brokers.*.password_credential", CREDENTIAL, IN(br_config_broker, password.credential),
        .help = "the credential that holds the password"),
    ROW("brokers.*.password_file", FILE, IN(br_config_broker, password.file),
        .help = "a file that holds the password"),
    ROW("brokers.*.ca_file", FILE, .told = "the system's", IN(br_config_broker, ca_file),
        .help = "the certificates to trust"),
    ROW("brokers.*.cert_credential", CREDENTIAL, IN(br_config_broker, cert.credential),
        .help = "the credential that holds the client certificate"),
    ROW("brokers.*.cert_file", FILE, IN(br_config_broker, cert.file),
        .help = "a file that holds the client certificate; a reload reads it again"),
    ROW("brokers.*.key", REFUSED, .help = "a key is never inline: use key_credential or key_file"),
    ROW("brokers.*.key_credential", CREDENTIAL, IN(br_config_broker, key.credential),
        .help = "the credential that holds its private key"),
    ROW("brokers.*.key_file", FILE, IN(br_config_broker, key.file),
        .help = "a file that holds its private key; a reload reads it again"),
    ROW("brokers.*.keepalive", DURATION, .unit = "s", RANGE(SECOND, 65535 * SECOND), .fallback = "30s",
        IN(br_config_broker, keepalive_ms), .help = "how long the line may be silent"),
    ROW("brokers.*.session_expiry", DURATION, .unit = "s", RANGE(0, 49710 * DAY), .fallback = "1d",
        IN(br_config_broker, session_expiry_ms),
        .help = "how long the broker keeps messages while bruisd is away (protocol 5)"),

    /* Feeds. */
    ROW("feeds", NAMED, IN(br_config, feeds), .elements = &feeds, .help = "sources of records by name"),
    ROW("feeds.*.broker", NAME, .told = "required where brokers is given",
        .help = "the broker that brings it; a feed without one only replays"),
    ROW("feeds.*.topics", FILTER, .many = true, .required = true, .min = 1, IN(br_config_feed, topics),
        .help = "MQTT topic filters; $share/GROUP/FILTER is allowed"),
    ROW("feeds.*.qos", INTEGER, RANGE(0, 2), .fallback = "1", IN(br_config_feed, qos),
        .help = "the quality of service to subscribe with"),
    ROW("feeds.*.adapter", TEXT, .required = true, .help = "the adapter that reads it: see bruisd adapters"),
    ROW("feeds.*.options", TREE, IN(br_config_feed, options), .help = "options of the adapter"),
    ROW("feeds.*.interval", DURATION, RANGE(SECOND, 31 * DAY), .fallback = "60s",
        IN(br_config_feed, interval_ms), .help = "how often a healthy sensor reports"),
    ROW("feeds.*.stale_after", DURATION, RANGE(SECOND, 93 * DAY),
        .told = "the greater of 15m and 3 x interval", IN(br_config_feed, stale_after_ms),
        .help = "how long a level holds"),
    ROW("feeds.*.lateness", DURATION, RANGE(0, DAY), .told = "the general lateness",
        IN(br_config_feed, lateness_ms), .help = "how long to wait for this feed"),
    ROW("feeds.*.max_payload", SIZE, RANGE(1, 256 * MIB), .fallback = "1MiB", IN(br_config_feed, max_payload),
        .help = "a larger message is counted oversize"),
    ROW("feeds.*.max_unpacked", SIZE, RANGE(1, GIB), .told = "100 x max_payload, at most 1GiB",
        IN(br_config_feed, max_unpacked), .help = "the same for what a packed one unpacks to"),
    ROW("feeds.*.licence", TEXT, IN(br_config_feed, licence), .help = "the source's licence"),
    ROW("feeds.*.attribution", TEXT, IN(br_config_feed, attribution),
        .help = "how the source wants to be named"),
    ROW("feeds.*.covers", CODE, .many = true, IN(br_config_feed, covers),
        .help = "regions of which this situation feed tells every jam, so that none means 0"),
    ROW("feeds.*.republish", FLAG, .told = "true; false for pedestrians", IN(br_config_feed, republish),
        .help = "whether its single records and sites are public"),

    /* Time. */
    ROW("windows", DURATION, .many = true, .min = 1, .fallback = "[1m, 5m, 15m, 1h, 1d]",
        .help = "lengths of figures: up to 1h each divides the next and the hour; above only 1d"),
    ROW("lateness", DURATION, RANGE(0, DAY), .fallback = "90s", IN(br_config, lateness_ms),
        .help = "a window is published this long after its end (event time)"),
    ROW("correct_for", DURATION, RANGE(SECOND, 7 * DAY), .fallback = "1h", IN(br_config, correct_for_ms),
        .help = "how long later data still corrects"),
    ROW("coverage_min", RATIO, RANGE(0, 10000), .fallback = "0.5", IN(br_config, coverage_min),
        .help = "below this coverage values are null and quality is none"),

    /* Privacy. */
    ROW("privacy", MAP, .help = "rounding of pedestrian counts; 0 and 1 mean off"),
    ROW("privacy.pedestrian_min", INTEGER, RANGE(0, 1000000), .fallback = "10",
        IN(br_config, privacy.pedestrian_min), .help = "a smaller count becomes 0 or this"),
    ROW("privacy.round_to", INTEGER, RANGE(0, 1000000), .fallback = "5", IN(br_config, privacy.round_to),
        .help = "other counts become a multiple of this"),
    ROW("privacy.key", REFUSED, .help = "a key is never inline: use key_credential or key_file"),
    ROW("privacy.key_credential", CREDENTIAL, .told = "a key is made and kept in state_dir",
        IN(br_config, privacy.key.credential), .help = "the credential that holds the key of the rounding"),
    ROW("privacy.key_file", FILE, IN(br_config, privacy.key.file), .help = "a file that holds the key"),
    ROW("privacy.min_window", DURATION, RANGE(SECOND, HOUR), .fallback = "5m",
        IN(br_config, privacy.min_window_ms),
        .help = "no pedestrian figure for a shorter window; it divides the hour and every longer window"),

    /* Outputs: a section that is absent is off. */
    ROW("publish", MAP, .help = "where figures go"),
    ROW("publish.mqtt", MAP, IN(br_config, mqtt.enabled), .help = "figures on MQTT"),
    ROW("publish.mqtt.broker", NAME, .required = true, .help = "the broker to publish to"),
    ROW("publish.mqtt.prefix", PREFIX, .fallback = "bruis", IN(br_config, mqtt.prefix),
        .help = "what its topics begin with"),
    ROW("publish.mqtt.encodings", WORD, .many = true, .min = 1, .fallback = "[json, pb]", .words = "json pb",
        .help = "forms of a figure"),
    ROW("publish.mqtt.qos", INTEGER, RANGE(0, 2), .fallback = "1", IN(br_config, mqtt.qos),
        .help = "the quality of service to publish with"),
    ROW("publish.mqtt.live_every", DURATION, RANGE(0, HOUR), .fallback = "1s",
        IN(br_config, mqtt.live_every_ms), .help = "how often a live topic is renewed at most; 0s is never"),
    ROW("publish.mqtt.observations", FLAG, .fallback = "false", IN(br_config, mqtt.observations),
        .help = "single records too"),
    ROW("publish.mqtt.state", FLAG, .fallback = "false", IN(br_config, mqtt.state),
        .help = "sums for another bruisd, unprotected: for a closed ACL only"),
    ROW("publish.mqtt.public_url", URL, .words = "mqtt mqtts", IN(br_config, mqtt.public_url),
        .help = "the broker as others reach it; for the catalogue"),
    ROW("publish.http", MAP, IN(br_config, http.enabled), .help = "the web interface"),
    ROW("publish.http.listen", LISTEN, .fallback = "127.0.0.1:8080", IN(br_config, http.listen),
        .help = "its address"),
    ROW("publish.http.public_url", BASE, .words = "http https", IN(br_config, http.public_url),
        .help = "its address as others reach it"),
    ROW("publish.http.ops_listen", LISTEN, IN(br_config, http.ops_listen),
        .help = "the address of /metrics /healthz /readyz"),
    ROW("publish.http.rate_limit", INTEGER, .unit = "requests a minute", RANGE(0, 1000000), .fallback = "0",
        IN(br_config, http.rate_limit), .help = "what one address may ask; 0 is off"),
    ROW("publish.http.trusted_proxies", NETWORK, .many = true, IN(br_config, http.trusted_proxies),
        .help = "proxies whose X-Forwarded-For is believed"),
    ROW("publish.influxdb", MAP, IN(br_config, influxdb.enabled), .help = "figures to InfluxDB"),
    ROW("publish.influxdb.url", BASE, .required = true, .words = "http https unix",
        IN(br_config, influxdb.url), .help = "http(s)://HOST:PORT, or unix:///path"),
    ROW("publish.influxdb.api", WORD, .fallback = "v1", .words = "v1=1 v2=2 v3=3",
        IN(br_config, influxdb.api), .help = "the version of its interface"),
    ROW("publish.influxdb.database", TEXT, IN(br_config, influxdb.database),
        .help = "v1: the database, which is of bruisd alone"),
    ROW("publish.influxdb.retention_policy", TEXT, .told = "the database's own",
        IN(br_config, influxdb.retention_policy), .help = "v1: the retention policy"),
    ROW("publish.influxdb.username", TEXT, IN(br_config, influxdb.username), .help = "v1: the user name"),
    ROW("publish.influxdb.password", REFUSED,
        .help = "a password is never inline: use password_credential or password_file"),
    ROW("publish.influxdb.password_credential", CREDENTIAL, IN(br_config, influxdb.password.credential),
        .help = "v1: the credential that holds the password"),
    ROW("publish.influxdb.password_file", FILE, IN(br_config, influxdb.password.file),
        .help = "v1: a file that holds the password"),
    ROW("publish.influxdb.org", TEXT, IN(br_config, influxdb.org), .help = "v2, v3: the organisation"),
    ROW("publish.influxdb.bucket", TEXT, IN(br_config, influxdb.bucket), .help = "v2, v3: the bucket"),
    ROW("publish.influxdb.token", REFUSED,
        .help = "a token is never inline: use token_credential or token_file"),
    ROW("publish.influxdb.token_credential", CREDENTIAL, IN(br_config, influxdb.token.credential),
        .help = "v2, v3: the credential that holds the token"),
    ROW("publish.influxdb.token_file", FILE, IN(br_config, influxdb.token.file),
        .help = "v2, v3: a file that holds the token"),
    ROW("publish.influxdb.precision", WORD, .fallback = "ms", .words = "ns us ms s",
        IN(br_config, influxdb.precision), .help = "of time stamps"),
    ROW("publish.influxdb.batch", INTEGER, .unit = "lines", RANGE(1, 100000), .fallback = "5000",
        IN(br_config, influxdb.batch), .help = "the most lines of one request"),
    ROW("publish.influxdb.flush", DURATION, RANGE(100, HOUR), .fallback = "1s",
        IN(br_config, influxdb.flush_ms), .help = "how long a line waits for others"),
    ROW("publish.influxdb.gzip", FLAG, .fallback = "true", IN(br_config, influxdb.gzip),
        .help = "packed requests"),
    ROW("publish.influxdb.observations", FLAG, .fallback = "false", IN(br_config, influxdb.observations),
        .help = "single records too"),
    ROW("publish.influxdb.ca_file", FILE, .told = "the system's", IN(br_config, influxdb.ca_file),
        .help = "the certificates to trust"),
    ROW("publish.influxdb.cert_file", FILE, IN(br_config, influxdb.cert.file),
        .help = "a client certificate"),
    ROW("publish.influxdb.key_file", FILE, IN(br_config, influxdb.key.file), .help = "its private key"),

    /* Memory and disk. */
    ROW("history", MAP, .help = "figures that are kept"),
    ROW("history.keep", TREE, .told = "1m 7d, 5m 35d, 15m 400d, 1h and 1d 3650d",
        .help = "how long, by window"),
    ROW("limits", MAP, .help = "what bruisd may use"),
    ROW("limits.memory", SIZE, RANGE(16 * MIB, TIB), .fallback = "256MiB", IN(br_config, memory_max),
        .help = "of memory"),
    ROW("limits.journal", SIZE, RANGE(MIB, 16 * TIB), .fallback = "1GiB", IN(br_config, journal_max),
        .help = "of disk for messages that wait; past it they are dropped and counted"),
    ROW("limits.readings", SIZE, RANGE(MIB, 16 * TIB), .fallback = "2GiB", IN(br_config, readings_max),
        .help = "of disk for the readings of the last correct_for"),
    ROW("limits.sensors", INTEGER, .unit = "sensors", RANGE(1, 10000000), .fallback = "200000",
        IN(br_config, sensors_max), .help = "of sensors"),

    /* What DCAT needs of the publisher. */
    ROW("catalogue", MAP, .help = "the publisher, for the data catalogue"),
    ROW("catalogue.publisher", MAP, .help = "who publishes"),
    ROW("catalogue.publisher.name", TEXT, .required = true, IN(br_config, catalogue.publisher_name),
        .help = "the name"),
    ROW("catalogue.publisher.uri", URL, .required = true, .words = "http https",
        IN(br_config, catalogue.publisher_uri),
        .help = "the identifier, from the register of government organisations"),
    ROW("catalogue.contact", MAP, .help = "who answers questions"),
    ROW("catalogue.contact.name", TEXT, IN(br_config, catalogue.contact_name), .help = "the name"),
    ROW("catalogue.contact.email", EMAIL, IN(br_config, catalogue.contact_email),
        .help = "the e-mail address"),
    ROW("catalogue.contact.phone", TEXT, IN(br_config, catalogue.contact_phone),
        .help = "the telephone number"),
    ROW("catalogue.contact.url", URL, .words = "http https", IN(br_config, catalogue.contact_url),
        .help = "the web page"),
    ROW("catalogue.dataset_base", BASE, .words = "http https", IN(br_config, catalogue.dataset_base),
        .help = "what stable identifiers of datasets begin with"),
    ROW("catalogue.spatial", URL, .words = "http https", IN(br_config, catalogue.spatial),
        .help = "the area, as an identifier"),
    ROW("catalogue.security_contact", URL, .words = "mailto https tel",
        IN(br_config, catalogue.security_contact), .help = "where a weakness is reported: in security.txt"),
    ROW("catalogue.licence", TEXT, IN(br_config, catalogue.licence), .help = "of the figures"),
};

const struct br_config_row *br_config_rows(size_t *count)
{
    *count = sizeof rows / sizeof rows[0];
    return rows;
}

void br_config_children(const struct br_config_row *row, char prefix[BR_CONFIG_PATH_SIZE])
{
    if (!row)
        prefix[0] = '\0';
    else
        snprintf(prefix, BR_CONFIG_PATH_SIZE, "%s%s", row->path,
                 row->type == BR_CONFIG_NAMED  ? ".*."
                 : row->type == BR_CONFIG_LIST ? "[]."
                                               : ".");
}

const char *br_config_child(const struct br_config_row *row, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(row->path, prefix, size) != 0 || strchr(row->path + size, '.'))
        return NULL;
    return row->path + size;
}

const struct br_config_row *br_config_row_find(const char *prefix, const char *key)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *child = br_config_child(&rows[i], prefix);
        if (child && strcmp(child, key) == 0)
            return &rows[i];
    }
    return NULL;
}
