/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* InfluxDB line protocol: points as text, into a buffer of the caller. Stands alone: it needs nothing but the
 * C library, allocates nothing, keeps nothing between points; any thread.
 * Source: InfluxDB documentation, "Line protocol reference" (1.8 and 2.7).
 *
 *     char buffer[512];
 *     struct influx_line line;
 *     influx_line_begin(&line, buffer, sizeof buffer, "weather");
 *     influx_line_tag(&line, "city", "Den Haag");
 *     influx_line_float(&line, "temperature", 21.5);
 *     long size = influx_line_end(&line, 1787047200000);
 *
 * Tags come first, sorted by key (InfluxDB is faster then; it is checked), then fields, then the end. What
 * cannot be said is not said half: a NaN, an infinity or an empty tag is left out, for the protocol has no
 * form for them. A point is refused as a whole when a name or a tag holds a line feed or carriage return
 * (they would begin another point), or a backslash in front of what has to be escaped or at the end (servers
 * read it in different ways), when a name is empty, when tags are not in order, and when it has no field. */
#ifndef INFLUX_LINE_H
#define INFLUX_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INFLUX_LINE_REFUSED (-1L) /* the point cannot be said */
#define INFLUX_LINE_NO_ROOM (-2L) /* `needed` says how large a buffer has to be */
#define INFLUX_LINE_FLOAT_SIZE 32

/* A point being written. Its members are read by nobody but the functions below, but for `needed`. */
struct influx_line {
    char *buffer;
    size_t size;
    size_t needed;        /* bytes of the point so far, whether they had room or not */
    const char *last_tag; /* of the caller */
    unsigned field_count;
    bool is_refused;
};

/* measurement and the keys of tags must stay until the end. */
void influx_line_begin(struct influx_line *line, char *buffer, size_t size, const char *measurement);

/* With the lengths of names and tags given, for those who know them. */
void influx_line_tag_n(struct influx_line *line, const char *key, size_t key_size, const char *value,
                       size_t value_size);
void influx_line_int_n(struct influx_line *line, const char *key, size_t key_size, int64_t value);
void influx_line_float_n(struct influx_line *line, const char *key, size_t key_size, double value);
void influx_line_bool_n(struct influx_line *line, const char *key, size_t key_size, bool value);
void influx_line_string_n(struct influx_line *line, const char *key, size_t key_size, const char *value,
                          size_t size);

/* Inline, so that the length of a constant is one. */
static inline void influx_line_tag(struct influx_line *line, const char *key, const char *value)
{
    influx_line_tag_n(line, key, strlen(key), value, strlen(value));
}

static inline void influx_line_int(struct influx_line *line, const char *key, int64_t value)
{
    influx_line_int_n(line, key, strlen(key), value);
}

static inline void influx_line_float(struct influx_line *line, const char *key, double value)
{
    influx_line_float_n(line, key, strlen(key), value);
}

static inline void influx_line_bool(struct influx_line *line, const char *key, bool value)
{
    influx_line_bool_n(line, key, strlen(key), value);
}

static inline void influx_line_string(struct influx_line *line, const char *key, const char *value,
                                      size_t size)
{
    influx_line_string_n(line, key, strlen(key), value, size);
}

/* Ends the point with its time, in whatever unit the server is told, and a line feed. Its size in bytes, or
 * one of the above; the buffer holds no NUL. */
long influx_line_end(struct influx_line *line, int64_t time);

/* The shortest decimal that reads back as the same double (finite); its length. No locale matters. */
size_t influx_line_float_text(double value, char text[INFLUX_LINE_FLOAT_SIZE]);

#endif
