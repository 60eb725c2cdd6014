/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A file that is read once and whole: tables, polygons. */
#ifndef BR_CORE_FILE_H
#define BR_CORE_FILE_H

#include <stddef.h>

/* Its bytes, with a NUL behind them; the caller frees them. NULL: errno says why (EFBIG: above size_max). */
char *br_file_read(const char *path, size_t size_max, size_t *size);

#endif
