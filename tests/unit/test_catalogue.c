/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/catalogue.h"

#include <math.h>

#include "bruis/v1/observation.pb-c.h"

#include "tests/unit/unit.h"

struct world {
    char dir[64];
    struct br_config config;
    struct br_config_feed feeds[2];
    char *files[4], *table;
    size_t file_count;
    struct br_faults *faults;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
};

static char *file(struct world *w, const char *name, const char *text)
{
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s/%s", w->dir, name), 0);
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    fclose(to);
    return path;
}

static void begin(struct world *w)
{
    *w = (struct world){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(w->dir));
    w->faults = br_faults_open();
    w->table =
        file(w, "regions.csv", "code,type,name,parents\nnl00,land,Proefland,\ngm9901,gemeente,Dorp,nl00\n");
    w->config.path = (char *)"bruisd.yaml";
    w->config.regions.table = w->table;
    w->feeds[0].name = (char *)"garages";
    w->feeds[1].name = (char *)"loops";
    w->config.feeds = w->feeds;
    w->config.feed_count = 2;
    w->config.sensors.at = w->files;
    w->regions = br_regions_open(&w->config, w->faults);
    ck_assert_ptr_nonnull(w->regions);
}

static void add(struct world *w, const char *name, const char *text)
{
    w->files[w->config.sensors.count++] = file(w, name, text);
}

static void end(struct world *w)
{
    br_catalogue_close(w->catalogue);
    br_regions_close(w->regions);
    br_faults_close(w->faults);
    for (size_t i = 0; i < w->config.sensors.count; i++) {
        unlink(w->files[i]);
        free(w->files[i]);
    }
    unlink(w->table);
    free(w->table);
    rmdir(w->dir);
}

static void expect_faults(struct world *w, const char *wanted)
{
    char *text = NULL, got[4096] = "";
    size_t size, dir = strlen(w->dir);
    w->catalogue = br_catalogue_open(&w->config, w->regions, w->faults);
    ck_assert_ptr_null(w->catalogue);
    FILE *to = open_memstream(&text, &size);
    br_faults_print(w->faults, to);
    fclose(to);
    for (const char *at = text; *at;) { /* the folder is cut off wherever it stands */
        if (strncmp(at, w->dir, dir) == 0)
            at += dir + 1;
        else
            strncat(got, at++, 1);
    }
    ck_assert_str_eq(got, wanted);
    free(text);
}

START_TEST(reads_all_columns)
{
    struct world w;
    begin(&w);
    add(&w, "a.csv",
        "feed,sensor,name,lat,lon,region,capacity,kind,length_m,width_m,interval_s\n"
        "garages,P-07,\"Plein, oost\",52.0894,5.1102,GM9901,640,park_and_ride,,,\n"
        "loops, S1 ,,,,,,,412.5,3.25,0.5\n");
    w.catalogue = br_catalogue_open(&w.config, w.regions, w.faults);
    ck_assert_ptr_nonnull(w.catalogue);
    ck_assert_uint_eq(br_catalogue_count(w.catalogue), 2);
    const struct br_catalogue_entry *e = br_catalogue_at(w.catalogue, 0);
    ck_assert_uint_eq(e->feed, 0);
    ck_assert_str_eq(e->sensor, "P-07");
    ck_assert_str_eq(e->name, "Plein, oost");
    ck_assert_double_eq(e->lat, 52.0894);
    ck_assert_double_eq(e->lon, 5.1102);
    ck_assert_uint_eq(e->region, 1);
    ck_assert_int_eq(e->capacity, 640);
    ck_assert_int_eq(e->kind, BRUIS__V1__PARKING_KIND__park_and_ride);
    ck_assert(isnan(e->length_m) && isnan(e->width_m));
    ck_assert_int_eq(e->interval_ms, 0);
    e = br_catalogue_at(w.catalogue, 1);
    ck_assert_uint_eq(e->feed, 1);
    ck_assert_str_eq(e->sensor, "S1");
    ck_assert_ptr_null(e->name);
    ck_assert(isnan(e->lat) && isnan(e->lon));
    ck_assert_uint_eq(e->region, BR_REGION_NONE);
    ck_assert_int_eq(e->capacity, -1);
    ck_assert_int_eq(e->kind, 0);
    ck_assert_double_eq(e->length_m, 412.5);
    ck_assert_double_eq(e->width_m, 3.25);
    ck_assert_int_eq(e->interval_ms, 500);
    end(&w);
}
END_TEST

START_TEST(few_columns_in_any_order_and_several_files)
{
    struct world w;
    begin(&w);
    add(&w, "a.csv", "sensor,feed\nP1,garages\nP1,loops\n");
    add(&w, "b.csv", "capacity,feed,sensor\r\n0,garages,P2\r\n");
    w.catalogue = br_catalogue_open(&w.config, w.regions, w.faults);
    ck_assert_ptr_nonnull(w.catalogue);
    ck_assert_uint_eq(br_catalogue_count(w.catalogue), 3);
    ck_assert_str_eq(br_catalogue_at(w.catalogue, 2)->sensor, "P2");
    ck_assert_int_eq(br_catalogue_at(w.catalogue, 2)->capacity, 0);
    end(&w);
    begin(&w);
    w.catalogue = br_catalogue_open(&w.config, w.regions, w.faults);
    ck_assert_ptr_nonnull(w.catalogue);
    ck_assert_uint_eq(br_catalogue_count(w.catalogue), 0);
    end(&w);
}
END_TEST

START_TEST(tells_all_faults)
{
    struct world w;
    begin(&w);
    add(&w, "a.csv",
        "feed,sensor,lat,lon,region,capacity,kind,interval_s\n"
        "garages,P1,52,,,,,\n"
        "nowhere,P2,,5,gm1,,,\n"
        "garages,P3,91,5,,-1,barn,0\n"
        "garages,P1,,,,1.5,,x\n"
        "garages,,,,,,,\n");
    add(&w, "b.csv", "feed,sensor\nloops,S1\ngarages,P3\n");
    add(&w, "c.csv", "feed,id\n");
    expect_faults(&w, "a.csv:2: lon: is empty, and lat is not\n"
                      "a.csv:3: feed: no feed is named \"nowhere\"\n"
                      "a.csv:3: lat: is empty, and lon is not\n"
                      "a.csv:3: region: no region has the code \"gm1\"\n"
                      "a.csv:4: lat: out of range: 91 is not in -90 to 90\n"
                      "a.csv:4: kind: no kind of parking: \"barn\"\n"
                      "a.csv:4: capacity: out of range: -1 is not in 0 to 2147483647\n"
                      "a.csv:4: interval_s: out of range: 0 is not in 0.001 to 31622400\n"
                      "a.csv:5: capacity: no whole number: \"1.5\"\n"
                      "a.csv:5: interval_s: no number: \"x\"\n"
                      "a.csv:5: sensor: P1 stands in a.csv:2 already\n"
                      "a.csv:6: sensor: is empty\n"
                      "c.csv:1: unknown column \"id\"\n"
                      "c.csv:1: sensor: this column is missing\n"
                      "b.csv:3: sensor: P3 stands in a.csv:4 already\n");
    end(&w);
}
END_TEST

START_TEST(missing_file)
{
    struct world w;
    begin(&w);
    add(&w, "a.csv", "");
    unlink(w.files[0]);
    expect_faults(&w, "a.csv: cannot be read: No such file or directory\n");
    end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_all_columns);
    tcase_add_test(tcase, few_columns_in_any_order_and_several_files);
    tcase_add_test(tcase, tells_all_faults);
    tcase_add_test(tcase, missing_file);
}

UNIT_MAIN("catalogue", tests)
