/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/decoder.h"
#include "daemon/core/file.h"
#include "daemon/core/zone.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE_MAX ((size_t)1 << 30)
#define ARENA_BLOCK ((size_t)64 * 1024)

struct named_zone {
    struct br_zone *zone;
    struct named_zone *next;
    char name[];
};

struct br_decoder {
    struct br_decoder_setup setup;
    void *self;
    char *dir;
    struct named_zone *zones;
};

static const struct br_zone *zone_of(void *context, const char *name)
{
    struct br_decoder *decoder = context;
    for (struct named_zone *named = decoder->zones; named; named = named->next)
        if (strcmp(named->name, name) == 0)
            return named->zone;
    struct named_zone *named = calloc(1, sizeof *named + strlen(name) + 1);
    if (!named)
        return NULL;
    memcpy(named->name, name, strlen(name) + 1);
    named->zone = br_zone_open(name);
    named->next = decoder->zones;
    decoder->zones = named;
    return named->zone;
}

static enum br_message_outcome outcome_of(enum br_outcome outcome, const struct br_payload *payload)
{
    if (br_payload_status(payload) == BR_PAYLOAD_OVERSIZE)
        return BR_OUT_OVERSIZE;
    if (outcome == BR_DECODED)
        return BR_OUT_DECODED;
    return outcome == BR_SKIPPED ? BR_OUT_SKIPPED : BR_OUT_REJECTED;
}

typedef enum br_outcome step(void *self, const struct br_message *message, struct br_emit *emit);

static enum br_message_outcome run(struct br_decoder *decoder, step *take, struct br_message *message,
                                   struct br_view bytes, size_t unpacked_max, struct br_arena *arena,
                                   struct br_emit *emit)
{
    br_emit_start(emit, arena);
    message->feed = decoder->setup.feed;
    message->payload = br_payload_open(bytes.data, bytes.size, unpacked_max);
    if (!message->payload) {
        br_emit_reject(emit, "out of memory");
        return BR_OUT_REJECTED;
    }
    enum br_message_outcome outcome = outcome_of(take(decoder->self, message, emit), message->payload);
    br_payload_close(message->payload);
    if (outcome == BR_OUT_OVERSIZE)
        br_emit_reject(emit, "more than %zu bytes when unpacked", unpacked_max);
    return outcome;
}

enum br_message_outcome br_decoder_decode(struct br_decoder *decoder, struct br_view topic,
                                          struct br_view payload, int64_t received_at_utc_ms,
                                          struct br_arena *arena, struct br_emit *emit)
{
    struct br_message message = {.topic = topic, .received_at_utc_ms = received_at_utc_ms};
    if (payload.size > (size_t)decoder->setup.max_payload) {
        br_emit_start(emit, arena);
        br_emit_reject(emit, "%zu bytes, more than max_payload %lld", payload.size,
                       (long long)decoder->setup.max_payload);
        return BR_OUT_OVERSIZE;
    }
    return run(decoder, decoder->setup.adapter->decode, &message, payload,
               (size_t)decoder->setup.max_unpacked, arena, emit);
}

enum br_message_outcome br_decoder_reference(struct br_decoder *decoder, struct br_view payload,
                                             struct br_arena *arena, struct br_emit *emit)
{
    struct br_message message = {.received_at_utc_ms = BR_TIME_NONE};
    br_emit_start(emit, arena);
    if (!decoder->setup.adapter->reference)
        return BR_OUT_SKIPPED;
    return run(decoder, decoder->setup.adapter->reference, &message, payload, REFERENCE_MAX, arena, emit);
}

static bool path_of(const struct br_decoder *decoder, const char *name, char path[PATH_MAX])
{
    const char *dir = name[0] == '/' || !decoder->dir ? "" : decoder->dir;
    return snprintf(path, PATH_MAX, "%s%s%s", dir, *dir ? "/" : "", name) < PATH_MAX;
}

/* One reference file into the adapter. NULL, or what is wrong with it (valid until the next call; arena's).
 */
static const char *read_reference(struct br_decoder *decoder, const char *name, struct br_arena *arena,
                                  struct br_emit *emit)
{
    char path[PATH_MAX];
    size_t size;
    if (!path_of(decoder, name, path))
        return "the path is too long";
    char *bytes = br_file_read(path, REFERENCE_MAX, &size);
    if (!bytes)
        return strerror(errno);
    char *padded = realloc(bytes, size + BR_PADDING);
    if (!padded) {
        free(bytes);
        return "out of memory";
    }
    enum br_message_outcome outcome =
        br_decoder_reference(decoder, (struct br_view){padded, size}, arena, emit);
    free(padded);
    return outcome == BR_OUT_DECODED ? NULL : br_arena_text(arena, br_view_of(emit->reason));
}

bool br_decoder_recall(struct br_decoder *decoder, const char *path, struct br_arena *arena,
                       struct br_emit *emit)
{
    return !read_reference(decoder, path, arena, emit);
}

static const struct br_node *file_option(const struct br_decoder *decoder, const struct br_option *option)
{
    return option->type == BR_OPTION_FILE ? br_node_get(decoder->setup.options, option->key) : NULL;
}

static void read_references(struct br_decoder *decoder, struct br_faults *faults)
{
    struct br_arena *arena = br_arena_open(ARENA_BLOCK, 0);
    struct br_emit emit;
    if (!arena)
        br_faults_add(faults, NULL, decoder->setup.line, NULL, "out of memory");
    for (const struct br_option *option = decoder->setup.adapter->options; arena && option->key; option++) {
        const struct br_node *node = file_option(decoder, option);
        if (!br_node_text(node))
            continue;
        const char *fault = read_reference(decoder, br_node_text(node), arena, &emit);
        if (fault)
            br_faults_add(faults, NULL, node->line, option->key, "%s: %s", br_node_text(node), fault);
        else if (decoder->setup.described)
            decoder->setup.described(decoder->setup.context, &emit);
        br_arena_reset(arena);
    }
    br_arena_close(arena);
}

struct br_decoder *br_decoder_open(const struct br_decoder_setup *setup, struct br_faults *faults)
{
    struct br_decoder *decoder = calloc(1, sizeof *decoder);
    size_t fault_count = br_faults_count(faults);
    if (!decoder)
        return NULL;
    decoder->setup = *setup;
    decoder->dir = setup->dir ? strdup(setup->dir) : NULL;
    struct br_adapter_setup adapter_setup = {.options = setup->options, .zone = zone_of, .context = decoder};
    decoder->self = br_adapter_open(setup->adapter, &adapter_setup, setup->line, faults);
    if (decoder->self)
        read_references(decoder, faults);
    if (decoder->self && br_faults_count(faults) == fault_count)
        return decoder;
    br_decoder_close(decoder);
    return NULL;
}

void br_decoder_close(struct br_decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->self)
        decoder->setup.adapter->close(decoder->self);
    while (decoder->zones) {
        struct named_zone *next = decoder->zones->next;
        br_zone_close(decoder->zones->zone);
        free(decoder->zones);
        decoder->zones = next;
    }
    free(decoder->dir);
    free(decoder);
}
