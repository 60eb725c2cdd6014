/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Adapter datex2: jams of situation publications, versions 2 and 3. */
#include "tests/unit/datex2_fixture.h"

#define JAM_V2(id, content)                                                                                  \
    "<situation id='S1' version='4'><situationRecord xsi:type='AbnormalTraffic' id='" id                     \
    "' version='7'>" content "</situationRecord></situation>"
#define VALID(status, times)                                                                                 \
    "<validity><validityStatus>" status "</validityStatus><validityTimeSpecification>" times                 \
    "</validityTimeSpecification></validity>"
#define FROM(time) "<overallStartTime>" time "</overallStartTime>"
#define TO(time) "<overallEndTime>" time "</overallEndTime>"
#define NINE "2026-08-18T09:00:00Z"
#define POINT(lat, lon)                                                                                      \
    "<pointByCoordinates><pointCoordinates><latitude>" lat "</latitude><longitude>" lon                      \
    "</longitude></pointCoordinates></pointByCoordinates>"
#define JAMS(content) V2("SituationPublication", content)

static const Bruis__V1__Observation *only(const struct datex2_case *c)
{
    ck_assert_int_eq(c->outcome, BR_DECODED);
    ck_assert_uint_eq(c->emit.observation_count, 1);
    return c->emit.observations->observation;
}

START_TEST(a_jam_of_version_2)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        JAMS(JAM_V2(
            "R1",
            VALID("active",
                  FROM(NINE)) "<impact><delays><delayTimeValue>480.0</delayTimeValue></delays></impact>"
                              "<groupOfLocations xsi:type='Point'>" POINT("52.25", "4.75") POINT(
                                  "53", "6") "</groupOfLocations>"
                                             "<abnormalTrafficType>stationaryTraffic</abnormalTrafficType>"
                                             "<queueLength>3100</queueLength>")),
        false);
    const Bruis__V1__Observation *record = only(&c);
    ck_assert_str_eq(record->sensor, "R1");
    ck_assert_int_eq(record->domain, BRUIS__V1__DOMAIN__traffic);
    ck_assert_int_eq(record->observed_at, DATEX2_PUBLISHED_UTC_MS);
    ck_assert(record->lat == 52.25 && record->lon == 4.75);
    ck_assert(!record->traffic);
    const Bruis__V1__Jam *jam = record->jam;
    ck_assert_str_eq(jam->situation, "S1");
    ck_assert_int_eq(jam->version, 7);
    ck_assert_int_eq(jam->state, BRUIS__V1__JAM__STATE__active);
    ck_assert_int_eq(jam->type, BRUIS__V1__JAM__TYPE__stationary);
    ck_assert(jam->length_m == 3100 && jam->delay_s == 480);
    ck_assert_int_eq(jam->valid_from, DATEX2_PUBLISHED_UTC_MS - 3660000);
    ck_assert(!jam->has_valid_to);
    ck_assert_int_eq(c.emit.snapshot_at_utc_ms, DATEX2_PUBLISHED_UTC_MS);
    datex2_stop(&c);
}
END_TEST

START_TEST(what_a_jam_does_not_say_is_absent)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(&c,
                      JAMS("<situation><situationRecord xsi:type='x:AbnormalTraffic' id='R1' version='1.2'>"
                           "<groupOfLocations xsi:type='Point'/><queueLength></queueLength>"
                           "<impactOnOppositeDirection><delays><delayTimeValue>60</delayTimeValue></delays>"
                           "</impactOnOppositeDirection></situationRecord></situation>"),
                      false);
    const Bruis__V1__Observation *record = only(&c);
    ck_assert(!record->has_lat && !record->has_lon && !c.emit.observations->place.srs);
    ck_assert(!record->jam->situation && !record->jam->has_version && !record->jam->has_type);
    ck_assert(!record->jam->has_length_m && !record->jam->has_delay_s && !record->jam->has_valid_from);
    ck_assert_int_eq(record->jam->state, BRUIS__V1__JAM__STATE__active);
    ck_assert_uint_eq(c.emit.invalid_count, 0);
    datex2_stop(&c);
}
END_TEST

START_TEST(states_and_types)
{
    static const struct {
        const char *status, *times, *type;
        int state, kind; /* state 0: not given */
    } cases[] = {
        {"active", FROM(NINE), "queuingTraffic", BRUIS__V1__JAM__STATE__active,
         BRUIS__V1__JAM__TYPE__queuing},
        {"suspended", FROM(NINE), "slowTraffic", BRUIS__V1__JAM__STATE__ended, BRUIS__V1__JAM__TYPE__slow},
        {"ended", FROM(NINE), "heavyTraffic", BRUIS__V1__JAM__STATE__ended, BRUIS__V1__JAM__TYPE__other},
        {"definedByValidityTimeSpec", FROM(NINE) TO("2026-08-18T10:01:00Z"), "stationaryTraffic",
         BRUIS__V1__JAM__STATE__ended, BRUIS__V1__JAM__TYPE__stationary},
        {"definedByValidityTimeSpec", FROM(NINE) TO("2026-08-18T10:01:01Z"), "stationaryTraffic",
         BRUIS__V1__JAM__STATE__active, BRUIS__V1__JAM__TYPE__stationary},
        {"planned", FROM(NINE), "stationaryTraffic", 0, 0},
        {"definedByValidityTimeSpec", FROM("2026-08-18T12:00:00Z"), "stationaryTraffic", 0, 0},
    };
    char text[2048];
    struct datex2_case c;
    datex2_start(&c, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(text, sizeof text,
                       JAMS(JAM_V2("R1", VALID("%s", "%s") "<abnormalTrafficType>%s</abnormalTrafficType>")),
                       cases[i].status, cases[i].times, cases[i].type);
        (void)datex2_text(&c, text, false);
        if (cases[i].state == 0) {
            ck_assert_int_eq(c.outcome, BR_DECODED);
            ck_assert_uint_eq(c.emit.observation_count, 0);
            continue;
        }
        ck_assert_int_eq((int)only(&c)->jam->state, cases[i].state);
        ck_assert_int_eq((int)only(&c)->jam->type, cases[i].kind);
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(an_end_of_life_ends)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        JAMS(JAM_V2("R1", VALID("active", FROM(NINE)) "<management><lifeCycleManagement><end>true</end>"
                                                      "</lifeCycleManagement></management>")),
        false);
    ck_assert_int_eq(only(&c)->jam->state, BRUIS__V1__JAM__STATE__ended);
    datex2_stop(&c);
}
END_TEST

START_TEST(other_records_are_no_jams)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(&c,
                      JAMS("<situation id='S'><situationRecord xsi:type='Accident' id='R1' version='1'>"
                           "<queueLength>900</queueLength></situationRecord>"
                           "<situationRecord xsi:type='AbnormalTraffic' id='R2' version='1'/></situation>"),
                      false);
    ck_assert_str_eq(only(&c)->sensor, "R2");
    (void)datex2_text(&c, JAMS(""), false);
    ck_assert_int_eq(c.outcome, BR_DECODED); /* no jam at all is news */
    ck_assert_uint_eq(c.emit.observation_count, 0);
    ck_assert_int_eq(c.emit.snapshot_at_utc_ms, DATEX2_PUBLISHED_UTC_MS);
    datex2_stop(&c);
}
END_TEST

START_TEST(places_of_all_forms)
{
    static const struct {
        const char *location, *srs;
        double x, y; /* x 0: no place */
    } cases[] = {
        {"<l:pointByCoordinates><l:pointCoordinates><l:latitude>52.5</l:latitude><l:longitude>5.5</"
         "l:longitude>"
         "</l:pointCoordinates></l:pointByCoordinates>",
         NULL, 52.5, 5.5},
        {"<l:gmlLineString srsName='WGS 84'><l:posList>\n 52.5 5.5 52.6 5.6</l:posList></l:gmlLineString>",
         NULL, 52.5, 5.5},
        {"<l:gmlLineString><l:posList>52.5 5.5 52.6 5.6</l:posList></l:gmlLineString>", NULL, 52.5, 5.5},
        {"<l:gmlLineString srsName='urn:ogc:def:crs:EPSG::4326'><l:posList>52.5 5.5 1 "
         "1</l:posList></l:gmlLineString>",
         NULL, 52.5, 5.5},
        {"<l:gmlLineString srsName='urn:ogc:def:crs:OGC:1.3:CRS84'><l:posList>5.5 52.5 1 "
         "1</l:posList></l:gmlLineString>",
         NULL, 52.5, 5.5},
        {"<l:gmlLineString srsName='EPSG:31370'><l:posList>154002.27 214715.4 1 "
         "1</l:posList></l:gmlLineString>",
         "EPSG:31370", 154002.27, 214715.4},
        {"<l:gmlLineString srsName='EPSG:14326'><l:posList>154002.27 214715.4 1 "
         "1</l:posList></l:gmlLineString>",
         "EPSG:14326", 154002.27, 214715.4},
        {"<l:tpegLinearLocation><l:to><l:pointCoordinates><l:latitude>52.5</l:latitude><l:longitude>5.5</"
         "l:longitude>"
         "</l:pointCoordinates></l:to><l:from><l:pointCoordinates><l:latitude>1</l:latitude>"
         "<l:longitude>1</l:longitude></l:pointCoordinates></l:from></l:tpegLinearLocation>",
         NULL, 52.5, 5.5},
        {"<l:pointCoordinates><l:latitude></l:latitude><l:longitude></l:longitude></l:pointCoordinates>"
         "<l:pointCoordinates><l:latitude>52.5</l:latitude><l:longitude>5.5</l:longitude></"
         "l:pointCoordinates>",
         NULL, 52.5, 5.5},
        {"<l:pointCoordinates><l:latitude></l:latitude><l:longitude>5</l:longitude></l:pointCoordinates>",
         NULL, 0, 0},
        {"<l:pointCoordinates><l:latitude>52</l:latitude><l:longitude></l:longitude></l:pointCoordinates>"
         "<l:pointCoordinates><l:longitude>5</l:longitude></l:pointCoordinates>",
         NULL, 0, 0},
        {"<l:pointCoordinates><l:latitude>5402496.0</l:latitude><l:longitude>512788.0</l:longitude>"
         "</l:pointCoordinates>",
         NULL, 0, 0},
        {"<l:gmlLineString><l:posList>52.5</l:posList></l:gmlLineString>", NULL, 0, 0},
        {"<l:alertCLinear><l:specificLocation>7995</l:specificLocation></l:alertCLinear>", NULL, 0, 0},
    };
    char text[2048];
    struct datex2_case c;
    datex2_start(&c, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(
            text, sizeof text,
            V3("SituationPublication",
               "<s:situation id='S'><s:situationRecord xsi:type='s:AbnormalTraffic' id='R' version='1'>"
               "<s:locationReference xsi:type='l:X'>%s</s:locationReference></s:situationRecord>"
               "</s:situation>"),
            cases[i].location);
        (void)datex2_text(&c, text, false);
        const Bruis__V1__Observation *record = only(&c);
        const struct br_place *place = &c.emit.observations->place;
        ck_assert_int_eq(record->has_lat, cases[i].x > 0 && !cases[i].srs);
        if (record->has_lat)
            ck_assert_msg(record->lat == cases[i].x && record->lon == cases[i].y, "case %zu", i);
        if (cases[i].srs) {
            ck_assert_str_eq(place->srs, cases[i].srs);
            ck_assert(place->x == cases[i].x && place->y == cases[i].y);
        } else {
            ck_assert_ptr_null(place->srs);
        }
    }
    datex2_stop(&c);
}
END_TEST

START_TEST(a_payload_without_a_type)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    (void)datex2_text(
        &c,
        "<d:payload xmlns:d='d' modelBaseVersion='3' " XSI "><publicationTime>2026-08-18T12:01:00+02:00"
        "</publicationTime><d:situation id='S'><situationRecord xsi:type='AbnormalTraffic' id='R' "
        "version='177'><queueLength>2616</queueLength></situationRecord></d:situation></d:payload>",
        false);
    ck_assert_int_eq(only(&c)->observed_at, DATEX2_PUBLISHED_UTC_MS);
    ck_assert(only(&c)->jam->length_m == 2616);
    datex2_stop(&c);
}
END_TEST

START_TEST(faults_of_situations)
{
    struct datex2_case c;
    datex2_start(&c, NULL);
    ck_assert_int_eq(datex2_text(&c,
                                 JAMS(JAM_V2("", "") JAM_V2("R1", "<queueLength>long</queueLength>")
                                          JAM_V2("R2", "<queueLength>-1</queueLength>")),
                                 false),
                     BR_DECODED);
    ck_assert_uint_eq(c.emit.observation_count, 2);
    ck_assert_uint_eq(c.emit.invalid_count, 2);
    ck_assert_str_eq(c.emit.reason, "situation S1: a record without a usable id");
    ck_assert(!datex2_find(&c, "R2")->jam->has_length_m);
    ck_assert_int_eq(datex2_text(&c,
                                 "<payload modelBaseVersion='3' " XSI
                                 " xsi:type='SituationPublication'>" JAM_V2("R", "") "</payload>",
                                 false),
                     BR_REJECTED);
    ck_assert_str_eq(c.emit.reason, "SituationPublication without publicationTime");
    ck_assert_int_eq(c.emit.snapshot_at_utc_ms, BR_TIME_NONE);
    datex2_stop(&c);
}
END_TEST

START_TEST(a_part_of_the_jams)
{
    static const char *const part[] = {"snapshot=false", NULL};
    struct datex2_case c;
    datex2_start(&c, part);
    (void)datex2_text(&c, JAMS(JAM_V2("R1", "")), false);
    ck_assert_str_eq(only(&c)->sensor, "R1");
    ck_assert_int_eq(c.emit.snapshot_at_utc_ms, BR_TIME_NONE);
    datex2_stop(&c);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_jam_of_version_2);
    tcase_add_test(tcase, what_a_jam_does_not_say_is_absent);
    tcase_add_test(tcase, states_and_types);
    tcase_add_test(tcase, an_end_of_life_ends);
    tcase_add_test(tcase, other_records_are_no_jams);
    tcase_add_test(tcase, places_of_all_forms);
    tcase_add_test(tcase, a_payload_without_a_type);
    tcase_add_test(tcase, faults_of_situations);
    tcase_add_test(tcase, a_part_of_the_jams);
}

UNIT_MAIN("adapter_datex2_situation", tests)
