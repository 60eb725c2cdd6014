/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Any JSON document (RFC 8259), read by a mapping that the operator writes. With items: /facilities, sensor:
 * /id, observed_at: {at: /updated}, values: {vacant: /free} and lat: /at/0:
 *
 *     {"facilities": [                        one record for each element of `items`,
 *         {"id": "P1",                        or one for the whole document without it
 *          "updated": "2026-08-18T10:00:00Z",
 *          "at": [52.1, 5.1],                 pointers (RFC 6901) start at the element,
 *          "free": "17"},                     root:/pointers at the top
 *         ...]}
 *
 * An element is a record whole or not at all; a faulty one is counted and the others live. */
#include "adapters/registry.h"

#include <stdlib.h>

#include "adapters/json/element.h"

struct json_adapter {
    struct br_json *json;
    struct br_mapping *mapping;
};

static enum br_outcome decode_items(struct br_element *element)
{
    const struct br_mapping *mapping = element->mapping;
    if (!mapping->items) {
        element->value = element->root;
        br_element_decode(element);
        return BR_DECODED;
    }
    struct br_json_value items = br_json_at(element->root, mapping->items);
    if (br_json_type(items) != BR_JSON_ARRAY)
        return br_emit_reject(element->emit, "items %s: %s", mapping->items,
                              items.document ? "no array" : "not there");
    struct br_json_list list = br_json_list_of(items);
    for (; br_json_list_next(&list, &element->value); element->index++)
        br_element_decode(element);
    return element->index > 0 ? BR_DECODED : br_emit_skip(element->emit, "items %s: empty", mapping->items);
}

static enum br_outcome decode(void *self, const struct br_message *message, struct br_emit *emit)
{
    struct json_adapter *adapter = self;
    struct br_element element = {.mapping = adapter->mapping, .message = message, .emit = emit};
    enum br_outcome outcome = br_value_document(adapter->json, message, emit, &element.root);
    if (outcome != BR_DECODED)
        return outcome;
    outcome = decode_items(&element);
    if (br_arena_full(emit->arena))
        return br_emit_reject(emit, "too many records");
    if (outcome == BR_DECODED && emit->observation_count == 0)
        return BR_REJECTED; /* with the reason of the first element */
    return outcome;
}

static void close_adapter(void *self)
{
    struct json_adapter *adapter = self;
    if (!adapter)
        return;
    br_json_close(adapter->json);
    br_mapping_close(adapter->mapping);
    free(adapter);
}

static void *open_adapter(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    struct json_adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter)
        adapter->json = br_json_open();
    if (!adapter || !adapter->json)
        br_faults_add(faults, NULL, 0, NULL, "out of memory");
    else
        adapter->mapping = br_mapping_open(setup, faults);
    if (adapter && adapter->mapping)
        return adapter;
    close_adapter(adapter);
    return NULL;
}

static const struct br_option options[] = {
    {"domain", BR_OPTION_WORD, true, "parking|traffic|pedestrian", "what the records are about"},
    {"items", BR_OPTION_TEXT, false, NULL, "JSON pointer to an array: one record for each element"},
    {"sensor", BR_OPTION_TEXT, true, NULL, "/pointer, root:/pointer, topic:N or const:TEXT"},
    {"observed_at", BR_OPTION_TREE, false, NULL, "{at: SOURCE, format: rfc3339|epoch_s|epoch_ms|local}"},
    {"timezone", BR_OPTION_ZONE, false, NULL, "of local times, such as Europe/Amsterdam"},
    {"lat", BR_OPTION_TEXT, false, NULL, "latitude, degrees of WGS 84"},
    {"lon", BR_OPTION_TEXT, false, NULL, "longitude, degrees of WGS 84"},
    {"values", BR_OPTION_TREE, true, NULL, "{FIELD: SOURCE or {at, unit, true, false, map}}"},
    {0},
};

const struct br_adapter br_adapter_json = {
    .name = "json",
    .domains = "parking traffic pedestrian",
    .format = "JSON (RFC 8259) by a mapping of one's own, pointers of RFC 6901",
    .options = options,
    .open = open_adapter,
    .decode = decode,
    .close = close_adapter,
};
