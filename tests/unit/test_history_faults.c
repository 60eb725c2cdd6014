/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The history when the disk, the file, the memory or the process fails, and what it forgets. */
#include "tests/unit/failing_malloc.h"
#include "tests/unit/history_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct history_fixture f;

static void set_up(void)
{
    history_set_up(&f);
}

static void tear_down(void)
{
    history_tear_down(&f);
}

static void path_of(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", f.dir, name);
}

static void turn(void)
{
    uv_run(&f.loop, UV_RUN_ONCE);
}

static int64_t expired(const char *output)
{
    struct br_metric *errors =
        br_metric_add(f.metrics, BR_COUNTER, "bruis_output_errors_total",
                      "What an output could not deliver, by class.", "output class", 1);
    return *br_metric_of(errors, output, "expired");
}

/* ---- kill -9 */

/* Puts until it is killed, tells what is durable and what it moved its cursor to. */
static void put_for_ever(int to)
{
    struct history_fixture *child = &f;
    uv_loop_init(&child->loop);
    uv_timer_init(&child->loop, &child->pulse);
    uv_timer_start(&child->pulse, history_pulse, 1, 1);
    history_open(child);
    uint64_t number = br_history_last(child->history);
    for (;;) {
        for (int i = 0; i < 200; i++) {
            number = history_put(child, "gm0001", (int64_t)number, 0, (int64_t)number, true);
            ck_assert_uint_gt(number, 0);
        }
        uint64_t durable = br_history_durable(child->history);
        br_history_done(child->history, BR_HISTORY_MQTT, durable / 2);
        if (write(to, &durable, sizeof durable) != sizeof durable)
            _exit(1);
        while (!br_history_has_room(child->history))
            uv_run(&child->loop, UV_RUN_NOWAIT);
    }
}

/* The last durable number that the child told before it was killed. */
static uint64_t kill_in_the_middle(unsigned after)
{
    int ends[2];
    uint64_t durable = 0, told;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        put_for_ever(ends[1]);
    }
    close(ends[1]);
    for (unsigned i = 0; read(ends[0], &told, sizeof told) == sizeof told; i++) {
        durable = told;
        if (i == after)
            kill(child, SIGKILL);
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return durable;
}

START_TEST(loses_nothing_durable_in_a_kill)
{
    uint64_t before = 0;
    f.waiting_max = 200000;
    for (unsigned run = 0; run < 10; run++) {
        uint64_t durable = kill_in_the_middle(20 + run * 7);
        history_open(&f);
        ck_assert_uint_ge(br_history_durable(f.history), durable);
        ck_assert_uint_ge(durable, before);
        ck_assert_uint_le(br_history_cursor(f.history, BR_HISTORY_MQTT), br_history_durable(f.history));
        uint64_t at = br_history_cursor(f.history, BR_HISTORY_MQTT), last = br_history_last(f.history);
        while (at < last) { /* what is behind the cursor is there without a gap */
            history_read(&f, at, 5000);
            ck_assert_uint_eq(f.passed, at + f.count);
            at = f.passed;
        }
        before = last;
        history_close(&f);
    }
    ck_assert_uint_gt(before, 0);
    history_open(&f);
}
END_TEST

/* ---- a file that is none */

static int count_log(const char *text)
{
    char path[128], line[1024];
    int count = 0;
    path_of("log", path);
    FILE *log = fopen(path, "r");
    while (log && fgets(line, sizeof line, log))
        count += strstr(line, text) != NULL;
    if (log)
        fclose(log);
    return count;
}

static void catch_log(void)
{
    char path[128];
    path_of("log", path);
    ck_assert_ptr_nonnull(freopen(path, "w", stderr));
    f.log = br_log_open(BR_LOG_NOTICE);
}

static void damage(off_t at, size_t size)
{
    char path[128];
    static char junk[65536 * 30];
    memset(junk, 0xa5, sizeof junk);
    path_of("history", path);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, junk, size, at), (ssize_t)size);
    close(file);
}

START_TEST(sets_a_damaged_file_aside)
{
    char path[128];
    catch_log();
    for (int i = 1; i <= 2; i++) {
        damage(0, 8192);
        history_open(&f);
        ck_assert_uint_eq(history_put(&f, "gm0001", 0, 0, 1, true), 1);
        history_flush(&f);
        history_close(&f);
        char name[32];
        snprintf(name, sizeof name, "history.damaged-%d", i);
        path_of(name, path);
        ck_assert_int_eq(access(path, F_OK), 0);
    }
    br_log_flush(f.log, INT64_MAX);
    ck_assert_int_eq(count_log("history_damaged"), 2);
    history_open(&f);
}
END_TEST

/* The tables are another program's. */
START_TEST(sets_foreign_tables_aside)
{
    char path[128];
    sqlite3 *database;
    path_of("history", path);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(database, "CREATE TABLE figure (a); PRAGMA user_version = 1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(database);
    history_open(&f);
    path_of("history.damaged-1", path);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* Pages go bad under a running daemon: what comes is kept, numbers go on, and the cursor holds. */
START_TEST(begins_anew_when_pages_go_bad)
{
    char path[128];
    catch_log();
    history_open(&f);
    for (int minute = 0; minute < 20000; minute++)
        history_put(&f, "gm0001", minute, 0, minute, true);
    br_history_done(f.history, BR_HISTORY_MQTT, 100);
    history_close(&f); /* all of it goes from the log into the file */
    history_open(&f);
    damage(4096, 65536 * 30);
    history_put(&f, "gm0001", 1, 1, 1, false);
    ck_assert_uint_eq(history_put(&f, "gm0001", 20000, 0, 7, true), 20002);
    history_flush(&f);
    path_of("history.damaged-1", path);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(br_history_trouble(f.history), 0);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 100);
    ck_assert_str_eq(history_read(&f, 20001, 9), "20002 gm0001 1m 20000 r0 7 newest\n");
    br_log_flush(f.log, INT64_MAX);
    ck_assert_int_eq(count_log("history_damaged"), 1);
}
END_TEST

START_TEST(is_for_its_owner_alone)
{
    static const char *const names[] = {"history", "history-wal"};
    char path[128];
    struct stat status;
    umask(0);
    history_open(&f);
    history_put(&f, "gm0001", 0, 0, 0, true);
    history_flush(&f);
    for (size_t i = 0; i < 2; i++) {
        path_of(names[i], path);
        ck_assert_int_eq(stat(path, &status), 0);
        ck_assert_uint_eq(status.st_mode & 0777, 0600);
    }
}
END_TEST

START_TEST(refuses_what_a_newer_version_wrote)
{
    char path[128];
    sqlite3 *database;
    path_of("history", path);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(database, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    ck_assert_int_eq(history_try_open(&f), -ENOTSUP);
    path_of("history.damaged-1", path);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(unlink((path_of("history", path), path)), 0);
    history_open(&f);
}
END_TEST

/* ---- the disk */

static void fill(bool full)
{
    char path[128];
    static char zeros[65536];
    path_of("filler", path);
    if (!full) {
        ck_assert_int_eq(unlink(path), 0);
        return;
    }
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    for (size_t size = sizeof zeros; size >= 512; size /= 2)
        while (write(file, zeros, size) == (ssize_t)size)
            ;
    close(file);
}

static bool mount_small(const char *options)
{
    return mount("tmpfs", f.dir, "tmpfs", 0, options) == 0;
}

START_TEST(waits_for_a_full_disk)
{
    if (!mount_small("size=8m"))
        return; /* needs root */
    history_open(&f);
    history_put(&f, "gm0001", 0, 0, 0, true);
    history_flush(&f);
    fill(true);
    for (int minute = 1; minute < 20000; minute++)
        history_put(&f, "gm0001", minute, 0, minute, true);
    while (br_history_trouble(f.history) == 0)
        turn();
    ck_assert_int_eq(br_history_trouble(f.history), -ENOSPC);
    ck_assert(!br_history_flush(f.history, 10));
    ck_assert_str_eq(history_series(&f, "gm0001", "1m", T0, T0 + MINUTE, 1), "0 gm0001 1m 0 r0 0\n");
    fill(false);
    int changes = f.changes;
    uint64_t began = uv_hrtime();
    while (br_history_trouble(f.history) != 0 || f.changes == changes)
        turn();
    printf("history: writes again %.1f s after there was space\n", (double)(uv_hrtime() - began) / 1e9);
    history_flush(&f);
    history_read(&f, 0, 30000);
    ck_assert_uint_eq(f.count, 20000);
    history_close(&f);
    ck_assert_int_eq(umount(f.dir), 0);
    history_open(&f);
}
END_TEST

START_TEST(waits_for_a_disk_that_is_read_only)
{
    if (!mount_small("size=8m"))
        return; /* needs root */
    history_open(&f);
    history_put(&f, "gm0001", 0, 0, 0, true);
    history_close(&f);
    ck_assert_int_eq(mount(NULL, f.dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    ck_assert_int_ne(history_try_open(&f), 0);
    ck_assert_int_eq(mount(NULL, f.dir, NULL, MS_REMOUNT, NULL), 0);
    history_open(&f);
    history_close(&f);
    ck_assert_int_eq(umount(f.dir), 0);
    history_open(&f);
}
END_TEST

/* ---- memory */

START_TEST(survives_without_memory)
{
    history_open(&f);
    history_put(&f, "gm0001", 0, 0, 0, true);
    history_flush(&f);
    sqlite3_hard_heap_limit64(1);
    history_put(&f, "gm0002", 1, 0, 1, true);
    uint64_t until = uv_hrtime() + UINT64_C(3000000000);
    while (br_history_trouble(f.history) == 0 && uv_hrtime() < until)
        turn();
    sqlite3_hard_heap_limit64(0);
    history_flush(&f);
    ck_assert_int_eq(br_history_trouble(f.history), 0);
    ck_assert_str_eq(history_read(&f, 0, 9), "1 gm0001 1m 0 r0 0 newest\n2 gm0002 1m 1 r0 1 newest\n");
}
END_TEST

#ifdef FAILING_MALLOC
/* One turn of use. What fails says so, and the next turn finds all that was taken. */
static uint64_t use(int64_t minute)
{
    uint64_t number = history_put(&f, "gm0001", minute, 0, minute, true);
    bool has_asked = br_history_read_series(f.history, BRUIS__V1__DOMAIN__parking, "gm0001", "1m", T0,
                                            INT64_MAX, 100, history_take, &f) == 0;
    f.answered = !has_asked;
    br_history_flush(f.history, 2000);
    return number;
}

START_TEST(survives_every_failing_allocation)
{
    int64_t taken = 0;
    bool failed = true;
    for (long nth = 1; failed && nth < 200; nth++) {
        f.answered = true;
        failing_arm(nth);
        int error = history_begin(&f);
        uint64_t number = error ? 0 : use(nth);
        failed = failing_disarm();
        taken += number > 0;
        history_wait(&f);
        if (!f.history) {
            ck_assert_int_eq(error, -ENOMEM);
            history_open(&f);
        }
        history_flush(&f);
        history_series(&f, "gm0001", "1m", T0, INT64_MAX, 1000);
        ck_assert_uint_eq(f.count, (size_t)taken);
        history_close(&f);
    }
    ck_assert(!failed);
    ck_assert_int_gt(taken, 5);
    history_open(&f);
}
END_TEST
#endif

/* ---- what goes */

static void until_cleaned(size_t count)
{
    do {
        history_series(&f, "gm0001", "1m", INT64_MIN, INT64_MAX, 100000);
    } while (f.count > count);
    ck_assert_uint_eq(f.count, count);
}

START_TEST(forgets_what_is_past_its_time)
{
    f.outputs[BR_HISTORY_INFLUXDB] = true;
    history_open(&f);
    for (int minute = 0; minute < 300; minute++)
        history_put(&f, "gm0001", minute, 0, minute, true);
    struct history_figure hour = {.region = "gm0001", .window = "1h", .start = T0, .vacant = 7};
    uint64_t last = history_put_figure(&f, &hour, true);
    history_flush(&f);
    br_history_done(f.history, BR_HISTORY_INFLUXDB, last);
    history_flush(&f);
    f.config.history_keep_ms[0] = 100 * MINUTE;
    br_history_change(f.history, &f.config, f.outputs);
    history_put(&f, "gm0002", 310, 0, 1, true); /* time goes on */
    history_flush(&f);
    until_cleaned(91); /* minutes 209 to 299 */
    ck_assert_int_eq(strncmp(f.text, "0 gm0001 1m 209 ", 16), 0);
    ck_assert_str_eq(history_series(&f, "gm0001", "1h", INT64_MIN, INT64_MAX, 9), "0 gm0001 1h 0 r0 7\n");
    while (expired("mqtt") < 209)
        turn();
    ck_assert_int_eq(expired("mqtt"), 209);
    ck_assert_int_eq(expired("influxdb"), 0);
    history_read(&f, 0, 1000);
    ck_assert_uint_eq(f.count, 93);
}
END_TEST

START_TEST(keeps_the_outbox_short)
{
    char path[128];
    sqlite3 *database;
    sqlite3_stmt *count;
    history_open(&f);
    for (int minute = 0; minute < 300; minute++)
        history_put(&f, "gm0001", minute, 0, minute, true);
    history_flush(&f);
    br_history_done(f.history, BR_HISTORY_MQTT, 290);
    path_of("history", path);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database, "SELECT count(*) FROM outbox", -1, &count, NULL),
                     SQLITE_OK);
    int left = 300;
    while (left > 10) {
        turn();
        ck_assert_int_eq(sqlite3_step(count), SQLITE_ROW);
        left = sqlite3_column_int(count, 0);
        sqlite3_reset(count);
    }
    ck_assert_int_eq(left, 10);
    sqlite3_finalize(count);
    sqlite3_close(database);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, loses_nothing_durable_in_a_kill);
    tcase_add_test(tcase, sets_a_damaged_file_aside);
    tcase_add_test(tcase, sets_foreign_tables_aside);
    tcase_add_test(tcase, begins_anew_when_pages_go_bad);
    tcase_add_test(tcase, is_for_its_owner_alone);
    tcase_add_test(tcase, refuses_what_a_newer_version_wrote);
    tcase_add_test(tcase, waits_for_a_full_disk);
    tcase_add_test(tcase, waits_for_a_disk_that_is_read_only);
    tcase_add_test(tcase, survives_without_memory);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, survives_every_failing_allocation);
#endif
    tcase_add_test(tcase, forgets_what_is_past_its_time);
    tcase_add_test(tcase, keeps_the_outbox_short);
}

UNIT_MAIN("history_faults", tests)
