/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The names of the topics that bruisd publishes on:
 *
 *     PREFIX/v1/ENCODING/DOMAIN/REGION_TYPE/REGION/WINDOW     figures; lower case
 *     PREFIX/v1/ENCODING/observation/DOMAIN/FEED/SENSOR       records
 *     PREFIX/v1/status/NODE
 *
 * Everything but the prefix is one level each: what would make more of it, or what a broker or a subscriber
 * would take for something else (/ + # %, blanks, control characters), is percent-encoded. Bytes that are no
 * UTF-8 are too: a topic must be text. Pure. */
#ifndef BR_OUT_TOPIC_H
#define BR_OUT_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#define BR_TOPIC_SIZE 1024

/* Each writes a topic that ends in a NUL; false: it would be longer than BR_TOPIC_SIZE - 1 bytes, or a part
 * of it is NULL or empty. */
bool br_topic_of_figure(char topic[BR_TOPIC_SIZE], const char *prefix, const char *encoding,
                        const char *domain, const char *region_type, const char *region, const char *window);
bool br_topic_of_observation(char topic[BR_TOPIC_SIZE], const char *prefix, const char *encoding,
                             const char *domain, const char *feed, const char *sensor);
bool br_topic_of_status(char topic[BR_TOPIC_SIZE], const char *prefix, const char *node);

#endif
