/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/csv.h"

#include "tests/unit/unit.h"

#define FIELDS 8

struct table {
    char text[512];
    struct br_csv csv;
    struct br_view fields[FIELDS];
    size_t count;
};

static void begin(struct table *table, const char *text, char separator)
{
    ck_assert_uint_lt(strlen(text), sizeof table->text);
    memcpy(table->text, text, strlen(text));
    br_csv_start(&table->csv, table->text, strlen(text), separator, true);
}

static enum br_csv_status next(struct table *table)
{
    return br_csv_next(&table->csv, table->fields, FIELDS, &table->count);
}

/* The next row's fields, joined by '~'. */
static void expect_row(struct table *table, const char *joined)
{
    char got[512] = "";
    ck_assert_int_eq(next(table), BR_CSV_ROW);
    for (size_t i = 0; i < table->count; i++) {
        strncat(got, i > 0 ? "~" : "", sizeof got - strlen(got) - 1);
        strncat(got, table->fields[i].data, table->fields[i].size);
    }
    ck_assert_str_eq(got, joined);
}

START_TEST(reads_rows)
{
    struct table t;
    begin(&t, "a,b,c\nd,,f\n,\nlast", ',');
    expect_row(&t, "a~b~c");
    ck_assert_uint_eq(t.csv.row, 1);
    expect_row(&t, "d~~f");
    expect_row(&t, "~");
    expect_row(&t, "last");
    ck_assert_uint_eq(t.csv.row, 4);
    ck_assert_uint_eq(t.csv.line, 4);
    ck_assert_int_eq(next(&t), BR_CSV_END);
    ck_assert_int_eq(next(&t), BR_CSV_END);
}
END_TEST

START_TEST(reads_quotes)
{
    struct table t;
    begin(&t, "\"Dorp, Noord\";\"de \"\"oude\"\" stad\";\"\";a\"\"b\"c;\"\"\"\"\n\"x\";y", ';');
    expect_row(&t, "Dorp, Noord~de \"oude\" stad~~a\"\"b\"c~\"");
    expect_row(&t, "x~y");
    ck_assert_int_eq(next(&t), BR_CSV_END);
}
END_TEST

START_TEST(takes_crlf_mark_and_empty_lines)
{
    struct table t;
    begin(&t, "\xEF\xBB\xBF\"a\r\nb\",c\r\n\r\n\nd,e\r\nf,\r", ',');
    expect_row(&t, "a\r\nb~c");
    ck_assert_uint_eq(t.csv.line, 1);
    expect_row(&t, "d~e");
    ck_assert_uint_eq(t.csv.line, 5);
    ck_assert_uint_eq(t.csv.row, 2);
    expect_row(&t, "f~");
    ck_assert_int_eq(next(&t), BR_CSV_END);
}
END_TEST

START_TEST(tells_faults_and_goes_on)
{
    struct table t;
    begin(&t, "\"a\"b,c\n1,2,3,4,5,6,7,8,9\nok\n\"open,x\ny", ',');
    ck_assert_int_eq(next(&t), BR_CSV_FAULT);
    ck_assert_str_eq(t.csv.why, "text behind a closing quote");
    ck_assert_uint_eq(t.count, 2);
    ck_assert_int_eq(next(&t), BR_CSV_FAULT);
    ck_assert_str_eq(t.csv.why, "too many fields");
    ck_assert_uint_eq(t.count, FIELDS);
    expect_row(&t, "ok");
    ck_assert_int_eq(next(&t), BR_CSV_FAULT);
    ck_assert_str_eq(t.csv.why, "a quote that is not closed");
    ck_assert_uint_eq(t.csv.line, 4);
    ck_assert_int_eq(next(&t), BR_CSV_END);
}
END_TEST

START_TEST(empty_text)
{
    struct table t;
    begin(&t, "", ',');
    ck_assert_int_eq(next(&t), BR_CSV_END);
    begin(&t, "\xEF\xBB\xBF", ',');
    ck_assert_int_eq(next(&t), BR_CSV_END);
    begin(&t, "\r\n\n", ',');
    ck_assert_int_eq(next(&t), BR_CSV_END);
    ck_assert_uint_eq(t.csv.row, 0);
}
END_TEST

/* However a text is cut into pieces, the rows are the same. */
START_TEST(pieces_give_the_same_rows)
{
    static const char text[] = "\xEF\xBB\xBF\"t\",\"a\nb\",c\r\n1,\"2 \"\"x\"\"\",3\n\n\"4\",5,6\r\n7,8,9";
    static const char *const rows[] = {"t~a\nb~c", "1~2 \"x\"~3", "4~5~6", "7~8~9"};
    size_t size = sizeof text - 1;
    for (size_t piece = 1; piece <= size; piece++) {
        char held[sizeof text];
        size_t held_size = 0, given = 0, row = 0;
        struct br_csv csv;
        br_csv_start(&csv, held, 0, ',', false);
        for (;;) {
            struct br_view fields[FIELDS];
            size_t count;
            enum br_csv_status status = br_csv_next(&csv, fields, FIELDS, &count);
            if (status == BR_CSV_END)
                break;
            if (status == BR_CSV_MORE) {
                held_size = (size_t)(csv.end - csv.at);
                memmove(held, csv.at, held_size);
                size_t more = size - given < piece ? size - given : piece;
                memcpy(held + held_size, text + given, more);
                given += more;
                br_csv_refill(&csv, held, held_size + more, given == size);
                continue;
            }
            ck_assert_int_eq(status, BR_CSV_ROW);
            ck_assert_uint_lt(row, 4);
            char got[64];
            snprintf(got, sizeof got, "%.*s~%.*s~%.*s", (int)fields[0].size, fields[0].data,
                     (int)fields[1].size, fields[1].data, (int)fields[2].size, fields[2].data);
            ck_assert_str_eq(got, rows[row++]);
        }
        ck_assert_uint_eq(row, 4);
        ck_assert_uint_eq(csv.line, 6);
    }
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_rows);
    tcase_add_test(tcase, reads_quotes);
    tcase_add_test(tcase, takes_crlf_mark_and_empty_lines);
    tcase_add_test(tcase, tells_faults_and_goes_on);
    tcase_add_test(tcase, empty_text);
    tcase_add_test(tcase, pieces_give_the_same_rows);
}

UNIT_MAIN("csv", tests)
