/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Log lines on stderr: one event each, `key=value`, with the priority of sd-daemon(3) in front when systemd
 * listens. Control bytes are escaped, a line is at most 1 KiB, a value that comes from outside at most 64
 * bytes.
 *
 * Repeats of the same event about the same object become one line a minute with a count (br_log_often).
 * Thread-safe. Never give it a secret. */
#ifndef BR_CORE_LOG_H
#define BR_CORE_LOG_H

#include <stdint.h>

enum br_log_level {
    BR_LOG_ERR = 3,
    BR_LOG_WARNING = 4,
    BR_LOG_NOTICE = 5,
    BR_LOG_INFO = 6,
    BR_LOG_DEBUG = 7
};

struct br_log;

struct br_log *br_log_open(enum br_log_level level_max);
void br_log_close(struct br_log *log);

/* One line: `ev=EVENT key=value ...`. The format makes the part after the event; quote a value that may hold
 * blanks with br_log_quote. log NULL: silent (tests). */
void br_log(struct br_log *log, enum br_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for what may come a thousand times a second: the first one of (event, object, reason) prints at
 * once, the rest of the minute as one line with `count=N` when it is over (br_log_flush, or the next call);
 * so does every further minute until a quiet one. Absent (NULL, "") parts are left out. detail says more of
 * the one that prints; from outside: it is cut and escaped. */
void br_log_often(struct br_log *log, enum br_log_level level, const char *event, const char *object,
                  const char *reason, const char *detail, int64_t now_ms);

/* Prints the counts of minutes that are over; INT64_MAX prints all. */
void br_log_flush(struct br_log *log, int64_t now_ms);

/* value in double quotes, quotes and control bytes escaped, cut to 64 bytes; returns buffer. */
#define BR_LOG_QUOTE_SIZE 264
const char *br_log_quote(const char *value, char buffer[BR_LOG_QUOTE_SIZE]);

#endif
