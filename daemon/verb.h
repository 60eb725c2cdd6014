/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The verbs of the program: each takes its own arguments (argv[0] is the verb) and gives the exit status. */
#ifndef BR_VERB_H
#define BR_VERB_H

#include "daemon/config.h"

/* sysexits, as far as they are used. */
enum br_exit {
    BR_EXIT_OK = 0,
    BR_EXIT_USAGE = 64,
    BR_EXIT_DATA = 65,
    BR_EXIT_NO_INPUT = 66,
    BR_EXIT_UNAVAILABLE = 69,
    BR_EXIT_BUG = 70,
    BR_EXIT_CANNOT_CREATE = 73,
    BR_EXIT_IO = 74,
    BR_EXIT_TRY_LATER = 75,
    BR_EXIT_NO_PERMISSION = 77,
    BR_EXIT_CONFIG = 78
};

#define BR_CONFIG_PATH "/etc/bruisd/bruisd.yaml"

int br_verb_run(int argc, char **argv);
int br_verb_check(int argc, char **argv);
int br_verb_decode(int argc, char **argv);
int br_verb_replay(int argc, char **argv);
int br_verb_withdraw(int argc, char **argv);
int br_verb_influx(int argc, char **argv);

/* Reads a configuration for a verb. NULL: faults or the error are on stderr and *status is the exit status.
 */
struct br_config *br_verb_config(const char *path, int *status);

/* The value of `-c FILE` or the default path; anything else is a usage error: NULL. rest: index of the first
 * argument that is no option. */
const char *br_verb_config_path(int argc, char **argv, int *rest);

#endif
