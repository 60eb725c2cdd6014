/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Files that are read or written whole, and the folders that name them. */
#ifndef BR_CORE_FILE_H
#define BR_CORE_FILE_H

#include <stddef.h>

/* Its bytes, with a NUL behind them; the caller frees them. NULL: errno says why (EFBIG: above size_max). */
char *br_file_read(const char *path, size_t size_max, size_t *size);

/* Writes all of it to a descriptor. 0 or a negative errno. */
int br_file_write(int file, const void *bytes, size_t size);

/* A file's name is on disk when its folder is. 0 or a negative errno. */
int br_file_sync_dir(const char *path);

#endif
