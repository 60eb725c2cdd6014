/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* JSON (RFC 8259), read. A C face on simdjson's DOM; json.cc is the only C++ in the tree.
 *
 * A parser owns the document that it read last: every value and every text from it is valid until the next
 * parse or the close. Parsers are made once and reused; an adapter instance has one of its own. Nothing is
 * thrown and nothing aborts: what is not there is the absent value, on which every function below answers
 * "no".
 *
 * Limits: nesting to 1024, numbers within a double or 64 bits (a document with a larger one is no JSON here),
 * text in UTF-8; a byte order mark in front is passed over. Of a key that stands twice in an object the first
 * counts. */
#ifndef BR_ADAPTERS_JSON_H
#define BR_ADAPTERS_JSON_H

#include "daemon/core/view.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct br_json;

/* A place in a document: cheap to copy, nothing to free. document NULL: absent. */
struct br_json_value {
    const void *document;
    size_t at;
};

enum br_json_type {
    BR_JSON_ABSENT,
    BR_JSON_NULL,
    BR_JSON_BOOL,
    BR_JSON_NUMBER,
    BR_JSON_STRING,
    BR_JSON_ARRAY,
    BR_JSON_OBJECT
};

/* The elements of an array, one after the other. */
struct br_json_list {
    struct br_json_value next, end;
};

/* A parser, or NULL without memory. */
struct br_json *br_json_open(void);
void br_json_close(struct br_json *json); /* NULL is allowed */

/* Reads one document. Behind text BR_PADDING bytes must be readable (daemon/core/payload.h). False: *error is
 * a constant text that says why; simdjson does not tell where. */
bool br_json_parse(struct br_json *json, struct br_view text, struct br_json_value *root, const char **error);

enum br_json_type br_json_type(struct br_json_value value);

/* The member of an object, or absent. */
struct br_json_value br_json_get(struct br_json_value object, const char *key);
struct br_json_value br_json_get_any_case(struct br_json_value object, const char *key); /* ASCII letters */

/* What a pointer (RFC 6901) leads to, from value on; absent where it leads nowhere. "" is value itself. */
struct br_json_value br_json_at(struct br_json_value value, const char *pointer);

/* NULL, or what is wrong with a pointer: "does not begin with /". */
const char *br_json_pointer_fault(const char *pointer);

/* An empty list where value is no array. */
struct br_json_list br_json_list_of(struct br_json_value value);
bool br_json_list_next(struct br_json_list *list, struct br_json_value *element);

/* False: another type, or (integer) not a whole number of 64 bits with sign; 12.0 is whole. */
bool br_json_number(struct br_json_value value, double *number);
bool br_json_integer(struct br_json_value value, int64_t *integer);
bool br_json_bool(struct br_json_value value, bool *flag);
bool br_json_string(struct br_json_value value, struct br_view *text); /* may hold NUL bytes */

/* Whether value is a string that holds a JSON object or array by its first and last character: a document
 * that was encoded twice. */
bool br_json_holds_document(struct br_json_value value);

#ifdef __cplusplus
}
#endif

#endif
