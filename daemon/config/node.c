/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"

#include "daemon/config.h"

#include <stdlib.h>
#include <string.h>

struct br_node *br_node_new(enum br_node_type type, unsigned line)
{
    struct br_node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->type = type;
    node->line = line;
    return node;
}

struct br_node *br_node_scalar(const char *text, size_t size, bool quoted, unsigned line)
{
    struct br_node *node = br_node_new(BR_NODE_SCALAR, line);
    if (!node)
        return NULL;
    node->quoted = quoted;
    node->text = strndup(text, size);
    if (node->text)
        return node;
    free(node);
    return NULL;
}

struct br_node *br_node_map(void)
{
    return br_node_new(BR_NODE_MAP, 0);
}

/* Room for one more child: doubled at each power of two. */
static bool grow(void **array, size_t count, size_t size)
{
    if (count & (count - 1))
        return true;
    void *larger = realloc(*array, (count ? 2 * count : 1) * size);
    if (!larger)
        return false;
    *array = larger;
    return true;
}

static bool grow_values(struct br_node *node)
{
    void *values = node->values;
    if (!grow(&values, node->count, sizeof *node->values))
        return false;
    node->values = values;
    return true;
}

bool br_node_append(struct br_node *list, struct br_node *child)
{
    if (!child || !grow_values(list)) {
        br_node_close(child);
        return false;
    }
    list->values[list->count++] = child;
    return true;
}

static bool grow_keys(struct br_node *map)
{
    void *keys = map->keys, *lines = map->key_lines;
    bool grown = grow(&keys, map->count, sizeof *map->keys);
    map->keys = keys;
    grown = grown && grow(&lines, map->count, sizeof *map->key_lines);
    map->key_lines = lines;
    return grown && grow_values(map);
}

bool br_node_add(struct br_node *map, const char *key, unsigned key_line, struct br_node *child)
{
    char *copy = child ? strdup(key) : NULL;
    if (!copy || !grow_keys(map)) {
        free(copy);
        br_node_close(child);
        return false;
    }
    map->keys[map->count] = copy;
    map->key_lines[map->count] = key_line;
    map->values[map->count++] = child;
    return true;
}

const struct br_node *br_node_given(const struct br_node *map, const char *key)
{
    const struct br_node *value = br_node_get(map, key);
    if (value && value->type == BR_NODE_SCALAR && !br_node_text(value))
        return NULL;
    return value;
}

unsigned br_node_key_line(const struct br_node *map, const char *key)
{
    for (size_t i = 0; map && map->type == BR_NODE_MAP && i < map->count; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->key_lines[i];
    return 0;
}

/* The map under the first `size` bytes of a dotted key, made where there is none; NULL: a fault was told. */
static struct br_node *map_under(struct br_node *map, const char *dotted_key, const char *part, size_t size,
                                 struct br_faults *faults)
{
    char *key = strndup(part, size);
    struct br_node *under = key ? (struct br_node *)br_node_get(map, key) : NULL;
    if (under && under->type != BR_NODE_MAP) {
        br_faults_add(faults, NULL, 0, dotted_key, "'%s' has a value already, and that is no map", key);
        under = NULL;
    } else if (!under) {
        under = key ? br_node_map() : NULL;
        if (!br_node_add(map, key, 0, under)) {
            br_faults_add(faults, NULL, 0, dotted_key, "no memory");
            under = NULL;
        }
    }
    free(key);
    return under;
}

/* A tree is closed by recursion: its depth has a limit here as in a file. */
static bool is_dotted_key(const char *key)
{
    size_t size = strlen(key), dot_count = 0;
    for (const char *dot = strchr(key, '.'); dot; dot = strchr(dot + 1, '.'))
        dot_count++;
    return size > 0 && key[0] != '.' && key[size - 1] != '.' && !strstr(key, "..") && dot_count < 32;
}

bool br_node_set(struct br_node *map, const char *dotted_key, struct br_node *value, struct br_faults *faults)
{
    const char *part = dotted_key;
    if (!is_dotted_key(dotted_key)) {
        br_faults_add(faults, NULL, 0, dotted_key, "is no key");
        map = NULL;
    }
    for (const char *dot = strchr(part, '.'); map && dot; dot = strchr(part, '.')) {
        map = map_under(map, dotted_key, part, (size_t)(dot - part), faults);
        part = dot + 1;
    }
    if (map && br_node_get(map, part)) {
        br_faults_add(faults, NULL, 0, dotted_key, "is given twice");
        map = NULL;
    }
    if (!map) {
        br_node_close(value);
        return false;
    }
    if (br_node_add(map, part, 0, value))
        return true;
    br_faults_add(faults, NULL, 0, dotted_key, "no memory");
    return false;
}
