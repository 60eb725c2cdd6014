/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/xml.h"
#include "tests/unit/unit.h"

#include <stdarg.h>

enum { OTHER, ROOT, ITEM, BOX, LEAF, TAGS };
static const struct br_xml_name names[TAGS] = {
    {NULL, false}, {"root", false}, {"item", true}, {"box", false}, {"leaf", true}};

/* What a reader told, as one line of text. */
struct heard {
    struct br_xml *xml;
    char text[8192];
    size_t size;
    const char *attribute; /* asked for at each start */
    unsigned skip, stop;   /* tags at whose start the reader is told so */
    unsigned parent, depth_max;
    size_t starts;
    bool cut;
    size_t text_size_max;
};

static void hear(struct heard *heard, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void hear(struct heard *heard, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(heard->text + heard->size, sizeof heard->text - heard->size, format, arguments);
    va_end(arguments);
    heard->size += (size_t)size < sizeof heard->text - heard->size ? (size_t)size : 0;
}

static void on_start(void *context, unsigned tag)
{
    struct heard *heard = context;
    struct br_view value, name = br_xml_element(heard->xml);
    heard->starts++;
    hear(heard, "<%u:%.*s", tag, (int)name.size, name.data);
    if (heard->attribute && br_xml_attribute(heard->xml, heard->attribute, &value))
        hear(heard, " %.*s", (int)value.size, value.data);
    if (br_xml_depth(heard->xml) > heard->depth_max)
        heard->depth_max = br_xml_depth(heard->xml);
    if (tag == LEAF)
        heard->parent = br_xml_above(heard->xml, 1) * 10 + br_xml_above(heard->xml, 2);
    if (tag != OTHER && tag == heard->skip)
        br_xml_skip(heard->xml);
    if (tag != OTHER && tag == heard->stop)
        br_xml_stop(heard->xml);
}

static void on_end(void *context, unsigned tag, struct br_view text)
{
    struct heard *heard = context;
    heard->cut |= br_xml_text_cut(heard->xml);
    if (text.size > heard->text_size_max)
        heard->text_size_max = text.size;
    hear(heard, "|%.*s/%u>", text.size > 100 ? 3 : (int)text.size, text.data, tag);
}

/* Reads a document in pieces of `step` bytes. */
static enum br_xml_status read_all(struct heard *heard, struct br_arena *arena, const char *text, size_t size,
                                   size_t step, char fault[160])
{
    struct br_xml_settings settings = {.names = names,
                                       .name_count = TAGS,
                                       .hash_salt = 7,
                                       .context = heard,
                                       .on_start = on_start,
                                       .on_end = on_end};
    heard->xml = br_xml_open(arena, &settings);
    ck_assert_ptr_nonnull(heard->xml);
    enum br_xml_status status = BR_XML_MORE;
    for (size_t at = 0; at < size && status == BR_XML_MORE; at += step)
        status =
            br_xml_feed(heard->xml, (struct br_view){text + at, size - at < step ? size - at : step}, false);
    if (status == BR_XML_MORE)
        status = br_xml_feed(heard->xml, br_view_of(""), true);
    if (status != BR_XML_MORE)
        ck_assert_int_eq(br_xml_feed(heard->xml, br_view_of(""), true), status);
    (void)snprintf(fault, 160, "%s", br_xml_fault(heard->xml));
    br_xml_close(heard->xml);
    return status;
}

static enum br_xml_status read_text(struct heard *heard, const char *text)
{
    char fault[160];
    struct br_arena *arena = br_arena_open(65536, 0);
    enum br_xml_status status = read_all(heard, arena, text, strlen(text), 7, fault);
    br_arena_close(arena);
    hear(heard, "%s%s", fault[0] ? " " : "", fault);
    return status;
}

START_TEST(tells_elements_by_local_name)
{
    struct heard heard = {0};
    ck_assert_int_eq(read_text(&heard, "<a:root xmlns:a='u'><b:item xmlns:b='v'>x</b:item><items/></a:root>"),
                     BR_XML_MORE);
    ck_assert_str_eq(heard.text, "<1:root<2:item|x/2><0:items|/0>|/1>");
}
END_TEST

START_TEST(gives_text_of_leaves_only)
{
    struct heard heard = {0};
    (void)read_text(&heard,
                    "<root>a<item>b<leaf>c &amp; <![CDATA[<d>]]> &#233;</leaf>e</item> f<box>g</box></root>");
    ck_assert_str_eq(heard.text, "<1:root<2:item<4:leaf|c & <d> \xc3\xa9/4>|/2><3:box|/3>|/1>");
    ck_assert(!heard.cut);
}
END_TEST

START_TEST(empty_element_has_empty_text)
{
    struct heard heard = {0};
    (void)read_text(&heard, "<root><leaf>x</leaf><leaf/><leaf></leaf></root>");
    ck_assert_str_eq(heard.text, "<1:root<4:leaf|x/4><4:leaf|/4><4:leaf|/4>|/1>");
}
END_TEST

START_TEST(finds_attributes_by_local_name)
{
    struct heard heard = {.attribute = "type"};
    (void)read_text(&heard, "<root xmlns:type='n' xmlns:q='u'><item q:type='p:One'/><leaf typ='no'/></root>");
    ck_assert_str_eq(heard.text, "<1:root<2:item p:One|/2><4:leaf|/4>|/1>");
    struct heard namespaces = {.attribute = "xmlns"};
    (void)read_text(&namespaces, "<root xmlns='n' xmlnsx='y'/>");
    ck_assert_str_eq(namespaces.text, "<1:root|/1>");
}
END_TEST

START_TEST(knows_what_is_around)
{
    struct heard heard = {0};
    (void)read_text(&heard, "<root><box><leaf/></box></root>");
    ck_assert_uint_eq(heard.parent, BOX * 10 + ROOT);
    ck_assert_uint_eq(heard.depth_max, 3);
    struct heard root = {0};
    (void)read_text(&root, "<leaf/>");
    ck_assert_uint_eq(root.parent, 0);
}
END_TEST

START_TEST(skips_an_element_with_all_in_it)
{
    struct heard heard = {.skip = BOX};
    (void)read_text(&heard, "<root><box>a<leaf>b</leaf><box><item/></box></box><item>c</item></root>");
    ck_assert_str_eq(heard.text, "<1:root<3:box<2:item|c/2>|/1>");
}
END_TEST

START_TEST(stops_when_told)
{
    struct heard heard = {.stop = ITEM};
    ck_assert_int_eq(read_text(&heard, "<root><item>a</item><leaf/></root>"), BR_XML_STOPPED);
    ck_assert_str_eq(heard.text, "<1:root<2:item");
}
END_TEST

START_TEST(every_split_reads_the_same)
{
    static const char text[] = "<?xml version='1.0'?><a:root xmlns:a='u'><item t='1'>some text</item>"
                               "<!-- a comment --><leaf>\xc3\xa9&lt;</leaf></a:root>";
    char fault[160];
    for (size_t step = 1; step <= sizeof text; step++) {
        struct heard heard = {0};
        struct br_arena *arena = br_arena_open(65536, 0);
        ck_assert_int_eq(read_all(&heard, arena, text, sizeof text - 1, step, fault), BR_XML_MORE);
        ck_assert_str_eq(heard.text, "<1:root<2:item|some text/2><4:leaf|\xc3\xa9</4>|/1>");
        br_arena_close(arena);
    }
}
END_TEST

START_TEST(refuses_a_document_type)
{
    static const char *const texts[] = {
        "<!DOCTYPE root><root/>",
        "<!DOCTYPE root SYSTEM 'file:///etc/passwd'><root/>",
        "<!DOCTYPE root [<!ENTITY a 'b'>]><root>&a;</root>",
        "<!DOCTYPE root [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]><root/>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct heard heard = {0};
        ck_assert_int_eq(read_text(&heard, texts[i]), BR_XML_FAULT);
        ck_assert_str_eq(heard.text, " a document type declaration is not accepted");
        ck_assert_uint_eq(heard.starts, 0);
    }
}
END_TEST

START_TEST(refuses_what_is_not_well_formed)
{
    static const char *const texts[] = {"",
                                        "text",
                                        "<root>",
                                        "<root></item>",
                                        "<root/><root/>",
                                        "<root a>",
                                        "<root>&b;</root>",
                                        "<root>\xff</root>",
                                        "<root><item></root>"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct heard heard = {0};
        ck_assert_int_eq(read_text(&heard, texts[i]), BR_XML_FAULT);
        ck_assert_uint_gt(heard.size, 2);
    }
}
END_TEST

/* A document of `depth` boxes, owned by the caller. */
static char *nested(size_t depth)
{
    char *text = calloc(1, depth * 11 + 1), *at = text;
    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, "<box>");
    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, "</box>");
    return text;
}

START_TEST(limits_depth)
{
    struct heard fits = {0}, deep = {0}, skipped = {.skip = BOX};
    char *text = nested(BR_XML_DEPTH_MAX), *more = nested(BR_XML_DEPTH_MAX + 1);
    ck_assert_int_eq(read_text(&fits, text), BR_XML_MORE);
    ck_assert_uint_eq(fits.depth_max, BR_XML_DEPTH_MAX);
    ck_assert_int_eq(read_text(&deep, more), BR_XML_FAULT);
    ck_assert_ptr_nonnull(strstr(deep.text, "nested too deep"));
    ck_assert_int_eq(read_text(&skipped, more), BR_XML_FAULT);
    free(text);
    free(more);
}
END_TEST

/* <root a="AAAA..."/> and <root><leaf>AAAA...</leaf></root> */
static char *filled(const char *before, size_t count, const char *after, size_t *size)
{
    *size = strlen(before) + count + strlen(after);
    char *text = calloc(1, *size + 1);
    memcpy(text, before, strlen(before));
    memset(text + strlen(before), 'A', count);
    memcpy(text + strlen(before) + count, after, strlen(after));
    return text;
}

START_TEST(limits_a_tag)
{
    size_t size;
    char fault[160];
    for (int large = 0; large < 2; large++) {
        struct heard heard = {0};
        struct br_arena *arena = br_arena_open(65536, 0);
        char *text = filled("<root a='", large ? BR_XML_TOKEN_MAX * 2 : BR_XML_TOKEN_MAX / 2, "'/>", &size);
        enum br_xml_status status = read_all(&heard, arena, text, size, 65536, fault);
        ck_assert_int_eq(status, large ? BR_XML_FAULT : BR_XML_MORE);
        ck_assert_str_eq(fault, large ? "a tag or comment is too long" : "");
        free(text);
        br_arena_close(arena);
    }
}
END_TEST

START_TEST(cuts_long_text)
{
    size_t size;
    char fault[160];
    struct heard heard = {0};
    struct br_arena *arena = br_arena_open(65536, 0);
    char *text = filled("<root><leaf>", BR_XML_TOKEN_MAX * 3, "</leaf><item>b</item></root>", &size);
    ck_assert_int_eq(read_all(&heard, arena, text, size, 1000, fault), BR_XML_MORE);
    ck_assert(heard.cut);
    ck_assert_uint_eq(heard.text_size_max, BR_XML_TEXT_MAX);
    ck_assert_str_eq(heard.text, "<1:root<4:leaf|AAA/4><2:item|b/2>|/1>");
    free(text);
    br_arena_close(arena);
}
END_TEST

START_TEST(reads_a_payload)
{
    char data[64 + BR_PADDING] = "<root><leaf>x</leaf></root>";
    struct heard heard = {0};
    struct br_arena *arena = br_arena_open(65536, 0);
    struct br_payload *payload = br_payload_open(data, strlen(data), 1000);
    struct br_xml_settings settings = {.names = names,
                                       .name_count = TAGS,
                                       .hash_salt = br_xml_salt(payload),
                                       .context = &heard,
                                       .on_start = on_start,
                                       .on_end = on_end};
    enum br_payload_status payload_status;
    ck_assert_uint_eq(settings.hash_salt, br_xml_salt(payload));
    heard.xml = br_xml_open(arena, &settings);
    ck_assert_int_eq(br_xml_read(heard.xml, payload, &payload_status), BR_XML_MORE);
    ck_assert_int_eq(payload_status, BR_PAYLOAD_END);
    ck_assert_str_eq(heard.text, "<1:root<4:leaf|x/4>|/1>");
    br_xml_close(heard.xml);
    br_payload_close(payload);
    payload = br_payload_open(data, strlen(data), 10);
    heard.xml = br_xml_open(arena, &settings);
    ck_assert_int_eq(br_xml_read(heard.xml, payload, &payload_status), BR_XML_MORE);
    ck_assert_int_eq(payload_status, BR_PAYLOAD_OVERSIZE);
    br_xml_close(heard.xml);
    br_xml_close(NULL);
    br_payload_close(payload);
    br_arena_close(arena);
}
END_TEST

START_TEST(takes_prefixes_off)
{
    ck_assert(br_view_is(br_xml_local(br_view_of("sit:AbnormalTraffic")), "AbnormalTraffic"));
    ck_assert(br_view_is(br_xml_local(br_view_of("AbnormalTraffic")), "AbnormalTraffic"));
    ck_assert(br_view_is(br_xml_local(br_view_of("")), ""));
    ck_assert(br_view_is(br_xml_local(br_view_of("a:")), ""));
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, tells_elements_by_local_name);
    tcase_add_test(tcase, gives_text_of_leaves_only);
    tcase_add_test(tcase, empty_element_has_empty_text);
    tcase_add_test(tcase, finds_attributes_by_local_name);
    tcase_add_test(tcase, knows_what_is_around);
    tcase_add_test(tcase, skips_an_element_with_all_in_it);
    tcase_add_test(tcase, stops_when_told);
    tcase_add_test(tcase, every_split_reads_the_same);
    tcase_add_test(tcase, refuses_a_document_type);
    tcase_add_test(tcase, refuses_what_is_not_well_formed);
    tcase_add_test(tcase, limits_depth);
    tcase_add_test(tcase, limits_a_tag);
    tcase_add_test(tcase, cuts_long_text);
    tcase_add_test(tcase, reads_a_payload);
    tcase_add_test(tcase, takes_prefixes_off);
}

UNIT_MAIN("xml", tests)
