/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/place.h"

#include <math.h>

#include "tests/unit/unit.h"

/* In degrees: two metres, for results differ with the grids that are installed. Expected values are of an
 * independent PROJ, those of RD of the definition of the system. */
#define TOLERANCE 2e-5

static struct br_places *places;

static void setup(void)
{
    places = br_places_open();
    ck_assert_ptr_nonnull(places);
}

static void teardown(void)
{
    br_places_close(places);
}

static void expect(const char *srs, double x, double y, double lat, double lon)
{
    double got_lat = NAN, got_lon = NAN;
    ck_assert_msg(br_places_convert(places, srs, x, y, &got_lat, &got_lon), "%s", srs);
    ck_assert_double_eq_tol(got_lat, lat, TOLERANCE);
    ck_assert_double_eq_tol(got_lon, lon, TOLERANCE);
}

static void expect_none(const char *srs, double x, double y)
{
    double lat = 1, lon = 2;
    ck_assert_msg(!br_places_convert(places, srs, x, y, &lat, &lon), "%s", srs ? srs : "NULL");
    ck_assert_double_eq(lat, 1);
    ck_assert_double_eq(lon, 2);
}

START_TEST(projected_systems)
{
    expect("EPSG:28992", 155000, 463000, 52.1551744, 5.38720621);
    expect("EPSG:31370", 154002.27, 214715.4, 51.2423418, 4.4260701);
    expect("EPSG:25832", 412000, 5317000, 48.0002382, 7.8202902);
    expect("EPSG:28992", 155000, 463000, 52.1551744, 5.38720621); /* kept from before */
    /* written easting first, though the authority has the northing first */
    expect("EPSG:31467", 3412000, 5317000, 47.9850662, 7.8200863);
    expect("EPSG:7415", 155000, 463000, 52.1551744, 5.38720621); /* with heights */
}
END_TEST

START_TEST(geographic_systems)
{
    expect("EPSG:4326", 52.5, 5.25, 52.5, 5.25);
    expect("WGS 84", 52.5, 5.25, 52.5, 5.25);
    expect("wgs84", 52.5, 5.25, 52.5, 5.25);
    expect("EPSG:4258", 52.5, 5.25, 52.5, 5.25);
    expect("urn:ogc:def:crs:OGC:1.3:CRS84", 5.25, 52.5, 52.5, 5.25);
    expect("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 5.25, 52.5, 52.5, 5.25);
    expect("EPSG:4289", 52.5, 5.25, 52.4989716, 5.2495863); /* on Bessel's ellipsoid: some 100 m away */
}
END_TEST

START_TEST(spellings)
{
    static const char *const of_rd[] = {
        "epsg:28992",
        "urn:ogc:def:crs:EPSG::28992",
        "urn:ogc:def:crs:EPSG:9.2:28992",
        "http://www.opengis.net/def/crs/EPSG/0/28992",
        "http://www.opengis.net/gml/srs/epsg.xml#28992",
    };
    for (size_t i = 0; i < sizeof of_rd / sizeof *of_rd; i++)
        expect(of_rd[i], 155000, 463000, 52.1551744, 5.38720621);
}
END_TEST

START_TEST(unknown_systems)
{
    static const char *const unknown[] = {
        NULL,
        "",
        "EPSG:",
        "EPSG:999999",
        "EPSG:0",
        "EPSG:1",
        "EPSG:28992x",
        "EPSG:28992222222",
        "28992",
        "RD",
        "Amersfoort / RD New",
        "+proj=longlat",
        "ESRI:102067",
        "EPSG:5709" /* heights alone */,
        "EPSG:4978" /* geocentric */,
    };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        expect_none(unknown[i], 52, 5);
}
END_TEST

START_TEST(no_place)
{
    expect_none("EPSG:4326", 152, 5);
    expect_none("EPSG:4326", 52, 185);
    expect_none("EPSG:4326", NAN, 5);
    expect_none("EPSG:28992", INFINITY, 463000);
    expect_none("EPSG:28992", 1e300, 463000);
    expect_none("EPSG:28992", 1e9, 463000);
    expect_none("EPSG:28992", 463000, 155000 - 2000000);
    expect_none("urn:ogc:def:crs:OGC:1.3:CRS84", 5, 95);
}
END_TEST

/* More systems than are kept, unknown ones among them. */
START_TEST(many_systems)
{
    char srs[32];
    for (int round = 0; round < 2; round++)
        for (int code = 0; code < 80; code++) {
            snprintf(srs, sizeof srs, "EPSG:%d", 990000 + code);
            expect_none(srs, 1, 2);
            if (code % 20 == 0)
                expect("EPSG:28992", 155000, 463000, 52.1551744, 5.38720621);
        }
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, projected_systems);
    tcase_add_test(tcase, geographic_systems);
    tcase_add_test(tcase, spellings);
    tcase_add_test(tcase, unknown_systems);
    tcase_add_test(tcase, no_place);
    tcase_add_test(tcase, many_systems);
}

UNIT_MAIN("place", tests)
