/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* From the journal to the flow: outcomes of messages, order, slices, the thread pool, tables that are kept.
 */
#include "daemon/flow/intake.h"

#include <errno.h>

#include <sys/stat.h>

#include "daemon/flow/reference.h"

#include "tests/unit/flow_fixture.h"
#include "tests/unit/line_adapter.h"

struct station {
    struct world w;
    uv_loop_t loop;
    struct br_journal *journal;
    struct br_intake *intake;
    int ticks;
};

static void on_ticked(void *context)
{
    struct station *s = context;
    s->ticks++;
    ck_assert(br_intake_complete(s->intake)); /* between two entries nothing is at work */
}

static void open_intake(struct station *s, br_position position)
{
    struct br_intake_setup setup = {.loop = &s->loop,
                                    .config = &s->w.config,
                                    .journal = s->journal,
                                    .flow = s->w.flow,
                                    .tally = s->w.tally,
                                    .position = position,
                                    .ticked = on_ticked,
                                    .context = s};
    s->intake = br_intake_open(&setup, s->w.faults);
    br_faults_print(s->w.faults, stdout);
    ck_assert_ptr_nonnull(s->intake);
}

static void begin(struct station *s)
{
    struct br_journal_limits limits = {.size_max = 1 << 26, .segment_size = 1 << 20};
    int error = 0;
    memset(s, 0, sizeof *s);
    world_begin(&s->w);
    world_windows(&s->w, "1m");
    s->w.config.state_dir = s->w.dir;
    s->w.config.memory_max = 1 << 26;
    for (int i = 0; i < FEEDS; i++) {
        s->w.feeds[i].adapter = &line_adapter;
        s->w.feeds[i].max_payload = 1 << 20;
        s->w.feeds[i].max_unpacked = 1 << 22;
    }
    world_open(&s->w);
    ck_assert_int_eq(uv_loop_init(&s->loop), 0);
    s->journal = br_journal_open(s->w.dir, &limits, &error);
    ck_assert_ptr_nonnull(s->journal);
    open_intake(s, br_journal_start(s->journal));
}

static void end(struct station *s)
{
    br_intake_close(s->intake);
    br_journal_close(s->journal);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&s->loop), 0);
    world_end(&s->w);
}

static void put(struct station *s, enum br_entry_type type, const char *feed, const char *text,
                const char *received)
{
    struct br_entry entry = {.type = type,
                             .received_at_utc_ms = time_of(received),
                             .feed = br_view_of(feed),
                             .topic = br_view_of("some/topic"),
                             .payload = br_view_of(text)};
    ck_assert_int_eq(br_journal_append(s->journal, &entry), 0);
}

static void message(struct station *s, const char *feed, const char *text, const char *received)
{
    put(s, BR_ENTRY_MESSAGE, feed, text, received);
}

/* Until everything has been applied. */
static void drain(struct station *s)
{
    for (int turn = 0; turn < 100000 && !br_intake_idle(s->intake); turn++)
        if (!br_intake_pump(s->intake))
            uv_run(&s->loop, UV_RUN_ONCE);
    ck_assert(br_intake_idle(s->intake));
    ck_assert_uint_eq(br_intake_position(s->intake), br_journal_end(s->journal));
}

static void expect_messages(const struct station *s, int feed, const char *wanted)
{
    static const char *const words[] = {"decoded", "skipped", "rejected", "oversize", "dropped"};
    const struct br_tally_feed *tally = br_tally_feed(s->w.tally, (size_t)feed);
    char text[128] = "";
    int64_t sum = 0;
    for (int i = 0; i < BR_OUT_OUTCOMES; i++) {
        sum += *tally->outcome[i];
        if (*tally->outcome[i] != 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s=%lld", *text ? " " : "", words[i],
                     (long long)*tally->outcome[i]);
    }
    ck_assert_str_eq(text, wanted);
    ck_assert_int_eq(*tally->received, sum);
}

START_TEST(every_message_ends_in_one_outcome)
{
    struct station s;
    char *large = malloc((1 << 20) + 2);
    begin(&s);
    ck_assert(!br_intake_pump(s.intake));
    ck_assert(br_intake_idle(s.intake));
    message(&s, "garages", "p P1 10:00:00 capacity=10 vacant=3\nnonsense\n", "10:00:01");
    message(&s, "garages", "skip", "10:00:01");
    message(&s, "garages", "reject", "10:00:01");
    message(&s, "garages", "invalid\np P1 10:00:00 capacity=10 vacant=3\ninvalid", "10:00:01");
    message(&s, "garages", "", "10:00:01");
    memset(large, '\n', (1 << 20) + 1);
    large[(1 << 20) + 1] = '\0';
    message(&s, "garages", large, "10:00:01");
    message(&s, "loops", "t S1 10:00:00 flow=60 speed=300", "10:00:01");
    message(&s, "gone", "p P1 10:00:00 vacant=3", "10:00:01"); /* of a feed that there is no more */
    ck_assert(!br_intake_idle(s.intake));
    drain(&s);
    expect_messages(&s, GARAGES, "decoded=3 skipped=1 rejected=1 oversize=1");
    expect_messages(&s, LOOPS, "decoded=1");
    expect_results(&s.w, GARAGES, "invalid=2 duplicate=1 used=1");
    expect_results(&s.w, LOOPS, "invalid=1");
    ck_assert_int_eq(*br_tally_feed(s.w.tally, GARAGES)->unmatched, 1);
    free(large);
    end(&s);
}
END_TEST

START_TEST(ticks_publish)
{
    struct station s;
    begin(&s);
    message(&s, "garages", "p P1 10:00:00 capacity=10 vacant=3", "10:00:01");
    put(&s, BR_ENTRY_TICK, "", "", "10:02:30");
    put(&s, BR_ENTRY_CONFIG, "", "digest", "10:02:31");
    drain(&s);
    ck_assert_int_eq(s.ticks, 1);
    expect(&s.w, "parking gm0001 1m 10:00:00", "vacant=3");
    end(&s);
}
END_TEST

START_TEST(messages_settle)
{
    struct station s;
    begin(&s);
    message(&s, "jams", "j J1 10:00:00 length=500\nsnapshot 10:00:00", "10:00:01");
    message(&s, "jams", "snapshot 10:02:30", "10:02:31");
    drain(&s);
    expect(&s.w, "traffic gm0001 1m 10:00:00", "jams=1 queue_length_m=500");
    end(&s);
}
END_TEST

/* Order is the journal's: what sensors are is taken before what they say. */
START_TEST(sensors_come_before_observations)
{
    struct station s;
    begin(&s);
    message(&s, "garages", "p P1 10:00:00 nowhere vacant=3\nsensor P1 gm=2", "10:00:01");
    drain(&s);
    expect_results(&s.w, GARAGES, "used=1");
    end(&s);
}
END_TEST

START_TEST(large_messages_keep_the_order)
{
    struct station s;
    size_t size = 0;
    char *large = malloc(1 << 20);
    begin(&s);
    for (int i = 0; i < 2000; i++) /* more than a slice, and more than is decoded on the loop */
        size += (size_t)sprintf(large + size, "p P%d 10:00:00 capacity=100 vacant=%d entries=1 exits=1\n",
                                i % 500, i / 500);
    ck_assert_uint_gt(size, 64 * 1024);
    message(&s, "garages", "p P0 10:00:00 capacity=100 vacant=9 entries=1 exits=1", "10:00:01");
    message(&s, "garages", large, "10:00:01");
    message(&s, "garages", "p P1 10:00:00 capacity=100 vacant=1 entries=1 exits=1", "10:00:01");
    while (br_intake_pump(s.intake))
        ;
    ck_assert(!br_intake_idle(s.intake)); /* it is being decoded elsewhere: the loop goes on */
    ck_assert(!br_intake_complete(s.intake));
    ck_assert(!br_intake_pump(s.intake));
    drain(&s);
    ck_assert(br_intake_complete(s.intake));
    expect_messages(&s, GARAGES, "decoded=3");
    /* P0 has 9 first, so that its 0 to 3 are less; the others grow three times; P1 ends with 1 after its 3.
     */
    expect_results(&s.w, GARAGES, "conflict=5 corrected=1497 used=500");
    free(large);
    end(&s);
}
END_TEST

START_TEST(a_message_can_be_completed)
{
    struct station s;
    size_t size = 0;
    char *text = malloc(1 << 16);
    begin(&s);
    for (int i = 0; i < 900; i++)
        size += (size_t)sprintf(text + size, "p P%d 10:00:00 vacant=%d\n", i, i);
    message(&s, "garages", text, "10:00:01");
    br_intake_pump(s.intake);
    ck_assert(br_intake_complete(s.intake));
    ck_assert_uint_eq(br_intake_position(s.intake), br_journal_end(s.journal));
    expect_results(&s.w, GARAGES, "used=900");
    free(text);
    end(&s);
}
END_TEST

START_TEST(begins_where_it_is_told)
{
    struct station s;
    begin(&s);
    message(&s, "garages", "p P1 10:00:00 vacant=3", "10:00:01");
    drain(&s);
    br_position position = br_intake_position(s.intake);
    message(&s, "garages", "p P2 10:00:00 vacant=3", "10:00:01");
    br_intake_close(s.intake);
    open_intake(&s, position);
    ck_assert_uint_eq(br_intake_position(s.intake), position);
    drain(&s);
    expect_messages(&s, GARAGES, "decoded=2");
    expect_results(&s.w, GARAGES, "used=2");
    end(&s);
}
END_TEST

START_TEST(withdrawals_are_entries)
{
    struct station s;
    struct br_withdrawal withdrawal = {
        .sensor = "P1", .from_utc_ms = time_of("10:00:00"), .to_utc_ms = time_of("10:00:30")};
    char *text = br_withdrawal_print(&withdrawal);
    begin(&s);
    message(&s, "garages", "p P1 10:00:00 capacity=10 vacant=3\np P1 10:00:30 capacity=10 vacant=5",
            "10:00:31");
    put(&s, BR_ENTRY_WITHDRAW, "nowhere", text, "10:00:32");
    put(&s, BR_ENTRY_WITHDRAW, "garages", "no withdrawal", "10:00:32");
    put(&s, BR_ENTRY_WITHDRAW, "garages", text, "10:00:32");
    put(&s, BR_ENTRY_TICK, "", "", "10:03:00");
    drain(&s);
    expect(&s.w, "parking gm0001 1m 10:00:00", "vacant=5 vacant_min=5 vacant_mean=2.5");
    free(text);
    end(&s);
}
END_TEST

/* A new process: a flow that knows nothing, reading from here. */
static void start_again(struct station *s, br_position position)
{
    br_intake_close(s->intake);
    br_flow_close(s->w.flow);
    br_tally_close(s->w.tally);
    br_regions_close(s->w.regions);
    br_metrics_close(s->w.metrics);
    s->w.metrics = br_metrics_open();
    world_open(&s->w);
    open_intake(s, position);
}

START_TEST(tables_are_kept_over_restarts)
{
    struct station s;
    char path[PATH_MAX], text[128] = "";
    begin(&s);
    message(&s, "garages", "table\nsensor P1 gm=2\n", "10:00:00");
    drain(&s);
    expect_messages(&s, GARAGES, "decoded=1");
    ck_assert(br_reference_find(s.w.dir, "garages", br_intake_position(s.intake), path));
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    ck_assert_str_eq(text, "table\nsensor P1 gm=2\n");

    start_again(&s, br_journal_end(s.journal));
    message(&s, "garages", "p P1 10:00:00 nowhere vacant=3", "10:00:01");
    drain(&s);
    expect_results(&s.w, GARAGES, "used=1");
    end(&s);
}
END_TEST

/* A crash between a table and the next checkpoint: what is read again is read with the table that held then.
 */
START_TEST(a_table_does_not_run_ahead)
{
    struct station s;
    begin(&s);
    message(&s, "garages", "table\nsensor P1 gm=1\n", "10:00:00");
    drain(&s);
    br_position checkpoint = br_intake_position(s.intake);
    br_intake_kept(s.intake, checkpoint);
    message(&s, "garages", "p P1 10:00:00 nowhere vacant=3\np P2 10:00:00 nowhere vacant=4", "10:00:01");
    message(&s, "garages", "table\nsensor P1 gm=1\nsensor P2 gm=2\n", "11:30:00");
    drain(&s);
    expect_results(&s.w, GARAGES, "unlocated=1 used=1"); /* the place of P2 came too late */

    start_again(&s, checkpoint);
    drain(&s);
    expect_results(&s.w, GARAGES, "unlocated=1 used=1");
    br_intake_kept(s.intake, br_intake_position(s.intake));

    start_again(&s, br_intake_position(s.intake));
    message(&s, "garages", "p P2 11:30:00 nowhere vacant=4", "11:30:01");
    drain(&s);
    expect_results(&s.w, GARAGES, "used=1");
    end(&s);
}
END_TEST

/* Until it is kept no checkpoint may pass it. */
START_TEST(a_table_is_kept_when_it_can_be)
{
    struct station s;
    char path[PATH_MAX];
    begin(&s);
    snprintf(path, sizeof path, "%s/reference", s.w.dir);
    fclose(fopen(path, "w")); /* a file where the folder should be */
    message(&s, "garages", "table\nsensor P1 gm=2\n", "10:00:00");
    message(&s, "garages", "p P1 10:00:00 nowhere vacant=3", "10:00:01");
    drain(&s);
    ck_assert_int_eq(br_intake_land(s.intake), -ENOTDIR);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(br_intake_land(s.intake), 0);
    ck_assert_int_eq(br_intake_land(s.intake), 0);
    start_again(&s, br_journal_end(s.journal));
    message(&s, "garages", "p P1 10:01:00 nowhere vacant=3", "10:01:01");
    drain(&s);
    expect_results(&s.w, GARAGES, "used=1");
    end(&s);
}
END_TEST

START_TEST(a_table_that_cannot_be_kept)
{
    struct station s;
    char path[128];
    begin(&s);
    snprintf(path, sizeof path, "%s/reference", s.w.dir);
    fclose(fopen(path, "w")); /* a file where the folder should be */
    message(&s, "garages", "table\nsensor P1 gm=2\np P1 10:00:00 nowhere vacant=3", "10:00:01");
    drain(&s);
    expect_messages(&s, GARAGES, "decoded=1"); /* it is still used */
    expect_results(&s.w, GARAGES, "used=1");
    end(&s);
}
END_TEST

START_TEST(one_message_at_once)
{
    struct world w;
    char text[256] = "p P1 10:00:00 vacant=3\np P2 10:00:00 vacant=3";
    world_begin(&w);
    w.replay = true;
    for (int i = 0; i < FEEDS; i++)
        w.feeds[i].adapter = &line_adapter;
    world_open(&w);
    struct br_intake_setup setup = {.config = &w.config, .flow = w.flow, .tally = w.tally};
    struct br_intake *intake = br_intake_open(&setup, w.faults);
    ck_assert_ptr_nonnull(intake);
    ck_assert_int_eq(
        br_intake_message(intake, GARAGES, br_view_of("t"), br_view_of(text), time_of("10:00:01")),
        BR_OUT_DECODED);
    expect_results(&w, GARAGES, "used=2");
    strcpy(text, "reject");
    ck_assert_int_eq(br_intake_message(intake, GARAGES, br_view_of("t"), br_view_of(text), BR_TIME_NONE),
                     BR_OUT_REJECTED);
    strcpy(text, "table");
    ck_assert_int_eq(br_intake_message(intake, GARAGES, br_view_of("t"), br_view_of(text), BR_TIME_NONE),
                     BR_OUT_DECODED); /* a replay keeps nothing */
    br_intake_close(intake);
    br_intake_close(NULL);
    world_end(&w);
}
END_TEST

START_TEST(faults_of_all_feeds_are_told)
{
    struct world w;
    char path[96];
    world_begin(&w);
    snprintf(path, sizeof path, "%s/bruisd.yaml", w.dir);
    w.config.path = path;
    for (int i = 0; i < FEEDS; i++)
        w.feeds[i].adapter = &line_adapter;
    world_open(&w);
    struct br_node *options = br_node_flow("{table: nowhere.txt}", w.faults);
    w.feeds[GARAGES].options = w.feeds[PEOPLE].options = options;
    struct br_intake_setup setup = {.config = &w.config, .flow = w.flow, .tally = w.tally};
    ck_assert_ptr_null(br_intake_open(&setup, w.faults));
    ck_assert_uint_eq(br_faults_count(w.faults), 2);
    br_node_close(options);
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, every_message_ends_in_one_outcome);
    tcase_add_test(tcase, ticks_publish);
    tcase_add_test(tcase, messages_settle);
    tcase_add_test(tcase, sensors_come_before_observations);
    tcase_add_test(tcase, large_messages_keep_the_order);
    tcase_add_test(tcase, a_message_can_be_completed);
    tcase_add_test(tcase, begins_where_it_is_told);
    tcase_add_test(tcase, withdrawals_are_entries);
    tcase_add_test(tcase, tables_are_kept_over_restarts);
    tcase_add_test(tcase, a_table_does_not_run_ahead);
    tcase_add_test(tcase, a_table_is_kept_when_it_can_be);
    tcase_add_test(tcase, a_table_that_cannot_be_kept);
    tcase_add_test(tcase, one_message_at_once);
    tcase_add_test(tcase, faults_of_all_feeds_are_told);
}

UNIT_MAIN("intake", tests)
