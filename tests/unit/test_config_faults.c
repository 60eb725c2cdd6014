/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What is told of a faulty configuration: where, of which key, and what. */
#include "tests/unit/config_fixture.h"

/* A configuration with one fault, and the whole line of it or its beginning (without the path). */
struct one_fault {
    const char *text;
    const char *told;
};

static void expect_one(const struct one_fault *expected)
{
    struct fixture fixture = fixture_begin();
    fixture_open(&fixture, expected->text);
    ck_assert_msg(br_faults_count(fixture.faults) == 1 &&
                      strncmp(fixture.told, expected->told, strlen(expected->told)) == 0,
                  "of\n%s\nwas told\n%sand not\n%s", expected->text, fixture.told, expected->told);
    ck_assert_ptr_null(fixture.config);
    fixture_end(&fixture);
}

#define EXPECT_ALL(table)                                                                                    \
    for (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++)                                            \
    expect_one(&(table)[i])

#define CITY "brokers: {city: {url: 'mqtt://127.0.0.1:1883'}}\n"
#define FEED(keys) LEAST "feeds:\n  a:\n    topics: [t]\n    adapter: spdp\n    " keys "\n"
#define INFLUX(keys) LEAST "publish:\n  influxdb:\n    url: http://127.0.0.1:8086\n    " keys "\n"
#define BROKER(keys) LEAST "brokers:\n  city:\n    url: mqtts://b.example.nl\n    " keys "\n"
#define SET(keys)                                                                                            \
    "node: test\nregions:\n  year: 2023\n  table: r.csv\n  sets:\n  - {code: x-a, members: [gm1]}\n  - "     \
    "{" keys "}\n"

START_TEST(no_yaml)
{
    static const struct one_fault table[] = {
        {"node: [a\n", "2: no YAML: "},
        {"node: test\n\tx: 1\n", "2: no YAML: "},
        {"node: \"\\xZZ\"\n", "1: no YAML: "},
        {"node: test\n# \xff\n", "2: no YAML: "},
        {LEAST "lateness: *what\n", "3: no YAML: "},
        {LEAST "--- \nnode: other\n", "4: a second document begins"},
        {"- node\n- test\n", "1: must be a map (KEY: VALUE), not a list"},
        {"node\n", "1: must be a map (KEY: VALUE), not a single value"},
        {LEAST "lateness: !secret 90s\n", "3: lateness: the tag !secret is not understood here"},
        {LEAST "lateness: \"90s\\0\"\n", "3: lateness: holds a NUL character"},
        {LEAST "? [a, b]\n: 1\n", "3: a key must be plain text"},
        {LEAST "limits: &a {memory: *a}\n", "3: is nested too deeply: more than 32 levels"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(keys)
{
    static const struct one_fault table[] = {
        {LEAST "latenes: 90s\n", "3: latenes: unknown key; did you mean lateness?\n"},
        {LEAST "zzz: ~\n", "3: zzz: unknown key\n"},
        {FEED("intreval: 1m"), "7: feeds.a.intreval: unknown key; did you mean interval?\n"},
        {LEAST "publish: {http: {port: 1}}\n", "3: publish.http.port: unknown key\n"},
        {SET("code: x-b, members: [gm1], nmae: B"),
         "7: regions.sets[1].nmae: unknown key; did you mean name?\n"},
        {LEAST "lateness: 90s\n\nlateness: 30s\n", "5: lateness: stands here again, first at line 3\n"},
        {FEED("adapter: json"), "7: feeds.a.adapter: stands here again, first at line 6\n"},
        {LEAST "feeds:\n  a: {topics: [t], adapter: spdp}\n  a: {topics: [t], adapter: spdp}\n",
         "5: feeds.a: stands here again, first at line 4\n"},
        {"regions: {year: 2023, table: r.csv}\n", "1: node: is missing: "},
        {"node: test\n", "1: regions: is missing: "},
        {"node: test\nregions:\n\n  year: 2023\n", "2: regions.table: is missing: "},
        {"node:\nregions: {year: 2023, table: r.csv}\n", "1: node: is missing: "},
        {LEAST "feeds:\n  a:\n    adapter: spdp\n", "4: feeds.a.topics: is missing: "},
        {LEAST "feeds:\n  a:\n    topics: [t]\n", "4: feeds.a.adapter: is missing: "},
        {LEAST "brokers:\n  city:\n    keepalive: 30s\n", "4: brokers.city.url: is missing: "},
        {LEAST "publish:\n  mqtt:\n    qos: 1\n", "4: publish.mqtt.broker: is missing: "},
        {SET("name: B, members: [gm1]"), "7: regions.sets[1].code: is missing: "},
        {LEAST CITY "feeds:\n  a: {topics: [t], adapter: spdp}\n", "5: feeds.a.broker: is missing: "},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(shapes)
{
    static const struct one_fault table[] = {
        {LEAST "lateness: [90s]\n", "3: lateness: must be a single value, not a list\n"},
        {LEAST "privacy: 5\n", "3: privacy: must be a map (KEY: VALUE), not a single value\n"},
        {LEAST "feeds: [a]\n", "3: feeds: must be a map of names, not a list\n"},
        {LEAST "feeds:\n  a: x\n", "4: feeds.a: must be a map (KEY: VALUE), not a single value\n"},
        {LEAST "sensors: s.csv\n", "3: sensors: must be a list, [VALUE, VALUE], not a single value\n"},
        {LEAST "windows: 5m\n", "3: windows: must be a list"},
        {FEED("options: [x]"), "7: feeds.a.options: must be a map, not a list\n"},
        {"node: test\nregions: {year: 2023, table: r.csv, sets: {code: x}}\n",
         "2: regions.sets: must be a list of maps"},
        {"node: test\nregions: {year: 2023, table: r.csv, boundaries: b}\n",
         "2: regions.boundaries: must be a list of"},
        {"node: test\nregions: {year: 2023, table: r.csv, boundaries: [{flie: b, file: c}]}\n",
         "2: regions.boundaries[0]: unknown key 'flie'"},
        {"node: test\nregions: {year: 2023, table: r.csv, boundaries: [{}]}\n",
         "2: regions.boundaries[0]: file is miss"},
        {LEAST "history: {keep: 7d}\n", "3: history.keep: must be a map"},
        {LEAST "history: {keep: {1m: [7d]}}\n", "3: history.keep.1m: must be a duration\n"},
        {LEAST "publish: {mqtt: true}\n" CITY, "3: publish.mqtt: must be a map"},
        {LEAST "windows: [5m, [1h]]\n", "3: windows[1]: must be a single value, not a list\n"},
        {LEAST "windows: [5m, ~]\n", "3: windows[1]: is empty\n"},
        {LEAST "windows: []\n", "3: windows: is empty: at least one is needed\n"},
        {LEAST "sensors: [a.csv, b.csv, a.csv]\n", "3: sensors[2]: stands in this list twice\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(numbers)
{
    static const struct one_fault table[] = {
        {LEAST "lateness: 30\n", "3: lateness: '30' has no unit, the unit is missing"},
        {LEAST "lateness: 0\n", "3: lateness: '0' has no unit, the unit is missing"},
        {LEAST "lateness: 30sec\n",
         "3: lateness: '30sec' has the wrong unit 'sec': it is one of ms s m h d\n"},
        {LEAST "lateness: 30 s\n", "3: lateness: '30 s' has the wrong unit"},
        {LEAST "lateness: 1.5m\n", "3: lateness: '1.5m' is no whole number"},
        {LEAST "lateness: soon\n", "3: lateness: 'soon' is no duration"},
        {LEAST "lateness: -1s\n", "3: lateness: '-1s' is no duration"},
        {LEAST "lateness: 99999999999999999999s\n", "3: lateness: '99999999999999999999s' is no duration"},
        {LEAST "lateness: 9999999999999999d\n", "3: lateness: '9999999999999999d' is no duration"},
        {LEAST "lateness: 2d\n", "3: lateness: 2d is out of range: it must be from 0s to 1d\n"},
        {LEAST "correct_for: 8d\n", "3: correct_for: 8d is out of range: it must be from 1s to 7d\n"},
        {LEAST "limits: {memory: 1024}\n", "3: limits.memory: '1024' has no unit, the unit is missing"},
        {LEAST "limits: {memory: 64MB}\n", "3: limits.memory: '64MB' has the wrong unit 'MB'"},
        {LEAST "limits: {memory: 1KiB}\n",
         "3: limits.memory: 1KiB is out of range: it must be from 16MiB to 1TiB\n"},
        {LEAST "limits: {sensors: many}\n", "3: limits.sensors: 'many' is no whole number\n"},
        {LEAST "limits: {sensors: 1e6}\n", "3: limits.sensors: '1e6' is no whole number\n"},
        {LEAST "limits: {sensors: '5'}\n", "3: limits.sensors: \"5\" is a text: leave the quotes out\n"},
        {LEAST "coverage_min: 2\n", "3: coverage_min: 2 is out of range: it must be from 0 to 1\n"},
        {LEAST "coverage_min: 50%\n", "3: coverage_min: '50%' is no ratio"},
        {LEAST "coverage_min: 0,5\n", "3: coverage_min: '0,5' is no ratio"},
        {LEAST "coverage_min: 0.12345\n", "3: coverage_min: '0.12345' has more than four decimals\n"},
        {FEED("qos: 3"), "7: feeds.a.qos: 3 is out of range: it must be from 0 to 2\n"},
        {FEED("republish: yes"), "7: feeds.a.republish: 'yes' is neither true nor false\n"},
        {FEED("republish: 'true'"), "7: feeds.a.republish: \"true\" is a text"},
        {FEED("max_payload: 0B"), "7: feeds.a.max_payload: 0B is out of range"},
        {FEED("max_unpacked: 2GiB"),
         "7: feeds.a.max_unpacked: 2GiB is out of range: it must be from 1B to 1GiB\n"},
        {BROKER("keepalive: 1500ms"), "6: brokers.city.keepalive: 1500ms is not in whole seconds\n"},
        {BROKER("protocol: 4"), "6: brokers.city.protocol: '4' is none of 5 3.1.1\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(texts)
{
    static const struct one_fault table[] = {
        {"node: Utrecht\nregions: {year: 2023, table: r.csv}\n",
         "1: node: 'Utrecht' is no name: 1 to 64 of a-z 0-9 - _\n"},
        {"node: \"\"\nregions: {year: 2023, table: r.csv}\n", "1: node: '' is no name"},
        {"node: a-_12345678901234567890123456789012345678901234567890123456789012\n"
         "regions: {year: 2023, table: r.csv}\n",
         "1: node: "},
        {LEAST "feeds:\n  a b: {topics: [t], adapter: spdp}\n", "4: feeds.a b: 'a b' is no name"},
        {LEAST "brokers:\n  A: {url: 'mqtt://a'}\n", "4: brokers.A: 'A' is no name"},
        {LEAST "state_dir: ''\n", "3: state_dir: is empty\n"},
        {LEAST "state_dir: \"a\\u0007\"\n", "3: state_dir: holds a control character\n"},
        {SET("code: x b, members: [gm1]"), "7: regions.sets[1].code: 'x b' is no region code"},
        {BROKER("password_credential: ../x"),
         "6: brokers.city.password_credential: is no name of a credential"},
        {LEAST "catalogue: {contact: {email: data.example.nl}}\n",
         "3: catalogue.contact.email: 'data.example.nl' is no"},
        {LEAST "catalogue: {publisher: {name: X}}\n", "3: catalogue.publisher.uri: is missing"},
        {LEAST "catalogue: {security_contact: security@example.nl}\n",
         "3: catalogue.security_contact: is no URL"},
        {LEAST "catalogue: {dataset_base: 'https://a.nl/x?y'}\n",
         "3: catalogue.dataset_base: cannot have a ? or #"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(topics)
{
    static const struct one_fault table[] = {
        {FEED("covers: [nl00]\n    topics: [a]"), "8: feeds.a.topics: stands here again"},
        {LEAST "feeds: {a: {adapter: spdp, topics: []}}\n", "3: feeds.a.topics: is empty"},
        {LEAST "feeds: {a: {adapter: spdp, topics: ['']}}\n", "3: feeds.a.topics[0]: is empty"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [a/#/b]}}\n",
         "3: feeds.a.topics[0]: 'a/#/b' is no topic filter: # can only be the last level\n"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [a/b#]}}\n",
         "3: feeds.a.topics[0]: 'a/b#' is no topic filter: # and +"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [t, a+/b]}}\n",
         "3: feeds.a.topics[1]: 'a+/b' is no topic filter"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [$share/g]}}\n",
         "3: feeds.a.topics[0]: '$share/g' is no topic filter"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [$share//t]}}\n",
         "3: feeds.a.topics[0]: '$share//t' is no topic"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [$share/g+/t]}}\n",
         "3: feeds.a.topics[0]: '$share/g+/t' is no"},
        {LEAST "feeds: {a: {adapter: spdp, topics: [$share/g/]}}\n",
         "3: feeds.a.topics[0]: '$share/g/' is no topic"},
        {LEAST "feeds: {a: {adapter: spdp, topics: ['$share/g/a#']}}\n", "3: feeds.a.topics[0]: "},
        {LEAST CITY "publish: {mqtt: {broker: city, prefix: a/+}}\n",
         "4: publish.mqtt.prefix: 'a/+' cannot begin a topic"},
        {LEAST CITY "publish: {mqtt: {broker: city, prefix: /a}}\n",
         "4: publish.mqtt.prefix: '/a' cannot begin a topic"},
        {LEAST CITY "publish: {mqtt: {broker: city, encodings: [xml]}}\n",
         "4: publish.mqtt.encodings[0]: 'xml' is none of json pb\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(good_topics)
{
    struct fixture fixture =
        fixture_good(LEAST "feeds: {a: {adapter: spdp, topics: ['#', +, +/+, /, a//b, /+/#, "
                           "$share/g/#, $SYS/#, $shared/x, 'a b/é']}}\n");
    ck_assert_uint_eq(fixture.config->feeds[0].topics.count, 10);
    fixture_end(&fixture);
}
END_TEST

START_TEST(places)
{
    static const struct one_fault table[] = {
        {LEAST "brokers: {a: {url: 'tcp://a:1883'}}\n",
         "3: brokers.a.url: is no URL that can be used here: it must begin "
         "with one of mqtt mqtts\n"},
        {LEAST "brokers: {a: {url: broker}}\n", "3: brokers.a.url: is no URL"},
        {LEAST "brokers: {a: {url: 'mqtt:broker'}}\n",
         "3: brokers.a.url: is no URL that can be used here: // is missing"},
        {LEAST "brokers: {a: {url: 'mqtt://'}}\n",
         "3: brokers.a.url: is no URL that can be used here: there is no host"},
        {LEAST "brokers: {a: {url: 'mqtt://a:0'}}\n",
         "3: brokers.a.url: is no URL that can be used here: the port"},
        {LEAST "brokers: {a: {url: 'mqtt://a:65536'}}\n",
         "3: brokers.a.url: is no URL that can be used here: the port"},
        {LEAST "brokers: {a: {url: 'mqtt://[::g]:1883'}}\n", "3: brokers.a.url: is no URL"},
        {LEAST "brokers: {a: {url: 'mqtt://a/topic'}}\n",
         "3: brokers.a.url: is no URL that can be used here: nothing can"},
        {LEAST "brokers: {a: {url: 'mqtt://a b'}}\n",
         "3: brokers.a.url: is no URL that can be used here: it holds"},
        {LEAST "publish: {http: {listen: 8080}}\n",
         "3: publish.http.listen: '8080' is no address to listen on"},
        {LEAST "publish: {http: {listen: '::1:80'}}\n", "3: publish.http.listen: '::1:80' is no address"},
        {LEAST "publish: {http: {listen: '127.0.0.1:99999'}}\n", "3: publish.http.listen: "},
        {LEAST "publish: {http: {public_url: data.example.nl}}\n", "3: publish.http.public_url: is no URL"},
        {LEAST "publish: {http: {trusted_proxies: [10.0.0.0/33]}}\n",
         "3: publish.http.trusted_proxies[0]: '10.0.0.0/33'"},
        {LEAST "publish: {http: {trusted_proxies: [proxy]}}\n",
         "3: publish.http.trusted_proxies[0]: 'proxy' is no"},
        {LEAST "publish: {influxdb: {url: 'unix://run', database: b}}\n",
         "3: publish.influxdb.url: is no URL"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(secrets_are_never_inline)
{
    static const struct one_fault table[] = {
        {BROKER("password: geheim"),
         "6: brokers.city.password: a password is never inline: use password_credential"},
        {BROKER("key: geheim"), "6: brokers.city.key: a key is never inline"},
        {INFLUX("database: b\n    password: geheim"),
         "7: publish.influxdb.password: a password is never inline"},
        {INFLUX("database: b\n    token: geheim"), "7: publish.influxdb.token: a token is never inline"},
        {LEAST "privacy: {key: geheim}\n", "3: privacy.key: a key is never inline"},
        {LEAST "brokers: {a: {url: 'mqtt://user:geheim@a'}}\n",
         "3: brokers.a.url: is no URL that can be used here: it must "
         "not hold a user or a password"},
    };
    EXPECT_ALL(table);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct fixture fixture = fixture_begin();
        fixture_open(&fixture, table[i].text);
        ck_assert_ptr_null(strstr(fixture.told, "geheim"));
        fixture_end(&fixture);
    }
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, no_yaml);
    tcase_add_test(tcase, keys);
    tcase_add_test(tcase, shapes);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, texts);
    tcase_add_test(tcase, topics);
    tcase_add_test(tcase, good_topics);
    tcase_add_test(tcase, places);
    tcase_add_test(tcase, secrets_are_never_inline);
}

UNIT_MAIN("config_faults", tests)
