/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One file of the journal, mapped as a whole: a header, then records, then zeros.
 *
 * The struct is open for daemon/in/journal.c, which links segments and keeps the accounts; nobody else has
 * one. Nothing here locks: the journal says who may call what. Offsets count from the first byte behind the
 * header. */
#ifndef BR_IN_SEGMENT_H
#define BR_IN_SEGMENT_H

#include "daemon/in/journal.h"

#include <stdatomic.h>

#define BR_SEGMENT_NAME_SIZE 32

struct br_segment {
    char name[BR_SEGMENT_NAME_SIZE];
    unsigned char *map;
    size_t size;         /* bytes of the file, all of them mapped */
    br_position first;   /* position of offset 0 */
    uint32_t salt;       /* mixed into the checksums: no payload can hold a record of this file */
    int file;            /* -1: all of it is on the disk, and no more will come */
    bool sealed;         /* takes no more */
    bool unsafe;         /* not even its header is known to be on the disk */
    size_t used, synced; /* bytes appended; of them on the disk (as far as this process knows) */
    _Atomic(struct br_segment *) next;
};

/* The bytes that an entry takes, 0 where it can be none: type or flags beyond a byte, names beyond 65535
 * bytes, a payload beyond 1 GiB. */
size_t br_segment_record_size(const struct br_entry *entry);

/* The size of a file that holds a record of this size. */
size_t br_segment_file_size(size_t record_size);

/* Makes a file with all its blocks, so that no write into the map can fail. Nothing is kept when it cannot:
 * *error holds a negative errno. */
struct br_segment *br_segment_create(int dir, const char *name, size_t size, int *error);

/* Gives a created file its first position, its header and its name for good; 0 or a negative errno. */
int br_segment_start(struct br_segment *segment, int dir, br_position first);

/* Maps an existing file. NULL: *error is -EBADMSG where the header is damaged, -ENODATA where it was never
 * written, -ENOTSUP where a newer bruisd wrote it, or what the system says. */
struct br_segment *br_segment_open(int dir, const char *name, int *error);
void br_segment_close(struct br_segment *segment); /* NULL is allowed; the file stays */

/* The first position that a file's name tells; false: the name is none of a segment. */
bool br_segment_name_parse(const char *name, br_position *first);

/* Bytes for records, and how many of them are free. */
size_t br_segment_capacity(const struct br_segment *segment);
size_t br_segment_room(const struct br_segment *segment);

/* Appends; size is that of br_segment_record_size, and there is room. */
void br_segment_append(struct br_segment *segment, const struct br_entry *entry, size_t size);

/* The record at offset, which ends at or before limit: its size, or 0 where there is no whole one. */
size_t br_segment_get(const struct br_segment *segment, size_t offset, size_t limit, struct br_entry *entry);

/* The next whole record behind a damaged place, or limit. */
size_t br_segment_find(const struct br_segment *segment, size_t offset, size_t limit);

/* Finds where the records end, clears what is torn behind it and readies the file for appends (or seals it,
 * where the disk has no room). 0 or a negative errno. */
int br_segment_recover(struct br_segment *segment);

/* Brings everything up to offset `used` to the disk; last: no more will be appended. */
int br_segment_sync(struct br_segment *segment, size_t used, bool last);

#endif
