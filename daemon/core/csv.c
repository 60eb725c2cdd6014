/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Rows of CSV: RFC 4180, "Common Format and MIME Type for Comma-Separated Values (CSV) Files", 2005.
 *
 *     name,size CRLF
 *     "Bergen (NH.)",12 CRLF          quotes are not part of the field
 *     "Nuenen, Gerwen",7 LF           a separator in quotes
 *     "the ""old"" town",             a doubled quote; an empty last field
 *
 * A row is looked through first and cut afterwards, so that a row that is not whole yet is still as it came
 * when the rest of it arrives. */
#include "daemon/core/csv.h"

static const char bom[3] = {'\xEF', '\xBB', '\xBF'};

void br_csv_start(struct br_csv *csv, char *data, size_t size, char separator, bool last)
{
    *csv = (struct br_csv){.separator = separator, .line = 1};
    br_csv_refill(csv, data, size, last);
}

void br_csv_refill(struct br_csv *csv, char *data, size_t size, bool last)
{
    csv->at = data;
    csv->end = data + size;
    csv->last = last;
}

/* The end of the row at csv->at: its LF, or the end of the text; NULL where the row is not whole. open: a
 * quote is not closed there. */
static char *row_end(const struct br_csv *csv, unsigned *lines, bool *open)
{
    enum { FIRST, PLAIN, QUOTED, CLOSED } state = FIRST;
    *lines = 1;
    *open = false;
    for (char *at = csv->at; at < csv->end; at++) {
        if (state == QUOTED) {
            if (*at == '"')
                state = CLOSED;
            else if (*at == '\n')
                ++*lines;
        } else if (*at == '\n') {
            return at;
        } else if (*at == csv->separator) {
            state = FIRST;
        } else {
            state = *at == '"' && state != PLAIN ? QUOTED : PLAIN;
        }
    }
    *open = state == QUOTED;
    return csv->last ? csv->end : NULL;
}

/* Takes a quoted field at *at apart in place and moves *at behind it. */
static struct br_view cut_quoted(struct br_csv *csv, char **at, const char *end)
{
    char *from = *at + 1, *to = from;
    struct br_view field = {from, 0};
    while (from < end && (*from != '"' || (from + 1 < end && from[1] == '"'))) {
        if (*from == '"')
            from++;
        *to++ = *from++;
    }
    field.size = (size_t)(to - field.data);
    if (from == end)
        csv->why = "a quote that is not closed";
    else
        from++;
    if (from < end && *from != csv->separator) {
        csv->why = "text behind a closing quote";
        while (from < end && *from != csv->separator)
            from++;
    }
    *at = from;
    return field;
}

static struct br_view cut_plain(const struct br_csv *csv, char **at, const char *end)
{
    char *from = *at;
    char *to = memchr(from, csv->separator, (size_t)(end - from));
    *at = to ? to : from + (end - from);
    return (struct br_view){from, (size_t)(*at - from)};
}

static size_t cut_row(struct br_csv *csv, char *at, const char *end, struct br_view *fields,
                      size_t fields_max)
{
    size_t count = 0;
    for (;;) {
        bool quoted = at < end && *at == '"';
        struct br_view field = quoted ? cut_quoted(csv, &at, end) : cut_plain(csv, &at, end);
        if (count < fields_max)
            fields[count++] = field;
        else
            csv->why = "too many fields";
        if (at == end)
            return count;
        at++; /* the separator */
    }
}

/* False: the text is too short to tell whether it begins with one. */
static bool skip_bom(struct br_csv *csv)
{
    size_t size = (size_t)(csv->end - csv->at);
    if (size < sizeof bom && !csv->last)
        return false;
    if (size >= sizeof bom && memcmp(csv->at, bom, sizeof bom) == 0)
        csv->at += sizeof bom;
    csv->begun = true;
    return true;
}

/* The next line or lines that make a row; false: it is empty. */
static bool take_row(struct br_csv *csv, char *end, unsigned lines, bool open, struct br_view *row)
{
    *row = (struct br_view){csv->at, (size_t)(end - csv->at)};
    csv->at = end < csv->end ? end + 1 : end;
    csv->line += csv->lines_ahead;
    csv->lines_ahead = lines;
    if (row->size > 0 && end[-1] == '\r' && !open)
        row->size--;
    return row->size > 0;
}

enum br_csv_status br_csv_next(struct br_csv *csv, struct br_view *fields, size_t fields_max, size_t *count)
{
    *count = 0;
    if (!csv->begun && !skip_bom(csv))
        return BR_CSV_MORE;
    while (csv->at < csv->end) {
        unsigned lines;
        bool open;
        char *row = csv->at, *end = row_end(csv, &lines, &open);
        struct br_view text;
        if (!end)
            return BR_CSV_MORE;
        if (!take_row(csv, end, lines, open, &text))
            continue;
        csv->row++;
        csv->why = NULL;
        *count = cut_row(csv, row, row + text.size, fields, fields_max);
        return csv->why ? BR_CSV_FAULT : BR_CSV_ROW;
    }
    return csv->last ? BR_CSV_END : BR_CSV_MORE;
}
