/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/json/mapping.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY_SIZE 160 /* of a dotted key; a longer one is cut */
#define TOPIC_LEVEL_MAX 100

struct maker {
    struct br_mapping *mapping;
    const struct br_fields *fields;
    const struct br_adapter_setup *setup;
    struct br_faults *faults;
};

/* The arena has no cap, so that only the machine can refuse: the fault is told once, at the end of the open.
 */
static const char *keep(struct maker *maker, const char *text)
{
    return br_arena_text(maker->mapping->arena, br_view_of(text));
}

static void dot(char dotted[KEY_SIZE], const char *key, const char *part)
{
    if (snprintf(dotted, KEY_SIZE, "%s.%s", key, part) >= KEY_SIZE)
        memcpy(dotted + KEY_SIZE - 4, "...", 4);
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void check_pointer(struct maker *maker, unsigned line, const char *key, const char *pointer)
{
    const char *what = br_json_pointer_fault(pointer);
    if (what)
        br_faults_add(maker->faults, NULL, line, key, "the JSON pointer '%s' %s", pointer, what);
}

static void make_topic(struct maker *maker, unsigned line, const char *key, struct br_source *source)
{
    char *end = NULL;
    const char *level = source->text + strlen("topic:");
    unsigned long number = level[0] >= '1' && level[0] <= '9' ? strtoul(level, &end, 10) : 0;
    if (!end || *end != '\0' || number > TOPIC_LEVEL_MAX)
        br_faults_add(maker->faults, NULL, line, key, "'%s' is no level of a topic: topic:1 is the first",
                      source->text);
    source->level = (unsigned)number;
}

/* False: node is no source at all, and a fault says so. */
static bool make_source(struct maker *maker, const struct br_node *node, const char *key,
                        struct br_source *source)
{
    const char *text = br_node_text(node);
    source->text = text ? keep(maker, text) : NULL;
    if (!text || !source->text) {
        br_faults_add(maker->faults, NULL, node->line, key,
                      "must be /json/pointer, root:/json/pointer, topic:N or const:TEXT");
        return false;
    }
    if (starts_with(text, "const:")) {
        source->kind = BR_SOURCE_CONST;
        source->at = source->text + strlen("const:");
    } else if (starts_with(text, "topic:")) {
        source->kind = BR_SOURCE_TOPIC;
        make_topic(maker, node->line, key, source);
    } else {
        source->kind = starts_with(text, "root:") ? BR_SOURCE_ROOT : BR_SOURCE_ELEMENT;
        source->at = source->text + (source->kind == BR_SOURCE_ROOT ? strlen("root:") : 0);
        check_pointer(maker, node->line, key, source->at);
    }
    return true;
}

/* Tells every key of a map that is not in the list. */
static void check_keys(struct maker *maker, const struct br_node *map, const char *key,
                       const char *const *known)
{
    for (size_t i = 0; i < map->count; i++) {
        size_t k = 0;
        while (known[k] && strcmp(known[k], map->keys[i]) != 0)
            k++;
        char dotted[KEY_SIZE];
        dot(dotted, key, map->keys[i]);
        if (!known[k])
            br_faults_add(maker->faults, NULL, map->key_lines[i], dotted, "is no key of %s", key);
    }
}

static enum br_reader reader_of(const struct br_field *field, const ProtobufCFieldDescriptor *target)
{
    if (strcmp(field->name, "open") == 0)
        return BR_READ_OPEN;
    if (target->type == PROTOBUF_C_TYPE_BOOL)
        return BR_READ_FLAG;
    if (target->type == PROTOBUF_C_TYPE_ENUM)
        return BR_READ_WORD;
    return target->type == PROTOBUF_C_TYPE_STRING ? BR_READ_TEXT : BR_READ_NUMBER;
}

/* What a text that the operator wrote stands for in this field. False: it cannot be. */
static bool make_target(struct maker *maker, const struct br_mapped *mapped, const char *text,
                        struct br_rule *rule)
{
    struct br_value value = br_value_of_text(br_view_of(text));
    const ProtobufCEnumValue *word;
    bool flag = false;
    switch (mapped->reader) {
    case BR_READ_NUMBER:
        return br_value_number(&value, &rule->number);
    case BR_READ_FLAG:
        if (!br_value_flag(&value, &flag))
            return false;
        rule->number = flag;
        return true;
    case BR_READ_OPEN:
        if (!br_value_flag(&value, &flag))
            return false;
        rule->number = flag ? BRUIS__V1__PARKING__STATE__open : BRUIS__V1__PARKING__STATE__closed;
        return true;
    case BR_READ_WORD:
        word = protobuf_c_enum_descriptor_get_value_by_name(mapped->target->descriptor, text);
        rule->number = word ? word->value : 0;
        return word != NULL;
    case BR_READ_TEXT:
        rule->text = keep(maker, text);
        return text[0] != '\0';
    }
    return false;
}

static const char *target_name(enum br_reader reader)
{
    static const char *const names[] = {"number", "true or false", "true or false", "word of this field",
                                        "text"};
    return names[reader];
}

static void add_rule(struct maker *maker, struct br_mapped *mapped, const char *from, unsigned line,
                     const char *key, const char *target)
{
    struct br_rule rule = {.from = br_view_of(keep(maker, from))};
    if (!target || !make_target(maker, mapped, target, &rule))
        br_faults_add(maker->faults, NULL, line, key, "'%s' is no %s", target ? target : "",
                      target_name(mapped->reader));
    for (size_t i = 0; i < mapped->rule_count; i++)
        if (br_view_equal(mapped->rules[i].from, rule.from))
            br_faults_add(maker->faults, NULL, line, key, "'%s' is told twice", from);
    mapped->rules[mapped->rule_count++] = rule;
}

/* `true: [open]`, or one word without brackets. */
static void add_words(struct maker *maker, struct br_mapped *mapped, const struct br_node *words,
                      const char *key, const char *target)
{
    if (!words)
        return;
    char dotted[KEY_SIZE];
    dot(dotted, key, target);
    if (mapped->reader != BR_READ_FLAG && mapped->reader != BR_READ_OPEN) {
        br_faults_add(maker->faults, NULL, words->line, dotted, "is for open and full; use map here");
        return;
    }
    size_t count = words->type == BR_NODE_LIST ? words->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct br_node *word = words->type == BR_NODE_LIST ? words->values[i] : words;
        const char *text = br_node_text(word);
        if (text)
            add_rule(maker, mapped, text, word->line, dotted, target);
        else
            br_faults_add(maker->faults, NULL, word->line, dotted, "must be a list of words");
    }
}

static void add_map(struct maker *maker, struct br_mapped *mapped, const struct br_node *map, const char *key)
{
    if (!map)
        return;
    char dotted[KEY_SIZE];
    dot(dotted, key, "map");
    if (mapped->reader == BR_READ_FLAG || mapped->reader == BR_READ_OPEN)
        br_faults_add(maker->faults, NULL, map->line, dotted,
                      "is for words and numbers; use true and false here");
    else if (map->type != BR_NODE_MAP)
        br_faults_add(maker->faults, NULL, map->line, dotted, "must be a map: {word of the source: value}");
    else
        for (size_t i = 0; i < map->count; i++)
            add_rule(maker, mapped, map->keys[i], map->key_lines[i], dotted, br_node_text(map->values[i]));
}

static void make_unit(struct maker *maker, struct br_mapped *mapped, const struct br_node *unit,
                      const char *key)
{
    if (!unit)
        return;
    char dotted[KEY_SIZE];
    dot(dotted, key, "unit");
    const char *text = br_node_text(unit), *names = br_unit_names(mapped->field->dimension);
    mapped->unit = text ? br_unit_find(text, mapped->field->dimension) : NULL;
    if (names[0] == '\0')
        br_faults_add(maker->faults, NULL, unit->line, dotted, "this field has no unit");
    else if (!mapped->unit)
        br_faults_add(maker->faults, NULL, unit->line, dotted, "'%s' is none of %s", text ? text : "", names);
}

static size_t words_count(const struct br_node *node)
{
    return !node ? 0 : node->type == BR_NODE_SCALAR ? 1 : node->count;
}

/* A value in its long form: {at, unit, true, false, map}. */
static void make_long(struct maker *maker, struct br_mapped *mapped, const struct br_node *node,
                      const char *key)
{
    static const char *const known[] = {"at", "unit", "true", "false", "map", NULL};
    const struct br_node *at = br_node_get(node, "at"), *map = br_node_get(node, "map");
    const struct br_node *yes = br_node_get(node, "true"), *no = br_node_get(node, "false");
    char dotted[KEY_SIZE];
    dot(dotted, key, "at");
    check_keys(maker, node, key, known);
    if (at)
        make_source(maker, at, dotted, &mapped->source);
    else
        br_faults_add(maker->faults, NULL, node->line, dotted, "is missing");
    size_t count = words_count(yes) + words_count(no) + words_count(map);
    mapped->rules = br_arena_alloc(maker->mapping->arena, (count + 1) * sizeof *mapped->rules);
    if (!mapped->rules)
        return;
    make_unit(maker, mapped, br_node_get(node, "unit"), key);
    add_words(maker, mapped, yes, key, "true");
    add_words(maker, mapped, no, key, "false");
    add_map(maker, mapped, map, key);
}

static void check_constant(struct maker *maker, const struct br_mapped *mapped, unsigned line,
                           const char *key)
{
    struct br_rule rule;
    if (mapped->source.kind != BR_SOURCE_CONST || mapped->rule_count > 0)
        return;
    if (!make_target(maker, mapped, mapped->source.at, &rule))
        br_faults_add(maker->faults, NULL, line, key, "'%s' is no %s", mapped->source.at,
                      target_name(mapped->reader));
}

static void make_value(struct maker *maker, const struct br_field *field, const struct br_node *node,
                       unsigned line, const char *key)
{
    struct br_mapping *mapping = maker->mapping;
    struct br_mapped mapped = {.field = field, .target = br_fields_target(maker->fields, field)};
    mapped.reader = reader_of(field, mapped.target);
    for (size_t i = 0; i < mapping->value_count; i++)
        if (mapping->values[i].target == mapped.target)
            br_faults_add(maker->faults, NULL, line, key, "open and state cannot both be mapped");
    if (node->type == BR_NODE_MAP)
        make_long(maker, &mapped, node, key);
    else
        make_source(maker, node, key, &mapped.source);
    check_constant(maker, &mapped, node->line, key);
    mapping->values[mapping->value_count++] = mapped;
}

static void make_values(struct maker *maker, const struct br_node *values)
{
    if (!values || values->type != BR_NODE_MAP || values->count == 0) {
        br_faults_add(maker->faults, NULL, values ? values->line : 0, "values",
                      "must be a map of fields: {vacant: /free}");
        return;
    }
    maker->mapping->values =
        br_arena_alloc(maker->mapping->arena, values->count * sizeof *maker->mapping->values);
    for (size_t i = 0; i < values->count && maker->mapping->values; i++) {
        const struct br_field *field = br_fields_find(maker->fields, values->keys[i]);
        char dotted[KEY_SIZE];
        dot(dotted, "values", values->keys[i]);
        if (field)
            make_value(maker, field, values->values[i], values->key_lines[i], dotted);
        else
            br_faults_add(maker->faults, NULL, values->key_lines[i], dotted, "is no field of the domain %s",
                          maker->fields->word);
    }
}

static void make_time_form(struct maker *maker, const struct br_node *format)
{
    static const char *const forms[] = {"rfc3339", "epoch_s", "epoch_ms", "local"};
    const char *text = br_node_text(format);
    for (size_t i = 0; text && i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i], text) != 0)
            continue;
        maker->mapping->time_form = (enum br_time_form)i;
        if (i == BR_TIME_LOCAL && !maker->mapping->zone)
            br_faults_add(maker->faults, NULL, format->line, "observed_at.format",
                          "local needs the option timezone");
        return;
    }
    br_faults_add(maker->faults, NULL, format->line, "observed_at.format",
                  "'%s' is none of rfc3339|epoch_s|epoch_ms|local", text ? text : "");
}

static void make_time(struct maker *maker, const struct br_node *observed_at)
{
    static const char *const known[] = {"at", "format", NULL};
    if (!observed_at)
        return;
    if (observed_at->type != BR_NODE_MAP) {
        br_faults_add(maker->faults, NULL, observed_at->line, "observed_at",
                      "must be a map: {at: /updated, format: rfc3339}");
        return;
    }
    check_keys(maker, observed_at, "observed_at", known);
    const struct br_node *at = br_node_get(observed_at, "at"), *format = br_node_get(observed_at, "format");
    struct br_source *source = &maker->mapping->observed_at;
    if (!at)
        br_faults_add(maker->faults, NULL, observed_at->line, "observed_at.at", "is missing");
    else if (make_source(maker, at, "observed_at.at", source) && source->kind == BR_SOURCE_CONST)
        br_faults_add(maker->faults, NULL, at->line, "observed_at.at", "a constant is no time");
    if (format)
        make_time_form(maker, format);
}

static void make_place(struct maker *maker, const struct br_node *lat, const struct br_node *lon)
{
    if (lat)
        make_source(maker, lat, "lat", &maker->mapping->lat);
    if (lon)
        make_source(maker, lon, "lon", &maker->mapping->lon);
    if (!lat != !lon)
        br_faults_add(maker->faults, NULL, (lat ? lat : lon)->line, lat ? "lat" : "lon",
                      "lat and lon need each other");
}

static void make_all(struct maker *maker)
{
    const struct br_node *options = maker->setup->options;
    const struct br_node *items = br_node_get(options, "items"), *sensor = br_node_get(options, "sensor");
    const char *pointer = br_node_text(items), *zone = br_node_text(br_node_get(options, "timezone"));
    const char *domain = br_node_text(br_node_get(options, "domain"));
    maker->fields = domain ? br_fields_of(domain) : NULL;
    if (!maker->fields || !sensor) {
        br_faults_add(maker->faults, NULL, options ? options->line : 0, "domain",
                      "domain and sensor are needed");
        return;
    }
    maker->mapping->fields = maker->fields;
    maker->mapping->items = pointer ? keep(maker, pointer) : NULL;
    if (pointer)
        check_pointer(maker, items->line, "items", pointer);
    if (zone)
        maker->mapping->zone = maker->setup->zone(maker->setup->context, zone);
    make_source(maker, sensor, "sensor", &maker->mapping->sensor);
    make_time(maker, br_node_get(options, "observed_at"));
    make_place(maker, br_node_get(options, "lat"), br_node_get(options, "lon"));
    make_values(maker, br_node_get(options, "values"));
}

struct br_mapping *br_mapping_open(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    size_t faults_before = br_faults_count(faults);
    struct br_arena *arena = br_arena_open(4096, 0);
    struct br_mapping *mapping = arena ? br_arena_alloc(arena, sizeof *mapping) : NULL;
    if (mapping) {
        struct maker maker = {.mapping = mapping, .setup = setup, .faults = faults};
        mapping->arena = arena;
        make_all(&maker);
    }
    if (!mapping || br_arena_full(arena))
        br_faults_add(faults, NULL, 0, NULL, "out of memory");
    if (br_faults_count(faults) == faults_before)
        return mapping;
    br_arena_close(arena);
    return NULL;
}

void br_mapping_close(struct br_mapping *mapping)
{
    if (mapping)
        br_arena_close(mapping->arena);
}
