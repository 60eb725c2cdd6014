/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/tally.h"

#include "tests/unit/failing_malloc.h"
#include "tests/unit/unit.h"

struct counters {
    struct br_metrics *metrics;
    struct br_config_feed feed[2];
    struct br_config config;
    struct br_tally *tally;
};

static void begin(struct counters *c)
{
    *c = (struct counters){.metrics = br_metrics_open(),
                           .feed = {{.name = (char *)"a"}, {.name = (char *)"b"}}};
    c->config = (struct br_config){.feeds = c->feed, .feed_count = 2};
    c->tally = br_tally_open(c->metrics, &c->config);
    ck_assert_ptr_nonnull(c->tally);
}

static void end(struct counters *c)
{
    br_tally_close(c->tally);
    br_metrics_close(c->metrics);
}

static bool prints(const struct counters *c, const char *line)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    br_metrics_print(c->metrics, to);
    fclose(to);
    bool found = strstr(text, line) != NULL;
    if (!found)
        printf("%s", text);
    free(text);
    return found;
}

/* All series of section 8 are there from the start, with 0. */
START_TEST(all_series_are_there)
{
    static const char *const results[] = {"used",     "duplicate",   "late",    "corrected",
                                          "conflict", "implausible", "invalid", "unlocated"};
    static const char *const outcomes[] = {"decoded", "skipped", "rejected", "oversize", "dropped"};
    struct counters c;
    char line[128];
    begin(&c);
    for (size_t i = 0; i < 8; i++) {
        snprintf(line, sizeof line, "bruis_observations_total{feed=\"b\",result=\"%s\"} 0\n", results[i]);
        ck_assert(prints(&c, line));
    }
    for (size_t i = 0; i < 5; i++) {
        snprintf(line, sizeof line, "bruis_messages_total{feed=\"a\",outcome=\"%s\"} 0\n", outcomes[i]);
        ck_assert(prints(&c, line));
    }
    ck_assert(prints(&c, "bruis_messages_received_total{feed=\"a\"} 0\n"));
    ck_assert(prints(&c, "bruis_observations_decoded_total{feed=\"a\"} 0\n"));
    ck_assert(prints(&c, "bruis_observations_pending{feed=\"b\"} 0\n"));
    ck_assert(prints(&c, "# TYPE bruis_observations_pending gauge\n"));
    ck_assert(prints(&c, "# TYPE bruis_observations_total counter\n"));
    end(&c);
}
END_TEST

START_TEST(feeds_count_apart)
{
    struct counters c;
    begin(&c);
    *br_tally_feed(c.tally, 0)->result[BR_LATE] += 2;
    *br_tally_feed(c.tally, 1)->result[BR_CORRECTED] += 3;
    *br_tally_feed(c.tally, 1)->outcome[BR_OUT_OVERSIZE] += 4;
    *br_tally_feed(c.tally, 1)->unmatched += 5;
    ck_assert(prints(&c, "bruis_observations_total{feed=\"a\",result=\"late\"} 2\n"));
    ck_assert(prints(&c, "bruis_observations_total{feed=\"b\",result=\"late\"} 0\n"));
    ck_assert(prints(&c, "bruis_observations_total{feed=\"b\",result=\"corrected\"} 3\n"));
    ck_assert(prints(&c, "bruis_messages_total{feed=\"b\",outcome=\"oversize\"} 4\n"));
    ck_assert(prints(&c, "bruis_sites_unmatched_total{feed=\"b\"} 5\n"));
    end(&c);
}
END_TEST

START_TEST(windows_and_sensors)
{
    struct counters c;
    begin(&c);
    br_tally_closed(c.tally, "5m");
    br_tally_closed(c.tally, "5m");
    br_tally_sensors(c.tally, "parking", 7, 2);
    br_tally_sensors(c.tally, "parking", 6, 3);
    ck_assert(prints(&c, "bruis_windows_closed_total{window=\"5m\"} 2\n"));
    ck_assert(prints(&c, "bruis_sensors{domain=\"parking\",state=\"heard\"} 6\n"));
    ck_assert(prints(&c, "bruis_sensors{domain=\"parking\",state=\"silent\"} 3\n"));
    end(&c);
}
END_TEST

START_TEST(no_feeds)
{
    struct counters c;
    begin(&c);
    br_tally_close(c.tally);
    c.config.feed_count = 0;
    c.tally = br_tally_open(c.metrics, &c.config);
    ck_assert_ptr_nonnull(c.tally);
    end(&c);
    br_tally_close(NULL);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(without_memory)
{
    struct counters c;
    begin(&c);
    long live = failing_live();
    for (long nth = 1; nth <= 2; nth++) {
        failing_arm(nth);
        struct br_tally *tally = br_tally_open(c.metrics, &c.config);
        failing_disarm();
        ck_assert_ptr_null(tally);
        ck_assert_int_eq(failing_live(), live);
    }
    end(&c);
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, all_series_are_there);
    tcase_add_test(tcase, feeds_count_apart);
    tcase_add_test(tcase, windows_and_sensors);
    tcase_add_test(tcase, no_feeds);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("tally", tests)
