/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The dotted key of the place that a walk through a document has come to: feeds.garages.topics[0]. Where it
 * grows too long its end is left out. Start with {0}. */
#ifndef BR_CONFIG_KEY_H
#define BR_CONFIG_KEY_H

#include <stddef.h>

struct br_config_key {
    char text[400];
};

/* Goes down to a key of a map, an item of a list. The answer brings br_config_key_cut back up. */
size_t br_config_key_add(struct br_config_key *key, const char *name);
size_t br_config_key_item(struct br_config_key *key, size_t index);
void br_config_key_cut(struct br_config_key *key, size_t size);

/* The text, or NULL at the top. */
const char *br_config_key_text(const struct br_config_key *key);

#endif
