/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE 32

struct br_state_dir {
    char path[PATH_MAX];
    int lock;
};

struct br_state_dir *br_state_dir_open(const char *path, int *error)
{
    struct br_state_dir *state = calloc(1, sizeof *state);
    char lock[PATH_MAX + 8];
    *error = -ENOMEM;
    if (!state)
        return NULL;
    snprintf(state->path, sizeof state->path, "%s", path);
    snprintf(lock, sizeof lock, "%s/lock", path);
    state->lock = -1;
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        state->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock >= 0 && flock(state->lock, LOCK_EX | LOCK_NB) == 0) {
        *error = 0;
        return state;
    }
    *error = -errno;
    br_state_dir_close(state);
    return NULL;
}

void br_state_dir_close(struct br_state_dir *state)
{
    if (!state)
        return;
    if (state->lock >= 0)
        close(state->lock);
    free(state);
}

/* Written beside and renamed, so that a crash leaves no half key. */
static bool make_key(const char *path, uint8_t key[KEY_SIZE])
{
    char beside[PATH_MAX + 32];
    if (getrandom(key, KEY_SIZE, 0) != KEY_SIZE)
        return false;
    snprintf(beside, sizeof beside, "%s.new", path);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool written = write(file, key, KEY_SIZE) == KEY_SIZE && fsync(file) == 0;
    return close(file) == 0 && written && rename(beside, path) == 0;
}

/* A file of another size is none of ours, or what is left of one. */
static bool read_key(int file, uint8_t key[KEY_SIZE])
{
    uint8_t more;
    ssize_t got = read(file, key, KEY_SIZE);
    if (got < 0)
        return false;
    if (got == KEY_SIZE && read(file, &more, 1) == 0)
        return true;
    errno = EBADMSG;
    return false;
}

uint8_t *br_state_dir_privacy_key(const struct br_state_dir *state, const struct br_config_privacy *privacy,
                                  size_t *size)
{
    char path[PATH_MAX + 16];
    if (privacy->key.credential || privacy->key.file)
        return (uint8_t *)br_config_secret_read(&privacy->key, size);
    uint8_t *key = malloc(KEY_SIZE);
    if (!key)
        return NULL;
    snprintf(path, sizeof path, "%s/privacy.key", state->path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool got = file >= 0 ? read_key(file, key) : errno == ENOENT && make_key(path, key);
    int error = errno;
    if (file >= 0)
        close(file);
    *size = KEY_SIZE;
    if (got)
        return key;
    free(key);
    errno = error;
    return NULL;
}
