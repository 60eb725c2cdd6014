/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A small country of files in a temporary folder, for the tests of regions. */
#ifndef BR_TESTS_REGION_FIXTURE_H
#define BR_TESTS_REGION_FIXTURE_H

#include <math.h>

#include "daemon/flow/region.h"

#include "tests/unit/unit.h"

/* A country of two provinces on a grid of 0.1 degree: gm9901 and gm9902 side by side in pv91, gm9903 north of
 * gm9901 in pv92, cr91 across the provinces; wk990101 is the west half of gm9901. */
static const char table_text[] = "code,type,name,parents,population,area_km2\r\n"
                                 "GM9901,gemeente,Bovendorp,pv91|CR91,1000,50.5\r\n"
                                 "gm9902,gemeente,\"Neder, dorp\",pv91,2000,\r\n"
                                 "gm9903,gemeente,'t Noord,pv92|cr91,,70\r\n"
                                 "wk990101,wijk,West,gm9901,,\r\n"
                                 "pv91,provincie,Zuidland,nl00,3000,\r\n"
                                 "pv92,provincie,Noordland,nl00,,\r\n"
                                 "cr91,corop,Westrand,nl00,,\r\n"
                                 "nl00,land,Proefland,,,\r\n";

enum { GM1, GM2, GM3, WK, PV1, PV2, CR, NL, TABLE };

#define FEATURE(code, west, south, east, north)                                                              \
    "{\"type\":\"Feature\",\"properties\":{\"statcode\":\"" code "\",\"features\":[1]},"                     \
    "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[" BOX(west, south, east, north) "]}}"
#define BOX(west, south, east, north)                                                                        \
    "[[" #west "," #south "],[" #east "," #south "],[" #east "," #north "],[" #west "," #north "],[" #west   \
    "," #south "]]"

static const char gemeenten_text[] =
    "{\"type\":\"FeatureCollection\",\"name\":\"features\",\"crs\":null,\n\"features\":[\n" FEATURE(
        "GM9902", 5.1, 52.0, 5.2,
        52.1) ",\n" FEATURE("GM9903", 5.0, 52.1, 5.1,
                            52.2) ",\n" FEATURE("GM9901", 5.0, 52.0, 5.1,
                                                52.1) ",\n" FEATURE("GM9999", 6.0, 52.0, 6.1,
                                                                    52.1) ",\n"
                                                                          "{\"type\":\"Feature\","
                                                                          "\"properties\":{\"statcode\":"
                                                                          "\"pv92\"},\"geometry\":null}],"
                                                                          "\"last\":1}";

struct world {
    char dir[64];
    struct br_config config;
    struct br_config_boundary boundaries[2];
    struct br_config_set sets[8];
    char *texts[16];
    size_t text_count;
    struct br_faults *faults;
    struct br_regions *regions;
};

static inline char *file(struct world *w, const char *name, const char *text)
{
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s/%s", w->dir, name), 0);
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    fclose(to);
    w->texts[w->text_count++] = path;
    return path;
}

static inline void begin(struct world *w, const char *table)
{
    *w = (struct world){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(w->dir));
    w->faults = br_faults_open();
    w->config.path = (char *)"bruisd.yaml";
    w->config.regions.year = 2023;
    w->config.regions.table = file(w, "table.csv", table);
    w->config.regions.nearest_m = 2000;
    w->config.regions.boundaries = w->boundaries;
    w->config.regions.sets = w->sets;
}

static inline void add_boundary(struct world *w, const char *name, const char *text)
{
    w->boundaries[w->config.regions.boundary_count++] =
        (struct br_config_boundary){file(w, name, text), (char *)"statcode"};
}

static inline struct br_config_set *add_set(struct world *w, const char *code, size_t count, char **members)
{
    struct br_config_set *set = &w->sets[w->config.regions.set_count++];
    *set = (struct br_config_set){.code = (char *)code, .name = (char *)code, .type = (char *)"set"};
    set->members = (struct br_config_texts){count, members};
    set->line = 100 + (unsigned)w->config.regions.set_count;
    return set;
}

static inline void open_good(struct world *w)
{
    w->regions = br_regions_open(&w->config, w->faults);
    br_faults_print(w->faults, stdout);
    ck_assert_ptr_nonnull(w->regions);
}

static inline void end(struct world *w)
{
    br_regions_close(w->regions);
    br_faults_close(w->faults);
    for (size_t i = 0; i < w->text_count; i++) {
        unlink(w->texts[i]);
        free(w->texts[i]);
    }
    rmdir(w->dir);
}

/* The faults as text, with the folder cut off. */
static inline void expect_faults(struct world *w, const char *wanted)
{
    char *text = NULL, got[4096] = "";
    size_t size;
    w->regions = br_regions_open(&w->config, w->faults);
    ck_assert_ptr_null(w->regions);
    FILE *to = open_memstream(&text, &size);
    br_faults_print(w->faults, to);
    fclose(to);
    size_t dir = strlen(w->dir) + 1;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s\n",
                 strncmp(line, w->dir, dir - 1) == 0 ? line + dir : line);
    ck_assert_str_eq(got, wanted);
    free(text);
}

static inline void expect_members(const struct br_membership *m, size_t count, const uint32_t *wanted)
{
    ck_assert_uint_eq(m->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(m->region[i], wanted[i]);
}

#define EXPECT(membership, ...)                                                                              \
    expect_members(membership, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                         \
                   (uint32_t[]){__VA_ARGS__})

#endif
