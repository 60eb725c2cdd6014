/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/read.h"

#include "daemon/config/store.h"

#include <stdlib.h>
#include <string.h>

static void free_children(const struct br_config_row *row, char *base);

static void free_texts(struct br_config_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->at[i]);
    free(texts->at);
}

/* The elements of a row: what each holds, then the array. */
static void free_elements(const struct br_config_row *row, char *base)
{
    char *elements;
    size_t count;
    memcpy(&elements, base + row->offset, sizeof elements);
    memcpy(&count, base + row->elements->count_offset, sizeof count);
    for (size_t i = 0; i < count; i++) {
        char *element = elements + i * row->elements->size;
        if (row->type == BR_CONFIG_BOUNDARY) {
            struct br_config_boundary *boundary = (void *)element;
            free(boundary->file);
            free(boundary->code_property);
            continue;
        }
        free_children(row, element);
        if (row->type == BR_CONFIG_NAMED) {
            char *name;
            memcpy(&name, element + row->elements->name_offset, sizeof name);
            free(name);
        }
    }
    free(elements);
}

static void free_value(const struct br_config_row *row, char *base)
{
    char *text;
    if (row->elements)
        free_elements(row, base);
    else if (row->type == BR_CONFIG_MAP)
        free_children(row, base);
    else if (row->size && row->many)
        free_texts((void *)(base + row->offset));
    else if (row->size && br_config_is_text(row)) {
        memcpy(&text, base + row->offset, sizeof text);
        free(text);
    }
}

static void free_children(const struct br_config_row *row, char *base)
{
    char prefix[BR_CONFIG_PATH_SIZE];
    size_t count;
    const struct br_config_row *rows = br_config_rows(&count);
    br_config_children(row, prefix);
    for (size_t i = 0; i < count; i++)
        if (br_config_child(&rows[i], prefix))
            free_value(&rows[i], base);
}

void br_config_free(struct br_config *config)
{
    free_children(NULL, (char *)config);
    for (size_t i = 0; i < config->window_count; i++)
        free(config->windows[i].name);
}
