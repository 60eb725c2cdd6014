/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/privacy.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define KEY_MAX 64

struct br_privacy {
    int64_t min, round_to; /* 1: off */
    int key_size;
    uint8_t key[KEY_MAX];
};

struct br_privacy *br_privacy_open(int64_t min, int64_t round_to, const uint8_t *key, size_t key_size)
{
    struct br_privacy *privacy = calloc(1, sizeof *privacy);
    if (!privacy)
        return NULL;
    privacy->min = min > 1 ? min : 1;
    privacy->round_to = round_to > 1 ? round_to : 1;
    if (key_size > KEY_MAX) {
        unsigned digest_size = 0;
        EVP_Digest(key, key_size, privacy->key, &digest_size, EVP_sha256(), NULL);
        privacy->key_size = (int)digest_size;
    } else if (key_size > 0) {
        memcpy(privacy->key, key, key_size);
        privacy->key_size = (int)key_size;
    }
    return privacy;
}

void br_privacy_close(struct br_privacy *privacy)
{
    if (!privacy)
        return;
    OPENSSL_cleanse(privacy, sizeof *privacy);
    free(privacy);
}

bool br_privacy_on(const struct br_privacy *privacy)
{
    return privacy && (privacy->min > 1 || privacy->round_to > 1);
}

/* A number that is uniform over 0..2^64-1 to who does not know the key. */
static uint64_t draw(const struct br_privacy *privacy, const struct br_privacy_cell *cell)
{
    uint8_t name[512], digest[EVP_MAX_MD_SIZE];
    size_t who_size = cell->who_size < sizeof name - 16 ? cell->who_size : sizeof name - 16;
    unsigned digest_size = 0;
    uint64_t number = 0;

    memcpy(name, cell->who, who_size);
    for (unsigned i = 0; i < 8; i++)
        name[who_size + i] = (uint8_t)((uint64_t)cell->start_utc_ms >> (56 - 8 * i));
    name[who_size + 8] = (uint8_t)cell->what;
    HMAC(EVP_sha256(), privacy->key, privacy->key_size, name, who_size + 9, digest, &digest_size);
    for (unsigned i = 0; i < 8; i++)
        number = number << 8 | digest[i];
    return number;
}

/* The two values that a count may be published as: *below <= count < *above, or both the count where it
 * stays. */
static void neighbours(const struct br_privacy *privacy, int64_t count, int64_t *below, int64_t *above)
{
    if (count < privacy->min) {
        *below = 0;
        *above = privacy->min;
        return;
    }
    *below = count - count % privacy->round_to;
    *above = *below + privacy->round_to;
    if (*below < privacy->min && privacy->min > 1)
        *below = privacy->min;
}

int64_t br_privacy_round(const struct br_privacy *privacy, const struct br_privacy_cell *cell, int64_t count)
{
    int64_t below, above;
    if (!br_privacy_on(privacy) || count <= 0)
        return count;
    neighbours(privacy, count, &below, &above);
    if (count == below)
        return count;
    unsigned __int128 limit = (unsigned __int128)(uint64_t)(count - below) << 64;
    return (unsigned __int128)draw(privacy, cell) * (uint64_t)(above - below) < limit ? above : below;
}

int64_t br_privacy_variance(const struct br_privacy *privacy, int64_t rounded)
{
    if (!br_privacy_on(privacy))
        return 0;
    int64_t width =
        rounded <= privacy->min && privacy->min > privacy->round_to ? privacy->min : privacy->round_to;
    return width > 1 ? width * width / 4 : 0;
}
