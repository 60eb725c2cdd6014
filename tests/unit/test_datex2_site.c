/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/datex2/site.h"
#include "tests/unit/unit.h"

#include <math.h>

#define FLOW BR_DATEX2_KIND_FLOW
#define SPEED BR_DATEX2_KIND_SPEED
#define TRAVEL BR_DATEX2_KIND_TRAVEL_TIME
#define AT 1000

/* Indexes 1 to 4: flow and speed of two lanes; 5 and 6: those of the whole carriageway; 7: a class of
 * vehicles on lane 1; 8: a travel time. */
static const struct br_datex2_meaning meanings[] = {
    {0, 0, 0},    {FLOW, 1, 1},  {SPEED, 1, 1}, {FLOW, 2, 1},   {SPEED, 2, 1},
    {FLOW, 0, 1}, {SPEED, 0, 1}, {FLOW, 1, 0},  {TRAVEL, 0, 1},
};
static const struct br_datex2_record laned = {.meaning_count = 9, .meanings = meanings, .laned = true};
static const struct br_datex2_record whole = {.meaning_count = 9, .meanings = meanings, .laned = false};

static struct br_datex2_value value(uint32_t index, double number)
{
    return (struct br_datex2_value){.at_utc_ms = AT,
                                    .number = number,
                                    .reference_s = NAN,
                                    .inputs = -1,
                                    .index = index,
                                    .kind = meanings[index].kind};
}

static struct br_datex2_value counted(uint32_t index, double number, int64_t inputs)
{
    struct br_datex2_value one = value(index, number);
    one.inputs = inputs;
    return one;
}

static struct br_datex2_value wrong(uint32_t index, double number)
{
    struct br_datex2_value one = value(index, number);
    one.error = true;
    return one;
}

static struct br_datex2_figures figures_of(const struct br_datex2_record *record,
                                           const struct br_datex2_value *values, size_t count)
{
    struct br_datex2_figures figures;
    bool known = br_datex2_site_figures(record, values, count, AT, &figures);
    ck_assert_int_eq(known, !isnan(figures.flow_veh_h) || !isnan(figures.speed_km_h) ||
                                !isnan(figures.travel_time_s));
    return figures;
}

#define FIGURES(record, ...)                                                                                 \
    figures_of(&(record), (const struct br_datex2_value[]){__VA_ARGS__},                                     \
               sizeof((const struct br_datex2_value[]){__VA_ARGS__}) / sizeof(struct br_datex2_value))

START_TEST(lanes_add_up)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 600), value(2, 100), value(3, 300), value(4, 50));
    ck_assert(f.flow_veh_h == 900);
    ck_assert(f.speed_km_h == 900.0 / (600.0 / 100 + 300.0 / 50)); /* 75: harmonic, by flow */
    ck_assert(!f.partial && !f.estimated);
}
END_TEST

START_TEST(one_speed_stays_exact)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 540), value(2, 70), value(3, 60), value(4, 70));
    ck_assert(f.speed_km_h == 70);
}
END_TEST

START_TEST(classes_count_nothing)
{
    struct br_datex2_figures f = FIGURES(laned, value(7, 480), value(1, 600), value(2, 100));
    ck_assert(f.flow_veh_h == 600);
    f = FIGURES(laned, value(7, 480));
    ck_assert(isnan(f.flow_veh_h));
}
END_TEST

START_TEST(carriageway_counts_only_without_lanes)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 600), value(3, 300), value(5, 900), value(6, 80));
    ck_assert(f.flow_veh_h == 900 && isnan(f.speed_km_h));
    f = FIGURES(laned, value(5, 900), value(6, 80));
    ck_assert(isnan(f.flow_veh_h) && isnan(f.speed_km_h)); /* by the table, not by the message */
    f = FIGURES(whole, value(5, 900), value(6, 80));
    ck_assert(f.flow_veh_h == 900 && f.speed_km_h == 80);
}
END_TEST

START_TEST(errors_are_left_out_and_flagged)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 600), value(2, 100), wrong(3, 0), wrong(4, 90));
    ck_assert(f.flow_veh_h == 600 && f.speed_km_h == 100 && f.partial);
    f = FIGURES(laned, value(1, 600), value(2, 100), value(3, 300), wrong(4, 90));
    ck_assert(f.flow_veh_h == 900 && f.speed_km_h == 100 && f.partial);
    f = FIGURES(laned, value(1, 600), wrong(7, 10), wrong(5, 10));
    ck_assert(f.flow_veh_h == 600 && !f.partial); /* they would not count anyway */
    f = FIGURES(laned, wrong(1, 600), wrong(2, 80));
    ck_assert(isnan(f.flow_veh_h) && isnan(f.speed_km_h));
}
END_TEST

START_TEST(minus_one_is_unknown)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 0), counted(2, -1, 0), value(3, 120), value(4, 60));
    ck_assert(f.flow_veh_h == 120 && f.speed_km_h == 60 && !f.partial);
    f = FIGURES(laned, value(1, -1), value(2, -1));
    ck_assert(isnan(f.flow_veh_h) && isnan(f.speed_km_h));
}
END_TEST

START_TEST(a_lane_without_flow_has_no_speed)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 0), counted(2, 80, 3), value(3, 120), value(4, 60));
    ck_assert(f.flow_veh_h == 120 && f.speed_km_h == 60);
    f = FIGURES(laned, counted(2, 80, 3), value(3, 120), value(4, 60)); /* lane 1 told no flow */
    ck_assert(f.flow_veh_h == 120 && f.speed_km_h == 60 && !f.estimated);
    f = FIGURES(laned, value(1, 0), counted(2, 80, 3));
    ck_assert(f.flow_veh_h == 0 && isnan(f.speed_km_h));
}
END_TEST

START_TEST(nought_is_a_standstill_only_with_vehicles)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 600), counted(2, 0, 0));
    ck_assert(f.flow_veh_h == 600 && isnan(f.speed_km_h)); /* nobody was measured */
    f = FIGURES(laned, value(1, 600), counted(2, 0, 4));
    ck_assert(f.speed_km_h == 0);
    f = FIGURES(laned, value(1, 600), value(2, 0)); /* the lane's flow tells */
    ck_assert(f.speed_km_h == 0);
    f = FIGURES(laned, value(1, 0), value(2, 0));
    ck_assert(isnan(f.speed_km_h));
    f = FIGURES(laned, value(2, 0)); /* nothing tells */
    ck_assert(isnan(f.speed_km_h));
}
END_TEST

START_TEST(a_standing_lane_weighs_as_walking_pace)
{
    struct br_datex2_figures f = FIGURES(laned, value(1, 300), value(2, 0), value(3, 300), value(4, 60));
    ck_assert(f.speed_km_h == 600.0 / (300.0 / 3 + 300.0 / 60));
    f = FIGURES(laned, value(1, 300), value(2, 0), value(3, 300), counted(4, 0, 2));
    ck_assert(f.speed_km_h == 0);
}
END_TEST

START_TEST(speeds_without_flows_are_an_estimate)
{
    struct br_datex2_figures f = FIGURES(laned, value(2, 100), value(4, 50));
    ck_assert(isnan(f.flow_veh_h) && f.estimated && !f.partial);
    ck_assert(f.speed_km_h == 2.0 / (1.0 / 100 + 1.0 / 50));
    f = FIGURES(laned, wrong(1, 100), value(2, 80));
    ck_assert(f.speed_km_h == 80 && f.estimated && f.partial);
}
END_TEST

START_TEST(values_of_another_time_are_left_out)
{
    struct br_datex2_value other = value(3, 300);
    other.at_utc_ms = AT - 60000;
    struct br_datex2_figures f = FIGURES(laned, value(1, 600), other);
    ck_assert(f.flow_veh_h == 600 && f.partial);
}
END_TEST

START_TEST(travel_times_stand_alone)
{
    struct br_datex2_value travel = value(8, 288.403);
    travel.reference_s = 272.397;
    struct br_datex2_figures f = FIGURES(laned, travel);
    ck_assert(f.travel_time_s == 288.403 && f.reference_s == 272.397 && isnan(f.flow_veh_h));
    f = FIGURES(laned, value(8, -1));
    ck_assert(isnan(f.travel_time_s) && isnan(f.reference_s));
    f = FIGURES(laned, wrong(8, 288));
    ck_assert(isnan(f.travel_time_s) && f.partial);
}
END_TEST

START_TEST(knows_a_value_by_its_rules)
{
    struct br_datex2_value none = value(1, 5);
    none.kind = BR_DATEX2_KIND_NONE;
    ck_assert(!br_datex2_value_known(&none, NAN));
    struct br_datex2_value one = value(1, 0), no_number = value(1, NAN);
    ck_assert(br_datex2_value_known(&one, NAN) && !br_datex2_value_known(&no_number, NAN));
    one = value(2, 250);
    ck_assert(br_datex2_value_known(&one, NAN));
    one = value(2, 250.5);
    ck_assert(!br_datex2_value_known(&one, NAN));
    one = counted(2, 80, 0);
    ck_assert(!br_datex2_value_known(&one, 600));
}
END_TEST

START_TEST(finds_sites_by_id_and_version)
{
    struct br_datex2_table *table = br_datex2_table_open();
    static const char *const sites[][2] = {{"B", "2"}, {"A", "1"}, {"B", "1"}, {"C", ""}, {"A", "1"}};
    for (size_t i = 0; i < 5; i++) {
        struct br_datex2_record record = {
            .id = sites[i][0], .version = sites[i][1], .srs = i == 3 ? "EPSG:28992" : NULL, .x = (double)i};
        if (i == 0)
            record = (struct br_datex2_record){
                .id = "B", .version = "2", .meaning_count = 9, .meanings = meanings, .laned = true};
        ck_assert(br_datex2_table_add(table, &record));
    }
    ck_assert(br_datex2_table_finish(table));
    ck_assert_uint_eq(br_datex2_table_count(table), 4);
    ck_assert(br_datex2_table_find(table, "A", "1")->x == 1); /* the first of two */
    ck_assert_ptr_null(br_datex2_table_find(table, "A", "2"));
    ck_assert_ptr_nonnull(br_datex2_table_find(table, "A", NULL));
    ck_assert_ptr_null(br_datex2_table_find(table, "B", NULL)); /* which one? */
    ck_assert_ptr_null(br_datex2_table_find(table, "", "1"));
    ck_assert_ptr_null(br_datex2_table_find(table, "D", NULL));
    ck_assert_str_eq(br_datex2_table_find(table, "C", NULL)->srs, "EPSG:28992");
    const struct br_datex2_record *found = br_datex2_table_find(table, "B", "2");
    ck_assert(found->laned && br_datex2_meaning_of(found, 3).kind == FLOW);
    ck_assert(br_datex2_meaning_of(found, 3).lane == 2 && br_datex2_meaning_of(found, 3).any);
    ck_assert(br_datex2_meaning_of(found, 9).kind == BR_DATEX2_KIND_NONE);
    ck_assert(br_datex2_meaning_of(br_datex2_table_find(table, "B", "1"), 1).kind == BR_DATEX2_KIND_NONE);
    br_datex2_table_close(table);
    br_datex2_table_close(NULL);
}
END_TEST

/* The size of a national table, with far more values a site than it has. */
START_TEST(a_national_table_is_small)
{
    struct br_datex2_meaning many[73] = {{0}};
    struct br_datex2_table *table = br_datex2_table_open();
    char id[32];
    struct br_datex2_record record = {.id = id, .version = "12", .meaning_count = 73, .meanings = many};
    for (unsigned i = 0; i < 28085; i++) {
        (void)snprintf(id, sizeof id, "VB01_MONIBAS_%012u", i * 7919 % 28085);
        many[1].lane = (i % 15) & 15u;
        ck_assert(br_datex2_table_add(table, &record));
    }
    ck_assert(br_datex2_table_finish(table));
    ck_assert_uint_eq(br_datex2_table_count(table), 28085);
    ck_assert_uint_lt(br_datex2_table_size(table), (size_t)8 << 20);
    for (unsigned i = 0; i < 28085; i += 97) {
        (void)snprintf(id, sizeof id, "VB01_MONIBAS_%012u", i * 7919 % 28085);
        const struct br_datex2_record *found = br_datex2_table_find(table, id, "12");
        ck_assert_ptr_nonnull(found);
        ck_assert_uint_eq(br_datex2_meaning_of(found, 1).lane, i % 15);
    }
    br_datex2_table_close(table);
}
END_TEST

START_TEST(knows_methods)
{
    ck_assert_int_eq(br_datex2_method_of(br_view_of("harmonicAverageOfSamplesInATimePeriod")),
                     BR_DATEX2_METHOD_HARMONIC);
    ck_assert_int_eq(br_datex2_method_of(br_view_of("arithmeticAverageOfSamplesInATimePeriod")),
                     BR_DATEX2_METHOD_ARITHMETIC);
    ck_assert_int_eq(br_datex2_method_of(br_view_of("movingAverageOfSamples")), BR_DATEX2_METHOD_UNKNOWN);
    ck_assert_int_eq(br_datex2_method_of(br_view_of("")), BR_DATEX2_METHOD_NONE);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, lanes_add_up);
    tcase_add_test(tcase, one_speed_stays_exact);
    tcase_add_test(tcase, classes_count_nothing);
    tcase_add_test(tcase, carriageway_counts_only_without_lanes);
    tcase_add_test(tcase, errors_are_left_out_and_flagged);
    tcase_add_test(tcase, minus_one_is_unknown);
    tcase_add_test(tcase, a_lane_without_flow_has_no_speed);
    tcase_add_test(tcase, nought_is_a_standstill_only_with_vehicles);
    tcase_add_test(tcase, a_standing_lane_weighs_as_walking_pace);
    tcase_add_test(tcase, speeds_without_flows_are_an_estimate);
    tcase_add_test(tcase, values_of_another_time_are_left_out);
    tcase_add_test(tcase, travel_times_stand_alone);
    tcase_add_test(tcase, knows_a_value_by_its_rules);
    tcase_add_test(tcase, finds_sites_by_id_and_version);
    tcase_add_test(tcase, a_national_table_is_small);
    tcase_add_test(tcase, knows_methods);
}

UNIT_MAIN("datex2_site", tests)
