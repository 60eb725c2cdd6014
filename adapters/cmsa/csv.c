/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Crowd Monitoring Systeem Amsterdam, counts of 3 minutes as CSV (as published for SAIL 2025):
 *
 *     timestamp,GAXX-01_120,GAXX-01_300,GAXX-02-A1_45,hour,is_weekend
 *     2025-06-01 00:00:00+02:00,15,4,,0,True
 *     |                         |   | empty: not recorded
 *     |                         people who passed in the direction of 120 degrees
 *     start of the three minutes
 *
 * A column is a sensor when its name ends in `_` and an azimuth; the others are derived from the time. */
#include "adapters/cmsa/cmsa.h"

#include "adapters/value.h"
#include "daemon/core/csv.h"

#define PERIOD_S 180
#define AZIMUTH_MAX 360u
#define COLUMNS_MAX 2048u
#define ROOM_FIRST 16384u
#define ROOM_MAX 1048576u /* the longest row */

struct reader {
    const struct br_message *message;
    struct br_emit *emit;
    struct br_csv csv;
    char *window; /* a part of the payload, from the row that is read next */
    size_t room;
    struct br_view chunk; /* of the payload, not in the window yet */
    bool ended;
    struct br_view *fields;
    struct br_view *columns; /* names of sensors; size 0: another column */
    size_t column_count, timestamp;
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static struct br_view trimmed(struct br_view cell)
{
    while (cell.size > 0 && cell.data[0] == ' ') {
        cell.data++;
        cell.size--;
    }
    while (cell.size > 0 && cell.data[cell.size - 1] == ' ')
        cell.size--;
    return cell;
}

/* OBJECT_AZIMUTH, cut at the last `_`: objects may hold one, too. */
static bool is_sensor(struct br_view name)
{
    size_t at = name.size;
    unsigned azimuth = 0;
    while (at > 0 && is_digit(name.data[at - 1]))
        at--;
    size_t digits = name.size - at;
    if (name.size > BR_NAME_MAX || memchr(name.data, '\0', name.size))
        return false;
    if (digits == 0 || digits > 3 || at < 2 || name.data[at - 1] != '_')
        return false;
    for (; at < name.size; at++)
        azimuth = azimuth * 10 + (unsigned)(name.data[at] - '0');
    return azimuth <= AZIMUTH_MAX;
}

/* Digits, and perhaps a fraction of zeros: a table that once had empty cells has 15.0 for 15. */
static bool read_count(struct br_view cell, int64_t *count)
{
    size_t at = 0;
    *count = 0;
    for (; at < cell.size && is_digit(cell.data[at]) && *count <= INT32_MAX; at++)
        *count = *count * 10 + (cell.data[at] - '0');
    if (at == 0 || *count > INT32_MAX)
        return false;
    if (at + 1 < cell.size && cell.data[at] == '.')
        for (at++; at < cell.size && cell.data[at] == '0';)
            at++;
    return at == cell.size;
}

static enum br_outcome next_chunk(struct reader *reader)
{
    switch (br_payload_next(reader->message->payload, &reader->chunk)) {
    case BR_PAYLOAD_OVERSIZE:
        return br_emit_reject(reader->emit, "oversize when unpacked");
    case BR_PAYLOAD_DAMAGED:
        return br_emit_reject(reader->emit, "damaged gzip");
    case BR_PAYLOAD_NO_MEMORY:
        return br_emit_reject(reader->emit, "out of memory");
    case BR_PAYLOAD_END:
        reader->chunk = (struct br_view){NULL, 0};
        reader->ended = true;
        break;
    case BR_PAYLOAD_MORE:
        break;
    }
    return BR_DECODED;
}

static enum br_outcome grow(struct reader *reader)
{
    size_t room = reader->room ? 4 * reader->room : ROOM_FIRST;
    char *window = room <= ROOM_MAX ? br_arena_alloc(reader->emit->arena, room) : NULL;
    if (!window)
        return br_emit_reject(reader->emit, "row %u is longer than %zu bytes", reader->csv.row + 1,
                              reader->room);
    if (reader->room > 0)
        memcpy(window, reader->window, reader->room);
    reader->window = window;
    reader->room = room;
    return BR_DECODED;
}

/* What is left of the window goes to its front, and more of the payload behind it. */
static enum br_outcome refill(struct reader *reader)
{
    size_t held = (size_t)(reader->csv.end - reader->csv.at);
    enum br_outcome outcome = BR_DECODED;
    if (held > 0)
        memmove(reader->window, reader->csv.at, held);
    if (held == reader->room)
        outcome = grow(reader);
    if (outcome == BR_DECODED && reader->chunk.size == 0 && !reader->ended)
        outcome = next_chunk(reader);
    if (outcome != BR_DECODED)
        return outcome;
    size_t more = reader->room - held < reader->chunk.size ? reader->room - held : reader->chunk.size;
    if (more > 0) {
        memcpy(reader->window + held, reader->chunk.data, more);
        reader->chunk.data += more;
        reader->chunk.size -= more;
    }
    br_csv_refill(&reader->csv, reader->window, held + more, reader->ended);
    return BR_DECODED;
}

static enum br_outcome next_row(struct reader *reader, enum br_csv_status *status, size_t *count)
{
    enum br_outcome outcome = BR_DECODED;
    while ((*status = br_csv_next(&reader->csv, reader->fields, COLUMNS_MAX, count)) == BR_CSV_MORE &&
           outcome == BR_DECODED)
        outcome = refill(reader);
    return outcome;
}

static bool stands_before(const struct reader *reader, size_t column)
{
    for (size_t i = 0; i < column; i++)
        if (br_view_equal(reader->columns[i], reader->columns[column]))
            return true;
    return false;
}

/* One name of the header. A sensor's second column cannot count: which of the two is right? */
static bool read_name(struct reader *reader, size_t column)
{
    struct br_view name = trimmed(reader->fields[column]);
    if (br_view_is(name, "timestamp") && reader->timestamp == SIZE_MAX)
        reader->timestamp = column;
    if (!is_sensor(name))
        return true;
    const char *copy = br_arena_text(reader->emit->arena, name);
    reader->columns[column] = (struct br_view){copy, name.size};
    if (copy && stands_before(reader, column)) {
        br_emit_invalid(reader->emit, "row %u: column %.*s stands there twice", reader->csv.row,
                        (int)name.size, copy);
        reader->columns[column].size = 0;
    }
    return copy != NULL;
}

static enum br_outcome read_header(struct reader *reader)
{
    enum br_csv_status status;
    size_t sensors = 0;
    enum br_outcome outcome = next_row(reader, &status, &reader->column_count);
    if (outcome != BR_DECODED)
        return outcome;
    if (status != BR_CSV_ROW)
        return br_emit_reject(reader->emit, "%s", status == BR_CSV_END ? "empty" : reader->csv.why);
    reader->columns = br_arena_alloc(reader->emit->arena, reader->column_count * sizeof *reader->columns);
    reader->timestamp = SIZE_MAX;
    for (size_t i = 0; reader->columns && i < reader->column_count; i++) {
        if (!read_name(reader, i))
            return br_emit_reject(reader->emit, "out of memory");
        sensors += reader->columns[i].size > 0;
    }
    if (reader->timestamp == SIZE_MAX)
        return br_emit_reject(reader->emit, "row 1 has no column timestamp");
    if (sensors == 0)
        return br_emit_reject(reader->emit, "row 1 has no column OBJECT_AZIMUTH");
    return BR_DECODED;
}

/* False: the arena is full. */
static bool read_cell(struct reader *reader, size_t column, int64_t at_utc_ms)
{
    struct br_view cell = trimmed(reader->fields[column]), name = reader->columns[column];
    int64_t count;
    if (cell.size == 0)
        return true;
    if (!read_count(cell, &count)) {
        br_emit_invalid(reader->emit, "row %u, column %.*s: no count", reader->csv.row, (int)name.size,
                        name.data);
        return true;
    }
    struct br_emitted_observation *emitted =
        br_emit_observation(reader->emit, reader->message, BRUIS__V1__DOMAIN__pedestrian, name, at_utc_ms);
    if (!emitted)
        return false;
    Bruis__V1__Pedestrian *pedestrian = emitted->observation->pedestrian;
    pedestrian->has_count = 1;
    pedestrian->count = count;
    pedestrian->has_period_s = 1;
    pedestrian->period_s = PERIOD_S;
    pedestrian->has_method = 1;
    pedestrian->method = BRUIS__V1__PEDESTRIAN__METHOD__camera;
    return true;
}

static bool read_row(struct reader *reader, size_t count)
{
    int64_t at_utc_ms;
    if (count != reader->column_count) {
        br_emit_invalid(reader->emit, "row %u: %zu cells instead of %zu", reader->csv.row, count,
                        reader->column_count);
        return true;
    }
    if (!br_time_parse(trimmed(reader->fields[reader->timestamp]), &at_utc_ms)) {
        br_emit_invalid(reader->emit, "row %u, column timestamp: no time with an offset", reader->csv.row);
        return true;
    }
    for (size_t i = 0; i < count; i++)
        if (reader->columns[i].size > 0 && !read_cell(reader, i, at_utc_ms))
            return false;
    return true;
}

static enum br_outcome read_rows(struct reader *reader)
{
    for (;;) {
        enum br_csv_status status;
        size_t count;
        enum br_outcome outcome = next_row(reader, &status, &count);
        if (outcome != BR_DECODED || status == BR_CSV_END)
            return outcome;
        if (status == BR_CSV_FAULT)
            br_emit_invalid(reader->emit, "row %u: %s", reader->csv.row, reader->csv.why);
        else if (!read_row(reader, count))
            return br_emit_reject(reader->emit, "too many records");
    }
}

enum br_outcome br_cmsa_csv_decode(const struct br_message *message, struct br_emit *emit)
{
    struct reader reader = {.message = message, .emit = emit};
    reader.fields = br_arena_alloc(emit->arena, COLUMNS_MAX * sizeof *reader.fields);
    if (!reader.fields)
        return br_emit_reject(emit, "out of memory");
    char nothing = '\0';
    br_csv_start(&reader.csv, &nothing, 0, ',', false);
    enum br_outcome outcome = read_header(&reader);
    return outcome == BR_DECODED ? read_rows(&reader) : outcome;
}
