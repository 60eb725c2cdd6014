/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/topic.h"

#include <string.h>

#include "daemon/core/utf8.h"

/* A topic that grows; size is BR_TOPIC_SIZE once it did not fit. */
struct writer {
    char *topic;
    size_t size;
};

static void put(struct writer *writer, const char *bytes, size_t count)
{
    if (writer->size + count >= BR_TOPIC_SIZE) {
        writer->size = BR_TOPIC_SIZE;
        return;
    }
    memcpy(writer->topic + writer->size, bytes, count);
    writer->size += count;
    writer->topic[writer->size] = '\0';
}

static void put_encoded(struct writer *writer, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    const char code[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    put(writer, code, sizeof code);
}

/* Whether a well-formed character has to be encoded. The controls of Latin-1 are U+0080 to U+009F. */
static bool is_special(const char *at, size_t size)
{
    unsigned char first = (unsigned char)at[0];
    if (size == 2)
        return first == 0xc2 && (unsigned char)at[1] < 0xa0;
    return size == 1 && (first <= ' ' || first == 0x7f || strchr("/+#%", first));
}

static void put_level(struct writer *writer, const char *level, bool lower)
{
    size_t left = level ? strlen(level) : 0;
    if (left == 0) {
        writer->size = BR_TOPIC_SIZE;
        return;
    }
    put(writer, "/", 1);
    while (left > 0) {
        size_t size = br_utf8_size(level, left);
        if (size == 0 || is_special(level, size)) {
            size = size ? size : 1;
            for (size_t i = 0; i < size; i++)
                put_encoded(writer, (unsigned char)level[i]);
        } else if (lower && *level >= 'A' && *level <= 'Z') {
            const char letter = (char)(*level - 'A' + 'a');
            put(writer, &letter, 1);
        } else {
            put(writer, level, size);
        }
        level += size;
        left -= size;
    }
}

static bool write_topic(char topic[BR_TOPIC_SIZE], const char *prefix, const char *const *levels,
                        size_t count, bool lower)
{
    struct writer writer = {topic, 0};
    topic[0] = '\0';
    if (!prefix || !*prefix)
        return false;
    put(&writer, prefix, strlen(prefix));
    put(&writer, "/v1", 3);
    for (size_t i = 0; i < count; i++)
        put_level(&writer, levels[i], lower);
    return writer.size < BR_TOPIC_SIZE;
}

bool br_topic_of_figure(char topic[BR_TOPIC_SIZE], const char *prefix, const char *encoding,
                        const char *domain, const char *region_type, const char *region, const char *window)
{
    const char *const levels[] = {encoding, domain, region_type, region, window};
    return write_topic(topic, prefix, levels, sizeof levels / sizeof levels[0], true);
}

bool br_topic_of_observation(char topic[BR_TOPIC_SIZE], const char *prefix, const char *encoding,
                             const char *domain, const char *feed, const char *sensor)
{
    const char *const levels[] = {encoding, "observation", domain, feed, sensor};
    return write_topic(topic, prefix, levels, sizeof levels / sizeof levels[0], false);
}

bool br_topic_of_status(char topic[BR_TOPIC_SIZE], const char *prefix, const char *node)
{
    const char *const levels[] = {"status", node};
    return write_topic(topic, prefix, levels, sizeof levels / sizeof levels[0], false);
}
