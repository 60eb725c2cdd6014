/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/reading.h"

#include <math.h>

#include "tests/unit/figure_text.h"

/* What br_reading_of says of a line; NULL: it is a reading. */
static const char *fault_of(const char *line, char what, struct br_reading *reading)
{
    struct said said;
    said_read(&said, line, what);
    return br_reading_of(&said.observation, 60000, reading);
}

static int order(const char *a, const char *b, char what)
{
    struct br_reading left = reading_of(a, what), right = reading_of(b, what);
    int there = br_reading_order(&left, &right), back = br_reading_order(&right, &left);
    ck_assert_int_eq(there > 0, back < 0);
    ck_assert_int_eq(there<0, back> 0);
    return (there > 0) - (there < 0);
}

START_TEST(parking_values)
{
    struct br_reading r =
        reading_of("P1 10:00:00 capacity=100 vacant=30 entries=4 exits=0 full=1 closed", 'p');
    ck_assert_int_eq(r.kind, BR_KIND_PARKING);
    ck_assert_int_eq(r.observed_at_utc_ms, time_of("10:00:00"));
    ck_assert_uint_eq(r.period_ms, 0);
    ck_assert_uint_eq(r.known, 15);
    ck_assert_int_eq(r.value[BR_PARKING_CAPACITY], 100);
    ck_assert_int_eq(r.value[BR_PARKING_VACANT], 30);
    ck_assert_int_eq(r.value[BR_PARKING_ENTRIES], 4);
    ck_assert_int_eq(r.value[BR_PARKING_EXITS], 0);
    ck_assert_uint_eq(r.bits, BR_READING_CLOSED | BR_READING_FULL);

    r = reading_of("P1 10:00:00 open full=0", 'p');
    ck_assert_uint_eq(r.known, 0);
    ck_assert_uint_eq(r.bits, 0);
    r = reading_of("P1 10:00:00 capacity=0 vacant=0", 'p'); /* no places: not known */
    ck_assert_uint_eq(r.known, BR_KNOWN(BR_PARKING_VACANT));
}
END_TEST

START_TEST(occupied_stands_in_for_vacant)
{
    struct br_reading r = reading_of("P1 10:00:00 occupied=70", 'p');
    ck_assert_uint_eq(r.known, BR_KNOWN(BR_PARKING_VACANT));
    ck_assert_int_eq(r.value[BR_PARKING_VACANT], 70);
    ck_assert_uint_eq(r.bits, BR_READING_OCCUPIED);
    r = reading_of("P1 10:00:00 occupied=70 vacant=20", 'p'); /* vacant is said */
    ck_assert_int_eq(r.value[BR_PARKING_VACANT], 20);
    ck_assert_uint_eq(r.bits, 0);
}
END_TEST

START_TEST(negative_places_are_refused)
{
    struct br_reading r;
    ck_assert_ptr_nonnull(fault_of("P1 10:00:00 vacant=-1", 'p', &r));
    ck_assert_ptr_nonnull(fault_of("P1 10:00:00 occupied=-1", 'p', &r));
    ck_assert_ptr_nonnull(fault_of("P1 10:00:00 entries=-1", 'p', &r));
    ck_assert_ptr_nonnull(fault_of("P1 10:00:00 exits=-1", 'p', &r));
}
END_TEST

START_TEST(traffic_values)
{
    struct br_reading r = reading_of("S1 10:00:00 flow=1200.5 speed=49.95 period=60 partial estimated", 't');
    ck_assert_int_eq(r.kind, BR_KIND_TRAFFIC);
    ck_assert_uint_eq(r.period_ms, 60000);
    ck_assert_int_eq(r.value[BR_TRAFFIC_FLOW_MILLI], 1200500);
    ck_assert_double_eq(br_reading_speed(&r), 49.95);
    ck_assert_uint_eq(r.bits, BR_READING_PARTIAL | BR_READING_ESTIMATED);

    r = reading_of("S1 10:00:00 speed=0", 't'); /* the feed's interval is its period */
    ck_assert_uint_eq(r.period_ms, 60000);
    ck_assert_uint_eq(r.known, BR_KNOWN(BR_TRAFFIC_SPEED));
    ck_assert_uint_eq(reading_of("S1 10:00:00 flow=0 period=0", 't').period_ms, 60000);
    ck_assert_uint_eq(reading_of("S1 10:00:00 flow=0 period=0.5", 't').period_ms, 500);
    ck_assert_int_eq(reading_of("S1 10:00:00 flow=0.0005", 't').value[0], 1); /* half away from zero */
    ck_assert_int_eq(reading_of("S1 10:00:00 flow=0.0004", 't').value[0], 0);
}
END_TEST

START_TEST(traffic_out_of_range)
{
    struct br_reading r;
    ck_assert_ptr_null(fault_of("S1 10:00:00 speed=250", 't', &r));
    ck_assert_str_eq(fault_of("S1 10:00:00 speed=250.01", 't', &r), "a speed out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 speed=-1", 't', &r), "a speed out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 speed=nan", 't', &r), "a speed out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 flow=-1", 't', &r), "a flow out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 flow=nan", 't', &r), "a flow out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 flow=2147484", 't', &r), "a flow out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 flow=1 period=-1", 't', &r), "a period out of range");
    ck_assert_str_eq(fault_of("S1 10:00:00 flow=1 period=1e9", 't', &r), "a period out of range");
}
END_TEST

START_TEST(jam_values)
{
    uint32_t valid_to_s;
    struct br_reading r = reading_of(
        "J1 10:00:00 length=1500.5 delay=120.4 version=3 valid_to=2106-01-01T00:00:00Z ended", 'j');
    ck_assert_int_eq(r.kind, BR_KIND_JAM);
    ck_assert_uint_eq(r.known, 15);
    ck_assert_int_eq(r.value[BR_JAM_LENGTH_M], 1501);
    ck_assert_int_eq(r.value[BR_JAM_DELAY_S], 120);
    ck_assert_int_eq(r.value[BR_JAM_VERSION], 3);
    memcpy(&valid_to_s, &r.value[BR_JAM_VALID_TO_S], sizeof valid_to_s);
    ck_assert_int_eq((int64_t)valid_to_s * 1000, time_of("2106-01-01T00:00:00Z"));
    ck_assert_uint_eq(r.bits, BR_READING_ENDED);

    r = reading_of("J1 10:00:00 active", 'j');
    ck_assert_uint_eq(r.known, 0);
    ck_assert_uint_eq(r.bits, 0);
    ck_assert_int_eq(reading_of("J1 10:00:00 version=5000000000", 'j').value[BR_JAM_VERSION], INT32_MAX);
    ck_assert_uint_eq(reading_of("J1 10:00:00 version=-1", 'j').known, 0);
    ck_assert_uint_eq(reading_of("J1 10:00:00 valid_to=1969-12-31T23:59:59Z", 'j').known, 0);
    ck_assert_uint_eq(reading_of("J1 10:00:00 valid_to=2400-01-01T00:00:00Z", 'j').known, 0);
    ck_assert_str_eq(fault_of("J1 10:00:00 length=-1", 'j', &r), "a queue length out of range");
    ck_assert_str_eq(fault_of("J1 10:00:00 delay=3e9", 'j', &r), "a delay out of range");
}
END_TEST

START_TEST(pedestrian_values)
{
    struct br_reading r = reading_of("C1 10:00:00 count=9 in=4 out=5 presence=2147483647 period=180", 'w');
    ck_assert_int_eq(r.kind, BR_KIND_PEDESTRIAN);
    ck_assert_uint_eq(r.period_ms, 180000);
    ck_assert_uint_eq(r.known, 15);
    ck_assert_int_eq(r.value[BR_PEDESTRIAN_COUNT], 9);
    ck_assert_int_eq(r.value[BR_PEDESTRIAN_IN], 4);
    ck_assert_int_eq(r.value[BR_PEDESTRIAN_OUT], 5);
    ck_assert_int_eq(r.value[BR_PEDESTRIAN_PRESENCE], INT32_MAX);
    ck_assert_uint_eq(reading_of("C1 10:00:00 count=9", 'w').period_ms, 60000);
    ck_assert_str_eq(fault_of("C1 10:00:00 count=-1", 'w', &r), "a count out of range");
    ck_assert_str_eq(fault_of("C1 10:00:00 in=2147483648", 'w', &r), "a count out of range");
    ck_assert_str_eq(fault_of("C1 10:00:00 out=-1", 'w', &r), "a count out of range");
    ck_assert_str_eq(fault_of("C1 10:00:00 presence=-1", 'w', &r), "a count out of range");
    ck_assert_str_eq(fault_of("C1 10:00:00 period=-1", 'w', &r), "a period out of range");
}
END_TEST

START_TEST(needs_a_time_and_a_domain)
{
    struct said said;
    struct br_reading r;
    said_read(&said, "P1 10:00:00 vacant=1", 'p');
    said.observation.has_observed_at = false;
    ck_assert_str_eq(br_reading_of(&said.observation, 60000, &r), "no time of observation");
    said_read(&said, "P1 10:00:00", 'x');
    ck_assert_str_eq(br_reading_of(&said.observation, 60000, &r), "no values of any domain");
    said_read(&said, "P1 10:00:00 vacant=1", 'p');
    said.observation.n_quality = 2; /* flags that say nothing to a figure */
    said.flags[0] = BRUIS__V1__FLAG__clamped;
    said.flags[1] = BRUIS__V1__FLAG__untimed;
    ck_assert_ptr_null(br_reading_of(&said.observation, 60000, &r));
    ck_assert_uint_eq(r.bits, 0);
}
END_TEST

START_TEST(order_is_by_values_then_period_then_bits)
{
    ck_assert_int_eq(order("P 10:00:00 vacant=30", "P 10:00:00 vacant=30", 'p'), 0);
    ck_assert_int_eq(order("P 10:00:00 vacant=31", "P 10:00:00 vacant=30", 'p'), 1);
    ck_assert_int_eq(order("P 10:00:00 capacity=9 vacant=1", "P 10:00:00 capacity=8 vacant=7", 'p'), 1);
    ck_assert_int_eq(order("P 10:00:00 vacant=0", "P 10:00:00", 'p'), 1); /* absent is below any */
    ck_assert_int_eq(order("P 10:00:00 vacant=30 closed", "P 10:00:00 vacant=30 open", 'p'), 1);
    ck_assert_int_eq(order("S 10:00:00 flow=60 speed=50.2", "S 10:00:00 flow=60 speed=50.1", 't'), 1);
    ck_assert_int_eq(order("S 10:00:00 flow=60 speed=0", "S 10:00:00 flow=60", 't'), 1);
    ck_assert_int_eq(order("S 10:00:00 speed=99", "S 10:00:00 flow=60", 't'), -1);
    ck_assert_int_eq(order("S 10:00:00 flow=1 period=120", "S 10:00:00 flow=1 period=60", 't'), 1);
    ck_assert_int_eq(order("S 10:00:00 flow=1 partial", "S 10:00:00 flow=1", 't'), 1);
    ck_assert_int_eq(order("C 10:00:00 in=1 out=2", "C 10:00:00 in=1 out=3", 'w'), -1);
}
END_TEST

START_TEST(order_of_jams_begins_with_the_version)
{
    ck_assert_int_eq(order("J 10:00:00 version=2 length=10", "J 10:00:00 version=1 length=99", 'j'), 1);
    ck_assert_int_eq(order("J 10:00:00 version=1 length=10", "J 10:00:00 version=1 length=99", 'j'), -1);
    ck_assert_int_eq(order("J 10:00:00 version=1", "J 10:00:00 length=99", 'j'), 1);
    ck_assert_int_eq(order("J 10:00:00 valid_to=10:30:00", "J 10:00:00", 'j'), 1);
    /* Also past 2038, where seconds no longer fit 31 bits. */
    ck_assert_int_eq(order("J 10:00:00 valid_to=2099-12-31T00:00:00Z", "J 10:00:00", 'j'), 1);
    ck_assert_int_eq(
        order("J 10:00:00 valid_to=2099-12-31T00:00:00Z", "J 10:00:00 valid_to=2030-01-01T00:00:00Z", 'j'),
        1);
}
END_TEST

START_TEST(kinds_and_domains)
{
    ck_assert_int_eq(br_kind_domain(BR_KIND_PARKING), BR_PARKING);
    ck_assert_int_eq(br_kind_domain(BR_KIND_TRAFFIC), BR_TRAFFIC);
    ck_assert_int_eq(br_kind_domain(BR_KIND_JAM), BR_TRAFFIC);
    ck_assert_int_eq(br_kind_domain(BR_KIND_SNAPSHOT), BR_TRAFFIC);
    ck_assert_int_eq(br_kind_domain(BR_KIND_PEDESTRIAN), BR_PEDESTRIAN);
    ck_assert_int_eq(br_domain_record(BR_PARKING), BRUIS__V1__DOMAIN__parking);
    ck_assert_int_eq(br_domain_record(BR_TRAFFIC), BRUIS__V1__DOMAIN__traffic);
    ck_assert_int_eq(br_domain_record(BR_PEDESTRIAN), BRUIS__V1__DOMAIN__pedestrian);
    ck_assert_uint_eq(sizeof(struct br_reading), 32);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, parking_values);
    tcase_add_test(tcase, occupied_stands_in_for_vacant);
    tcase_add_test(tcase, negative_places_are_refused);
    tcase_add_test(tcase, traffic_values);
    tcase_add_test(tcase, traffic_out_of_range);
    tcase_add_test(tcase, jam_values);
    tcase_add_test(tcase, pedestrian_values);
    tcase_add_test(tcase, needs_a_time_and_a_domain);
    tcase_add_test(tcase, order_is_by_values_then_period_then_bits);
    tcase_add_test(tcase, order_of_jams_begins_with_the_version);
    tcase_add_test(tcase, kinds_and_domains);
}

UNIT_MAIN("reading", tests)
