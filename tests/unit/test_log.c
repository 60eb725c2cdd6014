/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/log.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>

#include <pthread.h>

/* What goes to stderr between hear and heard. */
struct ear {
    int saved;
    FILE *file;
};

static struct ear hear(void)
{
    struct ear ear = {dup(STDERR_FILENO), tmpfile()};
    ck_assert_ptr_nonnull(ear.file);
    dup2(fileno(ear.file), STDERR_FILENO);
    return ear;
}

/* The caller frees it. */
static char *heard(struct ear *ear)
{
    dup2(ear->saved, STDERR_FILENO);
    close(ear->saved);
    rewind(ear->file);
    char *text = calloc(1, 1 << 20);
    size_t size = fread(text, 1, (1 << 20) - 1, ear->file);
    text[size] = '\0';
    fclose(ear->file);
    return text;
}

static void check_heard(struct ear *ear, const char *expected)
{
    char *text = heard(ear);
    ck_assert_str_eq(text, expected);
    free(text);
}

static struct br_log *plain_log(enum br_log_level level_max)
{
    unsetenv("JOURNAL_STREAM");
    struct br_log *log = br_log_open(level_max);
    ck_assert_ptr_nonnull(log);
    return log;
}

START_TEST(an_event_is_a_line)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    errno = 42;
    br_log(log, BR_LOG_NOTICE, "feed_lost", "feed=%s after_s=%d", "ndw", 90);
    ck_assert_int_eq(errno, 42);
    br_log(log, BR_LOG_ERR, "stop", "%s", "");
    br_log(log, BR_LOG_DEBUG, "detail", "not=%s", "told");
    br_log(NULL, BR_LOG_ERR, "silent", "x=%d", 1);
    check_heard(&ear, "ev=feed_lost feed=ndw after_s=90\nev=stop\n");
    br_log_close(log);
    br_log_close(NULL);
}
END_TEST

START_TEST(the_journal_gets_priorities)
{
    setenv("JOURNAL_STREAM", "8:12345", 1);
    struct br_log *log = br_log_open(BR_LOG_DEBUG);
    struct ear ear = hear();
    br_log(log, BR_LOG_ERR, "a", "x=%d", 1);
    br_log(log, BR_LOG_WARNING, "b", "x=%d", 2);
    br_log(log, BR_LOG_DEBUG, "c", "x=%d", 3);
    br_log_often(log, BR_LOG_NOTICE, "d", NULL, NULL, NULL, 0);
    check_heard(&ear, "<3>ev=a x=1\n<4>ev=b x=2\n<7>ev=c x=3\n<5>ev=d\n");
    br_log_close(log);
}
END_TEST

START_TEST(control_bytes_are_escaped)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    br_log(log, BR_LOG_INFO, "e\nv", "a=%s", "x\ny\tz\r\x1b[31m\x7f caf\xc3\xa9 \xc2\x9b \xff\xc3");
    check_heard(&ear, "ev=e\\nv a=x\\ny\\tz\\r\\x1b[31m\\x7f caf\xc3\xa9 \\xc2\\x9b \\xff\\xc3\n");
    br_log_close(log);
}
END_TEST

START_TEST(a_line_is_at_most_1_kib)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    char text[4001];
    for (size_t size = 900; size < 1100; size++) {
        memset(text, 'x', size);
        text[size] = '\0';
        struct ear ear = hear();
        br_log(log, BR_LOG_INFO, "long", "a=%s", text);
        char *line = heard(&ear);
        size_t length = strlen(line);
        ck_assert_uint_le(length, 1024);
        ck_assert_int_eq(line[length - 1], '\n');
        bool cut = strstr(line, "...\n") != NULL;
        ck_assert_int_eq(cut, size + 10 > 1020);
        ck_assert(cut || length == size + 11);
        free(line);
    }
    memset(text, '\x01', 4000); /* four bytes for each */
    text[4000] = '\0';
    struct ear ear = hear();
    br_log(log, BR_LOG_INFO, "long", "a=%s", text);
    char *line = heard(&ear);
    ck_assert_uint_le(strlen(line), 1024);
    ck_assert_str_eq(line + strlen(line) - 8, "\\x01...\n");
    free(line);
    br_log_close(log);
}
END_TEST

static void check_quote(const char *value, const char *expected)
{
    char buffer[BR_LOG_QUOTE_SIZE];
    memset(buffer, '#', sizeof buffer);
    ck_assert_ptr_eq(br_log_quote(value, buffer), buffer);
    ck_assert_str_eq(buffer, expected);
}

START_TEST(values_are_quoted)
{
    check_quote("a b", "\"a b\"");
    check_quote("", "\"\"");
    check_quote(NULL, "\"\"");
    check_quote("say \"no\\yes\"", "\"say \\\"no\\\\yes\\\"\"");
    check_quote("a\nb\x01", "\"a\\nb\\x01\"");
    check_quote("caf\xc3\xa9", "\"caf\xc3\xa9\"");
}
END_TEST

START_TEST(values_are_cut)
{
    char value[80], expected[320];
    memset(value, 'v', sizeof value);
    value[64] = '\0';
    snprintf(expected, sizeof expected, "\"%s\"", value);
    check_quote(value, expected); /* 64 bytes are allowed */
    snprintf(expected, sizeof expected, "\"%s...\"", value);
    value[64] = 'v';
    value[65] = '\0';
    check_quote(value, expected);
    memcpy(value + 63, "\xc3\xa9", 3); /* a character over the edge goes whole */
    snprintf(expected, sizeof expected, "\"%.63s...\"", value);
    check_quote(value, expected);
    memset(value, '\x02', 65); /* the longest there is */
    value[65] = '\0';
    char buffer[BR_LOG_QUOTE_SIZE];
    ck_assert_uint_eq(strlen(br_log_quote(value, buffer)), 64 * 4 + 5);
    memset(value, '\x80', 65); /* tails only */
    ck_assert_uint_lt(strlen(br_log_quote(value, buffer)), BR_LOG_QUOTE_SIZE);
}
END_TEST

START_TEST(repeats_become_one_line_a_minute)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    for (int i = 0; i < 1000; i++) /* one a second: 16 minutes and 40 s */
        br_log_often(log, BR_LOG_WARNING, "rejected", "garages", "no number", "at 7", i * 1000);
    char *text = heard(&ear);
    const char *first = "ev=rejected object=\"garages\" reason=\"no number\" detail=\"at 7\"\n"
                        "ev=rejected object=\"garages\" reason=\"no number\" count=59\n"
                        "ev=rejected object=\"garages\" reason=\"no number\" count=60\n";
    ck_assert_int_eq(strncmp(text, first, strlen(first)), 0);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_int_eq(lines, 17);
    free(text);
    ear = hear();
    br_log_flush(log, INT64_MAX);
    br_log_flush(log, INT64_MAX);
    check_heard(&ear, "ev=rejected object=\"garages\" reason=\"no number\" count=40\n");
    br_log_close(log);
}
END_TEST

START_TEST(a_quiet_minute_begins_anew)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", "one", 0);
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", "two", 60000);
    br_log_flush(log, 119999);
    br_log_flush(log, 120000);
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", "three", 120001);
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", "four", 120002);
    br_log_flush(log, 180000);
    br_log_flush(log, 180001);
    br_log_flush(log, 999999);
    check_heard(&ear, "ev=e object=\"o\" reason=\"r\" detail=\"one\"\n"
                      "ev=e object=\"o\" reason=\"r\" detail=\"two\"\n"
                      "ev=e object=\"o\" reason=\"r\" detail=\"three\"\n"
                      "ev=e object=\"o\" reason=\"r\" count=1\n");
    br_log_close(log);
}
END_TEST

START_TEST(what_differs_is_told_apart)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", NULL, 0);
    br_log_often(log, BR_LOG_WARNING, "f", "o", "r", NULL, 0);
    br_log_often(log, BR_LOG_WARNING, "e", "p", "r", NULL, 0);
    br_log_often(log, BR_LOG_WARNING, "e", "o", "s", "", 0);
    br_log_often(log, BR_LOG_WARNING, "e", NULL, "", NULL, 0);
    br_log_often(log, BR_LOG_DEBUG, "e", "x", "y", NULL, 0);
    br_log_often(NULL, BR_LOG_ERR, "e", "x", "y", NULL, 0);
    br_log_often(log, BR_LOG_WARNING, "e", "p", "r", NULL, 1);
    br_log_flush(log, 2);
    br_log_flush(NULL, 2);
    check_heard(&ear, "ev=e object=\"o\" reason=\"r\"\nev=f object=\"o\" reason=\"r\"\n"
                      "ev=e object=\"p\" reason=\"r\"\nev=e object=\"o\" reason=\"s\"\nev=e\n");
    br_log_close(log);
}
END_TEST

START_TEST(a_clock_set_back_does_not_silence)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", NULL, 7200000);
    br_log_often(log, BR_LOG_WARNING, "e", "o", "r", NULL, 7200001);
    br_log_flush(log, 3600000);
    check_heard(&ear, "ev=e object=\"o\" reason=\"r\"\nev=e object=\"o\" reason=\"r\" count=1\n");
    br_log_close(log);
}
END_TEST

/* Whoever sends a new reason each time cannot make it grow without end, nor fill the journal. */
START_TEST(kinds_are_bounded_and_counted)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    for (int i = 0; i < 5000; i++) {
        char reason[32];
        snprintf(reason, sizeof reason, "reason %d", i);
        br_log_often(log, BR_LOG_WARNING, "e", "o", reason, NULL, 0);
    }
    br_log_flush(log, 60000);
    char *text = heard(&ear);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_int_eq(lines, 513);
    ck_assert_ptr_nonnull(strstr(text, "\nev=log_overflow count=4488\n"));
    free(text);
    br_log_close(log);
}
END_TEST

static void *shout(void *argument)
{
    struct br_log *log = argument;
    for (int i = 0; i < 500; i++) {
        br_log(log, BR_LOG_INFO, "shout", "a=%s",
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        br_log_often(log, BR_LOG_INFO, "often", "o", "r", NULL, 0);
    }
    return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
    struct br_log *log = plain_log(BR_LOG_INFO);
    struct ear ear = hear();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, shout, log), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    br_log_flush(log, INT64_MAX);
    char *text = heard(&ear), *save = NULL;
    int shouts = 0, others = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strcmp(line, "ev=shout a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") == 0)
            shouts++;
        else
            others++;
    }
    ck_assert_int_eq(shouts, 2000);
    ck_assert_int_eq(others, 2);
    free(text);
    br_log_close(log);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, an_event_is_a_line);
    tcase_add_test(tcase, the_journal_gets_priorities);
    tcase_add_test(tcase, control_bytes_are_escaped);
    tcase_add_test(tcase, a_line_is_at_most_1_kib);
    tcase_add_test(tcase, values_are_quoted);
    tcase_add_test(tcase, values_are_cut);
    tcase_add_test(tcase, repeats_become_one_line_a_minute);
    tcase_add_test(tcase, a_quiet_minute_begins_anew);
    tcase_add_test(tcase, what_differs_is_told_apart);
    tcase_add_test(tcase, a_clock_set_back_does_not_silence);
    tcase_add_test(tcase, kinds_are_bounded_and_counted);
    tcase_add_test(tcase, lines_of_threads_do_not_mix);
}

UNIT_MAIN("log", tests)
