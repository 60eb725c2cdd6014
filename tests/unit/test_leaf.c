/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/leaf.h"

#include "tests/unit/failing_malloc.h"
#include "tests/unit/flow_fixture.h"

/* Codes of the fixture's table, in its order. */
enum { NL, PV1, PV2, GM1, GM2, GM3 };

#define MEMBERS(...)                                                                                         \
    &(struct br_membership)                                                                                  \
    {                                                                                                        \
        sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                                                \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

START_TEST(one_leaf_for_one_membership)
{
    struct world w;
    uint32_t count;
    world_begin(&w);
    world_regions(&w);
    struct br_leaves *leaves = br_leaves_open(w.regions);
    ck_assert_uint_eq(br_leaves_get(leaves, MEMBERS(NL, PV1, GM1)), 0);
    ck_assert_uint_eq(br_leaves_get(leaves, MEMBERS(NL, PV1, GM2)), 1);
    ck_assert_uint_eq(br_leaves_get(leaves, MEMBERS(NL, PV1)), 2);
    ck_assert_uint_eq(br_leaves_get(leaves, MEMBERS(NL, PV1, GM1)), 0);
    ck_assert_uint_eq(br_leaves_count(leaves), 3);
    const uint32_t *regions = br_leaves_regions(leaves, 1, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(regions[0], NL);
    ck_assert_uint_eq(regions[2], GM2);
    ck_assert_uint_eq(br_leaves_get(leaves, &(struct br_membership){0}), UINT32_MAX);
    br_leaves_close(leaves);
    br_leaves_close(NULL);
    world_end(&w);
}
END_TEST

START_TEST(more_than_there_are_buckets)
{
    struct world w;
    world_begin(&w);
    world_regions(&w);
    struct br_leaves *leaves = br_leaves_open(w.regions);
    struct br_membership membership = {.count = 9};
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 10000; i++) { /* lists that repeat regions: a leaf does not mind */
            uint32_t digits = i;
            for (int j = 0; j < 6; j++, digits /= 6)
                membership.region[j] = digits % 6;
            ck_assert_uint_eq(br_leaves_get(leaves, &membership), i);
        }
    ck_assert_uint_eq(br_leaves_count(leaves), 10000);
    br_leaves_close(leaves);
    world_end(&w);
}
END_TEST

/* SHA-256 of "gm0001\0nl00\0pv01\0", whatever the order of the table is. */
START_TEST(names_come_from_the_codes)
{
    static const uint8_t wanted[BR_LEAF_NAME_SIZE] = {
        0xb8, 0x8d, 0x24, 0x5e, 0xe7, 0x80, 0x85, 0x40, 0x9e, 0x39, 0xfb, 0xca, 0x11, 0xb4, 0x95, 0x2a,
        0x0d, 0xb0, 0x33, 0x16, 0x5c, 0x09, 0x6e, 0x6e, 0x2a, 0x92, 0x23, 0x7c, 0x81, 0x7f, 0x73, 0xf8};
    struct world w;
    world_begin(&w);
    world_regions(&w);
    struct br_leaves *leaves = br_leaves_open(w.regions);
    uint32_t one = br_leaves_get(leaves, MEMBERS(NL, PV1, GM1));
    uint32_t two = br_leaves_get(leaves, MEMBERS(NL, PV2, GM3));
    ck_assert_mem_eq(br_leaves_name(leaves, one), wanted, sizeof wanted);
    ck_assert_mem_ne(br_leaves_name(leaves, two), wanted, sizeof wanted);
    br_leaves_close(leaves);
    world_end(&w);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(without_memory)
{
    struct world w;
    world_begin(&w);
    world_regions(&w);
    bool failed = true;
    long live = failing_live();
    for (long nth = 1; failed; nth++) {
        failing_arm(nth);
        struct br_leaves *leaves = br_leaves_open(w.regions);
        uint32_t leaf = leaves ? br_leaves_get(leaves, MEMBERS(NL, PV1, GM1)) : UINT32_MAX;
        failed = failing_disarm();
        ck_assert_uint_eq(leaf, failed ? UINT32_MAX : 0);
        ck_assert(!leaves || br_leaves_get(leaves, MEMBERS(NL, PV1, GM1)) == 0);
        br_leaves_close(leaves);
        ck_assert_int_eq(failing_live(), live);
    }
    world_end(&w);
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, one_leaf_for_one_membership);
    tcase_add_test(tcase, more_than_there_are_buckets);
    tcase_add_test(tcase, names_come_from_the_codes);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("leaf", tests)
