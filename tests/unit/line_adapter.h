/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* An adapter whose payloads are lines, for what is around adapters:
 *
 *     p P1 10:00:00 vacant=3      an observation: p t j w and a line of figure_text.h
 *     sensor P1 gm=2              a parking sensor and its place
 *     snapshot 10:00:00           all jams have been told
 *     table                       the message is a table to be kept
 *     invalid, skip, reject       what they say
 */
#ifndef BR_TESTS_LINE_ADAPTER_H
#define BR_TESTS_LINE_ADAPTER_H

#include "adapters/adapter.h"

#include "tests/unit/figure_text.h"

struct line_adapter {
    const struct br_zone *zone;
    int references; /* tables that it was given */
};

static void *line_open(const struct br_adapter_setup *setup, struct br_faults *faults)
{
    struct line_adapter *self = calloc(1, sizeof *self);
    const char *zone = br_node_text(br_node_get(setup->options, "zone"));
    self->zone = setup->zone(setup->context, zone ? zone : "Europe/Amsterdam");
    if (self->zone && self->zone == setup->zone(setup->context, zone ? zone : "Europe/Amsterdam"))
        return self;
    br_faults_add(faults, NULL, 7, "zone", "there is no zone %s", zone);
    free(self);
    return NULL;
}

static void line_close(void *self)
{
    free(self);
}

static inline void line_parts(const struct said *said, struct br_emitted_observation *emitted)
{
    Bruis__V1__Observation *to = emitted->observation;
    to->has_lat = said->observation.has_lat;
    to->has_lon = said->observation.has_lon;
    to->lat = said->observation.lat;
    to->lon = said->observation.lon;
    if (to->parking)
        *to->parking = said->parking;
    if (to->traffic)
        *to->traffic = said->traffic;
    if (to->jam)
        *to->jam = said->jam;
    if (to->pedestrian)
        *to->pedestrian = said->pedestrian;
}

static inline void line_observation(const struct br_message *message, struct br_emit *emit, const char *line)
{
    struct said said;
    said_read(&said, line + 2, *line);
    struct br_view name = br_view_of(said.sensor);
    Bruis__V1__Domain domain = *line == 'p'   ? BRUIS__V1__DOMAIN__parking
                               : *line == 't' ? BRUIS__V1__DOMAIN__traffic
                                              : BRUIS__V1__DOMAIN__pedestrian;
    struct br_emitted_observation *emitted =
        *line == 'j' ? br_emit_jam(emit, message, name, said.observation.observed_at)
                     : br_emit_observation(emit, message, domain, name, said.observation.observed_at);
    line_parts(&said, emitted);
}

static inline void line_sensor(const struct br_message *message, struct br_emit *emit, const char *line)
{
    struct said said;
    char full[128], name[64], place[32];
    ck_assert_int_eq(sscanf(line, "sensor %63s %31s", name, place), 2);
    snprintf(full, sizeof full, "%s 00:00:00 %s", name, place);
    said_read(&said, full, 'p');
    struct br_emitted_sensor *emitted =
        br_emit_sensor(emit, message, BRUIS__V1__DOMAIN__parking, br_view_of(name));
    emitted->sensor->has_lat = said.observation.has_lat;
    emitted->sensor->has_lon = said.observation.has_lon;
    emitted->sensor->lat = said.observation.lat;
    emitted->sensor->lon = said.observation.lon;
}

static enum br_outcome line_decode(void *self, const struct br_message *message, struct br_emit *emit)
{
    struct br_view whole;
    char *after = NULL;
    (void)self;
    if (br_payload_whole(message->payload, emit->arena, &whole) != BR_PAYLOAD_END)
        return br_emit_reject(emit, "not whole");
    char *text = br_arena_text(emit->arena, whole);
    for (char *line = strtok_r(text, "\n", &after); line; line = strtok_r(NULL, "\n", &after)) {
        if (strcmp(line, "skip") == 0)
            return br_emit_skip(emit, "nothing of ours");
        if (strcmp(line, "reject") == 0)
            return br_emit_reject(emit, "no envelope");
        if (strcmp(line, "table") == 0)
            emit->reference_changed = true;
        else if (strcmp(line, "invalid") == 0)
            br_emit_invalid(emit, "a faulty element");
        else if (strncmp(line, "sensor ", 7) == 0)
            line_sensor(message, emit, line);
        else if (strncmp(line, "snapshot ", 9) == 0)
            emit->snapshot_at_utc_ms = time_of(line + 9);
        else if (line[0] && line[1] == ' ')
            line_observation(message, emit, line);
        else
            emit->unmatched_count++;
    }
    return BR_DECODED;
}

static enum br_outcome line_reference(void *self, const struct br_message *message, struct br_emit *emit)
{
    struct line_adapter *adapter = self;
    adapter->references++;
    return line_decode(self, message, emit);
}

static const struct br_option line_options[] = {
    {"table", BR_OPTION_FILE, false, NULL, "a file of lines"},
    {"zone", BR_OPTION_ZONE, false, NULL, "a zone"},
    {NULL, BR_OPTION_TEXT, false, NULL, NULL},
};

static const struct br_adapter line_adapter = {.name = "lines",
                                               .domains = "parking",
                                               .format = "lines",
                                               .options = line_options,
                                               .open = line_open,
                                               .reference = line_reference,
                                               .decode = line_decode,
                                               .close = line_close};

#endif
