/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A line is put together in memory and written with one call, so that lines of several threads never mix. */
#include "daemon/core/log.h"

#include "daemon/core/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>

#define LINE_SIZE 1024
#define VALUE_SIZE_MAX 64
#define MINUTE_MS INT64_C(60000)
#define OFTEN_MAX 512 /* what repeats at one time; more are counted together */

/* One (event, object, reason) that has been told within the last minute or whose count is not told yet. */
struct often {
    enum br_log_level level;
    int64_t since_ms; /* of the minute that is counted */
    uint64_t count;   /* in it, not told yet */
    char event[VALUE_SIZE_MAX + 1], object[VALUE_SIZE_MAX + 1], reason[VALUE_SIZE_MAX + 1];
};

struct br_log {
    enum br_log_level level_max;
    bool with_priority; /* journald reads our stderr */
    pthread_mutex_t lock;
    struct often *often;
    size_t often_count, often_room;
    uint64_t untold_count; /* more kinds at a time than are kept */
};

/* A line under construction; what does not fit is cut. */
struct line {
    char text[LINE_SIZE];
    size_t size;
};

struct br_log *br_log_open(enum br_log_level level_max)
{
    struct br_log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->level_max = level_max;
    log->with_priority = getenv("JOURNAL_STREAM") != NULL;
    if (pthread_mutex_init(&log->lock, NULL) != 0) {
        free(log);
        return NULL;
    }
    return log;
}

void br_log_close(struct br_log *log)
{
    if (!log)
        return;
    pthread_mutex_destroy(&log->lock);
    free(log->often);
    free(log);
}

/* Control characters: ASCII's, and those that UTF-8 writes as c2 80 to c2 9f. */
static bool is_control(const char *text, size_t size)
{
    unsigned char first = (unsigned char)text[0];
    if (size == 1)
        return first < 0x20 || first == 0x7f;
    return first == 0xc2 && (unsigned char)text[1] < 0xa0;
}

/* One character of text as a log may hold it, with the bytes that it takes from text. */
static size_t escape(const char *text, size_t size, char escaped[16])
{
    size_t character = br_utf8_size(text, size);
    if (character > 0 && !is_control(text, character)) {
        memcpy(escaped, text, character);
        escaped[character] = '\0';
        return character;
    }
    if (text[0] == '\n' || text[0] == '\t' || text[0] == '\r')
        snprintf(escaped, 16, "\\%c", text[0] == '\n' ? 'n' : text[0] == '\t' ? 't' : 'r');
    else
        snprintf(escaped, 16, "\\x%02x", (unsigned)(unsigned char)text[0]);
    return 1;
}

/* Leaves room for a mark of the cut and the newline. */
static bool line_add(struct line *line, const char *text, size_t size)
{
    if (size > sizeof line->text - 4 - line->size)
        return false;
    memcpy(line->text + line->size, text, size);
    line->size += size;
    return true;
}

static void line_add_escaped(struct line *line, const char *text)
{
    size_t size = strlen(text);
    char escaped[16];
    for (size_t i = 0; i < size;) {
        i += escape(text + i, size - i, escaped);
        if (!line_add(line, escaped, strlen(escaped))) {
            memcpy(line->text + line->size, "...", 3);
            line->size += 3;
            return;
        }
    }
}

/* A line that cannot be written is lost: there is nobody left to tell. */
static void line_write(struct line *line)
{
    line->text[line->size++] = '\n';
    ssize_t written;
    do
        written = write(STDERR_FILENO, line->text, line->size);
    while (written < 0 && errno == EINTR);
}

static void line_print(const struct br_log *log, enum br_log_level level, const char *event, const char *rest)
{
    int error = errno;
    struct line line = {.size = 0};
    if (log->with_priority) {
        char priority[] = {'<', (char)('0' + (int)level), '>'};
        line_add(&line, priority, sizeof priority);
    }
    char start[VALUE_SIZE_MAX + 8];
    snprintf(start, sizeof start, "ev=%.*s%s", VALUE_SIZE_MAX, event, rest[0] ? " " : "");
    line_add_escaped(&line, start);
    line_add_escaped(&line, rest);
    line_write(&line);
    errno = error;
}

void br_log(struct br_log *log, enum br_log_level level, const char *event, const char *format, ...)
{
    if (!log || level > log->level_max)
        return;
    char rest[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(rest, sizeof rest, format, arguments) < 0)
        rest[0] = '\0';
    va_end(arguments);
    line_print(log, level, event, rest);
}

/* How much of a value is kept: whole characters up to 64 bytes. */
static size_t cut_size(const char *value)
{
    size_t size = strnlen(value, VALUE_SIZE_MAX + 1), cut = VALUE_SIZE_MAX;
    if (size <= VALUE_SIZE_MAX)
        return size;
    while (cut > VALUE_SIZE_MAX - 3 && br_utf8_is_tail(value[cut]))
        cut--;
    return cut;
}

const char *br_log_quote(const char *value, char buffer[BR_LOG_QUOTE_SIZE])
{
    size_t size = value ? cut_size(value) : 0, length = 0;
    bool cut = value && value[size] != '\0';
    buffer[length++] = '"';
    for (size_t i = 0; i < size;) {
        char escaped[16];
        if (value[i] == '"' || value[i] == '\\')
            buffer[length++] = '\\';
        i += escape(value + i, size - i, escaped);
        length = (size_t)(stpcpy(buffer + length, escaped) - buffer);
    }
    memcpy(buffer + length, cut ? "...\"" : "\"", cut ? 5 : 2);
    return buffer;
}

/* ` name="value"` behind what rest holds; nothing for an absent value. rest has room for several. */
static void rest_add(char *rest, size_t rest_size, const char *name, const char *value)
{
    char quoted[BR_LOG_QUOTE_SIZE];
    size_t size = strlen(rest);
    if (value && value[0])
        snprintf(rest + size, rest_size - size, "%s%s=%s", size ? " " : "", name,
                 br_log_quote(value, quoted));
}

static void count_print(const struct br_log *log, struct often *often)
{
    char rest[4 * BR_LOG_QUOTE_SIZE] = "";
    rest_add(rest, sizeof rest, "object", often->object);
    rest_add(rest, sizeof rest, "reason", often->reason);
    size_t size = strlen(rest);
    snprintf(rest + size, sizeof rest - size, "%scount=%" PRIu64, size ? " " : "", often->count);
    line_print(log, often->level, often->event, rest);
    often->count = 0;
}

static void value_copy(char to[VALUE_SIZE_MAX + 1], const char *value)
{
    size_t size = value ? cut_size(value) : 0;
    if (size > 0)
        memcpy(to, value, size);
    to[size] = '\0';
}

/* A clock that was set back ends the minute too, or the count would wait for as long. */
static bool minute_is_over(const struct often *often, int64_t now_ms)
{
    return now_ms == INT64_MAX || now_ms < often->since_ms || now_ms - often->since_ms >= MINUTE_MS;
}

/* Tells the counts of minutes that are over. A kind that was quiet for its minute is forgotten. */
static void flush_locked(struct br_log *log, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < log->often_count; i++) {
        struct often *often = &log->often[i];
        bool over = minute_is_over(often, now_ms), repeated = often->count > 0;
        if (over && repeated)
            count_print(log, often);
        if (over)
            often->since_ms = now_ms;
        if (!over || repeated)
            log->often[kept++] = *often;
    }
    log->often_count = now_ms == INT64_MAX ? 0 : kept;
    if (log->untold_count > 0 && kept < OFTEN_MAX) {
        char rest[64];
        snprintf(rest, sizeof rest, "count=%" PRIu64, log->untold_count);
        line_print(log, BR_LOG_WARNING, "log_overflow", rest);
        log->untold_count = 0;
    }
}

static struct often *often_find(struct br_log *log, const struct often *key)
{
    for (size_t i = 0; i < log->often_count; i++) {
        struct often *often = &log->often[i];
        if (often->level == key->level && strcmp(often->event, key->event) == 0 &&
            strcmp(often->object, key->object) == 0 && strcmp(often->reason, key->reason) == 0)
            return often;
    }
    return NULL;
}

static bool often_add(struct br_log *log, const struct often *key)
{
    if (log->often_count == OFTEN_MAX)
        return false;
    if (log->often_count == log->often_room) {
        size_t room = log->often_room ? 2 * log->often_room : 16;
        struct often *often = realloc(log->often, room * sizeof *often);
        if (!often)
            return false;
        log->often = often;
        log->often_room = room;
    }
    log->often[log->often_count++] = *key;
    return true;
}

/* The first of its kind, or the first after a quiet minute. */
static void often_print(const struct br_log *log, const struct often *key, const char *detail)
{
    char rest[4 * BR_LOG_QUOTE_SIZE] = "";
    rest_add(rest, sizeof rest, "object", key->object);
    rest_add(rest, sizeof rest, "reason", key->reason);
    rest_add(rest, sizeof rest, "detail", detail);
    line_print(log, key->level, key->event, rest);
}

void br_log_often(struct br_log *log, enum br_log_level level, const char *event, const char *object,
                  const char *reason, const char *detail, int64_t now_ms)
{
    if (!log || level > log->level_max)
        return;
    struct often key = {.level = level, .since_ms = now_ms};
    value_copy(key.event, event);
    value_copy(key.object, object);
    value_copy(key.reason, reason);
    pthread_mutex_lock(&log->lock);
    struct often *often = often_find(log, &key);
    if ((often && minute_is_over(often, now_ms)) || (!often && log->often_count == OFTEN_MAX)) {
        flush_locked(log, now_ms);
        often = often_find(log, &key);
    }
    if (often)
        often->count++;
    else if (often_add(log, &key))
        often_print(log, &key, detail);
    else
        log->untold_count++;
    pthread_mutex_unlock(&log->lock);
}

void br_log_flush(struct br_log *log, int64_t now_ms)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    flush_locked(log, now_ms);
    pthread_mutex_unlock(&log->lock);
}
