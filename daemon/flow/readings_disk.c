/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Readings from one process to the next: what is there at a start, and what a checkpoint needs on disk. */
#include "daemon/flow/readings_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct br_readings_hour *kept_hour(const char *name, const struct br_readings_hour *hours,
                                                size_t count)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    for (size_t i = 0; i < count && strcmp(end, ".readings") == 0; i++)
        if (hours[i].number == number)
            return &hours[i];
    return NULL;
}

/* Removes the files of hours that are not kept. */
static int clear(const char *dir, const struct br_readings_hour *hours, size_t count)
{
    char path[HOUR_PATH_SIZE];
    DIR *stream = opendir(dir);
    if (!stream)
        return -errno;
    for (struct dirent *entry; (entry = readdir(stream));) {
        const char *end = strrchr(entry->d_name, '.');
        if (end && strcmp(end, ".readings") == 0 && !kept_hour(entry->d_name, hours, count) &&
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) < (int)sizeof path)
            unlink(path);
    }
    closedir(stream);
    return 0;
}

/* Records are written one after another, so the last one tells of all: a copy that was taken too early ends
 * in zeros. */
static bool is_whole(const struct hour *hour)
{
    const struct br_reading *last = hour->count > 0 ? &hour->records[hour->count - 1].reading : NULL;
    return !last || (last->kind != 0 && last->observed_at_utc_ms / HOUR_MS == (int64_t)hour->number);
}

/* Takes a file back as far as it is given. One that is gone had been forgotten since. */
static int hour_reopen(struct br_readings *readings, const struct br_readings_hour *kept)
{
    char path[HOUR_PATH_SIZE];
    struct stat status;
    hour_path(readings, kept->number, path);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return errno != ENOENT ? -errno : kept->needed ? -EBADMSG : 0;
    if (fstat(file, &status) != 0 ||
        (uint64_t)status.st_size < (uint64_t)kept->count * sizeof(struct record)) {
        close(file);
        return -EBADMSG;
    }
    struct hour hour = {.number = kept->number,
                        .file = file,
                        .count = kept->count,
                        .unseen = kept->count,
                        .newest_before_ms = INT64_MIN,
                        .size = (size_t)status.st_size};
    hour.records = mmap(NULL, hour.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    bool mapped = hour.records != MAP_FAILED, whole = mapped && is_whole(&hour);
    if (!whole || !hour_room(readings)) {
        if (mapped)
            munmap(hour.records, hour.size);
        close(file);
        return mapped && !whole ? -EBADMSG : -ENOMEM;
    }
    hour_put(readings, &hour);
    readings->size += (int64_t)hour.size;
    return 0;
}

struct br_readings *br_readings_open(const char *dir, int64_t size_max, const struct br_readings_hour *hours,
                                     size_t hour_count, int *error)
{
    struct br_readings *readings = calloc(1, sizeof *readings);
    *error = -ENOMEM;
    if (!readings)
        return NULL;
    readings->size_max = size_max;
    readings->dir = strdup(dir);
    if (readings->dir && mkdir(dir, 0700) != 0 && errno != EEXIST)
        *error = -errno;
    else if (readings->dir)
        *error = clear(dir, hours, hour_count);
    for (size_t i = 0; i < hour_count && *error == 0; i++)
        *error = hour_reopen(readings, &hours[i]);
    if (*error == 0)
        return readings;
    br_readings_close(readings);
    return NULL;
}

size_t br_readings_hours(const struct br_readings *readings, struct br_readings_hour *hours, size_t count)
{
    for (size_t i = 0; i < readings->hour_count && i < count; i++)
        hours[i] = (struct br_readings_hour){readings->hours[i].number, readings->hours[i].count, false};
    return readings->hour_count;
}

size_t br_readings_files(const struct br_readings *readings, int *files, size_t count)
{
    for (size_t i = 0; i < readings->hour_count && i < count; i++)
        files[i] = fcntl(readings->hours[i].file, F_DUPFD_CLOEXEC, 0);
    return readings->hour_count;
}

/* Writes an hour of memory beside and renames it, so that the older file stays whole until the new one is: on
 * the disk, or a power cut would leave a checkpoint with neither. */
static int land_hour(const struct br_readings *readings, struct hour *hour)
{
    char path[HOUR_PATH_SIZE], beside[HOUR_PATH_SIZE + 16];
    hour_path(readings, hour->number, path);
    snprintf(beside, sizeof beside, "%s.new", path);
    struct hour landed = *hour;
    landed.file = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int failed = landed.file < 0 ? errno : posix_fallocate(landed.file, 0, (off_t)hour->size);
    void *mapped =
        failed ? MAP_FAILED : mmap(NULL, hour->size, PROT_READ | PROT_WRITE, MAP_SHARED, landed.file, 0);
    if (!failed && mapped == MAP_FAILED)
        failed = errno;
    if (!failed) {
        memcpy(mapped, hour->records, hour->count * sizeof(struct record));
        landed.records = mapped;
        if (fdatasync(landed.file) != 0 || rename(beside, path) != 0)
            failed = errno;
    }
    if (failed) {
        if (mapped != MAP_FAILED)
            munmap(mapped, hour->size);
        if (landed.file >= 0)
            close(landed.file);
        unlink(beside);
        return -failed;
    }
    munmap(hour->records, hour->size);
    *hour = landed;
    return 0;
}

int br_readings_land(struct br_readings *readings)
{
    int error = 0;
    for (size_t i = 0; i < readings->hour_count; i++) {
        int failed = readings->hours[i].file < 0 ? land_hour(readings, &readings->hours[i]) : 0;
        error = failed ? failed : error;
    }
    return error;
}
