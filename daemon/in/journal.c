/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A list of segments, oldest first; appends go into the last one. Positions run on from segment to segment:
 * the bytes that a full segment leaves unused have none.
 *
 * Who may touch what. `lock` is for the appenders and guards the list, the tail and its `used`. The reader
 * takes no lock: `end` is stored (release) after a record is whole, and a segment's `next` before the first
 * record of that next one. Only the reader's thread unlinks segments, so what it reads stays. A sync pins the
 * segment that it writes (`syncing`): a release leaves that one for the next time, so neither ever waits for
 * the disk while it holds `lock`. */
#include "daemon/in/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/in/segment.h"

#define SEGMENT_SIZE_DEFAULT ((int64_t)16 << 20)
#define SEGMENT_SIZE_MIN ((int64_t)4096)
#define SEGMENT_SIZE_MAX ((int64_t)1 << 30)

struct br_journal {
    int dir;
    int64_t size_max; /* 0: no limit */
    size_t segment_size;
    br_position resume; /* where a journal without segments begins: behind what was set aside */

    pthread_mutex_t lock;
    _Atomic(struct br_segment *) head;
    struct br_segment *tail, *spare, *syncing;
    br_position released;
    bool dir_changed; /* files came that the folder on the disk may not know */

    pthread_mutex_t sync_lock;  /* one sync at a time */
    struct br_segment *reading; /* the reader's own: where it was last */
    _Atomic br_position end;
    _Atomic int64_t size;
};

static int dir_open(const char *parent_path, int *dir)
{
    int parent = open(parent_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return -errno;
    int error = 0;
    if (mkdirat(parent, "journal", 0700) != 0 && errno != EEXIST)
        error = -errno;
    if (error == 0) {
        *dir = openat(parent, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        error = *dir < 0 ? -errno : 0;
    }
    close(parent);
    /* Two writers would destroy it. */
    if (error == 0 && flock(*dir, LOCK_EX | LOCK_NB) != 0)
        error = errno == EWOULDBLOCK ? -EBUSY : -errno;
    return error;
}

static void link_segment(struct br_journal *journal, struct br_segment *segment)
{
    if (journal->tail)
        atomic_store(&journal->tail->next, segment);
    else
        atomic_store(&journal->head, segment);
    journal->tail = segment;
}

/* The file stays for a person to look at, its positions are not used again. */
static int set_aside(struct br_journal *journal, const char *name)
{
    char aside[NAME_MAX + 16];
    struct stat status;
    br_position first = 0;
    if (fstatat(journal->dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    snprintf(aside, sizeof(aside), "%s.damaged", name);
    if (renameat(journal->dir, name, journal->dir, aside) != 0)
        return -errno;
    br_segment_name_parse(name, &first);
    journal->resume = first + (br_position)status.st_size;
    return 0;
}

static int load_one(struct br_journal *journal, const char *name)
{
    int error = 0;
    struct br_segment *segment = br_segment_open(journal->dir, name, &error);
    if (segment) {
        link_segment(journal, segment);
        journal->resume = 0;
        atomic_fetch_add(&journal->size, (int64_t)segment->size);
        return 0;
    }
    if (error == -ENODATA) /* the crash came before its first record */
        return unlinkat(journal->dir, name, 0) == 0 ? 0 : -errno;
    return error == -EBADMSG ? set_aside(journal, name) : error;
}

static int is_segment(const struct dirent *entry)
{
    br_position first;
    return br_segment_name_parse(entry->d_name, &first);
}

/* The names sort like their positions. */
static int load(struct br_journal *journal)
{
    struct dirent **names = NULL;
    unlinkat(journal->dir, "next", 0);
    unlinkat(journal->dir, "spare", 0);
    int count = scandirat(journal->dir, ".", &names, is_segment, alphasort);
    if (count < 0)
        return -errno;
    int error = 0;
    for (int i = 0; i < count; i++) {
        if (error == 0)
            error = load_one(journal, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    if (error == 0 && journal->tail)
        error = br_segment_recover(journal->tail);
    return error;
}

/* The offset where the records of a segment end; *behind: the position that follows them. */
static size_t limit_of(struct br_segment *segment, br_position end, br_position *behind)
{
    struct br_segment *next = atomic_load(&segment->next);
    *behind = next ? next->first : end;
    br_position limit = *behind - segment->first;
    size_t capacity = br_segment_capacity(segment);
    return limit < capacity ? (size_t)limit : capacity;
}

/* The end, after everything is loaded. Behind a last file that was set aside no position is used a second
 * time. */
static void find_end(struct br_journal *journal)
{
    br_position behind;
    for (struct br_segment *segment = atomic_load(&journal->head); segment && segment != journal->tail;
         segment = atomic_load(&segment->next))
        segment->used = limit_of(segment, 0, &behind);
    br_position end = journal->tail ? journal->tail->first + journal->tail->used : 0;
    if (journal->resume > end) {
        end = journal->resume;
        if (journal->tail)
            journal->tail->sealed = true;
    }
    atomic_store(&journal->end, end);
}

static size_t segment_size_of(const struct br_journal_limits *limits)
{
    int64_t size = limits->segment_size > 0 ? limits->segment_size : SEGMENT_SIZE_DEFAULT;
    /* A small journal has small segments, or releasing could not free a part of it. */
    if (limits->size_max > 0 && size > limits->size_max / 4)
        size = limits->size_max / 4;
    if (size > SEGMENT_SIZE_MAX)
        size = SEGMENT_SIZE_MAX;
    if (size < SEGMENT_SIZE_MIN)
        size = SEGMENT_SIZE_MIN;
    return (size_t)(size - size % SEGMENT_SIZE_MIN);
}

struct br_journal *br_journal_open(const char *dir, const struct br_journal_limits *limits, int *error)
{
    struct br_journal *journal = calloc(1, sizeof(*journal));
    if (!journal) {
        *error = -ENOMEM;
        return NULL;
    }
    journal->dir = -1;
    journal->size_max = limits->size_max;
    journal->segment_size = segment_size_of(limits);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_mutex_init(&journal->sync_lock, NULL);
    *error = limits->size_max < 0 || limits->segment_size < 0 ? -EINVAL : dir_open(dir, &journal->dir);
    if (*error == 0)
        *error = load(journal);
    if (*error != 0) {
        br_journal_close(journal);
        return NULL;
    }
    find_end(journal);
    return journal;
}

/* Closes a file that was never started and takes it away. */
static void discard(struct br_journal *journal, struct br_segment *segment)
{
    atomic_fetch_sub(&journal->size, (int64_t)segment->size);
    unlinkat(journal->dir, segment->name, 0);
    br_segment_close(segment);
}

void br_journal_close(struct br_journal *journal)
{
    if (!journal)
        return;
    if (journal->tail)
        br_journal_sync(journal);
    if (journal->spare)
        discard(journal, journal->spare);
    for (struct br_segment *segment = atomic_load(&journal->head), *next; segment; segment = next) {
        next = atomic_load(&segment->next);
        br_segment_close(segment);
    }
    if (journal->dir >= 0)
        close(journal->dir);
    pthread_mutex_destroy(&journal->sync_lock);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* Whether a file of this size may be added. A tail that has been read to its end goes with the next release:
 * it does not count, or a single large segment could fill the journal for ever. */
static bool fits(const struct br_journal *journal, size_t size)
{
    const struct br_segment *tail = journal->tail;
    int64_t kept = atomic_load(&journal->size);
    if (tail && tail->first + tail->used <= journal->released)
        kept -= (int64_t)tail->size;
    return journal->size_max == 0 || kept + (int64_t)size <= journal->size_max;
}

/* A file of at least this size, counted, without a position. With `lock`. */
static struct br_segment *next_file(struct br_journal *journal, size_t size, int *error)
{
    struct br_segment *segment = journal->spare;
    if (segment && segment->size >= size) {
        journal->spare = NULL;
        return segment;
    }
    if (segment && !fits(journal, size)) {
        journal->spare = NULL;
        discard(journal, segment);
    }
    if (!fits(journal, size)) {
        *error = -ENOSPC;
        return NULL;
    }
    segment = br_segment_create(journal->dir, "next", size, error);
    if (segment)
        atomic_fetch_add(&journal->size, (int64_t)size);
    return segment;
}

/* Adds a segment that has room for the record. The tail is left only when there is one: smaller records may
 * still fit. */
static int grow(struct br_journal *journal, size_t record_size)
{
    size_t size = br_segment_file_size(record_size);
    int error = 0;
    struct br_segment *segment =
        next_file(journal, size > journal->segment_size ? size : journal->segment_size, &error);
    if (!segment)
        return error;
    error = br_segment_start(segment, journal->dir, atomic_load(&journal->end));
    if (error != 0) {
        discard(journal, segment);
        return error;
    }
    link_segment(journal, segment);
    journal->dir_changed = true;
    return 0;
}

int br_journal_append(struct br_journal *journal, const struct br_entry *entry)
{
    size_t size = br_segment_record_size(entry);
    if (size == 0)
        return -EINVAL;
    int error = 0;
    pthread_mutex_lock(&journal->lock);
    if (!journal->tail || br_segment_room(journal->tail) < size)
        error = grow(journal, size);
    if (error == 0) {
        br_segment_append(journal->tail, entry, size);
        atomic_store_explicit(&journal->end, journal->tail->first + journal->tail->used,
                              memory_order_release);
    }
    pthread_mutex_unlock(&journal->lock);
    return error;
}

/* The last segment that begins at or before position, which is neither before the start nor at the end. */
static struct br_segment *seek(struct br_journal *journal, br_position position)
{
    struct br_segment *segment = journal->reading, *next;
    if (!segment || position < segment->first)
        segment = atomic_load(&journal->head);
    while ((next = atomic_load(&segment->next)) && next->first <= position)
        segment = next;
    journal->reading = segment;
    return segment;
}

int br_journal_read(struct br_journal *journal, br_position *position, struct br_entry *entry)
{
    br_position end = br_journal_end(journal), start = br_journal_start(journal), behind;
    if (*position == end)
        return 0;
    if (*position > end || *position < start) {
        *position = *position > end ? end : start;
        return -EBADMSG;
    }
    struct br_segment *segment = seek(journal, *position);
    size_t limit = limit_of(segment, end, &behind);
    br_position offset = *position - segment->first;
    size_t size = offset < limit ? br_segment_get(segment, (size_t)offset, limit, entry) : 0;
    if (size > 0) {
        *position += size;
        return 1;
    }
    size_t found = offset < limit ? br_segment_find(segment, (size_t)offset, limit) : limit;
    *position = found < limit ? segment->first + found : behind;
    return -EBADMSG;
}

br_position br_journal_start(const struct br_journal *journal)
{
    struct br_segment *head = atomic_load(&journal->head);
    return head ? head->first : journal->resume;
}

br_position br_journal_end(const struct br_journal *journal)
{
    return atomic_load_explicit(&journal->end, memory_order_acquire);
}

int64_t br_journal_size(const struct br_journal *journal)
{
    return atomic_load(&journal->size);
}

/* Takes the first segment out of the list when all of it lies before what is released; NULL: it stays. */
static struct br_segment *unlink_head(struct br_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    struct br_segment *head = atomic_load(&journal->head);
    struct br_segment *next = head ? atomic_load(&head->next) : NULL;
    if (!next || next->first > journal->released || head == journal->syncing)
        head = NULL;
    else
        atomic_store(&journal->head, next);
    pthread_mutex_unlock(&journal->lock);
    return head;
}

void br_journal_release(struct br_journal *journal, br_position position)
{
    pthread_mutex_lock(&journal->lock);
    if (position > journal->released)
        journal->released = position;
    pthread_mutex_unlock(&journal->lock);
    struct br_segment *segment;
    while ((segment = unlink_head(journal))) {
        if (journal->reading == segment)
            journal->reading = NULL;
        discard(journal, segment);
    }
}

/* The next segment to write, pinned until the next call; NULL after the last one. */
static struct br_segment *sync_step(struct br_journal *journal, size_t *used, bool *last)
{
    pthread_mutex_lock(&journal->lock);
    struct br_segment *segment = atomic_load(journal->syncing ? &journal->syncing->next : &journal->head);
    journal->syncing = segment;
    if (segment) {
        *used = segment->used;
        *last = atomic_load(&segment->next) != NULL;
    }
    pthread_mutex_unlock(&journal->lock);
    return segment;
}

static int sync_dir(struct br_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool changed = journal->dir_changed;
    journal->dir_changed = false;
    pthread_mutex_unlock(&journal->lock);
    if (!changed || fsync(journal->dir) == 0)
        return 0;
    int error = -errno;
    pthread_mutex_lock(&journal->lock);
    journal->dir_changed = true;
    pthread_mutex_unlock(&journal->lock);
    return error;
}

/* Makes the next file while the tail still has room, so that an append need not. It counts only once it is
 * there: an append that comes first makes its own. That there is no space is told by the append that needs
 * it. */
static void prepare(struct br_journal *journal)
{
    size_t size = journal->segment_size;
    pthread_mutex_lock(&journal->lock);
    bool wanted =
        journal->tail && !journal->spare && br_segment_room(journal->tail) < size / 2 && fits(journal, size);
    pthread_mutex_unlock(&journal->lock);
    int error;
    struct br_segment *segment = wanted ? br_segment_create(journal->dir, "spare", size, &error) : NULL;
    if (!segment)
        return;
    pthread_mutex_lock(&journal->lock);
    bool kept = fits(journal, size);
    atomic_fetch_add(&journal->size, (int64_t)size);
    if (kept)
        journal->spare = segment;
    pthread_mutex_unlock(&journal->lock);
    if (!kept)
        discard(journal, segment);
}

int br_journal_sync(struct br_journal *journal)
{
    pthread_mutex_lock(&journal->sync_lock);
    struct br_segment *segment;
    size_t used = 0;
    bool last = false;
    int error = 0;
    while ((segment = sync_step(journal, &used, &last))) {
        int failed = br_segment_sync(segment, used, last);
        if (error == 0)
            error = failed;
    }
    int failed = sync_dir(journal);
    if (error == 0)
        error = failed;
    prepare(journal);
    pthread_mutex_unlock(&journal->sync_lock);
    return error;
}
