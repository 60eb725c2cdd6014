/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/value.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_SIZE 64
#define TOPIC_MAX_SIZE 65535

static bool is_lower(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

static bool is_letter(char byte)
{
    return is_lower(byte) || (byte >= 'A' && byte <= 'Z');
}

bool br_config_plain(const char *text, char why[BR_WHY_SIZE])
{
    if (*text == '\0') {
        snprintf(why, BR_WHY_SIZE, "is empty");
        return false;
    }
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            snprintf(why, BR_WHY_SIZE, "holds a control character");
            return false;
        }
    return true;
}

static bool all(const char *text, bool (*is)(char byte), size_t size_max)
{
    size_t size = 0;
    while (text[size] && is(text[size]))
        size++;
    return size > 0 && size <= size_max && text[size] == '\0';
}

bool br_config_name(const char *text, char why[BR_WHY_SIZE])
{
    if (all(text, is_lower, NAME_MAX_SIZE))
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.80s' is no name: 1 to 64 of a-z 0-9 - _", text);
    return false;
}

bool br_config_code(const char *text, char why[BR_WHY_SIZE])
{
    if (all(text, is_letter, NAME_MAX_SIZE))
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.80s' is no region code: 1 to 64 letters, digits, - and _", text);
    return false;
}

static bool is_file_byte(char byte)
{
    return is_letter(byte) || byte == '.' || byte == '@' || byte == ':';
}

bool br_config_credential(const char *text, char why[BR_WHY_SIZE])
{
    if (all(text, is_file_byte, 200) && strcmp(text, ".") != 0 && strcmp(text, "..") != 0)
        return true;
    snprintf(why, BR_WHY_SIZE, "is no name of a credential: letters, digits and . - _ @ :, no path");
    return false;
}

/* Levels of a filter: a wildcard stands alone in its level, and # in the last one. */
static const char *filter_fault(const char *filter)
{
    size_t size = strlen(filter);
    if (size == 0)
        return "the filter is empty";
    if (size > TOPIC_MAX_SIZE)
        return "it is longer than 65,535 bytes";
    for (size_t i = 0; i < size; i++) {
        bool first = i == 0 || filter[i - 1] == '/', last = i + 1 == size || filter[i + 1] == '/';
        if (filter[i] == '#' && i + 1 != size)
            return "# can only be the last level";
        if ((filter[i] == '#' || filter[i] == '+') && !(first && last))
            return "# and + must be a level of their own";
    }
    return NULL;
}

/* $share/GROUP/FILTER: the filter behind the group, or NULL where the group is no group. */
static const char *unshared(const char *text)
{
    const char *group = text + strlen("$share/");
    size_t size = strcspn(group, "/+#");
    return size > 0 && group[size] == '/' ? group + size + 1 : NULL;
}

bool br_config_filter(const char *text, char why[BR_WHY_SIZE])
{
    if (!br_config_plain(text, why))
        return false;
    const char *filter = text, *fault = NULL;
    if (strcmp(text, "$share") == 0 || strncmp(text, "$share/", strlen("$share/")) == 0) {
        filter = text[strlen("$share")] ? unshared(text) : NULL;
        fault = filter ? NULL : "a shared one is $share/GROUP/FILTER, the group without / + #";
    }
    if (!fault)
        fault = filter_fault(filter);
    if (fault)
        snprintf(why, BR_WHY_SIZE, "'%.80s' is no topic filter: %s", text, fault);
    return !fault;
}

bool br_config_prefix(const char *text, char why[BR_WHY_SIZE])
{
    if (!br_config_plain(text, why))
        return false;
    size_t size = strlen(text);
    if (strpbrk(text, "+#") || text[0] == '$' || text[0] == '/' || text[size - 1] == '/' || size > 200) {
        snprintf(why, BR_WHY_SIZE,
                 "'%.80s' cannot begin a topic: no + and #, no $ in front, no / at either end", text);
        return false;
    }
    return true;
}

/* Edit distance in which two letters that changed places count once; words longer than this are no slips. */
#define WORD_MAX 40

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

static unsigned word_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned row[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a_size; i++)
        for (size_t j = 0; j <= b_size; j++) {
            if (i == 0 || j == 0) {
                row[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned changed = row[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            row[i][j] = smallest(row[i - 1][j] + 1, row[i][j - 1] + 1, changed);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && row[i - 2][j - 2] + 1 < row[i][j])
                row[i][j] = row[i - 2][j - 2] + 1;
        }
    return row[a_size][b_size];
}

/* A slip is one letter in short words, two in longer ones. */
void br_config_nearest_try(struct br_config_nearest *nearest, const char *candidate)
{
    size_t word_size = strlen(nearest->word), size = strlen(candidate);
    if (word_size > WORD_MAX || size > WORD_MAX)
        return;
    unsigned distance = word_distance(nearest->word, word_size, candidate, size);
    if (distance > (size < 6 ? 1 : 2) || (nearest->best && distance >= nearest->distance))
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}
