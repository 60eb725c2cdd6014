/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The file, version 1; numbers are in the byte order of the machine that wrote it:
 *
 *     0  magic "bruisjnl"      8  version u32     12  salt u32      16  first position u64
 *    24  zeros                60  CRC-32 of the bytes before it
 *    64  records, each at a multiple of 8:
 *
 *        +0  size u32   the whole record with its padding; written last: 0 means that nothing is here yet
 *        +4  CRC-32     of everything from +8 to the end of the payload, begun with salt and offset
 *        +8  type u8    +9  flags u8    +10  feed size u16    +12  topic size u16    +14  zero u16
 *       +16  payload size u32           +20  zero u32         +24  time of arrival i64
 *       +32  feed, topic, payload, then at least BR_PADDING zeros
 *
 * The padding is never written to: blocks come from the system as zeros, and what a crash left behind the
 * last record is cleared before the next append. So a reader may look behind a payload while another thread
 * appends. */
#include "daemon/in/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "daemon/core/payload.h"

#define HEADER_SIZE 64
#define RECORD_HEADER_SIZE 32
#define FORMAT_VERSION 1u
#define BLOCK_SIZE ((size_t)4096)
#define SYNC_ALIGNMENT ((size_t)65536) /* a multiple of every machine's page */
#define PAYLOAD_MAX ((size_t)1 << 30)
#define SEARCH_FACTOR 4 /* a search checks at most this many times the bytes that it looks through */

struct file_header {
    char magic[8];
    uint32_t version;
    uint32_t salt;
    uint64_t first;
    unsigned char zeros[36];
    uint32_t checksum;
};

struct record_header {
    uint32_t size;
    uint32_t checksum;
    uint8_t type, flags;
    uint16_t feed_size, topic_size, zero16;
    uint32_t payload_size, zero32;
    int64_t received_at_utc_ms;
};

_Static_assert(sizeof(struct file_header) == HEADER_SIZE, "the header has no holes");
_Static_assert(sizeof(struct record_header) == RECORD_HEADER_SIZE, "the record header has no holes");

static const char magic[8] = "bruisjnl";

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static unsigned char *at(const struct br_segment *segment, size_t offset)
{
    return segment->map + HEADER_SIZE + offset;
}

size_t br_segment_record_size(const struct br_entry *entry)
{
    if ((unsigned)entry->type == 0 || (unsigned)entry->type > UINT8_MAX || entry->flags > UINT8_MAX ||
        entry->feed.size > UINT16_MAX || entry->topic.size > UINT16_MAX || entry->payload.size > PAYLOAD_MAX)
        return 0;
    return round_up(
        RECORD_HEADER_SIZE + entry->feed.size + entry->topic.size + entry->payload.size + BR_PADDING, 8);
}

size_t br_segment_file_size(size_t record_size)
{
    return round_up(HEADER_SIZE + record_size, BLOCK_SIZE);
}

size_t br_segment_capacity(const struct br_segment *segment)
{
    return (segment->size - HEADER_SIZE) / 8 * 8;
}

size_t br_segment_room(const struct br_segment *segment)
{
    return segment->sealed ? 0 : br_segment_capacity(segment) - segment->used;
}

bool br_segment_name_parse(const char *name, br_position *first)
{
    char again[BR_SEGMENT_NAME_SIZE];
    if (sscanf(name, "%20" SCNu64, first) != 1)
        return false;
    snprintf(again, sizeof(again), "%020" PRIu64 ".journal", *first);
    return strcmp(name, again) == 0;
}

static uint32_t header_checksum(const struct file_header *header)
{
    return (uint32_t)crc32(0, (const Bytef *)header, HEADER_SIZE - sizeof(header->checksum));
}

/* A segment without its map. Takes the file. */
static struct br_segment *segment_make(int file, const char *name, size_t size, int *error)
{
    struct br_segment *segment = calloc(1, sizeof(*segment));
    if (!segment) {
        *error = -ENOMEM;
        close(file);
        return NULL;
    }
    snprintf(segment->name, sizeof(segment->name), "%s", name);
    segment->file = file;
    segment->size = size;
    segment->unsafe = true;
    segment->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (segment->map == MAP_FAILED) {
        *error = -errno;
        segment->map = NULL;
        br_segment_close(segment);
        return NULL;
    }
    return segment;
}

struct br_segment *br_segment_create(int dir, const char *name, size_t size, int *error)
{
    int file = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        *error = -errno;
        return NULL;
    }
    struct br_segment *segment = NULL;
    *error = -posix_fallocate(file, 0, (off_t)size);
    if (*error == 0)
        segment = segment_make(file, name, size, error);
    else
        close(file);
    if (!segment)
        unlinkat(dir, name, 0);
    return segment;
}

int br_segment_start(struct br_segment *segment, int dir, br_position first)
{
    struct file_header header = {.version = FORMAT_VERSION, .first = first};
    memcpy(header.magic, magic, sizeof(magic));
    if (getrandom(&header.salt, sizeof(header.salt), 0) != (ssize_t)sizeof(header.salt))
        return -EIO;
    header.checksum = header_checksum(&header);
    memcpy(segment->map, &header, sizeof(header));

    char name[BR_SEGMENT_NAME_SIZE];
    snprintf(name, sizeof(name), "%020" PRIu64 ".journal", first);
    if (renameat(dir, segment->name, dir, name) != 0)
        return -errno;
    memcpy(segment->name, name, sizeof(name));
    segment->first = first;
    segment->salt = header.salt;
    return 0;
}

static int header_check(const struct file_header *header, br_position first)
{
    static const struct file_header nothing;
    if (memcmp(header, &nothing, sizeof(nothing)) == 0)
        return -ENODATA;
    if (memcmp(header->magic, magic, sizeof(magic)) != 0 || header->checksum != header_checksum(header))
        return -EBADMSG;
    if (header->version != FORMAT_VERSION)
        return -ENOTSUP;
    return header->first == first ? 0 : -EBADMSG;
}

/* Size and header are read before the map is made: an empty file cannot be mapped. */
static int header_read(int file, br_position first, struct file_header *header, size_t *size)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EBADMSG;
    *size = (size_t)status.st_size;
    ssize_t count = pread(file, header, sizeof(*header), 0);
    if (count < 0)
        return -errno;
    if (count != (ssize_t)sizeof(*header))
        return count == 0 ? -ENODATA : -EBADMSG;
    return header_check(header, first);
}

struct br_segment *br_segment_open(int dir, const char *name, int *error)
{
    br_position first;
    if (!br_segment_name_parse(name, &first)) {
        *error = -EINVAL;
        return NULL;
    }
    int file = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        *error = -errno;
        return NULL;
    }
    struct file_header header = {0};
    size_t size = 0;
    *error = header_read(file, first, &header, &size);
    if (*error != 0) {
        close(file);
        return NULL;
    }
    struct br_segment *segment = segment_make(file, name, size, error);
    if (segment) {
        segment->first = first;
        segment->salt = header.salt;
    }
    return segment;
}

void br_segment_close(struct br_segment *segment)
{
    if (!segment)
        return;
    if (segment->map)
        munmap(segment->map, segment->size);
    if (segment->file >= 0)
        close(segment->file);
    free(segment);
}

static uint32_t record_checksum(const struct br_segment *segment, size_t offset, size_t size)
{
    uint32_t seed = segment->salt ^ (uint32_t)offset;
    return (uint32_t)crc32_z(seed, at(segment, offset) + 8, size - 8);
}

static unsigned char *put(unsigned char *to, struct br_view view)
{
    if (view.size > 0)
        memcpy(to, view.data, view.size);
    return to + view.size;
}

void br_segment_append(struct br_segment *segment, const struct br_entry *entry, size_t size)
{
    struct record_header *header = (struct record_header *)(void *)at(segment, segment->used);
    header->type = (uint8_t)entry->type;
    header->flags = (uint8_t)entry->flags;
    header->feed_size = (uint16_t)entry->feed.size;
    header->topic_size = (uint16_t)entry->topic.size;
    header->payload_size = (uint32_t)entry->payload.size;
    header->received_at_utc_ms = entry->received_at_utc_ms;
    unsigned char *text = at(segment, segment->used + RECORD_HEADER_SIZE);
    unsigned char *end = put(put(put(text, entry->feed), entry->topic), entry->payload);
    header->checksum = record_checksum(segment, segment->used, (size_t)(end - (unsigned char *)header));
    __atomic_store_n(&header->size, (uint32_t)size, __ATOMIC_RELEASE);
    segment->used += size;
}

/* The bytes under the checksum, or 0 where the sizes cannot be those of a record before limit. */
static size_t record_bytes(const struct record_header *header, size_t limit)
{
    if (header->size == 0 || header->size % 8 != 0 || header->size > limit ||
        header->payload_size > PAYLOAD_MAX)
        return 0;
    size_t bytes = RECORD_HEADER_SIZE + (size_t)header->feed_size + header->topic_size + header->payload_size;
    return header->size == round_up(bytes + BR_PADDING, 8) ? bytes : 0;
}

/* work: counts the bytes that are put through the checksum. */
static const struct record_header *record_check(const struct br_segment *segment, size_t offset, size_t limit,
                                                size_t *work)
{
    if (offset % 8 != 0 || offset > limit || limit - offset < RECORD_HEADER_SIZE + BR_PADDING)
        return NULL;
    const struct record_header *header = (const struct record_header *)(const void *)at(segment, offset);
    size_t bytes = record_bytes(header, limit - offset);
    if (bytes == 0)
        return NULL;
    *work += bytes;
    return header->checksum == record_checksum(segment, offset, bytes) ? header : NULL;
}

size_t br_segment_get(const struct br_segment *segment, size_t offset, size_t limit, struct br_entry *entry)
{
    size_t work = 0;
    const struct record_header *header = record_check(segment, offset, limit, &work);
    if (!header)
        return 0;
    const char *text = (const char *)at(segment, offset + RECORD_HEADER_SIZE);
    entry->type = (enum br_entry_type)header->type;
    entry->flags = header->flags;
    entry->received_at_utc_ms = header->received_at_utc_ms;
    entry->feed = (struct br_view){text, header->feed_size};
    entry->topic = (struct br_view){text + header->feed_size, header->topic_size};
    entry->payload = (struct br_view){text + header->feed_size + header->topic_size, header->payload_size};
    return header->size;
}

size_t br_segment_find(const struct br_segment *segment, size_t offset, size_t limit)
{
    size_t work = 0;
    for (size_t next = round_up(offset + 1, 8); next < limit; next += 8) {
        if (record_check(segment, next, limit, &work))
            return next;
        /* What lies here may have been made to look like records without end. */
        if (work / SEARCH_FACTOR > limit)
            break;
    }
    return limit;
}

/* Behind the end everything is zero, or an old record could come to life behind a new one. */
static int clear_tail(struct br_segment *segment)
{
    static const unsigned char zeros[BLOCK_SIZE];
    size_t capacity = segment->size - HEADER_SIZE, step;
    bool changed = false;
    for (size_t offset = segment->used; offset < capacity; offset += step) {
        step = BLOCK_SIZE - (HEADER_SIZE + offset) % BLOCK_SIZE;
        if (step > capacity - offset)
            step = capacity - offset;
        if (memcmp(at(segment, offset), zeros, step) != 0) {
            memset(at(segment, offset), 0, step);
            changed = true;
        }
    }
    if (changed && msync(segment->map, segment->size, MS_SYNC) != 0)
        return -errno;
    return 0;
}

int br_segment_recover(struct br_segment *segment)
{
    size_t capacity = br_segment_capacity(segment), work = 0;
    segment->used = 0;
    for (size_t offset = 0; offset < capacity;) {
        const struct record_header *header = record_check(segment, offset, capacity, &work);
        if (header)
            segment->used = offset += header->size;
        else
            offset = br_segment_find(segment, offset, capacity);
    }
    int error = clear_tail(segment);
    /* A copy of the folder may have lost its blocks; a write without one would be a SIGBUS on a full disk. */
    if (error == 0 && posix_fallocate(segment->file, 0, (off_t)segment->size) != 0)
        segment->sealed = true;
    return error;
}

int br_segment_sync(struct br_segment *segment, size_t used, bool last)
{
    if (segment->file < 0)
        return 0;
    if (segment->unsafe || used > segment->synced) {
        size_t from = HEADER_SIZE + segment->synced;
        from -= from % SYNC_ALIGNMENT;
        /* The first time the whole file, with its size and blocks; then what has come since. */
        if (segment->unsafe ? fdatasync(segment->file) != 0
                            : msync(segment->map + from, HEADER_SIZE + used - from, MS_SYNC) != 0)
            return -errno;
        segment->unsafe = false;
        segment->synced = used;
    }
    if (last) {
        close(segment->file);
        segment->file = -1;
    }
    return 0;
}
