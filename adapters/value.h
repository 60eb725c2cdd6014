/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Values as sources write them, loosely: "17" for 17, "1" for true, "" for nothing, mph for km/h. Pure. */
#ifndef BR_ADAPTERS_VALUE_H
#define BR_ADAPTERS_VALUE_H

#include "adapters/adapter.h"
#include "adapters/json.h"

/* One scalar. Null, a missing one and a text of blanks are absent; an object or an array is another thing. */
enum br_value_type { BR_VALUE_ABSENT, BR_VALUE_NUMBER, BR_VALUE_TEXT, BR_VALUE_FLAG, BR_VALUE_OTHER };

struct br_value {
    enum br_value_type type;
    double number;
    bool whole; /* a number that is `integer` exactly */
    int64_t integer;
    struct br_view text; /* as it stands, blanks around it too; borrowed */
    bool flag;
};

struct br_value br_value_of_json(struct br_json_value json);
struct br_value br_value_of_text(struct br_view text);

/* A finite number, or a text that is one in JSON's grammar (a + or zeros in front are allowed). False: none.
 */
bool br_value_number(const struct br_value *value, double *number);

/* true, false, 1, 0, or one of these as text. False: none of them. */
bool br_value_flag(const struct br_value *value, bool *flag);

/* The value as a word to compare with: text as it is, a number in digits, true or false. False: absent or no
 * scalar. The word lies in the value's text or in buffer. */
#define BR_VALUE_WORD_SIZE 32
bool br_value_word(const struct br_value *value, char buffer[BR_VALUE_WORD_SIZE], struct br_view *word);

/* The id of a sensor: a text or a whole number, at most BR_NAME_MAX bytes, no NUL in it. NULL, or what is
 * wrong: "absent", "no text and no whole number", ... */
#define BR_NAME_MAX 256
const char *br_value_name(const struct br_value *value, char buffer[BR_VALUE_WORD_SIZE],
                          struct br_view *name);

/* Seconds (unit_ms 1000) or milliseconds (1) since 1970, up to the year 9999. False: no number, or outside;
 * 0 and less are outside too, sources without a clock write them. */
bool br_value_epoch(const struct br_value *value, int unit_ms, int64_t *utc_ms);

/* What a number measures, and the units it may come in. The record's own units are km/h, veh/h, s, m and 1.
 */
enum br_dimension { BR_PLAIN, BR_SPEED, BR_FLOW, BR_TIME, BR_LENGTH, BR_SHARE };

struct br_unit {
    const char *name;
    enum br_dimension dimension;
    double multiply, divide; /* both, so that 57 % is 0.57 */
};

/* NULL: no unit of this dimension. */
const struct br_unit *br_unit_find(const char *name, enum br_dimension dimension);

/* The units of a dimension as a text for people: "km/h m/s mph"; "" for plain numbers. */
const char *br_unit_names(enum br_dimension dimension);

/* The payload as a JSON document; one that was encoded twice (a string that holds a document) is read once
 * more. BR_DECODED, or BR_REJECTED with the reason set. */
enum br_outcome br_value_document(struct br_json *json, const struct br_message *message,
                                  struct br_emit *emit, struct br_json_value *root);

#endif
