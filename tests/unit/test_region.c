/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/region.h"

#include <math.h>

#include <jansson.h>

#include "tests/unit/unit.h"

/* A country of two provinces on a grid of 0.1 degree: gm9901 and gm9902 side by side in pv91, gm9903 north of
 * gm9901 in pv92, cr91 across the provinces; wk990101 is the west half of gm9901. */
static const char table_text[] = "code,type,name,parents,population,area_km2\r\n"
                                 "GM9901,gemeente,Bovendorp,pv91|CR91,1000,50.5\r\n"
                                 "gm9902,gemeente,\"Neder, dorp\",pv91,2000,\r\n"
                                 "gm9903,gemeente,'t Noord,pv92|cr91,,70\r\n"
                                 "wk990101,wijk,West,gm9901,,\r\n"
                                 "pv91,provincie,Zuidland,nl00,3000,\r\n"
                                 "pv92,provincie,Noordland,nl00,,\r\n"
                                 "cr91,corop,Westrand,nl00,,\r\n"
                                 "nl00,land,Proefland,,,\r\n";

enum { GM1, GM2, GM3, WK, PV1, PV2, CR, NL, TABLE };

#define FEATURE(code, west, south, east, north)                                                              \
    "{\"type\":\"Feature\",\"properties\":{\"statcode\":\"" code "\",\"features\":[1]},"                     \
    "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[" BOX(west, south, east, north) "]}}"
#define BOX(west, south, east, north)                                                                        \
    "[[" #west "," #south "],[" #east "," #south "],[" #east "," #north "],[" #west "," #north "],[" #west   \
    "," #south "]]"

static const char gemeenten_text[] =
    "{\"type\":\"FeatureCollection\",\"name\":\"features\",\"crs\":null,\n\"features\":[\n" FEATURE(
        "GM9902", 5.1, 52.0, 5.2,
        52.1) ",\n" FEATURE("GM9903", 5.0, 52.1, 5.1,
                            52.2) ",\n" FEATURE("GM9901", 5.0, 52.0, 5.1,
                                                52.1) ",\n" FEATURE("GM9999", 6.0, 52.0, 6.1,
                                                                    52.1) ",\n"
                                                                          "{\"type\":\"Feature\","
                                                                          "\"properties\":{\"statcode\":"
                                                                          "\"pv92\"},\"geometry\":null}],"
                                                                          "\"last\":1}";
static const char wijken_text[] =
    "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE("WK990101", 5.0, 52.0, 5.05, 52.101) "]}";

struct world {
    char dir[64];
    struct br_config config;
    struct br_config_boundary boundaries[2];
    struct br_config_set sets[8];
    char *texts[16];
    size_t text_count;
    struct br_faults *faults;
    struct br_regions *regions;
};

static char *file(struct world *w, const char *name, const char *text)
{
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s/%s", w->dir, name), 0);
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    fclose(to);
    w->texts[w->text_count++] = path;
    return path;
}

static void begin(struct world *w, const char *table)
{
    *w = (struct world){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(w->dir));
    w->faults = br_faults_open();
    w->config.path = (char *)"bruisd.yaml";
    w->config.regions.year = 2023;
    w->config.regions.table = file(w, "table.csv", table);
    w->config.regions.nearest_m = 2000;
    w->config.regions.boundaries = w->boundaries;
    w->config.regions.sets = w->sets;
}

static void add_boundary(struct world *w, const char *name, const char *text)
{
    w->boundaries[w->config.regions.boundary_count++] =
        (struct br_config_boundary){file(w, name, text), (char *)"statcode"};
}

static struct br_config_set *add_set(struct world *w, const char *code, size_t count, char **members)
{
    struct br_config_set *set = &w->sets[w->config.regions.set_count++];
    *set = (struct br_config_set){.code = (char *)code, .name = (char *)code, .type = (char *)"set"};
    set->members = (struct br_config_texts){count, members};
    set->line = 100 + (unsigned)w->config.regions.set_count;
    return set;
}

static void open_good(struct world *w)
{
    w->regions = br_regions_open(&w->config, w->faults);
    br_faults_print(w->faults, stdout);
    ck_assert_ptr_nonnull(w->regions);
}

static void end(struct world *w)
{
    br_regions_close(w->regions);
    br_faults_close(w->faults);
    for (size_t i = 0; i < w->text_count; i++) {
        unlink(w->texts[i]);
        free(w->texts[i]);
    }
    rmdir(w->dir);
}

/* The faults as text, with the folder cut off. */
static void expect_faults(struct world *w, const char *wanted)
{
    char *text = NULL, got[4096] = "";
    size_t size;
    w->regions = br_regions_open(&w->config, w->faults);
    ck_assert_ptr_null(w->regions);
    FILE *to = open_memstream(&text, &size);
    br_faults_print(w->faults, to);
    fclose(to);
    size_t dir = strlen(w->dir) + 1;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s\n",
                 strncmp(line, w->dir, dir - 1) == 0 ? line + dir : line);
    ck_assert_str_eq(got, wanted);
    free(text);
}

static void expect_members(const struct br_membership *m, size_t count, const uint32_t *wanted)
{
    ck_assert_uint_eq(m->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(m->region[i], wanted[i]);
}

#define EXPECT(membership, ...)                                                                              \
    expect_members(membership, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                         \
                   (uint32_t[]){__VA_ARGS__})

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

START_TEST(sets_by_members_and_exceptions)
{
    struct world w;
    struct br_membership m;
    char *south[] = {(char *)"PV91"}, *all[] = {(char *)"nl00"},
         *nested[] = {(char *)"x-south", (char *)"gm9903"};
    char *two[] = {(char *)"gm9901", (char *)"x-rest"};
    begin(&w, table_text);
    add_set(&w, "x-south", 1, south);
    add_set(&w, "x-rest", 1, all)->except =
        (struct br_config_texts){1, (char **)&(char *[]){(char *)"x-south"}};
    add_set(&w, "x-nested", 2, nested)->except =
        (struct br_config_texts){1, (char **)&(char *[]){(char *)"wk990101"}};
    add_set(&w, "x-two", 2, two)->type = (char *)"woondeal";
    open_good(&w);
    ck_assert_uint_eq(br_regions_count(w.regions), TABLE + 4);
    ck_assert_uint_eq(br_regions_find(w.regions, br_view_of("X-REST")), TABLE + 1);
    const struct br_region *set = br_regions_at(w.regions, TABLE + 3);
    ck_assert(set->is_set && set->population == -1);
    ck_assert_str_eq(set->type, "woondeal");
    ck_assert_str_eq(br_regions_at(w.regions, TABLE)->type, "set");
    ck_assert(br_regions_home(w.regions, GM1, NAN, NAN, &m)); /* a member's descendants are in */
    EXPECT(&m, GM1, PV1, CR, NL, TABLE, TABLE + 2, TABLE + 3);
    ck_assert(br_regions_home(w.regions, WK, NAN, NAN, &m));
    EXPECT(&m, GM1, WK, PV1, CR, NL, TABLE, TABLE + 3);
    ck_assert(br_regions_home(w.regions, GM3, NAN, NAN, &m));
    EXPECT(&m, GM3, PV2, CR, NL, TABLE + 1, TABLE + 2, TABLE + 3);
    ck_assert(br_regions_home(w.regions, NL, NAN, NAN, &m)); /* of the whole, nobody knows which part */
    EXPECT(&m, NL, TABLE + 1, TABLE + 3);
    ck_assert(br_regions_home(w.regions, TABLE, NAN, NAN, &m)); /* a set as a home */
    EXPECT(&m, TABLE, TABLE + 2);
    end(&w);
}
END_TEST

static const char centre_text[] =
    "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[" BOX(
        5.08, 52.04, 5.12, 52.06) "," BOX(5.09, 52.045, 5.095, 52.05) "],[" BOX(7.0, 52.0, 7.1, 52.1) "]]}}";

START_TEST(sets_by_polygon)
{
    struct world w;
    struct br_membership m;
    begin(&w, table_text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    add_set(&w, "x-centre", 0, NULL)->boundary = file(&w, "centre.geojson", centre_text);
    open_good(&w);
    ck_assert(br_regions_locate(w.regions, 52.05, 5.085, &m));
    EXPECT(&m, GM1, PV1, CR, NL, TABLE);
    ck_assert(br_regions_locate(w.regions, 52.05, 5.11, &m));
    EXPECT(&m, GM2, PV1, NL, TABLE);
    ck_assert(br_regions_locate(w.regions, 52.047, 5.092, &m)); /* in its hole */
    EXPECT(&m, GM1, PV1, CR, NL);
    ck_assert(!br_regions_locate(w.regions, 52.05, 7.05, &m)); /* in the set alone */
    ck_assert(br_regions_home(w.regions, GM3, 52.05, 7.05, &m));
    EXPECT(&m, GM3, PV2, CR, NL, TABLE);
    ck_assert(br_regions_home(w.regions, GM3, NAN, NAN, &m));
    EXPECT(&m, GM3, PV2, CR, NL);
    br_regions_close(w.regions);
    w.config.regions.boundary_count = 0;
    open_good(&w);
    ck_assert(br_regions_locate(w.regions, 52.05, 7.05, &m));
    EXPECT(&m, TABLE);
    ck_assert(!br_regions_locate(w.regions, 52.15, 5.02, &m));
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

START_TEST(tells_faults_of_sets)
{
    struct world w;
    char *bad[] = {(char *)"gm9901", (char *)"gm1234"}, *itself[] = {(char *)"x-b"},
         *good[] = {(char *)"nl00"};
    begin(&w, table_text);
    add_set(&w, "x-a", 2, bad)->except = (struct br_config_texts){1, itself};
    add_set(&w, "x-b", 1, itself);
    add_set(&w, "pv91", 1, good);
    add_set(&w, "x d", 1, good)->type = (char *)"a/b";
    add_set(&w, "x-e", 0, NULL);
    add_set(&w, "x-f", 0, NULL)->boundary =
        file(&w, "f.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}");
    expect_faults(&w,
                  "bruisd.yaml:101: regions.sets: x-a: gm1234 is no region of the table and no earlier set\n"
                  "bruisd.yaml:101: regions.sets: x-a: x-b is no region of the table and no earlier set\n"
                  "bruisd.yaml:102: regions.sets: x-b: x-b is no region of the table and no earlier set\n"
                  "bruisd.yaml:103: regions.sets: pv91 is a region already\n"
                  "bruisd.yaml:104: regions.sets: x d: a code is made of letters, digits and - _ .\n"
                  "bruisd.yaml:104: regions.sets: x d: type is not one word in lower case\n"
                  "bruisd.yaml:105: regions.sets: x-e has neither members nor a boundary\n"
                  "f.geojson: holds no polygon\n");
    end(&w);
}
END_TEST

static void expect_outline_fault(const char *text, const char *fault)
{
    struct world w;
    char wanted[256];
    begin(&w, table_text);
    add_boundary(&w, "b.geojson", text);
    snprintf(wanted, sizeof wanted, "b.geojson:%s\n", fault);
    expect_faults(&w, wanted);
    end(&w);
}

#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\n\"features\":[\n" features "]}"
#define GEOMETRY(geometry)                                                                                   \
    COLLECTION("{\"type\":\"Feature\",\"properties\":{\"statcode\":\"gm9901\"},\"geometry\":" geometry "}")
#define POLYGON(ring) GEOMETRY("{\"type\":\"Polygon\",\"coordinates\":[" ring "]}")

START_TEST(tells_faults_of_outlines)
{
    expect_outline_fault("", "1: no GeoJSON: it begins with no object");
    expect_outline_fault("[1]", "1: no GeoJSON: it begins with no object");
    expect_outline_fault("{\"features\":{}}", "1: features is no array");
    expect_outline_fault("{\"features\":[{\"type\":\"Feature\"} {}]}", "1: features is not closed");
    expect_outline_fault("{\"features\":[]", "1: no JSON object: it is not closed");
    expect_outline_fault("{\"x\" 1}", "1: no JSON object");
    expect_outline_fault("{\"type\":\"Feature\"}", " no feature has a text as its property \"statcode\"");
    expect_outline_fault(POLYGON("[[5,52],[6,52],[5,52]]"),
                         "3: feature 1: a ring has fewer than 4 positions");
    expect_outline_fault(POLYGON("[[5,52],[6,52],[6,53],[5,53]]"),
                         "3: feature 1: a ring does not end where it begins");
    expect_outline_fault(POLYGON("[[155000,463000],[6,52],[6,53],[155000,463000]]"),
                         "3: feature 1: a position is not longitude and latitude in degrees");
    expect_outline_fault(POLYGON("[[5,\"52\"],[6,52],[6,53],[5,52]]"),
                         "3: feature 1: a position is not longitude and latitude in degrees");
    expect_outline_fault(GEOMETRY("{\"type\":\"Point\",\"coordinates\":[5,52]}"),
                         "3: feature 1: its geometry is no Polygon or MultiPolygon");
    expect_outline_fault(GEOMETRY("{\"type\":\"MultiPolygon\",\"coordinates\":[[]]}"),
                         "3: feature 1: a polygon without rings");
    expect_outline_fault(
        COLLECTION("{\"type\":\"Feature\",\"properties\":{\"code\":\"gm9901\"},\"geometry\":null}"),
        " no feature has a text as its property \"statcode\"");
}
END_TEST

/* A file that ends in the middle is a fault wherever it is cut. */
START_TEST(cut_outlines)
{
    size_t size = strlen(gemeenten_text);
    for (size_t cut = 1; cut < size; cut += 37) {
        struct world w;
        begin(&w, table_text);
        char *text = strndup(gemeenten_text, cut);
        add_boundary(&w, "b.geojson", text);
        free(text);
        w.regions = br_regions_open(&w.config, w.faults);
        ck_assert_ptr_null(w.regions);
        ck_assert_uint_eq(br_faults_count(w.faults), 1);
        end(&w);
    }
}
END_TEST

static void expect_covered(const struct world *w, size_t count, char **codes, const char *wanted)
{
    bool covered[32];
    char got[33] = "";
    struct br_config_texts texts = {count, codes};
    br_regions_covered(w->regions, &texts, covered);
    for (size_t i = 0; i < br_regions_count(w->regions); i++)
        got[i] = covered[i] ? '1' : '0';
    ck_assert_str_eq(got, wanted);
}

START_TEST(covered_regions)
{
    struct world w;
    char *south[] = {(char *)"pv91"}, *all[] = {(char *)"nl00"}, *rest[] = {(char *)"x-rest"};
    char *mixed[] = {(char *)"gm9902", (char *)"x-rest", (char *)"nowhere"}, *west[] = {(char *)"cr91"};
    begin(&w, table_text);
    add_boundary(&w, "gemeenten.geojson", gemeenten_text);
    add_set(&w, "x-south", 1, south);
    add_set(&w, "x-rest", 1, all)->except = (struct br_config_texts){1, west};
    add_set(&w, "x-centre", 0, NULL)->boundary = file(&w, "centre.geojson", centre_text);
    open_good(&w);
    /*                          GGGWPPCNsrc: gm9901 gm9902 gm9903 wk pv91 pv92 cr91 nl00, the sets */
    expect_covered(&w, 1, all, "11111111111");
    expect_covered(&w, 1, south, "11011000101");
    expect_covered(&w, 1, west, "10110010000");
    expect_covered(&w, 0, NULL, "00000000000");
    /* all but cr91: gm9902 is whole; pv91 is not, for gm9901 lies in cr91 */
    expect_covered(&w, 1, rest, "01000000010");
    expect_covered(&w, 3, mixed, "01000000010");
    end(&w);
}
END_TEST

START_TEST(too_many_memberships)
{
    struct world w;
    char table[8192] = "code,type,name,parents\nin,gemeente,In,", *at = table + strlen(table);
    for (int i = 0; i < BR_MEMBERSHIP_MAX; i++)
        at += sprintf(at, "%sp%d", i ? "|" : "", i);
    at += sprintf(at, "\n");
    for (int i = 0; i < BR_MEMBERSHIP_MAX; i++)
        at += sprintf(at, "p%d,kring,P,\n", i);
    begin(&w, table);
    expect_faults(&w, "table.csv:2: code: in counts in more than 64 regions and sets\n");
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
    tcase_add_test(tcase, sets_by_members_and_exceptions);
    tcase_add_test(tcase, sets_by_polygon);
    tcase_add_test(tcase, points_for_maps);
    tcase_add_test(tcase, tells_faults_of_sets);
    tcase_add_test(tcase, tells_faults_of_outlines);
    tcase_add_test(tcase, cut_outlines);
    tcase_add_test(tcase, covered_regions);
    tcase_add_test(tcase, too_many_memberships);
    tcase_add_test(tcase, all_facilities_of_the_country);
}

UNIT_MAIN("region", tests)
