/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What a client of OGC API Features reads first: landing page, conformance, collections.
 * OGC API - Features - Part 1: Core, 17-069r4, sections 7.2 to 7.14. */
#include "daemon/out/http/site.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CRS84 "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

struct about {
    Bruis__V1__Domain domain;
    const char *title, *description;
};

static const struct about abouts[] = {
    {BRUIS__V1__DOMAIN__parking, "Parking",
     "Capacity, vacancy and occupancy of parking, per region and window."},
    {BRUIS__V1__DOMAIN__traffic, "Traffic",
     "Flow, speed and jams of road traffic, per region and window. Vehicles are passages, not different "
     "vehicles."},
    {BRUIS__V1__DOMAIN__pedestrian, "Pedestrians",
     "Passages of pedestrians, per region and window; not different people. Small counts are protected."},
};

static void add_link(struct br_links *links, const struct br_ask *ask, const char *rel, enum br_format format,
                     const char *path)
{
    br_link_add(links, rel, br_format_media(format), ask->site->base, path);
}

bool br_landing_root(const struct br_ask *ask, struct br_draft *draft)
{
    struct br_text *text = &draft->body;
    char title[128];
    snprintf(title, sizeof title, "Regional figures of %.96s", ask->site->setup->config->node);
    br_text_format(text, "{\"title\":");
    br_text_json(text, title, strlen(title));
    br_text_format(text,
                   ",\"description\":\"Parking, traffic and pedestrians: key figures for each region and "
                   "window of time, made of live sensor readings.\",\"links\":[");
    struct br_links links = {.text = text};
    br_link_self(&links, ask);
    add_link(&links, ask, "conformance", BR_FORMAT_JSON, "/v1/conformance");
    add_link(&links, ask, "data", BR_FORMAT_JSON, "/v1/collections");
    add_link(&links, ask, "related", BR_FORMAT_JSON, "/v1/regions");
    add_link(&links, ask, "related", BR_FORMAT_HTML, "/");
    br_text_format(text, "]}\n");
    return true;
}

bool br_landing_conformance(const struct br_ask *ask, struct br_draft *draft)
{
    (void)ask;
    br_text_format(&draft->body, "{\"conformsTo\":["
                                 "\"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core\","
                                 "\"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson\"]}\n");
    return true;
}

/* The box around the points of all regions; nothing where none is known. */
static void print_extent(const struct br_ask *ask, struct br_text *text)
{
    const struct br_regions *regions = ask->site->setup->regions;
    double box[4] = {180, 90, -180, -90};
    for (uint32_t i = 0; i < br_regions_count(regions); i++) {
        const struct br_region *region = br_regions_at(regions, i);
        if (isnan(region->lat) || isnan(region->lon))
            continue;
        box[0] = fmin(box[0], region->lon);
        box[1] = fmin(box[1], region->lat);
        box[2] = fmax(box[2], region->lon);
        box[3] = fmax(box[3], region->lat);
    }
    if (box[0] > box[2])
        return;
    br_text_format(text, ",\"extent\":{\"spatial\":{\"bbox\":[[");
    for (size_t i = 0; i < 4; i++) {
        char number[BR_DOUBLE_SIZE];
        br_double_format(round(box[i] * 1e6) / 1e6, number);
        br_text_format(text, "%s%s", i > 0 ? "," : "", number);
    }
    br_text_format(text, "]],\"crs\":\"" CRS84 "\"}}");
}

/* Not of the standard: which windows can be asked for, the one that is the default first. */
static void print_windows(const struct br_ask *ask, Bruis__V1__Domain domain, struct br_text *text)
{
    const struct br_config *config = ask->site->setup->config;
    const struct br_config_window *first = br_query_window_default(config, domain);
    br_text_format(text, ",\"windows\":[");
    for (const struct br_config_window *window = first; window < config->windows + config->window_count;
         window++)
        br_text_format(text, "%s\"%s\"", window > first ? "," : "", window->name);
    br_text_format(text, "]");
}

static void print_collection(const struct br_ask *ask, const struct about *about, struct br_text *text)
{
    const enum br_format formats[] = {BR_FORMAT_GEOJSON, BR_FORMAT_JSON, BR_FORMAT_CSV, BR_FORMAT_PB};
    const char *id = br_domain_word(about->domain);
    char path[96];
    br_text_format(text,
                   "{\"id\":\"%s\",\"title\":\"%s\",\"description\":\"%s\",\"itemType\":\"feature\","
                   "\"crs\":[\"" CRS84 "\"]",
                   id, about->title, about->description);
    print_extent(ask, text);
    print_windows(ask, about->domain, text);
    br_text_format(text, ",\"links\":[");
    struct br_links links = {.text = text};
    snprintf(path, sizeof path, "/v1/collections/%s", id);
    add_link(&links, ask, "self", BR_FORMAT_JSON, path);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        snprintf(path, sizeof path, "/v1/collections/%s/items?f=%s", id, br_format_word(formats[i]));
        add_link(&links, ask, "items", formats[i], path);
    }
    br_text_format(text, "]}");
}

bool br_landing_collections(const struct br_ask *ask, struct br_draft *draft)
{
    struct br_text *text = &draft->body;
    br_text_format(text, "{\"links\":[");
    struct br_links links = {.text = text};
    br_link_self(&links, ask);
    br_text_format(text, "],\"collections\":[");
    for (size_t i = 0; i < sizeof abouts / sizeof abouts[0]; i++) {
        br_text_add(text, ",", i > 0);
        print_collection(ask, &abouts[i], text);
    }
    br_text_format(text, "]}\n");
    return true;
}

bool br_landing_collection(const struct br_ask *ask, struct br_draft *draft)
{
    for (size_t i = 0; i < sizeof abouts / sizeof abouts[0]; i++)
        if (abouts[i].domain == ask->domain)
            print_collection(ask, &abouts[i], &draft->body);
    br_text_add(&draft->body, "\n", 1);
    return true;
}
