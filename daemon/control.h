/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The control socket: {runtime directory}/control, mode 0600, for the verbs that speak to the running daemon.
 * A request is one line of JSON, {"withdraw":{...},"feed":"..."}; the answer is one line: `ok` or what is
 * wrong. The runtime directory is $RUNTIME_DIRECTORY, else the state_dir. */
#ifndef BR_CONTROL_H
#define BR_CONTROL_H

#include "daemon/core/view.h"

#include <uv.h>

struct br_control;

struct br_control_setup {
    uv_loop_t *loop;
    const char *state_dir;
    /* Takes a request; gives NULL for `ok`, or what is wrong (constant). */
    const char *(*on_request)(void *context, struct br_view request);
    void *context;
};

/* NULL: *error holds a negative errno. */
struct br_control *br_control_open(const struct br_control_setup *setup, int *error);
void br_control_close(struct br_control *control, void (*on_closed)(void *context), void *context);

/* For a client: sends a line and gives the answer, without its newline, at most size - 1 bytes. 0; -ENOENT or
 * -ECONNREFUSED: no daemon listens; or another negative errno. */
int br_control_ask(const char *state_dir, const char *request, char *answer, size_t size);

#endif
