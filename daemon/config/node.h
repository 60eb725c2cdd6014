/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Building the tree of a YAML document (daemon/core/node.h): nodes, and children put under them.
 *
 * Every function that takes a child owns it from then on, also where it fails. */
#ifndef BR_CONFIG_NODE_H
#define BR_CONFIG_NODE_H

#include "daemon/core/node.h"

/* NULL without memory. */
struct br_node *br_node_new(enum br_node_type type, unsigned line);
struct br_node *br_node_scalar(const char *text, size_t size, bool quoted, unsigned line);

/* Puts a child at the end. False without memory, or where child is NULL: it is freed. */
bool br_node_append(struct br_node *list, struct br_node *child);
bool br_node_add(struct br_node *map, const char *key, unsigned key_line, struct br_node *child);

/* The value of a key where there is one that counts: NULL for a plain null as well. */
const struct br_node *br_node_given(const struct br_node *map, const char *key);

/* The line of a key, 0 where the map lacks it. */
unsigned br_node_key_line(const struct br_node *map, const char *key);

#endif
