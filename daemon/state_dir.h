/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The folder of state: made, locked for one process, with the privacy key that is kept in it. */
#ifndef BR_STATE_DIR_H
#define BR_STATE_DIR_H

#include "daemon/config.h"

struct br_state_dir;

/* NULL: *error holds a negative errno (-EWOULDBLOCK: another process holds it). */
struct br_state_dir *br_state_dir_open(const char *path, int *error);
void br_state_dir_close(struct br_state_dir *state); /* gives the lock back */

/* The key of the configuration, else the one kept in the folder, made when there is none. The caller wipes
 * and frees it. NULL: errno says why (EBADMSG: the one in the folder has not 32 bytes). */
uint8_t *br_state_dir_privacy_key(const struct br_state_dir *state, const struct br_config_privacy *privacy,
                                  size_t *size);

#endif
