/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/router.h"

#include <stdint.h>

/* Takes the level in front of the first slash off *rest; *more: a slash followed, so that another level
 * comes. */
static struct br_view level_take(struct br_view *rest, bool *more)
{
    const char *slash = rest->size > 0 ? memchr(rest->data, '/', rest->size) : NULL;
    struct br_view level = {rest->data, slash ? (size_t)(slash - rest->data) : rest->size};
    *more = slash != NULL;
    if (slash)
        *rest = (struct br_view){slash + 1, rest->size - level.size - 1};
    else
        *rest = (struct br_view){rest->data + level.size, 0};
    return level;
}

static bool has_wildcard(struct br_view text)
{
    return text.size > 0 && (memchr(text.data, '+', text.size) || memchr(text.data, '#', text.size));
}

/* MQTT 3.1.1 section 4.7.1: + is a whole level, # a whole level and the last. */
static bool filter_is_valid(struct br_view filter)
{
    bool more = filter.size > 0;
    if (!more)
        return false;
    while (more) {
        struct br_view level = level_take(&filter, &more);
        if (br_view_is(level, "#"))
            return !more;
        if (!br_view_is(level, "+") && has_wildcard(level))
            return false;
    }
    return true;
}

bool br_topic_match(struct br_view filter, struct br_view topic)
{
    if (topic.size == 0 || !filter_is_valid(filter))
        return false;
    if (topic.data[0] == '$' && (filter.data[0] == '+' || filter.data[0] == '#'))
        return false;
    bool filter_more = true, topic_more = true;
    while (filter_more) {
        struct br_view want = level_take(&filter, &filter_more);
        /* Also the level above it: "a/#" takes "a". */
        if (br_view_is(want, "#"))
            return true;
        if (!topic_more)
            return false;
        struct br_view have = level_take(&topic, &topic_more);
        if (!br_view_is(want, "+") && !br_view_equal(want, have))
            return false;
    }
    return !topic_more;
}

struct br_view br_topic_unshared(struct br_view filter)
{
    static const char prefix[] = "$share/";
    size_t prefix_size = sizeof(prefix) - 1;
    if (filter.size < prefix_size || memcmp(filter.data, prefix, prefix_size) != 0)
        return filter;
    struct br_view rest = {filter.data + prefix_size, filter.size - prefix_size};
    bool more;
    struct br_view group = level_take(&rest, &more);
    return group.size > 0 && !has_wildcard(group) && rest.size > 0 ? rest : filter;
}

static bool feed_takes(const struct br_config_feed *feed, struct br_view topic)
{
    for (size_t i = 0; i < feed->topics.count; i++)
        if (br_topic_match(br_topic_unshared(br_view_of(feed->topics.at[i])), topic))
            return true;
    return false;
}

size_t br_router_next(const struct br_config *config, size_t broker, struct br_view topic, size_t from)
{
    for (size_t i = from == SIZE_MAX ? 0 : from + 1; i < config->feed_count; i++)
        if ((broker == SIZE_MAX || config->feeds[i].broker == broker) && feed_takes(&config->feeds[i], topic))
            return i;
    return SIZE_MAX;
}
