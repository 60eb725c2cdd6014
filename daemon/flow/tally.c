/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/tally.h"

#include <stdlib.h>

struct br_tally {
    struct br_tally_feed *feeds;
    struct br_metric *closed, *sensors;
};

static const char *const result_words[BR_RESULTS] = {
    [BR_INVALID] = "invalid",     [BR_IMPLAUSIBLE] = "implausible",
    [BR_LATE] = "late",           [BR_DUPLICATE] = "duplicate",
    [BR_CONFLICT] = "conflict",   [BR_CORRECTED] = "corrected",
    [BR_UNLOCATED] = "unlocated", [BR_USED] = "used"};
static const char *const outcome_words[BR_OUT_OUTCOMES] = {[BR_OUT_DECODED] = "decoded",
                                                           [BR_OUT_SKIPPED] = "skipped",
                                                           [BR_OUT_REJECTED] = "rejected",
                                                           [BR_OUT_OVERSIZE] = "oversize",
                                                           [BR_OUT_DROPPED] = "dropped"};

struct metrics_of_feeds {
    struct br_metric *received, *messages, *decoded, *observations, *pending, *unmatched;
};

static struct metrics_of_feeds add_metrics(struct br_metrics *metrics)
{
    return (struct metrics_of_feeds){
        .received = br_metric_add(metrics, BR_COUNTER, "bruis_messages_received_total",
                                  "Messages read from the journal or refused before it.", "feed", 1),
        .messages = br_metric_add(metrics, BR_COUNTER, "bruis_messages_total",
                                  "Messages by their one outcome.", "feed outcome", 1),
        .decoded = br_metric_add(metrics, BR_COUNTER, "bruis_observations_decoded_total",
                                 "Observations found in messages, faulty ones too.", "feed", 1),
        .observations = br_metric_add(metrics, BR_COUNTER, "bruis_observations_total",
                                      "Observations by their one result.", "feed result", 1),
        .pending = br_metric_add(metrics, BR_GAUGE, "bruis_observations_pending",
                                 "Observations that wait for the place of their sensor.", "feed", 1),
        .unmatched = br_metric_add(metrics, BR_COUNTER, "bruis_sites_unmatched_total",
                                   "Sites or site versions that the reference table lacks.", "feed", 1),
    };
}

static void add_feed(const struct metrics_of_feeds *metrics, const char *name, struct br_tally_feed *feed)
{
    feed->received = br_metric_of(metrics->received, name, NULL);
    for (int i = 0; i < BR_OUT_OUTCOMES; i++)
        feed->outcome[i] = br_metric_of(metrics->messages, name, outcome_words[i]);
    feed->decoded = br_metric_of(metrics->decoded, name, NULL);
    for (int i = 0; i < BR_RESULTS; i++)
        feed->result[i] = br_metric_of(metrics->observations, name, result_words[i]);
    feed->pending = br_metric_of(metrics->pending, name, NULL);
    feed->unmatched = br_metric_of(metrics->unmatched, name, NULL);
}

struct br_tally *br_tally_open(struct br_metrics *metrics, const struct br_config *config)
{
    struct br_tally *tally = calloc(1, sizeof *tally);
    if (!tally)
        return NULL;
    tally->feeds = calloc(config->feed_count + 1, sizeof *tally->feeds);
    if (!tally->feeds) {
        free(tally);
        return NULL;
    }
    struct metrics_of_feeds of_feeds = add_metrics(metrics);
    tally->closed = br_metric_add(metrics, BR_COUNTER, "bruis_windows_closed_total",
                                  "Windows published for the first time, each of one domain.", "window", 1);
    tally->sensors = br_metric_add(metrics, BR_GAUGE, "bruis_sensors",
                                   "Sensors known, heard in the last 24 hours or silent.", "domain state", 1);
    for (size_t i = 0; i < config->feed_count; i++)
        add_feed(&of_feeds, config->feeds[i].name, &tally->feeds[i]);
    return tally;
}

void br_tally_close(struct br_tally *tally)
{
    if (!tally)
        return;
    free(tally->feeds);
    free(tally);
}

struct br_tally_feed *br_tally_feed(struct br_tally *tally, size_t feed)
{
    return &tally->feeds[feed];
}

void br_tally_closed(struct br_tally *tally, const char *window)
{
    *br_metric_of(tally->closed, window, NULL) += 1;
}

void br_tally_sensors(struct br_tally *tally, const char *domain, int64_t heard, int64_t silent)
{
    *br_metric_of(tally->sensors, domain, "heard") = heard;
    *br_metric_of(tally->sensors, domain, "silent") = silent;
}
