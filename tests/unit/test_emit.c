/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/adapter.h"

#include "tests/unit/unit.h"

/* An emit, its arena and a message of feed "garages". */
struct stage {
    struct br_arena *arena;
    struct br_emit emit;
    struct br_message message;
};

/* Set up in place: an emit holds pointers into itself. */
static void stage_open(struct stage *stage, size_t size_max)
{
    *stage = (struct stage){.arena = br_arena_open(1024, size_max)};
    ck_assert_ptr_nonnull(stage->arena);
    br_emit_start(&stage->emit, stage->arena);
    stage->message = (struct br_message){.feed = "garages", .received_at_utc_ms = 1787047201000};
}

START_TEST(a_start_is_empty)
{
    struct stage stage;
    stage_open(&stage, 0);
    ck_assert_ptr_null(stage.emit.observations);
    ck_assert_ptr_null(stage.emit.sensors);
    ck_assert_uint_eq(stage.emit.observation_count + stage.emit.sensor_count, 0);
    ck_assert_uint_eq(stage.emit.invalid_count + stage.emit.unmatched_count, 0);
    ck_assert(stage.emit.snapshot_at_utc_ms == BR_TIME_NONE);
    ck_assert(!stage.emit.reference_changed);
    ck_assert_str_eq(stage.emit.reason, "");
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(an_observation_has_its_head)
{
    struct stage stage;
    stage_open(&stage, 0);
    char sensor[] = "P-1 and more", feed[] = "garages";
    stage.message.feed = feed;
    struct br_emitted_observation *emitted = br_emit_observation(
        &stage.emit, &stage.message, BRUIS__V1__DOMAIN__parking, (struct br_view){sensor, 3}, 1787047200000);
    memset(sensor, '?', sizeof sensor - 1); /* both were lent */
    memset(feed, '?', sizeof feed - 1);
    ck_assert_ptr_nonnull(emitted);
    const Bruis__V1__Observation *observation = emitted->observation;
    ck_assert_ptr_eq(observation->base.descriptor, &bruis__v1__observation__descriptor);
    ck_assert_str_eq(observation->feed, "garages");
    ck_assert_str_eq(observation->sensor, "P-1");
    ck_assert(observation->has_domain && observation->domain == BRUIS__V1__DOMAIN__parking);
    ck_assert(observation->has_observed_at && observation->observed_at == 1787047200000);
    ck_assert(observation->has_received_at && observation->received_at == 1787047201000);
    ck_assert(!observation->has_lat && !observation->has_lon);
    ck_assert_uint_eq(observation->n_quality, 0);
    ck_assert_ptr_nonnull(observation->parking);
    ck_assert_ptr_eq(observation->parking->base.descriptor, &bruis__v1__parking__descriptor);
    ck_assert(!observation->parking->has_vacant && !observation->parking->has_state);
    ck_assert_ptr_null(emitted->place.srs);
    ck_assert_ptr_null(emitted->next);
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(each_domain_has_its_part_alone)
{
    struct stage stage;
    stage_open(&stage, 0);
    struct br_view sensor = br_view_of("s");
    const Bruis__V1__Observation *parking =
        br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__parking, sensor, 1)->observation;
    const Bruis__V1__Observation *traffic =
        br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__traffic, sensor, 1)->observation;
    const Bruis__V1__Observation *walkers =
        br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__pedestrian, sensor, 1)
            ->observation;
    const Bruis__V1__Observation *jam = br_emit_jam(&stage.emit, &stage.message, sensor, 1)->observation;
    ck_assert(parking->parking && !parking->traffic && !parking->jam && !parking->pedestrian);
    ck_assert(!traffic->parking && traffic->traffic && !traffic->jam && !traffic->pedestrian);
    ck_assert(!walkers->parking && !walkers->traffic && !walkers->jam && walkers->pedestrian);
    ck_assert(!jam->parking && !jam->traffic && jam->jam && !jam->pedestrian);
    ck_assert_int_eq(jam->domain, BRUIS__V1__DOMAIN__traffic);
    ck_assert(protobuf_c_message_check(&parking->base) && protobuf_c_message_check(&traffic->base));
    ck_assert(protobuf_c_message_check(&walkers->base) && protobuf_c_message_check(&jam->base));
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(unknown_times_are_absent)
{
    struct stage stage;
    stage_open(&stage, 0);
    stage.message.received_at_utc_ms = BR_TIME_NONE;
    const Bruis__V1__Observation *observation =
        br_emit_jam(&stage.emit, &stage.message, br_view_of("s"), BR_TIME_NONE)->observation;
    ck_assert(!observation->has_observed_at && observation->observed_at == 0);
    ck_assert(!observation->has_received_at && observation->received_at == 0);
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(lists_keep_their_order)
{
    struct stage stage;
    stage_open(&stage, 0);
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        ck_assert_ptr_nonnull(br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__traffic,
                                                  br_view_of(name), i));
        ck_assert_ptr_nonnull(
            br_emit_sensor(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__traffic, br_view_of(name)));
    }
    ck_assert_uint_eq(stage.emit.observation_count, 500);
    ck_assert_uint_eq(stage.emit.sensor_count, 500);
    const struct br_emitted_observation *observation = stage.emit.observations;
    const struct br_emitted_sensor *sensor = stage.emit.sensors;
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        ck_assert_str_eq(observation->observation->sensor, name);
        ck_assert_int_eq(observation->observation->observed_at, i);
        ck_assert_str_eq(sensor->sensor->sensor, name);
        observation = observation->next;
        sensor = sensor->next;
    }
    ck_assert_ptr_null(observation);
    ck_assert_ptr_null(sensor);
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(a_sensor_has_its_head)
{
    struct stage stage;
    stage_open(&stage, 0);
    const Bruis__V1__Sensor *sensor =
        br_emit_sensor(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__pedestrian, br_view_of("GAWW-01"))
            ->sensor;
    ck_assert_ptr_eq(sensor->base.descriptor, &bruis__v1__sensor__descriptor);
    ck_assert_str_eq(sensor->feed, "garages");
    ck_assert_str_eq(sensor->sensor, "GAWW-01");
    ck_assert(sensor->has_domain && sensor->domain == BRUIS__V1__DOMAIN__pedestrian);
    ck_assert(!sensor->has_capacity && !sensor->name);
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(flags_are_added_once)
{
    struct stage stage;
    stage_open(&stage, 0);
    Bruis__V1__Observation *observation =
        br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__traffic, br_view_of("s"), 1)
            ->observation;
    br_emit_flag(&stage.emit, observation, BRUIS__V1__FLAG__partial);
    br_emit_flag(&stage.emit, observation, BRUIS__V1__FLAG__untimed);
    br_emit_flag(&stage.emit, observation, BRUIS__V1__FLAG__partial);
    br_emit_flag(&stage.emit, observation, BRUIS__V1__FLAG__clamped);
    ck_assert_uint_eq(observation->n_quality, 3);
    ck_assert_int_eq(observation->quality[0], BRUIS__V1__FLAG__partial);
    ck_assert_int_eq(observation->quality[1], BRUIS__V1__FLAG__untimed);
    ck_assert_int_eq(observation->quality[2], BRUIS__V1__FLAG__clamped);
    br_arena_close(stage.arena);
}
END_TEST

/* What does not fit is not emitted, and what was emitted is whole. */
START_TEST(a_full_arena_emits_nothing_more)
{
    for (size_t size_max = 1100; size_max < 3000; size_max += 16) {
        struct stage stage;
        stage_open(&stage, size_max);
        size_t count = 0;
        while (br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__parking,
                                   br_view_of("sensor of some length"), 1)) {
            ck_assert_ptr_nonnull(stage.emit.observations);
            ck_assert_uint_lt(++count, 100);
        }
        ck_assert(br_arena_full(stage.arena));
        ck_assert_uint_eq(stage.emit.observation_count, count);
        size_t listed = 0;
        for (const struct br_emitted_observation *at = stage.emit.observations; at; at = at->next) {
            ck_assert_str_eq(at->observation->sensor, "sensor of some length");
            ck_assert_ptr_nonnull(at->observation->parking);
            listed++;
        }
        ck_assert_uint_eq(listed, count);
        br_arena_close(stage.arena);
    }
    struct stage stage;
    stage_open(&stage, 1100);
    while (br_emit_sensor(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__parking, br_view_of("s")))
        ck_assert_uint_lt(stage.emit.sensor_count, 100);
    while (br_emit_jam(&stage.emit, &stage.message, br_view_of("s"), 1))
        ck_assert_uint_lt(stage.emit.observation_count, 100);
    ck_assert(br_arena_full(stage.arena));
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(a_flag_without_memory_is_seen)
{
    struct stage stage;
    stage_open(&stage, 1100);
    Bruis__V1__Observation *observation =
        br_emit_observation(&stage.emit, &stage.message, BRUIS__V1__DOMAIN__traffic, br_view_of("s"), 1)
            ->observation;
    while (br_arena_alloc(stage.arena, 1))
        ;
    br_emit_flag(&stage.emit, observation, BRUIS__V1__FLAG__partial);
    ck_assert_uint_eq(observation->n_quality, 0);
    ck_assert(br_arena_full(stage.arena));
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(the_first_invalid_element_is_named)
{
    struct stage stage;
    stage_open(&stage, 0);
    br_emit_invalid(&stage.emit, "/facilities/%d/free: no number", 3);
    br_emit_invalid(&stage.emit, "/facilities/%d/free: no number", 8);
    ck_assert_uint_eq(stage.emit.invalid_count, 2);
    ck_assert_str_eq(stage.emit.reason, "/facilities/3/free: no number");
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(outcomes_carry_their_reason)
{
    struct stage stage;
    stage_open(&stage, 0);
    br_emit_invalid(&stage.emit, "an element");
    ck_assert_int_eq(br_emit_reject(&stage.emit, "no JSON at byte %zu", (size_t)12), BR_REJECTED);
    ck_assert_str_eq(stage.emit.reason, "no JSON at byte 12");
    ck_assert_int_eq(br_emit_skip(&stage.emit, "a %s publication", "VMS"), BR_SKIPPED);
    ck_assert_str_eq(stage.emit.reason, "a VMS publication");
    ck_assert_uint_eq(stage.emit.invalid_count, 1);
    br_arena_close(stage.arena);
}
END_TEST

START_TEST(long_reasons_are_cut)
{
    struct stage stage;
    stage_open(&stage, 0);
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    br_emit_reject(&stage.emit, "%s", text);
    ck_assert_uint_eq(strlen(stage.emit.reason), BR_REASON_SIZE - 1);
    br_arena_close(stage.arena);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_start_is_empty);
    tcase_add_test(tcase, an_observation_has_its_head);
    tcase_add_test(tcase, each_domain_has_its_part_alone);
    tcase_add_test(tcase, unknown_times_are_absent);
    tcase_add_test(tcase, lists_keep_their_order);
    tcase_add_test(tcase, a_sensor_has_its_head);
    tcase_add_test(tcase, flags_are_added_once);
    tcase_add_test(tcase, a_full_arena_emits_nothing_more);
    tcase_add_test(tcase, a_flag_without_memory_is_seen);
    tcase_add_test(tcase, the_first_invalid_element_is_named);
    tcase_add_test(tcase, outcomes_carry_their_reason);
    tcase_add_test(tcase, long_reasons_are_cut);
}

UNIT_MAIN("emit", tests)
