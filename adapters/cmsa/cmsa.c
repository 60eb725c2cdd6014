/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Crowd monitoring of Amsterdam: counts in CSV or messages in JSON, told apart by the first character. */
#include "adapters/registry.h"

#include "adapters/cmsa/cmsa.h"

#include <stdlib.h>

struct cmsa_adapter {
    struct br_json *json;
};

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool begins_as_json(struct br_payload *payload)
{
    struct br_view chunk;
    size_t at = 0;
    bool json = false;
    if (br_payload_next(payload, &chunk) == BR_PAYLOAD_MORE) {
        if (chunk.size >= 3 && memcmp(chunk.data, "\xEF\xBB\xBF", 3) == 0)
            at = 3;
        while (at < chunk.size && is_space(chunk.data[at]))
            at++;
        json = at < chunk.size && (chunk.data[at] == '{' || chunk.data[at] == '[');
    }
    br_payload_rewind(payload);
    return json;
}

static enum br_outcome decode(void *self, const struct br_message *message, struct br_emit *emit)
{
    struct cmsa_adapter *adapter = self;
    enum br_outcome outcome = begins_as_json(message->payload)
                                  ? br_cmsa_telcameras_decode(adapter->json, message, emit)
                                  : br_cmsa_csv_decode(message, emit);
    if (br_arena_full(emit->arena))
        return br_emit_reject(emit, "too many records");
    if (outcome != BR_DECODED || emit->observation_count > 0)
        return outcome;
    return emit->invalid_count > 0 ? BR_REJECTED : br_emit_skip(emit, "no counts");
}

static void close_adapter(void *self)
{
    struct cmsa_adapter *adapter = self;
    if (!adapter)
        return;
    br_json_close(adapter->json);
    free(adapter);
}

static void *open_adapter(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    (void)setup;
    struct cmsa_adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter)
        adapter->json = br_json_open();
    if (adapter && adapter->json)
        return adapter;
    br_faults_add(faults, NULL, 0, NULL, "out of memory");
    close_adapter(adapter);
    return NULL;
}

static const struct br_option options[] = {{0}};

const struct br_adapter br_adapter_cmsa = {
    .name = "cmsa",
    .domains = "pedestrian",
    .format = "Crowd monitoring Amsterdam: 3-minute CSV; telcameras 2 JSON",
    .options = options,
    .open = open_adapter,
    .decode = decode,
    .close = close_adapter,
};
