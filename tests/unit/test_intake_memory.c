/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The way from the journal to the flow where memory runs out: every allocation fails in turn. A message may
 * be rejected, a reading refused; nothing crashes, nothing is left, and everything is counted. */
#include "daemon/flow/intake.h"

#include "tests/unit/failing_malloc.h"
#include "tests/unit/flow_fixture.h"

#ifdef FAILING_MALLOC

static const char options_text[] =
    "{domain: parking, sensor: /id, observed_at: {at: /t, format: rfc3339}, lat: /lat, lon: /lon,"
    " values: {vacant: /free, capacity: /total}}";

struct station {
    struct world w;
    uv_loop_t loop;
    struct br_journal *journal;
    struct br_node *options;
    struct br_withdrawal withdrawal;
};

static void append(struct station *s, enum br_entry_type type, const char *feed, const char *payload,
                   const char *received)
{
    struct br_entry entry = {.type = type,
                             .received_at_utc_ms = time_of(received),
                             .feed = br_view_of(feed),
                             .topic = br_view_of("some/topic"),
                             .payload = br_view_of(payload)};
    ck_assert_int_eq(br_journal_append(s->journal, &entry), 0);
}

/* All kinds of entries. */
static void write_journal(struct station *s)
{
    char text[256];
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 "{\"id\":\"P%d\",\"t\":\"2026-08-18T10:0%d:00Z\",\"lat\":52.05,\"lon\":5.05,\"free\":3,"
                 "\"total\":10}",
                 i % 2, i);
        append(s, BR_ENTRY_MESSAGE, "garages", text, "10:03:00");
    }
    append(s, BR_ENTRY_MESSAGE, "garages", "{\"id\":\"P1\",\"t\":\"2026-08-18T10:00:00Z\",\"free\":\"x\"}",
           "10:03:01");
    append(s, BR_ENTRY_MESSAGE, "garages", "no JSON", "10:03:01");
    append(s, BR_ENTRY_MESSAGE, "elsewhere", "{}", "10:03:01");
    append(s, BR_ENTRY_TICK, "", "", "10:05:00");
    char *withdrawal = br_withdrawal_print(&s->withdrawal);
    append(s, BR_ENTRY_WITHDRAW, "garages", withdrawal, "10:05:01");
    append(s, BR_ENTRY_TICK, "", "", "10:09:00");
    free(withdrawal);
}

static void begin(struct station *s)
{
    struct br_journal_limits limits = {.segment_size = 1 << 20};
    int error = 0;
    memset(s, 0, sizeof *s);
    world_begin(&s->w);
    world_windows(&s->w, "1m 5m");
    s->w.config.state_dir = s->w.dir;
    s->w.config.memory_max = 1 << 24;
    s->w.config.feed_count = 1;
    s->options = br_node_flow(options_text, s->w.faults);
    ck_assert_ptr_nonnull(s->options);
    s->w.feeds[GARAGES].adapter = br_adapter_find("json");
    s->w.feeds[GARAGES].options = s->options;
    world_open(&s->w);
    s->withdrawal = (struct br_withdrawal){
        .sensor = "P1", .from_utc_ms = time_of("10:00:00"), .to_utc_ms = time_of("10:02:00")};
    ck_assert_int_eq(uv_loop_init(&s->loop), 0);
    s->journal = br_journal_open(s->w.dir, &limits, &error);
    ck_assert_ptr_nonnull(s->journal);
    write_journal(s);
}

static struct br_intake *open_intake(struct station *s, struct br_faults *faults)
{
    struct br_intake_setup setup = {.loop = &s->loop,
                                    .config = &s->w.config,
                                    .journal = s->journal,
                                    .flow = s->w.flow,
                                    .tally = s->w.tally,
                                    .position = br_journal_start(s->journal)};
    return br_intake_open(&setup, faults);
}

static void run(struct br_intake *intake, struct station *s)
{
    while (br_intake_pump(intake) || !br_intake_idle(intake))
        uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void check_sums(const struct station *s)
{
    const struct br_tally_feed *tally = br_tally_feed(s->w.tally, GARAGES);
    int64_t results = 0, outcomes = 0;
    for (int i = 0; i < BR_RESULTS; i++)
        results += *tally->result[i];
    for (int i = 0; i < BR_OUT_OUTCOMES; i++)
        outcomes += *tally->outcome[i];
    ck_assert_int_eq(*tally->decoded, results + *tally->pending);
    ck_assert_int_eq(*tally->received, outcomes);
}

START_TEST(every_allocation_fails_in_turn)
{
    struct station s;
    bool failed = true;
    long nth = 1;
    begin(&s);
    struct br_intake *first = open_intake(&s, s.w.faults); /* what the flow keeps for ever is there then */
    run(first, &s);
    br_intake_close(first);
    for (; failed; nth++) {
        struct br_faults *faults = br_faults_open();
        int64_t received = *br_tally_feed(s.w.tally, GARAGES)->received;
        failing_arm(nth);
        struct br_intake *intake = open_intake(&s, faults);
        if (intake)
            run(intake, &s);
        failed = failing_disarm();
        ck_assert_int_eq(*br_tally_feed(s.w.tally, GARAGES)->received - received, intake ? 5 : 0);
        check_sums(&s);
        br_intake_close(intake);
        br_faults_close(faults);
    }
    ck_assert_int_gt(nth, 10);
    br_journal_close(s.journal);
    ck_assert_int_eq(uv_loop_close(&s.loop), 0);
    br_node_close(s.options);
    world_end(&s.w);
}
END_TEST

/* Nothing of an intake is left that could not be opened, or was closed. */
START_TEST(opening_leaves_nothing)
{
    struct station s;
    bool failed = true;
    begin(&s);
    for (long nth = 1; failed; nth++) {
        struct br_faults *faults = br_faults_open();
        long live = failing_live();
        failing_arm(nth);
        struct br_intake *intake = open_intake(&s, faults);
        failed = failing_disarm();
        ck_assert(failed || intake);
        br_intake_close(intake);
        br_faults_close(faults);
        ck_assert_msg(failing_live() <= live, "allocation %ld: %ld are left", nth, failing_live() - live);
    }
    br_journal_close(s.journal);
    ck_assert_int_eq(uv_loop_close(&s.loop), 0);
    br_node_close(s.options);
    world_end(&s.w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, every_allocation_fails_in_turn);
    tcase_add_test(tcase, opening_leaves_nothing);
}

UNIT_MAIN("intake_memory", tests)

#else

int main(void)
{
    printf("skipped: the sanitizer has an allocator of its own\n");
    return 77;
}

#endif
