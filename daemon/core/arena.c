/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Blocks in a list; the newest one of ordinary size gives. A request that is larger than a block gets a block
 * of its own, so that what is left of the current one is not lost, and the first block, which a reset keeps,
 * is never a huge one. */
#include "daemon/core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

struct block {
    struct block *next;
    size_t size, used; /* of bytes */
    alignas(max_align_t) unsigned char bytes[];
};

struct br_arena {
    struct block *first;   /* of ordinary size; kept by a reset */
    struct block *current; /* of ordinary size: the newest */
    struct block *others;  /* all but the first */
    size_t block_size, size_max, size_held;
    bool full;
};

/* Never below one alignment unit, so that a pointer of a request for 0 bytes is one of its own. */
static size_t round_up(size_t size)
{
    size_t unit = alignof(max_align_t);
    return size == 0 ? unit : (size + unit - 1) / unit * unit;
}

static struct block *block_open(struct br_arena *arena, size_t size)
{
    size_t room = arena->size_max ? arena->size_max - arena->size_held : SIZE_MAX;
    if (room < sizeof(struct block) || size > room - sizeof(struct block))
        return NULL;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->next = NULL;
    block->size = size;
    block->used = 0;
    arena->size_held += sizeof *block + size;
    return block;
}

struct br_arena *br_arena_open(size_t block_size, size_t size_max)
{
    if (block_size > SIZE_MAX / 4)
        return NULL;
    struct br_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->block_size = round_up(block_size);
    arena->size_max = size_max;
    arena->first = block_open(arena, arena->block_size);
    if (!arena->first && size_max > sizeof(struct block))
        arena->first = block_open(arena, size_max - sizeof(struct block));
    if (!arena->first) {
        free(arena);
        return NULL;
    }
    arena->current = arena->first;
    return arena;
}

static void others_free(struct br_arena *arena)
{
    while (arena->others) {
        struct block *block = arena->others;
        arena->others = block->next;
        arena->size_held -= sizeof *block + block->size;
        free(block);
    }
}

void br_arena_close(struct br_arena *arena)
{
    if (!arena)
        return;
    others_free(arena);
    free(arena->first);
    free(arena);
}

static struct block *block_add(struct br_arena *arena, size_t size)
{
    struct block *block = block_open(arena, size);
    if (!block)
        return NULL;
    block->next = arena->others;
    arena->others = block;
    return block;
}

/* A block with room for size bytes, or NULL. Near the cap a block is as large as the request. */
static struct block *block_for(struct br_arena *arena, size_t size)
{
    struct block *block = arena->current;
    if (size <= block->size - block->used)
        return block;
    if (size > arena->block_size)
        return block_add(arena, size);
    block = block_add(arena, arena->block_size);
    if (!block)
        return block_add(arena, size);
    arena->current = block;
    return block;
}

void *br_arena_alloc(struct br_arena *arena, size_t size)
{
    struct block *block = NULL;
    if (size <= SIZE_MAX / 2) {
        size = round_up(size);
        block = block_for(arena, size);
    }
    if (!block) {
        arena->full = true;
        return NULL;
    }
    void *memory = block->bytes + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

char *br_arena_text(struct br_arena *arena, struct br_view text)
{
    if (text.size == SIZE_MAX) {
        arena->full = true;
        return NULL;
    }
    char *copy = br_arena_alloc(arena, text.size + 1);
    if (copy && text.size > 0)
        memcpy(copy, text.data, text.size);
    return copy;
}

void br_arena_reset(struct br_arena *arena)
{
    others_free(arena);
    arena->current = arena->first;
    arena->first->used = 0;
    arena->full = false;
}

bool br_arena_full(const struct br_arena *arena)
{
    return arena->full;
}

size_t br_arena_size(const struct br_arena *arena)
{
    return arena->size_held;
}
