/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define PACK_SIZE_MIN 256 /* below, gzip's own frame eats what it wins */

static uint64_t hash_bytes(uint64_t hash, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(1099511628211); /* FNV-1a */
    return hash;
}

/* A weak validator: the packed and the plain form share it, and the time of rendering does not change it. */
static void etag_make(struct br_answer *answer, size_t stamp_at, size_t stamp_size)
{
    size_t after = stamp_at + stamp_size;
    uint64_t hash = hash_bytes(UINT64_C(14695981039346656037), answer->data, stamp_at);
    hash = hash_bytes(hash, answer->data + after, answer->size - after);
    snprintf(answer->etag, sizeof answer->etag, "W/\"%016" PRIx64 "\"", hash);
}

struct br_answer *br_answer_open(unsigned status, const char *type, struct br_text *body, size_t stamp_at,
                                 size_t stamp_size)
{
    struct br_answer *answer = body->failed ? NULL : calloc(1, sizeof *answer);
    if (!answer) {
        free(body->data);
        *body = (struct br_text){0};
        return NULL;
    }
    answer->references = 1;
    answer->status = status;
    answer->type = type;
    answer->data = body->data;
    answer->size = body->size;
    *body = (struct br_text){0};
    if (status == 200)
        etag_make(answer, stamp_at, stamp_size);
    return answer;
}

struct br_answer *br_answer_keep(struct br_answer *answer)
{
    answer->references++;
    return answer;
}

void br_answer_drop(struct br_answer *answer)
{
    if (!answer || --answer->references > 0)
        return;
    free(answer->link);
    free(answer->data);
    free(answer->packed);
    free(answer);
}

static size_t deflate_all(z_stream *stream, struct br_answer *answer)
{
    size_t bound = deflateBound(stream, answer->size);
    answer->packed = malloc(bound);
    if (!answer->packed)
        return 0;
    stream->next_in = (Bytef *)answer->data;
    stream->avail_in = (uInt)answer->size;
    stream->next_out = (Bytef *)answer->packed;
    stream->avail_out = (uInt)bound;
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? bound - stream->avail_out : 0;
}

bool br_answer_pack(struct br_answer *answer)
{
    if (answer->packed_size > 0)
        return true;
    if (answer->size < PACK_SIZE_MIN || answer->size > UINT32_MAX / 2)
        return false;
    z_stream stream = {0};
    /* The fastest level: it runs on the loop. 31: the largest window, in a gzip frame. */
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t size = deflate_all(&stream, answer);
    deflateEnd(&stream);
    if (size == 0 || size >= answer->size) {
        free(answer->packed);
        answer->packed = NULL;
        return false;
    }
    char *fitted = realloc(answer->packed, size);
    if (fitted)
        answer->packed = fitted;
    answer->packed_size = size;
    return true;
}

bool br_answer_matches(const struct br_answer *answer, const char *if_none_match)
{
    if (!if_none_match || answer->etag[0] == '\0')
        return false;
    const char *opaque =
        answer->etag + 2; /* weak comparison: W/ does not count (RFC 9110, section 8.8.3.2) */
    size_t opaque_size = strlen(opaque);
    for (const char *at = if_none_match; *at;) {
        at += strspn(at, " \t,");
        if (*at == '*')
            return true;
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        if (strncmp(at, opaque, opaque_size) == 0)
            return true;
        const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
        if (!end)
            return false;
        at = end + 1;
    }
    return false;
}
