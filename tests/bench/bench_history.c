/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The history: a burst of 60,000 figures each minute, against the same bytes as plain inserts into a SQLite
 * table in the same run; what a figure takes on disk; how fast it is read. */
#include "tests/unit/history_fixture.h"

#include <sqlite3.h>

#define SERIES 60000
#define BURSTS 5
#define BURST_MAX_S 5.0  /* of the minute that it has */
#define PLAIN_MAX 6.0    /* times as long as plain inserts: with look-up, outbox and the key */
#define CATCH_UP_MIN 2e4 /* changes a second */

static struct history_fixture f;
static double first_s, worst_s, plain_s;
static int64_t blob_size;

static double seconds(void)
{
    return (double)uv_hrtime() / 1e9;
}

static void put_burst(int minute)
{
    char region[16];
    for (int i = 0; i < SERIES; i++) {
        snprintf(region, sizeof region, "gm%05d", i);
        history_put(&f, region, minute, 0, i % 500, true);
    }
}

static void plain_burst(sqlite3 *database, int minute)
{
    static uint8_t body[128];
    sqlite3_stmt *insert;
    sqlite3_exec(database, "BEGIN", NULL, NULL, NULL);
    sqlite3_prepare_v2(database, "INSERT INTO plain (start, body) VALUES (?, ?)", -1, &insert, NULL);
    for (int i = 0; i < SERIES; i++) {
        sqlite3_bind_int64(insert, 1, T0 + minute * MINUTE);
        sqlite3_bind_blob(insert, 2, body, (int)blob_size, SQLITE_STATIC);
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    ck_assert_int_eq(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
}

static double plain(void)
{
    char path[128];
    sqlite3 *database;
    snprintf(path, sizeof path, "%s/plain", f.dir);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(database,
                                  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                  "CREATE TABLE plain (id INTEGER PRIMARY KEY, start INTEGER, body BLOB)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    double began = seconds();
    for (int minute = 0; minute < BURSTS; minute++)
        plain_burst(database, minute);
    double took = seconds() - began;
    sqlite3_close(database);
    return took / BURSTS;
}

static double catch_up(void)
{
    double began = seconds();
    uint64_t at = 0, count = 0;
    do {
        history_read(&f, at, 5000);
        at = f.passed;
        count += f.count;
    } while (f.more);
    ck_assert_uint_eq(count, (uint64_t)SERIES * BURSTS);
    return (double)count / (seconds() - began);
}

static double file_size(void)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/history", f.dir);
    ck_assert_int_eq(stat(path, &status), 0);
    return (double)status.st_size;
}

START_TEST(writes_a_minute_of_figures)
{
    double put_s = 0;
    history_set_up(&f);
    f.waiting_max = (size_t)256 << 20;
    history_open(&f);
    for (int minute = 0; minute < BURSTS; minute++) {
        double began = seconds();
        put_burst(minute);
        put_s += seconds() - began;
        history_flush(&f);
        double took = seconds() - began;
        first_s = minute == 0 ? took : first_s;
        worst_s = minute > 0 && took > worst_s ? took : worst_s;
    }
    blob_size = 34;
    plain_s = plain();
    double read = catch_up();
    double began = seconds();
    for (int i = 0; i < 1000; i++)
        history_series(&f, "gm00077", "1m", T0, T0 + HOUR, 100);
    double series_s = (seconds() - began) / 1000 / BURSTS;
    br_history_done(f.history, BR_HISTORY_MQTT, br_history_last(f.history));
    history_close(&f);
    printf(
        "history: %d figures in %.2f s (new series: %.2f s, limit %.1f s), %.0f figures/s, %.1f x plain "
        "inserts (limit %.1f); on the loop %.2f us a figure; catch-up %.0f changes/s (limit %.0f); one of a "
        "series %.1f us; %.0f bytes a figure with its change\n",
        SERIES, worst_s, first_s, BURST_MAX_S, SERIES / worst_s, worst_s / plain_s, PLAIN_MAX,
        put_s / SERIES / BURSTS * 1e6, read, CATCH_UP_MIN, series_s * 1e6, file_size() / SERIES / BURSTS);
    ck_assert_double_lt(worst_s, BURST_MAX_S);
    ck_assert_double_lt(worst_s / plain_s, PLAIN_MAX);
    ck_assert_double_gt(read, CATCH_UP_MIN);
    history_tear_down(&f);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, writes_a_minute_of_figures);
}

UNIT_MAIN("history", tests)
