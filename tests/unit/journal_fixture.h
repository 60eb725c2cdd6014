/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A journal in a folder of its own, with small segments, and records that tell their number. */
#ifndef BR_TESTS_JOURNAL_FIXTURE_H
#define BR_TESTS_JOURNAL_FIXTURE_H

#include "daemon/core/payload.h"
#include "daemon/in/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

#define FIXTURE_SEGMENT 8192

struct fixture {
    char dir[64];
    struct br_journal_limits limits;
    struct br_journal *journal;
};

static inline int fixture_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void fixture_open(struct fixture *fixture)
{
    int error = 0;
    fixture->journal = br_journal_open(fixture->dir, &fixture->limits, &error);
    ck_assert_msg(fixture->journal != NULL, "open: %s", strerror(-error));
}

static inline void fixture_start(struct fixture *fixture)
{
    snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/bruisd-journal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fixture->dir));
    if (fixture->limits.segment_size == 0)
        fixture->limits.segment_size = FIXTURE_SEGMENT;
    fixture_open(fixture);
}

static inline void fixture_close(struct fixture *fixture)
{
    br_journal_close(fixture->journal);
    fixture->journal = NULL;
}

static inline void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

static inline void fixture_end(struct fixture *fixture)
{
    fixture_close(fixture);
    nftw(fixture->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A record that tells its number, padded with dots to `size` bytes of payload. */
static inline int fixture_append_sized(struct fixture *fixture, int number, size_t size)
{
    char *payload = malloc(size + 16);
    ck_assert_ptr_nonnull(payload);
    memset(payload, '.', size + 16);
    int digits = snprintf(payload, 16, "%d:", number);
    payload[digits] = '.';
    struct br_entry entry = {.type = BR_ENTRY_MESSAGE,
                             .received_at_utc_ms = 1000 + number,
                             .feed = br_view_of("garages"),
                             .topic = br_view_of("city/garage/1"),
                             .payload = {payload, size}};
    int error = br_journal_append(fixture->journal, &entry);
    free(payload);
    return error;
}

static inline void fixture_append(struct fixture *fixture, int from, int to)
{
    for (int i = from; i < to; i++)
        ck_assert_int_eq(fixture_append_sized(fixture, i, 300), 0);
}

/* Reads one record and gives its number; -1 where nothing is there yet, else what the read gave (negative).
 */
static inline int fixture_read(struct fixture *fixture, br_position *position)
{
    struct br_entry entry;
    int got = br_journal_read(fixture->journal, position, &entry);
    if (got <= 0)
        return got == 0 ? -1 : got;
    ck_assert(br_view_is(entry.feed, "garages"));
    ck_assert(br_view_is(entry.topic, "city/garage/1"));
    for (size_t i = 0; i < BR_PADDING; i++)
        ck_assert_int_eq(entry.payload.data[entry.payload.size + i], 0);
    ck_assert_int_eq(entry.received_at_utc_ms, 1000 + atoi(entry.payload.data));
    return atoi(entry.payload.data);
}

static inline void fixture_expect(struct fixture *fixture, br_position *position, int from, int to)
{
    for (int i = from; i < to; i++)
        ck_assert_int_eq(fixture_read(fixture, position), i);
}

static inline void fixture_path(const struct fixture *fixture, br_position first, char path[128])
{
    snprintf(path, 128, "%s/journal/%020" PRIu64 ".journal", fixture->dir, first);
}

/* Files in the folder whose name ends so. */
static inline int fixture_files(const struct fixture *fixture, const char *end)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/journal", fixture->dir);
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t size = strlen(entry->d_name);
        if (size >= strlen(end) && entry->d_name[0] != '.' &&
            strcmp(entry->d_name + size - strlen(end), end) == 0)
            count++;
    }
    closedir(dir);
    return count;
}

#endif
