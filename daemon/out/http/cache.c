/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/answer.h"

#include <stdlib.h>
#include <string.h>

#define CHAINS 1024
#define ENTRY_EXTRA 256 /* what an entry takes beside its key and body, about */

struct entry {
    struct entry *next_in_chain;
    struct entry *newer, *older; /* by use */
    struct br_answer *answer;
    size_t size; /* as counted */
    size_t chain;
    char key[];
};

struct br_cache {
    size_t size, size_max;
    struct entry *newest, *oldest;
    struct entry *chains[CHAINS];
};

struct br_cache *br_cache_open(size_t size_max)
{
    struct br_cache *cache = calloc(1, sizeof *cache);
    if (cache)
        cache->size_max = size_max;
    return cache;
}

static size_t chain_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u; /* FNV-1a */
    return hash % CHAINS;
}

static void use_unlink(struct br_cache *cache, struct entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        cache->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        cache->oldest = entry->newer;
}

static void use_link(struct br_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = entry;
    else
        cache->oldest = entry;
    cache->newest = entry;
}

static void entry_remove(struct br_cache *cache, struct entry *entry)
{
    struct entry **at = &cache->chains[entry->chain];
    while (*at != entry)
        at = &(*at)->next_in_chain;
    *at = entry->next_in_chain;
    use_unlink(cache, entry);
    cache->size -= entry->size;
    br_answer_drop(entry->answer);
    free(entry);
}

void br_cache_close(struct br_cache *cache)
{
    while (cache && cache->oldest)
        entry_remove(cache, cache->oldest);
    free(cache);
}

static struct entry *entry_find(struct br_cache *cache, const char *key)
{
    struct entry *entry = cache->chains[chain_of(key)];
    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->next_in_chain;
    return entry;
}

/* The packed form is made after an answer was put: it is counted when the answer is found again. */
static size_t size_of(const struct entry *entry)
{
    return strlen(entry->key) + ENTRY_EXTRA + entry->answer->size + entry->answer->packed_size;
}

static void shrink(struct br_cache *cache, const struct entry *but)
{
    /* What is removed is the oldest no more. */
    while (cache->size > cache->size_max && cache->oldest && cache->oldest != but)
        entry_remove(cache, cache->oldest); /* NOLINT(clang-analyzer-unix.Malloc) */
}

struct br_answer *br_cache_find(struct br_cache *cache, const char *key, uint64_t change, int64_t now_utc_ms)
{
    struct entry *entry = entry_find(cache, key);
    if (!entry)
        return NULL;
    if (entry->answer->change != change || entry->answer->until_utc_ms <= now_utc_ms) {
        entry_remove(cache, entry);
        return NULL;
    }
    use_unlink(cache, entry);
    use_link(cache, entry);
    size_t size = size_of(entry);
    cache->size += size - entry->size;
    entry->size = size;
    shrink(cache, entry);
    return entry->answer;
}

void br_cache_put(struct br_cache *cache, const char *key, struct br_answer *answer)
{
    size_t key_size = strlen(key) + 1;
    if (answer->until_utc_ms == 0 || answer->size > cache->size_max / 2)
        return;
    struct entry *entry = entry_find(cache, key);
    if (entry)
        entry_remove(cache, entry);
    entry = calloc(1, sizeof *entry + key_size);
    if (!entry)
        return;
    memcpy(entry->key, key, key_size);
    entry->chain = chain_of(key);
    entry->answer = br_answer_keep(answer);
    entry->size = size_of(entry);
    entry->next_in_chain = cache->chains[entry->chain];
    cache->chains[entry->chain] = entry;
    use_link(cache, entry);
    cache->size += entry->size;
    shrink(cache, entry);
}

size_t br_cache_size(const struct br_cache *cache)
{
    return cache->size;
}
