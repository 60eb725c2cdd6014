/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/store.h"

#include "daemon/config/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool br_config_is_text(const struct br_config_row *row)
{
    switch (row->type) {
    case BR_CONFIG_WORD:
        return !strchr(row->words, '=');
    case BR_CONFIG_TEXT:
    case BR_CONFIG_NAME:
    case BR_CONFIG_CODE:
    case BR_CONFIG_DATE:
    case BR_CONFIG_FILE:
    case BR_CONFIG_URL:
    case BR_CONFIG_BASE:
    case BR_CONFIG_EMAIL:
    case BR_CONFIG_LISTEN:
    case BR_CONFIG_NETWORK:
    case BR_CONFIG_FILTER:
    case BR_CONFIG_PREFIX:
    case BR_CONFIG_CREDENTIAL:
        return true;
    case BR_CONFIG_MAP:
    case BR_CONFIG_NAMED:
    case BR_CONFIG_LIST:
    case BR_CONFIG_TREE:
    case BR_CONFIG_REFUSED:
    case BR_CONFIG_FLAG:
    case BR_CONFIG_INTEGER:
    case BR_CONFIG_RATIO:
    case BR_CONFIG_DURATION:
    case BR_CONFIG_SIZE:
    case BR_CONFIG_BOUNDARY:
        return false;
    }
    return false;
}

void br_config_number_text(const struct br_config_row *row, int64_t number, char text[BR_VALUE_TEXT_SIZE])
{
    if (row->type == BR_CONFIG_DURATION)
        br_config_duration_text(number, text);
    else if (row->type == BR_CONFIG_SIZE)
        br_config_size_text(number, text);
    else if (row->type == BR_CONFIG_RATIO)
        snprintf(text, BR_VALUE_TEXT_SIZE, "%g", (double)number / 10000);
    else
        snprintf(text, BR_VALUE_TEXT_SIZE, "%" PRId64, number);
}

/* The word that a text is, and the number behind its "=", 0 without one. */
static bool find_word(const char *words, const char *text, int64_t *number)
{
    size_t text_size = strlen(text);
    while (*words) {
        size_t size = strcspn(words, "= ");
        *number = words[size] == '=' ? strtoll(words + size + 1, NULL, 10) : 0;
        if (size == text_size && strncmp(words, text, size) == 0)
            return true;
        words += strcspn(words, " ");
        words += *words == ' ';
    }
    return false;
}

void br_config_words_text(const char *words, char text[BR_WORDS_TEXT_SIZE])
{
    size_t size = 0;
    bool number = false;
    for (const char *at = words; *at && size + 1 < BR_WORDS_TEXT_SIZE; at++) {
        number = *at == '=' || (number && *at != ' ');
        if (!number)
            text[size++] = *at;
    }
    text[size] = '\0';
}

static void tell_words(const char *words, const char *text, char why[BR_WHY_SIZE])
{
    char plain[BR_WORDS_TEXT_SIZE];
    br_config_words_text(words, plain);
    snprintf(why, BR_WHY_SIZE, "'%.64s' is none of %s", text, plain);
}

static bool read_number(const struct br_config_row *row, const char *text, int64_t *number,
                        char why[BR_WHY_SIZE])
{
    switch (row->type) {
    case BR_CONFIG_DURATION:
        return br_config_duration(text, number, why);
    case BR_CONFIG_SIZE:
        return br_config_size(text, number, why);
    case BR_CONFIG_RATIO:
        return br_config_ratio(text, number, why);
    default:
        return br_config_integer(text, number, why);
    }
}

static bool in_range(const struct br_config_row *row, const char *text, int64_t number, char why[BR_WHY_SIZE])
{
    char least[BR_VALUE_TEXT_SIZE], most[BR_VALUE_TEXT_SIZE];
    if (row->max == 0 || (number >= row->min && number <= row->max)) {
        if (row->type != BR_CONFIG_DURATION || !row->unit || number % 1000 == 0)
            return true;
        snprintf(why, BR_WHY_SIZE, "%.64s is not in whole seconds", text);
        return false;
    }
    br_config_number_text(row, row->min, least);
    br_config_number_text(row, row->max, most);
    snprintf(why, BR_WHY_SIZE, "%.64s is out of range: it must be from %s to %s", text, least, most);
    return false;
}

/* Fields are int or int64_t. */
static void keep_number(const struct br_config_row *row, int64_t number, void *at)
{
    int small = (int)number;
    if (at && row->size == sizeof small)
        memcpy(at, &small, sizeof small);
    else if (at)
        memcpy(at, &number, sizeof number);
}

static bool store_number(const struct br_config_row *row, const char *text, bool quoted, void *at,
                         char why[BR_WHY_SIZE])
{
    int64_t number = 0;
    bool flag = false;
    if (quoted &&
        (row->type == BR_CONFIG_FLAG || row->type == BR_CONFIG_INTEGER || row->type == BR_CONFIG_RATIO)) {
        snprintf(why, BR_WHY_SIZE, "\"%.64s\" is a text: leave the quotes out", text);
        return false;
    }
    if (row->type == BR_CONFIG_FLAG) {
        if (!br_config_flag(text, &flag, why))
            return false;
        if (at)
            memcpy(at, &flag, sizeof flag);
        return true;
    }
    if (!read_number(row, text, &number, why) || !in_range(row, text, number, why))
        return false;
    keep_number(row, number, at);
    return true;
}

/* Paths are put behind it. */
static bool check_base(const char *text, char why[BR_WHY_SIZE])
{
    if (!strpbrk(text, "?#"))
        return true;
    snprintf(why, BR_WHY_SIZE, "cannot have a ? or # in it: paths are put behind it");
    return false;
}

static bool check_text(const struct br_config_row *row, const char *text, char why[BR_WHY_SIZE])
{
    switch (row->type) {
    case BR_CONFIG_NAME:
        return br_config_name(text, why);
    case BR_CONFIG_CODE:
        return br_config_code(text, why);
    case BR_CONFIG_DATE:
        return br_config_date(text, why);
    case BR_CONFIG_URL:
        return br_config_url(text, row->words, why);
    case BR_CONFIG_BASE:
        return br_config_url(text, row->words, why) && check_base(text, why);
    case BR_CONFIG_EMAIL:
        return br_config_email(text, why);
    case BR_CONFIG_LISTEN:
        return br_config_listen(text, why);
    case BR_CONFIG_NETWORK:
        return br_config_network(text, why);
    case BR_CONFIG_FILTER:
        return br_config_filter(text, why);
    case BR_CONFIG_PREFIX:
        return br_config_prefix(text, why);
    case BR_CONFIG_CREDENTIAL:
        return br_config_credential(text, why);
    default:
        return br_config_plain(text, why);
    }
}

/* The text in the form that it is kept in. */
static char *kept_text(const struct br_config *config, const struct br_config_row *row, const char *text)
{
    if (row->type == BR_CONFIG_FILE)
        return br_config_path(config, text);
    char *copy = strdup(text);
    for (char *byte = copy; byte && *byte && row->type == BR_CONFIG_CODE; byte++)
        if (*byte >= 'A' && *byte <= 'Z')
            *byte = (char)(*byte + ('a' - 'A'));
    if (copy && row->type == BR_CONFIG_BASE)
        for (size_t size = strlen(copy); size > 0 && copy[size - 1] == '/'; size--)
            copy[size - 1] = '\0';
    return copy;
}

static bool store_text(const struct br_config *config, const struct br_config_row *row, const char *text,
                       void *at, char why[BR_WHY_SIZE])
{
    if (!at)
        return true;
    char *kept = kept_text(config, row, text);
    memcpy(at, &kept, sizeof kept);
    if (!kept)
        snprintf(why, BR_WHY_SIZE, "no memory");
    return kept != NULL;
}

bool br_config_store(const struct br_config *config, const struct br_config_row *row, const char *text,
                     bool quoted, void *at, char why[BR_WHY_SIZE])
{
    int64_t number;
    bool is_text = br_config_is_text(row);
    if (row->type == BR_CONFIG_WORD && !find_word(row->words, text, &number)) {
        tell_words(row->words, text, why);
        return false;
    }
    if (row->type == BR_CONFIG_WORD && !is_text) {
        keep_number(row, number, at);
        return true;
    }
    if (!is_text)
        return store_number(row, text, quoted, at, why);
    return (row->type == BR_CONFIG_WORD || check_text(row, text, why)) &&
           store_text(config, row, text, at, why);
}
