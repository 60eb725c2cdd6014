/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Which feeds a message belongs to: MQTT topic filters (3.1.1 section 4.7), $share/GROUP/ in front allowed.
 * Read-only once built; thread-safe. */
#ifndef BR_IN_ROUTER_H
#define BR_IN_ROUTER_H

#include "daemon/config.h"
#include "daemon/core/view.h"

/* Whether a filter (without $share) takes a topic. A filter that begins with a wildcard takes no $-topic. One
 * that MQTT does not allow (`a/#/b`, `a+`, empty) takes none, and an empty topic is taken by none. */
bool br_topic_match(struct br_view filter, struct br_view topic);

/* A filter without its $share/GROUP/; the filter itself where that is not well-formed. */
struct br_view br_topic_unshared(struct br_view filter);

/* The next feed after `from` (SIZE_MAX: the first) of this broker that takes the topic, or SIZE_MAX. broker
 * SIZE_MAX: of any. */
size_t br_router_next(const struct br_config *config, size_t broker, struct br_view topic, size_t from);

#endif
