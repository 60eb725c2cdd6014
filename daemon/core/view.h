/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A borrowed piece of text or bytes. It is valid until the call that lent it returns, unless the lender
 * says otherwise; who wants to keep it copies it (br_arena_text). It need not end in a NUL. */
#ifndef BR_CORE_VIEW_H
#define BR_CORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct br_view {
    const char *data;
    size_t size;
};

static inline struct br_view br_view_of(const char *text)
{
    return (struct br_view){text, text ? strlen(text) : 0};
}

static inline bool br_view_is(struct br_view view, const char *text)
{
    size_t size = strlen(text);
    return view.size == size && memcmp(view.data, text, size) == 0;
}

static inline bool br_view_equal(struct br_view a, struct br_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
