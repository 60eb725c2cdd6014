/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/xml.h"

#include <expat.h>

#define SLOT_COUNT 512u /* more than twice the names: short probes */
#define PIECE_SIZE                                                                                           \
    (1u << 18) /* expat sees at most so much at once: the token limit is checked in between                  \
                */

/* The salt must differ between payloads that an attacker does not write whole, and be the same at a replay.
 */
#define SALT_BYTES 256u

struct br_xml {
    struct br_xml_settings settings;
    XML_Parser parser;
    const XML_Char **attributes; /* of the element that begins, else NULL */
    const XML_Char *name;
    const char *fault;
    uint64_t fed;       /* bytes given to expat */
    unsigned depth;     /* of the current element */
    unsigned skip_from; /* depth of the skipped element, or 0 */
    enum br_xml_status status;
    bool leaf; /* no child since the start of the current element */
    bool collecting;
    bool cut;
    size_t text_size;
    uint8_t tags[BR_XML_DEPTH_MAX + 1]; /* by depth; [0] is above the root */
    uint8_t name_sizes[256];
    uint8_t slots[SLOT_COUNT]; /* open hash of names; 0: free */
    char text[BR_XML_TEXT_MAX];
};

static uint32_t hash_step(uint32_t hash, char byte)
{
    return hash * 31 + (unsigned char)byte;
}

static uint32_t slot_of(uint32_t hash)
{
    return (hash ^ (hash >> 9)) % SLOT_COUNT;
}

static void names_index(struct br_xml *xml)
{
    for (size_t tag = 1; tag < xml->settings.name_count; tag++) {
        const char *name = xml->settings.names[tag].name;
        uint32_t hash = 0;
        size_t size = 0;
        for (; name[size]; size++)
            hash = hash_step(hash, name[size]);
        xml->name_sizes[tag] = (uint8_t)size;
        uint32_t slot = slot_of(hash);
        while (xml->slots[slot])
            slot = (slot + 1) % SLOT_COUNT;
        xml->slots[slot] = (uint8_t)tag;
    }
}

/* The tag of a qualified name: one walk finds the local part, its length and its hash. */
static unsigned name_tag(const struct br_xml *xml, const XML_Char *name)
{
    const char *local = name;
    uint32_t hash = 0;
    for (; *name; name++) {
        if (*name == ':') {
            local = name + 1;
            hash = 0;
        } else {
            hash = hash_step(hash, *name);
        }
    }
    size_t size = (size_t)(name - local);
    for (uint32_t slot = slot_of(hash); xml->slots[slot]; slot = (slot + 1) % SLOT_COUNT) {
        unsigned tag = xml->slots[slot];
        if (xml->name_sizes[tag] == size && memcmp(xml->settings.names[tag].name, local, size) == 0)
            return tag;
    }
    return 0;
}

static void fail(struct br_xml *xml, const char *fault)
{
    if (xml->status != BR_XML_MORE)
        return;
    xml->status = BR_XML_FAULT;
    xml->fault = fault;
    XML_StopParser(xml->parser, XML_FALSE);
}

static void on_text(void *context, const XML_Char *text, int size)
{
    struct br_xml *xml = context;
    size_t room = sizeof xml->text - xml->text_size;
    size_t count = (size_t)size;
    if (count > room) {
        xml->cut = true;
        count = room;
    }
    memcpy(xml->text + xml->text_size, text, count);
    xml->text_size += count;
}

/* expat leaves text alone while nobody asks for it: white space between elements costs nothing then. */
static void collect(struct br_xml *xml, bool wanted)
{
    if (xml->collecting == wanted)
        return;
    xml->collecting = wanted;
    XML_SetCharacterDataHandler(xml->parser, wanted ? on_text : NULL);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct br_xml *xml = context;
    if (xml->status != BR_XML_MORE)
        return;
    if (xml->depth >= BR_XML_DEPTH_MAX) {
        fail(xml, "elements are nested too deep");
        return;
    }
    xml->depth++;
    if (xml->skip_from)
        return;
    unsigned tag = name_tag(xml, name);
    xml->tags[xml->depth] = (uint8_t)tag;
    xml->leaf = true;
    xml->cut = false;
    xml->text_size = 0;
    xml->name = name;
    xml->attributes = attributes;
    xml->settings.on_start(xml->settings.context, tag);
    xml->attributes = NULL;
    collect(xml, !xml->skip_from && xml->settings.names[tag].text);
}

static void on_end(void *context, const XML_Char *name)
{
    struct br_xml *xml = context;
    (void)name; /* the stack knows its tag */
    if (xml->status != BR_XML_MORE)
        return;
    unsigned depth = xml->depth;
    if (xml->skip_from == 0) {
        struct br_view text = {xml->text, xml->leaf && xml->collecting ? xml->text_size : 0};
        collect(xml, false);
        xml->settings.on_end(xml->settings.context, xml->tags[depth], text);
    } else if (xml->skip_from == depth) {
        xml->skip_from = 0;
    }
    xml->leaf = false;
    xml->depth = depth - 1;
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                       int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    fail(context, "a document type declaration is not accepted");
}

struct br_xml *br_xml_open(struct br_arena *arena, const struct br_xml_settings *settings)
{
    struct br_xml *xml = br_arena_alloc(arena, sizeof *xml);
    if (!xml)
        return NULL;
    xml->settings = *settings;
    xml->parser = XML_ParserCreate(NULL);
    if (!xml->parser)
        return NULL;
    names_index(xml);
    XML_SetHashSalt(xml->parser, (unsigned long)(settings->hash_salt | 1)); /* 0 would ask for randomness */
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    return xml;
}

void br_xml_close(struct br_xml *xml)
{
    if (!xml)
        return;
    XML_ParserFree(xml->parser);
    xml->parser = NULL;
}

/* One piece that expat takes at once. */
static void feed_piece(struct br_xml *xml, const char *data, size_t size, bool last)
{
    enum XML_Status status = XML_Parse(xml->parser, data, (int)size, last);
    xml->fed += size;
    if (xml->status != BR_XML_MORE)
        return;
    if (status != XML_STATUS_OK) {
        xml->status = BR_XML_FAULT;
        xml->fault = XML_ErrorString(XML_GetErrorCode(xml->parser));
    } else if (!last && xml->fed - br_xml_position(xml) > BR_XML_TOKEN_MAX) {
        fail(xml, "a tag or comment is too long");
    }
}

enum br_xml_status br_xml_feed(struct br_xml *xml, struct br_view piece, bool last)
{
    do {
        size_t size = piece.size < PIECE_SIZE ? piece.size : PIECE_SIZE;
        if (xml->status != BR_XML_MORE)
            break;
        feed_piece(xml, piece.data, size, last && size == piece.size);
        piece.data += size;
        piece.size -= size;
    } while (piece.size > 0);
    return xml->status;
}

enum br_xml_status br_xml_read(struct br_xml *xml, struct br_payload *payload,
                               enum br_payload_status *payload_status)
{
    struct br_view chunk;
    enum br_xml_status status = BR_XML_MORE;
    while (status == BR_XML_MORE) {
        *payload_status = br_payload_next(payload, &chunk);
        if (*payload_status != BR_PAYLOAD_MORE)
            break;
        status = br_xml_feed(xml, chunk, false);
    }
    if (status == BR_XML_MORE && *payload_status == BR_PAYLOAD_END)
        status = br_xml_feed(xml, br_view_of(""), true);
    return status;
}

bool br_xml_attribute(const struct br_xml *xml, const char *name, struct br_view *value)
{
    for (const XML_Char **at = xml->attributes; at && *at; at += 2) {
        const char *local = strchr(at[0], ':');
        if (strncmp(at[0], "xmlns", 5) == 0 && (at[0][5] == ':' || at[0][5] == '\0'))
            continue;
        if (strcmp(local ? local + 1 : at[0], name) == 0) {
            *value = br_view_of(at[1]);
            return true;
        }
    }
    return false;
}

struct br_view br_xml_element(const struct br_xml *xml)
{
    return br_xml_local(br_view_of(xml->name));
}

unsigned br_xml_above(const struct br_xml *xml, unsigned levels)
{
    return levels < xml->depth ? xml->tags[xml->depth - levels] : 0;
}

unsigned br_xml_depth(const struct br_xml *xml)
{
    return xml->depth;
}

void br_xml_skip(struct br_xml *xml)
{
    xml->skip_from = xml->depth;
}

void br_xml_stop(struct br_xml *xml)
{
    if (xml->status != BR_XML_MORE)
        return;
    xml->status = BR_XML_STOPPED;
    XML_StopParser(xml->parser, XML_FALSE);
}

bool br_xml_text_cut(const struct br_xml *xml)
{
    return xml->cut;
}

const char *br_xml_fault(const struct br_xml *xml)
{
    return xml->fault ? xml->fault : "";
}

uint64_t br_xml_position(const struct br_xml *xml)
{
    XML_Index at = XML_GetCurrentByteIndex(xml->parser);
    return at < 0 ? 0 : (uint64_t)at;
}

struct br_view br_xml_local(struct br_view name)
{
    const char *colon = name.size > 0 ? memchr(name.data, ':', name.size) : NULL;
    if (!colon)
        return name;
    size_t prefix_size = (size_t)(colon - name.data) + 1;
    return (struct br_view){name.data + prefix_size, name.size - prefix_size};
}

uint64_t br_xml_salt(struct br_payload *payload)
{
    struct br_view chunk = {NULL, 0};
    uint64_t salt = UINT64_C(0xcbf29ce484222325);
    if (br_payload_next(payload, &chunk) == BR_PAYLOAD_MORE)
        for (size_t i = 0; i < chunk.size && i < SALT_BYTES; i++)
            salt = (salt ^ (unsigned char)chunk.data[i]) * UINT64_C(0x100000001b3);
    br_payload_rewind(payload);
    return salt;
}
