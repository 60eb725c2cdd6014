/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/read.h"

#include "daemon/config/key.h"
#include "daemon/config/node.h"
#include "daemon/config/store.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct br_config *config;
    struct br_faults *faults;
    bool no_memory;
    struct br_config_key key; /* of the value that is read */
};

static void read_map(struct reader *reader, const struct br_config_row *row, const struct br_node *map,
                     unsigned line, void *base);

static void tell(struct reader *reader, unsigned line, const char *what)
{
    br_faults_add(reader->faults, NULL, line, br_config_key_text(&reader->key), "%s", what);
}

static void tell_memory(struct reader *reader)
{
    reader->no_memory = true;
    tell(reader, 0, "no memory");
}

static void *at_of(const struct br_config_row *row, void *base)
{
    return row->size ? (char *)base + row->offset : NULL;
}

static bool is_absent(const struct br_node *node)
{
    return !node || (node->type == BR_NODE_SCALAR && !br_node_text(node));
}

static const char *const type_names[] = {
    [BR_NODE_SCALAR] = "a single value", [BR_NODE_LIST] = "a list", [BR_NODE_MAP] = "a map"};

static bool expect(struct reader *reader, const struct br_node *node, enum br_node_type type,
                   const char *form)
{
    if (node->type == type)
        return true;
    br_faults_add(reader->faults, NULL, node->line, br_config_key_text(&reader->key), "must be %s%s, not %s",
                  type_names[type], form, type_names[node->type]);
    return false;
}

static void read_text(struct reader *reader, const struct br_config_row *row, const struct br_node *node,
                      void *at)
{
    char why[BR_WHY_SIZE] = "";
    if (!expect(reader, node, BR_NODE_SCALAR, ""))
        return;
    if (is_absent(node))
        tell(reader, node->line, "is empty");
    else if (!br_config_store(reader->config, row, node->text, node->quoted, at, why))
        tell(reader, node->line, why);
}

/* A default is a value of the table: that each of them is valid is tested. */
static void read_fallback(struct reader *reader, const struct br_config_row *row, void *at)
{
    char why[BR_WHY_SIZE] = "";
    if (row->fallback && at && !br_config_store(reader->config, row, row->fallback, false, at, why))
        tell(reader, 0, why);
}

/* Room for the elements of a row, kept in what holds them. NULL: none is needed, or no memory, which is told.
 */
static char *elements_open(struct reader *reader, const struct br_config_row *row, size_t count, void *base)
{
    char *elements = count ? calloc(count, row->elements->size) : NULL;
    if (!elements && count)
        tell_memory(reader);
    memcpy((char *)base + row->offset, &elements, sizeof elements);
    return elements;
}

static void count_element(const struct br_config_row *row, void *base)
{
    size_t *count = (size_t *)(void *)((char *)base + row->elements->count_offset);
    ++*count;
}

static void keep_line(const struct br_config_row *row, unsigned line, char *element)
{
    if (row->elements->line_offset != BR_CONFIG_NOWHERE)
        memcpy(element + row->elements->line_offset, &line, sizeof line);
}

/* An element by name. The name is copied; a faulty one is told, and its keys are read all the same. */
static void read_named_one(struct reader *reader, const struct br_config_row *row, const char *name,
                           unsigned line, const struct br_node *node, char *element)
{
    char why[BR_WHY_SIZE] = "";
    if (!br_config_name(name, why))
        tell(reader, line, why);
    char *copy = strdup(name);
    if (!copy)
        tell_memory(reader);
    memcpy(element + row->elements->name_offset, &copy, sizeof copy);
    keep_line(row, line, element);
    read_map(reader, row, node, line, element);
}

static void read_named(struct reader *reader, const struct br_config_row *row, const struct br_node *node,
                       void *base)
{
    if (!expect(reader, node, BR_NODE_MAP, " of names"))
        return;
    char *element = elements_open(reader, row, node->count, base);
    for (size_t i = 0; element && i < node->count; i++) {
        if (is_absent(node->values[i]))
            continue;
        size_t size = br_config_key_add(&reader->key, node->keys[i]);
        count_element(row, base);
        read_named_one(reader, row, node->keys[i], node->key_lines[i], node->values[i], element);
        br_config_key_cut(&reader->key, size);
        element += row->elements->size;
    }
}

static void read_list(struct reader *reader, const struct br_config_row *row, const struct br_node *node,
                      void *base)
{
    if (!expect(reader, node, BR_NODE_LIST, " of maps"))
        return;
    char *element = elements_open(reader, row, node->count, base);
    for (size_t i = 0; element && i < node->count; i++, element += row->elements->size) {
        size_t size = br_config_key_item(&reader->key, i);
        count_element(row, base);
        keep_line(row, node->values[i]->line, element);
        read_map(reader, row, node->values[i], node->values[i]->line, element);
        br_config_key_cut(&reader->key, size);
    }
}

/* FILE, or {file: FILE, code_property: NAME}. */
static void read_boundary(struct reader *reader, const struct br_node *node,
                          struct br_config_boundary *boundary)
{
    static const struct br_config_row file = {.type = BR_CONFIG_FILE, .size = sizeof(char *)};
    static const struct br_config_row property = {
        .type = BR_CONFIG_TEXT, .size = sizeof(char *), .fallback = "statcode"};
    const struct br_node *path = node, *code = NULL;
    for (size_t i = 0; node->type == BR_NODE_MAP && i < node->count; i++)
        if (strcmp(node->keys[i], "file") != 0 && strcmp(node->keys[i], "code_property") != 0)
            br_faults_add(reader->faults, NULL, node->key_lines[i], br_config_key_text(&reader->key),
                          "unknown key '%s': there are file and code_property", node->keys[i]);
    if (node->type == BR_NODE_MAP) {
        path = br_node_given(node, "file");
        code = br_node_given(node, "code_property");
    }
    if (path)
        read_text(reader, &file, path, &boundary->file);
    else
        tell(reader, node->line, "file is missing");
    if (code)
        read_text(reader, &property, code, &boundary->code_property);
    else
        read_fallback(reader, &property, &boundary->code_property);
}

static void read_boundaries(struct reader *reader, const struct br_config_row *row,
                            const struct br_node *node, void *base)
{
    if (!expect(reader, node, BR_NODE_LIST, " of files"))
        return;
    void *elements = elements_open(reader, row, node->count, base);
    struct br_config_boundary *boundary = elements;
    for (size_t i = 0; boundary && i < node->count; i++, boundary++) {
        size_t size = br_config_key_item(&reader->key, i);
        count_element(row, base);
        read_boundary(reader, node->values[i], boundary);
        br_config_key_cut(&reader->key, size);
    }
}

static bool is_repeated(const struct br_node *list, size_t index)
{
    const char *text = br_node_text(list->values[index]);
    for (size_t i = 0; text && i < index; i++) {
        const char *earlier = br_node_text(list->values[i]);
        if (earlier && strcmp(earlier, text) == 0)
            return true;
    }
    return false;
}

/* Many values of one row; as texts where they are kept. */
static void read_many(struct reader *reader, const struct br_config_row *row, const struct br_node *node,
                      void *at)
{
    struct br_config_texts *texts = at;
    if (!expect(reader, node, BR_NODE_LIST, ", [VALUE, VALUE]"))
        return;
    if (node->count < (size_t)row->min)
        tell(reader, node->line, "is empty: at least one is needed");
    if (texts && node->count > 0 && !(texts->at = calloc(node->count, sizeof *texts->at))) {
        tell_memory(reader);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        size_t size = br_config_key_item(&reader->key, i);
        if (is_repeated(node, i))
            tell(reader, node->values[i]->line, "stands in this list twice");
        read_text(reader, row, node->values[i], texts ? &texts->at[texts->count] : NULL);
        if (texts && texts->at[texts->count])
            texts->count++;
        br_config_key_cut(&reader->key, size);
    }
}

static void read_tree(struct reader *reader, const struct br_node *node, void *at)
{
    if (expect(reader, node, BR_NODE_MAP, "") && at)
        memcpy(at, &node, sizeof node);
}

static void read_value(struct reader *reader, const struct br_config_row *row, const struct br_node *node,
                       unsigned line, void *base)
{
    bool there = true;
    if (row->type == BR_CONFIG_MAP) {
        if (row->size)
            memcpy(at_of(row, base), &there, sizeof there);
        read_map(reader, row, node, line, base);
    } else if (row->type == BR_CONFIG_NAMED)
        read_named(reader, row, node, base);
    else if (row->type == BR_CONFIG_LIST)
        read_list(reader, row, node, base);
    else if (row->type == BR_CONFIG_BOUNDARY)
        read_boundaries(reader, row, node, base);
    else if (row->type == BR_CONFIG_TREE)
        read_tree(reader, node, at_of(row, base));
    else if (row->type == BR_CONFIG_REFUSED)
        tell(reader, line, row->help);
    else if (row->many)
        read_many(reader, row, node, at_of(row, base));
    else
        read_text(reader, row, node, at_of(row, base));
}

/* A key that is not there: its default, and those of the keys below it. */
static void read_absent(struct reader *reader, const struct br_config_row *row, void *base)
{
    if (row->type == BR_CONFIG_MAP)
        read_map(reader, row, NULL, 0, base);
    else if (!row->many)
        read_fallback(reader, row, at_of(row, base));
}

static void tell_unknown(struct reader *reader, const char *prefix, const char *key, unsigned line)
{
    struct br_config_nearest nearest = {.word = key};
    size_t count, size = br_config_key_add(&reader->key, key);
    const struct br_config_row *rows = br_config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const char *child = br_config_child(&rows[i], prefix);
        if (child && rows[i].type != BR_CONFIG_REFUSED)
            br_config_nearest_try(&nearest, child);
    }
    if (nearest.best)
        br_faults_add(reader->faults, NULL, line, br_config_key_text(&reader->key),
                      "unknown key; did you mean %s?", nearest.best);
    else
        tell(reader, line, "unknown key");
    br_config_key_cut(&reader->key, size);
}

static void read_child(struct reader *reader, const struct br_config_row *row, const char *key,
                       const struct br_node *map, unsigned line, void *base)
{
    const struct br_node *node = br_node_given(map, key);
    size_t size = br_config_key_add(&reader->key, key);
    if (node)
        read_value(reader, row, node, br_node_key_line(map, key), base);
    else
        read_absent(reader, row, base);
    if (!node && map && row->required)
        br_faults_add(reader->faults, NULL, line, br_config_key_text(&reader->key), "is missing: %s",
                      row->help);
    br_config_key_cut(&reader->key, size);
}

/* The keys of a map, into the struct at base. row NULL: the document; map NULL: it is not there, defaults
 * only. line: of the map's own key, where a missing key is told. */
static void read_map(struct reader *reader, const struct br_config_row *row, const struct br_node *map,
                     unsigned line, void *base)
{
    char prefix[BR_CONFIG_PATH_SIZE];
    size_t count;
    const struct br_config_row *rows = br_config_rows(&count);
    br_config_children(row, prefix);
    if (map && !expect(reader, map, BR_NODE_MAP, " (KEY: VALUE)"))
        map = NULL;
    for (size_t i = 0; map && i < map->count; i++)
        if (!br_config_row_find(prefix, map->keys[i]))
            tell_unknown(reader, prefix, map->keys[i], map->key_lines[i]);
    for (size_t i = 0; i < count; i++) {
        const char *key = br_config_child(&rows[i], prefix);
        if (key)
            read_child(reader, &rows[i], key, map, line, base);
    }
}

bool br_config_read(struct br_config *config, struct br_faults *faults)
{
    static const struct br_node nothing = {.type = BR_NODE_MAP, .line = 1};
    struct reader reader = {.config = config, .faults = faults};
    read_map(&reader, NULL, is_absent(config->root) ? &nothing : config->root, 1, config);
    return !reader.no_memory;
}
