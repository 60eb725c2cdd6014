/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What is wrong with something a person wrote (a configuration, a table, an option): all of it, with places.
 *
 * A fault prints as `FILE:LINE: key: what is wrong`; parts that are not known are left out. */
#ifndef BR_CORE_FAULTS_H
#define BR_CORE_FAULTS_H

#include <stddef.h>
#include <stdio.h>

struct br_faults;

struct br_faults *br_faults_open(void);
void br_faults_close(struct br_faults *faults);

/* Adds one fault. file NULL: the file of br_faults_file; line 0: unknown; key NULL: none. */
void br_faults_add(struct br_faults *faults, const char *file, unsigned line, const char *key,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The file that later faults without one belong to; copied. */
void br_faults_file(struct br_faults *faults, const char *file);

size_t br_faults_count(const struct br_faults *faults);

/* One line each, in order of file and line. */
void br_faults_print(const struct br_faults *faults, FILE *to);

#endif
