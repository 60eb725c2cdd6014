/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"
#include "daemon/config/rules.h"

#include <string.h>

static const struct br_node *item(const struct br_node *list, size_t index)
{
    return list && list->type == BR_NODE_LIST && index < list->count ? list->values[index] : NULL;
}

static unsigned line_of(const struct br_node *map, const char *key)
{
    const struct br_node *value = br_node_given(map, key);
    return value ? value->line : 0;
}

/* A set is made of members, or it is a polygon. */
static void region_set(struct br_config *config, size_t index, struct br_faults *faults)
{
    struct br_config_set *set = &config->regions.sets[index];
    const struct br_node *node = item(br_config_at(config, "regions.sets"), index);
    const struct br_node *boundary = br_node_given(node, "boundary");
    char key[64];
    snprintf(key, sizeof key, "regions.sets[%zu]", index);
    if (!set->name && set->code && !br_node_given(node, "name") && !(set->name = strdup(set->code)))
        br_faults_add(faults, NULL, set->line, key, "no memory");
    if (node->type == BR_NODE_MAP && !br_node_given(node, "members") && !boundary)
        br_faults_add(faults, NULL, set->line, key, "needs members or a boundary");
    if (boundary && br_node_given(node, "members"))
        br_faults_add(faults, NULL, boundary->line, key, "boundary cannot stand beside members");
    if (boundary && br_node_given(node, "except"))
        br_faults_add(faults, NULL, line_of(node, "except"), key,
                      "except takes away from members, not from a boundary");
    for (size_t i = 0; i < index; i++)
        if (set->code && config->regions.sets[i].code && strcmp(set->code, config->regions.sets[i].code) == 0)
            br_faults_add(faults, NULL, line_of(node, "code"), key, "the code %s is that of an earlier set",
                          set->code);
}

static void region_division(const struct br_config *config, size_t index, struct br_faults *faults)
{
    const struct br_config_division *divisions = config->regions.divisions;
    const struct br_node *node = item(br_config_at(config, "regions.divisions"), index);
    char key[64];
    snprintf(key, sizeof key, "regions.divisions[%zu].from", index);
    if (index > 0 && divisions[index].from && divisions[index - 1].from &&
        strcmp(divisions[index].from, divisions[index - 1].from) <= 0)
        br_faults_add(faults, NULL, line_of(node, "from"), key, "%s is not after %s, that of the one before",
                      divisions[index].from, divisions[index - 1].from);
}

void br_config_rules_regions(struct br_config *config, struct br_faults *faults)
{
    config->regions.line = br_node_key_line(config->root, "regions");
    config->regions.table_line = line_of(br_config_at(config, "regions"), "table");
    config->regions.boundaries_line = line_of(br_config_at(config, "regions"), "boundaries");
    for (size_t i = 0; i < config->regions.set_count; i++)
        region_set(config, i, faults);
    for (size_t i = 0; i < config->regions.division_count; i++)
        region_division(config, i, faults);
}
