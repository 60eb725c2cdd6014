/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What `bruisd check` adds: files that are named, regions, catalogues, adapters. And secrets, which it does
 * not open. */
#include "tests/unit/config_fixture.h"

#include <errno.h>

static const char table_text[] = "code,type,name,parents\n"
                                 "gm9901,gemeente,Bovendorp,pv91\n"
                                 "gm9902,gemeente,Nederdorp,pv91\n"
                                 "pv91,provincie,Zuidland,nl00\n"
                                 "nl00,land,Proefland,\n";

#define GARAGES                                                                                              \
    "feeds:\n"                                                                                               \
    "  garages:\n"                                                                                           \
    "    topics: [t]\n"                                                                                      \
    "    adapter: json\n"                                                                                    \
    "    options:\n"

static struct fixture check(const char *text)
{
    struct fixture fixture = fixture_begin();
    fixture_file(&fixture, "regions.csv", table_text);
    fixture_open(&fixture, text);
    ck_assert_str_eq(fixture.told, "");
    br_config_check(fixture.config, fixture.faults);
    fixture_tell(&fixture);
    return fixture;
}

static void expect(const char *text, const char *told)
{
    struct fixture fixture = check(text);
    ck_assert_msg(strncmp(fixture.told, told, strlen(told)) == 0, "of\n%s\nwas told\n%sand not\n%s", text,
                  fixture.told, told);
    ck_assert(*told || !*fixture.told);
    fixture_end(&fixture);
}

START_TEST(good_configuration)
{
    expect(LEAST, "");
    expect(LEAST GARAGES
           "      {domain: parking, sensor: topic:1, timezone: Europe/Amsterdam, values: {vacant: /free},\n"
           "       observed_at: {at: /t, format: local}}\n"
           "    covers: [PV91, gm9901]\n",
           "");
}
END_TEST

/* The path of a file stands in its fault, and the folder is a new one each time. */
static void expect_file(const char *text, const char *key, const char *name)
{
    char told[256];
    struct fixture fixture = check(text);
    snprintf(told, sizeof told, "%s: %s/%s cannot be opened: No such file or directory\n", key,
             fixture.folder, name);
    ck_assert_msg(strcmp(fixture.told, told) == 0, "of\n%s\nwas told\n%sand not\n%s", text, fixture.told,
                  told);
    fixture_end(&fixture);
}

START_TEST(files_that_are_missing)
{
    expect_file("node: test\nregions: {year: 2023, table: none.csv}\n", "2: regions.table", "none.csv");
    expect_file(
        "node: test\nregions:\n  year: 2023\n  table: regions.csv\n  boundaries: [{file: b.geojson}]\n",
        "5: regions.boundaries[0]", "b.geojson");
    expect_file("node: test\nregions:\n  year: 2023\n  table: regions.csv\n  sets:\n  - {code: x, boundary: "
                "b.geojson}\n",
                "6: regions.sets[0].boundary", "b.geojson");
    expect_file("node: test\nregions:\n  year: 2023\n  table: regions.csv\n  divisions:\n"
                "  - {from: 2024-01-01, year: 2024, table: regions.csv, succession: s.csv}\n",
                "6: regions.divisions[0].succession", "s.csv");
    expect_file(LEAST "sensors: [s.csv]\n", "3: sensors[0]", "s.csv");
    expect_file(LEAST "brokers:\n  a:\n    url: mqtts://b\n    ca_file: ca.pem\n", "6: brokers.a.ca_file",
                "ca.pem");
    expect_file(LEAST "brokers:\n  a:\n    url: mqtts://b\n    password_file: p\n",
                "6: brokers.a.password_file", "p");
    expect_file(LEAST "privacy: {key_file: k}\n", "3: privacy.key_file", "k");
    expect_file(LEAST "publish: {influxdb: {url: 'http://a', database: d, password_file: p}}\n",
                "3: publish.influxdb.password_file", "p");
    expect_file(LEAST "feeds: {a: {topics: [t], adapter: datex2, options: {site_table: s.xml}}}\n",
                "3: feeds.a.options.site_table", "s.xml");
}
END_TEST

START_TEST(what_is_not_opened)
{
    expect(LEAST
           "state_dir: none\nbrokers: {a: {url: 'mqtts://b', password_credential: p, cert_credential: c,\n"
           "  key_credential: k}}\nprivacy: {key_credential: k}\n",
           "");
}
END_TEST

START_TEST(folder_is_no_file)
{
    expect(LEAST "brokers: {a: {url: 'mqtts://b', ca_file: /tmp}}\n",
           "3: brokers.a.ca_file: /tmp is a folder\n");
}
END_TEST

START_TEST(regions_that_are_unknown)
{
    expect(LEAST
           "feeds:\n  a:\n    topics: [t]\n    adapter: datex2\n    covers:\n    - nl00\n    - GM0001\n",
           "9: feeds.a.covers: there is no region 'gm0001'\n");
    struct fixture fixture = check("node: test\nregions:\n  year: 2023\n  table: regions.csv\n  sets:\n"
                                   "  - {code: x-a, members: [gm9901, gm0002], except: [gm0003]}\n");
    ck_assert_ptr_nonnull(strstr(fixture.told, "gm0002"));
    ck_assert_ptr_nonnull(strstr(fixture.told, "gm0003"));
    ck_assert_uint_eq(br_faults_count(fixture.faults), 2);
    ck_assert_int_eq(strncmp(fixture.told, "6: ", 3), 0);
    fixture_end(&fixture);
}
END_TEST

START_TEST(catalogue_faults)
{
    struct fixture fixture = fixture_begin();
    fixture_file(&fixture, "regions.csv", table_text);
    fixture_file(&fixture, "sensors.csv", "feed,sensor,region\nnone,s,gm9901\n");
    fixture_open(&fixture, LEAST "sensors: [sensors.csv]\n");
    ck_assert_ptr_nonnull(fixture.config);
    br_config_check(fixture.config, fixture.faults);
    ck_assert_uint_eq(br_faults_count(fixture.faults), 1);
    ck_assert_ptr_nonnull(strstr(fixture_tell(&fixture), "/sensors.csv:2: feed: "));
    fixture_end(&fixture);
}
END_TEST

START_TEST(adapter_options)
{
    expect(LEAST GARAGES "      {domain: parking, sensor: topic:1, values: {vacant: /free}, colour: red}\n",
           "8: feeds.garages.options.colour: is no option of adapter json\n");
    expect(LEAST GARAGES "      {sensor: topic:1, values: {vacant: /free}}\n",
           "7: feeds.garages.options.domain: is missing");
    expect(LEAST GARAGES "      domain: parking\n      sensor: topic:1\n      values: {vacant: /free}\n"
                         "      timezone: Europe/Nergens\n",
           "11: feeds.garages.options.timezone: 'Europe/Nergens'");
    expect(LEAST "feeds:\n  a:\n    topics: [t]\n    adapter: json\n",
           "4: feeds.a.options.domain: is missing");
}
END_TEST

/* Faults of every kind in one go, in order of lines. */
START_TEST(all_at_once)
{
    struct fixture fixture = check(
        LEAST "brokers: {b: {url: 'mqtts://b', ca_file: /nowhere/ca.pem}}\n"
              "feeds:\n"
              "  a: {broker: b, topics: [t], adapter: datex2, covers: [gm0001], options: {detail: axle}}\n"
              "  c: {broker: b, topics: [t], adapter: json}\n");
    ck_assert_int_eq(strncmp(fixture.told, "3: brokers.b.ca_file: ", 22), 0);
    ck_assert_ptr_nonnull(strstr(fixture.told, "\n5: feeds.a.covers: "));
    ck_assert_ptr_nonnull(strstr(fixture.told, "\n5: feeds.a.options.detail: 'axle'"));
    ck_assert_ptr_nonnull(strstr(fixture.told, "\n6: feeds.c.options.domain: is missing"));
    fixture_end(&fixture);
}
END_TEST

static char *credential(const char *name, size_t *size)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    struct br_config_secret secret = {.credential = copy};
    return br_config_secret_read(&secret, size);
}

START_TEST(secrets)
{
    struct fixture fixture = fixture_begin();
    char path[128], long_path[8];
    size_t size = 0;
    fixture_file(&fixture, "mqtt.password", "plain\n");
    fixture_file(&fixture, "bruisd_influx.token", "ours\r\n");
    fixture_file(&fixture, "influx.token", "theirs");
    fixture_file(&fixture, "two-lines", "a\n\n");
    fixture_file(&fixture, "nothing", "");
    setenv("CREDENTIALS_DIRECTORY", fixture.folder, 1);

    char *text = credential("mqtt.password", &size);
    ck_assert_str_eq(text, "plain");
    ck_assert_uint_eq(size, 5);
    free(text);
    text = credential("influx.token", &size);
    ck_assert_str_eq(text, "ours");
    free(text);
    text = credential("two-lines", &size);
    ck_assert_str_eq(text, "a\n");
    free(text);
    text = credential("nothing", &size);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(size, 0);
    free(text);
    errno = 0;
    ck_assert_ptr_null(credential("none", &size));
    ck_assert_int_eq(errno, ENOENT);

    snprintf(path, sizeof path, "%s/influx.token", fixture.folder);
    struct br_config_secret file = {.file = path}, none = {0};
    text = br_config_secret_read(&file, &size);
    ck_assert_str_eq(text, "theirs");
    free(text);
    ck_assert_int_eq(br_config_secret_path(&file, long_path, sizeof long_path), -1);
    ck_assert_int_eq(errno, ENAMETOOLONG);
    ck_assert_int_eq(br_config_secret_path(&none, path, sizeof path), -1);
    ck_assert_int_eq(errno, ENOENT);

    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert_ptr_null(credential("mqtt.password", &size));
    ck_assert_int_eq(errno, ENOENT);
    fixture_end(&fixture);
}
END_TEST

START_TEST(secret_with_any_bytes)
{
    struct fixture fixture = fixture_begin();
    char path[128];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/key", fixture.folder);
    FILE *file = fopen(path, "w");
    ck_assert_uint_eq(fwrite("a\0b\xff", 1, 4, file), 4);
    ck_assert_int_eq(fclose(file), 0);
    struct br_config_secret secret = {.file = path};
    char *text = br_config_secret_read(&secret, &size);
    ck_assert_uint_eq(size, 4);
    ck_assert_mem_eq(text, "a\0b\xff", 5);
    free(text);
    file = fopen(path, "w");
    for (int i = 0; i < 64 * 1024; i++)
        putc('x', file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_ptr_null(br_config_secret_read(&secret, &size));
    ck_assert_int_eq(errno, EFBIG);
    fixture_end(&fixture);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, good_configuration);
    tcase_add_test(tcase, files_that_are_missing);
    tcase_add_test(tcase, what_is_not_opened);
    tcase_add_test(tcase, folder_is_no_file);
    tcase_add_test(tcase, regions_that_are_unknown);
    tcase_add_test(tcase, catalogue_faults);
    tcase_add_test(tcase, adapter_options);
    tcase_add_test(tcase, all_at_once);
    tcase_add_test(tcase, secrets);
    tcase_add_test(tcase, secret_with_any_bytes);
}

UNIT_MAIN("config_check", tests)
