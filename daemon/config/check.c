/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/key.h"
#include "daemon/config/node.h"
#include "daemon/config/read.h"
#include "daemon/config/rules.h"
#include "daemon/config/schema.h"

#include "daemon/flow/catalogue.h"
#include "daemon/flow/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE 300

struct check {
    const struct br_config *config;
    struct br_faults *faults;
    struct br_config_key key;        /* of the value that is looked at */
    bool regions_lost, sensors_lost; /* a file of theirs cannot be opened */
};

/* As the daemon would open it. */
bool br_config_check_file(const struct br_config *config, const char *path, unsigned line, const char *key,
                          struct br_faults *faults)
{
    size_t faults_before = br_faults_count(faults);
    char *absolute = br_config_path(config, path);
    struct stat status;
    int file = absolute ? open(absolute, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (!absolute)
        br_faults_add(faults, NULL, line, key, "no memory");
    else if (file < 0)
        br_faults_add(faults, NULL, line, key, "%s cannot be opened: %s", absolute, strerror(errno));
    else if (fstat(file, &status) == 0 && S_ISDIR(status.st_mode))
        br_faults_add(faults, NULL, line, key, "%s is a folder", absolute);
    if (file >= 0)
        close(file);
    free(absolute);
    return br_faults_count(faults) == faults_before;
}

/* The file of a row: what cannot be opened is not read any further, which would tell it again. */
static void check_row_file(struct check *check, const struct br_config_row *row, const struct br_node *node)
{
    if (row->type == BR_CONFIG_BOUNDARY && node->type == BR_NODE_MAP)
        node = br_node_given(node, "file");
    if (br_config_check_file(check->config, node->text, node->line, br_config_key_text(&check->key),
                             check->faults))
        return;
    bool of_division = strncmp(row->path, "regions.divisions", strlen("regions.divisions")) == 0;
    check->regions_lost |= !of_division && strncmp(row->path, "regions.", strlen("regions.")) == 0;
    check->sensors_lost |= strcmp(row->path, "sensors") == 0;
}

static void check_files(struct check *check, const struct br_config_row *row, const struct br_node *map);

/* The maps of a list or of names. */
static void check_elements(struct check *check, const struct br_config_row *row, const struct br_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        size_t size = node->type == BR_NODE_MAP ? br_config_key_add(&check->key, node->keys[i])
                                                : br_config_key_item(&check->key, i);
        check_files(check, row, node->values[i]);
        br_config_key_cut(&check->key, size);
    }
}

static void check_many(struct check *check, const struct br_config_row *row, const struct br_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        size_t size = br_config_key_item(&check->key, i);
        check_row_file(check, row, node->values[i]);
        br_config_key_cut(&check->key, size);
    }
}

static void check_row(struct check *check, const struct br_config_row *row, const struct br_node *node)
{
    bool is_file = row->type == BR_CONFIG_FILE || row->type == BR_CONFIG_BOUNDARY;
    if (row->type == BR_CONFIG_MAP)
        check_files(check, row, node);
    else if (row->type == BR_CONFIG_NAMED || row->type == BR_CONFIG_LIST)
        check_elements(check, row, node);
    else if (is_file && row->many)
        check_many(check, row, node);
    else if (is_file)
        check_row_file(check, row, node);
}

/* All files below a map, found by the schema. The folder of state is made when it is needed. */
static void check_files(struct check *check, const struct br_config_row *row, const struct br_node *map)
{
    char prefix[BR_CONFIG_PATH_SIZE];
    size_t count;
    const struct br_config_row *rows = br_config_rows(&count);
    br_config_children(row, prefix);
    for (size_t i = 0; i < count; i++) {
        const char *child = br_config_child(&rows[i], prefix);
        const struct br_node *node = child ? br_node_given(map, child) : NULL;
        if (!node || strcmp(rows[i].path, "state_dir") == 0)
            continue;
        size_t size = br_config_key_add(&check->key, child);
        check_row(check, &rows[i], node);
        br_config_key_cut(&check->key, size);
    }
}

static void check_covers(const struct check *check, const struct br_regions *regions,
                         const struct br_config_feed *feed)
{
    char key[KEY_SIZE];
    snprintf(key, sizeof key, "feeds.%s.covers", feed->name);
    const struct br_node *list = br_config_at(check->config, key);
    for (size_t i = 0; i < feed->covers.count; i++)
        if (br_regions_find(regions, br_view_of(feed->covers.at[i])) == BR_REGION_NONE)
            br_faults_add(check->faults, NULL, list ? list->values[i]->line : feed->line, key,
                          "there is no region '%s'", feed->covers.at[i]);
}

/* Catalogues name regions: without these they are only opened. */
static void check_regions(const struct check *check)
{
    struct br_regions *regions = check->regions_lost ? NULL : br_regions_open(check->config, check->faults);
    for (size_t i = 0; regions && i < check->config->feed_count; i++)
        check_covers(check, regions, &check->config->feeds[i]);
    if (regions && !check->sensors_lost)
        br_catalogue_close(br_catalogue_open(check->config, regions, check->faults));
    br_regions_close(regions);
}

void br_config_check(const struct br_config *config, struct br_faults *faults)
{
    struct check check = {.config = config, .faults = faults};
    br_faults_file(faults, config->path);
    check_files(&check, NULL, config->root);
    check_regions(&check);
    br_config_check_feeds(config, faults);
}
