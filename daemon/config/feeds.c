/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"
#include "daemon/config/read.h"
#include "daemon/config/rules.h"
#include "daemon/config/value.h"

#include "adapters/adapter.h"

#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 160
#define MINUTE_MS INT64_C(60000)
#define UNPACKED_MAX (INT64_C(1) << 30)

/* A feed with its node and the path that faults name. */
struct feed {
    struct br_config *config;
    struct br_config_feed *feed;
    const struct br_node *node;
    struct br_faults *faults;
};

static const char *key_of(const struct feed *of, const char *key, char dotted_key[KEY_SIZE])
{
    snprintf(dotted_key, KEY_SIZE, "feeds.%.80s.%.64s", of->feed->name, key);
    return dotted_key;
}

/* Where brokers are given, a feed without one is a slip; where none is, the feeds only replay. */
static void find_broker(struct feed *of)
{
    char key[KEY_SIZE];
    const struct br_node *value = br_node_given(of->node, "broker");
    of->feed->broker = SIZE_MAX;
    if (value)
        of->feed->broker = br_config_broker_index(of->config, value, key_of(of, "broker", key), of->faults);
    else if (of->config->broker_count > 0)
        br_faults_add(of->faults, NULL, of->feed->line, key_of(of, "broker", key),
                      "is missing: the broker that brings this feed");
}

static void find_adapter(struct feed *of)
{
    char key[KEY_SIZE];
    size_t count;
    const struct br_node *value = br_node_given(of->node, "adapter");
    const char *name = br_node_text(value);
    if (!name)
        return;
    of->feed->adapter = br_adapter_find(name);
    if (of->feed->adapter)
        return;
    struct br_config_nearest nearest = {.word = name};
    const struct br_adapter *const *adapters = br_adapters(&count);
    for (size_t i = 0; i < count; i++)
        br_config_nearest_try(&nearest, adapters[i]->name);
    br_faults_add(of->faults, NULL, value->line, key_of(of, "adapter", key), "there is no adapter '%s'%s%s%s",
                  name, nearest.best ? "; did you mean " : ": see `bruisd adapters`",
                  nearest.best ? nearest.best : "", nearest.best ? "?" : "");
}

/* The tree is ours until it is handed out: paths in it become absolute, so that whoever opens them need not
 * know where the configuration lies. */
static void resolve_files(struct feed *of)
{
    const struct br_option *option = of->feed->adapter ? of->feed->adapter->options : NULL;
    for (; option && option->key; option++) {
        struct br_node *value = (struct br_node *)br_node_get(of->feed->options, option->key);
        const char *path = br_node_text(value);
        if (option->type != BR_OPTION_FILE || !path || !*path)
            continue;
        char *absolute = br_config_path(of->config, path);
        if (!absolute) {
            br_faults_add(of->faults, NULL, value->line, option->key, "no memory");
            continue;
        }
        free(value->text);
        value->text = absolute;
    }
}

static void fill_defaults(struct feed *of)
{
    struct br_config_feed *feed = of->feed;
    if (!br_node_given(of->node, "lateness"))
        feed->lateness_ms = of->config->lateness_ms;
    if (!br_node_given(of->node, "stale_after")) {
        int64_t thrice_ms = 3 * feed->interval_ms;
        feed->stale_after_ms = thrice_ms > 15 * MINUTE_MS ? thrice_ms : 15 * MINUTE_MS;
    }
    if (!br_node_given(of->node, "max_unpacked"))
        feed->max_unpacked = feed->max_payload > UNPACKED_MAX / 100 ? UNPACKED_MAX : 100 * feed->max_payload;
}

/* The words of a text separated by blanks. */
static bool has_word(const char *words, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

/* A feed that may hold pedestrians keeps its single records, unless somebody says otherwise. */
static void default_republish(struct feed *of)
{
    if (br_node_given(of->node, "republish"))
        return;
    const char *domains = br_node_text(br_node_get(of->feed->options, "domain"));
    if (!domains && of->feed->adapter)
        domains = of->feed->adapter->domains;
    of->feed->republish = !domains || !has_word(domains, "pedestrian");
}

void br_config_rules_feeds(struct br_config *config, struct br_faults *faults)
{
    const struct br_node *feeds = br_config_at(config, "feeds");
    for (size_t i = 0; i < config->feed_count; i++) {
        struct feed of = {.config = config, .feed = &config->feeds[i], .faults = faults};
        of.node = of.feed->name ? br_node_given(feeds, of.feed->name) : NULL;
        find_broker(&of);
        find_adapter(&of);
        resolve_files(&of);
        fill_defaults(&of);
        default_republish(&of);
    }
}
