/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* RFC 1952 by zlib. A stream may have several members, one after the other, and zero bytes behind the last
 * one (what tape and block writers leave); anything else behind it makes the payload damaged, because it may
 * be a part of it. */
#include "daemon/core/payload.h"

#include <stdlib.h>

#include <zlib.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
#define WINDOW_BITS_GZIP (15 + 16)
#define DEFLATE_RATIO_MAX 1032       /* no deflate stream gives more bytes for one */
#define INPUT_STEP ((size_t)1 << 30) /* zlib counts in unsigned int */

struct br_payload {
    const unsigned char *data;
    size_t size, unpacked_max;
    size_t given; /* unpacked bytes so far */
    bool packed;
    enum br_payload_status status; /* BR_PAYLOAD_MORE, or how it ended */
    z_stream stream;               /* packed only; next_in and avail_in hold what is left of this step */
    unsigned char *chunk;          /* packed only, CHUNK_SIZE */
};

static bool is_gzip(const unsigned char *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

static void input_rewind(struct br_payload *payload)
{
    payload->stream.next_in = (unsigned char *)(uintptr_t)payload->data;
    payload->stream.avail_in = 0;
}

struct br_payload *br_payload_open(const void *data, size_t size, size_t unpacked_max)
{
    struct br_payload *payload = calloc(1, sizeof *payload);
    if (!payload)
        return NULL;
    payload->data = data;
    payload->size = size;
    payload->unpacked_max = unpacked_max;
    payload->packed = is_gzip(data, size);
    if (!payload->packed)
        return payload;
    payload->chunk = malloc(CHUNK_SIZE);
    if (!payload->chunk || inflateInit2(&payload->stream, WINDOW_BITS_GZIP) != Z_OK) {
        free(payload->chunk);
        free(payload);
        return NULL;
    }
    input_rewind(payload);
    return payload;
}

void br_payload_close(struct br_payload *payload)
{
    if (!payload)
        return;
    if (payload->packed)
        inflateEnd(&payload->stream);
    free(payload->chunk);
    free(payload);
}

void br_payload_rewind(struct br_payload *payload)
{
    payload->given = 0;
    payload->status = BR_PAYLOAD_MORE;
    if (!payload->packed)
        return;
    inflateReset(&payload->stream);
    input_rewind(payload);
}

static size_t input_left(const struct br_payload *payload)
{
    return payload->size - (size_t)(payload->stream.next_in - payload->data);
}

/* Behind a member: another one, nothing but zero bytes, or damage. */
static enum br_payload_status member_end(struct br_payload *payload)
{
    const unsigned char *at = payload->stream.next_in;
    size_t left = input_left(payload);
    if (is_gzip(at, left))
        return inflateReset(&payload->stream) == Z_OK ? BR_PAYLOAD_MORE : BR_PAYLOAD_DAMAGED;
    for (size_t i = 0; i < left; i++)
        if (at[i] != 0)
            return BR_PAYLOAD_DAMAGED;
    return BR_PAYLOAD_END;
}

/* One call of inflate. Output that does not come although there is room means that the input is cut short. */
static enum br_payload_status inflate_step(struct br_payload *payload)
{
    z_stream *stream = &payload->stream;
    size_t left = input_left(payload);
    stream->avail_in = (uInt)(left < INPUT_STEP ? left : INPUT_STEP);
    uInt room = stream->avail_out;
    switch (inflate(stream, Z_NO_FLUSH)) {
    case Z_STREAM_END:
        return member_end(payload);
    case Z_OK:
        return BR_PAYLOAD_MORE;
    case Z_BUF_ERROR:
        return stream->avail_out < room ? BR_PAYLOAD_MORE : BR_PAYLOAD_DAMAGED;
    case Z_MEM_ERROR:
        return BR_PAYLOAD_NO_MEMORY;
    default:
        return BR_PAYLOAD_DAMAGED;
    }
}

/* Unpacks until `room` bytes are made (BR_PAYLOAD_MORE) or something ends. */
static enum br_payload_status unpack(struct br_payload *payload, unsigned char *to, size_t room, size_t *made)
{
    *made = 0;
    while (payload->status == BR_PAYLOAD_MORE && *made < room) {
        size_t step = room - *made < INPUT_STEP ? room - *made : INPUT_STEP;
        payload->stream.next_out = to + *made;
        payload->stream.avail_out = (uInt)step;
        payload->status = inflate_step(payload);
        *made += step - payload->stream.avail_out;
    }
    if (*made > payload->unpacked_max - payload->given)
        payload->status = BR_PAYLOAD_OVERSIZE;
    else
        payload->given += *made;
    return payload->status;
}

static bool is_fault(enum br_payload_status status)
{
    return status != BR_PAYLOAD_MORE && status != BR_PAYLOAD_END;
}

/* Plain bytes are given once, whole. */
static enum br_payload_status plain(struct br_payload *payload, struct br_view *view)
{
    if (payload->status != BR_PAYLOAD_MORE)
        return payload->status;
    if (payload->size > payload->unpacked_max)
        return payload->status = BR_PAYLOAD_OVERSIZE;
    payload->status = BR_PAYLOAD_END;
    payload->given = payload->size;
    *view = (struct br_view){(const char *)payload->data, payload->size};
    return payload->status;
}

enum br_payload_status br_payload_next(struct br_payload *payload, struct br_view *chunk)
{
    *chunk = (struct br_view){"", 0};
    if (payload->status != BR_PAYLOAD_MORE)
        return payload->status;
    size_t made = 0;
    if (payload->packed) {
        if (is_fault(unpack(payload, payload->chunk, CHUNK_SIZE, &made)))
            return payload->status;
        *chunk = (struct br_view){(const char *)payload->chunk, made};
    } else if (is_fault(plain(payload, chunk))) {
        return payload->status;
    }
    return chunk->size > 0 ? BR_PAYLOAD_MORE : BR_PAYLOAD_END;
}

/* To the place behind `given` bytes, from the beginning. */
static void seek(struct br_payload *payload, size_t given)
{
    br_payload_rewind(payload);
    while (payload->given < given) {
        size_t left = given - payload->given, made;
        if (is_fault(unpack(payload, payload->chunk, left < CHUNK_SIZE ? left : CHUNK_SIZE, &made)) ||
            made == 0)
            return;
    }
}

/* How many bytes are left, by unpacking them for nothing. */
static enum br_payload_status measure(struct br_payload *payload, size_t *left)
{
    size_t start = payload->given, made = 0;
    while (payload->status == BR_PAYLOAD_MORE)
        unpack(payload, payload->chunk, CHUNK_SIZE, &made);
    *left = payload->given - start;
    return payload->status;
}

/* What the trailer of the last member says (the only one, as a rule) less what has been given; 0 where that
 * cannot be. */
static size_t expected(const struct br_payload *payload)
{
    if (payload->size < 18)
        return 0;
    const unsigned char *trailer = payload->data + payload->size - 4;
    size_t size =
        (size_t)trailer[0] | (size_t)trailer[1] << 8 | (size_t)trailer[2] << 16 | (size_t)trailer[3] << 24;
    if (size > payload->unpacked_max || size / DEFLATE_RATIO_MAX > payload->size || size < payload->given)
        return 0;
    return size - payload->given;
}

/* Unpacks what is left into `size` bytes of the arena. *fits: it is exactly as much. */
static enum br_payload_status fill(struct br_payload *payload, struct br_arena *arena, size_t size,
                                   struct br_view *whole, bool *fits)
{
    *fits = true;
    unsigned char *memory = br_arena_alloc(arena, size + BR_PADDING);
    if (!memory)
        return payload->status = BR_PAYLOAD_NO_MEMORY;
    size_t made;
    /* One byte of the padding lends itself to see whether more would come. */
    if (is_fault(unpack(payload, memory, size + 1, &made)))
        return payload->status;
    *fits = made == size && payload->status == BR_PAYLOAD_END;
    *whole = (struct br_view){(const char *)memory, made};
    return payload->status;
}

enum br_payload_status br_payload_whole(struct br_payload *payload, struct br_arena *arena,
                                        struct br_view *whole)
{
    *whole = (struct br_view){"", 0};
    if (payload->status != BR_PAYLOAD_MORE)
        return payload->status;
    if (!payload->packed)
        return plain(payload, whole);
    size_t given = payload->given, size = expected(payload);
    bool fits = false;
    if (size > 0 && (is_fault(fill(payload, arena, size, whole, &fits)) || fits))
        return payload->status;
    seek(payload, given);
    if (is_fault(measure(payload, &size)))
        return payload->status;
    seek(payload, given);
    return fill(payload, arena, size, whole, &fits);
}

enum br_payload_status br_payload_status(const struct br_payload *payload)
{
    return payload->status;
}
