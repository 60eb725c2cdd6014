/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/table.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/csv.h"
#include "daemon/core/file.h"
#include "daemon/core/utf8.h"

#define TABLE_SIZE_MAX ((size_t)1 << 30)
#define NUMBER_SIZE 40
#define QUOTED_MAX 40 /* of a cell, in a fault */

struct br_table {
    const char *path;
    const struct br_table_column *columns;
    size_t column_count;
    struct br_faults *faults;
    char *text;
    struct br_csv csv;
    struct br_view cells[BR_TABLE_COLUMNS_MAX];
    size_t header_count;
    size_t field[BR_TABLE_COLUMNS_MAX]; /* of each column: where it stands in the file; SIZE_MAX: nowhere */
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct br_view trimmed(struct br_view cell)
{
    while (cell.size > 0 && is_blank(cell.data[0])) {
        cell.data++;
        cell.size--;
    }
    while (cell.size > 0 && is_blank(cell.data[cell.size - 1]))
        cell.size--;
    return cell;
}

static int quoted_size(struct br_view cell)
{
    return (int)(cell.size < QUOTED_MAX ? cell.size : QUOTED_MAX);
}

static void header_cell(struct br_table *table, size_t field, struct br_view name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (!br_view_is(name, table->columns[i].name))
            continue;
        if (table->field[i] != SIZE_MAX)
            br_table_fault(table, i, "this column stands there twice");
        table->field[i] = field;
        return;
    }
    br_faults_add(table->faults, table->path, table->csv.line, NULL, "unknown column \"%.*s\"",
                  quoted_size(name), name.data);
}

static void read_header(struct br_table *table)
{
    enum br_csv_status status =
        br_csv_next(&table->csv, table->cells, BR_TABLE_COLUMNS_MAX, &table->header_count);
    if (status != BR_CSV_ROW) {
        br_faults_add(table->faults, table->path, table->csv.line, NULL, "%s",
                      status == BR_CSV_END ? "the table is empty: its first row names the columns"
                                           : table->csv.why);
        return;
    }
    for (size_t i = 0; i < table->column_count; i++)
        table->field[i] = SIZE_MAX;
    for (size_t i = 0; i < table->header_count; i++)
        header_cell(table, i, trimmed(table->cells[i]));
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].required && table->field[i] == SIZE_MAX)
            br_table_fault(table, i, "this column is missing");
}

struct br_table *br_table_open(const char *path, const struct br_table_column *columns, size_t column_count,
                               struct br_faults *faults)
{
    size_t size, before = br_faults_count(faults);
    char *text = br_file_read(path, TABLE_SIZE_MAX, &size);
    struct br_table *table = text ? calloc(1, sizeof *table) : NULL;
    if (!table) {
        br_faults_add(faults, path, 0, NULL, "cannot be read: %s", strerror(errno));
        free(text);
        return NULL;
    }
    table->path = path;
    table->columns = columns;
    table->column_count = column_count;
    table->faults = faults;
    table->text = text;
    br_csv_start(&table->csv, text, size, ',', true);
    read_header(table);
    if (br_faults_count(faults) == before)
        return table;
    br_table_close(table);
    return NULL;
}

void br_table_close(struct br_table *table)
{
    if (!table)
        return;
    free(table->text);
    free(table);
}

static bool is_utf8(struct br_view cell)
{
    for (size_t at = 0; at < cell.size;) {
        size_t size = br_utf8_size(cell.data + at, cell.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

/* Empty cells of required columns and cells that are no text are told once, here. */
static bool check_cells(const struct br_table *table)
{
    bool good = true;
    for (size_t i = 0; i < table->column_count; i++) {
        struct br_view cell = br_table_cell(table, i);
        bool empty = cell.size == 0 && table->columns[i].required;
        bool text = is_utf8(cell) && !memchr(cell.data ? cell.data : "", '\0', cell.size);
        if (empty || !text)
            br_table_fault(table, i, empty ? "is empty" : "is no UTF-8 text");
        good = good && !empty && text;
    }
    return good;
}

bool br_table_next(struct br_table *table)
{
    size_t count;
    for (;;) {
        enum br_csv_status status = br_csv_next(&table->csv, table->cells, BR_TABLE_COLUMNS_MAX, &count);
        if (status == BR_CSV_END)
            return false;
        if (status != BR_CSV_ROW)
            br_faults_add(table->faults, table->path, table->csv.line, NULL, "%s", table->csv.why);
        else if (count != table->header_count)
            br_faults_add(table->faults, table->path, table->csv.line, NULL, "%zu cells instead of %zu",
                          count, table->header_count);
        else if (check_cells(table))
            return true;
    }
}

struct br_view br_table_cell(const struct br_table *table, size_t column)
{
    size_t field = table->field[column];
    return field == SIZE_MAX ? (struct br_view){NULL, 0} : trimmed(table->cells[field]);
}

unsigned br_table_line(const struct br_table *table)
{
    return table->csv.line;
}

/* strtod takes more than decimals: hexadecimal, "inf", blanks. */
static bool read_number(struct br_view cell, double *number)
{
    char text[NUMBER_SIZE], *end;
    if (cell.size >= sizeof text)
        return false;
    memcpy(text, cell.data, cell.size);
    text[cell.size] = '\0';
    if (strspn(text, "+-.0123456789eE") != cell.size)
        return false;
    *number = strtod(text, &end);
    return end == text + cell.size && isfinite(*number);
}

bool br_table_number(const struct br_table *table, size_t column, double min, double max, double *number)
{
    struct br_view cell = br_table_cell(table, column);
    double value;
    if (cell.size == 0)
        return false;
    if (!read_number(cell, &value))
        br_table_fault(table, column, "no number: \"%.*s\"", quoted_size(cell), cell.data);
    else if (value < min || value > max)
        br_table_fault(table, column, "out of range: %.*s is not in %.15g to %.15g", quoted_size(cell),
                       cell.data, min, max);
    else {
        *number = value;
        return true;
    }
    return false;
}

bool br_table_whole(const struct br_table *table, size_t column, int64_t min, int64_t max, int64_t *number)
{
    double value;
    if (!br_table_number(table, column, (double)min, (double)max, &value))
        return false;
    if (value != floor(value)) {
        struct br_view cell = br_table_cell(table, column);
        br_table_fault(table, column, "no whole number: \"%.*s\"", quoted_size(cell), cell.data);
        return false;
    }
    *number = (int64_t)value;
    return true;
}

void br_table_fault(const struct br_table *table, size_t column, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    br_faults_add(table->faults, table->path, table->csv.line, table->columns[column].name, "%s", what);
}
