/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Figures of the board as text: JSON records, CSV rows, or protobuf messages each behind its size as a
 * varint. */
#ifndef BR_OUT_HTTP_PRINT_H
#define BR_OUT_HTTP_PRINT_H

#include "daemon/core/arena.h"
#include "daemon/out/board.h"
#include "daemon/out/http/format.h"
#include "proto/record.h"

struct br_printer {
    struct br_text *text;
    struct br_arena *scratch; /* reset after each record */
    Bruis__V1__Domain domain;
    size_t count; /* records so far */
};

/* The record of contract section 4, without a comma. */
void br_print_json(struct br_printer *printer, const struct br_board_item *item);

/* The header line with the field names of the domain, and a row: UTF-8, CRLF, an empty cell for null. */
void br_print_csv_header(struct br_printer *printer);
void br_print_csv(struct br_printer *printer, const struct br_board_item *item);

void br_print_pb(struct br_printer *printer, const struct br_board_item *item);

/* By the format: the CSV header (else nothing), and one record, with a comma before it where JSON needs one.
 */
void br_print_begin(struct br_printer *printer, enum br_format format);
void br_print(struct br_printer *printer, enum br_format format, const struct br_board_item *item);

/* One cell of a CSV file, quoted where it must be (RFC 4180). */
void br_print_cell(struct br_text *text, const char *value);

#endif
