/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/payload.h"

#include "tests/unit/unit.h"

#include <zlib.h>

#define MANY ((size_t)1 << 24)

/* Bytes that grow, for building payloads; always with BR_PADDING behind. */
struct bytes {
    unsigned char *at;
    size_t size;
};

static void bytes_add(struct bytes *bytes, const void *more, size_t size)
{
    bytes->at = realloc(bytes->at, bytes->size + size + BR_PADDING);
    memcpy(bytes->at + bytes->size, more, size);
    bytes->size += size;
    memset(bytes->at + bytes->size, 0xee, BR_PADDING);
}

/* One gzip member behind what is there. */
static void gzip_add(struct bytes *bytes, const void *data, size_t size)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&stream, size);
    unsigned char *packed = malloc(room);
    stream.next_in = (unsigned char *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    bytes_add(bytes, packed, room - stream.avail_out);
    free(packed);
    deflateEnd(&stream);
}

/* size bytes that do not pack well, and are the same each time. */
static unsigned char *noise(size_t size)
{
    unsigned char *data = malloc(size + 1);
    uint32_t state = 12345;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (unsigned char)(state >> 24 & 0x3f);
    }
    return data;
}

/* Reads all chunks; what came out in *all. */
static enum br_payload_status read_chunks(struct br_payload *payload, struct bytes *all)
{
    struct br_view chunk;
    enum br_payload_status status;
    bytes_add(all, "", 0);
    while ((status = br_payload_next(payload, &chunk)) == BR_PAYLOAD_MORE) {
        ck_assert_uint_gt(chunk.size, 0);
        bytes_add(all, chunk.data, chunk.size);
    }
    ck_assert_uint_eq(chunk.size, 0);
    ck_assert_int_eq(br_payload_next(payload, &chunk), status); /* an end stays */
    return status;
}

/* The payload gives `expected`, in chunks, whole, and whole after the first chunk. */
static void check_gives(const struct bytes *packed, const void *expected, size_t size)
{
    struct br_payload *payload = br_payload_open(packed->at, packed->size, size);
    struct bytes all = {0};
    ck_assert_int_eq(read_chunks(payload, &all), BR_PAYLOAD_END);
    ck_assert_uint_eq(all.size, size);
    ck_assert(size == 0 || memcmp(all.at, expected, size) == 0);
    free(all.at);

    struct br_arena *arena = br_arena_open(4096, 0);
    struct br_view whole, chunk;
    br_payload_rewind(payload);
    ck_assert_int_eq(br_payload_whole(payload, arena, &whole), BR_PAYLOAD_END);
    ck_assert_uint_eq(whole.size, size);
    ck_assert(size == 0 || memcmp(whole.data, expected, size) == 0);
    volatile char sum = 0;
    for (size_t i = 0; i < BR_PADDING; i++)
        sum = (char)(sum ^ whole.data[size + i]); /* a sanitizer would see it */

    br_payload_rewind(payload);
    br_payload_next(payload, &chunk);
    size_t first = chunk.size;
    ck_assert_int_eq(br_payload_whole(payload, arena, &whole), BR_PAYLOAD_END);
    ck_assert_uint_eq(whole.size, size - first);
    ck_assert(size == first || memcmp(whole.data, (const char *)expected + first, size - first) == 0);
    br_arena_close(arena);
    br_payload_close(payload);
}

/* Neither way to read it may succeed. */
static void check_fails(const struct bytes *packed, size_t unpacked_max, enum br_payload_status expected)
{
    struct br_payload *payload = br_payload_open(packed->at, packed->size, unpacked_max);
    struct br_arena *arena = br_arena_open(4096, 0);
    struct br_view whole;
    struct bytes all = {0};
    ck_assert_int_eq(read_chunks(payload, &all), expected);
    ck_assert_uint_le(all.size, unpacked_max);
    br_payload_rewind(payload);
    ck_assert_int_eq(br_payload_whole(payload, arena, &whole), expected);
    ck_assert_uint_eq(br_arena_alloc(arena, 1) != NULL, 1);
    ck_assert_int_eq(br_payload_whole(payload, arena, &whole), expected); /* sticky */
    free(all.at);
    br_arena_close(arena);
    br_payload_close(payload);
}

START_TEST(plain_bytes_are_lent)
{
    struct bytes bytes = {0};
    bytes_add(&bytes, "{\"free\":12}", 11);
    check_gives(&bytes, "{\"free\":12}", 11);
    struct br_payload *payload = br_payload_open(bytes.at, bytes.size, 11);
    struct br_view chunk;
    ck_assert_int_eq(br_payload_next(payload, &chunk), BR_PAYLOAD_MORE);
    ck_assert_ptr_eq(chunk.data, bytes.at);
    br_payload_close(payload);
    check_fails(&bytes, 10, BR_PAYLOAD_OVERSIZE);
    free(bytes.at);
}
END_TEST

START_TEST(an_empty_payload_is_whole)
{
    struct bytes bytes = {0};
    bytes_add(&bytes, "", 0);
    check_gives(&bytes, "", 0);
    free(bytes.at);
    bytes = (struct bytes){0};
    gzip_add(&bytes, "", 0);
    check_gives(&bytes, "", 0);
    free(bytes.at);
}
END_TEST

START_TEST(gzip_is_unpacked)
{
    static const size_t sizes[] = {1, 17, 65535, 65536, 65537, 131072, 1000003};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *data = noise(sizes[i]);
        struct bytes bytes = {0};
        gzip_add(&bytes, data, sizes[i]);
        check_gives(&bytes, data, sizes[i]);
        check_fails(&bytes, sizes[i] - 1, BR_PAYLOAD_OVERSIZE);
        free(bytes.at);
        free(data);
    }
}
END_TEST

START_TEST(chunks_are_at_most_64_kib)
{
    unsigned char *data = noise(300000);
    struct bytes bytes = {0};
    gzip_add(&bytes, data, 300000);
    struct br_payload *payload = br_payload_open(bytes.at, bytes.size, MANY);
    struct br_view chunk;
    while (br_payload_next(payload, &chunk) == BR_PAYLOAD_MORE)
        ck_assert_uint_le(chunk.size, 65536);
    br_payload_close(payload);
    free(bytes.at);
    free(data);
}
END_TEST

/* The trailer of the last member tells less, or more, than all of it. */
START_TEST(members_follow_each_other)
{
    static const size_t sizes[][3] = {
        {100, 70000, 5}, {70000, 5, 100000}, {0, 10, 0}, {5, 5, 5}, {0, 1, 70000}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t total = sizes[i][0] + sizes[i][1] + sizes[i][2], done = 0;
        unsigned char *data = noise(total);
        struct bytes bytes = {0};
        for (int j = 0; j < 3; j++) {
            gzip_add(&bytes, data + done, sizes[i][j]);
            done += sizes[i][j];
        }
        check_gives(&bytes, data, total);
        check_fails(&bytes, total - 1, BR_PAYLOAD_OVERSIZE);
        unsigned char zeros[600] = {0};
        bytes_add(&bytes, zeros, sizeof zeros);
        check_gives(&bytes, data, total);
        free(bytes.at);
        free(data);
    }
}
END_TEST

START_TEST(what_is_behind_must_be_zeros)
{
    struct bytes bytes = {0};
    gzip_add(&bytes, "abc", 3);
    bytes_add(&bytes, "\0\0x", 3);
    check_fails(&bytes, MANY, BR_PAYLOAD_DAMAGED);
    free(bytes.at);
    bytes = (struct bytes){0};
    gzip_add(&bytes, "abc", 3);
    bytes_add(&bytes, "\x1f\x8b", 2);
    check_fails(&bytes, MANY, BR_PAYLOAD_DAMAGED);
    free(bytes.at);
}
END_TEST

START_TEST(every_cut_is_damage)
{
    struct bytes bytes = {0};
    gzip_add(&bytes, "vacant,capacity\n12,340\n12,340\n", 30);
    for (size_t size = 2; size < bytes.size; size++) {
        struct bytes cut = {0};
        bytes_add(&cut, bytes.at, size);
        check_fails(&cut, MANY, BR_PAYLOAD_DAMAGED);
        free(cut.at);
    }
    free(bytes.at);
}
END_TEST

START_TEST(broken_bytes_are_damage)
{
    struct bytes bytes = {0};
    gzip_add(&bytes, "vacant,capacity\n12,340\n", 23);
    bytes.at[bytes.size - 6] ^= 1; /* its CRC-32 */
    check_fails(&bytes, MANY, BR_PAYLOAD_DAMAGED);
    bytes.at[bytes.size - 6] ^= 1;
    bytes.at[bytes.size - 4] ^= 1; /* its size */
    check_fails(&bytes, MANY, BR_PAYLOAD_DAMAGED);
    bytes.at[bytes.size - 4] ^= 1;
    bytes.at[2] = 7; /* another method than deflate */
    check_fails(&bytes, MANY, BR_PAYLOAD_DAMAGED);
    free(bytes.at);
}
END_TEST

START_TEST(a_bomb_is_oversize)
{
    unsigned char *zeros = calloc(1, MANY);
    struct bytes bytes = {0};
    gzip_add(&bytes, zeros, MANY);
    ck_assert_uint_lt(bytes.size, MANY / 500);
    check_fails(&bytes, 100000, BR_PAYLOAD_OVERSIZE);
    struct br_payload *payload = br_payload_open(bytes.at, bytes.size, MANY);
    struct br_arena *arena = br_arena_open(4096, 1 << 20);
    struct br_view whole;
    ck_assert_int_eq(br_payload_whole(payload, arena, &whole), BR_PAYLOAD_NO_MEMORY);
    ck_assert_uint_le(br_arena_size(arena), 1 << 20);
    br_arena_close(arena);
    br_payload_close(payload);
    free(bytes.at);
    free(zeros);
}
END_TEST

START_TEST(a_rewind_forgets_the_fault)
{
    unsigned char *data = noise(200000);
    struct bytes bytes = {0}, all = {0};
    gzip_add(&bytes, data, 200000);
    struct br_payload *payload = br_payload_open(bytes.at, bytes.size, MANY);
    unsigned char held = bytes.at[bytes.size / 2];
    bytes.at[bytes.size - 7] ^= 0x55;
    ck_assert_int_eq(read_chunks(payload, &all), BR_PAYLOAD_DAMAGED);
    bytes.at[bytes.size - 7] ^= 0x55;
    ck_assert_uint_eq(bytes.at[bytes.size / 2], held);
    br_payload_rewind(payload);
    all.size = 0;
    ck_assert_int_eq(read_chunks(payload, &all), BR_PAYLOAD_END);
    ck_assert_uint_eq(all.size, 200000);
    ck_assert_mem_eq(all.at, data, 200000);
    br_payload_close(payload);
    free(all.at);
    free(bytes.at);
    free(data);
}
END_TEST

START_TEST(the_arena_holds_it_once)
{
    unsigned char *data = noise(1000000);
    struct bytes bytes = {0};
    gzip_add(&bytes, data, 1000000);
    struct br_payload *payload = br_payload_open(bytes.at, bytes.size, MANY);
    struct br_arena *arena = br_arena_open(4096, 0);
    struct br_view whole;
    ck_assert_int_eq(br_payload_whole(payload, arena, &whole), BR_PAYLOAD_END);
    ck_assert_uint_lt(br_arena_size(arena), 1010000);
    br_arena_close(arena);
    br_payload_close(payload);
    free(bytes.at);
    free(data);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, plain_bytes_are_lent);
    tcase_add_test(tcase, an_empty_payload_is_whole);
    tcase_add_test(tcase, gzip_is_unpacked);
    tcase_add_test(tcase, chunks_are_at_most_64_kib);
    tcase_add_test(tcase, members_follow_each_other);
    tcase_add_test(tcase, what_is_behind_must_be_zeros);
    tcase_add_test(tcase, every_cut_is_damage);
    tcase_add_test(tcase, broken_bytes_are_damage);
    tcase_add_test(tcase, a_bomb_is_oversize);
    tcase_add_test(tcase, a_rewind_forgets_the_fault);
    tcase_add_test(tcase, the_arena_holds_it_once);
}

UNIT_MAIN("payload", tests)
