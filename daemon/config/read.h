/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* From the tree of a document to struct br_config, row by row of the schema: shapes, types, ranges, unknown
 * and missing keys. What joins several keys is for config_rules.c. */
#ifndef BR_CONFIG_READ_H
#define BR_CONFIG_READ_H

#include "daemon/config.h"

/* Fills a zeroed configuration from config->root. All faults are told; what is faulty stays empty, and what
 * is absent gets its default. False: no memory, which is told as well; names may be missing then. */
bool br_config_read(struct br_config *config, struct br_faults *faults);

/* Frees all that was read. */
void br_config_free(struct br_config *config);

/* A path as the configuration means it: absolute, relative ones start at the file's folder. The caller frees
 * it; NULL without memory. */
char *br_config_path(const struct br_config *config, const char *path);

#endif
