/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Rows of a CSV text (RFC 4180) in memory, whole or piece by piece.
 *
 * Fields are separated by a character that the caller names; a field in double quotes may hold separators,
 * line ends and doubled quotes; a row ends with LF or CRLF, the last one also with the text. A byte order
 * mark of UTF-8 is skipped, and so are empty lines. A quote inside a field without quotes is a character like
 * any other.
 *
 * Nothing is allocated: quotes are taken out in place, and fields are views into the caller's text. Pure. */
#ifndef BR_CORE_CSV_H
#define BR_CORE_CSV_H

#include "daemon/core/view.h"

enum br_csv_status {
    BR_CSV_ROW,   /* a row has been given */
    BR_CSV_FAULT, /* this row is none: `why`; the next call goes on behind it */
    BR_CSV_MORE,  /* what is left holds no whole row, and more is to come: br_csv_refill */
    BR_CSV_END
};

struct br_csv {
    char *at, *end; /* what is not read yet */
    char separator;
    bool last;            /* nothing comes behind `end` */
    bool begun;           /* the byte order mark has been looked for */
    unsigned line;        /* the row's first line, 1 = first */
    unsigned row;         /* rows so far, faulty ones too; the header is row 1 */
    const char *why;      /* of BR_CSV_FAULT */
    unsigned lines_ahead; /* lines that the row took: added to `line` by the next call */
};

/* Begins with data[0..size), which is changed while it is read. last: it is the whole text. */
void br_csv_start(struct br_csv *csv, char *data, size_t size, char separator, bool last);

/* After BR_CSV_MORE: data begins with the bytes that were left, csv->at up to csv->end, moved there by the
 * caller, and goes on with new ones. Fields of earlier rows are no longer valid. */
void br_csv_refill(struct br_csv *csv, char *data, size_t size, bool last);

/* The next row; *count is the number of its fields. With more than fields_max fields it is a fault, and the
 * first fields_max of them are given. Fields are valid until the text is changed or freed. */
enum br_csv_status br_csv_next(struct br_csv *csv, struct br_view *fields, size_t fields_max, size_t *count);

#endif
