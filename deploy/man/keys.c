/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The keys of the configuration and the options of adapters as parts of a man page, from the tables that the
 * program itself reads them by: `keys` prints the one, `keys options` the other. */
#include "adapters/adapter.h"
#include "daemon/config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text for roff: nothing of it is a request or an escape. */
static void print_text(const char *text, size_t size)
{
    if (size > 0 && (*text == '.' || *text == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else if (text[i] == '-')
            fputs("\\-", stdout);
        else
            putchar(text[i]);
    }
}

static void print_item(const char *name, size_t name_size, const char *type, size_t type_size,
                       const char *help)
{
    fputs(".TP\n\\fB", stdout);
    print_text(name, name_size);
    fputs("\\fR (", stdout);
    print_text(type, type_size);
    fputs(")\n", stdout);
    print_text(help, strlen(help));
    fputs(".\n", stdout);
}

/* `key (type; default: value): help`, as br_config_describe prints a row. */
static bool print_row(const char *row)
{
    const char *type = strstr(row, " ("), *help = type ? strstr(type, "): ") : NULL;
    if (!help)
        return false;
    print_item(row, (size_t)(type - row), type + 2, (size_t)(help - type) - 2, help + 3);
    return true;
}

static int print_keys(void)
{
    char *text = NULL, *rest;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return EXIT_FAILURE;
    br_config_describe(stream);
    bool good = fclose(stream) == 0;
    for (char *row = good ? strtok_r(text, "\n", &rest) : NULL; good && row;
         row = strtok_r(NULL, "\n", &rest))
        good = print_row(row);
    free(text);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_option(const struct br_option *option)
{
    char type[256];
    snprintf(type, sizeof type, "%s%s%s", option->required ? "required" : "optional",
             option->words ? "; one of " : "", option->words ? option->words : "");
    print_item(option->key, strlen(option->key), type, strlen(type), option->help);
}

static void print_options(void)
{
    size_t count;
    const struct br_adapter *const *adapters = br_adapters(&count);
    for (size_t i = 0; i < count; i++) {
        printf(".SS ");
        print_text(adapters[i]->name, strlen(adapters[i]->name));
        putchar('\n');
        print_text(adapters[i]->format, strlen(adapters[i]->format));
        fputs(".\n", stdout);
        if (!adapters[i]->options->key)
            fputs("It has no options.\n", stdout);
        for (const struct br_option *option = adapters[i]->options; option->key; option++)
            print_option(option);
    }
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return print_keys();
    if (strcmp(argv[1], "options") != 0)
        return EXIT_FAILURE;
    print_options();
    return EXIT_SUCCESS;
}
