/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_SIZE_MAX 64 /* no measured value has more characters */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct br_view trimmed(struct br_view text)
{
    while (text.size > 0 && is_blank(text.data[0]))
        text = (struct br_view){text.data + 1, text.size - 1};
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

struct br_value br_value_of_text(struct br_view text)
{
    return (struct br_value){.type = trimmed(text).size > 0 ? BR_VALUE_TEXT : BR_VALUE_ABSENT, .text = text};
}

struct br_value br_value_of_json(struct br_json_value json)
{
    struct br_value value = {.type = BR_VALUE_OTHER};
    switch (br_json_type(json)) {
    case BR_JSON_ABSENT:
    case BR_JSON_NULL:
        value.type = BR_VALUE_ABSENT;
        break;
    case BR_JSON_BOOL:
        value.type = BR_VALUE_FLAG;
        br_json_bool(json, &value.flag);
        break;
    case BR_JSON_NUMBER:
        value.type = BR_VALUE_NUMBER;
        br_json_number(json, &value.number);
        value.whole = br_json_integer(json, &value.integer);
        break;
    case BR_JSON_STRING:
        br_json_string(json, &value.text);
        value = br_value_of_text(value.text);
        break;
    case BR_JSON_ARRAY:
    case BR_JSON_OBJECT:
        break;
    }
    return value;
}

static size_t skip_digits(const char *text, size_t at)
{
    while (is_digit(text[at]))
        at++;
    return at;
}

/* [+-] digits [. digits] [e [+-] digits], and nothing behind it: strtod alone would also take "inf" and
 * "0x1". */
static bool is_number(const char *text)
{
    size_t at = text[0] == '-' || text[0] == '+';
    size_t digits = at;
    at = skip_digits(text, at);
    if (at == digits)
        return false;
    if (text[at] == '.') {
        digits = at + 1;
        at = skip_digits(text, digits);
        if (at == digits)
            return false;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        digits = at + 1 + (text[at + 1] == '-' || text[at + 1] == '+');
        at = skip_digits(text, digits);
        if (at == digits)
            return false;
    }
    return text[at] == '\0';
}

bool br_value_number(const struct br_value *value, double *number)
{
    if (value->type == BR_VALUE_NUMBER) {
        *number = value->number;
        return isfinite(*number);
    }
    if (value->type != BR_VALUE_TEXT)
        return false;
    struct br_view text = trimmed(value->text);
    char copy[NUMBER_SIZE_MAX + 1];
    if (text.size > NUMBER_SIZE_MAX || memchr(text.data, '\0', text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (!is_number(copy))
        return false;
    *number = strtod(copy, NULL);
    return isfinite(*number);
}

bool br_value_flag(const struct br_value *value, bool *flag)
{
    char buffer[BR_VALUE_WORD_SIZE];
    struct br_view word;
    if (!br_value_word(value, buffer, &word))
        return false;
    word = trimmed(word);
    *flag = br_view_is(word, "true") || br_view_is(word, "1");
    return *flag || br_view_is(word, "false") || br_view_is(word, "0");
}

bool br_value_word(const struct br_value *value, char buffer[BR_VALUE_WORD_SIZE], struct br_view *word)
{
    switch (value->type) {
    case BR_VALUE_TEXT:
        *word = value->text;
        return true;
    case BR_VALUE_FLAG:
        *word = br_view_of(value->flag ? "true" : "false");
        return true;
    case BR_VALUE_NUMBER:
        if (value->whole)
            snprintf(buffer, BR_VALUE_WORD_SIZE, "%" PRId64, value->integer);
        else
            snprintf(buffer, BR_VALUE_WORD_SIZE, "%.15g", value->number);
        *word = br_view_of(buffer);
        return true;
    case BR_VALUE_ABSENT:
    case BR_VALUE_OTHER:
        break;
    }
    return false;
}

const char *br_value_name(const struct br_value *value, char buffer[BR_VALUE_WORD_SIZE], struct br_view *name)
{
    if (value->type == BR_VALUE_ABSENT)
        return "absent";
    bool is_name = value->type == BR_VALUE_TEXT || (value->type == BR_VALUE_NUMBER && value->whole);
    if (!is_name || !br_value_word(value, buffer, name))
        return "no text and no whole number";
    if (name->size > BR_NAME_MAX)
        return "longer than 256 bytes";
    if (memchr(name->data, '\0', name->size))
        return "holds a NUL";
    return NULL;
}

bool br_value_epoch(const struct br_value *value, int unit_ms, int64_t *utc_ms)
{
    const double end_ms = 253402300800000.0; /* 10000-01-01 */
    double number;
    if (!br_value_number(value, &number))
        return false;
    double ms = number * unit_ms;
    if (ms < 1 || ms >= end_ms)
        return false;
    *utc_ms = llround(ms);
    return true;
}

static const struct br_unit units[] = {
    {"km/h", BR_SPEED, 1, 1}, {"m/s", BR_SPEED, 18, 5},    {"mph", BR_SPEED, 1.609344, 1},
    {"veh/h", BR_FLOW, 1, 1}, {"veh/min", BR_FLOW, 60, 1}, {"s", BR_TIME, 1, 1},
    {"ms", BR_TIME, 1, 1000}, {"min", BR_TIME, 60, 1},     {"h", BR_TIME, 3600, 1},
    {"m", BR_LENGTH, 1, 1},   {"km", BR_LENGTH, 1000, 1},  {"%", BR_SHARE, 1, 100},
};

const struct br_unit *br_unit_find(const char *name, enum br_dimension dimension)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].dimension == dimension && strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

const char *br_unit_names(enum br_dimension dimension)
{
    switch (dimension) {
    case BR_SPEED:
        return "km/h m/s mph";
    case BR_FLOW:
        return "veh/h veh/min";
    case BR_TIME:
        return "s ms min h";
    case BR_LENGTH:
        return "m km";
    case BR_SHARE:
        return "%";
    case BR_PLAIN:
        break;
    }
    return "";
}

/* The inner text is copied: the parser's next document overwrites the one that it lies in. */
static enum br_outcome read_inner(struct br_json *json, struct br_emit *emit, struct br_json_value *root)
{
    struct br_view inner;
    const char *error;
    br_json_string(*root, &inner);
    char *copy = br_arena_alloc(emit->arena, inner.size + BR_PADDING);
    if (!copy)
        return br_emit_reject(emit, "too large");
    memcpy(copy, inner.data, inner.size);
    if (!br_json_parse(json, (struct br_view){copy, inner.size}, root, &error))
        return br_emit_reject(emit, "a string that holds no JSON: %s", error);
    return BR_DECODED;
}

enum br_outcome br_value_document(struct br_json *json, const struct br_message *message,
                                  struct br_emit *emit, struct br_json_value *root)
{
    struct br_view text;
    const char *error;
    switch (br_payload_whole(message->payload, emit->arena, &text)) {
    case BR_PAYLOAD_OVERSIZE:
        return br_emit_reject(emit, "oversize when unpacked");
    case BR_PAYLOAD_DAMAGED:
        return br_emit_reject(emit, "damaged gzip");
    case BR_PAYLOAD_NO_MEMORY:
        return br_emit_reject(emit, "out of memory");
    case BR_PAYLOAD_MORE:
    case BR_PAYLOAD_END:
        break;
    }
    if (!br_json_parse(json, text, root, &error))
        return br_emit_reject(emit, "no JSON: %s (%zu bytes)", error, text.size);
    return br_json_holds_document(*root) ? read_inner(json, emit, root) : BR_DECODED;
}
