/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The state on disk: the journal is synced every second, a checkpoint is written now and then, and what is
 * before a checkpoint that is on disk leaves the journal. */
#include "daemon/run/daemon.h"
#include "daemon/flow/reference.h"
#include "daemon/verb.h"

#include <errno.h>
#include <string.h>

#define CHECKPOINT_MS UINT64_C(30000)
#define EARLY_MS UINT64_C(1000) /* between two that make room in a journal that fills up */
#define TRY_AGAIN_MS UINT64_C(5000)
#define FLUSH_MS 5000 /* at the end, for the history */

static void on_pool_sync(uv_work_t *work)
{
    struct daemon *daemon = work->data;
    daemon->sync_error = br_journal_sync(daemon->journal);
}

static void on_synced(uv_work_t *work, int status)
{
    struct daemon *daemon = work->data;
    (void)status;
    daemon->syncing = false;
    daemon_health(daemon, DAEMON_NO_SYNC, daemon->sync_error != 0);
}

void daemon_sync(struct daemon *daemon)
{
    if (!daemon->syncing && uv_queue_work(&daemon->loop, &daemon->sync, on_pool_sync, on_synced) == 0)
        daemon->syncing = true;
}

static void on_pool_checkpoint(uv_work_t *work)
{
    struct daemon *daemon = work->data;
    daemon->checkpoint_error = br_journal_sync(daemon->journal);
    if (!daemon->checkpoint_error)
        daemon->checkpoint_error = br_checkpoint_write(daemon->checkpoint, daemon->config->state_dir);
}

/* A large state is written less often: at most a twentieth of the time goes into it, or half of it where the
 * journal fills up. */
static void put_off(struct daemon *daemon, int error)
{
    uint64_t now_ms = uv_now(&daemon->loop), took_ms = now_ms - daemon->checkpoint_began_ms;
    uint64_t wait_ms = took_ms * 20 > CHECKPOINT_MS ? took_ms * 20 : CHECKPOINT_MS;
    daemon->checkpoint_due_ms = now_ms + (error ? TRY_AGAIN_MS : wait_ms);
    daemon->checkpoint_early_ms = now_ms + (error ? TRY_AGAIN_MS : took_ms > EARLY_MS ? took_ms : EARLY_MS);
}

/* Only what a checkpoint holds leaves the journal, and the disk: one that is half full or finds no room does
 * not wait for its time. */
static bool is_due(const struct daemon *daemon)
{
    bool needs_room = daemon->troubles[DAEMON_NO_JOURNAL] ||
                      br_journal_size(daemon->journal) > daemon->config->journal_max / 2;
    return uv_now(&daemon->loop) >= (needs_room ? daemon->checkpoint_early_ms : daemon->checkpoint_due_ms);
}

/* What is before a checkpoint that is on disk may leave the journal, and what only an older one needs goes.
 */
static void on_disk(struct daemon *daemon)
{
    br_journal_release(daemon->journal, br_checkpoint_position(daemon->checkpoint));
    if (daemon->intake)
        br_intake_kept(daemon->intake, br_checkpoint_position(daemon->checkpoint));
    if (daemon->flow)
        br_flow_kept(daemon->flow, br_checkpoint_clock(daemon->checkpoint));
}

static void on_checkpoint_written(uv_work_t *work, int status)
{
    struct daemon *daemon = work->data;
    (void)status;
    daemon_health(daemon, DAEMON_NO_CHECKPOINT, daemon->checkpoint_error != 0);
    if (daemon->checkpoint_error)
        br_log_often(daemon->log, BR_LOG_ERR, "checkpoint_failed", "state",
                     strerror(-daemon->checkpoint_error), "", br_now_utc_ms(daemon->now));
    else
        on_disk(daemon);
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
    put_off(daemon, daemon->checkpoint_error);
}

static void try_again(struct daemon *daemon, int error)
{
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
    put_off(daemon, error);
    daemon_health(daemon, DAEMON_NO_CHECKPOINT, true);
    br_log_often(daemon->log, BR_LOG_ERR, "checkpoint_failed", "state", strerror(-error), "",
                 br_now_utc_ms(daemon->now));
}

/* A checkpoint as things are now, and all that belongs to it but is no part of it. */
static int take(struct daemon *daemon)
{
    int error = br_intake_land(daemon->intake);
    if (!error)
        daemon->checkpoint = br_flow_checkpoint(daemon->flow, br_intake_position(daemon->intake), &error);
    return error;
}

void daemon_keep(void *context)
{
    struct daemon *daemon = context;
    int error;
    if (daemon->checkpoint_due_ms == 0) /* a start that fails soon writes none */
        daemon->checkpoint_due_ms = uv_now(&daemon->loop) + CHECKPOINT_MS;
    if (daemon->checkpoint || daemon->stopping || daemon->unkept || !is_due(daemon))
        return;
    daemon->checkpoint_began_ms = uv_now(&daemon->loop);
    error = take(daemon);
    daemon->checkpoint_change = br_history_last(daemon->history);
    daemon->checkpoint_waits = true;
    if (error)
        try_again(daemon, error);
    else
        daemon_keep_on(daemon);
}

/* A checkpoint is written when all figures before it are in the history, or a crash between the two would
 * lose them. */
void daemon_keep_on(struct daemon *daemon)
{
    if (!daemon->checkpoint || !daemon->checkpoint_waits ||
        br_history_durable(daemon->history) < daemon->checkpoint_change)
        return;
    daemon->checkpoint_waits = false;
    int error =
        uv_queue_work(&daemon->loop, &daemon->checkpoint_work, on_pool_checkpoint, on_checkpoint_written);
    if (error)
        try_again(daemon, error);
}

void daemon_keep_not(struct daemon *daemon)
{
    if (!daemon->checkpoint || !daemon->checkpoint_waits)
        return;
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
}

/* The last one, when everything else has stopped: the next start goes on from here. */
void daemon_keep_last(struct daemon *daemon)
{
    int error;
    if (!daemon->intake || !daemon->ready || daemon->unkept || !br_intake_complete(daemon->intake))
        return;
    if (!br_history_flush(daemon->history, FLUSH_MS)) {
        br_log(daemon->log, BR_LOG_ERR, "checkpoint_failed", "reason=\"the history cannot be written\"");
        return;
    }
    error = take(daemon);
    if (!error)
        error = br_journal_sync(daemon->journal);
    if (!error)
        error = br_checkpoint_write(daemon->checkpoint, daemon->config->state_dir);
    if (error)
        br_log(daemon->log, BR_LOG_ERR, "checkpoint_failed", "reason=\"%s\"", strerror(-error));
    br_checkpoint_close(daemon->checkpoint);
    daemon->checkpoint = NULL;
}

int daemon_newer(const struct daemon *daemon, const char *what)
{
    br_log(daemon->log, BR_LOG_ERR, "state_newer",
           "file=%s/%s reason=\"written by a newer version of bruisd: start that one, or take another "
           "state_dir\"",
           daemon->config->state_dir, what);
    return BR_EXIT_CONFIG;
}

/* A damaged state is none. One that cannot be read just now is no reason to forget it: the next start may. */
int daemon_recall(struct daemon *daemon, Bruis__V1__State **state)
{
    int error = 0;
    *state = br_checkpoint_read(daemon->config->state_dir, &error);
    if (*state || error == -ENOENT)
        return BR_EXIT_OK;
    if (error == -EBADMSG) {
        br_log(daemon->log, BR_LOG_ERR, "state_damaged",
               "reason=\"%s\" action=\"going on from what the journal still holds\"", strerror(-error));
        return BR_EXIT_OK;
    }
    if (error == -ENOTSUP)
        return daemon_newer(daemon, "state");
    br_log(daemon->log, BR_LOG_ERR, "state_unreadable", "file=%s/state reason=\"%s\"",
           daemon->config->state_dir, strerror(-error));
    return BR_EXIT_IO;
}

/* Tables are kept by positions of the journal: where it has not what they tell of, they follow it. before:
 * the position that the state knows them by. */
static void fit_tables(const struct daemon *daemon, br_position before)
{
    br_position end = br_journal_end(daemon->journal);
    for (size_t i = 0; i < daemon->config->feed_count; i++)
        if (before > end)
            br_reference_rebase(daemon->config->state_dir, daemon->config->feeds[i].name, before);
        else
            br_reference_cut(daemon->config->state_dir, daemon->config->feeds[i].name, end);
}

br_position daemon_position(struct daemon *daemon, const Bruis__V1__State *state)
{
    br_position start = br_journal_start(daemon->journal), end = br_journal_end(daemon->journal);
    bool is_new = !state && start == end; /* there is neither state nor journal: tables may be left of both */
    fit_tables(daemon, is_new ? UINT64_MAX - 1 : state ? state->position : start);
    if (!state)
        return start;
    if (state->position < start || state->position > end)
        br_log(daemon->log, BR_LOG_WARNING, "journal_gap", "state=%llu start=%llu end=%llu",
               (unsigned long long)state->position, (unsigned long long)start, (unsigned long long)end);
    return state->position < start ? start : state->position > end ? end : state->position;
}
