# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""A country that does not exist, of the size of the Netherlands: its regions, its 20,000 traffic sites (a
site table of DATEX II 2.3) and what they measure. The same at every run.

A site has 2 to 4 lanes, a lane four values: flow and speed of any vehicle, and of short ones."""
import gzip
import json
import math
import time

WEST, EAST, SOUTH, NORTH = 4.0, 7.0, 51.0, 53.4
COLUMNS, ROWS = 19, 18  # of municipalities
SIDE_POINTS = 25  # on each side of a municipality
PROVINCE_COLUMNS, PROVINCE_ROWS = 4, 3
AREA_COLUMNS, AREA_ROWS = 8, 5
SITES = 20_000

HEAD = ('<?xml version="1.0" encoding="UTF-8"?><d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" '
        'modelBaseVersion="2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<payloadPublication xsi:type="%s" lang="nl"><publicationTime>%s</publicationTime>')
FOOT = "</payloadPublication></d2LogicalModel>"
ANY = "<vehicleType>anyVehicle</vehicleType>"
SHORT = ("<lengthCharacteristic><comparisonOperator>lessThan</comparisonOperator>"
         "<vehicleLength>5.6</vehicleLength></lengthCharacteristic>")
MEANING = ('<measurementSpecificCharacteristics index="%d"><measurementSpecificCharacteristics>'
           "<period>%d</period><specificLane>lane%d</specificLane>"
           "<specificMeasurementValueType>%s</specificMeasurementValueType>"
           "<specificVehicleCharacteristics>%s</specificVehicleCharacteristics>"
           "</measurementSpecificCharacteristics></measurementSpecificCharacteristics>")
RECORD = ('<measurementSiteRecord id="MADE_%%06d_%%02d" version="3"><computationMethod>'
          "arithmeticAverageOfSamplesInATimePeriod</computationMethod><measurementSiteName><values>"
          '<value lang="nl">Weg %%d km %%d</value></values></measurementSiteName>'
          "<measurementSiteNumberOfLanes>%d</measurementSiteNumberOfLanes>%s<measurementSiteLocation>"
          "<locationForDisplay><latitude>%%.6f</latitude><longitude>%%.6f</longitude></locationForDisplay>"
          "</measurementSiteLocation></measurementSiteRecord>")
SITE = ('<siteMeasurements><measurementSiteReference id="MADE_%06d_%02d" version="3" '
        'targetClass="MeasurementSiteRecord"/><measurementTimeDefault>%s</measurementTimeDefault>')
FLOW = ('<measuredValue index="%d"><measuredValue><basicData xsi:type="TrafficFlow"><vehicleFlow>'
        "<vehicleFlowRate>%%d</vehicleFlowRate></vehicleFlow></basicData></measuredValue></measuredValue>")
SPEED = ('<measuredValue index="%d"><measuredValue><basicData xsi:type="TrafficSpeed">'
         '<averageVehicleSpeed numberOfInputValuesUsed="%%d" standardDeviation="-1.0"><speed>%%d</speed>'
         "</averageVehicleSpeed></basicData></measuredValue></measuredValue>")


# ---- regions


def bend(along):
    """How far a border strays from the straight line, in degrees."""
    return 0.01 * math.sin(along * 40)


def part_of(column, row, columns, rows):
    return row * rows // ROWS * columns + column * columns // COLUMNS


def outline(column, row):
    width, height = (EAST - WEST) / COLUMNS, (NORTH - SOUTH) / ROWS
    west, south = WEST + column * width, SOUTH + row * height
    steps = [i / SIDE_POINTS for i in range(SIDE_POINTS)]
    corners = [(west + s * width, south) for s in steps] + [(west + width, south + s * height) for s in steps]
    corners += [(west + (1 - s) * width, south + height) for s in steps]
    corners += [(west, south + (1 - s) * height) for s in steps]
    ring = [(round(x + bend(y), 6), round(y + bend(x), 6)) for x, y in corners]
    return [*ring, ring[0]]


def write_regions(folder):
    """The `regions` of a configuration."""
    rows = ["nl00,land,Verzonnenland,"]
    rows += [f"pv{i:02},provincie,Provincie {i},nl00" for i in range(PROVINCE_COLUMNS * PROVINCE_ROWS)]
    rows += [f"cr{i:02},corop,Gebied {i},nl00" for i in range(AREA_COLUMNS * AREA_ROWS)]
    features = []
    for index in range(COLUMNS * ROWS):
        place = index % COLUMNS, index // COLUMNS
        province = part_of(*place, PROVINCE_COLUMNS, PROVINCE_ROWS)
        area = part_of(*place, AREA_COLUMNS, AREA_ROWS)
        rows.append(f"gm{index:04},gemeente,Gemeente {index},pv{province:02}|cr{area:02}")
        features.append({"type": "Feature", "properties": {"statcode": f"gm{index:04}"},
                         "geometry": {"type": "Polygon", "coordinates": [outline(*place)]}})
    (folder / "regions.csv").write_text("code,type,name,parents\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "regions.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}),
                                            encoding="utf-8")
    return ("regions:\n  year: 2026\n"
            f"  table: {folder / 'regions.csv'}\n  boundaries: [{folder / 'regions.geojson'}]\n")


# ---- traffic


def lanes_of(site):
    return 2 + site % 3


def record_of(lanes, period_s):
    """The form of a site's description."""
    kinds = (("trafficFlow", ANY), ("trafficFlow", SHORT), ("trafficSpeed", ANY), ("trafficSpeed", SHORT))
    return RECORD % (lanes, "".join(MEANING % (lane * 4 + i + 1, period_s, lane + 1, *kind)
                                    for lane in range(lanes) for i, kind in enumerate(kinds)))


def write_table(path, period_s):
    """Bytes unpacked."""
    forms = {lanes: record_of(lanes, period_s) for lanes in (2, 3, 4)}
    text = HEAD % ("MeasurementSiteTablePublication", "2026-08-18T00:00:00Z")
    text += '<measurementSiteTable id="MADE" version="7">'
    text += "".join(forms[lanes_of(site)] % (site, site % 90, site % 800, site % 97,
                                             SOUTH + 0.1 + site * 0.7548776662 % 1 * (NORTH - SOUTH - 0.2),
                                             WEST + 0.1 + site * 0.5698402910 % 1 * (EAST - WEST - 0.2))
                    for site in range(SITES))
    text += "</measurementSiteTable>" + FOOT
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(text.encode())
    return len(text)


def values_of(site, number):
    """The values of all lanes in the file of this number, in the order of their indexes."""
    values = []
    for lane in range(lanes_of(site)):
        count = (site * 7 + lane * 5 + number * 3) % 23
        speed = 60 + (site * 3 + lane * 11 + number * 7) % 60 if count else -1
        values += [count * 60, count // 2 * 60, count, speed, count // 2, speed if count > 1 else -1]
    return values


def measured(number, begin_s):
    """One publication about all sites, of the period that begins at this second, packed."""
    time_text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin_s))
    forms = {lanes: SITE + "".join((FLOW * 2 + SPEED * 2) % tuple(range(lane * 4 + 1, lane * 4 + 5))
                                   for lane in range(lanes)) + "</siteMeasurements>" for lanes in (2, 3, 4)}
    text = HEAD % ("MeasuredDataPublication", time_text)
    text += "".join(forms[lanes_of(site)] % (site, site % 90, time_text, *values_of(site, number))
                    for site in range(SITES))
    text += FOOT
    return gzip.compress(text.encode(), 1)
