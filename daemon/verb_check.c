/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/verb.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct br_config *br_verb_config(const char *path, int *status)
{
    struct br_faults *faults = br_faults_open();
    errno = 0;
    struct br_config *config = faults ? br_config_open(path, faults) : NULL;
    *status = BR_EXIT_OK;
    if (!config && faults && br_faults_count(faults) == 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        *status = errno == EACCES ? BR_EXIT_NO_PERMISSION : BR_EXIT_NO_INPUT;
    } else if (!config) {
        *status = BR_EXIT_CONFIG;
    }
    if (faults)
        br_faults_print(faults, stderr);
    br_faults_close(faults);
    return config;
}

const char *br_verb_config_path(int argc, char **argv, int *rest)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
    const char *path = BR_CONFIG_PATH;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option != 'c')
            return NULL;
        path = optarg;
    }
    *rest = optind;
    return path;
}

int br_verb_check(int argc, char **argv)
{
    int rest, status;
    const char *path = br_verb_config_path(argc, argv, &rest);
    if (!path || rest < argc) {
        fprintf(stderr, "usage: bruisd check [-c FILE]\n");
        return BR_EXIT_USAGE;
    }
    struct br_config *config = br_verb_config(path, &status);
    if (!config)
        return status;
    struct br_faults *faults = br_faults_open();
    if (!faults) {
        br_config_close(config);
        return BR_EXIT_IO;
    }
    br_config_check(config, faults);
    br_faults_print(faults, stderr);
    status = br_faults_count(faults) > 0 ? BR_EXIT_CONFIG : BR_EXIT_OK;
    br_faults_close(faults);
    br_config_close(config);
    return status;
}
