/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/key.h"

#include <stdio.h>
#include <string.h>

size_t br_config_key_add(struct br_config_key *key, const char *name)
{
    size_t size = strlen(key->text);
    snprintf(key->text + size, sizeof key->text - size, "%s%s", size ? "." : "", name);
    return size;
}

size_t br_config_key_item(struct br_config_key *key, size_t index)
{
    size_t size = strlen(key->text);
    snprintf(key->text + size, sizeof key->text - size, "[%zu]", index);
    return size;
}

void br_config_key_cut(struct br_config_key *key, size_t size)
{
    key->text[size] = '\0';
}

const char *br_config_key_text(const struct br_config_key *key)
{
    return key->text[0] ? key->text : NULL;
}
