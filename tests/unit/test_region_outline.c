/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/unit/region_fixture.h"

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

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, tells_faults_of_outlines);
    tcase_add_test(tcase, cut_outlines);
}

UNIT_MAIN("region outline", tests)
