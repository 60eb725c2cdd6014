/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/json.h"
#include "adapters/value.h"

#include "tests/unit/unit.h"

#include <zlib.h>

static struct br_json *json;
static char *kept;
static const char *error;

static void setup(void)
{
    json = br_json_open();
    ck_assert_ptr_nonnull(json);
}

static void teardown(void)
{
    br_json_close(json);
    free(kept);
    kept = NULL;
}

static bool try_bytes(const char *data, size_t size, struct br_json_value *root)
{
    free(kept);
    kept = malloc(size + BR_PADDING);
    memcpy(kept, data, size);
    memset(kept + size, '7', BR_PADDING);
    return br_json_parse(json, (struct br_view){kept, size}, root, &error);
}

static struct br_json_value parse(const char *text)
{
    struct br_json_value root;
    ck_assert_msg(try_bytes(text, strlen(text), &root), "%s: %s", text, error);
    return root;
}

static void ck_string(struct br_json_value value, const char *expected)
{
    struct br_view text;
    ck_assert(br_json_string(value, &text));
    ck_assert_msg(br_view_is(text, expected), "%.*s is not %s", (int)text.size, text.data, expected);
}

START_TEST(tells_types)
{
    struct br_json_value root = parse("[null,true,1,1.5,18446744073709551615,\"a\",[],{}]");
    static const enum br_json_type types[] = {BR_JSON_NULL,   BR_JSON_BOOL,   BR_JSON_NUMBER, BR_JSON_NUMBER,
                                              BR_JSON_NUMBER, BR_JSON_STRING, BR_JSON_ARRAY,  BR_JSON_OBJECT};
    struct br_json_list list = br_json_list_of(root);
    struct br_json_value element;
    size_t count = 0;
    for (; br_json_list_next(&list, &element); count++)
        ck_assert_int_eq(br_json_type(element), types[count]);
    ck_assert_uint_eq(count, 8);
    ck_assert(!br_json_list_next(&list, &element));
    ck_assert_int_eq(br_json_type((struct br_json_value){0}), BR_JSON_ABSENT);
}
END_TEST

START_TEST(reads_scalars)
{
    struct br_json_value root = parse(" 17 ");
    double number = 0;
    int64_t integer = 0;
    bool flag = false;
    struct br_view text;
    ck_assert(br_json_number(root, &number) && number > 16.9 && number < 17.1);
    ck_assert(br_json_integer(root, &integer));
    ck_assert_int_eq(integer, 17);
    ck_assert(!br_json_bool(root, &flag) && !br_json_string(root, &text));
    ck_assert(br_json_bool(parse("true"), &flag) && flag);
    ck_assert(!br_json_number(parse("true"), &number));
    ck_assert(!br_json_number(parse("\"17\""), &number));
    ck_assert(br_json_integer(parse("12.0"), &integer) && integer == 12);
    ck_assert(!br_json_integer(parse("12.5"), &integer));
    ck_assert(!br_json_integer(parse("18446744073709551615"), &integer));
    ck_assert(!br_json_integer(parse("1e300"), &integer));
    ck_assert(br_json_number(parse("-0.25e2"), &number) && number < -24.9 && number > -25.1);
}
END_TEST

START_TEST(finds_members)
{
    struct br_json_value root = parse("{\"a\":{\"B\":1},\"d\":\"x\",\"d\":\"y\"}");
    int64_t integer;
    ck_assert(br_json_integer(br_json_get(br_json_get(root, "a"), "B"), &integer));
    ck_assert_ptr_null(br_json_get(br_json_get(root, "a"), "b").document);
    ck_assert_ptr_nonnull(br_json_get_any_case(br_json_get_any_case(root, "A"), "b").document);
    ck_assert_ptr_null(br_json_get_any_case(root, "aa").document);
    ck_assert_ptr_null(br_json_get(br_json_get(root, "d"), "x").document);
    ck_assert_ptr_null(br_json_get((struct br_json_value){0}, "a").document);
    ck_string(br_json_get(root, "d"), "x");
}
END_TEST

/* The examples of RFC 6901 section 5. */
START_TEST(follows_pointers)
{
    struct br_json_value root =
        parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
              "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9,\"x~\":[10]}");
    static const struct {
        const char *pointer;
        int64_t number;
    } cases[] = {{"/", 0},     {"/a~1b", 1}, {"/c%d", 2},  {"/e^f", 3}, {"/g|h", 4},   {"/i\\j", 5},
                 {"/k\"l", 6}, {"/ ", 7},    {"/m~0n", 8}, {"/~01", 9}, {"/x~0/0", 10}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t number = -1;
        ck_assert_ptr_null(br_json_pointer_fault(cases[i].pointer));
        ck_assert_msg(br_json_integer(br_json_at(root, cases[i].pointer), &number), "%s", cases[i].pointer);
        ck_assert_int_eq(number, cases[i].number);
    }
    ck_string(br_json_at(root, "/foo/0"), "bar");
    ck_string(br_json_at(root, "/foo/1"), "baz");
    ck_assert_int_eq(br_json_type(br_json_at(root, "")), BR_JSON_OBJECT);
}
END_TEST

START_TEST(pointers_may_lead_nowhere)
{
    struct br_json_value root = parse("{\"a\":[1,2],\"b\":{\"\":[3]},\"m~\":1}");
    static const char *const nowhere[] = {"/c",    "/a/2", "/a/-", "/a/00", "/a/01",
                                          "/a/+1", "/a/",  "/a/x", "/a/0/", "/a/0/x",
                                          "/b//1", "/b/ ", "//",   "/m~1",  "/a/9999999999"};
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        ck_assert_msg(br_json_at(root, nowhere[i]).document == NULL, "%s", nowhere[i]);
    ck_assert_ptr_nonnull(br_json_at(root, "/b//0").document);
    ck_assert_ptr_null(br_json_at((struct br_json_value){0}, "/a").document);
    ck_assert_ptr_nonnull(br_json_pointer_fault("a"));
    ck_assert_ptr_nonnull(br_json_pointer_fault("/a~2"));
    ck_assert_ptr_nonnull(br_json_pointer_fault("/a~"));
    ck_assert_ptr_null(br_json_pointer_fault(""));
}
END_TEST

START_TEST(tells_why_it_is_no_json)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "empty"},
        {"   ", "empty"},
        {"{\"a\":1", "not well-formed, or cut short"},
        {"{\"a\":1}}", "not well-formed, or cut short"},
        {"[1,]", "not well-formed, or cut short"},
        {"hello", "not well-formed, or cut short"},
        {"[1,tru]", "a word that is none of true, false, null"},
        {"[1,\"abc]", "a string without an end"},
        {"[01]", "a number that is none, or beyond 64 bits"},
        {"[1e999]", "a number that is none, or beyond 64 bits"},
        {"[\"\\x\"]", "a string with a bad escape or a control character"},
        {"[\"\xff\"]", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct br_json_value root = {&root, 7};
        ck_assert_msg(!try_bytes(cases[i].text, strlen(cases[i].text), &root), "%s", cases[i].text);
        ck_assert_str_eq(error, cases[i].reason);
        ck_assert_ptr_null(root.document);
    }
    ck_assert_int_eq(br_json_type(parse("[1]")), BR_JSON_ARRAY); /* and the parser lives on */
}
END_TEST

START_TEST(nesting_has_a_limit)
{
    char deep[4096];
    struct br_json_value root;
    memset(deep, '[', 2048);
    memset(deep + 2048, ']', 2048);
    ck_assert(!try_bytes(deep, sizeof deep, &root));
    ck_assert_str_eq(error, "nested too deep");
    ck_assert(try_bytes(deep + 2048 - 500, 1000, &root));
}
END_TEST

START_TEST(never_reads_past_the_end)
{
    const char *whole = "{\"a\":[1.5,true,null,\"\\u00e9\\\\\"],\"b\":{\"c\":-12}}";
    struct br_json_value root;
    for (size_t size = 0; size < strlen(whole); size++)
        ck_assert_msg(!try_bytes(whole, size, &root), "the first %zu bytes", size);
    ck_assert(try_bytes(whole, strlen(whole), &root));
    ck_string(br_json_at(root, "/a/3"), "\xc3\xa9\\");
    double number;
    ck_assert(try_bytes("12", 2, &root) && br_json_number(root, &number) && number < 13);
}
END_TEST

START_TEST(passes_over_a_byte_order_mark)
{
    ck_assert_int_eq(br_json_type(parse("\xef\xbb\xbf{}")), BR_JSON_OBJECT);
    struct br_json_value root;
    ck_assert(!try_bytes("\xef\xbb\xbf", 3, &root));
}
END_TEST

/* A parser that grew for a large document gives the memory back, and works as before. */
START_TEST(small_after_large)
{
    size_t size = (size_t)3 << 20;
    char *large = malloc(size + BR_PADDING);
    memset(large, ' ', size + BR_PADDING);
    large[0] = '[';
    large[size - 1] = ']';
    struct br_json_value root;
    ck_assert(br_json_parse(json, (struct br_view){large, size}, &root, &error));
    ck_string(br_json_at(parse("{\"a\":\"b\"}"), "/a"), "b");
    ck_assert(br_json_parse(json, (struct br_view){large, size}, &root, &error));
    free(large);
}
END_TEST

START_TEST(sees_documents_in_strings)
{
    ck_assert(br_json_holds_document(parse("\"{\\\"a\\\":1}\"")));
    ck_assert(br_json_holds_document(parse("\" [1] \\n\"")));
    ck_assert(!br_json_holds_document(parse("\"open\"")));
    ck_assert(!br_json_holds_document(parse("\"\"")));
    ck_assert(!br_json_holds_document(parse("\"{\"")));
    ck_assert(!br_json_holds_document(parse("{}")));
}
END_TEST

static struct br_value text_value(const char *text)
{
    return br_value_of_text(br_view_of(text));
}

START_TEST(texts_are_numbers)
{
    static const struct {
        const char *text;
        double number;
    } good[] = {{"17", 17}, {" 17\n", 17}, {"-1", -1},    {"+5", 5},
                {"007", 7}, {"1.5", 1.5},  {"2e3", 2000}, {"0", 0}};
    static const char *const bad[] = {"",     "x",   "1x",  "1.",  ".5",    "1e", "inf", "nan",
                                      "0x10", "1,5", "1 2", "--1", "1e999", "-",  "+",   "1e+"};
    double number;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct br_value value = text_value(good[i].text);
        ck_assert_msg(br_value_number(&value, &number), "%s", good[i].text);
        ck_assert_double_eq(number, good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct br_value value = text_value(bad[i]);
        ck_assert_msg(!br_value_number(&value, &number), "%s", bad[i]);
    }
    struct br_value nul = br_value_of_text((struct br_view){"1\0"
                                                            "2",
                                                            3});
    ck_assert(!br_value_number(&nul, &number));
    char longest[100];
    memset(longest, '1', sizeof longest);
    struct br_value value = br_value_of_text((struct br_view){longest, sizeof longest});
    ck_assert(!br_value_number(&value, &number));
}
END_TEST

START_TEST(nothing_is_absent)
{
    ck_assert_int_eq(br_value_of_json(parse("null")).type, BR_VALUE_ABSENT);
    ck_assert_int_eq(br_value_of_json(parse("\"\"")).type, BR_VALUE_ABSENT);
    ck_assert_int_eq(br_value_of_json(parse("\"  \"")).type, BR_VALUE_ABSENT);
    ck_assert_int_eq(br_value_of_json((struct br_json_value){0}).type, BR_VALUE_ABSENT);
    ck_assert_int_eq(br_value_of_json(parse("{}")).type, BR_VALUE_OTHER);
    ck_assert_int_eq(br_value_of_json(parse("0")).type, BR_VALUE_NUMBER);
    ck_assert_int_eq(br_value_of_text((struct br_view){NULL, 0}).type, BR_VALUE_ABSENT);
}
END_TEST

START_TEST(flags_have_many_forms)
{
    static const char *const yes[] = {"true", "1", "\"1\"", "\"true\"", "1.0", "\" 1 \""};
    static const char *const no[] = {"false", "0", "\"0\"", "\"false\""};
    static const char *const none[] = {"2", "\"yes\"", "\"\"", "null", "[]", "0.5", "-1", "\"TRUE\""};
    bool flag;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        struct br_value value = br_value_of_json(parse(yes[i]));
        ck_assert_msg(br_value_flag(&value, &flag) && flag, "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        struct br_value value = br_value_of_json(parse(no[i]));
        ck_assert_msg(br_value_flag(&value, &flag) && !flag, "%s", no[i]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct br_value value = br_value_of_json(parse(none[i]));
        ck_assert_msg(!br_value_flag(&value, &flag), "%s", none[i]);
    }
}
END_TEST

START_TEST(names_are_texts_or_whole_numbers)
{
    char buffer[BR_VALUE_WORD_SIZE], longest[BR_NAME_MAX + 1];
    struct br_view name;
    struct br_value value = br_value_of_json(parse("9007199254740993"));
    ck_assert_ptr_null(br_value_name(&value, buffer, &name));
    ck_assert(br_view_is(name, "9007199254740993")); /* not through a double */
    value = br_value_of_json(parse("\"https://x/y z\""));
    ck_assert_ptr_null(br_value_name(&value, buffer, &name));
    ck_assert(br_view_is(name, "https://x/y z"));
    value = br_value_of_json(parse("\"a\\u0000b\""));
    ck_assert_str_eq(br_value_name(&value, buffer, &name), "holds a NUL");
    value = br_value_of_json(parse("12.5"));
    ck_assert_str_eq(br_value_name(&value, buffer, &name), "no text and no whole number");
    value = br_value_of_json(parse("true"));
    ck_assert_str_eq(br_value_name(&value, buffer, &name), "no text and no whole number");
    value = br_value_of_json(parse("\" \""));
    ck_assert_str_eq(br_value_name(&value, buffer, &name), "absent");
    memset(longest, 'a', sizeof longest);
    value = br_value_of_text((struct br_view){longest, BR_NAME_MAX});
    ck_assert_ptr_null(br_value_name(&value, buffer, &name));
    value = br_value_of_text((struct br_view){longest, BR_NAME_MAX + 1});
    ck_assert_str_eq(br_value_name(&value, buffer, &name), "longer than 256 bytes");
}
END_TEST

START_TEST(epochs)
{
    int64_t utc_ms = 0;
    struct br_value value = text_value("1787047200");
    ck_assert(br_value_epoch(&value, 1000, &utc_ms));
    ck_assert_int_eq(utc_ms, INT64_C(1787047200000));
    value = br_value_of_json(parse("1787047200.25"));
    ck_assert(br_value_epoch(&value, 1000, &utc_ms));
    ck_assert_int_eq(utc_ms, INT64_C(1787047200250));
    value = br_value_of_json(parse("1787047200001"));
    ck_assert(br_value_epoch(&value, 1, &utc_ms));
    ck_assert_int_eq(utc_ms, INT64_C(1787047200001));
    ck_assert(!br_value_epoch(&value, 1000, &utc_ms)); /* milliseconds taken for seconds */
    static const char *const none[] = {"0", "-5", "true", "\"\"", "\"2026-08-18\"", "1e300"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        value = br_value_of_json(parse(none[i]));
        ck_assert_msg(!br_value_epoch(&value, 1, &utc_ms), "%s", none[i]);
    }
}
END_TEST

START_TEST(units)
{
    static const struct {
        const char *name;
        enum br_dimension dimension;
        double from, to;
    } cases[] = {{"km/h", BR_SPEED, 50, 50},   {"m/s", BR_SPEED, 10, 36},    {"mph", BR_SPEED, 10, 16.09344},
                 {"veh/min", BR_FLOW, 7, 420}, {"veh/h", BR_FLOW, 7, 7},     {"s", BR_TIME, 3, 3},
                 {"ms", BR_TIME, 1500, 1.5},   {"min", BR_TIME, 1.5, 90},    {"h", BR_TIME, 2, 7200},
                 {"m", BR_LENGTH, 5, 5},       {"km", BR_LENGTH, 0.25, 250}, {"%", BR_SHARE, 57, 0.57}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct br_unit *unit = br_unit_find(cases[i].name, cases[i].dimension);
        ck_assert_ptr_nonnull(unit);
        ck_assert_double_eq(cases[i].from * unit->multiply / unit->divide, cases[i].to);
        ck_assert_ptr_nonnull(strstr(br_unit_names(cases[i].dimension), cases[i].name));
    }
    ck_assert_ptr_null(br_unit_find("km", BR_SPEED));
    ck_assert_ptr_null(br_unit_find("", BR_TIME));
    ck_assert_ptr_null(br_unit_find("%", BR_PLAIN));
    ck_assert_str_eq(br_unit_names(BR_PLAIN), "");
}
END_TEST

/* One payload through br_value_document. */
static enum br_outcome document(const void *data, size_t size, size_t unpacked_max, struct br_arena *arena,
                                struct br_emit *emit, struct br_json_value *root)
{
    free(kept);
    kept = malloc(size + BR_PADDING);
    memcpy(kept, data, size);
    memset(kept + size, '7', BR_PADDING);
    struct br_payload *payload = br_payload_open(kept, size, unpacked_max);
    struct br_message message = {.feed = "f", .payload = payload, .received_at_utc_ms = BR_TIME_NONE};
    br_emit_start(emit, arena);
    enum br_outcome outcome = br_value_document(json, &message, emit, root);
    br_payload_close(payload);
    return outcome;
}

START_TEST(documents_may_be_encoded_twice)
{
    struct br_arena *arena = br_arena_open(1024, 0);
    struct br_emit emit;
    struct br_json_value root;
    const char *twice = "\"{\\\"a\\\":\\\"b\\\"}\"", *plain = "\"hello\"", *broken = "\"{\\\"a\\\":}\"";
    ck_assert_int_eq(document(twice, strlen(twice), 1000, arena, &emit, &root), BR_DECODED);
    ck_string(br_json_at(root, "/a"), "b");
    ck_assert_int_eq(document(plain, strlen(plain), 1000, arena, &emit, &root), BR_DECODED);
    ck_string(root, "hello");
    ck_assert_int_eq(document(broken, strlen(broken), 1000, arena, &emit, &root), BR_REJECTED);
    ck_assert_str_eq(emit.reason, "a string that holds no JSON: not well-formed, or cut short");
    br_arena_close(arena);
}
END_TEST

START_TEST(documents_may_be_packed)
{
    struct br_arena *arena = br_arena_open(1024, 0);
    struct br_emit emit;
    struct br_json_value root;
    char text[] = "{\"a\":\"b\"}", packed[200];
    z_stream stream = {.next_in = (unsigned char *)text,
                       .avail_in = sizeof text - 1,
                       .next_out = (unsigned char *)packed,
                       .avail_out = sizeof packed};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = sizeof packed - stream.avail_out;
    deflateEnd(&stream);
    ck_assert_int_eq(document(packed, size, 1000, arena, &emit, &root), BR_DECODED);
    ck_string(br_json_at(root, "/a"), "b");
    ck_assert_int_eq(document(packed, size, 3, arena, &emit, &root), BR_REJECTED);
    ck_assert_str_eq(emit.reason, "oversize when unpacked");
    ck_assert_int_eq(document(packed, size - 5, 1000, arena, &emit, &root), BR_REJECTED);
    ck_assert_str_eq(emit.reason, "damaged gzip");
    ck_assert_int_eq(document("{", 1, 1000, arena, &emit, &root), BR_REJECTED);
    ck_assert_str_eq(emit.reason, "no JSON: not well-formed, or cut short (1 bytes)");
    br_arena_close(arena);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, tells_types);
    tcase_add_test(tcase, reads_scalars);
    tcase_add_test(tcase, finds_members);
    tcase_add_test(tcase, follows_pointers);
    tcase_add_test(tcase, pointers_may_lead_nowhere);
    tcase_add_test(tcase, tells_why_it_is_no_json);
    tcase_add_test(tcase, nesting_has_a_limit);
    tcase_add_test(tcase, never_reads_past_the_end);
    tcase_add_test(tcase, passes_over_a_byte_order_mark);
    tcase_add_test(tcase, small_after_large);
    tcase_add_test(tcase, sees_documents_in_strings);
    tcase_add_test(tcase, texts_are_numbers);
    tcase_add_test(tcase, nothing_is_absent);
    tcase_add_test(tcase, flags_have_many_forms);
    tcase_add_test(tcase, names_are_texts_or_whole_numbers);
    tcase_add_test(tcase, epochs);
    tcase_add_test(tcase, units);
    tcase_add_test(tcase, documents_may_be_encoded_twice);
    tcase_add_test(tcase, documents_may_be_packed);
}

UNIT_MAIN("json value", tests)
