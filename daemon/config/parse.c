/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/parse.h"

#include "daemon/config.h"
#include "daemon/config/key.h"
#include "daemon/config/node.h"

#include <string.h>

#include <yaml.h>

#define DEPTH_MAX 32
#define NODES_MAX 100000

struct build {
    yaml_document_t *document;
    struct br_faults *faults;
    size_t node_count;
    bool no_memory, too_large, too_deep;
    unsigned line;            /* of the last node */
    struct br_config_key key; /* of it */
};

static unsigned line_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

/* libyaml gives every node the tag of its shape; another one was written by hand and would change what a
 * value means. */
static bool has_own_tag(const yaml_node_t *node)
{
    const char *tag = (const char *)node->tag;
    const char *usual = node->type == YAML_SEQUENCE_NODE  ? YAML_SEQ_TAG
                        : node->type == YAML_MAPPING_NODE ? YAML_MAP_TAG
                                                          : YAML_STR_TAG;
    return tag && strcmp(tag, usual) != 0;
}

static bool holds_nul(const yaml_node_t *scalar)
{
    return memchr(scalar->data.scalar.value, '\0', scalar->data.scalar.length) != NULL;
}

static struct br_node *build_node(struct build *build, int index, int depth);

static struct br_node *build_scalar(struct build *build, const yaml_node_t *node)
{
    if (holds_nul(node))
        br_faults_add(build->faults, NULL, line_of(node), br_config_key_text(&build->key),
                      "holds a NUL character");
    bool quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    struct br_node *scalar = br_node_scalar((const char *)node->data.scalar.value, node->data.scalar.length,
                                            quoted, line_of(node));
    build->no_memory |= !scalar;
    return scalar;
}

static struct br_node *build_list(struct build *build, const yaml_node_t *node, int depth)
{
    struct br_node *list = br_node_new(BR_NODE_LIST, line_of(node));
    build->no_memory |= !list;
    const yaml_node_item_t *item = node->data.sequence.items.start;
    for (; list && item < node->data.sequence.items.top; item++) {
        size_t size = br_config_key_item(&build->key, list->count);
        if (!br_node_append(list, build_node(build, *item, depth + 1)))
            build->no_memory = true;
        br_config_key_cut(&build->key, size);
    }
    return list;
}

static void build_pair(struct build *build, struct br_node *map, const yaml_node_pair_t *pair, int depth)
{
    const yaml_node_t *key = yaml_document_get_node(build->document, pair->key);
    if (key->type != YAML_SCALAR_NODE || holds_nul(key)) {
        br_faults_add(build->faults, NULL, line_of(key), br_config_key_text(&build->key),
                      "a key must be plain text");
        return;
    }
    const char *text = (const char *)key->data.scalar.value;
    size_t size = br_config_key_add(&build->key, text);
    if (br_node_get(map, text))
        br_faults_add(build->faults, NULL, line_of(key), br_config_key_text(&build->key),
                      "stands here again, first at line %u", br_node_key_line(map, text));
    else if (!br_node_add(map, text, line_of(key), build_node(build, pair->value, depth + 1)))
        build->no_memory = true;
    br_config_key_cut(&build->key, size);
}

static struct br_node *build_map(struct build *build, const yaml_node_t *node, int depth)
{
    struct br_node *map = br_node_new(BR_NODE_MAP, line_of(node));
    build->no_memory |= !map;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; map && pair < node->data.mapping.pairs.top; pair++)
        build_pair(build, map, pair, depth);
    return map;
}

/* An alias is the node of its anchor: it may lead back to itself, hence the two limits. */
static struct br_node *build_node(struct build *build, int index, int depth)
{
    build->too_large |= ++build->node_count > NODES_MAX;
    build->too_deep |= depth > DEPTH_MAX;
    if (build->too_large || build->too_deep || build->no_memory)
        return NULL;
    const yaml_node_t *node = yaml_document_get_node(build->document, index);
    build->line = line_of(node);
    if (has_own_tag(node))
        br_faults_add(build->faults, NULL, line_of(node), br_config_key_text(&build->key),
                      "the tag %s is not understood here", node->tag);
    if (node->type == YAML_SEQUENCE_NODE)
        return build_list(build, node, depth);
    if (node->type == YAML_MAPPING_NODE)
        return build_map(build, node, depth);
    return build_scalar(build, node);
}

static struct br_node *build_tree(yaml_document_t *document, struct br_faults *faults)
{
    struct build build = {.document = document, .faults = faults};
    if (!yaml_document_get_root_node(document))
        return br_node_scalar("", 0, false, 1);
    struct br_node *root = build_node(&build, 1, 1);
    if (!build.too_large && !build.too_deep && !build.no_memory)
        return root;
    br_faults_add(faults, NULL, build.line, NULL, "%s",
                  build.too_large  ? "is too large: more than 100,000 values"
                  : build.too_deep ? "is nested too deeply: more than 32 levels"
                                   : "no memory");
    br_node_close(root);
    return NULL;
}

/* A wrong byte has an offset and no line. */
static unsigned line_of_offset(const char *text, size_t size, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < size && i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static void tell_syntax(const yaml_parser_t *parser, const char *text, size_t size, struct br_faults *faults)
{
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    if (parser->error == YAML_READER_ERROR)
        br_faults_add(faults, NULL, line_of_offset(text, size, parser->problem_offset), NULL, "no YAML: %s",
                      problem);
    else if (parser->context)
        br_faults_add(faults, NULL, (unsigned)parser->problem_mark.line + 1, NULL,
                      "no YAML: %s, %s (column %zu)", parser->context, problem,
                      parser->problem_mark.column + 1);
    else
        br_faults_add(faults, NULL, (unsigned)parser->problem_mark.line + 1, NULL, "no YAML: %s (column %zu)",
                      problem, parser->problem_mark.column + 1);
}

/* What stands behind the document must be the end. */
static bool is_end(yaml_parser_t *parser, const char *text, size_t size, struct br_faults *faults)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document)) {
        tell_syntax(parser, text, size, faults);
        return false;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    if (root)
        br_faults_add(faults, NULL, line_of(root), NULL, "a second document begins; there can be only one");
    yaml_document_delete(&document);
    return !root;
}

static bool is_block(const yaml_node_t *root)
{
    if (!root)
        return false;
    if (root->type == YAML_MAPPING_NODE)
        return root->data.mapping.style != YAML_FLOW_MAPPING_STYLE;
    return root->type == YAML_SEQUENCE_NODE && root->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE;
}

static struct br_node *parse(const char *text, size_t size, bool flow, struct br_faults *faults)
{
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser)) {
        br_faults_add(faults, NULL, 0, NULL, "no memory");
        return NULL;
    }
    struct br_node *root = NULL;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    if (!yaml_parser_load(&parser, &document)) {
        tell_syntax(&parser, text, size, faults);
    } else {
        if (flow && is_block(yaml_document_get_root_node(&document)))
            br_faults_add(faults, NULL, 0, NULL, "'%s': write {key: value} or [value, value]", text);
        else
            root = build_tree(&document, faults);
        if (yaml_document_get_root_node(&document) && root && !is_end(&parser, text, size, faults)) {
            br_node_close(root);
            root = NULL;
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return root;
}

struct br_node *br_config_parse(const char *text, size_t size, struct br_faults *faults)
{
    return parse(text, size, false, faults);
}

struct br_node *br_node_flow(const char *text, struct br_faults *faults)
{
    size_t faults_before = br_faults_count(faults);
    struct br_node *root = parse(text, strlen(text), true, faults);
    if (br_faults_count(faults) == faults_before)
        return root;
    br_node_close(root);
    return NULL;
}
