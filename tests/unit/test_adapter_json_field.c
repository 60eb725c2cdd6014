/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Real payloads of cities, mapped; the figures were computed with another program from the same files. */
#include "tests/unit/adapter_fixture.h"

static struct fixture fixture;

/* Sums over what a decode gave. */
struct sums {
    size_t capacities, vacants, placed, open, closed, unknown, clamped, full;
    int64_t capacity, vacant, occupied;
};

static struct sums sums(void)
{
    struct sums sums = {0};
    for (const struct br_emitted_observation *e = fixture.emit.observations; e; e = e->next) {
        const Bruis__V1__Parking *record = e->observation->parking;
        sums.capacities += record->has_capacity != 0;
        sums.vacants += record->has_vacant != 0;
        sums.capacity += record->has_capacity ? record->capacity : 0;
        sums.vacant += record->has_vacant ? record->vacant : 0;
        sums.occupied += record->has_occupied ? record->occupied : 0;
        sums.placed += e->observation->has_lat != 0;
        sums.open += record->has_state && record->state == BRUIS__V1__PARKING__STATE__open;
        sums.closed += record->has_state && record->state == BRUIS__V1__PARKING__STATE__closed;
        sums.unknown += record->has_state && record->state == BRUIS__V1__PARKING__STATE__unknown;
        sums.full += record->has_full && record->full;
        sums.clamped += fixture_flagged(e->observation, BRUIS__V1__FLAG__clamped);
    }
    return sums;
}

/* Decodes a file of the real payloads. False: it is not there; else the fixture is open and holds what came
 * out. */
static bool decode_file(const char *name, const char *options)
{
    size_t size;
    char *data = fixture_file(name, &size);
    if (!data)
        return false;
    fixture_open(&fixture, &br_adapter_json, options);
    ck_assert_msg(fixture.self, "%s", fixture_faults(&fixture));
    ck_assert_int_eq(fixture_decode_bytes(&fixture, "a/b", data, size), BR_DECODED);
    free(data);
    return true;
}

START_TEST(amsterdam_garages)
{
    if (!decode_file(
            "parking/amsterdam_parkeergarages_geojson/parkinglocation_2023-02-23.json",
            "{domain: parking, items: /features, sensor: /Id, observed_at: {at: /properties/PubDate},"
            " lat: /geometry/coordinates/1, lon: /geometry/coordinates/0,"
            " values: {vacant: /properties/FreeSpaceShort, capacity: /properties/ShortCapacity,"
            " open: {at: /properties/State, true: [ok], false: [error]},"
            " full: {at: /properties/Status, true: [VOL], false: [GETAL]}}}"))
        return;
    struct sums all = sums();
    ck_assert_uint_eq(fixture.emit.observation_count, 66);
    ck_assert_uint_eq(fixture.emit.invalid_count, 0);
    ck_assert_uint_eq(all.capacities, 43);
    ck_assert_int_eq(all.capacity, 20623);
    ck_assert_uint_eq(all.vacants, 66);
    ck_assert_int_eq(all.vacant, 9647);
    ck_assert_uint_eq(all.open, 45);
    ck_assert_uint_eq(all.closed, 21);
    ck_assert_uint_eq(all.full, 1);
    ck_assert_uint_eq(all.placed, 66);
    const Bruis__V1__Observation *first = fixture_observation(&fixture, 0);
    ck_assert_str_eq(first->sensor, "8039A0DF-73FB-0FD9-05F8-1B00C19C6B9B");
    ck_assert_int_eq(first->observed_at, INT64_C(1677159888000));
    ck_assert_double_eq(first->lat, 52.357382);
    ck_assert_int_eq(first->parking->vacant, 19);
    fixture_close(&fixture);
}
END_TEST

START_TEST(gent_garages)
{
    if (!decode_file(
            "parking/gent_opendatasoft_v1/bezetting-parkeergarages-real-time_2022-07-15.json",
            "{domain: parking, items: /records, sensor: /fields/id, observed_at: {at: /fields/lastupdate},"
            " lat: /fields/location/0, lon: /fields/location/1, values: {vacant: /fields/availablecapacity,"
            " capacity: /fields/totalcapacity, open: /fields/isopennow}}"))
        return;
    const Bruis__V1__Observation *first = fixture_observation(&fixture, 0);
    ck_assert_uint_eq(fixture.emit.observation_count, 2);
    ck_assert_int_eq(first->observed_at, INT64_C(1657885005000));
    ck_assert_str_eq(strrchr(first->sensor, '/'), "/parking-sint-michiels");
    ck_assert_double_eq(first->lon, 3.719727740000235);
    ck_assert_int_eq(sums().vacant, 355);
    ck_assert_int_eq(sums().capacity, 754);
    ck_assert_uint_eq(sums().open, 2);
    fixture_close(&fixture);
}
END_TEST

START_TEST(heidelberg_entities)
{
    if (!decode_file(
            "parking/fiware_ngsi_v2_live/heidelberg.json",
            "{domain: parking, items: '', sensor: /id, observed_at: {at: /observationDateTime/value},"
            " lat: /lat/value, lon: /lon/value, values: {vacant: /availableSpotNumber/value,"
            " capacity: /totalSpotNumber/value, open: {at: /status/value, true: [Offen],"
            " false: [Stoerung, Geschlossen]}}}"))
        return;
    struct sums all = sums();
    ck_assert_uint_eq(fixture.emit.observation_count, 25);
    ck_assert_uint_eq(all.capacities, 24); /* one has 0 */
    ck_assert_int_eq(all.capacity, 6418);
    ck_assert_uint_eq(all.vacants, 22); /* two without, one with -8 */
    ck_assert_int_eq(all.vacant, 2015);
    ck_assert_uint_eq(all.open, 21);
    ck_assert_uint_eq(all.closed, 2);
    ck_assert_uint_eq(all.unknown, 2);
    ck_assert_uint_eq(all.placed, 22);
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, INT64_C(1717853100000));
    fixture_close(&fixture);
}
END_TEST

START_TEST(ulm_sites_and_spots)
{
    if (!decode_file("parking/city_json_geojson/ulm-sensors_realtime-parking-sites.json",
                     "{domain: parking, items: '', sensor: /id, observed_at: {at: /timestamp},"
                     " values: {occupied: /currentcarparkfulltotal, capacity: /maxcarparkfull}}"))
        return;
    ck_assert_uint_eq(fixture.emit.observation_count, 7);
    ck_assert_int_eq(sums().occupied, 1912);
    ck_assert_int_eq(sums().capacity, 3056);
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, INT64_C(1744356780783));
    fixture_close(&fixture);
    if (!decode_file(
            "parking/parking_spot_sensors/ulm-sensors_realtime-parking-spots.json",
            "{domain: parking, items: '', sensor: /id, observed_at: {at: /timestamp}, values: {capacity:"
            " 'const:1', kind: 'const:space', occupied: {at: /occupied, map: {true: 1, false: 0}}}}"))
        return;
    ck_assert_uint_eq(fixture.emit.observation_count, 44);
    ck_assert_int_eq(sums().occupied, 15);
    ck_assert_int_eq(sums().capacity, 44);
    fixture_close(&fixture);
}
END_TEST

START_TEST(freiburg_local_times)
{
    if (!decode_file(
            "parking/city_json_geojson/freiburg.json",
            "{domain: parking, items: /features, sensor: /properties/obs_parkid, timezone: Europe/Berlin,"
            " observed_at: {at: /properties/obs_ts, format: local}, values: {vacant: /properties/obs_free,"
            " capacity: /properties/obs_max, open: {at: /properties/obs_state, true: [1], false: [0]}}}"))
        return;
    struct sums all = sums();
    ck_assert_uint_eq(fixture.emit.observation_count, 19);
    ck_assert_int_eq(all.vacant, 2752);
    ck_assert_int_eq(all.capacity, 5174);
    ck_assert_uint_eq(all.open, 17);
    ck_assert_uint_eq(all.closed, 1);
    ck_assert_uint_eq(all.unknown, 1);
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, INT64_C(1718007600000));
    fixture_close(&fixture);
}
END_TEST

START_TEST(konstanz_and_basel)
{
    if (!decode_file("parking/esri_featureserver/konstanz.json",
                     "{domain: parking, items: /features, sensor: /attributes/id, observed_at: {at: "
                     "/attributes/updated,"
                     " format: epoch_ms}, lat: /attributes/lat, lon: /attributes/lon, values: {vacant:"
                     " /attributes/real_fcap, capacity: /attributes/real_capa,"
                     " open: {at: /attributes/opening_s, true: [ja], false: [nein]}}}"))
        return;
    ck_assert_uint_eq(fixture.emit.observation_count, 11);
    ck_assert_str_eq(fixture_observation(&fixture, 0)->sensor, "4"); /* 4.0 in the file */
    ck_assert_int_eq(fixture_observation(&fixture, 0)->observed_at, INT64_C(1723876205000));
    ck_assert_int_eq(sums().vacant, 3172);
    ck_assert_int_eq(sums().capacity, 4151);
    ck_assert_uint_eq(sums().open, 11);
    fixture_close(&fixture);
    if (!decode_file("parking/opendatasoft_v2/basel.json",
                     "{domain: parking, items: '', sensor: /id2, observed_at: {at: /published}, lat: "
                     "/geo_point_2d/lat,"
                     " lon: /geo_point_2d/lon, values: {vacant: /free, capacity: /total}}"))
        return;
    ck_assert_uint_eq(fixture.emit.observation_count, 16);
    ck_assert_uint_eq(fixture.emit.invalid_count, 1); /* all null, its time too */
    ck_assert_uint_eq(sums().clamped, 1);
    ck_assert_int_eq(sums().vacant, 3830); /* 3835 before one is clamped */
    ck_assert_int_eq(sums().capacity, 5783);
    fixture_close(&fixture);
}
END_TEST

START_TEST(sensade_and_nedap_without_a_clock)
{
    if (!decode_file(
            "parking/sensade_json/p-m-sensade_parking-lot-status-0ff8c7e9-5867-46fa-8799-19f1044fe858.json",
            "{domain: parking, sensor: /parkingLotId, values: {vacant: /availableSpaceCount, capacity: "
            "/totalSpaceCount,"
            " occupied: /occupiedSpaceCount, kind: 'const:lot'}}"))
        return;
    ck_assert_int_eq(sums().vacant, 24);
    ck_assert_int_eq(sums().capacity, 42);
    ck_assert(fixture_flagged(fixture_observation(&fixture, 0), BRUIS__V1__FLAG__untimed));
    fixture_close(&fixture);
    if (!decode_file(
            "parking/nedap_sensit_json/ellwangen_sensit.json",
            "{domain: parking, items: '', sensor: /id, lat: /location/latitude, lon: /location/longitude,"
            " values: {vacant: /actualStatus/vacantSpaces, capacity: /actualStatus/parkingCapacity,"
            " full: /actualStatus/full}}"))
        return;
    ck_assert_int_eq(sums().vacant, 2);
    ck_assert_int_eq(sums().capacity, 45);
    ck_assert_uint_eq(sums().placed, 1);
    fixture_close(&fixture);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, amsterdam_garages);
    tcase_add_test(tcase, gent_garages);
    tcase_add_test(tcase, heidelberg_entities);
    tcase_add_test(tcase, ulm_sites_and_spots);
    tcase_add_test(tcase, freiburg_local_times);
    tcase_add_test(tcase, konstanz_and_basel);
    tcase_add_test(tcase, sensade_and_nedap_without_a_clock);
}

UNIT_MAIN("adapter json field", tests)
