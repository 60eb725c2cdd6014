/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What figures depend on beside the journal, as two digests: the settings (whatever way they are written
 * down) and the tables that they name, by what is in them. They go into the journal, so that it tells under
 * what its entries were read, and a change from one start to the next is told. */
#include "daemon/run/daemon.h"
#include "adapters/adapter.h"
#include "daemon/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#define HEX_SIZE (2 * EVP_MAX_MD_SIZE + 1)
#define BLOCK_SIZE 65536

/* ---- one digest */

static EVP_MD_CTX *digest_open(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (digest && !EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(digest);
        return NULL;
    }
    return digest;
}

/* False: there is none. */
static bool digest_close(EVP_MD_CTX *digest, char hex[HEX_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    bool done = digest && EVP_DigestFinal_ex(digest, bytes, &size);
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", bytes[i]);
    EVP_MD_CTX_free(digest);
    return done;
}

/* A text with its NUL, so that two never run into one. */
static void add_text(EVP_MD_CTX *digest, const char *text)
{
    EVP_DigestUpdate(digest, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void add(EVP_MD_CTX *digest, const char *key, int64_t number)
{
    char text[128];
    snprintf(text, sizeof text, "%s=%" PRId64, key, number);
    add_text(digest, text);
}

static void add_texts(EVP_MD_CTX *digest, const char *key, const struct br_config_texts *texts)
{
    add(digest, key, (int64_t)texts->count);
    for (size_t i = 0; i < texts->count; i++)
        add_text(digest, texts->at[i]);
}

static int order_keys(const void *a, const void *b, void *map)
{
    char *const *keys = ((const struct br_node *)map)->keys;
    return strcmp(keys[*(const size_t *)a], keys[*(const size_t *)b]);
}

/* A tree as text in which the order of keys does not matter. The depth is that of a checked configuration. */
static void add_node(EVP_MD_CTX *digest, const struct br_node *node)
{
    if (!node || node->type == BR_NODE_SCALAR) {
        add_text(digest, br_node_text(node));
        return;
    }
    size_t *order = calloc(node->count + 1, sizeof *order);
    add(digest, node->type == BR_NODE_MAP ? "map" : "list", order ? (int64_t)node->count : -1);
    for (size_t i = 0; order && i < node->count; i++)
        order[i] = i;
    if (order && node->type == BR_NODE_MAP)
        qsort_r(order, node->count, sizeof *order, order_keys, (void *)node);
    for (size_t i = 0; order && i < node->count; i++) {
        if (node->type == BR_NODE_MAP)
            add_text(digest, node->keys[order[i]]);
        add_node(digest, node->values[order[i]]);
    }
    free(order);
}

/* ---- settings */

static void add_feed(EVP_MD_CTX *digest, const struct br_config_feed *feed)
{
    add_text(digest, feed->name);
    add_text(digest, feed->adapter->name);
    add_node(digest, feed->options);
    add(digest, "interval", feed->interval_ms);
    add(digest, "stale_after", feed->stale_after_ms);
    add(digest, "lateness", feed->lateness_ms);
    add(digest, "max_payload", feed->max_payload);
    add(digest, "max_unpacked", feed->max_unpacked);
    add_texts(digest, "covers", &feed->covers);
}

static void add_regions(EVP_MD_CTX *digest, const struct br_config_regions *regions)
{
    add(digest, "year", regions->year);
    add(digest, "nearest", regions->nearest_m);
    add(digest, "boundaries", (int64_t)regions->boundary_count);
    for (size_t i = 0; i < regions->boundary_count; i++)
        add_text(digest, regions->boundaries[i].code_property);
    add(digest, "sets", (int64_t)regions->set_count);
    for (size_t i = 0; i < regions->set_count; i++) {
        add_text(digest, regions->sets[i].code);
        add_text(digest, regions->sets[i].name);
        add_text(digest, regions->sets[i].type);
        add_texts(digest, "members", &regions->sets[i].members);
        add_texts(digest, "except", &regions->sets[i].except);
        add(digest, "boundary", regions->sets[i].boundary != NULL);
    }
}

static bool digest_settings(const struct br_config *config, char hex[HEX_SIZE])
{
    EVP_MD_CTX *digest = digest_open();
    if (!digest)
        return false;
    add(digest, "windows", (int64_t)config->window_count);
    for (size_t i = 0; i < config->window_count; i++)
        add_text(digest, config->windows[i].name);
    add(digest, "lateness", config->lateness_ms);
    add(digest, "correct_for", config->correct_for_ms);
    add(digest, "coverage_min", config->coverage_min);
    add(digest, "pedestrian_min", config->privacy.pedestrian_min);
    add(digest, "round_to", config->privacy.round_to);
    add(digest, "min_window", config->privacy.min_window_ms);
    add(digest, "readings", config->readings_max);
    add(digest, "sensors", config->sensors_max);
    add_regions(digest, &config->regions);
    add(digest, "feeds", (int64_t)config->feed_count);
    for (size_t i = 0; i < config->feed_count; i++)
        add_feed(digest, &config->feeds[i]);
    return digest_close(digest, hex);
}

/* ---- tables */

/* A file by what is in it; one that cannot be read by that. */
static void add_file(EVP_MD_CTX *digest, const char *path)
{
    static const char end[] = "end of file";
    char *block = path ? malloc(BLOCK_SIZE) : NULL;
    int file = block ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t size = file < 0 ? -1 : 0;
    while (file >= 0 && (size = read(file, block, BLOCK_SIZE)) > 0)
        EVP_DigestUpdate(digest, block, (size_t)size);
    EVP_DigestUpdate(digest, size < 0 ? "unread" : end, size < 0 ? sizeof "unread" : sizeof end);
    if (file >= 0)
        close(file);
    free(block);
}

static void add_option_files(EVP_MD_CTX *digest, const struct br_config_feed *feed)
{
    for (const struct br_option *option = feed->adapter->options; option && option->key; option++) {
        const struct br_node *node =
            option->type == BR_OPTION_FILE ? br_node_get(feed->options, option->key) : NULL;
        if (br_node_text(node))
            add_file(digest, br_node_text(node));
    }
}

static bool digest_tables(const struct br_config *config, char hex[HEX_SIZE])
{
    const struct br_config_regions *regions = &config->regions;
    EVP_MD_CTX *digest = digest_open();
    if (!digest)
        return false;
    add_file(digest, regions->table);
    for (size_t i = 0; i < regions->boundary_count; i++)
        add_file(digest, regions->boundaries[i].file);
    for (size_t i = 0; i < regions->set_count; i++)
        if (regions->sets[i].boundary)
            add_file(digest, regions->sets[i].boundary);
    for (size_t i = 0; i < config->sensors.count; i++)
        add_file(digest, config->sensors.at[i]);
    for (size_t i = 0; i < config->feed_count; i++)
        add_option_files(digest, &config->feeds[i]);
    return digest_close(digest, hex);
}

bool daemon_digest(const struct br_config *config, char text[DAEMON_DIGEST_SIZE])
{
    char settings[HEX_SIZE], tables[HEX_SIZE];
    *text = '\0';
    if (!digest_settings(config, settings) || !digest_tables(config, tables))
        return false;
    return snprintf(text, DAEMON_DIGEST_SIZE, "settings=%s tables=%s", settings, tables) < DAEMON_DIGEST_SIZE;
}

/* ---- from one start to the next */

static void write_digest(const char *path, const char *text)
{
    char beside[PATH_MAX + 8];
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "we");
    bool written = file && fputs(text, file) >= 0;
    if (file && fclose(file) == 0 && written)
        rename(beside, path);
}

void daemon_note_config(struct daemon *daemon, const char *digest)
{
    char path[PATH_MAX];
    size_t size;
    struct br_entry entry = {.type = BR_ENTRY_CONFIG,
                             .received_at_utc_ms = br_now_utc_ms(daemon->now),
                             .payload = br_view_of(digest)};
    br_journal_append(daemon->journal, &entry);
    if (snprintf(path, sizeof path, "%s/digest", daemon->config->state_dir) >= PATH_MAX)
        return;
    char *before = br_file_read(path, DAEMON_DIGEST_SIZE, &size);
    bool is_other = !before || strcmp(before, digest) != 0;
    if (before && is_other)
        br_log(daemon->log, BR_LOG_NOTICE, "config_changed", "%s before=\"%s\"", digest, before);
    if (is_other)
        write_digest(path, digest);
    free(before);
}
