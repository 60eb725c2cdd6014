/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A CSV table that the operator wrote: its columns are found by the names in its header, its cells are
 * checked, and all that is wrong is told with file and line. A cell is given without the blanks around it; an
 * empty one is an absent one. */
#ifndef BR_FLOW_TABLE_H
#define BR_FLOW_TABLE_H

#include "daemon/core/faults.h"
#include "daemon/core/view.h"

#include <stdint.h>

#define BR_TABLE_COLUMNS_MAX 32

struct br_table_column {
    const char *name;
    bool required; /* the header must have it, and no cell of it may be empty */
};

struct br_table;

/* Reads a file and its header. columns must outlive the table. Unknown, repeated and missing columns are
 * faults; NULL when there is one, and when the file cannot be read. */
struct br_table *br_table_open(const char *path, const struct br_table_column *columns, size_t column_count,
                               struct br_faults *faults);
void br_table_close(struct br_table *table);

/* The next row that has as many cells as the header; others are faults and left out. */
bool br_table_next(struct br_table *table);

/* Of the current row; column is an index into the columns of the open. Cells are valid until the close. */
struct br_view br_table_cell(const struct br_table *table, size_t column);
unsigned br_table_line(const struct br_table *table);

/* A number in a cell. False: the cell is empty, or it is a fault (no number, or out of its range). */
bool br_table_number(const struct br_table *table, size_t column, double min, double max, double *number);
bool br_table_whole(const struct br_table *table, size_t column, int64_t min, int64_t max, int64_t *number);

/* Adds a fault at the current row, named by the column. */
void br_table_fault(const struct br_table *table, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
