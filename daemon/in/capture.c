/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One line of mosquitto_sub(1), mosquitto 2.0, "Output format", `%j` and `%J`:
 *
 *     {"tst":"2026-08-18T12:00:00.123456Z+0200","topic":"city/garage/1","qos":1,"retain":0,
 *      "payloadlen":11,"mid":7,"properties":{...},"payload":"{\"free\":12}"}
 *
 * `tst` is local time with its offset: the Z in front of the offset says nothing. %j makes a string of the
 * payload and stops at a NUL; %J puts the payload's JSON value there, with numbers as cJSON writes them.
 * Which of the two wrote a line cannot be seen, so a string must be as long as `payloadlen` says, whoever
 * wrote it. An empty payload is null. */
#include "daemon/in/capture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include <jansson.h>

#include "daemon/core/clock.h"
#include "daemon/core/payload.h"
#include "daemon/in/journal.h"

#define REASON_SIZE 256
#define TIME_SIZE_MAX 64
#define REAL_DIGITS 17 /* every double reads back the same */

struct br_capture {
    FILE *stream;
    char *name;
    char *text; /* the line, of getline */
    size_t text_size;
    unsigned long line;
    bool ended;
    json_t *document; /* of the message that is lent */
    char *payload;    /* with its padding */
    size_t payload_capacity;
    char reason[REASON_SIZE];
};

struct br_capture *br_capture_open(FILE *stream, const char *name)
{
    struct br_capture *capture = calloc(1, sizeof(*capture));
    if (!capture)
        return NULL;
    capture->stream = stream;
    capture->name = strdup(name ? name : "capture");
    if (!capture->name) {
        free(capture);
        return NULL;
    }
    return capture;
}

void br_capture_close(struct br_capture *capture)
{
    if (!capture)
        return;
    json_decref(capture->document);
    free(capture->payload);
    free(capture->text);
    free(capture->name);
    free(capture);
}

static bool refuse(struct br_capture *capture, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Notes why a line is no message; always false. */
static bool refuse(struct br_capture *capture, const char *format, ...)
{
    int size = snprintf(capture->reason, REASON_SIZE, "%.100s:%lu: ", capture->name, capture->line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(capture->reason + size, REASON_SIZE - (size_t)size, format, arguments);
    va_end(arguments);
    return false;
}

/* Room for size bytes and zeros behind them. */
static char *payload_room(struct br_capture *capture, size_t size)
{
    if (size + BR_PADDING > capture->payload_capacity) {
        size_t capacity = (size + BR_PADDING) * 3 / 2;
        char *grown = realloc(capture->payload, capacity);
        if (!grown)
            return NULL;
        capture->payload = grown;
        capture->payload_capacity = capacity;
    }
    memset(capture->payload + size, 0, BR_PADDING);
    return capture->payload;
}

static bool payload_copy(struct br_capture *capture, const char *data, size_t size, struct br_view *payload)
{
    char *room = payload_room(capture, size);
    if (!room)
        return refuse(capture, "no memory for the payload");
    if (size > 0)
        memcpy(room, data, size);
    *payload = (struct br_view){room, size};
    return true;
}

static bool payload_write(struct br_capture *capture, const json_t *value, struct br_view *payload)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_PRESERVE_ORDER |
                                       JSON_REAL_PRECISION(REAL_DIGITS));
    if (!text)
        return refuse(capture, "the payload cannot be written as JSON");
    bool done = payload_copy(capture, text, strlen(text), payload);
    free(text);
    return done;
}

/* RFC 4648 section 4. Returns the value of a digit, or -1. */
static int base64_digit(char digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* Decodes the digits in front of the padding; false: one of them is none, or bits are left over that are not
 * 0. */
static bool base64_decode(const char *text, size_t count, char *to)
{
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return false;
        bits = (bits << 6 | (unsigned)digit) & 0xfff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (char)(unsigned char)(bits >> held & 0xff);
        }
    }
    return (bits & ((1u << held) - 1)) == 0;
}

static bool payload_base64(struct br_capture *capture, const json_t *value, struct br_view *payload)
{
    if (!json_is_string(value))
        return refuse(capture, "payload_base64 is no string");
    const char *text = json_string_value(value);
    size_t count = json_string_length(value);
    if (count % 4 != 0)
        return refuse(capture, "payload_base64 is no base64");
    for (int i = 0; i < 2 && count > 0 && text[count - 1] == '='; i++)
        count--;
    char *room = payload_room(capture, count * 3 / 4);
    if (!room)
        return refuse(capture, "no memory for the payload");
    if (!base64_decode(text, count, room))
        return refuse(capture, "payload_base64 is no base64");
    *payload = (struct br_view){room, count * 3 / 4};
    return true;
}

/* length: of `payloadlen`, -1 where the line does not tell. */
static bool payload_find(struct br_capture *capture, json_int_t length, struct br_view *payload)
{
    const json_t *base64 = json_object_get(capture->document, "payload_base64");
    const json_t *value = json_object_get(capture->document, "payload");
    if (base64 && !json_is_null(base64))
        return payload_base64(capture, base64, payload);
    if (json_is_string(value))
        return payload_copy(capture, json_string_value(value), json_string_length(value), payload);
    /* With a length above 0 a null is the JSON text `null`, which %J has read. */
    bool empty = json_is_null(value) ? length <= 0 : !value && length == 0;
    if (empty)
        return payload_copy(capture, NULL, 0, payload);
    return value ? payload_write(capture, value, payload) : refuse(capture, "no payload");
}

static bool read_payload(struct br_capture *capture, struct br_view *payload)
{
    const json_t *length = json_object_get(capture->document, "payloadlen");
    if (length && (!json_is_integer(length) || json_integer_value(length) < 0))
        return refuse(capture, "payloadlen is no length");
    json_int_t expected = length ? json_integer_value(length) : -1;
    if (!payload_find(capture, expected, payload))
        return false;
    bool exact = json_is_string(json_object_get(capture->document, "payload")) ||
                 json_is_string(json_object_get(capture->document, "payload_base64"));
    if (exact && (json_int_t)payload->size < expected)
        return refuse(capture, "payload has %zu bytes of %lld: cut at a NUL, or not as sent", payload->size,
                      (long long)expected);
    return true;
}

/* Takes away a Z that an offset follows: br_time_parse knows the rest. */
static bool time_parse(struct br_view text, int64_t *utc_ms)
{
    char plain[TIME_SIZE_MAX];
    if (text.size > sizeof(plain))
        return false;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool sign_follows = i + 1 < text.size && (text.data[i + 1] == '+' || text.data[i + 1] == '-');
        if (!(sign_follows && (text.data[i] == 'Z' || text.data[i] == 'z')))
            plain[size++] = text.data[i];
    }
    return br_time_parse((struct br_view){plain, size}, utc_ms);
}

static bool read_time(struct br_capture *capture, int64_t *utc_ms)
{
    const json_t *value = json_object_get(capture->document, "tst");
    *utc_ms = BR_TIME_NONE;
    if (!value || json_is_null(value))
        return true;
    struct br_view text = {json_string_value(value), json_string_length(value)};
    if (!text.data || !time_parse(text, utc_ms))
        return refuse(capture, "tst is no time");
    return true;
}

/* mosquitto writes 0 and 1, others false and true. */
static unsigned flag(const struct br_capture *capture, const char *key, unsigned bit)
{
    const json_t *value = json_object_get(capture->document, key);
    return json_is_true(value) || json_integer_value(value) != 0 ? bit : 0;
}

static bool read_message(struct br_capture *capture, size_t size, struct br_captured *message)
{
    json_error_t error;
    json_decref(capture->document);
    capture->document = json_loadb(capture->text, size, JSON_ALLOW_NUL, &error);
    if (!capture->document)
        return refuse(capture, "bad JSON at column %d: %s", error.column, error.text);
    if (!json_is_object(capture->document))
        return refuse(capture, "no JSON object");
    const json_t *topic = json_object_get(capture->document, "topic");
    if (!json_is_string(topic) || json_string_length(topic) == 0)
        return refuse(capture, "no topic");
    message->topic = (struct br_view){json_string_value(topic), json_string_length(topic)};
    if (memchr(message->topic.data, 0, message->topic.size))
        return refuse(capture, "topic holds a NUL");
    message->flags = flag(capture, "retain", BR_ENTRY_RETAINED) | flag(capture, "dup", BR_ENTRY_DUP);
    return read_time(capture, &message->received_at_utc_ms) && read_payload(capture, &message->payload);
}

/* The next line that is not blank: its size, or -1 at the end. */
static ssize_t next_line(struct br_capture *capture)
{
    ssize_t size;
    do {
        errno = 0;
        size = getline(&capture->text, &capture->text_size, capture->stream);
        capture->line++;
    } while (size >= 0 && strspn(capture->text, " \t\r\n") == (size_t)size);
    return size;
}

int br_capture_next(struct br_capture *capture, struct br_captured *message, const char **reason)
{
    *message = (struct br_captured){.received_at_utc_ms = BR_TIME_NONE};
    *reason = capture->reason;
    if (capture->ended)
        return 0;
    ssize_t size = next_line(capture);
    message->line = capture->line;
    if (size >= 0)
        return read_message(capture, (size_t)size, message) ? 1 : -1;
    capture->ended = true;
    if (feof(capture->stream) && !ferror(capture->stream))
        return 0;
    refuse(capture, "cannot be read: %s", strerror(errno));
    return -1;
}
