/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Listening sockets. */
#ifndef BR_OUT_HTTP_LISTEN_H
#define BR_OUT_HTTP_LISTEN_H

#include <stdbool.h>

/* Binds and listens on `127.0.0.1:8080` or `[::1]:8080`; port 0 takes a free one. Gives a non-blocking
 * socket, or a negative errno (-EINVAL: no such address). */
int br_listen_open(const char *address);

/* Another descriptor of a listening socket that was passed to the program, non-blocking; negative errno. */
int br_listen_take(int fd);

/* Whether a socket listens on this address. */
bool br_listen_is(int fd, const char *address);

int br_listen_port(int fd); /* negative errno */

/* Only programs of this machine can reach it. */
bool br_listen_is_local(int fd);

#endif
