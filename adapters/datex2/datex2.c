/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* DATEX II: EN 16157 (version 3, 2018-2023) and its forerunner DATEX II 2.0-2.3.
 *
 *  version 2                                    version 3
 *  [SOAP Envelope / Body]                       [messageContainer]
 *    d2LogicalModel                               payload @xsi:type="x:SituationPublication"
 *      payloadPublication @xsi:type                 publicationTime
 *        publicationTime                            ...
 *        ...
 *
 * Prefixes are the sender's choice, the type of the publication may be missing or generic, and the wrapping
 * varies: the decoder looks for a publication at any depth and knows it by its type, else by its elements. */
#include "adapters/datex2/reader.h"
#include "adapters/registry.h"

#include <stdio.h>

/* An instance. */
struct datex2 {
    struct br_arena *arena; /* holds the instance */
    bool lanes, snapshot;
    struct br_datex2_table *table; /* or NULL */
};

/* A message being read, beside what the sections see. */
struct envelope {
    struct br_datex2_reader reader;
    unsigned depth;  /* of the publication that is open, or 0 */
    bool ignored;    /* it is not wanted */
    bool recognised; /* this is DATEX II */
    bool decoded;    /* a publication was wanted */
    char type[BR_DATEX2_WORD_SIZE];
    char root[BR_DATEX2_WORD_SIZE];
};

static const struct br_datex2_section *const sections[] = {
    &br_datex2_measured, &br_datex2_site_tables,    &br_datex2_situations,
    &br_datex2_parking,  &br_datex2_parking_tables,
};

static const struct br_datex2_section *section_of_type(struct br_view type)
{
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (br_view_is(type, sections[i]->type))
            return sections[i];
    return NULL;
}

/* The section that an element in a publication of no known type belongs to. */
static const struct br_datex2_section *section_of_element(unsigned tag)
{
    switch (tag) {
    case BR_DATEX2_siteMeasurements:
        return &br_datex2_measured;
    case BR_DATEX2_measurementSiteTable:
        return &br_datex2_site_tables;
    case BR_DATEX2_situation:
        return &br_datex2_situations;
    case BR_DATEX2_parkingStatusPublication:
    case BR_DATEX2_parkingFacilityTableStatusPublication:
    case BR_DATEX2_parkingRecordStatus:
    case BR_DATEX2_parkingStatusInformation:
        return &br_datex2_parking;
    case BR_DATEX2_parkingTablePublication:
    case BR_DATEX2_parkingFacilityTablePublication:
        return &br_datex2_parking_tables;
    default:
        return NULL;
    }
}

static void ignore(struct envelope *envelope, const char *type)
{
    envelope->ignored = true;
    (void)br_emit_skip(envelope->reader.emit, "%s is not read",
                       type[0] ? type : "a publication without a type");
}

static void section_open(struct envelope *envelope, const struct br_datex2_section *section)
{
    struct br_datex2_reader *reader = &envelope->reader;
    if (reader->reference && section != &br_datex2_site_tables) {
        ignore(envelope, section->type);
        return;
    }
    if (!section->wanted(reader)) {
        envelope->ignored = true;
        return;
    }
    envelope->decoded = true;
    reader->state = br_arena_alloc(reader->emit->arena, section->state_size);
    reader->section = section;
    if (!reader->state)
        br_datex2_full(reader);
}

/* The publication's element: known by its type, else open until an element tells. */
static void publication_start(struct envelope *envelope)
{
    struct br_datex2_reader *reader = &envelope->reader;
    struct br_view type = br_datex2_type(reader), version;
    const struct br_datex2_section *section = section_of_type(type);
    if (!section && !envelope->recognised && !br_xml_attribute(reader->xml, "modelBaseVersion", &version))
        return; /* a payload of something else */
    envelope->recognised = true;
    envelope->depth = br_xml_depth(reader->xml);
    envelope->ignored = false;
    reader->published_utc_ms = BR_TIME_NONE;
    (void)br_datex2_copy(type, envelope->type, sizeof envelope->type);
    if (section)
        section_open(envelope, section);
    else if (type.size > 0 && !br_view_is(type, "GenericPublication"))
        ignore(envelope, envelope->type);
}

static void envelope_start(struct envelope *envelope, unsigned tag)
{
    struct br_datex2_reader *reader = &envelope->reader;
    struct br_view version;
    if (br_xml_depth(reader->xml) == 1)
        (void)br_datex2_copy(br_xml_element(reader->xml), envelope->root, sizeof envelope->root);
    if (tag == BR_DATEX2_payload || tag == BR_DATEX2_payloadPublication)
        publication_start(envelope);
    else if (tag == BR_DATEX2_d2LogicalModel || tag == BR_DATEX2_D2LogicalModel ||
             tag == BR_DATEX2_messageContainer)
        envelope->recognised |= br_xml_attribute(reader->xml, "modelBaseVersion", &version);
}

static void on_start(void *context, unsigned tag)
{
    struct envelope *envelope = context;
    struct br_datex2_reader *reader = &envelope->reader;
    if (envelope->depth == 0) {
        envelope_start(envelope, tag);
        return;
    }
    if (!reader->section && !envelope->ignored) {
        const struct br_datex2_section *section = section_of_element(tag);
        if (section)
            section_open(envelope, section);
    }
    if (envelope->ignored)
        br_xml_skip(reader->xml);
    else if (reader->section && !reader->full)
        reader->section->on_start(reader, tag);
}

static void publication_end(struct envelope *envelope)
{
    struct br_datex2_reader *reader = &envelope->reader;
    if (reader->section)
        reader->section->on_finish(reader);
    else if (!envelope->ignored)
        ignore(envelope, envelope->type);
    reader->section = NULL;
    reader->state = NULL;
    envelope->depth = 0;
}

static void on_end(void *context, unsigned tag, struct br_view text)
{
    struct envelope *envelope = context;
    struct br_datex2_reader *reader = &envelope->reader;
    unsigned depth = br_xml_depth(reader->xml);
    if (envelope->depth == 0 || reader->full)
        return;
    if (depth == envelope->depth)
        publication_end(envelope);
    else if (tag == BR_DATEX2_publicationTime && depth == envelope->depth + 1)
        reader->published_utc_ms = br_datex2_time(text);
    else if (reader->section)
        reader->section->on_end(reader, tag, text);
}

/* A rejected message gives nothing. The texts may be the emit's own reason. */
static enum br_outcome reject(struct br_emit *emit, const char *reason, const char *detail)
{
    char text[3 * BR_REASON_SIZE];
    size_t invalid_count = emit->invalid_count;
    (void)snprintf(text, sizeof text, "%s%s%s", reason, detail[0] ? ": " : "", detail);
    br_emit_start(emit, emit->arena);
    emit->invalid_count = invalid_count;
    return br_emit_reject(emit, "%s", text);
}

static enum br_outcome reject_payload(struct br_emit *emit, enum br_payload_status status)
{
    switch (status) {
    case BR_PAYLOAD_OVERSIZE:
        return reject(emit, "the payload unpacks to more than is allowed", "");
    case BR_PAYLOAD_NO_MEMORY:
        return reject(emit, "no memory to unpack the payload", "");
    case BR_PAYLOAD_DAMAGED:
    case BR_PAYLOAD_MORE:
    case BR_PAYLOAD_END:
        break;
    }
    return reject(emit, "the gzip stream is damaged", "");
}

static enum br_outcome outcome(struct envelope *envelope, enum br_xml_status status,
                               enum br_payload_status payload_status)
{
    struct br_datex2_reader *reader = &envelope->reader;
    struct br_emit *emit = reader->emit;
    if (reader->full || br_arena_full(emit->arena))
        return reject(emit, "too many records", "");
    if (status == BR_XML_FAULT) {
        (void)br_emit_reject(emit, "no well-formed XML at byte %llu",
                             (unsigned long long)br_xml_position(reader->xml));
        return reject(emit, emit->reason, br_xml_fault(reader->xml));
    }
    if (payload_status != BR_PAYLOAD_END)
        return reject_payload(emit, payload_status);
    if (reader->fault)
        return reject(emit, reader->fault, "");
    if (!envelope->recognised)
        return reject(emit, "no DATEX II, but", envelope->root[0] ? envelope->root : "a long name");
    if (!envelope->decoded)
        return emit->reason[0] ? BR_SKIPPED : br_emit_skip(emit, "no publication in it");
    if (emit->invalid_count == 0)
        emit->reason[0] = '\0'; /* of a publication beside this one */
    else if (reader->elements == 0)
        return reject(emit, emit->reason, "");
    return BR_DECODED;
}

/* The instance takes the message's table only when the whole message is good. */
static enum br_outcome table_take(struct datex2 *self, struct br_datex2_reader *reader,
                                  enum br_outcome outcome)
{
    struct br_datex2_table *table = reader->table_new;
    if (outcome == BR_DECODED && table && !br_datex2_table_finish(table))
        outcome = reject(reader->emit, "the site table is too large", "");
    if (outcome == BR_DECODED && table) {
        br_datex2_table_close(self->table);
        self->table = table;
        reader->emit->reference_changed = !reader->reference;
    } else {
        br_datex2_table_close(table);
    }
    return outcome;
}

static enum br_outcome read_message(struct datex2 *self, const struct br_message *message,
                                    struct br_emit *emit, bool reference)
{
    struct envelope envelope = {
        .reader = {.message = message,
                   .emit = emit,
                   .lanes = self->lanes,
                   .snapshot = self->snapshot,
                   .reference = reference,
                   .table = self->table,
                   .published_utc_ms = BR_TIME_NONE},
    };
    struct br_xml_settings settings = {
        .names = br_datex2_names,
        .name_count = BR_DATEX2_TAG_COUNT,
        .hash_salt = br_xml_salt(message->payload),
        .context = &envelope,
        .on_start = on_start,
        .on_end = on_end,
    };
    envelope.reader.xml = br_xml_open(emit->arena, &settings);
    if (!envelope.reader.xml)
        return br_emit_reject(emit, "no memory to read XML");
    enum br_payload_status payload_status = BR_PAYLOAD_MORE;
    enum br_xml_status status = br_xml_read(envelope.reader.xml, message->payload, &payload_status);
    enum br_outcome result = outcome(&envelope, status, payload_status);
    br_xml_close(envelope.reader.xml);
    return table_take(self, &envelope.reader, result);
}

static enum br_outcome decode(void *self, const struct br_message *message, struct br_emit *emit)
{
    return read_message(self, message, emit, false);
}

/* Reference data is a site table or nothing. */
static enum br_outcome reference(void *self, const struct br_message *message, struct br_emit *emit)
{
    enum br_outcome result = read_message(self, message, emit, true);
    return result == BR_SKIPPED ? reject(emit, "no measurement site table", emit->reason) : result;
}

static const char *option_text(const struct br_adapter_setup *setup, const char *key)
{
    return setup->options ? br_node_text(br_node_get(setup->options, key)) : NULL;
}

static void *open_instance(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    const char *detail = option_text(setup, "detail"), *snapshot = option_text(setup, "snapshot");
    bool lanes = detail && strcmp(detail, "lane") == 0;
    if (lanes && option_text(setup, "site_table")) {
        br_faults_add(faults, NULL, br_node_get(setup->options, "site_table")->line, "site_table",
                      "is not used with detail: lane, which gives the values as they come");
        return NULL;
    }
    struct br_arena *arena = br_arena_open(sizeof(struct datex2) * 2, 0);
    struct datex2 *self = arena ? br_arena_alloc(arena, sizeof *self) : NULL;
    if (!self) {
        br_arena_close(arena);
        br_faults_add(faults, NULL, 0, NULL, "no memory for adapter datex2");
        return NULL;
    }
    self->arena = arena;
    self->lanes = lanes;
    self->snapshot = !snapshot || strcmp(snapshot, "true") == 0;
    return self;
}

static void close_instance(void *instance)
{
    struct datex2 *self = instance;
    if (!self)
        return;
    br_datex2_table_close(self->table);
    br_arena_close(self->arena);
}

static const struct br_option options[] = {
    {"site_table", BR_OPTION_FILE, false, NULL,
     "measurement site table: what each value of a site means, and where the site lies"},
    {"detail", BR_OPTION_WORD, false, "site|lane",
     "site (default): one observation for each site, which needs its table; lane: one for each value"},
    {"snapshot", BR_OPTION_FLAG, false, NULL,
     "a situation publication is all there is: what it does not name has ended (default true)"},
    {NULL, BR_OPTION_TEXT, false, NULL, NULL},
};

const struct br_adapter br_adapter_datex2 = {
    .name = "datex2",
    .domains = "parking traffic",
    .format = "DATEX II 2.0-2.3 and 3.0-3.7 (EN 16157): measured data, site tables, situations, parking",
    .options = options,
    .open = open_instance,
    .reference = reference,
    .decode = decode,
    .close = close_instance,
};
