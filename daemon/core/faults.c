/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/faults.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One fault; text holds the key, if any, and what is wrong. */
struct fault {
    size_t file;  /* number of the file, 1 = first; 0: none */
    size_t order; /* of arrival: faults of one line stay in it */
    unsigned line;
    char *text;
};

struct br_faults {
    struct fault *at;
    size_t count, room;
    size_t lost_count; /* no memory to keep them */
    char **files;      /* in the order of their first mention */
    size_t file_count;
    size_t current; /* of br_faults_file */
};

struct br_faults *br_faults_open(void)
{
    return calloc(1, sizeof(struct br_faults));
}

void br_faults_close(struct br_faults *faults)
{
    if (!faults)
        return;
    for (size_t i = 0; i < faults->count; i++)
        free(faults->at[i].text);
    for (size_t i = 0; i < faults->file_count; i++)
        free(faults->files[i]);
    free(faults->at);
    free(faults->files);
    free(faults);
}

/* The number of a file, which becomes known by this; 0 for NULL and without memory. */
static size_t file_number(struct br_faults *faults, const char *file)
{
    if (!file)
        return 0;
    for (size_t i = 0; i < faults->file_count; i++)
        if (strcmp(faults->files[i], file) == 0)
            return i + 1;
    char **files = realloc(faults->files, (faults->file_count + 1) * sizeof *files);
    if (!files)
        return 0;
    faults->files = files;
    files[faults->file_count] = strdup(file);
    return files[faults->file_count] ? ++faults->file_count : 0;
}

void br_faults_file(struct br_faults *faults, const char *file)
{
    faults->current = file_number(faults, file);
}

/* `key: what is wrong`, or what is wrong alone. NULL without memory. */
__attribute__((format(printf, 2, 0))) static char *fault_text(const char *key, const char *format,
                                                              va_list arguments)
{
    char *what = NULL, *text = NULL;
    if (vasprintf(&what, format, arguments) < 0)
        return NULL;
    if (!key)
        return what;
    if (asprintf(&text, "%s: %s", key, what) < 0)
        text = NULL;
    free(what);
    return text;
}

static bool fault_keep(struct br_faults *faults, struct fault fault)
{
    if (faults->count == faults->room) {
        size_t room = faults->room ? 2 * faults->room : 16;
        struct fault *at = realloc(faults->at, room * sizeof *at);
        if (!at)
            return false;
        faults->at = at;
        faults->room = room;
    }
    fault.order = faults->count;
    faults->at[faults->count++] = fault;
    return true;
}

void br_faults_add(struct br_faults *faults, const char *file, unsigned line, const char *key,
                   const char *format, ...)
{
    struct fault fault = {.line = line};
    fault.file = file ? file_number(faults, file) : faults->current;
    va_list arguments;
    va_start(arguments, format);
    fault.text = fault_text(key, format, arguments);
    va_end(arguments);
    if (!fault.text || !fault_keep(faults, fault)) {
        free(fault.text);
        faults->lost_count++;
    }
}

size_t br_faults_count(const struct br_faults *faults)
{
    return faults->count + faults->lost_count;
}

static int compare(const void *left, const void *right)
{
    const struct fault *a = left, *b = right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* A fault may quote what a person wrote: it stays on its one line. */
static void print_escaped(const char *text, FILE *to)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            fprintf(to, "\\x%02x", byte);
        else
            putc(byte, to);
    }
}

static void print_fault(const struct br_faults *faults, const struct fault *fault, FILE *to)
{
    if (fault->file)
        fprintf(to, "%s:", faults->files[fault->file - 1]);
    if (fault->line)
        fprintf(to, "%u:", fault->line);
    if (fault->file || fault->line)
        putc(' ', to);
    print_escaped(fault->text, to);
    putc('\n', to);
}

void br_faults_print(const struct br_faults *faults, FILE *to)
{
    struct fault *sorted = faults->count ? malloc(faults->count * sizeof *sorted) : NULL;
    if (sorted) {
        memcpy(sorted, faults->at, faults->count * sizeof *sorted);
        qsort(sorted, faults->count, sizeof *sorted, compare);
    }
    const struct fault *at = sorted ? sorted : faults->at; /* unsorted is better than untold */
    for (size_t i = 0; i < faults->count; i++)
        print_fault(faults, &at[i], to);
    if (faults->lost_count)
        fprintf(to, "%zu more, for which there was no memory\n", faults->lost_count);
    free(sorted);
}
