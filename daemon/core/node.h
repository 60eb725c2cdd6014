/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A YAML document as a tree with the line of every node. Built once (daemon/config.c, or br_node_flow for a
 * value on the command line); read-only afterwards. Owned by its root. */
#ifndef BR_CORE_NODE_H
#define BR_CORE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum br_node_type { BR_NODE_SCALAR, BR_NODE_LIST, BR_NODE_MAP };

struct br_node {
    enum br_node_type type;
    unsigned line;           /* 1 = first */
    bool quoted;             /* a scalar in quotes: text, whatever it looks like */
    char *text;              /* scalar: its text, ends in a NUL */
    size_t count;            /* list, map: number of children */
    struct br_node **values; /* list, map */
    char **keys;             /* map: one for each value */
    unsigned *key_lines;     /* map */
};

/* The value of a key, or NULL. A map never holds a key twice. */
const struct br_node *br_node_get(const struct br_node *map, const char *key);

/* A scalar's text, or NULL where the node is absent, no scalar, or a plain null (`null`, `~`, empty). */
const char *br_node_text(const struct br_node *node);

/* Frees a tree; NULL is allowed. */
void br_node_close(struct br_node *root);

#endif
