/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A message's payload, unpacked while it is read: gzip is recognised by its first bytes.
 * Pure: memory in, memory out. One reader, one thread at a time. */
#ifndef BR_CORE_PAYLOAD_H
#define BR_CORE_PAYLOAD_H

#include "daemon/core/arena.h"

#include <stdint.h>

struct br_payload;

enum br_payload_status {
    BR_PAYLOAD_MORE,     /* a chunk has been given */
    BR_PAYLOAD_END,      /* all has been given */
    BR_PAYLOAD_OVERSIZE, /* more than unpacked_max bytes come out: counted `oversize` */
    BR_PAYLOAD_DAMAGED,  /* the gzip stream is broken or cut short */
    BR_PAYLOAD_NO_MEMORY
};

#define BR_PADDING 64 /* readable bytes behind every payload that bruisd hands out: simdjson wants them */

/* Reads data[0..size), behind which BR_PADDING bytes are readable (their value is not used). Borrows data. */
struct br_payload *br_payload_open(const void *data, size_t size, size_t unpacked_max);
void br_payload_close(struct br_payload *payload);

/* The next chunk (at most 64 KiB when unpacked; the whole when it was not packed); valid until the next call.
 */
enum br_payload_status br_payload_next(struct br_payload *payload, struct br_view *chunk);

/* All of what is left as one piece with BR_PADDING readable bytes behind it, in the arena or, when nothing is
 * packed, the data itself. BR_PAYLOAD_END means that it is whole. */
enum br_payload_status br_payload_whole(struct br_payload *payload, struct br_arena *arena,
                                        struct br_view *whole);

/* How far it is: MORE, or how it ended; it stays so until it is rewound. */
enum br_payload_status br_payload_status(const struct br_payload *payload);

/* From the beginning again. */
void br_payload_rewind(struct br_payload *payload);

#endif
