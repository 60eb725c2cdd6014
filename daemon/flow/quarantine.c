/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/quarantine.h"
#include "daemon/core/clock.h"
#include "proto/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEATHS_MAX 2
#define NOWHERE 0 /* positions are kept plus 1 */

/* What is in the mapped file. */
struct words {
    uint64_t at_work;         /* position + 1 of the record at work, or NOWHERE */
    uint64_t suspect, deaths; /* where the process died last, and how often in a row */
};

struct br_quarantine {
    char dir[PATH_MAX - 64];
    struct words *words;
};

/* At a start: a record that was at work is where the last process died. */
static void count_death(struct words *words)
{
    if (words->at_work == NOWHERE)
        return;
    words->deaths = words->at_work == words->suspect ? words->deaths + 1 : 1;
    words->suspect = words->at_work;
    words->at_work = NOWHERE;
}

struct br_quarantine *br_quarantine_open(const char *dir, int *error)
{
    char path[PATH_MAX];
    struct br_quarantine *quarantine = calloc(1, sizeof *quarantine);
    *error = -ENOMEM;
    if (!quarantine)
        return NULL;
    snprintf(quarantine->dir, sizeof quarantine->dir, "%s", dir);
    snprintf(path, sizeof path, "%s/poison", quarantine->dir);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int failed = file < 0 ? errno : posix_fallocate(file, 0, sizeof(struct words));
    void *mapped =
        failed ? MAP_FAILED : mmap(NULL, sizeof(struct words), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    *error = failed ? -failed : mapped == MAP_FAILED ? -errno : 0;
    if (file >= 0)
        close(file);
    if (*error) {
        free(quarantine);
        return NULL;
    }
    quarantine->words = mapped;
    count_death(quarantine->words);
    return quarantine;
}

void br_quarantine_close(struct br_quarantine *quarantine)
{
    if (!quarantine)
        return;
    quarantine->words->at_work = NOWHERE;
    munmap(quarantine->words, sizeof *quarantine->words);
    free(quarantine);
}

void br_quarantine_enter(struct br_quarantine *quarantine, uint64_t position)
{
    __atomic_store_n(&quarantine->words->at_work, position + 1, __ATOMIC_RELEASE);
}

void br_quarantine_leave(struct br_quarantine *quarantine)
{
    __atomic_store_n(&quarantine->words->at_work, NOWHERE, __ATOMIC_RELEASE);
}

bool br_quarantine_is_suspect(const struct br_quarantine *quarantine, uint64_t position)
{
    return quarantine->words->suspect == position + 1 && quarantine->words->deaths >= DEATHS_MAX;
}

static int write_file(const char *path, const void *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return -errno;
    ssize_t written = write(file, bytes, size);
    int error = written < 0 ? -errno : (size_t)written < size ? -ENOSPC : fdatasync(file) != 0 ? -errno : 0;
    if (close(file) != 0 && !error)
        error = -errno;
    return error;
}

static void describe(struct br_text *text, const char *feed, struct br_view topic, int64_t received_at_utc_ms)
{
    char time[BR_TIME_TEXT_SIZE] = "";
    if (received_at_utc_ms != BR_TIME_NONE)
        br_time_format(received_at_utc_ms, time);
    br_text_format(text, "{\"feed\":");
    br_text_json(text, feed, strlen(feed));
    br_text_format(text, ",\"topic\":");
    br_text_json(text, topic.data, topic.size);
    br_text_format(text, ",\"received_at\":\"%s\",\"reason\":\"the process died at it %d times\"}\n", time,
                   DEATHS_MAX);
}

int br_quarantine_keep(struct br_quarantine *quarantine, uint64_t position, const char *feed,
                       struct br_view topic, struct br_view payload, int64_t received_at_utc_ms)
{
    char path[PATH_MAX];
    struct br_text text = {0};
    snprintf(path, sizeof path, "%s/quarantine", quarantine->dir);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    snprintf(path, sizeof path, "%s/quarantine/%" PRIu64 ".payload", quarantine->dir, position);
    int error = write_file(path, payload.data, payload.size);
    describe(&text, feed, topic, received_at_utc_ms);
    snprintf(path, sizeof path, "%s/quarantine/%" PRIu64 ".json", quarantine->dir, position);
    if (!error)
        error = text.failed ? -ENOMEM : write_file(path, text.data, text.size);
    free(text.data);
    return error;
}
