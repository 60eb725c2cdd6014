/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The running daemon: all its parts, and what its files share. start.c opens them in order, stop.c closes
 * them the other way round, turn.c is what happens once a second and whenever something arrived, keep.c keeps
 * the state on disk. */
#ifndef BR_RUN_DAEMON_H
#define BR_RUN_DAEMON_H

#include "daemon/control.h"
#include "daemon/core/log.h"
#include "daemon/core/now.h"
#include "daemon/flow/intake.h"
#include "daemon/flow/recall.h"
#include "daemon/in/mqtt_in.h"
#include "daemon/out/board.h"
#include "daemon/out/history.h"
#include "daemon/out/http/server.h"
#include "daemon/out/influx_out.h"
#include "daemon/out/mqtt_out.h"
#include "daemon/state_dir.h"

#include <uv.h>

enum daemon_trouble {
    DAEMON_NO_BROKER,
    DAEMON_NO_JOURNAL,
    DAEMON_NO_SYNC,
    DAEMON_NO_CHECKPOINT,
    DAEMON_NO_HISTORY,
    DAEMON_NO_INFLUXDB,
    DAEMON_TROUBLES
};

struct daemon {
    bool troubles[DAEMON_TROUBLES];
    br_series *degraded[DAEMON_TROUBLES];
    int sync_error;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_idle_t busy; /* while there is more in the journal than one turn takes */
    uv_signal_t signals[3];
    uv_check_t awake;    /* a turn of the loop begins here */
    uv_prepare_t asleep; /* and ends here */
    uv_work_t sync;
    bool syncing, stopping, ready;
    int closing;    /* parts whose end is awaited */
    int leaving;    /* outputs that are replaced by a reload, and not closed yet */
    int sockets[2]; /* of the service manager: http, ops */
    bool has_socket[2];
    struct reload *reload; /* being done */
    bool reload_again;     /* it was asked for meanwhile */

    struct br_config *config;
    struct br_faults *faults;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
    struct br_state_dir *state;
    struct br_now *now;
    struct br_log *log;
    struct br_metrics *metrics;
    struct br_tally *tally;
    struct br_journal *journal;
    br_position position; /* where the journal goes on */
    br_position watched;  /* where the intake was at the last tick */
    struct br_flow *flow;
    struct br_quarantine *quarantine;
    struct br_intake *intake;
    struct br_board *board;
    struct br_history *history;
    bool repeating; /* what the flow hands out has been published before */
    bool unkept;    /* a figure found no memory on its way to the history: only a start finds it again */
    struct br_mqtt_in *mqtt_in;
    struct br_mqtt_out *mqtt_out;
    struct br_influx_out *influx;
    struct br_http *http;
    struct br_control *control;
    br_series **refused; /* received, oversize and dropped of each feed, for mqtt_in */
    int64_t dropped;     /* of all feeds, at the last tick */
    br_series *journal_bytes, *loop_lag, *loop_turn, *clock_steps;
    uint64_t started_ms, awake_ns;
    int64_t turn_max_us;              /* since it was asked for last */
    struct br_checkpoint *checkpoint; /* being written, or ... */
    bool checkpoint_waits;            /* ... until the history is on disk up to this change */
    uint64_t checkpoint_change;
    uv_work_t checkpoint_work;
    int checkpoint_error;
    uint64_t checkpoint_began_ms, checkpoint_due_ms;
    uint64_t checkpoint_early_ms; /* when it is due where the journal fills up */
    uint64_t tick_due_ms;
};

/* health.c */
void daemon_health_open(struct daemon *daemon);
void daemon_health(struct daemon *daemon, enum daemon_trouble trouble, bool is_bad);
const char *daemon_trouble(const struct daemon *daemon); /* NULL: none */

/* pipeline.c */
int daemon_fail(struct daemon *daemon, int status, const char *what, int error); /* tells, gives the status */
bool daemon_open_counters(struct daemon *daemon); /* tally and refused; false: out of memory */
struct br_mqtt_in_counters daemon_counters(const struct daemon *daemon);
int daemon_open_flow(struct daemon *daemon); /* from the state on disk; 0 or the exit status */
/* From a state. 0 or a negative errno; -EBADMSG: the readings do not belong to it; -EKEYREJECTED: the privacy
 * key, and it has been told. */
int daemon_open_flow_from(struct daemon *daemon, const Bruis__V1__State *state);
int daemon_open_intake(struct daemon *daemon); /* 0 or the exit status */
void daemon_repeat(struct daemon *daemon);     /* the newest figures for outputs that may not have them */

/* start.c: opens everything; 0 or the exit status. */
int daemon_start(struct daemon *daemon);
/* Which outputs read the history. */
void daemon_history_outputs(const struct br_config *config, bool outputs[BR_HISTORY_OUTPUTS]);
int daemon_open_mqtt_out(struct daemon *daemon); /* where the configuration has it; 0 or the exit status */
int daemon_open_http(struct daemon *daemon);     /* the same; the public waits until br_http_serve */

/* digest.c */

/* "settings=SHA256 tables=SHA256" of all that figures depend on beside the journal; reads the files that are
 * named, so for the start or the pool. False: out of memory, text is empty. */
#define DAEMON_DIGEST_SIZE 160
bool daemon_digest(const struct br_config *config, char text[DAEMON_DIGEST_SIZE]);
void daemon_note_config(struct daemon *daemon, const char *digest); /* in the journal; tells what is new */

/* influx.c */
int daemon_open_influx(struct daemon *daemon);  /* where the configuration has it; 0 or the exit status */
void daemon_move_influx(struct daemon *daemon); /* to another configuration */
struct json_t;
const char *daemon_backfill(struct daemon *daemon, const struct json_t *span); /* NULL, or what is wrong */

/* reload.c: reads the configuration again and goes over to it, when the daemon is ready. */
void daemon_reload(struct daemon *daemon);
void daemon_has_left(struct daemon *daemon); /* an output that was to end has ended */

/* stop.c: begins to stop (once); the loop runs on until closing is 0. */
void daemon_stop(struct daemon *daemon);
void daemon_finish(
    struct daemon *daemon); /* when all is closed: the history and the last checkpoint to disk */
void daemon_close(struct daemon *daemon); /* after the loop: frees everything */

/* turn.c */
void daemon_pump(void *context); /* something may be in the journal */
void daemon_open_handles(struct daemon *daemon);

/* keep.c */
void daemon_keep(void *context); /* between two entries of the journal: a checkpoint, when one is due */
void daemon_keep_last(struct daemon *daemon); /* when everything else has stopped */
void daemon_keep_on(struct daemon *daemon);   /* the history has written something */
void daemon_keep_not(struct daemon *daemon);  /* a checkpoint that waits is of no use any more */
/* The state to go on from; NULL: from what the journal holds. 0 or the exit status: there is one that cannot
 * be read. */
int daemon_recall(struct daemon *daemon, Bruis__V1__State **state);
int daemon_newer(const struct daemon *daemon, const char *what); /* tells, gives the status */
br_position daemon_position(struct daemon *daemon,
                            const Bruis__V1__State *state); /* where the journal goes on */
void daemon_sync(struct daemon *daemon);                    /* the journal to disk, on the pool */

#endif
