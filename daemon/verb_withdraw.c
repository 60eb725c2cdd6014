/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* `bruisd withdraw`: takes a bad sensor's readings back. The running daemon journals it; without one, this
 * does. */
#include "daemon/verb.h"
#include "daemon/control.h"
#include "daemon/core/clock.h"
#include "daemon/core/now.h"
#include "daemon/flow/withdrawal.h"
#include "daemon/in/journal.h"
#include "daemon/state_dir.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct request {
    const char *config_path, *feed, *sensor, *from, *to;
    struct br_withdrawal withdrawal;
};

static const char usage[] = "usage: bruisd withdraw -c FILE --feed F --sensor S --from TIME --to TIME\n";

static bool take_arguments(struct request *request, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"feed", required_argument, NULL, 'f'},
        {"sensor", required_argument, NULL, 's'}, {"from", required_argument, NULL, 'b'},
        {"to", required_argument, NULL, 'e'},     {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            request->config_path = optarg;
        else if (option == 'f')
            request->feed = optarg;
        else if (option == 's')
            request->sensor = optarg;
        else if (option == 'b')
            request->from = optarg;
        else if (option == 'e')
            request->to = optarg;
        else
            return false;
    }
    return optind == argc && request->feed && request->sensor && request->from && request->to;
}

/* NULL, or what is wrong with what was asked for. */
static const char *check(struct request *request, const struct br_config *config)
{
    struct br_withdrawal *withdrawal = &request->withdrawal;
    bool known = false;
    for (size_t i = 0; i < config->feed_count; i++)
        known |= strcmp(config->feeds[i].name, request->feed) == 0;
    if (!known)
        return "no such feed";
    if (!*request->sensor || strlen(request->sensor) > BR_WITHDRAWAL_SENSOR_MAX)
        return "no such sensor";
    if (!br_time_parse(br_view_of(request->from), &withdrawal->from_utc_ms) ||
        !br_time_parse(br_view_of(request->to), &withdrawal->to_utc_ms) ||
        withdrawal->from_utc_ms >= withdrawal->to_utc_ms)
        return "--from and --to must be RFC 3339 times, from before to";
    snprintf(withdrawal->sensor, sizeof withdrawal->sensor, "%s", request->sensor);
    return NULL;
}

/* No daemon runs: the next one finds it in the journal. */
static int journal_it(const struct request *request, const struct br_config *config, const char *payload)
{
    struct br_journal_limits limits = {.size_max = config->journal_max};
    int error;
    struct br_state_dir *state = br_state_dir_open(config->state_dir, &error);
    struct br_journal *journal = state ? br_journal_open(config->state_dir, &limits, &error) : NULL;
    struct br_now *now = br_now_open();
    if (journal && now) {
        struct br_entry entry = {.type = BR_ENTRY_WITHDRAW,
                                 .received_at_utc_ms = br_now_utc_ms(now),
                                 .feed = br_view_of(request->feed),
                                 .payload = br_view_of(payload)};
        error = br_journal_append(journal, &entry);
        if (!error)
            error = br_journal_sync(journal);
    }
    br_now_close(now);
    if (journal)
        br_journal_close(journal);
    br_state_dir_close(state);
    if (!error)
        return BR_EXIT_OK;
    fprintf(stderr, "%s: %s\n", config->state_dir, strerror(-error));
    return error == -EWOULDBLOCK ? BR_EXIT_TRY_LATER : BR_EXIT_IO;
}

static int tell_daemon(const struct request *request, const struct br_config *config, const char *payload)
{
    char answer[512];
    json_t *body = json_pack("{s:s, s:s}", "feed", request->feed, "withdraw", payload);
    char *line = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    int error = line ? br_control_ask(config->state_dir, line, answer, sizeof answer) : -ENOMEM;
    free(line);
    if (error == -ENOENT || error == -ECONNREFUSED)
        return journal_it(request, config, payload);
    if (error || strcmp(answer, "ok") != 0) {
        fprintf(stderr, "the daemon: %s\n", error ? strerror(-error) : answer);
        return error == -EACCES ? BR_EXIT_NO_PERMISSION : error ? BR_EXIT_UNAVAILABLE : BR_EXIT_DATA;
    }
    return BR_EXIT_OK;
}

int br_verb_withdraw(int argc, char **argv)
{
    struct request request = {.config_path = BR_CONFIG_PATH};
    int status;
    if (!take_arguments(&request, argc, argv)) {
        fputs(usage, stderr);
        return BR_EXIT_USAGE;
    }
    struct br_config *config = br_verb_config(request.config_path, &status);
    if (!config)
        return status;
    const char *fault = check(&request, config);
    char *payload = fault ? NULL : br_withdrawal_print(&request.withdrawal);
    if (fault) {
        fprintf(stderr, "withdraw: %s\n", fault);
        status = BR_EXIT_USAGE;
    } else {
        status = payload ? tell_daemon(&request, config, payload) : BR_EXIT_IO;
    }
    free(payload);
    br_config_close(config);
    return status;
}
