/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What a good configuration gives: values, defaults, paths. */
#include "tests/unit/config_fixture.h"

#include "adapters/adapter.h"

#include <errno.h>
#include <fcntl.h>

#define MINUTE_MS INT64_C(60000)
#define MIB (INT64_C(1) << 20)

#define BROKER "brokers: {city: {url: 'mqtts://broker.example.nl:8883'}}\n"

static const char whole[] =
    "node: utrecht\n"
    "state_dir: /var/lib/elsewhere\n"
    "regions:\n"
    "  year: 2023\n"
    "  table: regions-2023.csv\n"
    "  divisions: [{from: 2024-01-01, year: 2024, table: next.csv, boundaries: [next.geojson], succession: "
    "s.csv}]\n"
    "  boundaries: [one.geojson, {file: two.geojson, code_property: gemeentecode}, {file: three.geojson}]\n"
    "  nearest_m: 500\n"
    "  sets:\n"
    "    - {code: X-G4, name: G4, members: [GM0363, gm0599]}\n"
    "    - {code: x-rest, members: [nl00], except: [X-g4], type: rest}\n"
    "    - {code: x-centrum, name: Binnenstad, boundary: /abs/binnenstad.geojson}\n"
    "sensors: [sensors.csv]\n"
    "brokers:\n"
    "  city:\n"
    "    url: mqtts://broker.example.nl:8883\n"
    "    protocol: 3.1.1\n"
    "    client_id: mine\n"
    "    username: bruisd\n"
    "    password_credential: mqtt.password\n"
    "    ca_file: /etc/ssl/certs/ca-certificates.crt\n"
    "    cert_credential: client.crt\n"
    "    key_file: client.key\n"
    "    keepalive: 1m\n"
    "    session_expiry: 2d\n"
    "  plain: {url: 'mqtt://[::1]:1883/'}\n"
    "feeds:\n"
    "  garages:\n"
    "    broker: plain\n"
    "    topics: [parking/+/status, $share/bruis/parking/#]\n"
    "    qos: 0\n"
    "    adapter: json\n"
    "    options: {domain: parking, sensor: topic:2, values: {vacant: /free}}\n"
    "    interval: 10m\n"
    "    stale_after: 20m\n"
    "    max_payload: 64KiB\n"
    "    max_unpacked: 2MiB\n"
    "    lateness: 5m\n"
    "    licence: CC0-1.0\n"
    "    attribution: 'Gemeente Utrecht'\n"
    "    covers: [NL00]\n"
    "    republish: false\n"
    "windows: [1h, 5m, 60s]\n"
    "lateness: 30s\n"
    "correct_for: 7d\n"
    "coverage_min: 0.1234\n"
    "privacy: {pedestrian_min: 20, round_to: 10, key_file: privacy.key, min_window: 300s}\n"
    "publish:\n"
    "  mqtt: {broker: city, prefix: a/b, encodings: [pb], qos: 0, live_every: 500ms, observations: true, "
    "state: true,\n"
    "         public_url: 'mqtts://mqtt.example.nl:8883'}\n"
    "  http: {listen: '[::1]:80', public_url: 'https://data.example.nl/bruis/', ops_listen: 127.0.0.1:9090,\n"
    "         rate_limit: 60, trusted_proxies: [127.0.0.1, fd00::/8]}\n"
    "  influxdb: {url: 'unix:///run/influx.sock', api: v2, org: utrecht, bucket: bruis, token_credential: "
    "influx.token,\n"
    "             precision: s, batch: 100, flush: 2s, gzip: false, observations: true, ca_file: ca.pem,\n"
    "             cert_file: c.pem, key_file: k.pem}\n"
    "history: {keep: {1m: 1d, 60m: 10d}}\n"
    "catalogue:\n"
    "  publisher: {name: Gemeente Utrecht, uri: https://identifier.overheid.nl/tooi/id/gemeente/gm0344}\n"
    "  contact: {name: Team Data, email: data@example.nl, phone: \"+31 30 0000000\", url: "
    "https://example.nl/data}\n"
    "  dataset_base: https://data.example.nl/id/bruis\n"
    "  spatial: http://sws.geonames.org/2745912/\n"
    "  security_contact: mailto:security@example.nl\n"
    "  licence: CC0-1.0\n"
    "limits: {memory: 64MiB, journal: 2GiB, readings: 1TiB, sensors: 1000}\n";

static const char *in_folder(const struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->folder, name);
    return path;
}

START_TEST(reads_regions)
{
    struct fixture fixture = fixture_good(whole);
    const struct br_config_regions *regions = &fixture.config->regions;
    char path[128];
    ck_assert_str_eq(fixture.config->node, "utrecht");
    ck_assert_str_eq(fixture.config->path, fixture.path);
    ck_assert_str_eq(fixture.config->state_dir, "/var/lib/elsewhere");
    ck_assert_int_eq(regions->year, 2023);
    ck_assert_str_eq(regions->table, in_folder(&fixture, "regions-2023.csv", path));
    ck_assert_uint_eq(regions->line, 3);
    ck_assert_uint_eq(regions->table_line, 5);
    ck_assert_uint_eq(regions->boundaries_line, 7);
    ck_assert_uint_eq(regions->boundary_count, 3);
    ck_assert_str_eq(regions->boundaries[0].file, in_folder(&fixture, "one.geojson", path));
    ck_assert_str_eq(regions->boundaries[0].code_property, "statcode");
    ck_assert_str_eq(regions->boundaries[1].file, in_folder(&fixture, "two.geojson", path));
    ck_assert_str_eq(regions->boundaries[1].code_property, "gemeentecode");
    ck_assert_str_eq(regions->boundaries[2].code_property, "statcode");
    ck_assert_int_eq(regions->nearest_m, 500);
    ck_assert_uint_eq(regions->division_count, 1);
    ck_assert_str_eq(regions->divisions[0].from, "2024-01-01");
    ck_assert_int_eq(regions->divisions[0].year, 2024);
    ck_assert_str_eq(regions->divisions[0].table, in_folder(&fixture, "next.csv", path));
    ck_assert_str_eq(regions->divisions[0].succession, in_folder(&fixture, "s.csv", path));
    ck_assert_str_eq(regions->divisions[0].boundaries[0].file, in_folder(&fixture, "next.geojson", path));
    ck_assert_uint_eq(regions->divisions[0].line, 6);
    ck_assert_uint_eq(fixture.config->sensors.count, 1);
    ck_assert_str_eq(fixture.config->sensors.at[0], in_folder(&fixture, "sensors.csv", path));
    fixture_end(&fixture);
}
END_TEST

START_TEST(reads_sets)
{
    struct fixture fixture = fixture_good(whole);
    const struct br_config_set *sets = fixture.config->regions.sets;
    ck_assert_uint_eq(fixture.config->regions.set_count, 3);
    ck_assert_str_eq(sets[0].code, "x-g4");
    ck_assert_str_eq(sets[0].name, "G4");
    ck_assert_str_eq(sets[0].type, "set");
    ck_assert_uint_eq(sets[0].members.count, 2);
    ck_assert_str_eq(sets[0].members.at[0], "gm0363");
    ck_assert_uint_eq(sets[0].line, 10);
    ck_assert_str_eq(sets[1].name, "x-rest");
    ck_assert_str_eq(sets[1].type, "rest");
    ck_assert_str_eq(sets[1].except.at[0], "x-g4");
    ck_assert_str_eq(sets[2].boundary, "/abs/binnenstad.geojson");
    ck_assert_uint_eq(sets[2].members.count, 0);
    fixture_end(&fixture);
}
END_TEST

START_TEST(reads_brokers_and_feeds)
{
    struct fixture fixture = fixture_good(whole);
    const struct br_config_broker *city = &fixture.config->brokers[0], *plain = &fixture.config->brokers[1];
    const struct br_config_feed *feed = &fixture.config->feeds[0];
    char path[128];
    ck_assert_uint_eq(fixture.config->broker_count, 2);
    ck_assert_str_eq(city->name, "city");
    ck_assert_int_eq(city->protocol, 4);
    ck_assert_str_eq(city->client_id, "mine");
    ck_assert_str_eq(city->password.credential, "mqtt.password");
    ck_assert_ptr_null(city->password.file);
    ck_assert_str_eq(city->cert.credential, "client.crt");
    ck_assert_str_eq(city->key.file, in_folder(&fixture, "client.key", path));
    ck_assert_int_eq(city->keepalive_ms, MINUTE_MS);
    ck_assert_int_eq(city->session_expiry_ms, 2 * BR_DAY_MS);
    ck_assert_str_eq(plain->client_id, "bruisd-utrecht");
    ck_assert_uint_eq(fixture.config->feed_count, 1);
    ck_assert_str_eq(feed->name, "garages");
    ck_assert_uint_eq(feed->broker, 1);
    ck_assert_uint_eq(feed->topics.count, 2);
    ck_assert_str_eq(feed->topics.at[1], "$share/bruis/parking/#");
    ck_assert_int_eq(feed->qos, 0);
    ck_assert_str_eq(feed->adapter->name, "json");
    ck_assert_str_eq(br_node_text(br_node_get(feed->options, "sensor")), "topic:2");
    ck_assert_int_eq(feed->interval_ms, 10 * MINUTE_MS);
    ck_assert_int_eq(feed->stale_after_ms, 20 * MINUTE_MS);
    ck_assert_int_eq(feed->lateness_ms, 5 * MINUTE_MS);
    ck_assert_int_eq(feed->max_payload, 64 * 1024);
    ck_assert_int_eq(feed->max_unpacked, 2 * MIB);
    ck_assert_str_eq(feed->licence, "CC0-1.0");
    ck_assert_str_eq(feed->attribution, "Gemeente Utrecht");
    ck_assert_str_eq(feed->covers.at[0], "nl00");
    ck_assert(!feed->republish);
    fixture_end(&fixture);
}
END_TEST

START_TEST(reads_time_and_privacy)
{
    struct fixture fixture = fixture_good(whole);
    const struct br_config *config = fixture.config;
    char path[128];
    ck_assert_uint_eq(config->window_count, 3);
    ck_assert_str_eq(config->windows[0].name, "1m");
    ck_assert_str_eq(config->windows[1].name, "5m");
    ck_assert_str_eq(config->windows[2].name, "1h");
    ck_assert_int_eq(config->windows[2].length_ms, BR_HOUR_MS);
    ck_assert_int_eq(config->lateness_ms, 30000);
    ck_assert_int_eq(config->correct_for_ms, 7 * BR_DAY_MS);
    ck_assert_int_eq(config->coverage_min, 1234);
    ck_assert_int_eq(config->privacy.pedestrian_min, 20);
    ck_assert_int_eq(config->privacy.round_to, 10);
    ck_assert_int_eq(config->privacy.min_window_ms, 5 * MINUTE_MS);
    ck_assert_str_eq(config->privacy.key.file, in_folder(&fixture, "privacy.key", path));
    ck_assert_int_eq(config->history_keep_ms[0], BR_DAY_MS);
    ck_assert_int_eq(config->history_keep_ms[1], 35 * BR_DAY_MS);
    ck_assert_int_eq(config->history_keep_ms[2], 10 * BR_DAY_MS);
    ck_assert_int_eq(config->memory_max, 64 * MIB);
    ck_assert_int_eq(config->journal_max, 2048 * MIB);
    ck_assert_int_eq(config->readings_max, MIB * MIB);
    ck_assert_int_eq(config->sensors_max, 1000);
    fixture_end(&fixture);
}
END_TEST

START_TEST(reads_outputs)
{
    struct fixture fixture = fixture_good(whole);
    const struct br_config *config = fixture.config;
    ck_assert(config->mqtt.enabled && config->http.enabled && config->influxdb.enabled);
    ck_assert_uint_eq(config->mqtt.broker, 0);
    ck_assert_str_eq(config->mqtt.prefix, "a/b");
    ck_assert(!config->mqtt.json && config->mqtt.pb);
    ck_assert_int_eq(config->mqtt.qos, 0);
    ck_assert_int_eq(config->mqtt.live_every_ms, 500);
    ck_assert(config->mqtt.observations && config->mqtt.state);
    ck_assert_str_eq(config->http.listen, "[::1]:80");
    ck_assert_str_eq(config->http.public_url, "https://data.example.nl/bruis");
    ck_assert_str_eq(config->http.ops_listen, "127.0.0.1:9090");
    ck_assert_int_eq(config->http.rate_limit, 60);
    ck_assert_uint_eq(config->http.trusted_proxies.count, 2);
    ck_assert_int_eq(config->influxdb.api, 2);
    ck_assert_str_eq(config->influxdb.bucket, "bruis");
    ck_assert_str_eq(config->influxdb.token.credential, "influx.token");
    ck_assert_str_eq(config->influxdb.precision, "s");
    ck_assert_int_eq(config->influxdb.batch, 100);
    ck_assert_int_eq(config->influxdb.flush_ms, 2000);
    ck_assert(!config->influxdb.gzip && config->influxdb.observations);
    ck_assert_str_eq(config->catalogue.publisher_name, "Gemeente Utrecht");
    ck_assert_str_eq(config->catalogue.contact_phone, "+31 30 0000000");
    ck_assert_str_eq(config->catalogue.security_contact, "mailto:security@example.nl");
    ck_assert_str_eq(config->catalogue.licence, "CC0-1.0");
    fixture_end(&fixture);
}
END_TEST

START_TEST(fills_defaults)
{
    setenv("STATE_DIRECTORY", "/var/lib/bruisd/one:/var/lib/other", 1);
    struct fixture fixture =
        fixture_good(LEAST BROKER "feeds: {a: {broker: city, topics: [t], adapter: json}}\n"
                                  "publish: {mqtt: {broker: city}, http: {}}\n");
    const struct br_config *config = fixture.config;
    static const char *const names[] = {"1m", "5m", "15m", "1h", "1d"};
    static const int keep_days[] = {7, 35, 400, 3650, 3650};
    ck_assert_str_eq(config->state_dir, "/var/lib/bruisd/one");
    ck_assert_int_eq(config->regions.nearest_m, 2000);
    ck_assert_int_eq(config->brokers[0].protocol, 5);
    ck_assert_int_eq(config->brokers[0].keepalive_ms, 30000);
    ck_assert_int_eq(config->brokers[0].session_expiry_ms, BR_DAY_MS);
    ck_assert_str_eq(config->brokers[0].client_id, "bruisd-test");
    ck_assert_uint_eq(config->window_count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(config->windows[i].name, names[i]);
        ck_assert_int_eq(config->history_keep_ms[i], keep_days[i] * BR_DAY_MS);
    }
    ck_assert_int_eq(config->windows[4].length_ms, BR_DAY_MS);
    ck_assert_int_eq(config->lateness_ms, 90000);
    ck_assert_int_eq(config->correct_for_ms, BR_HOUR_MS);
    ck_assert_int_eq(config->coverage_min, 5000);
    ck_assert_int_eq(config->privacy.pedestrian_min, 10);
    ck_assert_int_eq(config->privacy.round_to, 5);
    ck_assert_int_eq(config->privacy.min_window_ms, 5 * MINUTE_MS);
    ck_assert(config->mqtt.json && config->mqtt.pb && !config->mqtt.observations && !config->mqtt.state);
    ck_assert_str_eq(config->mqtt.prefix, "bruis");
    ck_assert_int_eq(config->mqtt.qos, 1);
    ck_assert_int_eq(config->mqtt.live_every_ms, 1000);
    ck_assert(config->http.enabled && !config->influxdb.enabled);
    ck_assert_str_eq(config->http.listen, "127.0.0.1:8080");
    ck_assert_ptr_null(config->http.ops_listen);
    ck_assert_int_eq(config->memory_max, 256 * MIB);
    ck_assert_int_eq(config->journal_max, 1024 * MIB);
    ck_assert_int_eq(config->readings_max, 2048 * MIB);
    ck_assert_int_eq(config->sensors_max, 200000);
    fixture_end(&fixture);
}
END_TEST

START_TEST(state_dir_without_systemd)
{
    unsetenv("STATE_DIRECTORY");
    struct fixture fixture = fixture_good(LEAST);
    ck_assert_str_eq(fixture.config->state_dir, "/var/lib/bruisd");
    ck_assert(!fixture.config->mqtt.enabled && !fixture.config->http.enabled);
    fixture_end(&fixture);
}
END_TEST

static struct br_config_feed *feed_of(struct fixture *fixture, const char *keys)
{
    char text[1024];
    snprintf(text, sizeof text, LEAST "lateness: 10s\nfeeds: {a: {topics: [t], %s}}\n", keys);
    *fixture = fixture_good(text);
    return &fixture->config->feeds[0];
}

START_TEST(fills_defaults_of_feeds)
{
    struct fixture fixture;
    const struct br_config_feed *feed = feed_of(&fixture, "adapter: spdp");
    ck_assert_uint_eq(feed->broker, SIZE_MAX);
    ck_assert_ptr_null(feed->options);
    ck_assert_int_eq(feed->qos, 1);
    ck_assert_int_eq(feed->interval_ms, MINUTE_MS);
    ck_assert_int_eq(feed->stale_after_ms, 15 * MINUTE_MS);
    ck_assert_int_eq(feed->lateness_ms, 10000);
    ck_assert_int_eq(feed->max_payload, MIB);
    ck_assert_int_eq(feed->max_unpacked, 100 * MIB);
    ck_assert(feed->republish);
    fixture_end(&fixture);
    feed = feed_of(&fixture, "adapter: spdp, interval: 5m, max_payload: 11MiB");
    ck_assert_int_eq(feed->stale_after_ms, 15 * MINUTE_MS);
    ck_assert_int_eq(feed->max_unpacked, 1024 * MIB);
    fixture_end(&fixture);
    feed = feed_of(&fixture, "adapter: spdp, interval: 301s");
    ck_assert_int_eq(feed->stale_after_ms, 903000);
    fixture_end(&fixture);
}
END_TEST

START_TEST(records_of_people_are_not_republished)
{
    struct fixture fixture;
    ck_assert(!feed_of(&fixture, "adapter: cmsa")->republish);
    fixture_end(&fixture);
    ck_assert(feed_of(&fixture, "adapter: cmsa, republish: true")->republish);
    fixture_end(&fixture);
    ck_assert(!feed_of(&fixture, "adapter: json, options: {domain: pedestrian}")->republish);
    fixture_end(&fixture);
    ck_assert(feed_of(&fixture, "adapter: json, options: {domain: traffic}")->republish);
    fixture_end(&fixture);
    ck_assert(feed_of(&fixture, "adapter: datex2")->republish);
    fixture_end(&fixture);
}
END_TEST

START_TEST(null_counts_as_absent)
{
    struct fixture fixture = fixture_good(LEAST "lateness:\nwindows: ~\nprivacy: null\n"
                                                "publish: {http: , mqtt: }\nfeeds: {a: }\n"
                                                "limits: {memory: ~}\nstate_dir:\n");
    ck_assert_int_eq(fixture.config->lateness_ms, 90000);
    ck_assert_uint_eq(fixture.config->window_count, 5);
    ck_assert(!fixture.config->http.enabled);
    ck_assert_uint_eq(fixture.config->feed_count, 0);
    ck_assert_int_eq(fixture.config->memory_max, 256 * MIB);
    fixture_end(&fixture);
}
END_TEST

START_TEST(files_of_options_become_absolute)
{
    struct fixture fixture;
    char path[128];
    const struct br_config_feed *feed =
        feed_of(&fixture, "adapter: datex2, options: {site_table: sites.xml.gz}");
    ck_assert_str_eq(br_node_text(br_node_get(feed->options, "site_table")),
                     in_folder(&fixture, "sites.xml.gz", path));
    fixture_end(&fixture);
}
END_TEST

START_TEST(relative_path_of_the_file)
{
    struct fixture fixture = fixture_begin();
    char path[128];
    fixture_file(&fixture, "bruisd.yaml", LEAST);
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(chdir(fixture.folder), 0);
    fixture.config = br_config_open("bruisd.yaml", fixture.faults);
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
    ck_assert_ptr_nonnull(fixture.config);
    ck_assert_str_eq(fixture.config->path, "bruisd.yaml");
    ck_assert_str_eq(fixture.config->regions.table, in_folder(&fixture, "regions.csv", path));
    fixture_end(&fixture);
}
END_TEST

START_TEST(missing_file_is_no_fault)
{
    struct fixture fixture = fixture_begin();
    errno = 0;
    ck_assert_ptr_null(br_config_open("/nowhere/bruisd.yaml", fixture.faults));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_ptr_null(br_config_open(fixture.folder, fixture.faults));
    ck_assert_int_eq(errno, EISDIR);
    ck_assert_uint_eq(br_faults_count(fixture.faults), 0);
    fixture_end(&fixture);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_regions);
    tcase_add_test(tcase, reads_sets);
    tcase_add_test(tcase, reads_brokers_and_feeds);
    tcase_add_test(tcase, reads_time_and_privacy);
    tcase_add_test(tcase, reads_outputs);
    tcase_add_test(tcase, fills_defaults);
    tcase_add_test(tcase, state_dir_without_systemd);
    tcase_add_test(tcase, fills_defaults_of_feeds);
    tcase_add_test(tcase, records_of_people_are_not_republished);
    tcase_add_test(tcase, null_counts_as_absent);
    tcase_add_test(tcase, files_of_options_become_absolute);
    tcase_add_test(tcase, relative_path_of_the_file);
    tcase_add_test(tcase, missing_file_is_no_fault);
}

UNIT_MAIN("config", tests)
