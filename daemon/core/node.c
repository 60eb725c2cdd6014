/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/node.h"

#include <stdlib.h>
#include <string.h>

const struct br_node *br_node_get(const struct br_node *map, const char *key)
{
    if (!map || map->type != BR_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->values[i];
    return NULL;
}

static bool is_null(const struct br_node *scalar)
{
    if (scalar->quoted)
        return false;
    return scalar->text[0] == '\0' || strcmp(scalar->text, "~") == 0 || strcmp(scalar->text, "null") == 0;
}

const char *br_node_text(const struct br_node *node)
{
    if (!node || node->type != BR_NODE_SCALAR || !node->text || is_null(node))
        return NULL;
    return node->text;
}

/* Recursive: whoever builds a tree limits its depth. */
void br_node_close(struct br_node *root)
{
    if (!root)
        return;
    for (size_t i = 0; i < root->count; i++) {
        br_node_close(root->values[i]);
        if (root->keys)
            free(root->keys[i]);
    }
    free(root->values);
    free(root->keys);
    free(root->key_lines);
    free(root->text);
    free(root);
}
