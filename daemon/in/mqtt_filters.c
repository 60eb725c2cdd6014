/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/mqtt_filters.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED 0x80
#define GONE SIZE_MAX /* asked for, and not wanted any more */

struct filter {
    char *text;
    int qos;
    bool optional, granted;
};

struct list {
    struct filter *at;
    size_t count;
    size_t *asked; /* the filters of the question on its way */
    const char **texts;
    int *qos;
};

struct br_mqtt_filters {
    struct list list;
    size_t asked_count;
};

static void list_free(struct list *list)
{
    for (size_t i = 0; list->at && i < list->count; i++)
        free(list->at[i].text);
    free(list->at);
    free(list->asked);
    free(list->texts);
    free(list->qos);
}

/* Room for a question that is longer than the list: one on its way stays as long as it is. */
static bool list_fill(struct list *list, const struct br_mqtt_filter *filters, size_t count, size_t asked_max)
{
    size_t room = (count > asked_max ? count : asked_max) + 1;
    *list = (struct list){.at = calloc(count + 1, sizeof *list->at),
                          .count = count,
                          .asked = calloc(room, sizeof *list->asked),
                          .texts = calloc(room, sizeof *list->texts),
                          .qos = calloc(room, sizeof *list->qos)};
    bool is_full = list->at && list->asked && list->texts && list->qos;
    for (size_t i = 0; is_full && i < count; i++) {
        list->at[i] = (struct filter){strdup(filters[i].filter), filters[i].qos, filters[i].optional, false};
        is_full = list->at[i].text != NULL;
    }
    if (!is_full)
        list_free(list);
    return is_full;
}

struct br_mqtt_filters *br_mqtt_filters_open(const struct br_mqtt_filter *from, size_t count)
{
    struct br_mqtt_filters *filters = calloc(1, sizeof *filters);
    if (!filters || list_fill(&filters->list, from, count, 0))
        return filters;
    free(filters);
    return NULL;
}

void br_mqtt_filters_close(struct br_mqtt_filters *filters)
{
    if (!filters)
        return;
    list_free(&filters->list);
    free(filters);
}

void br_mqtt_filters_hang_up(struct br_mqtt_filters *filters)
{
    filters->asked_count = 0;
}

void br_mqtt_filters_forget(struct br_mqtt_filters *filters)
{
    filters->asked_count = 0;
    for (size_t i = 0; i < filters->list.count; i++)
        filters->list.at[i].granted = false;
}

size_t br_mqtt_filters_ask(struct br_mqtt_filters *filters, const char *const **texts, const int **qos)
{
    struct list *list = &filters->list;
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].granted)
            continue;
        list->asked[count] = i;
        list->texts[count] = list->at[i].text;
        list->qos[count++] = list->at[i].qos;
    }
    filters->asked_count = count;
    *texts = list->texts;
    *qos = list->qos;
    return count;
}

bool br_mqtt_filters_asking(const struct br_mqtt_filters *filters)
{
    return filters->asked_count > 0;
}

bool br_mqtt_filters_answer(struct br_mqtt_filters *filters, const int *codes, size_t count,
                            void (*refused)(void *context, const char *filter), void *context)
{
    if (count != filters->asked_count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (filters->list.asked[i] == GONE)
            continue;
        struct filter *filter = &filters->list.at[filters->list.asked[i]];
        filter->granted = codes[i] < REFUSED || filter->optional;
        if (!filter->granted)
            refused(context, filter->text);
    }
    filters->asked_count = 0;
    return true;
}

static size_t find(const struct list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i].text, text) == 0)
            return i;
    return GONE;
}

bool br_mqtt_filters_change(struct br_mqtt_filters *filters, const struct br_mqtt_filter *to, size_t count,
                            void (*gone)(void *context, const char *filter), void *context)
{
    struct list next, *list = &filters->list;
    if (!list_fill(&next, to, count, filters->asked_count))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const struct filter *old = &list->at[i];
        size_t at = find(&next, old->text);
        if (at == GONE)
            gone(context, old->text);
        else
            next.at[at].granted = old->granted && old->qos == next.at[at].qos;
    }
    for (size_t i = 0; i < filters->asked_count; i++) {
        const struct filter *old = list->asked[i] == GONE ? NULL : &list->at[list->asked[i]];
        size_t at = old ? find(&next, old->text) : GONE;
        next.asked[i] = at != GONE && next.at[at].qos == old->qos ? at : GONE;
    }
    list_free(list);
    *list = next;
    return true;
}
