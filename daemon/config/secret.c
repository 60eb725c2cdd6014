/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far above any password, key or token. */
#define SECRET_SIZE_MAX (64u * 1024u)

static int joined(char *path, size_t path_size, const char *folder, const char *prefix, const char *name)
{
    int size = snprintf(path, path_size, "%s/%s%s", folder, prefix, name);
    if (size >= 0 && (size_t)size < path_size)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* Credentials of several services may lie in one folder: ours come first under bruisd_NAME. */
static int credential_path(const char *name, char *path, size_t path_size)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!folder || !*folder) {
        errno = ENOENT;
        return -1;
    }
    if (joined(path, path_size, folder, "bruisd_", name) < 0)
        return -1;
    if (access(path, F_OK) == 0)
        return 0;
    return joined(path, path_size, folder, "", name) < 0 ? -1 : access(path, F_OK);
}

bool br_config_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool br_config_same_secret(const struct br_config_secret *a, const struct br_config_secret *b)
{
    return br_config_same(a->credential, b->credential) && br_config_same(a->file, b->file);
}

int br_config_secret_path(const struct br_config_secret *secret, char *path, size_t path_size)
{
    if (secret->credential)
        return credential_path(secret->credential, path, path_size);
    if (!secret->file) {
        errno = ENOENT;
        return -1;
    }
    size_t size = strlen(secret->file);
    if (size >= path_size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, secret->file, size + 1);
    return 0;
}

/* Reads until the end; -1: errno. */
static ssize_t read_all(int file, char *text, size_t size_max)
{
    size_t size = 0;
    while (size < size_max) {
        ssize_t count = read(file, text + size, size_max - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            return (ssize_t)size;
        size += (size_t)count;
    }
    errno = EFBIG;
    return -1;
}

/* By read alone: a stream would leave a copy in its buffer. */
static char *read_secret(int file, size_t *size)
{
    char *text = calloc(1, SECRET_SIZE_MAX + 1);
    ssize_t count = text ? read_all(file, text, SECRET_SIZE_MAX) : -1;
    if (count < 0) {
        int error = errno;
        if (text)
            explicit_bzero(text, SECRET_SIZE_MAX);
        free(text);
        errno = error;
        return NULL;
    }
    if (count > 0 && text[count - 1] == '\n')
        count--;
    if (count > 0 && text[count] == '\n' && text[count - 1] == '\r')
        count--;
    text[count] = '\0';
    *size = (size_t)count;
    return text;
}

char *br_config_secret_read(const struct br_config_secret *secret, size_t *size)
{
    char path[4096];
    if (br_config_secret_path(secret, path, sizeof path) < 0)
        return NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    char *text = read_secret(file, size);
    int error = errno;
    close(file);
    errno = error;
    return text;
}
