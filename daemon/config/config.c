/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config.h"

#include "daemon/config/parse.h"
#include "daemon/config/read.h"
#include "daemon/config/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A configuration is written by hand: what is larger is another file. */
#define FILE_SIZE_MAX (16u << 20)

/* The whole file; NULL with errno. */
static char *read_stream(FILE *file, size_t *size)
{
    size_t room = 64 * 1024;
    char *text = malloc(room);
    *size = 0;
    while (text) {
        *size += fread(text + *size, 1, room - *size, file);
        if (*size < room)
            break;
        char *larger = room < FILE_SIZE_MAX ? realloc(text, 2 * room) : NULL;
        if (!larger) {
            free(text);
            errno = room < FILE_SIZE_MAX ? ENOMEM : EFBIG;
            return NULL;
        }
        text = larger;
        room *= 2;
    }
    if (!text || !ferror(file))
        return text;
    int error = errno;
    free(text);
    errno = error;
    return NULL;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = read_stream(file, size);
    int error = errno;
    fclose(file);
    errno = error;
    return text;
}

/* The path with the folder in front that a relative one begins at: of the file, or where the process stands.
 */
char *br_config_path(const struct br_config *config, const char *path)
{
    char *joined = NULL;
    const char *slash = strrchr(config->path, '/');
    if (path[0] == '/')
        return strdup(path);
    char *here = config->path[0] == '/' ? NULL : getcwd(NULL, 0);
    int folder_size = slash ? (int)(slash - config->path + 1) : 0;
    if (config->path[0] != '/' && !here)
        return NULL;
    if (asprintf(&joined, "%s%s%.*s%s", here ? here : "", here ? "/" : "", folder_size, config->path, path) <
        0)
        joined = NULL;
    free(here);
    return joined;
}

/* Everybody may only read it, but for the number of those who do. */
struct br_config *br_config_hold(const struct br_config *config)
{
    struct br_config *held = (struct br_config *)(uintptr_t)config;
    held->holders++;
    return held;
}

void br_config_close(struct br_config *config)
{
    if (!config)
        return;
    if (config->holders > 0) {
        config->holders--;
        return;
    }
    br_config_free(config);
    br_node_close(config->root);
    free(config->path);
    free(config);
}

/* The tree, then what each key says, then what they say together: as many faults in one go as can be told. */
static void build(struct br_config *config, const char *text, size_t size, struct br_faults *faults)
{
    config->root = br_config_parse(text, size, faults);
    if (config->root && br_config_read(config, faults))
        br_config_rules(config, faults);
}

struct br_config *br_config_open(const char *path, struct br_faults *faults)
{
    size_t size, faults_before = br_faults_count(faults);
    char *text = read_file(path, &size);
    if (!text)
        return NULL;
    br_faults_file(faults, path);
    struct br_config *config = calloc(1, sizeof *config);
    if (config)
        config->path = strdup(path);
    if (config && config->path)
        build(config, text, size, faults);
    else
        br_faults_add(faults, NULL, 0, NULL, "no memory");
    free(text);
    if (br_faults_count(faults) == faults_before)
        return config;
    br_config_close(config);
    return NULL;
}
