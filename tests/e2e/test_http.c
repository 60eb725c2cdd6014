/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the resources give. */
#include "tests/e2e/http_fixture.h"

START_TEST(landing)
{
    json_t *root = fetch("/v1");
    ck_assert_str_eq(link_of(root, "self"), "/v1");
    ck_assert_str_eq(link_of(root, "conformance"), "/v1/conformance");
    ck_assert_str_eq(link_of(root, "data"), "/v1/collections");
    json_decref(root);
    json_t *conformance = fetch("/v1/conformance?f=json");
    ck_assert_uint_eq(json_array_size(json_object_get(conformance, "conformsTo")), 2);
    json_decref(conformance);
    json_t *all = fetch("/v1/collections");
    json_t *list = json_object_get(all, "collections");
    ck_assert_uint_eq(json_array_size(list), 3);
    ck_assert_str_eq(text_at(json_array_get(list, 2), "id"), "pedestrian");
    json_t *one = fetch("/v1/collections/traffic");
    ck_assert(json_equal(one, json_array_get(list, 1)));
    ck_assert_str_eq(link_of(one, "items"), "/v1/collections/traffic/items?f=geojson");
    ck_assert_uint_eq(json_array_size(json_object_get(one, "windows")), 3);
    json_decref(one);
    json_decref(all);
}
END_TEST

START_TEST(items_as_geojson)
{
    fill();
    json_t *document = fetch("/v1/collections/parking/items");
    ck_assert_str_eq(text_at(document, "type"), "FeatureCollection");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberReturned")), 3);
    ck_assert_str_eq(text_at(document, "timeStamp"), "2026-08-18T10:10:05Z");
    ck_assert_ptr_null(link_of(document, "next"));
    json_t *features = json_object_get(document, "features");
    json_t *first = json_array_get(features, 1), *properties = json_object_get(first, "properties");
    ck_assert_str_eq(text_at(first, "type"), "Feature");
    ck_assert_str_eq(text_at(first, "id"), "gm9001");
    json_t *other = json_array_get(features, 2);
    ck_assert_str_eq(text_at(other, "id"), "gm9002");
    ck_assert(json_is_null(json_object_get(other, "geometry"))); /* it has no outline */
    ck_assert_str_eq(text_at(properties, "start"), "2026-08-18T10:07:00Z");
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(properties, "parking"), "vacant")),
                     107);
    ck_assert(json_is_null(json_object_get(json_object_get(properties, "parking"), "capacity")));
    json_decref(document);

    document = fetch("/v1/collections/parking/items?window=5m");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 1);
    json_decref(document);
    document = fetch("/v1/collections/parking/items?regionType=gemeente");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 2);
    json_decref(document);
    document = fetch("/v1/collections/traffic/items");
    ck_assert_uint_eq(json_array_size(json_object_get(document, "features")), 0);
    json_decref(document);
}
END_TEST

static long long matched(const char *path)
{
    json_t *document = fetch(path);
    long long count = json_integer_value(json_object_get(document, "numberMatched"));
    json_decref(document);
    return count;
}

START_TEST(items_by_place)
{
    fill();
    json_t *document = fetch("/v1/collections/parking/items?bbox=4,51,6,53");
    json_t *features = json_object_get(document, "features");
    ck_assert_uint_eq(json_array_size(features), 2); /* Aardam, and the province around it */
    ck_assert_str_eq(text_at(json_array_get(features, 1), "id"), "gm9001");
    json_t *point = json_object_get(json_array_get(features, 1), "geometry");
    ck_assert_str_eq(text_at(point, "type"), "Point");
    double lon = json_number_value(json_array_get(json_object_get(point, "coordinates"), 0));
    double lat = json_number_value(json_array_get(json_object_get(point, "coordinates"), 1));
    ck_assert(lon > 5 && lon < 5.2 && lat > 52 && lat < 52.2);
    json_decref(document);
    ck_assert_int_eq(matched("/v1/collections/parking/items?bbox=5.3,51,6,53"), 0);
    ck_assert_int_eq(matched("/v1/collections/parking/items?bbox=4,52.3,6,53"), 0);
    ck_assert_int_eq(matched("/v1/collections/parking/items?bbox=4,50,6,51.9"), 0);
    ck_assert_int_eq(matched("/v1/collections/parking/items?bbox=170,51,-170,53"), 0);
    ck_assert_int_eq(matched("/v1/collections/parking/items?bbox=170,51,6,53"),
                     2); /* over the 180th meridian */
    json_t *collection = fetch("/v1/collections/parking");
    json_t *boxes =
        json_object_get(json_object_get(json_object_get(collection, "extent"), "spatial"), "bbox");
    ck_assert_uint_eq(json_array_size(json_array_get(boxes, 0)), 4);
    json_decref(collection);
}
END_TEST

START_TEST(items_by_time)
{
    fill();
    json_t *document = fetch("/v1/collections/parking/items?datetime=2026-08-18T10:03:30Z");
    json_t *features = json_object_get(document, "features");
    ck_assert_uint_eq(json_array_size(features), 2);
    ck_assert_str_eq(text_at(json_object_get(json_array_get(features, 0), "properties"), "start"),
                     "2026-08-18T10:03:00Z");
    json_decref(document);
    document = fetch("/v1/collections/parking/items?datetime=../2026-08-18T09:59:59Z");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 0);
    json_decref(document);
}
END_TEST

START_TEST(items_by_page)
{
    fill();
    json_t *document = fetch("/v1/collections/parking/items?limit=2&f=geojson");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberReturned")), 2);
    ck_assert_str_eq(link_of(document, "next"), "/v1/collections/parking/items?limit=2&offset=2&f=geojson");
    json_t *rest = fetch(link_of(document, "next"));
    ck_assert_uint_eq(json_array_size(json_object_get(rest, "features")), 1);
    ck_assert_str_eq(text_at(json_array_get(json_object_get(rest, "features"), 0), "id"), "gm9002");
    ck_assert_ptr_null(link_of(rest, "next"));
    json_decref(rest);
    json_decref(document);
    struct got got = ask("/v1/collections/parking/items?limit=2&f=csv");
    has_head(&got, "Link: </v1/collections/parking/items?limit=2&offset=2&f=csv>; rel=\"next\"");
    got_free(&got);
}
END_TEST

START_TEST(one_item)
{
    fill();
    json_t *feature = fetch("/v1/collections/parking/items/GM9001");
    ck_assert_str_eq(text_at(feature, "id"), "gm9001");
    ck_assert_str_eq(link_of(feature, "self"), "/v1/collections/parking/items/gm9001");
    ck_assert_str_eq(link_of(feature, "collection"), "/v1/collections/parking");
    json_decref(feature);
    json_t *record = fetch("/v1/collections/parking/items/gm9001?f=json");
    ck_assert_str_eq(text_at(record, "region"), "gm9001");
    json_decref(record);
    ck_assert_int_eq(refused("/v1/collections/parking/items/gm9003", NULL), 404); /* known, without figures */
    ck_assert_int_eq(refused("/v1/collections/parking/items/gm1234", NULL), 404);
    ck_assert_int_eq(refused("/v1/collections/parking/items/gm9001?window=live", NULL), 404);
    put("gm9001", "Aardam", "live", 7, 1, 42);
    struct got got = ask("/v1/collections/parking/items/gm9001?window=live");
    ck_assert_int_eq(got.status, 200);
    has_head(&got, "Cache-Control: public, max-age=1");
    got_free(&got);
}
END_TEST

START_TEST(series)
{
    fill();
    json_t *document = fetch("/v1/figures/parking/gm9001?limit=3");
    json_t *figures = json_object_get(document, "figures");
    ck_assert_uint_eq(json_array_size(figures), 3);
    ck_assert_str_eq(text_at(json_array_get(figures, 0), "start"), "2026-08-18T10:00:00Z");
    const char *next = link_of(document, "next");
    ck_assert_str_eq(
        next, "/v1/figures/parking/gm9001?limit=3&from=2026-08-18T10:03:00Z&to=2026-08-18T10:11:00Z&f=json");
    json_t *more = fetch(next);
    json_decref(document);
    ck_assert_str_eq(text_at(json_array_get(json_object_get(more, "figures"), 0), "start"),
                     "2026-08-18T10:03:00Z");
    json_decref(more);
    document = fetch("/v1/figures/parking/gm9001?from=2026-08-18T10:02:00Z&to=2026-08-18T10:04:00Z");
    ck_assert_uint_eq(json_array_size(json_object_get(document, "figures")), 2); /* half-open */
    ck_assert_ptr_null(link_of(document, "next"));
    json_decref(document);
    document = fetch("/v1/figures/traffic/gm9003");
    ck_assert_uint_eq(json_array_size(json_object_get(document, "figures")), 0);
    json_decref(document);
    ck_assert_int_eq(refused("/v1/figures/parking/gm9001?window=live", NULL), 400);
    ck_assert_int_eq(refused("/v1/figures/parking/gm9001?f=geojson", NULL), 400);
    ck_assert_int_eq(refused("/v1/figures/parking/gm9001?offset=1", NULL), 400);
}
END_TEST

START_TEST(csv)
{
    fill();
    struct got got = ask("/v1/collections/parking/items?f=csv&limit=1");
    has_head(&got, "Content-Type: text/csv; charset=utf-8; header=present");
    ck_assert_str_eq(
        got.body,
        "region,name,region_type,region_year,domain,window,start,end,revision,quality,expected,reporting,"
        "weight,oldest,newest,capacity,vacant,occupied,occupancy,vacant_min,vacant_max,vacant_mean,"
        "occupancy_mean,open,closed,full,entries,exits,fill_rate_per_h,trend\r\n"
        "pv90,\"Noord, Midden\",gemeente,,parking,1m,2026-08-18T10:07:00Z,2026-08-18T10:08:00Z,0,good,12,,"
        "0.94,2026-08-18T10:00:00Z,,,307,,0.25,,,,,,,,,,,decreasing\r\n");
    got_free(&got);
    got = ask("/v1/collections/pedestrian/items?f=csv");
    ck_assert_ptr_nonnull(strstr(got.body, ",newest,sensors,passages,"));
    got_free(&got);
}
END_TEST

START_TEST(protobuf)
{
    fill();
    struct got got =
        ask_port(site.port, NULL, "/v1/figures/parking/gm9001", "Accept: application/x-protobuf");
    has_head(&got, "Content-Type: application/x-protobuf");
    const uint8_t *at = (const uint8_t *)got.body, *end = at + got.size;
    int64_t count = 0;
    for (; at < end; count++) {
        size_t size = 0;
        for (unsigned shift = 0;; shift += 7) {
            size |= (size_t)(*at & 0x7f) << shift;
            if (!(*at++ & 0x80))
                break;
        }
        ck_assert_uint_le(size, (size_t)(end - at));
        Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, size, at);
        ck_assert_ptr_nonnull(figure);
        ck_assert_int_eq(figure->parking->vacant, 100 + count);
        bruis__v1__figure__free_unpacked(figure, NULL);
        at += size;
    }
    ck_assert_int_eq(count, 8);
    got_free(&got);
}
END_TEST

START_TEST(regions)
{
    json_t *document = fetch("/v1/regions");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 5);
    json_t *province = json_array_get(json_object_get(document, "regions"), 1);
    ck_assert_str_eq(text_at(province, "code"), "pv90");
    ck_assert_int_eq(json_integer_value(json_object_get(province, "population")), 500);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(province, "parents"), 0)), "nl00");
    json_decref(document);
    document = fetch("/v1/regions?regionType=gemeente&limit=1&offset=1");
    ck_assert_int_eq(json_integer_value(json_object_get(document, "numberMatched")), 3);
    ck_assert_str_eq(text_at(json_array_get(json_object_get(document, "regions"), 0), "code"), "gm9002");
    ck_assert_str_eq(link_of(document, "next"), "/v1/regions?limit=1&offset=2&regionType=gemeente&f=json");
    json_decref(document);
    document = fetch("/v1/regions/Gm9001");
    ck_assert_str_eq(text_at(document, "name"), "Aardam");
    ck_assert(json_is_null(json_object_get(document, "area_km2")));
    json_decref(document);
    struct got got = ask("/v1/regions?f=csv");
    ck_assert_ptr_nonnull(strstr(got.body, "\r\npv90,provincie,\"Noord, Midden\",nl00,500,12.5\r\n"));
    got_free(&got);
    ck_assert_int_eq(refused("/v1/regions/gm0000", NULL), 404);
}
END_TEST

START_TEST(public_url_leads_links)
{
    site_open_at((char *)"[::1]:0", (char *)"https://data.example.nl/bruis/");
    struct got got = {0};
    CURL *curl = curl_easy_init();
    char url[64];
    snprintf(url, sizeof url, "http://[::1]:%d/v1", site.port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &got);
    ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
    curl_easy_cleanup(curl);
    has_head(&got, "Strict-Transport-Security: max-age=31536000");
    json_t *root = json_of(&got);
    ck_assert_str_eq(link_of(root, "data"), "https://data.example.nl/bruis/v1/collections");
    json_decref(root);
    got_free(&got);
    site_close();
}
END_TEST

int main(void)
{
    const TTest *const served[] = {landing,       items_as_geojson, items_by_place, items_by_time,
                                   items_by_page, one_item,         series,         csv,
                                   protobuf,      regions};
    const TTest *const alone[] = {public_url_leads_links};
    return http_run("http", served, sizeof served / sizeof served[0], alone, sizeof alone / sizeof alone[0]);
}
