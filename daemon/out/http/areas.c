/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The region table, as JSON or with the columns of the table file as CSV. */
#include "daemon/out/http/site.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "daemon/out/http/print.h"

static void print_number(struct br_text *text, double value, bool known)
{
    char number[BR_DOUBLE_SIZE] = "null";
    if (known)
        br_double_format(value, number);
    br_text_add(text, number, strlen(number));
}

static void print_string(struct br_text *text, const char *name, const char *value)
{
    br_text_format(text, "\"%s\":", name);
    br_text_json(text, value, strlen(value));
    br_text_add(text, ",", 1);
}

/* One region without its closing brace. */
static void print_json(const struct br_regions *regions, const struct br_region *region, struct br_text *text)
{
    br_text_add(text, "{", 1);
    print_string(text, "code", region->code);
    print_string(text, "name", region->name);
    print_string(text, "type", region->type);
    br_text_format(text, "\"year\":%d,\"set\":%s,\"population\":", region->year,
                   region->is_set ? "true" : "false");
    if (region->population >= 0)
        br_text_format(text, "%" PRId64, region->population);
    else
        br_text_format(text, "null");
    br_text_format(text, ",\"area_km2\":");
    print_number(text, region->area_km2, region->area_km2 >= 0);
    br_text_format(text, ",\"lat\":");
    print_number(text, round(region->lat * 1e6) / 1e6, !isnan(region->lat));
    br_text_format(text, ",\"lon\":");
    print_number(text, round(region->lon * 1e6) / 1e6, !isnan(region->lon));
    br_text_format(text, ",\"parents\":[");
    for (size_t i = 0; i < region->parent_count; i++) {
        const char *code = br_regions_at(regions, region->parents[i])->code;
        br_text_add(text, ",", i > 0);
        br_text_json(text, code, strlen(code));
    }
    br_text_add(text, "]", 1);
}

static void print_csv(const struct br_regions *regions, const struct br_region *region, struct br_text *text)
{
    const char *cells[] = {region->code, region->type, region->name};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        br_print_cell(text, cells[i]);
        br_text_add(text, ",", 1);
    }
    for (size_t i = 0; i < region->parent_count; i++)
        br_text_format(text, "%s%s", i > 0 ? "|" : "", br_regions_at(regions, region->parents[i])->code);
    br_text_add(text, ",", 1);
    if (region->population >= 0)
        br_text_format(text, "%" PRId64, region->population);
    br_text_add(text, ",", 1);
    if (region->area_km2 >= 0)
        print_number(text, region->area_km2, true);
    br_text_add(text, "\r\n", 2);
}

/* One page; returns how many regions match in all. */
static size_t print_page(const struct br_ask *ask, struct br_text *text, size_t *returned)
{
    const struct br_regions *regions = ask->site->setup->regions;
    const struct br_query *query = &ask->query;
    size_t matched = 0;
    for (uint32_t i = 0; i < br_regions_count(regions); i++) {
        const struct br_region *region = br_regions_at(regions, i);
        if ((query->given & BR_KEY_REGION_TYPE) && strcmp(region->type, query->region_type) != 0)
            continue;
        if (matched++ < query->offset || *returned == query->limit)
            continue;
        if (ask->format == BR_FORMAT_CSV) {
            print_csv(regions, region, text);
        } else {
            br_text_add(text, ",", *returned > 0);
            print_json(regions, region, text);
            br_text_add(text, "}", 1);
        }
        ++*returned;
    }
    return matched;
}

bool br_areas_list(const struct br_ask *ask, struct br_draft *draft)
{
    struct br_text *text = &draft->body;
    bool document = ask->format == BR_FORMAT_JSON;
    br_text_format(text, document ? "{\"regions\":[" : "code,type,name,parents,population,area_km2\r\n");
    size_t returned = 0;
    size_t matched = print_page(ask, text, &returned);
    struct br_query next = ask->query;
    next.offset += returned;
    struct br_links links = {.text = text};
    if (document) {
        br_text_format(text, "],\"numberMatched\":%zu,\"numberReturned\":%zu,\"links\":[", matched, returned);
        br_link_self(&links, ask);
    }
    if (next.offset < matched)
        br_link_next(document ? &links : NULL, ask, &next, BR_KEY_OFFSET, draft);
    if (document)
        br_text_format(text, "]}\n");
    return true;
}

bool br_areas_one(const struct br_ask *ask, struct br_draft *draft)
{
    const struct br_regions *regions = ask->site->setup->regions;
    print_json(regions, br_regions_at(regions, ask->region), &draft->body);
    br_text_format(&draft->body, ",\"links\":[");
    struct br_links links = {.text = &draft->body};
    br_link_self(&links, ask);
    br_link_add(&links, "collection", br_format_media(BR_FORMAT_JSON), ask->site->base, "/v1/regions");
    br_text_format(&draft->body, "]}\n");
    return true;
}
