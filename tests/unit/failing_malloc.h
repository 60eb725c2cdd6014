/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Memory that runs out when a test says so. A program that includes this has the allocator's names itself:
 * calls from its own text (the daemon's modules are linked into it) are counted and may fail, those of shared
 * libraries go through. Not under the sanitizers, which have an allocator of their own: FAILING_MALLOC says
 * whether it works.
 *
 *     failing_arm(3);  // the third allocation from here fails, the others do not
 *     ...
 *     failing_disarm();
 */
#ifndef BR_TESTS_FAILING_MALLOC_H
#define BR_TESTS_FAILING_MALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAILING_MALLOC_OFF
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define FAILING_MALLOC_OFF
#endif

#ifndef FAILING_MALLOC_OFF
#define FAILING_MALLOC 1

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

extern const char __executable_start[], etext[];

#define FAILING_SLOTS 65536u

static long failing_countdown; /* 0: not armed */
static bool failing_for_good;  /* not only that one, but all after it */
static bool failing_happened;
static const void *failing_memory[FAILING_SLOTS]; /* what our own text holds, by its address */
static long failing_count;

static inline bool is_ours(const void *caller)
{
    return (uintptr_t)caller >= (uintptr_t)__executable_start && (uintptr_t)caller < (uintptr_t)etext;
}

/* Whether this allocation is the one to fail. */
static inline bool fails(const void *caller)
{
    if (failing_countdown == 0 || !is_ours(caller) || --failing_countdown > 0)
        return false;
    failing_countdown = failing_for_good;
    failing_happened = true;
    errno = ENOMEM;
    return true;
}

static inline unsigned failing_slot(const void *memory)
{
    unsigned slot = (unsigned)((uintptr_t)memory / 16 * 2654435761u) % FAILING_SLOTS;
    while (failing_memory[slot] && failing_memory[slot] != memory)
        slot = (slot + 1) % FAILING_SLOTS;
    return slot;
}

/* Who frees is no sign of who has allocated: a library may do it for us by a jump, or be given it. */
static inline void *failing_note(void *memory, const void *caller)
{
    if (memory && is_ours(caller) && failing_count < (long)FAILING_SLOTS / 2) {
        failing_memory[failing_slot(memory)] = memory;
        failing_count++;
    }
    return memory;
}

static inline void failing_forget(const void *memory)
{
    unsigned hole = memory ? failing_slot(memory) : 0;
    if (!memory || !failing_memory[hole])
        return;
    failing_memory[hole] = NULL;
    failing_count--;
    for (unsigned slot = (hole + 1) % FAILING_SLOTS; failing_memory[slot];
         slot = (slot + 1) % FAILING_SLOTS) {
        const void *moved = failing_memory[slot];
        failing_memory[slot] = NULL;
        failing_memory[failing_slot(moved)] = moved;
    }
}

void *malloc(size_t size)
{
    const void *caller = __builtin_return_address(0);
    return fails(caller) ? NULL : failing_note(__libc_malloc(size), caller);
}

void *calloc(size_t count, size_t size)
{
    const void *caller = __builtin_return_address(0);
    return fails(caller) ? NULL : failing_note(__libc_calloc(count, size), caller);
}

void *realloc(void *memory, size_t size)
{
    const void *caller = __builtin_return_address(0);
    if (fails(caller))
        return NULL;
    failing_forget(memory);
    return failing_note(__libc_realloc(memory, size), caller);
}

void free(void *memory)
{
    failing_forget(memory);
    __libc_free(memory);
}

char *strdup(const char *text)
{
    const void *caller = __builtin_return_address(0);
    size_t size = strlen(text) + 1;
    char *copy = fails(caller) ? NULL : failing_note(__libc_malloc(size), caller);
    return copy ? memcpy(copy, text, size) : NULL;
}

static inline void failing_arm(long nth)
{
    failing_happened = failing_for_good = false;
    failing_countdown = nth;
}

/* The nth allocation from here fails, and every one after it. */
static inline void failing_arm_for_good(long nth)
{
    failing_arm(nth);
    failing_for_good = true;
}

/* Whether one has failed since failing_arm. */
static inline bool failing_disarm(void)
{
    failing_countdown = 0;
    return failing_happened;
}

/* How many allocations of our own text are not freed yet. */
static inline long failing_live(void)
{
    return failing_count;
}

#endif
#endif
