/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Recorded messages: the lines of `mosquitto_sub -F %j` or `-F %J`, or the same with payload_base64 (which
 * then is the payload, whatever `payload` says). A payload that is JSON and no string (%J) is that value
 * written compactly: not the bytes as sent, but the same document. Blank lines are passed over. One reader,
 * one thread. */
#ifndef BR_IN_CAPTURE_H
#define BR_IN_CAPTURE_H

#include "daemon/core/view.h"

#include <stdint.h>
#include <stdio.h>

struct br_capture;

struct br_captured {
    struct br_view topic;
    struct br_view payload;     /* BR_PADDING readable bytes behind it */
    int64_t received_at_utc_ms; /* of `tst`; BR_TIME_NONE where there is none */
    unsigned long line;         /* 1 = first */
    unsigned flags;             /* BR_ENTRY_RETAINED, BR_ENTRY_DUP */
};

/* Reads from a stream that the caller keeps and closes. name: of the file, for reasons; copied. NULL without
 * memory. */
struct br_capture *br_capture_open(FILE *stream, const char *name);
void br_capture_close(struct br_capture *capture);

/* 1: a message, valid until the next call; 0: the end; -1: this line is none, and *reason says where and why
 * (`FILE:LINE: no topic`: bad JSON, no topic, a tst that is no time, a payload cut at a NUL: shorter than
 * payloadlen); valid until the next call, which goes on behind the line. message->line is set in both cases.
 * A stream that fails: -1 once, then 0. */
int br_capture_next(struct br_capture *capture, struct br_captured *message, const char **reason);

#endif
