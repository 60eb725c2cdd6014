/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The newest figure of each region, as OGC API Features wants it (GeoJSON, RFC 7946) or as plain records:
 *
 *     {"type": "FeatureCollection",
 *      "features": [{"type": "Feature", "id": "gm0344", "geometry": {"type": "Point", "coordinates": [lon,
 * lat]}, "properties": {the record of a figure}}, ...], "numberMatched": 342, "numberReturned": 100,
 * "timeStamp": "...", "links": [...]}
 *
 * Regions come in the order of their table, which stays: pages by offset hang together. */
#include "daemon/out/http/site.h"

#include <math.h>
#include <string.h>

#include "daemon/out/http/print.h"

static bool inside_bbox(const struct br_query *query, const struct br_region *region)
{
    if (isnan(region->lat) || isnan(region->lon) || region->lat < query->south || region->lat > query->north)
        return false;
    if (query->west > query->east)
        return region->lon >= query->west || region->lon <= query->east;
    return region->lon >= query->west && region->lon <= query->east;
}

/* The figure that the query means for a region; false: the region or its figures do not fit. */
static bool select_item(const struct br_ask *ask, const struct br_region *region, struct br_board_item *item)
{
    const struct br_query *query = &ask->query;
    const struct br_board *board = ask->site->setup->board;
    if ((query->given & BR_KEY_REGION_TYPE) && strcmp(region->type, query->region_type) != 0)
        return false;
    if ((query->given & BR_KEY_BBOX) && !inside_bbox(query, region))
        return false;
    if (query->given & BR_KEY_DATETIME)
        return br_board_newest_in(board, ask->domain, region->code, query->window, query->first_utc_ms,
                                  query->last_utc_ms, item);
    return br_board_newest(board, ask->domain, region->code, query->window, item);
}

static void print_coordinate(struct br_text *text, double degrees)
{
    char number[BR_DOUBLE_SIZE];
    br_double_format(round(degrees * 1e6) / 1e6, number); /* six decimals are 0.1 m */
    br_text_add(text, number, strlen(number));
}

/* A feature without its closing brace. */
static void print_feature(struct br_printer *printer, const struct br_region *region,
                          const struct br_board_item *item)
{
    struct br_text *text = printer->text;
    br_text_format(text, "{\"type\":\"Feature\",\"id\":");
    br_text_json(text, region->code, strlen(region->code));
    if (isnan(region->lat) || isnan(region->lon)) {
        br_text_format(text, ",\"geometry\":null");
    } else {
        br_text_format(text, ",\"geometry\":{\"type\":\"Point\",\"coordinates\":[");
        print_coordinate(text, region->lon);
        br_text_format(text, ",");
        print_coordinate(text, region->lat);
        br_text_format(text, "]}");
    }
    br_text_format(text, ",\"properties\":");
    br_print_json(printer, item);
}

static void print_item(struct br_printer *printer, const struct br_ask *ask, const struct br_region *region,
                       const struct br_board_item *item)
{
    if (ask->format != BR_FORMAT_GEOJSON) {
        br_print(printer, ask->format, item);
        return;
    }
    if (printer->count > 0)
        br_text_add(printer->text, ",", 1);
    print_feature(printer, region, item);
    br_text_add(printer->text, "}", 1);
}

static struct br_printer printer_of(const struct br_ask *ask, struct br_draft *draft)
{
    return (struct br_printer){.text = &draft->body, .scratch = ask->site->scratch, .domain = ask->domain};
}

/* Prints one page; returns how many regions match in all. */
static size_t print_page(const struct br_ask *ask, struct br_printer *printer)
{
    const struct br_regions *regions = ask->site->setup->regions;
    size_t matched = 0;
    for (uint32_t i = 0; i < br_regions_count(regions); i++) {
        const struct br_region *region = br_regions_at(regions, i);
        struct br_board_item item;
        if (!select_item(ask, region, &item))
            continue;
        if (matched++ >= ask->query.offset && printer->count < ask->query.limit)
            print_item(printer, ask, region, &item);
    }
    return matched;
}

bool br_geojson_items(const struct br_ask *ask, struct br_draft *draft)
{
    struct br_printer printer = printer_of(ask, draft);
    struct br_text *text = &draft->body;
    bool geojson = ask->format == BR_FORMAT_GEOJSON;
    bool document = geojson || ask->format == BR_FORMAT_JSON;
    if (document)
        br_text_format(text, geojson ? "{\"type\":\"FeatureCollection\",\"features\":[" : "{\"figures\":[");
    br_print_begin(&printer, ask->format);
    size_t matched = print_page(ask, &printer);
    struct br_query next = ask->query;
    next.offset += printer.count;
    bool more = next.offset < matched;
    if (!document) {
        if (more)
            br_link_next(NULL, ask, &next, BR_KEY_OFFSET, draft);
        return true;
    }
    br_text_format(text, "],\"numberMatched\":%zu,\"numberReturned\":%zu,\"timeStamp\":", matched,
                   printer.count);
    br_draft_stamp(draft, ask->now_utc_ms);
    br_text_format(text, ",\"links\":[");
    struct br_links links = {.text = text};
    br_link_self(&links, ask);
    if (more)
        br_link_next(&links, ask, &next, BR_KEY_OFFSET, draft);
    br_text_format(text, "]}\n");
    return true;
}

bool br_geojson_item(const struct br_ask *ask, struct br_draft *draft)
{
    const struct br_region *region = br_regions_at(ask->site->setup->regions, ask->region);
    struct br_printer printer = printer_of(ask, draft);
    struct br_board_item item;
    if (!select_item(ask, region, &item)) {
        br_problem_set(draft->problem, 404, "There is no %s figure of window %s for region %.64s.",
                       br_domain_word(ask->domain), ask->query.window, region->code);
        return false;
    }
    br_print_begin(&printer, ask->format);
    if (ask->format != BR_FORMAT_GEOJSON) {
        br_print(&printer, ask->format, &item);
        if (ask->format == BR_FORMAT_JSON)
            br_text_add(&draft->body, "\n", 1);
        return true;
    }
    char collection[64];
    snprintf(collection, sizeof collection, "/v1/collections/%s", br_domain_word(ask->domain));
    print_feature(&printer, region, &item);
    br_text_format(&draft->body, ",\"links\":[");
    struct br_links links = {.text = &draft->body};
    br_link_self(&links, ask);
    br_link_add(&links, "collection", br_format_media(BR_FORMAT_JSON), ask->site->base, collection);
    br_text_format(&draft->body, "]}\n");
    return true;
}
