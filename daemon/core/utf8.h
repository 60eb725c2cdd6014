/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BR_CORE_UTF8_H
#define BR_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool br_utf8_is_tail(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Bytes (1-4) of the well-formed character that begins text[0..size), or 0: there is none. */
static inline size_t br_utf8_size(const char *text, size_t size)
{
    if (size == 0)
        return 0;
    unsigned char first = (unsigned char)text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (!br_utf8_is_tail(text[i]))
            return 0;
    unsigned char second = (unsigned char)text[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f))
        return 0;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

#endif
