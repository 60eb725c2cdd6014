/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include <jansson.h>

#include "tests/unit/region_fixture.h"

START_TEST(reads_the_table)
{
    struct world w;
    begin(&w, table_text);
    open_good(&w);
    ck_assert_uint_eq(br_regions_count(w.regions), TABLE);
    const struct br_region *r = br_regions_at(w.regions, GM1);
    ck_assert_str_eq(r->code, "gm9901");
    ck_assert_str_eq(r->type, "gemeente");
    ck_assert_int_eq(r->year, 2023);
    ck_assert_int_eq(r->population, 1000);
    ck_assert_double_eq(r->area_km2, 50.5);
    ck_assert_uint_eq(r->parent_count, 2);
    ck_assert_uint_eq(r->parents[0], PV1);
    ck_assert_uint_eq(r->parents[1], CR);
    ck_assert(!r->is_set && isnan(r->lat));
    r = br_regions_at(w.regions, GM3);
    ck_assert_int_eq(r->population, -1);
    ck_assert_str_eq(br_regions_at(w.regions, GM2)->name, "Neder, dorp");
    ck_assert(br_regions_at(w.regions, GM2)->area_km2 < 0);
    ck_assert_uint_eq(br_regions_find(w.regions, br_view_of("Gm9902")), GM2);
    ck_assert_uint_eq(br_regions_find(w.regions, br_view_of("NL00")), NL);
    ck_assert_uint_eq(br_regions_find(w.regions, br_view_of("gm990")), BR_REGION_NONE);
    ck_assert_uint_eq(br_regions_find(w.regions, br_view_of("gm99021")), BR_REGION_NONE);
    ck_assert_uint_eq(br_regions_find(w.regions, br_view_of("")), BR_REGION_NONE);
    end(&w);
}
END_TEST

START_TEST(homes_count_in_their_closure)
{
    struct world w;
    struct br_membership m;
    begin(&w, table_text);
    open_good(&w);
    ck_assert(br_regions_home(w.regions, GM1, NAN, NAN, &m));
    EXPECT(&m, GM1, PV1, CR, NL); /* nl00 is reached twice and counts once */
    ck_assert(br_regions_home(w.regions, WK, NAN, NAN, &m));
    EXPECT(&m, GM1, WK, PV1, CR, NL);
    ck_assert(br_regions_home(w.regions, NL, NAN, NAN, &m));
    EXPECT(&m, NL);
    ck_assert(!br_regions_home(w.regions, TABLE, NAN, NAN, &m));
    ck_assert(!br_regions_home(w.regions, BR_REGION_NONE, NAN, NAN, &m));
    ck_assert(!br_regions_locate(w.regions, 52.05, 5.02, &m)); /* there are no polygons */
    end(&w);
}
END_TEST

START_TEST(tells_all_faults_of_a_table)
{
    struct world w;
    begin(&w, "code,type,name,parents,population,area_km2\n"
              "a1,gemeente,A,b1,,\n"
              "b1,provincie,B,c1,-1,\n"
              "c1,land,C,a1|zz,x,1e9\n"
              "A1,gemeente,Again,,,\n"
              "d/1,Gemeente,D,,1.5,\n"
              "e1,gemeente,,,,\n"
              "f1,gemeente\n"
              "g1,gemeente,\xE9,,,\n");
    expect_faults(&w, "table.csv:2: parents: a1 lies in itself, by its parents or theirs\n"
                      "table.csv:3: population: out of range: -1 is not in 0 to 10000000000\n"
                      "table.csv:3: parents: b1 lies in itself, by its parents or theirs\n"
                      "table.csv:4: population: no number: \"x\"\n"
                      "table.csv:4: area_km2: out of range: 1e9 is not in 0 to 100000000\n"
                      "table.csv:4: parents: zz is not in the table\n"
                      "table.csv:4: parents: c1 lies in itself, by its parents or theirs\n"
                      "table.csv:5: code: a1 stands in line 2 already\n"
                      "table.csv:6: code: not made of letters, digits and - _ . (at most 40)\n"
                      "table.csv:6: type: not one word in lower case\n"
                      "table.csv:6: population: no whole number: \"1.5\"\n"
                      "table.csv:7: name: is empty\n"
                      "table.csv:8: 2 cells instead of 6\n"
                      "table.csv:9: name: is no UTF-8 text\n");
    end(&w);
}
END_TEST

START_TEST(tells_faults_of_a_header)
{
    struct world w;
    begin(&w, "code,typ,name,name\nnl00,land,X,Y\n");
    expect_faults(&w, "table.csv:1: unknown column \"typ\"\n"
                      "table.csv:1: name: this column stands there twice\n"
                      "table.csv:1: type: this column is missing\n");
    end(&w);
    begin(&w, "");
    expect_faults(&w, "table.csv:1: the table is empty: its first row names the columns\n");
    end(&w);
    begin(&w, table_text);
    unlink(w.config.regions.table);
    expect_faults(&w, "table.csv: cannot be read: No such file or directory\n");
    end(&w);
    begin(&w, table_text);
    w.config.regions.table = NULL;
    w.config.regions.line = 4;
    expect_faults(&w, "bruisd.yaml:4: regions.table: is missing\n");
    end(&w);
}
END_TEST

START_TEST(points_are_located)
{
    struct world w;
    struct br_membership m;
    begin(&w, table_text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    open_good(&w);
    ck_assert_uint_eq(br_regions_ignored(w.regions), 1);
    ck_assert(br_regions_locate(w.regions, 52.05, 5.02, &m));
    EXPECT(&m, GM1, PV1, CR, NL);
    ck_assert(br_regions_locate(w.regions, 52.15, 5.02, &m));
    EXPECT(&m, GM3, PV2, CR, NL);
    /* on borders: the lower index, whatever the order of the file */
    ck_assert(br_regions_locate(w.regions, 52.05, 5.1, &m));
    EXPECT(&m, GM1, PV1, CR, NL);
    ck_assert(br_regions_locate(w.regions, 52.1, 5.1, &m));
    EXPECT(&m, GM1, PV1, CR, NL);
    ck_assert(br_regions_locate(w.regions, 52.1, 5.05, &m));
    EXPECT(&m, GM1, PV1, CR, NL);
    /* no place at all */
    ck_assert(!br_regions_locate(w.regions, NAN, 5, &m));
    ck_assert(!br_regions_locate(w.regions, 152, 5, &m));
    ck_assert(!br_regions_locate(w.regions, 52, INFINITY, &m));
    ck_assert_uint_eq(m.count, 0);
    end(&w);
}
END_TEST

START_TEST(points_outside_take_the_nearest)
{
    struct world w;
    struct br_membership m;
    begin(&w, table_text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    open_good(&w);
    /* one degree of longitude is 68,678 m at 52.05 N, one of latitude 111,268 m */
    ck_assert(br_regions_locate(w.regions, 52.05, 5.2 + 1990 / 68678.0, &m));
    EXPECT(&m, GM2, PV1, NL);
    ck_assert(!br_regions_locate(w.regions, 52.05, 5.2 + 2010 / 68678.0, &m));
    ck_assert(br_regions_locate(w.regions, 52.0 - 1990 / 111264.0, 5.15, &m));
    ck_assert(!br_regions_locate(w.regions, 52.0 - 2010 / 111264.0, 5.15, &m));
    /* 1,000 m north of gm9902 and 800 m east of gm9903: nearer in metres, though not in degrees */
    ck_assert(br_regions_locate(w.regions, 52.1 + 1000 / 111272.0, 5.1 + 800 / 68600.0, &m));
    EXPECT(&m, GM3, PV2, CR, NL);
    ck_assert(br_regions_locate(w.regions, 52.1 + 700 / 111272.0, 5.1 + 800 / 68600.0, &m));
    EXPECT(&m, GM2, PV1, NL);
    /* south of the corner of both: as near to the one as to the other */
    ck_assert(br_regions_locate(w.regions, 51.99, 5.1, &m));
    EXPECT(&m, GM1, PV1, CR, NL);
    br_regions_close(w.regions);
    w.config.regions.nearest_m = 0;
    open_good(&w);
    ck_assert(!br_regions_locate(w.regions, 51.999, 5.15, &m));
    end(&w);
}
END_TEST

static const char wijken_text[] =
    "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE("WK990101", 5.0, 52.0, 5.05, 52.101) "]}";

START_TEST(levels_of_polygons)
{
    struct world w;
    struct br_membership m;
    begin(&w, table_text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    add_boundary(&w, "wijken.geojson", wijken_text);
    open_good(&w);
    ck_assert(br_regions_locate(w.regions, 52.05, 5.02, &m));
    EXPECT(&m, GM1, WK, PV1, CR, NL);
    ck_assert(br_regions_locate(w.regions, 52.05, 5.07, &m));
    EXPECT(&m, GM1, PV1, CR, NL);
    /* the outlines disagree: by the smaller one the point is in gm9901, so it is not in gm9903 nor in pv92 */
    ck_assert(br_regions_locate(w.regions, 52.1005, 5.02, &m));
    EXPECT(&m, GM1, WK, PV1, CR, NL);
    end(&w);
}
END_TEST

/* A level that crosses the provinces adds itself, and not the province that it is filed under. */
START_TEST(levels_that_cross)
{
    struct world w;
    struct br_membership m;
    char *text;
    ck_assert_int_gt(asprintf(&text, "%sVR91,veiligheidsregio,Kruis,pv92,,\n", table_text), 0);
    begin(&w, text);
    free(text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    add_boundary(&w, "vr.geojson",
                 "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE("VR91", 5.0, 52.0, 5.1, 52.2) "]}");
    open_good(&w);
    ck_assert(br_regions_locate(w.regions, 52.05, 5.02, &m));
    EXPECT(&m, GM1, PV1, CR, NL, TABLE);
    ck_assert(br_regions_locate(w.regions, 52.15, 5.02, &m));
    EXPECT(&m, GM3, PV2, CR, NL, TABLE);
    end(&w);
}
END_TEST

START_TEST(points_for_maps)
{
    struct world w;
    char *south[] = {(char *)"pv91"};
    begin(&w, table_text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    add_set(&w, "x-south", 1, south);
    open_good(&w);
    const struct br_region *r = br_regions_at(w.regions, GM2);
    ck_assert(r->lat > 52.0 && r->lat < 52.1 && r->lon > 5.1 && r->lon < 5.2);
    r = br_regions_at(w.regions, PV2); /* has no polygon: a point of one that lies in it */
    ck_assert(r->lat > 52.1 && r->lat < 52.2 && r->lon > 5.0 && r->lon < 5.1);
    r = br_regions_at(w.regions, TABLE);
    ck_assert(r->lat > 52.0 && r->lat < 52.1 && r->lon > 5.0 && r->lon < 5.2);
    ck_assert(isnan(br_regions_at(w.regions, WK)->lat));
    end(&w);
}
END_TEST

/* --- the real country --- */

static char *data_file(const char *name)
{
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s/%s", unit_data_dir(), name), 0);
    return path;
}

/* A table of all municipalities that the outlines of 2022 name. */
static char *country_table(const char *outlines)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    json_t *root = json_load_file(outlines, 0, NULL), *feature;
    size_t i;
    fputs("code,type,name,parents\nNL00,land,Nederland,\n", to);
    json_array_foreach(json_object_get(root, "features"), i, feature)
        fprintf(to, "%s,gemeente,\"%s\",nl00\n",
                json_string_value(json_object_get(json_object_get(feature, "properties"), "statcode")),
                json_string_value(json_object_get(json_object_get(feature, "properties"), "statnaam")));
    json_decref(root);
    fclose(to);
    return text;
}

START_TEST(all_facilities_of_the_country)
{
    if (!unit_data_dir()) {
        puts("skipped: no real payloads");
        return;
    }
    struct world w;
    char *outlines = data_file("regions/gemeenten_geojson/gemeenten_2022_cbs_generalised_wgs84.geojson");
    char *facilities = data_file("parking/rdw_npr_static_derived/rdw_parking_nl_2025-12-01.json");
    char *table = country_table(outlines);
    begin(&w, table);
    w.boundaries[w.config.regions.boundary_count++] =
        (struct br_config_boundary){outlines, (char *)"statcode"};
    open_good(&w);
    ck_assert_uint_eq(br_regions_count(w.regions), 346);
    ck_assert_uint_eq(br_regions_ignored(w.regions), 0);
    bool seen[346] = {false};
    size_t located = 0, municipalities = 0, i;
    json_t *root = json_load_file(facilities, 0, NULL), *feature;
    json_array_foreach(json_object_get(root, "features"), i, feature)
    {
        struct br_membership m;
        double lat = json_number_value(json_object_get(feature, "latitude"));
        double lon = json_number_value(json_object_get(feature, "longitude"));
        if (!br_regions_locate(w.regions, lat, lon, &m))
            continue;
        ck_assert_uint_eq(m.count, 2);
        ck_assert_uint_eq(m.region[0], 0);
        located++;
        seen[m.region[1]] = true;
    }
    for (size_t k = 1; k < 346; k++)
        municipalities += seen[k];
    ck_assert_uint_eq(located, 783);
    ck_assert_uint_eq(municipalities, 194);
    for (uint32_t k = 0; k < 346; k++)
        ck_assert(!isnan(br_regions_at(w.regions, k)->lat));
    json_decref(root);
    end(&w);
    free(table);
    free(outlines);
    free(facilities);
}
END_TEST

/* --- deploy/regions/make-table --- */

/* What the script prints, or NULL where it fails; the caller frees it. */
static char *make_table(const char *list)
{
    char command[512], *text = NULL, part[4096];
    size_t size, got;
    snprintf(command, sizeof command, "deploy/regions/make-table %s 2>/dev/null", list);
    FILE *from = popen(command, "r"), *to = open_memstream(&text, &size);
    while ((got = fread(part, 1, sizeof part, from)) > 0)
        fwrite(part, 1, got, to);
    fclose(to);
    if (pclose(from) == 0)
        return text;
    free(text);
    return NULL;
}

START_TEST(the_script_makes_a_table)
{
    struct world w;
    begin(&w, "");
    char *table = make_table(file(&w, "list.csv",
                                  "\xEF\xBB\xBFGemeentecode;Gemeentenaam_2023;Provincie;COROP-code;"
                                  "corop_naam;inwoners;oppervlakte_km2;Burgemeester\r\n"
                                  "GM9902;'t Dorp, Oost;Friesland;CR04;Noord;300;1.5;A\r\n"
                                  "9901;Wad;fryslân;4;Noord;200;;B\r\n"
                                  "gm0001;Stad;PV26;17;Midden;1000;30;C\r\n"));
    ck_assert_ptr_nonnull(table);
    ck_assert_str_eq(table, "code,type,name,parents,population,area_km2\n"
                            "nl00,land,Nederland,,1500,\n"
                            "ld01,landsdeel,Noord-Nederland,nl00,500,\n"
                            "ld03,landsdeel,West-Nederland,nl00,1000,30\n"
                            "pv21,provincie,Fryslân,ld01,500,\n"
                            "pv26,provincie,Utrecht,ld03,1000,30\n"
                            "cr04,corop,Noord,pv21,500,\n"
                            "cr17,corop,Midden,pv26,1000,30\n"
                            "gm0001,gemeente,Stad,pv26|cr17,1000,30\n"
                            "gm9901,gemeente,Wad,pv21|cr04,200,\n"
                            "gm9902,gemeente,\"'t Dorp, Oost\",pv21|cr04,300,1.5\n");
    w.config.regions.table = file(&w, "made.csv", table);
    open_good(&w);
    ck_assert_uint_eq(br_regions_count(w.regions), 10);
    free(table);
    end(&w);
}
END_TEST

START_TEST(the_script_refuses_bad_lists)
{
    static const char *const bad[] = {
        "",
        "gemeentecode,gemeentenaam\n1,A\n",
        "gemeentecode,gemeentenaam,provincie\nGM12345,A,Utrecht\n",
        "gemeentecode,gemeentenaam,provincie\n1,A,Nergens\n",
        "gemeentecode,gemeentenaam,provincie\n1,A,PV99\n",
        "gemeentecode,gemeentenaam,provincie\n1,A\n",
        "gemeentecode,gemeentenaam,provincie\n1,A,Utrecht\n0001,B,Utrecht\n",
        "gemeentecode,gemeentenaam,provincie,inwoners\n1,A,Utrecht,1.000\n",
        "gemeentecode,gemeentenaam,provincie\n1,\xE9,Utrecht\n",
    };
    struct world w;
    begin(&w, "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *list = file(&w, "list.csv", bad[i]);
        ck_assert_msg(!make_table(list), "list %zu", i);
    }
    ck_assert_ptr_null(make_table("/nonexistent"));
    end(&w);
}
END_TEST

START_TEST(the_script_on_the_country)
{
    if (!unit_data_dir()) {
        puts("skipped: no real payloads");
        return;
    }
    struct world w;
    char *list = data_file("regions/derived/gemeente_provincie_corop_inwoners_2023.csv");
    char *table = make_table(list);
    ck_assert_ptr_nonnull(table);
    begin(&w, table);
    open_good(&w);
    ck_assert_uint_eq(br_regions_count(w.regions), 342 + 40 + 12 + 4 + 1);
    const struct br_region *land = br_regions_at(w.regions, br_regions_find(w.regions, br_view_of("NL00")));
    ck_assert_int_eq(land->population, 17811291);
    end(&w);
    free(table);
    free(list);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_the_table);
    tcase_add_test(tcase, homes_count_in_their_closure);
    tcase_add_test(tcase, tells_all_faults_of_a_table);
    tcase_add_test(tcase, tells_faults_of_a_header);
    tcase_add_test(tcase, points_are_located);
    tcase_add_test(tcase, points_outside_take_the_nearest);
    tcase_add_test(tcase, levels_of_polygons);
    tcase_add_test(tcase, levels_that_cross);
    tcase_add_test(tcase, points_for_maps);
    tcase_add_test(tcase, all_facilities_of_the_country);
    tcase_add_test(tcase, the_script_makes_a_table);
    tcase_add_test(tcase, the_script_refuses_bad_lists);
    tcase_add_test(tcase, the_script_on_the_country);
}

UNIT_MAIN("region", tests)
