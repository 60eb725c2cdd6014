/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Trees: values in flow style, dotted keys, limits of a document; and the values' own parsers where a file
 * cannot tell them apart. */
#include "daemon/config.h"

#include "daemon/config/node.h"
#include "daemon/config/parse.h"
#include "daemon/config/value.h"

#include "tests/unit/unit.h"

static struct br_node *good_flow(const char *text)
{
    struct br_faults *faults = br_faults_open();
    struct br_node *node = br_node_flow(text, faults);
    ck_assert_uint_eq(br_faults_count(faults), 0);
    ck_assert_ptr_nonnull(node);
    br_faults_close(faults);
    return node;
}

static const char *text_at(const struct br_node *map, const char *key)
{
    return br_node_text(br_node_get(map, key));
}

START_TEST(flow_of_scalars)
{
    static const char *const same[] = {"topic:2", "/facilities", "Europe/Amsterdam",
                                       "const:2020-01-01T00:00:00Z", "a b"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct br_node *node = good_flow(same[i]);
        ck_assert_str_eq(br_node_text(node), same[i]);
        ck_assert(!node->quoted);
        br_node_close(node);
    }
    struct br_node *node = good_flow("'~'");
    ck_assert_str_eq(br_node_text(node), "~");
    ck_assert(node->quoted);
    br_node_close(node);
    node = good_flow("");
    ck_assert_int_eq(node->type, BR_NODE_SCALAR);
    ck_assert_ptr_null(br_node_text(node));
    br_node_close(node);
}
END_TEST

START_TEST(flow_of_maps)
{
    struct br_node *node = good_flow("{at: /state, true: [open, vrij], 'false': []}");
    ck_assert_uint_eq(node->count, 3);
    ck_assert_str_eq(text_at(node, "at"), "/state");
    ck_assert_uint_eq(br_node_get(node, "true")->count, 2);
    ck_assert_str_eq(br_node_get(node, "true")->values[1]->text, "vrij");
    ck_assert_int_eq(br_node_get(node, "false")->type, BR_NODE_LIST);
    ck_assert_ptr_null(br_node_get(node, "state"));
    br_node_close(node);
}
END_TEST

START_TEST(flow_faults)
{
    static const char *const bad[] = {"a: b",         "- a",  "{a: b",   "[a",       "{a: 1, a: 2}", "*x",
                                      "--- a\n--- b", "!t a", "\"\\0\"", "{[a]: b}", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct br_faults *faults = br_faults_open();
        ck_assert_msg(!br_node_flow(bad[i], faults), "%s", bad[i]);
        ck_assert_uint_ge(br_faults_count(faults), 1);
        br_faults_close(faults);
    }
}
END_TEST

START_TEST(dotted_keys)
{
    struct br_faults *faults = br_faults_open();
    struct br_node *map = br_node_map();
    ck_assert(br_node_set(map, "domain", good_flow("parking"), faults));
    ck_assert(br_node_set(map, "observed_at.at", good_flow("/ts"), faults));
    ck_assert(br_node_set(map, "observed_at.format", good_flow("epoch_s"), faults));
    ck_assert(br_node_set(map, "values", good_flow("{vacant: /free}"), faults));
    ck_assert(br_node_set(map, "values.capacity", good_flow("/total"), faults));
    ck_assert(br_node_set(map, "a.b.c.d", good_flow("e"), faults));
    ck_assert_uint_eq(br_faults_count(faults), 0);
    ck_assert_str_eq(text_at(map, "domain"), "parking");
    ck_assert_str_eq(text_at(br_node_get(map, "observed_at"), "at"), "/ts");
    ck_assert_str_eq(text_at(br_node_get(map, "observed_at"), "format"), "epoch_s");
    ck_assert_str_eq(text_at(br_node_get(map, "values"), "vacant"), "/free");
    ck_assert_str_eq(text_at(br_node_get(map, "values"), "capacity"), "/total");
    br_node_close(map);
    br_faults_close(faults);
}
END_TEST

START_TEST(dotted_key_faults)
{
    static const char *const bad[] = {"domain", "domain.x", "", ".", "a.", ".a", "a..b"};
    struct br_faults *faults = br_faults_open();
    struct br_node *map = br_node_map();
    ck_assert(br_node_set(map, "domain", good_flow("parking"), faults));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!br_node_set(map, bad[i], good_flow("x"), faults), "%s", bad[i]);
        ck_assert_uint_eq(br_faults_count(faults), i + 1);
    }
    ck_assert_uint_eq(map->count, 1);
    char deep[200];
    for (size_t i = 0; i < sizeof deep - 1; i++)
        deep[i] = i % 2 ? '.' : 'a';
    deep[sizeof deep - 2] = '\0';
    ck_assert(!br_node_set(map, deep, good_flow("x"), faults));
    br_node_close(map);
    br_faults_close(faults);
}
END_TEST

static struct br_node *parse(const char *text, size_t *fault_count)
{
    struct br_faults *faults = br_faults_open();
    struct br_node *root = br_config_parse(text, strlen(text), faults);
    *fault_count = br_faults_count(faults);
    br_faults_close(faults);
    return root;
}

START_TEST(lines_of_nodes)
{
    size_t fault_count;
    struct br_node *root = parse("a: 1\nb:\n  c:\n    d\ne: &x [1,\n 2]\nf: *x\n", &fault_count);
    ck_assert_uint_eq(fault_count, 0);
    ck_assert_uint_eq(br_node_key_line(root, "b"), 2);
    const struct br_node *b = br_node_get(root, "b");
    ck_assert_uint_eq(b->line, 3);
    ck_assert_uint_eq(br_node_get(b, "c")->line, 4);
    ck_assert_uint_eq(br_node_get(root, "e")->values[1]->line, 6);
    ck_assert_uint_eq(br_node_get(root, "f")->count, 2);
    ck_assert_uint_eq(br_node_key_line(root, "f"), 7);
    ck_assert_uint_eq(br_node_key_line(root, "g"), 0);
    br_node_close(root);
}
END_TEST

START_TEST(first_of_repeated_keys_stays)
{
    size_t fault_count;
    struct br_node *root = parse("a: 1\na: 2\nb: {c: 1, c: 2}\n", &fault_count);
    ck_assert_uint_eq(fault_count, 2);
    ck_assert_uint_eq(root->count, 2);
    ck_assert_str_eq(text_at(root, "a"), "1");
    ck_assert_str_eq(text_at(br_node_get(root, "b"), "c"), "1");
    br_node_close(root);
}
END_TEST

/* Ten lists, each of ten aliases of the one before: ten thousand million values from 300 bytes. */
START_TEST(aliases_do_not_explode)
{
    char text[2048] = "a0: &a0 x\n";
    size_t fault_count;
    for (int i = 1; i <= 10; i++) {
        size_t size = strlen(text);
        snprintf(text + size, sizeof text - size,
                 "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    ck_assert_ptr_null(parse(text, &fault_count));
    ck_assert_uint_eq(fault_count, 1);
    ck_assert_ptr_null(parse("&a [*a]\n", &fault_count));
    ck_assert_uint_eq(fault_count, 1);
}
END_TEST

/* Every cut of a document, and every byte of it changed: nothing crashes, and either a tree comes or a fault.
 */
START_TEST(broken_documents)
{
    static const char text[] =
        "a: &x {b: [1, 'two', \"thr\\x65e\"], c: |\n  text\n}\nd: *x\n? e\n: - f\n  - g: ~\n";
    char broken[sizeof text];
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (int byte = 0; byte < 256; byte += 5) {
            size_t fault_count;
            memcpy(broken, text, sizeof text);
            broken[i] = (char)byte;
            struct br_node *root = parse(broken, &fault_count);
            ck_assert(root || fault_count > 0);
            br_node_close(root);
        }
}
END_TEST

START_TEST(texts_of_numbers)
{
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = {{0, "0s"},      {1, "1ms"},      {1500, "1500ms"}, {60000, "1m"},
                 {90000, "90s"}, {3600000, "1h"}, {172800000, "2d"}};
    char text[BR_VALUE_TEXT_SIZE], why[BR_WHY_SIZE];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t ms;
        br_config_duration_text(table[i].ms, text);
        ck_assert_str_eq(text, table[i].text);
        ck_assert(br_config_duration(text, &ms, why));
        ck_assert_int_eq(ms, table[i].ms);
    }
    br_config_size_text(INT64_C(3) << 20, text);
    ck_assert_str_eq(text, "3MiB");
    br_config_size_text(1000, text);
    ck_assert_str_eq(text, "1000B");
}
END_TEST

START_TEST(ratios)
{
    static const struct {
        const char *text;
        int64_t ratio; /* -1: none */
    } table[] = {{"0", 0},          {"1", 10000}, {"0.5", 5000}, {"0.05", 500}, {"0.0001", 1},
                 {"1.0000", 10000}, {".5", -1},   {"0.", -1},    {"", -1},      {"0.00001", -1},
                 {"-0.5", -1},      {"0.5x", -1}, {"1e-1", -1}};
    char why[BR_WHY_SIZE];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t ratio = -1;
        bool good = br_config_ratio(table[i].text, &ratio, why);
        ck_assert_msg(good == (table[i].ratio >= 0), "%s", table[i].text);
        ck_assert(!good || ratio == table[i].ratio);
    }
}
END_TEST

static const char *nearest(const char *word, const char *const *candidates)
{
    struct br_config_nearest best = {.word = word};
    for (; *candidates; candidates++)
        br_config_nearest_try(&best, *candidates);
    return best.best;
}

START_TEST(nearest_words)
{
    static const char *const words[] = {"interval", "lateness", "qos", "max_payload", "max_unpacked", NULL};
    ck_assert_str_eq(nearest("intervall", words), "interval");
    ck_assert_str_eq(nearest("intrevla", words), "interval");
    ck_assert_str_eq(nearest("qso", words), "qos");
    ck_assert_str_eq(nearest("max_playload", words), "max_payload");
    ck_assert_ptr_null(nearest("q", words));
    ck_assert_ptr_null(nearest("interrupt", words));
    ck_assert_ptr_null(nearest("", words));
    ck_assert_ptr_null(nearest("a-word-that-is-far-longer-than-any-key-could-ever-be", words));
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, flow_of_scalars);
    tcase_add_test(tcase, flow_of_maps);
    tcase_add_test(tcase, flow_faults);
    tcase_add_test(tcase, dotted_keys);
    tcase_add_test(tcase, dotted_key_faults);
    tcase_add_test(tcase, lines_of_nodes);
    tcase_add_test(tcase, first_of_repeated_keys_stays);
    tcase_add_test(tcase, aliases_do_not_explode);
    tcase_add_test(tcase, broken_documents);
    tcase_add_test(tcase, texts_of_numbers);
    tcase_add_test(tcase, ratios);
    tcase_add_test(tcase, nearest_words);
}

UNIT_MAIN("config_node", tests)
