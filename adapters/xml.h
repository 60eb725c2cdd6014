/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A streaming reader of XML (expat) for adapters: elements come as numbers of the adapter's own vocabulary.
 *
 * Names are compared without their prefix (`ns2:speed` is `speed`), since senders choose prefixes freely. A
 * document type declaration, an entity of its own, too deep nesting and too long a tag or attribute are
 * faults: the reader stops there. Nothing outside the document is ever opened. Pure; one reader, one thread
 * at a time. */
#ifndef BR_ADAPTERS_XML_H
#define BR_ADAPTERS_XML_H

#include "daemon/core/arena.h"
#include "daemon/core/payload.h"

#include <stdint.h>

struct br_xml;

/* One name of a vocabulary. Its tag is its index; index 0 stands for every name that is not in it. */
struct br_xml_name {
    const char *name;
    bool text; /* the adapter wants the text of such an element */
};

#define BR_XML_DEPTH_MAX 64
#define BR_XML_TOKEN_MAX ((size_t)1 << 20) /* bytes of one tag with its attributes, comment or the like */
#define BR_XML_TEXT_MAX 4096               /* bytes of an element's text that are kept */

struct br_xml_settings {
    const struct br_xml_name *names; /* names[0].name is NULL; must outlive the reader */
    size_t name_count;               /* at most 250 */
    uint64_t hash_salt;              /* against chosen collisions: br_xml_salt */
    void *context;

    /* An element begins: br_xml_attribute works only here. May call br_xml_skip and br_xml_stop. */
    void (*on_start)(void *context, unsigned tag);

    /* An element ends. text: its own where it has no child elements and its name wants it, else empty; cut to
     * BR_XML_TEXT_MAX (br_xml_text_cut); valid until the call returns. */
    void (*on_end)(void *context, unsigned tag, struct br_view text);
};

enum br_xml_status {
    BR_XML_MORE,    /* all that was given is read */
    BR_XML_STOPPED, /* by br_xml_stop */
    BR_XML_FAULT    /* br_xml_fault says what */
};

/* A reader in the arena, or NULL without memory; close it before the arena's reset. */
struct br_xml *br_xml_open(struct br_arena *arena, const struct br_xml_settings *settings);
void br_xml_close(struct br_xml *xml); /* NULL is allowed */

/* The next piece of the document; last: it ends with it (the piece may be empty). After a status other than
 * BR_XML_MORE the reader gives that status for ever. */
enum br_xml_status br_xml_feed(struct br_xml *xml, struct br_view piece, bool last);

/* Reads a whole payload. What the payload itself ends with (damaged, oversize) goes to `payload_status`; the
 * XML status then is BR_XML_MORE. */
enum br_xml_status br_xml_read(struct br_xml *xml, struct br_payload *payload,
                               enum br_payload_status *payload_status);

/* In on_start: the value of an attribute by its local name; false where the element has none. Valid until the
 * call returns. Namespace declarations are no attributes. */
bool br_xml_attribute(const struct br_xml *xml, const char *name, struct br_view *value);

/* In on_start: the local name of the element, also of one that is not in the vocabulary. */
struct br_view br_xml_element(const struct br_xml *xml);

/* Tag of an element around the current one: 1 its parent, 2 the parent's parent; 0 above the root. */
unsigned br_xml_above(const struct br_xml *xml, unsigned levels);

/* Depth of the current element: 1 for the root. */
unsigned br_xml_depth(const struct br_xml *xml);

/* In on_start: neither what is in the element nor its end is told. */
void br_xml_skip(struct br_xml *xml);

/* Nothing more is told. */
void br_xml_stop(struct br_xml *xml);

/* In on_end: the text was longer than what is kept. */
bool br_xml_text_cut(const struct br_xml *xml);

/* What is wrong with the document, and at which byte. */
const char *br_xml_fault(const struct br_xml *xml);
uint64_t br_xml_position(const struct br_xml *xml);

/* The part of a qualified name (a value of xsi:type) behind its prefix. */
struct br_view br_xml_local(struct br_view name);

/* A number from the first bytes of the unread payload, for hash_salt; the payload is rewound. */
uint64_t br_xml_salt(struct br_payload *payload);

#endif
