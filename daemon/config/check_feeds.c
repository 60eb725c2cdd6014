/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"
#include "daemon/config/rules.h"

#include "adapters/adapter.h"

#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 300

/* Zones that adapters asked for: they are kept until the last adapter is closed. */
struct zone {
    char *name;
    struct br_zone *zone; /* NULL: unknown */
    struct zone *next;
};

static const struct br_zone *find_zone(void *context, const char *name)
{
    struct zone **zones = context;
    for (const struct zone *known = *zones; known; known = known->next)
        if (strcmp(known->name, name) == 0)
            return known->zone;
    struct zone *zone = calloc(1, sizeof *zone);
    char *copy = strdup(name);
    if (!zone || !copy) {
        free(zone);
        free(copy);
        return NULL;
    }
    *zone = (struct zone){.name = copy, .zone = br_zone_open(name), .next = *zones};
    *zones = zone;
    return zone->zone;
}

static void close_zones(struct zone *zone)
{
    while (zone) {
        struct zone *next = zone->next;
        br_zone_close(zone->zone);
        free(zone->name);
        free(zone);
        zone = next;
    }
}

static void check_option_files(const struct br_config *config, const struct br_config_feed *feed,
                               struct br_faults *faults)
{
    char key[KEY_SIZE];
    for (const struct br_option *option = feed->adapter->options; option && option->key; option++) {
        const struct br_node *node = br_node_given(feed->options, option->key);
        const char *path = br_node_text(node);
        if (option->type != BR_OPTION_FILE || !path || !*path)
            continue;
        snprintf(key, sizeof key, "feeds.%s.options.%s", feed->name, option->key);
        br_config_check_file(config, path, node->line, key, faults);
    }
}

/* An adapter knows its options and not where they stand: what it tells, `LINE: key: what`, is told again with
 * the rest of the key in front. */
static void tell_again(const struct br_config_feed *feed, const struct br_faults *told,
                       struct br_faults *faults)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file) {
        br_faults_add(faults, NULL, feed->line, feed->name, "no memory");
        return;
    }
    br_faults_print(told, file);
    fclose(file);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
        char *what = line;
        unsigned number = (unsigned)strtoul(line, &what, 10);
        bool has_line = what != line && strncmp(what, ": ", 2) == 0;
        br_faults_add(faults, NULL, has_line ? number : feed->line, NULL, "feeds.%s.options.%s", feed->name,
                      has_line ? what + 2 : line);
    }
    free(text);
}

static void check_adapter(const struct br_config *config, const struct br_config_feed *feed,
                          struct zone **zones, struct br_faults *faults)
{
    struct br_adapter_setup setup = {.options = feed->options, .zone = find_zone, .context = zones};
    struct br_faults *told = br_faults_open();
    char key[KEY_SIZE];
    snprintf(key, sizeof key, "feeds.%s", feed->name);
    unsigned line = br_node_key_line(br_config_at(config, key), "options");
    void *adapter = told ? br_adapter_open(feed->adapter, &setup, line ? line : feed->line, told) : NULL;
    if (adapter)
        feed->adapter->close(adapter);
    else if (!told)
        br_faults_add(faults, NULL, feed->line, key, "no memory");
    if (told)
        tell_again(feed, told, faults);
    br_faults_close(told);
}

void br_config_check_feeds(const struct br_config *config, struct br_faults *faults)
{
    struct zone *zones = NULL;
    for (size_t i = 0; i < config->feed_count; i++) {
        check_adapter(config, &config->feeds[i], &zones, faults);
        check_option_files(config, &config->feeds[i], faults);
    }
    close_zones(zones);
}
