/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/checkpoint.h"
#include "daemon/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

static const char magic[8] = "bruisst";
#define STATE_MAX ((size_t)1 << 30)

/* In front of the packed state, in the order of the machine's bytes. */
struct head {
    char magic[8];
    uint32_t version, checksum;
    uint64_t size;
};

struct br_checkpoint {
    uint64_t position;
    int64_t clock_utc_ms;
    int *files;
    size_t file_count, size;
    uint8_t *packed;
};

struct br_checkpoint *br_checkpoint_pack(const Bruis__V1__State *state, int *files, size_t file_count)
{
    struct br_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    size_t size = bruis__v1__state__get_packed_size(state);
    uint8_t *packed = malloc(size + 1);
    if (!checkpoint || !packed) {
        for (size_t i = 0; i < file_count; i++)
            close(files[i]);
        free(files);
        free(packed);
        free(checkpoint);
        return NULL;
    }
    bruis__v1__state__pack(state, packed);
    *checkpoint = (struct br_checkpoint){state->position, state->clock, files, file_count, size, packed};
    return checkpoint;
}

Bruis__V1__State *br_checkpoint_state(const struct br_checkpoint *checkpoint)
{
    return bruis__v1__state__unpack(NULL, checkpoint->size, checkpoint->packed);
}

uint64_t br_checkpoint_position(const struct br_checkpoint *checkpoint)
{
    return checkpoint->position;
}

int64_t br_checkpoint_clock(const struct br_checkpoint *checkpoint)
{
    return checkpoint->clock_utc_ms;
}

void br_checkpoint_close(struct br_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    for (size_t i = 0; i < checkpoint->file_count; i++)
        if (checkpoint->files[i] >= 0)
            close(checkpoint->files[i]);
    free(checkpoint->files);
    free(checkpoint->packed);
    free(checkpoint);
}

static int write_file(const struct br_checkpoint *checkpoint, int file)
{
    struct head head = {.version = BR_STATE_VERSION, .size = checkpoint->size};
    memcpy(head.magic, magic, sizeof magic);
    head.checksum = (uint32_t)crc32_z(0, checkpoint->packed, checkpoint->size);
    int error = br_file_write(file, &head, sizeof head);
    if (!error)
        error = br_file_write(file, checkpoint->packed, checkpoint->size);
    if (!error && fdatasync(file) != 0)
        error = -errno;
    return error;
}

int br_checkpoint_write(const struct br_checkpoint *checkpoint, const char *dir)
{
    char path[PATH_MAX], beside[PATH_MAX];
    for (size_t i = 0; i < checkpoint->file_count; i++) {
        if (checkpoint->files[i] < 0) /* there was no descriptor for it */
            return -EMFILE;
        if (fdatasync(checkpoint->files[i]) != 0)
            return -errno;
    }
    if (snprintf(path, sizeof path, "%s/state", dir) >= PATH_MAX ||
        snprintf(beside, sizeof beside, "%s/state.new", dir) >= PATH_MAX)
        return -ENAMETOOLONG;
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return -errno;
    int error = write_file(checkpoint, file);
    if (close(file) != 0 && !error)
        error = -errno;
    if (!error && rename(beside, path) != 0)
        error = -errno;
    return error ? error : br_file_sync_dir(dir);
}

static Bruis__V1__State *unpack(const char *bytes, size_t size, int *error)
{
    struct head head;
    *error = -EBADMSG;
    if (size < sizeof head)
        return NULL;
    memcpy(&head, bytes, sizeof head);
    if (memcmp(head.magic, magic, sizeof magic) != 0)
        return NULL;
    if (head.version > BR_STATE_VERSION) {
        *error = -ENOTSUP;
        return NULL;
    }
    const uint8_t *packed = (const uint8_t *)bytes + sizeof head;
    if (head.size != size - sizeof head || head.checksum != (uint32_t)crc32_z(0, packed, head.size))
        return NULL;
    Bruis__V1__State *state = bruis__v1__state__unpack(NULL, head.size, packed);
    if (state && state->version != head.version) { /* the head has no checksum of its own */
        bruis__v1__state__free_unpacked(state, NULL);
        return NULL;
    }
    *error = state ? 0 : -ENOMEM; /* the checksum has told that nothing else is wrong */
    return state;
}

Bruis__V1__State *br_checkpoint_read(const char *dir, int *error)
{
    char path[PATH_MAX];
    size_t size;
    snprintf(path, sizeof path, "%s/state", dir);
    char *bytes = br_file_read(path, STATE_MAX, &size);
    if (!bytes) {
        *error = -errno;
        return NULL;
    }
    Bruis__V1__State *state = unpack(bytes, size, error);
    free(bytes);
    return state;
}
