/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Memory that lives and dies together: any number of allocations, one reset.
 *
 * An arena grows by blocks of at least its block size, and never past its cap: past it br_arena_alloc gives
 * NULL and br_arena_full says so until the reset. Not thread-safe; one owner at a time. */
#ifndef BR_CORE_ARENA_H
#define BR_CORE_ARENA_H

#include "daemon/core/view.h"

struct br_arena;

/* An empty arena, or NULL without memory. size_max 0 means no cap. */
struct br_arena *br_arena_open(size_t block_size, size_t size_max);
void br_arena_close(struct br_arena *arena); /* NULL is allowed */

/* Zeroed memory, aligned for any type; valid until the reset or the close. */
void *br_arena_alloc(struct br_arena *arena, size_t size);

/* A copy that ends in a NUL. NULL when full. */
char *br_arena_text(struct br_arena *arena, struct br_view text);

/* Forgets every allocation; keeps the first block. */
void br_arena_reset(struct br_arena *arena);

bool br_arena_full(const struct br_arena *arena);
size_t br_arena_size(const struct br_arena *arena); /* bytes held, free ones too */

#endif
