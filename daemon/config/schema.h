/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The schema: one table of rows, one row a key. It drives reading, checking, freeing and describing; a key
 * that is not in it is a fault.
 *
 * A path is the dotted key, with `*` for a name that the user gives (feeds.*.topics) and `[]` for the items
 * of a list of maps (regions.sets[].code). A map's row stands before the rows of its keys. */
#ifndef BR_CONFIG_SCHEMA_H
#define BR_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum br_config_type {
    BR_CONFIG_MAP,     /* keys of its own; size 1: a bool that says whether it is there */
    BR_CONFIG_NAMED,   /* a map from names to elements */
    BR_CONFIG_LIST,    /* a list of elements */
    BR_CONFIG_TREE,    /* anything in a map; size: a pointer to its node */
    BR_CONFIG_REFUSED, /* a secret in the open; help says what to write instead */
    BR_CONFIG_TEXT,
    BR_CONFIG_NAME,
    BR_CONFIG_CODE, /* of a region; kept in lower case */
    BR_CONFIG_WORD, /* one of words; "v1=1": stored as a number */
    BR_CONFIG_FLAG,
    BR_CONFIG_INTEGER,
    BR_CONFIG_RATIO,    /* 1/10000 */
    BR_CONFIG_DURATION, /* ms; unit "s": whole seconds */
    BR_CONFIG_SIZE,     /* bytes */
    BR_CONFIG_DATE,
    BR_CONFIG_FILE,     /* kept as an absolute path */
    BR_CONFIG_BOUNDARY, /* a path, or {file, code_property} */
    BR_CONFIG_URL,      /* words: schemes */
    BR_CONFIG_BASE,     /* a URL that others are put behind: kept without a / at the end */
    BR_CONFIG_EMAIL,
    BR_CONFIG_LISTEN, /* address and port */
    BR_CONFIG_NETWORK,
    BR_CONFIG_FILTER,
    BR_CONFIG_PREFIX,
    BR_CONFIG_CREDENTIAL
};

#define BR_CONFIG_NOWHERE SIZE_MAX

/* How the elements of NAMED, LIST and BOUNDARY lie in memory: an array and its count in what holds them, and
 * in each element where its name and its line are kept. */
struct br_config_elements {
    size_t size;         /* of one element */
    size_t count_offset; /* in the holder; the array's pointer is at the row's offset */
    size_t name_offset;  /* NAMED */
    size_t line_offset;  /* BR_CONFIG_NOWHERE: not kept */
};

struct br_config_row {
    const char *path;
    enum br_config_type type;
    bool many;            /* a list of such values; min is then the least number of items */
    bool required;        /* wherever the map that holds it is there */
    const char *unit;     /* of an integer; "s" of a duration */
    int64_t min, max;     /* numbers, durations (ms), sizes (bytes), ratios (1/10000) */
    const char *fallback; /* the value of an absent key, as text; NULL: none */
    const char *told;     /* a fallback that depends on other keys, in words */
    const char *words;    /* separated by blanks */
    size_t offset, size;  /* in struct br_config or the element; size 0: kept nowhere, read from the tree */
    const struct br_config_elements *elements;
    const char *help;
};

const struct br_config_row *br_config_rows(size_t *count);

/* What the paths of a row's children begin with: "", "privacy.", "feeds.*.", "regions.sets[].". row NULL: the
 * root's. */
#define BR_CONFIG_PATH_SIZE 128
void br_config_children(const struct br_config_row *row, char prefix[BR_CONFIG_PATH_SIZE]);

/* The key of a row that is a direct child of the prefix; NULL: it is none. */
const char *br_config_child(const struct br_config_row *row, const char *prefix);

/* The row of a key under a prefix, or NULL. */
const struct br_config_row *br_config_row_find(const char *prefix, const char *key);

#endif
