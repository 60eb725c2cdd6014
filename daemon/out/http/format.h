/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The forms an answer can have, and which of them a request wants (RFC 9110, section 12.5). Pure. */
#ifndef BR_OUT_HTTP_FORMAT_H
#define BR_OUT_HTTP_FORMAT_H

#include "daemon/core/view.h"

enum br_format {
    BR_FORMAT_GEOJSON,
    BR_FORMAT_JSON,
    BR_FORMAT_CSV,
    BR_FORMAT_PB, /* length-delimited messages: a varint with the size, then the packed bruis.v1.Figure, and
                     again */
    BR_FORMAT_HTML,
    BR_FORMAT_COUNT,
    BR_FORMAT_NONE = BR_FORMAT_COUNT
};

#define BR_FORMAT_BIT(format) (1u << (format))

/* The value of the query key `f`: "geojson". */
const char *br_format_word(enum br_format format);

/* The media type as a Content-Type says it, and without its parameters (for links). */
const char *br_format_type(enum br_format format);
const char *br_format_media(enum br_format format);

/* The format of a word; BR_FORMAT_NONE: no such word, or not among the allowed bits. */
enum br_format br_format_of_word(const char *word, unsigned allowed);

/* What an Accept header chooses among the allowed bits: the greatest q, then the more exact range, then the
 * fallback, then the first of the enum. accept NULL or empty: fallback. BR_FORMAT_NONE: nothing that we have.
 */
enum br_format br_format_accepted(const char *accept, unsigned allowed, enum br_format fallback);

/* Whether an Accept-Encoding header allows gzip. NULL: no. */
bool br_format_gzip(const char *accept_encoding);

#endif
