/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Percent-encoding of RFC 3986. A plus sign is a plus sign: times with an offset hold one. */
#include "daemon/out/http/query.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool br_percent_decode(struct br_view raw, char *text, size_t size_max)
{
    size_t used = 0;
    for (size_t i = 0; i < raw.size; i++) {
        unsigned char byte = (unsigned char)raw.data[i];
        if (byte == '%') {
            int high = i + 2 < raw.size ? hex_digit(raw.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(raw.data[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = (unsigned char)(high * 16 + low);
            i += 2;
        } else if (byte > 0x7e || byte == ' ') {
            return false; /* only as %XX */
        }
        if (byte < 0x20 || byte == 0x7f || used + 1 >= size_max)
            return false;
        text[used++] = (char)byte;
    }
    text[used] = '\0';
    return true;
}

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void br_percent_encode(struct br_text *to, const char *text, const char *keep)
{
    for (; *text; text++) {
        if (unreserved(*text) || strchr(keep, *text))
            br_text_add(to, text, 1);
        else
            br_text_format(to, "%%%02X", (unsigned char)*text);
    }
}
