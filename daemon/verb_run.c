/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* `bruisd run`: the daemon, in the foreground. */
#include "daemon/run/daemon.h"
#include "daemon/verb.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MMAP_THRESHOLD (64 * 1024)

static int run(struct daemon *daemon)
{
    int status = daemon_start(daemon);
    if (status)
        daemon_stop(daemon);
    while (daemon->closing > 0 || !daemon->stopping || daemon->syncing || daemon->checkpoint)
        uv_run(&daemon->loop, UV_RUN_ONCE);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    daemon_finish(daemon);
    return status || !daemon->unkept ? status : BR_EXIT_IO;
}

int br_verb_run(int argc, char **argv)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    int rest, status;
    const char *path = br_verb_config_path(argc, argv, &rest);
    if (!daemon || !path || rest < argc) {
        free(daemon);
        fprintf(stderr, "usage: bruisd run [-c FILE]\n");
        return BR_EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    /* What a large message took on a thread of the pool goes back to the system: 69 MiB become 34. */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    daemon->config = br_verb_config(path, &status);
    if (!daemon->config) {
        free(daemon);
        return status;
    }
    daemon->faults = br_faults_open();
    daemon->now = br_now_open();
    daemon->log = br_log_open(BR_LOG_NOTICE);
    daemon->metrics = br_metrics_open();
    status = BR_EXIT_IO;
    if (daemon->faults && daemon->now && daemon->log && daemon->metrics && uv_loop_init(&daemon->loop) == 0) {
        status = run(daemon);
        uv_loop_close(&daemon->loop);
    }
    daemon_close(daemon);
    free(daemon);
    return status;
}
