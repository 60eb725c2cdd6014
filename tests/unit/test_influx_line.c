/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Points as text; that another program reads them the same is tests/property/test_influx_line.py. */
#include "daemon/out/influx_line.h"

#include "tests/unit/unit.h"

#include <float.h>
#include <math.h>

static char buffer[1024];
static struct influx_line line;

static void begin(const char *measurement)
{
    memset(buffer, '#', sizeof buffer);
    influx_line_begin(&line, buffer, sizeof buffer, measurement);
}

static void expect(const char *expected)
{
    long size = influx_line_end(&line, 7);
    ck_assert_int_eq(size, (long)strlen(expected));
    buffer[size] = '\0';
    ck_assert_str_eq(buffer, expected);
}

START_TEST(a_point)
{
    begin("bruis_parking");
    influx_line_tag(&line, "node", "utrecht");
    influx_line_tag(&line, "region", "gm0344");
    influx_line_int(&line, "vacant", -12);
    influx_line_float(&line, "occupancy", 0.6229);
    influx_line_bool(&line, "open", true);
    influx_line_string(&line, "quality", "good", 4);
    expect(
        "bruis_parking,node=utrecht,region=gm0344 vacant=-12i,occupancy=0.6229,open=t,quality=\"good\" 7\n");
}
END_TEST

START_TEST(escapes)
{
    begin("a b,c=d");
    influx_line_tag(&line, "k e,y=", "v a,l=u\\e");
    influx_line_int(&line, "f i,e=ld", 1);
    influx_line_string(&line, "s", "say \"hi\\\n", 9);
    expect("a\\ b\\,c=d,k\\ e\\,y\\==v\\ a\\,l\\=u\\e f\\ i\\,e\\=ld=1i,s=\"say \\\"hi\\\\\n\" 7\n");
}
END_TEST

START_TEST(leaves_out_what_has_no_form)
{
    begin("m");
    influx_line_tag(&line, "a", "");
    influx_line_tag(&line, "b", "1");
    influx_line_float(&line, "nan", NAN);
    influx_line_float(&line, "inf", -INFINITY);
    influx_line_float(&line, "x", -0.0);
    influx_line_string(&line, "s", "", 0);
    expect("m,b=1 x=-0,s=\"\" 7\n");
}
END_TEST

/* Each is one fault of an otherwise good point. */
static void refuse(const char *measurement, const char *tag, const char *value, const char *field)
{
    begin(measurement);
    influx_line_tag(&line, tag, value);
    influx_line_int(&line, field, 1);
    ck_assert_int_eq(influx_line_end(&line, 7), INFLUX_LINE_REFUSED);
}

START_TEST(refuses)
{
    refuse("", "t", "v", "f");
    refuse("m", "", "v", "f");
    refuse("m", "t", "v", "");
    refuse("m\nn", "t", "v", "f");
    refuse("m", "t\r", "v", "f");
    refuse("m", "t", "v\nm2 x=1", "f");
    refuse("m", "t", "v", "f\n");
    refuse("m", "t", "v\\", "f");
    refuse("m", "t", "v\\ w", "f");
    refuse("m", "t", "v\\,w", "f");
    refuse("m", "t", "v\\\\w", "f");
    refuse("m\\", "t", "v", "f");
    begin("m");
    ck_assert_int_eq(influx_line_end(&line, 7), INFLUX_LINE_REFUSED); /* no field */
    begin("m");
    influx_line_float(&line, "x", NAN);
    ck_assert_int_eq(influx_line_end(&line, 7), INFLUX_LINE_REFUSED);
    begin("m");
    influx_line_tag(&line, "b", "1");
    influx_line_tag(&line, "a", "1");
    influx_line_int(&line, "x", 1);
    ck_assert_int_eq(influx_line_end(&line, 7), INFLUX_LINE_REFUSED); /* not sorted */
    begin("m");
    influx_line_tag(&line, "a", "1");
    influx_line_tag(&line, "a", "2");
    influx_line_int(&line, "x", 1);
    ck_assert_int_eq(influx_line_end(&line, 7), INFLUX_LINE_REFUSED); /* twice */
    begin("m");
    influx_line_int(&line, "x", 1);
    influx_line_tag(&line, "a", "2");
    ck_assert_int_eq(influx_line_end(&line, 7), INFLUX_LINE_REFUSED); /* behind a field */
}
END_TEST

START_TEST(says_how_much_room_it_needs)
{
    static const char expected[] = "m,t=a\\ b x=1.5,y=\"q\" -9223372036854775808\n";
    for (size_t size = 0; size <= sizeof expected; size++) {
        memset(buffer, '#', sizeof buffer);
        influx_line_begin(&line, buffer, size, "m");
        influx_line_tag(&line, "t", "a b");
        influx_line_float(&line, "x", 1.5);
        influx_line_string(&line, "y", "q", 1);
        long got = influx_line_end(&line, INT64_MIN);
        ck_assert_uint_eq(line.needed, strlen(expected));
        ck_assert_int_eq(got, size < strlen(expected) ? INFLUX_LINE_NO_ROOM : (long)strlen(expected));
        for (size_t i = size; i < sizeof buffer; i++)
            ck_assert_int_eq(buffer[i], '#'); /* nothing behind the end */
    }
    ck_assert_mem_eq(buffer, expected, strlen(expected));
}
END_TEST

static void expect_float(double value, const char *expected)
{
    char text[INFLUX_LINE_FLOAT_SIZE + 1];
    size_t size = influx_line_float_text(value, text);
    text[size] = '\0';
    ck_assert_str_eq(text, expected);
}

START_TEST(floats)
{
    expect_float(0, "0");
    expect_float(1, "1");
    expect_float(-350, "-350");
    expect_float(0.5, "0.5");
    expect_float(0.0001, "0.0001");
    expect_float(-0.0101, "-0.0101");
    expect_float(1940.5, "1940.5");
    expect_float(0.1 + 0.2, "0.30000000000000004");
    expect_float(1.0 / 3, "0.3333333333333333");
    expect_float(1e15, "1e+15");
    expect_float(900719925474.0991, "900719925474.0991");
    expect_float(DBL_MAX, "1.7976931348623157e+308");
    expect_float(DBL_TRUE_MIN, "4.94065645841247e-324");
    expect_float(0.00005, "5e-05");
}
END_TEST

START_TEST(floats_read_back_the_same)
{
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 300000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double value;
        if (i % 2)
            value = (double)(int64_t)(random >> 20) / 10000; /* as our figures are */
        else
            memcpy(&value, &random, sizeof value);
        char text[INFLUX_LINE_FLOAT_SIZE + 1];
        if (!isfinite(value))
            continue;
        text[influx_line_float_text(value, text)] = '\0';
        ck_assert_msg(strtod(text, NULL) == value, "%s is not %.17g", text, value);
    }
}
END_TEST

START_TEST(integers)
{
    begin("m");
    influx_line_int(&line, "a", INT64_MAX);
    influx_line_int(&line, "b", INT64_MIN);
    influx_line_int(&line, "c", 0);
    influx_line_bool(&line, "d", false);
    expect("m a=9223372036854775807i,b=-9223372036854775808i,c=0i,d=f 7\n");
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_point);
    tcase_add_test(tcase, escapes);
    tcase_add_test(tcase, leaves_out_what_has_no_form);
    tcase_add_test(tcase, refuses);
    tcase_add_test(tcase, says_how_much_room_it_needs);
    tcase_add_test(tcase, floats);
    tcase_add_test(tcase, floats_read_back_the_same);
    tcase_add_test(tcase, integers);
}

UNIT_MAIN("influx_line", tests)
