/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A whole answer, rendered once and sent any number of times; and a cache of them.
 *
 * An answer is counted: who holds it takes a reference, the last one frees it. One thread. */
#ifndef BR_OUT_HTTP_ANSWER_H
#define BR_OUT_HTTP_ANSWER_H

#include "proto/record.h"

#include <stdbool.h>
#include <stdint.h>

struct br_answer {
    unsigned references;
    unsigned status;
    const char *type;     /* Content-Type; static text; NULL: no body */
    const char *policy;   /* Content-Security-Policy of its own, or NULL; outlives the answer */
    const char *allow;    /* Allow, static text, or NULL */
    char *link;           /* Link, or NULL */
    char etag[24];        /* W/"..." over the body without its timestamp; "": none */
    int64_t until_utc_ms; /* fresh until then; 0: not to be stored */
    uint64_t change;      /* of what it was rendered from */
    char *data;
    size_t size;
    char *packed; /* gzip of data, made at first need */
    size_t packed_size;
};

/* A new answer with one reference; takes the body (and leaves it {0}). stamp: the part of the body that does
 * not count for the ETag. NULL: no memory, the body is freed. */
struct br_answer *br_answer_open(unsigned status, const char *type, struct br_text *body, size_t stamp_at,
                                 size_t stamp_size);
struct br_answer *br_answer_keep(struct br_answer *answer);
void br_answer_drop(struct br_answer *answer); /* NULL is allowed */

/* Makes `packed` where that is worth it. False: send it plain. */
bool br_answer_pack(struct br_answer *answer);

/* Whether an If-None-Match header names this answer. NULL: no. */
bool br_answer_matches(const struct br_answer *answer, const char *if_none_match);

struct br_cache;

/* Least recently used answers go when more than size_max bytes are held. */
struct br_cache *br_cache_open(size_t size_max);
void br_cache_close(struct br_cache *cache); /* NULL is allowed */

/* The answer of a key that was rendered from this change and is still fresh; lent until the next call; or
 * NULL. */
struct br_answer *br_cache_find(struct br_cache *cache, const char *key, uint64_t change, int64_t now_utc_ms);

/* Takes a reference of its own. An answer of more than half the size is not held. */
void br_cache_put(struct br_cache *cache, const char *key, struct br_answer *answer);

size_t br_cache_size(const struct br_cache *cache);

#endif
