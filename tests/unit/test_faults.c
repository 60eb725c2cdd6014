/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/faults.h"

#include "tests/unit/unit.h"

/* What is printed; the caller frees it. */
static char *printed(const struct br_faults *faults)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    br_faults_print(faults, to);
    fclose(to);
    return text;
}

static void check_printed(const struct br_faults *faults, const char *expected)
{
    char *text = printed(faults);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(nothing_is_wrong)
{
    struct br_faults *faults = br_faults_open();
    ck_assert_uint_eq(br_faults_count(faults), 0);
    check_printed(faults, "");
    br_faults_close(faults);
    br_faults_close(NULL);
}
END_TEST

START_TEST(parts_that_are_not_known_are_left_out)
{
    struct br_faults *faults = br_faults_open();
    br_faults_add(faults, "a.yaml", 7, "feeds.x.qos", "%d is not within 0..%d", 3, 2);
    br_faults_add(faults, "a.yaml", 0, NULL, "is empty");
    br_faults_add(faults, NULL, 0, NULL, "no file, no line");
    br_faults_add(faults, NULL, 3, "key", "no file");
    ck_assert_uint_eq(br_faults_count(faults), 4);
    check_printed(faults, "no file, no line\n"
                          "3: key: no file\n"
                          "a.yaml: is empty\n"
                          "a.yaml:7: feeds.x.qos: 3 is not within 0..2\n");
    br_faults_close(faults);
}
END_TEST

START_TEST(files_come_in_order_of_mention_then_lines)
{
    struct br_faults *faults = br_faults_open();
    char file[16] = "z.yaml";
    br_faults_file(faults, file);
    strcpy(file, "other"); /* it was copied */
    br_faults_add(faults, "a.csv", 9, NULL, "nine");
    br_faults_add(faults, "a.csv", 10, NULL, "ten");
    br_faults_add(faults, NULL, 5, NULL, "first of five");
    br_faults_add(faults, NULL, 2, NULL, "two");
    br_faults_add(faults, NULL, 5, NULL, "second of five");
    br_faults_add(faults, "a.csv", 1, NULL, "one");
    check_printed(faults, "z.yaml:2: two\n"
                          "z.yaml:5: first of five\n"
                          "z.yaml:5: second of five\n"
                          "a.csv:1: one\n"
                          "a.csv:9: nine\n"
                          "a.csv:10: ten\n");
    br_faults_close(faults);
}
END_TEST

START_TEST(a_later_file_takes_over)
{
    struct br_faults *faults = br_faults_open();
    br_faults_file(faults, "one");
    br_faults_add(faults, NULL, 1, NULL, "a");
    br_faults_file(faults, "two");
    br_faults_add(faults, NULL, 1, NULL, "b");
    br_faults_file(faults, NULL);
    br_faults_add(faults, NULL, 1, NULL, "c");
    check_printed(faults, "1: c\none:1: a\ntwo:1: b\n");
    br_faults_close(faults);
}
END_TEST

START_TEST(a_fault_stays_on_its_line)
{
    struct br_faults *faults = br_faults_open();
    br_faults_add(faults, "f", 1, "ke\ny", "a\tb\x1b[0m %s", "caf\xc3\xa9");
    check_printed(faults, "f:1: ke\\x0ay: a\\x09b\\x1b[0m caf\xc3\xa9\n");
    br_faults_close(faults);
}
END_TEST

START_TEST(many_are_all_told)
{
    struct br_faults *faults = br_faults_open();
    for (unsigned line = 1000; line > 0; line--)
        br_faults_add(faults, "f", line, "key", "%u", line);
    ck_assert_uint_eq(br_faults_count(faults), 1000);
    char *text = printed(faults), *at = text;
    for (unsigned line = 1; line <= 1000; line++) {
        char expected[64];
        int size = snprintf(expected, sizeof expected, "f:%u: key: %u\n", line, line);
        ck_assert_int_eq(strncmp(at, expected, (size_t)size), 0);
        at += size;
    }
    ck_assert_str_eq(at, "");
    free(text);
    br_faults_close(faults);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_wrong);
    tcase_add_test(tcase, parts_that_are_not_known_are_left_out);
    tcase_add_test(tcase, files_come_in_order_of_mention_then_lines);
    tcase_add_test(tcase, a_later_file_takes_over);
    tcase_add_test(tcase, a_fault_stays_on_its_line);
    tcase_add_test(tcase, many_are_all_told);
}

UNIT_MAIN("faults", tests)
