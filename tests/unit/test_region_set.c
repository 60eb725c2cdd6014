/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/unit/region_fixture.h"

static const char centre_text[] =
    "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[" BOX(
        5.08, 52.04, 5.12, 52.06) "," BOX(5.09, 52.045, 5.095, 52.05) "],[" BOX(7.0, 52.0, 7.1, 52.1) "]]}}";

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

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, sets_by_members_and_exceptions);
    tcase_add_test(tcase, sets_by_polygon);
    tcase_add_test(tcase, tells_faults_of_sets);
    tcase_add_test(tcase, covered_regions);
    tcase_add_test(tcase, too_many_memberships);
}

UNIT_MAIN("region set", tests)
