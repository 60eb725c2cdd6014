/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The operator's sensors:
 *
 *     feed,sensor,name,lat,lon,region,capacity,kind,length_m,width_m,interval_s
 *     garages,P-07,Station,52.0894,5.1102,,640,garage,,,
 *     counters,cam-3_120,,52.0912,5.1180,gm9901,,,,4.5,180
 */
#include "daemon/flow/catalogue.h"

#include <math.h>
#include <stdlib.h>

#include "daemon/core/arena.h"
#include "daemon/flow/table.h"

#include "bruis/v1/observation.pb-c.h"

enum { FEED, SENSOR, NAME, LAT, LON, REGION, CAPACITY, KIND, LENGTH, WIDTH, INTERVAL, COLUMNS };

static const struct br_table_column columns[COLUMNS] = {
    {"feed", true},      {"sensor", true},   {"name", false},       {"lat", false},
    {"lon", false},      {"region", false},  {"capacity", false},   {"kind", false},
    {"length_m", false}, {"width_m", false}, {"interval_s", false},
};

#define ARENA_BLOCK 65536
#define SENSOR_SIZE_MAX 256u
#define LENGTH_M_MAX 1e6
#define INTERVAL_S_MIN 0.001
#define INTERVAL_S_MAX 31622400.0 /* a leap year */

/* Where an entry stands, to tell a second one of the same sensor. */
struct origin {
    const char *file;
    unsigned line;
};

struct br_catalogue {
    struct br_arena *arena;
    struct br_catalogue_entry *entries;
    struct origin *origins;
    size_t count, room;
};

struct reading {
    struct br_catalogue *catalogue;
    const struct br_config *config;
    const struct br_regions *regions;
    const struct br_table *table;
    struct br_faults *faults;
};

static int quoted(struct br_view cell)
{
    return (int)(cell.size < 64 ? cell.size : 64);
}

static size_t read_feed(const struct reading *reading)
{
    struct br_view name = br_table_cell(reading->table, FEED);
    for (size_t i = 0; i < reading->config->feed_count; i++)
        if (br_view_is(name, reading->config->feeds[i].name))
            return i;
    br_table_fault(reading->table, FEED, "no feed is named \"%.*s\"", quoted(name), name.data);
    return 0;
}

/* Both or none of them. */
static void read_place(const struct reading *reading, struct br_catalogue_entry *entry)
{
    bool lat = br_table_cell(reading->table, LAT).size > 0, lon = br_table_cell(reading->table, LON).size > 0;
    entry->lat = entry->lon = NAN;
    br_table_number(reading->table, LAT, -90, 90, &entry->lat);
    br_table_number(reading->table, LON, -180, 180, &entry->lon);
    if (lat != lon)
        br_table_fault(reading->table, lat ? LON : LAT, "is empty, and %s is not", lat ? "lat" : "lon");
}

static void read_region(const struct reading *reading, struct br_catalogue_entry *entry)
{
    struct br_view code = br_table_cell(reading->table, REGION);
    entry->region = BR_REGION_NONE;
    if (code.size == 0)
        return;
    entry->region = br_regions_find(reading->regions, code);
    if (entry->region == BR_REGION_NONE)
        br_table_fault(reading->table, REGION, "no region has the code \"%.*s\"", quoted(code), code.data);
}

static void read_kind(const struct reading *reading, struct br_catalogue_entry *entry)
{
    const ProtobufCEnumDescriptor *kinds = &bruis__v1__parking_kind__descriptor;
    struct br_view word = br_table_cell(reading->table, KIND);
    if (word.size == 0)
        return;
    for (unsigned i = 0; i < kinds->n_values; i++)
        if (br_view_is(word, kinds->values[i].name))
            entry->kind = kinds->values[i].value;
    if (entry->kind == 0)
        br_table_fault(reading->table, KIND, "no kind of parking: \"%.*s\"", quoted(word), word.data);
}

static void read_figures(const struct reading *reading, struct br_catalogue_entry *entry)
{
    int64_t capacity = -1;
    double interval_s = 0;
    entry->length_m = entry->width_m = NAN;
    br_table_whole(reading->table, CAPACITY, 0, INT32_MAX, &capacity);
    br_table_number(reading->table, LENGTH, 0, LENGTH_M_MAX, &entry->length_m);
    br_table_number(reading->table, WIDTH, 0, LENGTH_M_MAX, &entry->width_m);
    br_table_number(reading->table, INTERVAL, INTERVAL_S_MIN, INTERVAL_S_MAX, &interval_s);
    entry->capacity = (int32_t)capacity;
    entry->interval_ms = (int64_t)(interval_s * 1000 + 0.5);
}

static bool grow(struct br_catalogue *catalogue)
{
    size_t room = catalogue->room ? 2 * catalogue->room : 256;
    struct br_catalogue_entry *entries = realloc(catalogue->entries, room * sizeof *entries);
    if (!entries)
        return false;
    catalogue->entries = entries;
    struct origin *origins = realloc(catalogue->origins, room * sizeof *origins);
    if (!origins)
        return false;
    catalogue->origins = origins;
    catalogue->room = room;
    return true;
}

/* False: no memory. */
static bool read_row(const struct reading *reading, const char *file)
{
    struct br_catalogue *catalogue = reading->catalogue;
    if (catalogue->count == catalogue->room && !grow(catalogue))
        return false;
    struct br_catalogue_entry *entry = &catalogue->entries[catalogue->count];
    struct br_view sensor = br_table_cell(reading->table, SENSOR), name = br_table_cell(reading->table, NAME);
    *entry = (struct br_catalogue_entry){.feed = read_feed(reading)};
    if (sensor.size > SENSOR_SIZE_MAX)
        br_table_fault(reading->table, SENSOR, "is longer than %u bytes", SENSOR_SIZE_MAX);
    entry->sensor = br_arena_text(catalogue->arena, sensor);
    if (name.size > 0)
        entry->name = br_arena_text(catalogue->arena, name);
    read_place(reading, entry);
    read_region(reading, entry);
    read_kind(reading, entry);
    read_figures(reading, entry);
    catalogue->origins[catalogue->count] = (struct origin){file, br_table_line(reading->table)};
    catalogue->count++;
    return !br_arena_full(catalogue->arena);
}

static bool read_file(struct reading *reading, const char *file)
{
    struct br_table *table = br_table_open(file, columns, COLUMNS, reading->faults);
    bool memory = true;
    reading->table = table;
    while (table && memory && br_table_next(table))
        memory = read_row(reading, file);
    br_table_close(table);
    return memory;
}

static int compare_entry(const void *left, const void *right, void *context)
{
    const struct br_catalogue_entry *entries = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    if (entries[a].feed != entries[b].feed)
        return entries[a].feed < entries[b].feed ? -1 : 1;
    int order = strcmp(entries[a].sensor, entries[b].sensor);
    return order ? order : a < b ? -1 : 1;
}

/* A sensor that stands twice, in one file or in two. */
static bool check_twice(const struct reading *reading)
{
    const struct br_catalogue *c = reading->catalogue;
    size_t *sorted = calloc(c->count + 1, sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t i = 0; i < c->count; i++)
        sorted[i] = i;
    qsort_r(sorted, c->count, sizeof *sorted, compare_entry, c->entries);
    for (size_t i = 1; i < c->count; i++) {
        size_t first = sorted[i - 1], again = sorted[i];
        if (c->entries[first].feed == c->entries[again].feed &&
            strcmp(c->entries[first].sensor, c->entries[again].sensor) == 0)
            /* Every entry has its origin: read_row writes both. NOLINTNEXTLINE(clang-analyzer-core.*) */
            br_faults_add(reading->faults, c->origins[again].file, c->origins[again].line, "sensor",
                          "%s stands in %s:%u already", c->entries[again].sensor, c->origins[first].file,
                          c->origins[first].line);
    }
    free(sorted);
    return true;
}

struct br_catalogue *br_catalogue_open(const struct br_config *config, const struct br_regions *regions,
                                       struct br_faults *faults)
{
    size_t before = br_faults_count(faults);
    struct br_catalogue *catalogue = calloc(1, sizeof *catalogue);
    struct reading reading = {.catalogue = catalogue, .config = config, .regions = regions, .faults = faults};
    bool memory = catalogue && (catalogue->arena = br_arena_open(ARENA_BLOCK, 0));
    for (size_t i = 0; memory && i < config->sensors.count; i++)
        memory = read_file(&reading, config->sensors.at[i]);
    memory = memory && check_twice(&reading);
    if (!memory)
        br_faults_add(faults, config->path, 0, "sensors", "no memory");
    if (catalogue) {
        free(catalogue->origins);
        catalogue->origins = NULL;
    }
    if (br_faults_count(faults) == before)
        return catalogue;
    br_catalogue_close(catalogue);
    return NULL;
}

void br_catalogue_close(struct br_catalogue *catalogue)
{
    if (!catalogue)
        return;
    br_arena_close(catalogue->arena);
    free(catalogue->entries);
    free(catalogue->origins);
    free(catalogue);
}

size_t br_catalogue_count(const struct br_catalogue *catalogue)
{
    return catalogue->count;
}

const struct br_catalogue_entry *br_catalogue_at(const struct br_catalogue *catalogue, size_t index)
{
    return &catalogue->entries[index];
}
