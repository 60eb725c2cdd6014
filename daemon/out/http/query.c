/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/clock.h"

struct reading {
    const struct br_query_rules *rules;
    struct br_query *query;
    struct br_problem *problem;
    unsigned bad; /* bits of keys with a fault */
};

struct row {
    const char *name;
    enum br_query_key key;
    void (*read)(struct reading *reading, const char *value);
};

#define FAULT(reading, key, name, ...)                                                                       \
    do {                                                                                                     \
        (reading)->bad |= (key);                                                                             \
        br_problem_add((reading)->problem, name, __VA_ARGS__);                                               \
    } while (0)

static void windows_print(const struct br_query_rules *rules, char *text, size_t size_max)
{
    size_t used = 0;
    for (size_t i = 0; i < rules->config->window_count && used < size_max; i++)
        used += (size_t)snprintf(text + used, size_max - used, "%s%s", i > 0 ? " " : "",
                                 rules->config->windows[i].name);
    if (rules->live && used < size_max)
        snprintf(text + used, size_max - used, " live");
}

static void read_window(struct reading *reading, const char *value)
{
    const struct br_config *config = reading->rules->config;
    for (size_t i = 0; i < config->window_count; i++) {
        if (strcmp(config->windows[i].name, value) == 0) {
            reading->query->window = config->windows[i].name;
            reading->query->window_ms = config->windows[i].length_ms;
            return;
        }
    }
    if (reading->rules->live && strcmp(value, "live") == 0) {
        reading->query->window = "live";
        reading->query->window_ms = 0;
        return;
    }
    char known[96] = "";
    windows_print(reading->rules, known, sizeof known);
    FAULT(reading, BR_KEY_WINDOW, "window", "must be one of: %s", known);
}

/* One decimal number at the beginning of a text, without what strtod takes beside (hexadecimal, infinity). */
static bool number(const char **text, double *value)
{
    size_t size = strspn(*text, "+-.0123456789eE");
    char *end;
    *value = strtod(*text, &end);
    if (size == 0 || end != *text + size)
        return false;
    *text = end;
    return true;
}

static bool bbox_numbers(const char *text, double values[6], size_t *count)
{
    for (*count = 0; *count < 6;) {
        if (!number(&text, &values[(*count)++]))
            return false;
        if (*text == '\0')
            return *count == 4 || *count == 6;
        if (*text++ != ',')
            return false;
    }
    return false;
}

static bool on_earth(double lon, double lat)
{
    return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90;
}

static void read_bbox(struct reading *reading, const char *value)
{
    struct br_query *query = reading->query;
    double values[6] = {0};
    size_t count;
    if (strlen(value) >= sizeof query->bbox_text || !bbox_numbers(value, values, &count)) {
        FAULT(reading, BR_KEY_BBOX, "bbox", "must be west,south,east,north in degrees");
        return;
    }
    size_t half = count / 2; /* with six numbers the heights are left out: figures have none */
    query->west = values[0];
    query->south = values[1];
    query->east = values[half];
    query->north = values[half + 1];
    if (!on_earth(query->west, query->south) || !on_earth(query->east, query->north))
        FAULT(reading, BR_KEY_BBOX, "bbox",
              "must be longitudes from -180 to 180 and latitudes from -90 to 90");
    else if (query->south > query->north)
        FAULT(reading, BR_KEY_BBOX, "bbox", "south must not be above north");
    snprintf(query->bbox_text, sizeof query->bbox_text, "%s", value);
}

/* One end of an interval; empty or two dots: open. */
static bool end_of_interval(struct br_view text, int64_t open, int64_t *utc_ms)
{
    if (text.size == 0 || br_view_is(text, "..")) {
        *utc_ms = open;
        return true;
    }
    return br_time_parse(text, utc_ms);
}

static void read_datetime(struct reading *reading, const char *value)
{
    struct br_query *query = reading->query;
    const char *slash = strchr(value, '/');
    bool good = strlen(value) < sizeof query->datetime_text;
    if (slash) {
        struct br_view first = {value, (size_t)(slash - value)};
        good = good && end_of_interval(first, INT64_MIN, &query->first_utc_ms) &&
               end_of_interval(br_view_of(slash + 1), INT64_MAX, &query->last_utc_ms);
    } else {
        good = good && br_time_parse(br_view_of(value), &query->first_utc_ms);
        query->last_utc_ms = query->first_utc_ms;
    }
    if (!good) {
        FAULT(reading, BR_KEY_DATETIME, "datetime",
              "must be an RFC 3339 time, or an interval FIRST/LAST in which one end may be ..");
        return;
    }
    if (query->first_utc_ms > query->last_utc_ms)
        FAULT(reading, BR_KEY_DATETIME, "datetime", "the interval must not end before it begins");
    snprintf(query->datetime_text, sizeof query->datetime_text, "%s", value);
}

/* A whole number; what is too large becomes max. */
static bool whole(const char *text, size_t max, size_t *value)
{
    *value = 0;
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    for (; *text && *value < max; text++)
        *value = *value * 10 + (size_t)(*text - '0');
    if (*value > max)
        *value = max;
    return true;
}

static void read_limit(struct reading *reading, const char *value)
{
    if (!whole(value, BR_LIMIT_MAX, &reading->query->limit) || reading->query->limit == 0)
        FAULT(reading, BR_KEY_LIMIT, "limit", "must be a whole number from 1; above %d it counts as %d",
              BR_LIMIT_MAX, BR_LIMIT_MAX);
}

static void read_offset(struct reading *reading, const char *value)
{
    if (!whole(value, UINT32_MAX, &reading->query->offset))
        FAULT(reading, BR_KEY_OFFSET, "offset", "must be a whole number from 0");
}

static void read_region_type(struct reading *reading, const char *value)
{
    char *text = reading->query->region_type;
    size_t size = strlen(value);
    if (size == 0 || size >= sizeof reading->query->region_type ||
        strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != size)
        FAULT(reading, BR_KEY_REGION_TYPE, "regionType", "must be the type of a region, such as gemeente");
    else
        memcpy(text, value, size + 1);
}

static void read_from(struct reading *reading, const char *value)
{
    if (!br_time_parse(br_view_of(value), &reading->query->from_utc_ms))
        FAULT(reading, BR_KEY_FROM, "from", "must be an RFC 3339 time, such as 2026-08-18T10:00:00Z");
}

static void read_to(struct reading *reading, const char *value)
{
    if (!br_time_parse(br_view_of(value), &reading->query->to_utc_ms))
        FAULT(reading, BR_KEY_TO, "to", "must be an RFC 3339 time, such as 2026-08-18T10:00:00Z");
}

static void read_f(struct reading *reading, const char *value)
{
    reading->query->format = br_format_of_word(value, reading->rules->formats);
    if (reading->query->format != BR_FORMAT_NONE)
        return;
    char known[48] = "";
    size_t used = 0;
    for (int i = 0; i < BR_FORMAT_COUNT; i++)
        if (reading->rules->formats & BR_FORMAT_BIT(i))
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? " " : "",
                                     br_format_word((enum br_format)i));
    FAULT(reading, BR_KEY_F, "f", "must be one of: %s", known);
}

static const struct row rows[] = {
    {"window", BR_KEY_WINDOW, read_window},
    {"bbox", BR_KEY_BBOX, read_bbox},
    {"datetime", BR_KEY_DATETIME, read_datetime},
    {"limit", BR_KEY_LIMIT, read_limit},
    {"offset", BR_KEY_OFFSET, read_offset},
    {"regionType", BR_KEY_REGION_TYPE, read_region_type},
    {"from", BR_KEY_FROM, read_from},
    {"to", BR_KEY_TO, read_to},
    {"f", BR_KEY_F, read_f},
};

static const struct row *row_find(const char *name, unsigned allowed)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((rows[i].key & allowed) && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static void read_pair(struct reading *reading, struct br_view pair)
{
    char key[64], value[BR_QUERY_SIZE_MAX];
    const char *equals = memchr(pair.data, '=', pair.size);
    size_t key_size = equals ? (size_t)(equals - pair.data) : pair.size;
    struct br_view rest = {"", 0};
    if (equals)
        rest = (struct br_view){equals + 1, pair.size - key_size - 1};
    if (!br_percent_decode((struct br_view){pair.data, key_size}, key, sizeof key)) {
        br_problem_add(reading->problem, "?", "a key is too long or wrongly encoded");
        return;
    }
    const struct row *row = row_find(key, reading->rules->keys);
    if (!row)
        br_problem_add(reading->problem, key, "is not a key of this resource");
    else if (reading->query->given & row->key)
        FAULT(reading, row->key, key, "is given more than once");
    else if (!br_percent_decode(rest, value, sizeof value))
        FAULT(reading, row->key, key, "is wrongly encoded");
    else
        row->read(reading, value);
    if (row)
        reading->query->given |= row->key;
}

const struct br_config_window *br_query_window_default(const struct br_config *config,
                                                       Bruis__V1__Domain domain)
{
    const struct br_config_privacy *privacy = &config->privacy;
    bool protect =
        domain == BRUIS__V1__DOMAIN__pedestrian && (privacy->pedestrian_min > 1 || privacy->round_to > 1);
    for (size_t i = 0; protect && i < config->window_count; i++)
        if (config->windows[i].length_ms >= privacy->min_window_ms)
            return &config->windows[i];
    return &config->windows[0];
}

/* What was not given, and the range as a whole. */
static void complete_range(struct reading *reading)
{
    struct br_query *query = reading->query;
    if (!(query->given & BR_KEY_TO)) {
        int64_t step = reading->rules->config->windows[0].length_ms;
        query->to_utc_ms = (reading->rules->now_utc_ms / step + 1) * step;
    }
    if (!(query->given & BR_KEY_FROM))
        query->from_utc_ms = query->to_utc_ms - BR_DAY_MS;
    if (reading->bad & (BR_KEY_FROM | BR_KEY_TO))
        return;
    if (query->from_utc_ms >= query->to_utc_ms)
        br_problem_add(reading->problem, "from", "must lie before `to`, which is now where it is not given");
    else if (query->to_utc_ms - query->from_utc_ms > BR_RANGE_MAX_MS)
        br_problem_add(reading->problem, "from", "must lie at most 400 days before `to`");
}

bool br_query_parse(const char *raw, const struct br_query_rules *rules, struct br_query *query,
                    struct br_problem *problem)
{
    struct reading reading = {.rules = rules, .query = query, .problem = problem};
    size_t faults = problem->count;
    const struct br_config_window *window = br_query_window_default(rules->config, rules->domain);
    *query = (struct br_query){.window = window->name,
                               .window_ms = window->length_ms,
                               .first_utc_ms = INT64_MIN,
                               .last_utc_ms = INT64_MAX,
                               .limit = BR_LIMIT_DEFAULT,
                               .format = BR_FORMAT_NONE};
    while (*raw) {
        size_t size = strcspn(raw, "&");
        if (size > 0)
            read_pair(&reading, (struct br_view){raw, size});
        raw += size + (raw[size] == '&');
    }
    if (rules->keys & (BR_KEY_FROM | BR_KEY_TO))
        complete_range(&reading);
    return problem->count == faults;
}

static void print_value(const struct br_query *query, enum br_query_key key, struct br_text *text)
{
    char time[BR_TIME_TEXT_SIZE];
    switch (key) {
    case BR_KEY_WINDOW:
        br_percent_encode(text, query->window, "");
        return;
    case BR_KEY_BBOX:
        br_percent_encode(text, query->bbox_text, ",");
        return;
    case BR_KEY_DATETIME:
        br_percent_encode(text, query->datetime_text, "/:");
        return;
    case BR_KEY_LIMIT:
        br_text_format(text, "%zu", query->limit);
        return;
    case BR_KEY_OFFSET:
        br_text_format(text, "%zu", query->offset);
        return;
    case BR_KEY_REGION_TYPE:
        br_percent_encode(text, query->region_type, "");
        return;
    case BR_KEY_FROM:
    case BR_KEY_TO:
        br_time_format(key == BR_KEY_FROM ? query->from_utc_ms : query->to_utc_ms, time);
        br_percent_encode(text, time, ":");
        return;
    case BR_KEY_F:
        br_percent_encode(text, br_format_word(query->format), "");
        return;
    }
}

void br_query_print(const struct br_query *query, enum br_format format, unsigned also, struct br_text *text)
{
    struct br_query printed = *query;
    unsigned keys = query->given | also;
    if (format != BR_FORMAT_NONE) {
        printed.format = format;
        keys |= BR_KEY_F;
    }
    const char *before = "?";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!(keys & rows[i].key))
            continue;
        br_text_format(text, "%s%s=", before, rows[i].name);
        print_value(&printed, rows[i].key, text);
        before = "&";
    }
}
