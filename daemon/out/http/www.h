/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The live page, daemon/out/www/index.html, as bytes in the program. The Makefile writes the definitions. */
#ifndef BR_OUT_HTTP_WWW_H
#define BR_OUT_HTTP_WWW_H

#include <stddef.h>

extern const unsigned char br_www_index[];
extern const size_t br_www_index_size;

#endif
