/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/withdrawal.h"
#include "daemon/core/clock.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

char *br_withdrawal_print(const struct br_withdrawal *withdrawal)
{
    char from[BR_TIME_TEXT_SIZE], to[BR_TIME_TEXT_SIZE];
    br_time_format(withdrawal->from_utc_ms, from);
    br_time_format(withdrawal->to_utc_ms, to);
    json_t *object = json_pack("{s:s, s:s, s:s}", "sensor", withdrawal->sensor, "from", from, "to", to);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

static const char *take(const json_t *object, struct br_withdrawal *withdrawal)
{
    const char *sensor = json_string_value(json_object_get(object, "sensor"));
    const char *from = json_string_value(json_object_get(object, "from"));
    const char *to = json_string_value(json_object_get(object, "to"));
    if (!sensor || !*sensor || strlen(sensor) > BR_WITHDRAWAL_SENSOR_MAX)
        return "no sensor";
    if (!from || !to || !br_time_parse(br_view_of(from), &withdrawal->from_utc_ms) ||
        !br_time_parse(br_view_of(to), &withdrawal->to_utc_ms))
        return "from and to must be RFC 3339 times";
    if (withdrawal->from_utc_ms >= withdrawal->to_utc_ms)
        return "from must be before to";
    snprintf(withdrawal->sensor, sizeof withdrawal->sensor, "%s", sensor);
    return NULL;
}

const char *br_withdrawal_parse(struct br_view text, struct br_withdrawal *withdrawal)
{
    json_t *object = json_loadb(text.data, text.size, 0, NULL);
    const char *fault = object ? take(object, withdrawal) : "no JSON";
    json_decref(object);
    return fault;
}
