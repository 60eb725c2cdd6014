/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The single values of a configuration, from their text. Pure.
 *
 * Each function is true where the text is such a value; else `why` says what is wrong, as the end of a
 * sentence that begins with the key: "'30' has no unit: ...". */
#ifndef BR_CONFIG_VALUE_H
#define BR_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#define BR_WHY_SIZE 256

/* Numbers (config_value.c). */
bool br_config_flag(const char *text, bool *flag, char why[BR_WHY_SIZE]);
bool br_config_integer(const char *text, int64_t *integer, char why[BR_WHY_SIZE]);
bool br_config_ratio(const char *text, int64_t *ratio, char why[BR_WHY_SIZE]); /* 0.5: 5000 */
bool br_config_duration(const char *text, int64_t *duration_ms,
                        char why[BR_WHY_SIZE]);                               /* 500ms 30s 15m 1h 1d */
bool br_config_size(const char *text, int64_t *bytes, char why[BR_WHY_SIZE]); /* 512B 64KiB 1MiB 1GiB 1TiB */
bool br_config_date(const char *text, char why[BR_WHY_SIZE]); /* 2024-01-01, a day that exists */

/* The shortest text of a duration and a size: 300000 is "5m". */
#define BR_VALUE_TEXT_SIZE 32
void br_config_duration_text(int64_t duration_ms, char text[BR_VALUE_TEXT_SIZE]);
void br_config_size_text(int64_t bytes, char text[BR_VALUE_TEXT_SIZE]);

/* Texts (config_text.c). */
bool br_config_plain(const char *text, char why[BR_WHY_SIZE]); /* not empty, no control characters */
bool br_config_name(const char *text, char why[BR_WHY_SIZE]);  /* [a-z0-9_-]{1,64}: it stands in topics */
bool br_config_code(const char *text, char why[BR_WHY_SIZE]);  /* of a region, in any case */
bool br_config_credential(const char *text, char why[BR_WHY_SIZE]); /* a file name without a folder */

/* A topic filter (MQTT 3.1.1 section 4.7), also $share/GROUP/FILTER; the first levels of a topic to publish
 * to. */
bool br_config_filter(const char *text, char why[BR_WHY_SIZE]);
bool br_config_prefix(const char *text, char why[BR_WHY_SIZE]);

/* Where things are (config_url.c). schemes: "mqtt mqtts". A URL never holds a user or a password. */
bool br_config_url(const char *text, const char *schemes, char why[BR_WHY_SIZE]);
bool br_config_listen(const char *text, char why[BR_WHY_SIZE]);  /* 127.0.0.1:8080, [::1]:8080 */
bool br_config_network(const char *text, char why[BR_WHY_SIZE]); /* 10.0.0.7, 10.0.0.0/8, fd00::/8 */
bool br_config_email(const char *text, char why[BR_WHY_SIZE]);

/* The candidate that is nearest to a word, as long as it is near enough for a slip of the pen. Start with
 * {word}. */
struct br_config_nearest {
    const char *word;
    const char *best; /* NULL: none */
    unsigned distance;
};
void br_config_nearest_try(struct br_config_nearest *nearest, const char *candidate);

#endif
