/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/leaf.h"
#include "daemon/flow/sensor.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define BUCKETS 4096

struct leaf {
    uint32_t count;
    uint32_t chain; /* the leaf before it in its bucket, or BR_LEAF_NONE */
    uint32_t *regions;
    uint8_t name[BR_LEAF_NAME_SIZE];
};

struct br_leaves {
    const struct br_regions *regions;
    struct leaf *leaf;
    uint32_t count, capacity;
    uint32_t bucket[BUCKETS]; /* the newest leaf of each, or BR_LEAF_NONE */
};

static uint32_t bucket_of(const struct br_membership *membership)
{
    uint32_t hash = 2166136261; /* FNV-1a */
    for (uint32_t i = 0; i < membership->count; i++)
        hash = (hash ^ membership->region[i]) * 16777619;
    return (hash ^ hash >> 15) % BUCKETS;
}

struct br_leaves *br_leaves_open(const struct br_regions *regions)
{
    struct br_leaves *leaves = calloc(1, sizeof *leaves);
    if (!leaves)
        return NULL;
    leaves->regions = regions;
    for (size_t i = 0; i < BUCKETS; i++)
        leaves->bucket[i] = BR_LEAF_NONE;
    return leaves;
}

void br_leaves_close(struct br_leaves *leaves)
{
    if (!leaves)
        return;
    for (uint32_t i = 0; i < leaves->count; i++)
        free(leaves->leaf[i].regions);
    free(leaves->leaf);
    free(leaves);
}

static int order_codes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* SHA-256 over the region codes in the order of the alphabet, each with its NUL. */
static void name_leaf(const struct br_leaves *leaves, struct leaf *leaf)
{
    const char *codes[BR_MEMBERSHIP_MAX] = {0};
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    for (uint32_t i = 0; i < leaf->count; i++)
        codes[i] = br_regions_at(leaves->regions, leaf->regions[i])->code;
    qsort(codes, leaf->count, sizeof *codes, order_codes);
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
        for (uint32_t i = 0; i < leaf->count; i++)
            EVP_DigestUpdate(context, codes[i], strlen(codes[i]) + 1);
        EVP_DigestFinal_ex(context, leaf->name, &size);
    }
    EVP_MD_CTX_free(context);
}

static uint32_t find(const struct br_leaves *leaves, const struct br_membership *membership)
{
    size_t size = membership->count * sizeof *membership->region;
    uint32_t i = leaves->bucket[bucket_of(membership)];
    while (i != BR_LEAF_NONE && (leaves->leaf[i].count != membership->count ||
                                 memcmp(leaves->leaf[i].regions, membership->region, size) != 0))
        i = leaves->leaf[i].chain;
    return i;
}

static bool grow(struct br_leaves *leaves)
{
    if (leaves->count < leaves->capacity)
        return true;
    uint32_t capacity = leaves->capacity ? leaves->capacity * 2 : 64;
    struct leaf *grown = realloc(leaves->leaf, capacity * sizeof *grown);
    if (!grown)
        return false;
    leaves->leaf = grown;
    leaves->capacity = capacity;
    return true;
}

uint32_t br_leaves_get(struct br_leaves *leaves, const struct br_membership *membership)
{
    uint32_t found = find(leaves, membership);
    if (found != BR_LEAF_NONE)
        return found;
    if (membership->count == 0 || !grow(leaves))
        return BR_LEAF_NONE;

    struct leaf *leaf = &leaves->leaf[leaves->count];
    size_t size = membership->count * sizeof *leaf->regions;
    uint32_t *bucket = &leaves->bucket[bucket_of(membership)];
    *leaf = (struct leaf){.count = membership->count, .chain = *bucket, .regions = malloc(size)};
    if (!leaf->regions)
        return BR_LEAF_NONE;
    memcpy(leaf->regions, membership->region, size);
    name_leaf(leaves, leaf);
    *bucket = leaves->count;
    return leaves->count++;
}

uint32_t br_leaves_count(const struct br_leaves *leaves)
{
    return leaves->count;
}

const uint32_t *br_leaves_regions(const struct br_leaves *leaves, uint32_t leaf, uint32_t *count)
{
    *count = leaves->leaf[leaf].count;
    return leaves->leaf[leaf].regions;
}

const uint8_t *br_leaves_name(const struct br_leaves *leaves, uint32_t leaf)
{
    return leaves->leaf[leaf].name;
}
