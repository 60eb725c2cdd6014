/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/arena.h"

#include "tests/unit/unit.h"

#include <stdint.h>

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

START_TEST(memory_is_zeroed_and_aligned)
{
    struct br_arena *arena = br_arena_open(256, 0);
    for (size_t size = 1; size < 100; size += 7) {
        unsigned char *memory = br_arena_alloc(arena, size);
        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
        ck_assert(is_zero(memory, size));
        memset(memory, 0xa5, size);
    }
    br_arena_reset(arena);
    ck_assert(is_zero(br_arena_alloc(arena, 200), 200));
    br_arena_close(arena);
}
END_TEST

START_TEST(allocations_do_not_overlap)
{
    enum { COUNT = 300 };
    struct br_arena *arena = br_arena_open(128, 0);
    unsigned char *at[COUNT];
    size_t sizes[COUNT];
    for (int i = 0; i < COUNT; i++) {
        sizes[i] = (size_t)(i * 37 % 400); /* 0 and more than a block too */
        at[i] = br_arena_alloc(arena, sizes[i]);
        ck_assert_ptr_nonnull(at[i]);
        memset(at[i], i & 0xff, sizes[i]);
    }
    for (int i = 0; i < COUNT; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            ck_assert_int_eq(at[i][j], i & 0xff);
    br_arena_close(arena);
}
END_TEST

START_TEST(nothing_has_an_address_of_its_own)
{
    struct br_arena *arena = br_arena_open(128, 0);
    void *first = br_arena_alloc(arena, 0), *second = br_arena_alloc(arena, 0);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_ne(first, second);
    br_arena_close(arena);
}
END_TEST

START_TEST(the_cap_holds_and_full_is_sticky)
{
    struct br_arena *arena = br_arena_open(1024, 10000);
    size_t count = 0;
    while (br_arena_alloc(arena, 100))
        ck_assert_uint_lt(++count, 1000);
    ck_assert_uint_gt(count, 70);
    ck_assert(br_arena_full(arena));
    ck_assert_uint_le(br_arena_size(arena), 10000);
    ck_assert_ptr_null(br_arena_alloc(arena, 5000));
    br_arena_reset(arena);
    ck_assert(!br_arena_full(arena));
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 5000));
    br_arena_close(arena);
}
END_TEST

START_TEST(one_refusal_stays_seen)
{
    struct br_arena *arena = br_arena_open(1024, 4096);
    ck_assert_ptr_null(br_arena_alloc(arena, 8192));
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 8)); /* small ones still fit */
    ck_assert(br_arena_full(arena));
    br_arena_close(arena);
}
END_TEST

START_TEST(a_reset_keeps_the_first_block_only)
{
    struct br_arena *arena = br_arena_open(1024, 0);
    size_t size_at_start = br_arena_size(arena);
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 1 << 20)); /* the first request is a huge one */
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(br_arena_alloc(arena, 500));
    ck_assert_uint_gt(br_arena_size(arena), 1 << 20);
    br_arena_reset(arena);
    ck_assert_uint_eq(br_arena_size(arena), size_at_start);
    br_arena_close(arena);
}
END_TEST

START_TEST(a_large_request_does_not_waste_the_current_block)
{
    struct br_arena *arena = br_arena_open(4096, 0);
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 16));
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 100000));
    size_t size = br_arena_size(arena);
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 4000));
    ck_assert_uint_eq(br_arena_size(arena), size);
    br_arena_close(arena);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
    struct br_arena *arena = br_arena_open(64, 0);
    size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ck_assert_ptr_null(br_arena_alloc(arena, sizes[i]));
    ck_assert_ptr_null(br_arena_text(arena, (struct br_view){"x", SIZE_MAX}));
    ck_assert(br_arena_full(arena));
    br_arena_close(arena);
}
END_TEST

START_TEST(a_cap_below_the_block_size_still_serves)
{
    struct br_arena *arena = br_arena_open(65536, 1000);
    ck_assert_ptr_nonnull(arena);
    ck_assert_ptr_nonnull(br_arena_alloc(arena, 500));
    ck_assert_ptr_null(br_arena_alloc(arena, 600));
    ck_assert_uint_le(br_arena_size(arena), 1000);
    br_arena_close(arena);
    ck_assert_ptr_null(br_arena_open(64, 8)); /* not even the book-keeping fits */
}
END_TEST

START_TEST(texts_are_copied_with_a_nul)
{
    struct br_arena *arena = br_arena_open(64, 0);
    char source[] = "Mathildelaan";
    char *copy = br_arena_text(arena, (struct br_view){source, 8});
    memset(source, 'x', sizeof source - 1);
    ck_assert_str_eq(copy, "Mathilde");
    ck_assert_str_eq(br_arena_text(arena, (struct br_view){NULL, 0}), "");
    char *bytes = br_arena_text(arena, (struct br_view){"a\0b", 3});
    ck_assert_mem_eq(bytes, "a\0b", 4);
    br_arena_close(arena);
}
END_TEST

START_TEST(closing_nothing_is_allowed)
{
    br_arena_close(NULL);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, memory_is_zeroed_and_aligned);
    tcase_add_test(tcase, allocations_do_not_overlap);
    tcase_add_test(tcase, nothing_has_an_address_of_its_own);
    tcase_add_test(tcase, the_cap_holds_and_full_is_sticky);
    tcase_add_test(tcase, one_refusal_stays_seen);
    tcase_add_test(tcase, a_reset_keeps_the_first_block_only);
    tcase_add_test(tcase, a_large_request_does_not_waste_the_current_block);
    tcase_add_test(tcase, impossible_sizes_are_refused);
    tcase_add_test(tcase, a_cap_below_the_block_size_still_serves);
    tcase_add_test(tcase, texts_are_copied_with_a_nul);
    tcase_add_test(tcase, closing_nothing_is_allowed);
}

UNIT_MAIN("arena", tests)
