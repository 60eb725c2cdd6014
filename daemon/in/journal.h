/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The journal: what arrives is written here first, and read from here. It is the queue between the threads of
 * Paho and the loop, and what a crash leaves to start from.
 *
 * Segments of 16 MiB in DIR/journal, mapped shared and preallocated (a full disk is an error of the append,
 * never a SIGBUS). A record: length, CRC-32, type, time of arrival, feed, topic, payload, then at least
 * BR_PADDING readable bytes, all zero. kill -9 loses nothing that br_journal_append has returned for; a power
 * cut at most what came since the last br_journal_sync. Opening finds the end by the checksums: a torn record
 * is never given, and appending goes on after the last good one.
 *
 * Who keeps a position elsewhere (a checkpoint) syncs the journal first: else a power cut may leave a journal
 * that ends before it. Positions grow for ever, over restarts too. Appending is thread-safe. Reading and
 * releasing are for one thread (the loop's). Syncing may come from any thread, beside appends, reads and
 * releases. */
#ifndef BR_IN_JOURNAL_H
#define BR_IN_JOURNAL_H

#include "daemon/core/view.h"

#include <stdint.h>

struct br_journal;

typedef uint64_t br_position; /* byte offset since the first record ever */

enum br_entry_type {
    BR_ENTRY_MESSAGE = 1,
    BR_ENTRY_TICK = 2,   /* received_at says what time it is */
    BR_ENTRY_CONFIG = 3, /* payload: a digest of the configuration that holds from here */
    BR_ENTRY_WITHDRAW = 4
};

#define BR_ENTRY_RETAINED 1u
#define BR_ENTRY_DUP 2u

struct br_entry {
    enum br_entry_type type;
    unsigned flags;
    int64_t received_at_utc_ms;
    struct br_view feed, topic, payload; /* payload: BR_PADDING readable bytes behind it */
};

struct br_journal_limits {
    int64_t size_max;     /* bytes of all segments; past it appends are refused; 0: no limit */
    int64_t segment_size; /* 0: 16 MiB; at most a quarter of size_max; a larger record gets a segment of its
                             own */
};

/* Opens or makes DIR/journal; DIR must exist. NULL: *error holds a negative errno: -EBUSY where another
 * process has it open, -ENOTSUP where a newer bruisd wrote it. A segment whose header is damaged is renamed
 * to *.damaged and left alone. */
struct br_journal *br_journal_open(const char *dir, const struct br_journal_limits *limits, int *error);

/* Syncs and closes; no other call may be under way. NULL is allowed. */
void br_journal_close(struct br_journal *journal);

/* Appends a copy. 0; -ENOSPC past size_max (or no space on the disk): later appends work again when there is;
 * -EINVAL: no record (type 0 or beyond 255, a name beyond 65535 bytes, a payload beyond 1 GiB); -EIO and
 * others as the system says. */
int br_journal_append(struct br_journal *journal, const struct br_entry *entry);

/* Reads the record at *position and moves *position behind it. 1: entry is filled, its views are valid until
 * the record is released; 0: nothing there yet; -EBADMSG: what lay here is damaged or gone, *position is
 * moved to the next good record or to the end (also from a position before the start, to the start, and from
 * one past the end, back to it). */
int br_journal_read(struct br_journal *journal, br_position *position, struct br_entry *entry);

br_position br_journal_start(const struct br_journal *journal); /* the oldest record kept */
br_position br_journal_end(const struct br_journal *journal);   /* behind the newest; thread-safe */
int64_t br_journal_size(const struct br_journal *journal);      /* bytes on disk; thread-safe */

/* Everything before position may go: whole segments are deleted, the last one never. One that a sync is
 * writing just now goes with the next release. */
void br_journal_release(struct br_journal *journal, br_position position);

/* Writes to the disk what has been appended before the call; 0 or a negative errno, then the next call tries
 * again. Waits for the disk, not for appenders, nor they for it. Makes the next segment when the last one is
 * half full. */
int br_journal_sync(struct br_journal *journal);

#endif
