/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/clock.h"

static void *scratch_alloc(void *arena, size_t size)
{
    return br_arena_alloc(arena, size);
}

/* The arena is reset after the record. */
static void scratch_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

/* NULL: no memory; then the text fails as a whole, for half a list would be wrong. */
static Bruis__V1__Figure *unpack(struct br_printer *printer, const struct br_board_item *item)
{
    ProtobufCAllocator allocator = {
        .alloc = scratch_alloc, .free = scratch_free, .allocator_data = printer->scratch};
    Bruis__V1__Figure *figure = bruis__v1__figure__unpack(&allocator, item->packed_size, item->packed);
    if (!figure)
        printer->text->failed = 1;
    return figure;
}

void br_print_json(struct br_printer *printer, const struct br_board_item *item)
{
    const Bruis__V1__Figure *figure = unpack(printer, item);
    if (figure)
        br_record_figure(printer->text, figure);
    br_arena_reset(printer->scratch);
    printer->count++;
}

void br_print_cell(struct br_text *text, const char *value)
{
    if (value[strcspn(value, ",\"\r\n")] == '\0') {
        br_text_add(text, value, strlen(value));
        return;
    }
    br_text_add(text, "\"", 1);
    for (; *value; value++)
        br_text_add(text, *value == '"' ? "\"\"" : value, *value == '"' ? 2 : 1);
    br_text_add(text, "\"", 1);
}

/* The int64 fields that are times; the others are counts. */
static bool is_time(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"start", "end", "oldest", "newest"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(field->name, names[i]) == 0)
            return true;
    return false;
}

static void cell_int64(const ProtobufCFieldDescriptor *field, int64_t value, char *cell, size_t size_max)
{
    if (is_time(field))
        br_time_format(value, cell);
    else
        snprintf(cell, size_max, "%" PRId64, value);
}

static const char *enum_word(const ProtobufCFieldDescriptor *field, int value)
{
    const ProtobufCEnumValue *word = protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    return word ? word->name : "";
}

/* The value of a field that is there. The types are those of figure.proto. */
static void print_value(struct br_text *text, const ProtobufCFieldDescriptor *field, const char *at)
{
    char cell[64] = "";
    if (field->type == PROTOBUF_C_TYPE_STRING)
        br_print_cell(text, *(char *const *)(const void *)at);
    else if (field->type == PROTOBUF_C_TYPE_DOUBLE)
        br_double_format(*(const double *)(const void *)at, cell);
    else if (field->type == PROTOBUF_C_TYPE_INT64)
        cell_int64(field, *(const int64_t *)(const void *)at, cell, sizeof cell);
    else if (field->type == PROTOBUF_C_TYPE_INT32)
        snprintf(cell, sizeof cell, "%" PRId32, *(const int32_t *)(const void *)at);
    else if (field->type == PROTOBUF_C_TYPE_UINT32)
        snprintf(cell, sizeof cell, "%" PRIu32, *(const uint32_t *)(const void *)at);
    else if (field->type == PROTOBUF_C_TYPE_ENUM)
        br_print_cell(text, enum_word(field, *(const int *)(const void *)at));
    br_text_add(text, cell, strlen(cell));
}

static bool is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (!message)
        return false;
    const char *base = (const char *)message;
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void *const *)(const void *)(base + field->offset) != NULL;
    return *(const protobuf_c_boolean *)(const void *)(base + field->quantifier_offset) != 0;
}

/* One row: names, or the values of a message (NULL: all empty). Nested messages are flattened: the coverage,
 * and that of the domain; the other domains have no columns. */
static void print_columns(struct br_printer *printer, const ProtobufCMessageDescriptor *descriptor,
                          const ProtobufCMessage *message, bool names, bool *first)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const char *at = message ? (const char *)message + field->offset : "";
        bool there = is_there(message, field);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            if (strcmp(field->name, "coverage") == 0 ||
                strcmp(field->name, br_domain_word(printer->domain)) == 0)
                print_columns(printer, field->descriptor,
                              there ? *(ProtobufCMessage *const *)(const void *)at : NULL, names, first);
            continue;
        }
        if (!*first)
            br_text_add(printer->text, ",", 1);
        *first = false;
        if (names)
            br_text_add(printer->text, field->name, strlen(field->name));
        else if (there)
            print_value(printer->text, field, at);
    }
}

void br_print_csv_header(struct br_printer *printer)
{
    bool first = true;
    print_columns(printer, &bruis__v1__figure__descriptor, NULL, true, &first);
    br_text_add(printer->text, "\r\n", 2);
}

void br_print_csv(struct br_printer *printer, const struct br_board_item *item)
{
    const Bruis__V1__Figure *figure = unpack(printer, item);
    bool first = true;
    if (figure)
        print_columns(printer, &bruis__v1__figure__descriptor, &figure->base, false, &first);
    br_text_add(printer->text, "\r\n", 2);
    br_arena_reset(printer->scratch);
    printer->count++;
}

void br_print_pb(struct br_printer *printer, const struct br_board_item *item)
{
    char varint[10];
    size_t used = 0;
    for (size_t size = item->packed_size;; size >>= 7) {
        varint[used++] = (char)((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
        if (size <= 0x7f)
            break;
    }
    br_text_add(printer->text, varint, used);
    br_text_add(printer->text, (const char *)item->packed, item->packed_size);
    printer->count++;
}

void br_print_begin(struct br_printer *printer, enum br_format format)
{
    if (format == BR_FORMAT_CSV)
        br_print_csv_header(printer);
}

void br_print(struct br_printer *printer, enum br_format format, const struct br_board_item *item)
{
    if (format == BR_FORMAT_CSV) {
        br_print_csv(printer, item);
    } else if (format == BR_FORMAT_PB) {
        br_print_pb(printer, item);
    } else {
        if (printer->count > 0)
            br_text_add(printer->text, ",", 1);
        br_print_json(printer, item);
    }
}
