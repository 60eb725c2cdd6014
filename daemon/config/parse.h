/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* YAML 1.1 text to a tree with lines, by the document API of libyaml.
 *
 * Stricter than YAML: one document, no tags, keys are plain text and stand once. A tree is at most 32 levels
 * deep and has at most 100,000 nodes: what aliases unfold to counts as well, so that no document grows
 * without end. */
#ifndef BR_CONFIG_PARSE_H
#define BR_CONFIG_PARSE_H

#include "daemon/core/faults.h"
#include "daemon/core/node.h"

/* The tree of a text; an empty document is a null. All repeated keys are told at their second place, and the
 * first one stays. NULL: the text cannot be read at all, and a fault says why. */
struct br_node *br_config_parse(const char *text, size_t size, struct br_faults *faults);

#endif
