/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Records as JSON. One printer for all, led by the protobuf descriptors: field names are the proto's, enums
 * are their words, times are RFC 3339 in UTC, doubles the shortest text that reads back the same. */
#ifndef BR_PROTO_RECORD_H
#define BR_PROTO_RECORD_H

#include "bruis/v1/figure.pb-c.h"
#include "bruis/v1/observation.pb-c.h"

#include <stddef.h>

/* Growing text, owned by the caller: {0} to begin, free(text.data) at the end. failed: out of memory, sticky.
 */
struct br_text {
    char *data; /* ends in a NUL once something was added */
    size_t size, capacity;
    int failed;
};

void br_text_add(struct br_text *text, const char *data, size_t size);
void br_text_format(struct br_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void br_text_json(struct br_text *text, const char *string, size_t size);

/* The shortest decimal that reads back as the same double; infinities and NaN are never given. */
#define BR_DOUBLE_SIZE 32
void br_double_format(double value, char text[BR_DOUBLE_SIZE]);

/* {"record":"observation",...}: absent fields are left out. Without newline. */
void br_record_observation(struct br_text *text, const Bruis__V1__Observation *observation);
void br_record_sensor(struct br_text *text, const Bruis__V1__Sensor *sensor);

/* The record of contract section 4: absent values are null. */
void br_record_figure(struct br_text *text, const Bruis__V1__Figure *figure);

/* For other printers of the same messages: where a field that is not repeated has its value, or NULL when it
 * has none (a number that is none and a word that is not known are none); and whether a field of this name is
 * a time, in ms since 1970. */
const void *br_record_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
int br_record_is_time(const char *name);

/* Words of enums, for topics and files: "parking". */
const char *br_domain_word(Bruis__V1__Domain domain);

#endif
