/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/file.h"

#include <errno.h>
#include <stdlib.h>

#include <fcntl.h>
#include <unistd.h>

#define FIRST_SIZE 65536

/* Makes room for more bytes and the NUL. The old bytes are freed on failure. */
static char *grow(char *bytes, size_t *room)
{
    *room = *room ? 2 * *room : FIRST_SIZE;
    char *more = realloc(bytes, *room);
    if (!more)
        free(bytes);
    return more;
}

/* Read to its end rather than to the size that stat(2) told: pipes and files of /proc have none. */
static char *read_all(int fd, size_t size_max, size_t *size)
{
    size_t room = 0;
    char *bytes = grow(NULL, &room);
    *size = 0;
    while (bytes) {
        ssize_t got = read(fd, bytes + *size, room - *size - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0) {
            bytes[*size] = '\0';
            return bytes;
        }
        if (got > 0)
            *size += (size_t)got;
        else
            break;
        if (*size > size_max) {
            errno = EFBIG;
            break;
        }
        if (*size == room - 1)
            bytes = grow(bytes, &room);
    }
    int error = errno;
    free(bytes);
    errno = error;
    return NULL;
}

char *br_file_read(const char *path, size_t size_max, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *bytes = read_all(fd, size_max, size);
    int error = errno;
    close(fd);
    errno = error;
    return bytes;
}

int br_file_write(int file, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

int br_file_sync_dir(const char *path)
{
    int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = file < 0 || fsync(file) != 0 ? -errno : 0;
    if (file >= 0)
        close(file);
    return error;
}
