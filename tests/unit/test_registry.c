/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/registry.h"

#include "tests/unit/unit.h"

/* An adapter that takes one option of each type. */
static const struct br_option options[] = {
    {"sensor", BR_OPTION_TEXT, true, NULL, "where the sensor's name is"},
    {"domain", BR_OPTION_WORD, true, "parking|traffic|pedestrian", "what it measures"},
    {"raw", BR_OPTION_FLAG, false, NULL, "as it comes"},
    {"timezone", BR_OPTION_ZONE, false, NULL, "of local times"},
    {"site_table", BR_OPTION_FILE, false, NULL, "a table of sites"},
    {"values", BR_OPTION_TREE, false, NULL, "checked by open"},
    {NULL, BR_OPTION_TEXT, false, NULL, NULL},
};

static int instance;

static void *open_any(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    if (br_node_get(setup->options, "values")) {
        br_faults_add(faults, NULL, 1, "values", "not today");
        return NULL;
    }
    return &instance;
}

static const struct br_adapter any = {.name = "any", .options = options, .open = open_any};
static const struct br_adapter plain = {.name = "plain", .open = open_any};

static const struct br_zone *zone_of(void *context, const char *name)
{
    return strcmp(name, "Europe/Amsterdam") == 0 ? context : NULL;
}

/* A tree of the children's making: `add` puts a child behind the others. */
static struct br_node *node_new(enum br_node_type type, unsigned line)
{
    struct br_node *node = calloc(1, sizeof *node);
    node->type = type;
    node->line = line;
    return node;
}

static struct br_node *scalar(unsigned line, const char *text, bool quoted)
{
    struct br_node *node = node_new(BR_NODE_SCALAR, line);
    node->text = strdup(text);
    node->quoted = quoted;
    return node;
}

static void add(struct br_node *map, const char *key, struct br_node *value)
{
    size_t count = map->count + 1;
    map->values = realloc(map->values, count * sizeof(struct br_node *));
    map->keys = realloc(map->keys, count * sizeof(char *));
    map->key_lines = realloc(map->key_lines, count * sizeof(unsigned));
    map->values[map->count] = value;
    map->keys[map->count] = strdup(key);
    map->key_lines[map->count] = value->line;
    map->count = count;
}

/* A map with both required options, on lines 11 and 12. */
static struct br_node *good_map(void)
{
    struct br_node *map = node_new(BR_NODE_MAP, 10);
    add(map, "sensor", scalar(11, "topic:2", false));
    add(map, "domain", scalar(12, "parking", false));
    return map;
}

/* Opens with these options, closes them, and compares the faults; the instance that came out. */
static void *open_with(const struct br_adapter *adapter, struct br_node *map, const char *expected)
{
    static const char zone[] = "a zone";
    struct br_adapter_setup setup = {.options = map, .zone = zone_of, .context = (void *)(uintptr_t)zone};
    struct br_faults *faults = br_faults_open();
    br_faults_file(faults, "f");
    void *self = br_adapter_open(adapter, &setup, 9, faults);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    br_faults_print(faults, to);
    fclose(to);
    ck_assert_str_eq(text, expected);
    free(text);
    br_faults_close(faults);
    br_node_close(map);
    return self;
}

START_TEST(all_adapters_are_listed)
{
    size_t count = 0;
    const struct br_adapter *const *all = br_adapters(&count);
    ck_assert_uint_ge(count, 4);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(all[i]->name);
        ck_assert_ptr_nonnull(all[i]->domains);
        ck_assert_ptr_nonnull(all[i]->format);
        ck_assert(all[i]->open && all[i]->decode && all[i]->close);
        ck_assert_ptr_eq(br_adapter_find(all[i]->name), all[i]);
        ck_assert(i == 0 || strcmp(all[i - 1]->name, all[i]->name) < 0);
    }
    ck_assert_ptr_eq(br_adapter_find("json"), &br_adapter_json);
    ck_assert_ptr_eq(br_adapter_find("spdp"), &br_adapter_spdp);
    ck_assert_ptr_eq(br_adapter_find("datex2"), &br_adapter_datex2);
    ck_assert_ptr_eq(br_adapter_find("cmsa"), &br_adapter_cmsa);
    ck_assert_ptr_null(br_adapter_find("JSON"));
    ck_assert_ptr_null(br_adapter_find(""));
}
END_TEST

/* The schemas themselves: what br_adapter_open relies on. */
START_TEST(schemas_are_sound)
{
    size_t count = 0;
    const struct br_adapter *const *all = br_adapters(&count);
    for (size_t i = 0; i < count; i++)
        for (const struct br_option *option = all[i]->options; option && option->key; option++) {
            ck_assert_msg(option->help && option->help[0], "%s %s", all[i]->name, option->key);
            ck_assert_msg((option->type == BR_OPTION_WORD) == (option->words != NULL), "%s %s", all[i]->name,
                          option->key);
            for (const struct br_option *other = all[i]->options; other != option; other++)
                ck_assert_str_ne(other->key, option->key);
        }
}
END_TEST

START_TEST(good_options_open)
{
    ck_assert_ptr_eq(open_with(&any, good_map(), ""), &instance);
    struct br_node *map = good_map();
    add(map, "raw", scalar(13, "true", false));
    add(map, "timezone", scalar(14, "Europe/Amsterdam", false));
    add(map, "site_table", scalar(15, "sites.xml", true));
    ck_assert_ptr_eq(open_with(&any, map, ""), &instance);
    ck_assert_ptr_eq(open_with(&plain, NULL, ""), &instance);
    ck_assert_ptr_eq(open_with(&plain, node_new(BR_NODE_MAP, 3), ""), &instance);
}
END_TEST

START_TEST(missing_options_are_told)
{
    ck_assert_ptr_null(open_with(&any, NULL,
                                 "f:9: sensor: is missing; adapter any needs it\n"
                                 "f:9: domain: is missing; adapter any needs it\n"));
    struct br_node *map = node_new(BR_NODE_MAP, 10);
    add(map, "sensor", scalar(11, "", true)); /* an empty text was given */
    ck_assert_ptr_null(open_with(&any, map, "f:9: domain: is missing; adapter any needs it\n"));
}
END_TEST

START_TEST(unknown_options_are_told)
{
    struct br_node *map = good_map();
    add(map, "Sensor", scalar(13, "x", false));
    add(map, "values.vacant", scalar(14, "x", false));
    ck_assert_ptr_null(open_with(&any, map,
                                 "f:13: Sensor: is no option of adapter any\n"
                                 "f:14: values.vacant: is no option of adapter any\n"));
    map = node_new(BR_NODE_MAP, 10);
    add(map, "sensor", scalar(11, "x", false));
    ck_assert_ptr_null(open_with(&plain, map, "f:11: sensor: is no option of adapter plain\n"));
    ck_assert_ptr_null(open_with(&plain, node_new(BR_NODE_LIST, 3), "f:3: options: must be a map\n"));
    ck_assert_ptr_null(open_with(&plain, scalar(3, "x", false), "f:3: options: must be a map\n"));
}
END_TEST

static void check_bad(const char *key, struct br_node *value, const char *what)
{
    struct br_node *map = good_map();
    add(map, key, value);
    char expected[200];
    snprintf(expected, sizeof expected, "f:13: %s: %s\n", key, what);
    ck_assert_ptr_null(open_with(&any, map, expected));
}

START_TEST(values_of_a_wrong_type_are_told)
{
    check_bad("raw", scalar(13, "yes", false), "'yes' is neither true nor false");
    check_bad("raw", scalar(13, "True", false), "'True' is neither true nor false");
    check_bad("raw", scalar(13, "true", true), "'true' is neither true nor false");
    check_bad("raw", scalar(13, "", false), "has no value");
    check_bad("raw", scalar(13, "~", false), "has no value");
    check_bad("raw", node_new(BR_NODE_LIST, 13), "must be one value, not a list");
    check_bad("timezone", scalar(13, "Europe/Atlantis", false),
              "'Europe/Atlantis' is no time zone known here");
    check_bad("timezone", node_new(BR_NODE_MAP, 13), "must be one value, not a map");
    check_bad("site_table", scalar(13, "", true), "no file is named");
    check_bad("site_table", node_new(BR_NODE_MAP, 13), "must be one value, not a map");
    check_bad("values", scalar(13, "null", false), "has no value");
}
END_TEST

START_TEST(words_are_whole)
{
    static const char *const bads[] = {"park", "parking|traffic", "Parking", "parkings",
                                       "|",    "walking",         " traffic"};
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct br_node *map = node_new(BR_NODE_MAP, 10);
        char expected[200];
        add(map, "sensor", scalar(11, "x", false));
        add(map, "domain", scalar(12, bads[i], false));
        snprintf(expected, sizeof expected, "f:12: domain: '%s' is none of parking|traffic|pedestrian\n",
                 bads[i]);
        ck_assert_ptr_null(open_with(&any, map, expected));
    }
    static const char *const goods[] = {"parking", "traffic", "pedestrian"};
    for (size_t i = 0; i < 3; i++) {
        struct br_node *map = node_new(BR_NODE_MAP, 10);
        add(map, "sensor", scalar(11, "x", false));
        add(map, "domain", scalar(12, goods[i], i == 1));
        ck_assert_ptr_eq(open_with(&any, map, ""), &instance);
    }
    struct br_node *map = node_new(BR_NODE_MAP, 10);
    add(map, "sensor", scalar(11, "x", false));
    add(map, "domain", scalar(12, "", true));
    ck_assert_ptr_null(open_with(&any, map, "f:12: domain: '' is none of parking|traffic|pedestrian\n"));
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
    struct br_node *map = node_new(BR_NODE_MAP, 10);
    add(map, "raw", scalar(13, "1", false));
    add(map, "domain", scalar(12, "x", false));
    add(map, "colour", scalar(11, "x", false));
    ck_assert_ptr_null(open_with(&any, map,
                                 "f:9: sensor: is missing; adapter any needs it\n"
                                 "f:11: colour: is no option of adapter any\n"
                                 "f:12: domain: 'x' is none of parking|traffic|pedestrian\n"
                                 "f:13: raw: '1' is neither true nor false\n"));
}
END_TEST

START_TEST(a_tree_is_the_adapters_own)
{
    struct br_node *map = good_map(), *values = node_new(BR_NODE_MAP, 13);
    add(values, "vacant", scalar(14, "/free", false));
    add(map, "values", values);
    ck_assert_ptr_null(open_with(&any, map, "f:1: values: not today\n"));
}
END_TEST

START_TEST(without_a_finder_no_zone_is_known)
{
    struct br_node *map = good_map();
    add(map, "timezone", scalar(13, "Europe/Amsterdam", false));
    struct br_adapter_setup setup = {.options = map};
    struct br_faults *faults = br_faults_open();
    ck_assert_ptr_null(br_adapter_open(&any, &setup, 9, faults));
    ck_assert_uint_eq(br_faults_count(faults), 1);
    br_faults_close(faults);
    br_node_close(map);
}
END_TEST

START_TEST(nodes_are_found_and_read)
{
    struct br_node *map = good_map();
    ck_assert_str_eq(br_node_text(br_node_get(map, "sensor")), "topic:2");
    ck_assert_ptr_null(br_node_get(map, "senso"));
    ck_assert_ptr_null(br_node_get(br_node_get(map, "sensor"), "x"));
    ck_assert_ptr_null(br_node_get(NULL, "x"));
    ck_assert_ptr_null(br_node_text(NULL));
    ck_assert_ptr_null(br_node_text(map));
    br_node_close(map);
    br_node_close(NULL);
    static const char *const nulls[] = {"", "~", "null"};
    for (size_t i = 0; i < 3; i++) {
        struct br_node *node = scalar(1, nulls[i], false);
        ck_assert_ptr_null(br_node_text(node));
        node->quoted = true;
        ck_assert_str_eq(br_node_text(node), nulls[i]);
        br_node_close(node);
    }
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, all_adapters_are_listed);
    tcase_add_test(tcase, schemas_are_sound);
    tcase_add_test(tcase, good_options_open);
    tcase_add_test(tcase, missing_options_are_told);
    tcase_add_test(tcase, unknown_options_are_told);
    tcase_add_test(tcase, values_of_a_wrong_type_are_told);
    tcase_add_test(tcase, words_are_whole);
    tcase_add_test(tcase, all_faults_are_told_at_once);
    tcase_add_test(tcase, a_tree_is_the_adapters_own);
    tcase_add_test(tcase, without_a_finder_no_zone_is_known);
    tcase_add_test(tcase, nodes_are_found_and_read);
}

UNIT_MAIN("registry", tests)
