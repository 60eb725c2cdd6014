/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/format.h"

#include <strings.h>

struct form {
    const char *word, *type, *media, *alias;
};

static const struct form forms[BR_FORMAT_COUNT] = {
    [BR_FORMAT_GEOJSON] = {"geojson", "application/geo+json", "application/geo+json", NULL},
    [BR_FORMAT_JSON] = {"json", "application/json", "application/json", NULL},
    [BR_FORMAT_CSV] = {"csv", "text/csv; charset=utf-8; header=present", "text/csv", NULL},
    [BR_FORMAT_PB] = {"pb", "application/x-protobuf", "application/x-protobuf", "application/protobuf"},
    [BR_FORMAT_HTML] = {"html", "text/html; charset=utf-8", "text/html", NULL},
};

const char *br_format_word(enum br_format format)
{
    return forms[format].word;
}

const char *br_format_type(enum br_format format)
{
    return forms[format].type;
}

const char *br_format_media(enum br_format format)
{
    return forms[format].media;
}

enum br_format br_format_of_word(const char *word, unsigned allowed)
{
    for (int i = 0; i < BR_FORMAT_COUNT; i++)
        if (strcmp(word, forms[i].word) == 0 && (allowed & BR_FORMAT_BIT(i)))
            return (enum br_format)i;
    return BR_FORMAT_NONE;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct br_view trim(struct br_view text)
{
    while (text.size > 0 && blank(text.data[0]))
        text = (struct br_view){text.data + 1, text.size - 1};
    while (text.size > 0 && blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Takes what stands before the separator off the rest, blanks around it left out. */
static struct br_view take(struct br_view *rest, char separator)
{
    const char *end = memchr(rest->data, separator, rest->size);
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    struct br_view part = {rest->data, size};
    size_t used = end ? size + 1 : size;
    *rest = (struct br_view){rest->data + used, rest->size - used};
    return trim(part);
}

static bool is_word(struct br_view text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

/* The weight among parameters, in thousandths; 1000 where none is given or it cannot be read. */
static int weight_of(struct br_view parameters)
{
    while (parameters.size > 0) {
        struct br_view parameter = take(&parameters, ';');
        if (parameter.size < 3 || strncasecmp(parameter.data, "q=", 2) != 0)
            continue;
        int weight = 0, unit = 1000;
        for (size_t i = 2; i < parameter.size; i++) {
            char c = parameter.data[i];
            if (c == '.' && i == 3)
                continue;
            if (c < '0' || c > '9' || i > 6)
                return 1000;
            weight += (c - '0') * unit;
            unit /= 10;
        }
        return weight < 1000 ? weight : 1000;
    }
    return 1000;
}

/* How exactly a media range names a form: 0 not at all, 1 as anything, 2 by its type, 3 wholly. */
static int match(struct br_view range, const struct form *form)
{
    const char *slash = strchr(form->media, '/');
    size_t prefix = (size_t)(slash - form->media) + 1;
    if (is_word(range, form->media) || (form->alias && is_word(range, form->alias)))
        return 3;
    if (is_word(range, "*/*"))
        return 1;
    if (range.size == prefix + 1 && range.data[prefix] == '*' &&
        strncasecmp(range.data, form->media, prefix) == 0)
        return 2;
    return 0;
}

/* What a header says of a form: weight times four plus exactness of the range that names it best; 0: not
 * wanted. */
static int score(const char *accept, const struct form *form)
{
    int exact_best = 0, weight_best = 0;
    struct br_view rest = br_view_of(accept);
    while (rest.size > 0) {
        struct br_view parameters = take(&rest, ',');
        struct br_view range = parameters.size > 0 ? take(&parameters, ';') : parameters;
        int exact = match(range, form);
        if (exact > exact_best) {
            exact_best = exact;
            weight_best = weight_of(parameters);
        }
    }
    return weight_best > 0 ? weight_best * 4 + exact_best : 0;
}

enum br_format br_format_accepted(const char *accept, unsigned allowed, enum br_format fallback)
{
    if (!accept || trim(br_view_of(accept)).size == 0)
        return fallback;
    enum br_format best = BR_FORMAT_NONE;
    int score_best = 0;
    for (int i = 0; i < BR_FORMAT_COUNT; i++) {
        int points = (allowed & BR_FORMAT_BIT(i)) ? score(accept, &forms[i]) : 0;
        if (points > score_best || (points > 0 && points == score_best && i == (int)fallback)) {
            best = (enum br_format)i;
            score_best = points;
        }
    }
    return best;
}

bool br_format_gzip(const char *accept_encoding)
{
    struct br_view rest = br_view_of(accept_encoding);
    int any = 0, gzip = -1;
    while (rest.size > 0) {
        struct br_view parameters = take(&rest, ',');
        struct br_view coding = parameters.size > 0 ? take(&parameters, ';') : parameters;
        if (is_word(coding, "gzip") || is_word(coding, "x-gzip"))
            gzip = weight_of(parameters);
        else if (is_word(coding, "*"))
            any = weight_of(parameters);
    }
    return (gzip >= 0 ? gzip : any) > 0;
}
