/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Adapter datex2: parking status in its three forms, and parking tables. */
#include "tests/unit/datex2_fixture.h"

#define STATUS(id, time, occupancy, rest)                                                                    \
    "<parkingRecordStatus xsi:type='ParkingSiteStatus'><parkingRecordReference id='" id                      \
    "' version='1'/>" time "<parkingOccupancy>" occupancy "</parkingOccupancy>" rest                         \
    "</parkingRecordStatus>"
#define TIME "<parkingStatusOriginTime>2026-08-18T10:00:00.5461534Z</parkingStatusOriginTime>"
#define VACANT(n) "<parkingNumberOfVacantSpaces>" n "</parkingNumberOfVacantSpaces>"
#define OCCUPIED(n) "<parkingNumberOfOccupiedSpaces>" n "</parkingNumberOfOccupiedSpaces>"
#define SPACES(n) "<parkingNumberOfSpacesOverride>" n "</parkingNumberOfSpacesOverride>"
#define PERCENT(n) "<parkingOccupancy>" n "</parkingOccupancy>"
#define SITE_STATUS(word) "<parkingSiteStatus>" word "</parkingSiteStatus>"
#define OPENING(word) "<parkingSiteOpeningStatus>" word "</parkingSiteOpeningStatus>"
#define STATUSES(content)                                                                                    \
    V2("GenericPublication",                                                                                 \
       "<genericPublicationName>P</genericPublicationName><genericPublicationExtension>"                     \
       "<parkingStatusPublication>" content "</parkingStatusPublication>"                                    \
       "</genericPublicationExtension>")

static const Bruis__V1__Parking *parking_of(const struct datex2_case *c, const char *sensor)
{
    const Bruis__V1__Observation *observation = datex2_find(c, sensor);
    ck_assert_msg(observation != NULL, "%s is not there", sensor);
    ck_assert_int_eq(observation->domain, BRUIS__V1__DOMAIN__parking);
    return observation->parking;
}

START_TEST(a_status_of_version_2)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(
        datex2_text(&c,
                    STATUSES(STATUS("P1", TIME, SPACES("560") VACANT("412") OCCUPIED("148") PERCENT("26.43"),
                                    SITE_STATUS("spacesAvailable") OPENING("open"))),
                    false),
        BR_DECODED);
    const Bruis__V1__Parking *parking = parking_of(&c, "P1");
    ck_assert(parking->capacity == 560 && parking->vacant == 412 && parking->occupied == 148);
    ck_assert(parking->has_full && !parking->full && !parking->has_kind);
    ck_assert_int_eq(parking->state, BRUIS__V1__PARKING__STATE__open);
    ck_assert_int_eq(datex2_find(&c, "P1")->observed_at, DATEX2_PUBLISHED_UTC_MS - 60000 + 546);
    datex2_stop(&c);
}
END_TEST

START_TEST(unknown_is_not_full)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        STATUSES(STATUS("A", TIME, VACANT("0") OCCUPIED("0") PERCENT("0.0"), SITE_STATUS("unknown"))
                     STATUS("B", TIME, VACANT("0") OCCUPIED("0"), SITE_STATUS("full"))
                         STATUS("C", TIME, VACANT("576") OCCUPIED("0") PERCENT("62.57"), "")
                             STATUS("D", TIME, VACANT("-1") OCCUPIED("12"), OPENING("closedAbnormal"))
                                 STATUS("E", TIME, PERCENT("10.0"), OPENING("open"))
                                     STATUS("F", TIME, SPACES("50") VACANT("60"), "")),
        false);
    ck_assert(!parking_of(&c, "A")->has_vacant && !parking_of(&c, "A")->has_occupied);
    ck_assert(!parking_of(&c, "A")->has_full && parking_of(&c, "A")->has_state);
    ck_assert_int_eq(parking_of(&c, "A")->state, BRUIS__V1__PARKING__STATE__unknown);
    ck_assert(parking_of(&c, "B")->has_vacant && parking_of(&c, "B")->full);
    ck_assert(parking_of(&c, "C")->vacant == 576 && !parking_of(&c, "C")->has_occupied);
    ck_assert(!parking_of(&c, "C")->has_state);
    ck_assert(!parking_of(&c, "D")->has_vacant && parking_of(&c, "D")->occupied == 12);
    ck_assert_int_eq(parking_of(&c, "D")->state, BRUIS__V1__PARKING__STATE__closed);
    ck_assert(!parking_of(&c, "E")->has_vacant && !parking_of(&c, "E")->has_occupied);
    ck_assert(parking_of(&c, "F")->vacant == 50);
    ck_assert(datex2_flagged(datex2_find(&c, "F"), BRUIS__V1__FLAG__clamped));
    ck_assert_uint_eq(c.emit.invalid_count, 0);
    datex2_stop(&c);
}
END_TEST

START_TEST(groups_inside_do_not_add_up)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        V3("ParkingStatusPublication",
           STATUS("A", TIME, VACANT("29") OCCUPIED("17"),
                  "<groupOfParkingSpacesStatus groupIndex='2'><groupOfParkingSpacesStatus>" VACANT("13")
                      OCCUPIED("0") PERCENT("81.0") "<parkingOccupancy>" VACANT(
                          "5") "</parkingOccupancy>"
                               "</groupOfParkingSpacesStatus></groupOfParkingSpacesStatus>")),
        false);
    ck_assert_uint_eq(c.emit.observation_count, 1);
    ck_assert(parking_of(&c, "A")->vacant == 29 && parking_of(&c, "A")->occupied == 17);
    datex2_stop(&c);
}
END_TEST

START_TEST(the_older_form)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        V2("GenericPublication",
           "<x><parkingFacilityTableStatusPublication><parkingFacilityStatus><parkingFacilityReference "
           "id='12'/>"
           "<parkingFacilityStatus>full</parkingFacilityStatus><parkingFacilityStatus>closed</"
           "parkingFacilityStatus>"
           "<parkingFacilityStatusTime>1970-01-01T00:00:00Z</parkingFacilityStatusTime>"
           "<totalNumberOfOccupiedParkingSpaces>36</totalNumberOfOccupiedParkingSpaces>"
           "<totalNumberOfVacantParkingSpaces>229</totalNumberOfVacantParkingSpaces>"
           "<assignedParkingSpacesStatus><assignedParkingSpacesStatus><numberOfVacantAssignedParkingSpaces>9"
           "</numberOfVacantAssignedParkingSpaces></assignedParkingSpacesStatus></"
           "assignedParkingSpacesStatus>"
           "</parkingFacilityStatus></parkingFacilityTableStatusPublication></x>"),
        false);
    ck_assert_uint_eq(c.emit.observation_count, 1);
    const Bruis__V1__Parking *parking = parking_of(&c, "12");
    ck_assert(parking->vacant == 229 && parking->occupied == 36 && parking->full);
    ck_assert_int_eq(parking->state, BRUIS__V1__PARKING__STATE__closed);
    ck_assert_int_eq(datex2_find(&c, "12")->observed_at, 0); /* the flow judges how old it is */
    datex2_stop(&c);
}
END_TEST

START_TEST(the_released_version_3)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        V3("ParkingStatusPublication",
           "<p:parkingStatusInformation xsi:type='p:PlaceStatus'><p:reference id='J1' version='3'/>"
           "<p:lastUpdated>2026-08-18T10:00:30Z</p:lastUpdated>"
           "<p:openingStatus>temporarilyClosed</p:openingStatus><p:occupancy>"
           "<p:numberOfSpacesOverride>100</p:numberOfSpacesOverride>"
           "<p:numberOfVacantSpaces>12</p:numberOfVacantSpaces>"
           "<p:numberOfOccupiedSpaces>88</p:numberOfOccupiedSpaces><p:occupancy>88</p:occupancy>"
           "</p:occupancy><p:status>almostFull</p:status></p:parkingStatusInformation>"),
        false);
    const Bruis__V1__Parking *parking = parking_of(&c, "J1");
    ck_assert(parking->capacity == 100 && parking->vacant == 12 && parking->occupied == 88 && !parking->full);
    ck_assert_int_eq(parking->state, BRUIS__V1__PARKING__STATE__closed);
    ck_assert_int_eq(datex2_find(&c, "J1")->observed_at, DATEX2_PUBLISHED_UTC_MS - 30000);
    datex2_stop(&c);
}
END_TEST

START_TEST(times_that_stand_in)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(&c, STATUSES(STATUS("A", "", VACANT("3"), "")), false);
    ck_assert_int_eq(datex2_find(&c, "A")->observed_at, DATEX2_PUBLISHED_UTC_MS);
    ck_assert_uint_eq(datex2_find(&c, "A")->n_quality, 0);
    (void)datex2_text(&c,
                      "<payload modelBaseVersion='3' " XSI
                      " xsi:type='ParkingStatusPublication'>" STATUS("A", "", VACANT("3"), "") "</payload>",
                      false);
    ck_assert_int_eq(datex2_find(&c, "A")->observed_at, DATEX2_RECEIVED_UTC_MS);
    ck_assert(datex2_flagged(datex2_find(&c, "A"), BRUIS__V1__FLAG__untimed));
    datex2_stop(&c);
}
END_TEST

START_TEST(faults_of_parking)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(
        datex2_text(&c,
                    STATUSES(STATUS("", TIME, VACANT("1"), "") STATUS("A", TIME, VACANT("few"), "") STATUS(
                        "B", TIME, VACANT("1.5"), "") STATUS("C", TIME, VACANT("99999999999"), "")),
                    false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 3);
    ck_assert_uint_eq(c.emit.invalid_count, 4);
    ck_assert(!parking_of(&c, "A")->has_vacant && !parking_of(&c, "B")->has_vacant);
    ck_assert_int_eq(datex2_text(&c, STATUSES(STATUS("", TIME, VACANT("1"), "")), false), BR_REJECTED);
    datex2_stop(&c);
}
END_TEST

START_TEST(tables_describe_sensors)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(
        datex2_text(
            &c,
            V2("GenericPublication",
               "<x><parkingTablePublication><parkingTable id='T'><parkingRecord id='P1' "
               "xsi:type='UrbanParkingSite'>"
               "<parkingName><values><value lang='de'>P01 Markt</value></values></parkingName>"
               "<parkingNumberOfSpaces>560</parkingNumberOfSpaces><parkingLocation xsi:type='Point'>"
               "<pointByCoordinates><pointCoordinates><latitude>50.78</latitude><longitude>6.09</longitude>"
               "</pointCoordinates></pointByCoordinates></parkingLocation><parkingLayout>multiStorey</"
               "parkingLayout>"
               "<urbanParkingSiteType>offStreetParking</urbanParkingSiteType></parkingRecord>"
               "<parkingRecord id='P2' xsi:type='InterUrbanParkingSite'><parkingNumberOfSpaces>0"
               "</parkingNumberOfSpaces></parkingRecord><parkingRecord/></parkingTable></"
               "parkingTablePublication></x>"),
            false),
        BR_DECODED);
    ck_assert_uint_eq(c.emit.sensor_count, 2);
    ck_assert_uint_eq(c.emit.invalid_count, 1);
    ck_assert(!c.emit.reference_changed);
    const Bruis__V1__Sensor *first = c.emit.sensors->sensor, *second = c.emit.sensors->next->sensor;
    ck_assert_str_eq(first->name, "P01 Markt");
    ck_assert(first->capacity == 560 && first->lat == 50.78 && first->lon == 6.09);
    ck_assert_int_eq(first->kind, BRUIS__V1__PARKING_KIND__garage);
    ck_assert_int_eq(second->kind, BRUIS__V1__PARKING_KIND__truck);
    ck_assert(!second->has_capacity && !second->has_lat && !second->name);
    (void)datex2_text(
        &c,
        V2("GenericPublication",
           "<x><parkingFacilityTablePublication><parkingFacilityTable><parkingFacility id='1035'>"
           "<parkingFacilityLayout>openSpace</parkingFacilityLayout><parkingFacilityName><values><value>P+R "
           "Noord"
           "</value></values></parkingFacilityName><totalParkingCapacity>314</totalParkingCapacity>"
           "<facilityLocation><locationForDisplay><latitude>5402496.0</latitude><longitude>512788.0</"
           "longitude>"
           "</locationForDisplay></facilityLocation></parkingFacility></parkingFacilityTable>"
           "</parkingFacilityTablePublication></x>"),
        false);
    first = c.emit.sensors->sensor;
    ck_assert_str_eq(first->name, "P+R Noord");
    ck_assert(first->capacity == 314 && !first->has_lat);
    ck_assert_int_eq(first->kind, BRUIS__V1__PARKING_KIND__lot);
    datex2_stop(&c);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_status_of_version_2);
    tcase_add_test(tcase, unknown_is_not_full);
    tcase_add_test(tcase, groups_inside_do_not_add_up);
    tcase_add_test(tcase, the_older_form);
    tcase_add_test(tcase, the_released_version_3);
    tcase_add_test(tcase, times_that_stand_in);
    tcase_add_test(tcase, faults_of_parking);
    tcase_add_test(tcase, tables_describe_sensors);
}

UNIT_MAIN("adapter_datex2_parking", tests)
