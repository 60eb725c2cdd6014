/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/reference.h"
#include "daemon/core/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 20

/* A table holds for messages at `from` and behind it: 0 where it has no position, else the next one after its
 * message. */
static bool parse(const char *name, const char *feed, uint64_t *from)
{
    size_t size = strlen(feed);
    if (strncmp(name, feed, size) != 0)
        return false;
    *from = 0;
    if (name[size] == '\0')
        return true;
    const char *digits = name + size + 1;
    if (name[size] != '.' || strlen(digits) != DIGITS || strspn(digits, "0123456789") != DIGITS)
        return false;
    errno = 0;
    *from = strtoull(digits, NULL, 10) + 1;
    return errno == 0 && *from != 0;
}

static bool path_of(const char *dir, const char *feed, uint64_t from, char path[PATH_MAX])
{
    int size = from == 0
                   ? snprintf(path, PATH_MAX, "%s/reference/%s", dir, feed)
                   : snprintf(path, PATH_MAX, "%s/reference/%s.%0*" PRIu64, dir, feed, DIGITS, from - 1);
    return size < PATH_MAX;
}

/* The newest table that holds at a position; UINT64_MAX: none. */
static uint64_t newest(const char *dir, const char *feed, uint64_t position)
{
    char path[PATH_MAX];
    uint64_t from, found = UINT64_MAX;
    snprintf(path, sizeof path, "%s/reference", dir);
    DIR *stream = opendir(path);
    if (!stream)
        return UINT64_MAX;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (parse(entry->d_name, feed, &from) && from <= position && (found == UINT64_MAX || from > found))
            found = from;
    closedir(stream);
    return found;
}

/* Removes the tables that hold from first <= from < last, but for `kept`. */
static void remove_span(const char *dir, const char *feed, uint64_t first, uint64_t last, uint64_t kept)
{
    char path[PATH_MAX];
    uint64_t from;
    snprintf(path, sizeof path, "%s/reference", dir);
    DIR *stream = opendir(path);
    if (!stream)
        return;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (parse(entry->d_name, feed, &from) && from >= first && from < last && from != kept &&
            path_of(dir, feed, from, path))
            unlink(path);
    closedir(stream);
}

static int write_beside(const char *beside, struct br_view table)
{
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return -errno;
    int error = br_file_write(file, table.data, table.size);
    if (!error && fdatasync(file) != 0)
        error = -errno;
    if (close(file) != 0 && !error)
        error = -errno;
    return error;
}

static int sync_tables(const char *dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/reference", dir);
    return br_file_sync_dir(path);
}

int br_reference_keep(const char *dir, const char *feed, uint64_t position, struct br_view table)
{
    char path[PATH_MAX], beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s/reference", dir) >= PATH_MAX ||
        !path_of(dir, feed, position + 1, path))
        return -ENAMETOOLONG;
    if (mkdir(beside, 0700) != 0 && errno != EEXIST)
        return -errno;
    if (snprintf(beside, sizeof beside, "%s/reference/%s.new", dir, feed) >= PATH_MAX)
        return -ENAMETOOLONG;
    int error = write_beside(beside, table);
    if (!error && rename(beside, path) != 0)
        error = -errno;
    return error ? error : sync_tables(dir);
}

bool br_reference_find(const char *dir, const char *feed, uint64_t position, char path[PATH_MAX])
{
    uint64_t found = newest(dir, feed, position);
    return found != UINT64_MAX && path_of(dir, feed, found, path);
}

void br_reference_release(const char *dir, const char *feed, uint64_t position)
{
    uint64_t found = newest(dir, feed, position);
    if (found != UINT64_MAX)
        remove_span(dir, feed, 0, found, UINT64_MAX);
}

void br_reference_cut(const char *dir, const char *feed, uint64_t end)
{
    if (end < UINT64_MAX)
        remove_span(dir, feed, end + 1, UINT64_MAX, UINT64_MAX);
}

void br_reference_rebase(const char *dir, const char *feed, uint64_t position)
{
    char path[PATH_MAX], first[PATH_MAX];
    uint64_t found = newest(dir, feed, position);
    remove_span(dir, feed, 1, UINT64_MAX, found);
    if (found == UINT64_MAX || found == 0 || !path_of(dir, feed, found, path) ||
        !path_of(dir, feed, 0, first))
        return;
    if (rename(path, first) == 0)
        sync_tables(dir);
}
