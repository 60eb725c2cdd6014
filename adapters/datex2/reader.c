/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/datex2/reader.h"

void br_datex2_full(struct br_datex2_reader *reader)
{
    reader->full = true;
    br_xml_stop(reader->xml);
}

bool br_datex2_attribute(const struct br_datex2_reader *reader, const char *name, char *buffer, size_t size)
{
    struct br_view value;
    buffer[0] = '\0';
    return br_xml_attribute(reader->xml, name, &value) && br_datex2_copy(br_datex2_trim(value), buffer, size);
}

struct br_view br_datex2_type(const struct br_datex2_reader *reader)
{
    struct br_view type;
    if (!br_xml_attribute(reader->xml, "type", &type))
        return (struct br_view){"", 0};
    return br_datex2_trim(br_xml_local(type));
}

bool br_datex2_in(const struct br_datex2_reader *reader, enum br_datex2_tag parent)
{
    return br_xml_above(reader->xml, 1) == parent;
}

bool br_datex2_in2(const struct br_datex2_reader *reader, enum br_datex2_tag parent, enum br_datex2_tag above)
{
    return br_xml_above(reader->xml, 1) == parent && br_xml_above(reader->xml, 2) == above;
}

static bool place_other(struct br_datex2_reader *reader, const struct br_datex2_location *location,
                        struct br_place *place)
{
    if (location->srs[0] == '\0')
        return false;
    place->srs = br_arena_text(reader->emit->arena, br_view_of(location->srs));
    place->x = location->x;
    place->y = location->y;
    return true;
}

void br_datex2_place_observation(struct br_datex2_reader *reader, const struct br_datex2_location *location,
                                 struct br_emitted_observation *emitted)
{
    if (!location->found || place_other(reader, location, &emitted->place))
        return;
    emitted->observation->has_lat = emitted->observation->has_lon = 1;
    emitted->observation->lat = location->x;
    emitted->observation->lon = location->y;
}

void br_datex2_place_sensor(struct br_datex2_reader *reader, const struct br_datex2_location *location,
                            struct br_emitted_sensor *emitted)
{
    if (!location->found || place_other(reader, location, &emitted->place))
        return;
    emitted->sensor->has_lat = emitted->sensor->has_lon = 1;
    emitted->sensor->lat = location->x;
    emitted->sensor->lon = location->y;
}
