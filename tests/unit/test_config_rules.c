/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Rules between keys, and where their faults are told. */
#include "tests/unit/config_fixture.h"

#define CITY "brokers: {city: {url: 'mqtt://127.0.0.1:1883'}}\n"
#define REGIONS(keys) "node: test\nregions:\n  year: 2023\n  table: r.csv\n" keys
#define OFF "privacy: {pedestrian_min: 0, round_to: 1}\n"

/* A configuration, and all that is told of it. */
struct all_faults {
    const char *text;
    const char *told;
};

static void expect_all(const struct all_faults *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture fixture = fixture_begin();
        fixture_open(&fixture, table[i].text);
        ck_assert_msg(strcmp(fixture.told, table[i].told) == 0, "of\n%s\nwas told\n%sand not\n%s",
                      table[i].text, fixture.told, table[i].told);
        ck_assert(!fixture.config == (table[i].told[0] != '\0'));
        fixture_end(&fixture);
    }
}

#define EXPECT_ALL(table) expect_all(table, sizeof(table) / sizeof(table)[0])

START_TEST(windows)
{
    static const struct all_faults table[] = {
        {LEAST OFF "windows: [1s, 2s, 10s, 30s, 1m, 30m, 1h, 1d]\n", ""},
        {LEAST OFF "windows: [1d]\n", ""},
        {LEAST OFF "windows: [90s, 1d]\n", ""},
        {LEAST OFF "windows: [7m]\n", "4: windows[0]: 7m does not divide the hour\n"},
        {LEAST OFF "windows: [500ms]\n", "4: windows[0]: 500ms is shorter than 1s\n"},
        {LEAST OFF "windows: [1h, 2h]\n", "4: windows[1]: 2h is not possible: above 1h there is only 1d\n"},
        {LEAST OFF "windows: [7d]\n", "4: windows[0]: 7d is not possible: above 1h there is only 1d\n"},
        {LEAST OFF "windows: [24h]\n",
         "4: windows[0]: 24h must be written 1d: a local day has 23 to 25 hours\n"},
        {LEAST OFF "windows:\n- 15m\n- 10m\n",
         "5: windows[0]: 15m is no multiple of 10m, the next shorter window\n"},
        {LEAST OFF "windows: [1m, 60s]\n", "4: windows[1]: 60s is a window that the list has already\n"},
        {LEAST OFF "windows: [1s, 2s, 4s, 20s, 1m, 5m, 15m, 30m, 1h]\n",
         "4: windows[8]: there are at most 8 windows\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(protected_windows)
{
    static const struct all_faults table[] = {
        {LEAST "privacy: {min_window: 7m}\n", "3: privacy.min_window: 7m does not divide the hour\n"},
        {LEAST "windows: [6m, 1h]\n",
         "3: windows[0]: 6m is no multiple of privacy.min_window, which is 5m by default\n"},
        {LEAST "windows: [6m, 1h]\nprivacy: {pedestrian_min: 0, round_to: 1}\n", ""},
        {LEAST "windows: [6m, 1h]\nprivacy:\n  min_window: 3m\n", ""},
        {LEAST "windows: [2m, 6m, 1h]\nprivacy:\n  min_window: 4m\n",
         "5: privacy.min_window: the window 6m is no multiple of 4m\n"},
        {LEAST "windows: [1m, 15m]\nprivacy: {min_window: 15m}\n", ""},
        {LEAST "privacy: {min_window: 2h}\n",
         "3: privacy.min_window: 2h is out of range: it must be from 1s to 1h\n"},
        {LEAST "privacy: {key_credential: a, key_file: b}\n",
         "3: privacy.key_file: cannot stand beside key_credential: give one of the two\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(history)
{
    static const struct all_faults table[] = {
        {LEAST "history: {keep: {1m: 1d, 30m: 7d, 1d: 36500d, 5m: }}\n", ""},
        {LEAST "history: {keep: {live: 7d}}\n", "3: history.keep.live: this is no window: 'live' is no "
                                                "duration: write a whole number and a unit, as in 30s\n"},
        {LEAST "history: {keep: {2h: 7d}}\n",
         "3: history.keep.2h: this is no window: 2h is not possible: above 1h there is only 1d\n"},
        {LEAST "history: {keep: {1d: 12h}}\n",
         "3: history.keep.1d: 12h is out of range: it must be from 1d to 36500d\n"},
        {LEAST "history: {keep: {1m: 7}}\n", "3: history.keep.1m: '7' has no unit, the unit is missing: "
                                             "write one of ms s m h d behind it, as in 30s\n"},
        {LEAST "history:\n  keep:\n    1h: 7d\n    60m: 8d\n", "6: history.keep: 60m is 1h once more\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(references)
{
    static const struct all_faults table[] = {
        {LEAST CITY "feeds:\n  a:\n    topics: [t]\n    adapter: spdp\n    broker: ctiy\n",
         "8: feeds.a.broker: there is no broker 'ctiy'; did you mean city?\n"},
        {LEAST "feeds:\n  a:\n    topics: [t]\n    adapter: spdp\n    broker: city\n",
         "7: feeds.a.broker: there is no broker 'city' among brokers\n"},
        {LEAST CITY "publish:\n  mqtt:\n    broker: village\n",
         "6: publish.mqtt.broker: there is no broker 'village' among brokers\n"},
        {LEAST "feeds:\n  a:\n    topics: [t]\n    adapter: jason\n",
         "6: feeds.a.adapter: there is no adapter 'jason'; did you mean json?\n"},
        {LEAST "feeds:\n  a:\n    topics: [t]\n    adapter: telepathy\n",
         "6: feeds.a.adapter: there is no adapter 'telepathy': see `bruisd adapters`\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(brokers)
{
    static const struct all_faults table[] = {
        {LEAST "brokers:\n  a:\n    url: mqtts://b\n    password_credential: x\n    password_file: y\n",
         "7: brokers.a.password_file: cannot stand beside password_credential: give one of the two\n"},
        {LEAST "brokers:\n  a:\n    url: mqtts://b\n    cert_file: c.pem\n",
         "6: brokers.a.cert_file: needs key_file or its credential beside it\n"},
        {LEAST "brokers:\n  a:\n    url: mqtts://b\n    key_credential: k\n",
         "6: brokers.a.key_credential: needs cert_file or its credential beside it\n"},
        {LEAST "brokers:\n  a:\n    url: mqtts://b\n    protocol: 3.1.1\n    password_file: p\n",
         "7: brokers.a.username: is missing: protocol 3.1.1 has no password without a user name\n"},
        {LEAST "brokers:\n  a:\n    url: mqtts://b\n    password_file: p\n", ""},
        {LEAST "brokers:\n  a: {url: 'mqtts://b'}\n  c: {url: 'mqtts://b'}\n",
         "5: brokers.c.client_id: 'bruisd-test' is that of a as well, at the same url: the broker would "
         "throw one of "
         "them out\n"},
        {LEAST "brokers:\n  a: {url: 'mqtts://b'}\n  c: {url: 'mqtts://b', client_id: other}\n", ""},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(outputs)
{
    static const struct all_faults table[] = {
        {LEAST "publish:\n  influxdb:\n    url: http://a\n",
         "4: publish.influxdb.database: is missing: api v1, the default, needs it\n"},
        {LEAST "publish:\n  influxdb:\n    url: http://a\n    api: v2\n    org: o\n",
         "6: publish.influxdb.bucket: is missing: api v2 needs it\n"},
        {LEAST "publish:\n  influxdb:\n    url: http://a\n    api: v3\n    bucket: b\n    database: d\n",
         "8: publish.influxdb.database: is no key of api v3\n"},
        {LEAST "publish:\n  influxdb:\n    url: http://a\n    database: d\n    token_file: t\n",
         "7: publish.influxdb.token_file: is no key of api v1\n"},
        {LEAST "publish:\n  influxdb:\n    url: http://a\n    api: v4\n",
         "6: publish.influxdb.api: 'v4' is none of v1 v2 v3\n"},
        {LEAST "publish:\n  influxdb:\n    url: https://a\n    database: d\n    key_file: k\n",
         "7: publish.influxdb.key_file: needs cert_file beside it\n"},
        {LEAST "publish:\n  http:\n    listen: 127.0.0.1:80\n    ops_listen: 127.0.0.1:80\n",
         "6: publish.http.ops_listen: 127.0.0.1:80 is the address of listen: what is for operators needs one "
         "of its "
         "own\n"},
        {LEAST "publish: {http: {listen: 127.0.0.1:0, ops_listen: 127.0.0.1:0}}\n", ""},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(regions)
{
    static const struct all_faults table[] = {
        {REGIONS("  sets:\n  - {code: x-a}\n"), "6: regions.sets[0]: needs members or a boundary\n"},
        {REGIONS("  sets:\n  - code: x-a\n    members: [gm1]\n    boundary: b\n"),
         "8: regions.sets[0]: boundary cannot stand beside members\n"},
        {REGIONS("  sets:\n  - code: x-a\n    boundary: b\n    except: [gm1]\n"),
         "8: regions.sets[0]: except takes away from members, not from a boundary\n"},
        {REGIONS("  sets:\n  - {code: x-a, members: [gm1]}\n  - {code: X-A, members: [gm2]}\n"),
         "7: regions.sets[1]: the code x-a is that of an earlier set\n"},
        {REGIONS("  divisions:\n  - {from: 2025-01-01, year: 2025, table: a}\n"
                 "  - {from: 2024-01-01, year: 2024, table: b}\n"),
         "7: regions.divisions[1].from: 2024-01-01 is not after 2025-01-01, that of the one before\n"},
        {REGIONS("  divisions:\n  - {from: 2023-02-29, year: 2025, table: a}\n"),
         "6: regions.divisions[0].from: '2023-02-29' is no date: write it as 2024-01-01\n"},
    };
    EXPECT_ALL(table);
}
END_TEST

START_TEST(all_at_once)
{
    struct fixture fixture = fixture_begin();
    fixture_open(&fixture, "node: Test\n"
                           "regions: {table: r.csv}\n"
                           "feeds:\n"
                           "  garages:\n"
                           "    topics: [a#]\n"
                           "    interval: 60\n"
                           "    intervall: 60s\n"
                           "    adapter: jsn\n"
                           "    broker: city\n"
                           "lateness: 90s\n"
                           "windows: [1m, 7m]\n"
                           "lateness: 9s\n");
    ck_assert_str_eq(
        fixture.told,
        "1: node: 'Test' is no name: 1 to 64 of a-z 0-9 - _\n"
        "2: regions.year: is missing: the year of the division that the figures carry\n"
        "5: feeds.garages.topics[0]: 'a#' is no topic filter: # and + must be a level of their own\n"
        "6: feeds.garages.interval: '60' has no unit, the unit is missing: write one of ms s m h d behind "
        "it, as in 30s\n"
        "7: feeds.garages.intervall: unknown key; did you mean interval?\n"
        "8: feeds.garages.adapter: there is no adapter 'jsn'; did you mean json?\n"
        "9: feeds.garages.broker: there is no broker 'city' among brokers\n"
        "11: windows[1]: 7m does not divide the hour\n"
        "12: lateness: stands here again, first at line 10\n");
    fixture_end(&fixture);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, windows);
    tcase_add_test(tcase, protected_windows);
    tcase_add_test(tcase, history);
    tcase_add_test(tcase, references);
    tcase_add_test(tcase, brokers);
    tcase_add_test(tcase, outputs);
    tcase_add_test(tcase, regions);
    tcase_add_test(tcase, all_at_once);
}

UNIT_MAIN("config_rules", tests)
