/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config.h"

#include "daemon/config/schema.h"
#include "daemon/config/store.h"

static const char *type_name(enum br_config_type type)
{
    switch (type) {
    case BR_CONFIG_MAP:
    case BR_CONFIG_TREE:
        return "map";
    case BR_CONFIG_NAMED:
        return "map of names";
    case BR_CONFIG_LIST:
        return "list of maps";
    case BR_CONFIG_REFUSED:
        return "refused";
    case BR_CONFIG_TEXT:
        return "text";
    case BR_CONFIG_NAME:
        return "name";
    case BR_CONFIG_CODE:
        return "region code";
    case BR_CONFIG_WORD:
        return "one of";
    case BR_CONFIG_FLAG:
        return "true or false";
    case BR_CONFIG_INTEGER:
        return "number";
    case BR_CONFIG_RATIO:
        return "ratio";
    case BR_CONFIG_DURATION:
        return "duration";
    case BR_CONFIG_SIZE:
        return "size";
    case BR_CONFIG_DATE:
        return "date";
    case BR_CONFIG_FILE:
    case BR_CONFIG_BOUNDARY:
        return "file";
    case BR_CONFIG_URL:
    case BR_CONFIG_BASE:
        return "url";
    case BR_CONFIG_EMAIL:
        return "e-mail address";
    case BR_CONFIG_LISTEN:
        return "address:port";
    case BR_CONFIG_NETWORK:
        return "address or network";
    case BR_CONFIG_FILTER:
        return "topic filter";
    case BR_CONFIG_PREFIX:
        return "topic";
    case BR_CONFIG_CREDENTIAL:
        return "credential";
    }
    return "";
}

static void print_type(const struct br_config_row *row, FILE *to)
{
    char least[BR_VALUE_TEXT_SIZE], most[BR_VALUE_TEXT_SIZE], words[BR_WORDS_TEXT_SIZE];
    fprintf(to, "%s%s", row->many ? "list, " : "", type_name(row->type));
    if (row->words) {
        br_config_words_text(row->words, words);
        fprintf(to, " %s", words);
    }
    if (row->type == BR_CONFIG_INTEGER && row->unit)
        fprintf(to, " of %s", row->unit);
    if (row->max > 0) {
        br_config_number_text(row, row->min, least);
        br_config_number_text(row, row->max, most);
        fprintf(to, " %s..%s", least, most);
    }
}

void br_config_describe(FILE *to)
{
    size_t count;
    const struct br_config_row *rows = br_config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const struct br_config_row *row = &rows[i];
        if (row->type == BR_CONFIG_REFUSED)
            continue;
        fprintf(to, "%s (", row->path);
        print_type(row, to);
        if (row->required)
            fputs("; required", to);
        if (row->fallback || row->told)
            fprintf(to, "; default: %s", row->fallback ? row->fallback : row->told);
        fprintf(to, "): %s\n", row->help);
    }
}
