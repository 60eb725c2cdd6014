# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""An independent reader: sources to regional figures, by the rules of the contract and with nothing of bruisd.

Numbers are Python's exact integers and fractions; they become decimals only where a figure is rounded. Slow and
short on purpose: one pass over the readings for each window length, no state, no order, no time of arrival.
Times are milliseconds since 1970-01-01T00:00:00Z, named `at` where an instant is meant."""
import collections
import csv
import gzip
import io
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone
from fractions import Fraction

WINDOW_MS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000}
STANDSTILL_KM_H = 3
SPEED_MAX_KM_H = 250
SLOW_KM_H = 50
COUNT_MS = 180_000  # the period of a count of the crowd monitoring
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def instant(text):
    """RFC 3339, with a blank instead of the T as well, to milliseconds."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    offset = "+00:00" if match[4] == "Z" else match[4]
    whole = datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}")
    return int(whole.timestamp()) * 1000 + int(((match[3] or "") + "000")[:3])


def text_of(at):
    """The way back: RFC 3339 in UTC, with a fraction only where there is one."""
    whole = datetime.fromtimestamp(at // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return whole + (f".{at % 1000:03}Z" if at % 1000 else "Z")


def rounded(value, decimals=0):
    """Half away from zero. None stays None; a whole number stays an int."""
    if value is None:
        return None
    scaled = Fraction(value) * 10**decimals
    whole = math.floor(abs(scaled) + Fraction(1, 2)) * (1 if scaled >= 0 else -1)
    return whole if decimals == 0 else whole / 10**decimals


def ratio(part, whole, decimals):
    return rounded(Fraction(part) / Fraction(whole), decimals) if whole else None


# ---- places


class Division:
    """Municipalities as polygons, and the regions above them."""

    def __init__(self, boundaries, code_property, parents):
        self.parents = {code.lower(): [p.lower() for p in above] for code, above in parents.items()}
        self.shapes = []  # of each polygon: code, box, rings
        with open(boundaries, encoding="utf-8") as file:
            for feature in json.load(file)["features"]:
                code = str(feature["properties"][code_property]).lower()
                geometry = feature["geometry"]
                if code not in self.parents or not geometry:
                    continue
                polygons = geometry["coordinates"]
                for rings in polygons if geometry["type"] == "MultiPolygon" else [polygons]:
                    lons = [point[0] for point in rings[0]]
                    lats = [point[1] for point in rings[0]]
                    self.shapes.append((code, (min(lons), min(lats), max(lons), max(lats)), rings))

    def holders(self, lat, lon):
        """The codes of all polygons that hold the point."""
        found = []
        for code, (west, south, east, north), rings in self.shapes:
            if west <= lon <= east and south <= lat <= north and inside(rings, lat, lon) and code not in found:
                found.append(code)
        return found

    def home(self, lat, lon, nearest_m=2000):
        """Where polygons overlap, the first in the order of the table; outside of all, the nearest one."""
        found = self.holders(lat, lon)
        if found:
            order = list(self.parents)
            return min(found, key=order.index)
        best = (nearest_m, None)
        for code, (west, south, east, north), rings in self.shapes:
            if west - 0.05 <= lon <= east + 0.05 and south - 0.05 <= lat <= north + 0.05:
                best = min(best, (distance_m(rings, lat, lon), code), key=lambda pair: pair[0])
        return best[1]

    def memberships(self, code):
        """The region and everything above it, each once."""
        found = []
        waiting = [code]
        while waiting:
            region = waiting.pop()
            if region not in found:
                found.append(region)
                waiting += self.parents[region]
        return found


def inside(rings, lat, lon):
    """A ray to the east crosses the rings an odd number of times."""
    odd = False
    for ring in rings:
        x0, y0 = ring[-1][0], ring[-1][1]
        for point in ring:
            x1, y1 = point[0], point[1]
            if (y0 > lat) != (y1 > lat) and lon < x0 + (lat - y0) * (x1 - x0) / (y1 - y0):
                odd = not odd
            x0, y0 = x1, y1
    return odd


def distance_m(rings, lat, lon):
    """To the border, in a plane that touches the earth at the point."""
    m_lat = 111_132.954 - 559.822 * math.cos(2 * math.radians(lat))
    m_lon = 111_412.84 * math.cos(math.radians(lat)) - 93.5 * math.cos(3 * math.radians(lat))
    best = math.inf
    for ring in rings:
        points = [((point[0] - lon) * m_lon, (point[1] - lat) * m_lat) for point in ring]
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            dx, dy = x1 - x0, y1 - y0
            length2 = dx * dx + dy * dy
            along = max(0, min(1, -(x0 * dx + y0 * dy) / length2)) if length2 else 0
            best = min(best, math.hypot(x0 + along * dx, y0 + along * dy))
    return best


# ---- traffic: DATEX II version 2

Site = collections.namedtuple("Site", "lat lon period_ms meanings laned")  # meanings: index -> kind, lane, any
Traffic = collections.namedtuple("Traffic", "sensor at period_ms flow_milli speed")


def elements(document, name):
    """Each element of this name as a tree of its own. They do not nest."""
    for match in re.finditer(rf"<{name}[ >].*?</{name}>", document, re.DOTALL):
        yield ElementTree.fromstring(
            f'<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{match[0]}</r>')[0]


def unpacked(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read()


def meaning_of(characteristics):
    """What one index stands for. A value of no lane is one of the whole carriageway."""
    vehicles = characteristics.find("specificVehicleCharacteristics")
    every = vehicles is None or all(v.tag == "vehicleType" and v.text == "anyVehicle" for v in vehicles)
    lane = characteristics.findtext("specificLane", "allLanesCompleteCarriageway")
    kind = {"trafficFlow": "flow", "trafficSpeed": "speed"}
    return kind.get(characteristics.findtext("specificMeasurementValueType")), lane, every


def site_of(record):
    meanings = {}
    period = None
    for outer in record.findall("measurementSpecificCharacteristics"):
        inner = outer.find("measurementSpecificCharacteristics")
        meanings[outer.get("index")] = meaning_of(inner)
        period = period or inner.findtext("period")
    place = record.find("measurementSiteLocation").find(".//locationForDisplay")
    laned = any(kind and every and lane != "allLanesCompleteCarriageway"
                for kind, lane, every in meanings.values())
    return Site(float(place.findtext("latitude")), float(place.findtext("longitude")),
                int(Fraction(period) * 1000), meanings, laned)


def sites(document):
    return {(record.get("id"), record.get("version")): site_of(record)
            for record in elements(document, "measurementSiteRecord")}


def value_of(measured):
    """kind, number, input count, error. Only the value itself: a reference beside it is no measurement."""
    data = measured.find("measuredValue/basicData")
    kind = {"TrafficFlow": "flow", "TrafficSpeed": "speed"}.get(data.get(XSI_TYPE) if data is not None else None)
    if not kind:
        return None, None, None, False
    box = data.find("vehicleFlow" if kind == "flow" else "averageVehicleSpeed")
    number = box.findtext("vehicleFlowRate" if kind == "flow" else "speed")
    inputs = box.get("numberOfInputValuesUsed")
    return (kind, Fraction(number) if number else None, int(inputs) if inputs is not None else None,
            box.findtext("dataError") == "true")


def is_speed(number, inputs, flow):
    """Whether a lane's speed says something: -1 and 0 without vehicles do not, 0 with vehicles is a standstill."""
    if number is None or number < 0 or number > SPEED_MAX_KM_H or inputs == 0:
        return False
    return number > 0 or (inputs > 0 if inputs is not None else (flow or 0) > 0)


def lanes_of(site, values):
    """The valid values for all vehicles, by lane: flows, speeds with their input counts."""
    flows, speeds = {}, {}
    for measured in values:
        kind, number, inputs, error = value_of(measured)
        meant, lane, every = site.meanings.get(measured.get("index"), (None, None, False))
        whole = lane == "allLanesCompleteCarriageway"
        if not kind or kind != meant or not every or error or (whole and site.laned):
            continue
        if kind == "flow" and number is not None and number >= 0:
            flows.setdefault(lane, number)
        elif kind == "speed":
            speeds.setdefault(lane, (number, inputs))
    return flows, speeds


def reading_of(site, sensor, at, values):
    flows, speeds = lanes_of(site, values)
    weights = []  # vehicles an hour (or 1 where no lane knows them) and the speed
    for lane, (number, inputs) in speeds.items():
        weight = flows.get(lane, 0) if flows else 1
        if weight > 0 and is_speed(number, inputs, flows.get(lane)):
            weights.append((weight, number or STANDSTILL_KM_H))
    speed = sum(w for w, _ in weights) / sum(w / v for w, v in weights) if weights else None
    flow_milli = rounded(sum(flows.values()) * 1000) if flows else None
    if flow_milli is None and speed is None:
        return None
    return Traffic(sensor, at, site.period_ms, flow_milli, speed)


def traffic(document, table):
    """The readings of a publication of measured data.

    A value may have a time of its own. The site's time is the one for all where a value keeps to it, else the
    newest; values of another time belong neither to this reading nor make one by themselves."""
    found = []
    for measurements in elements(document, "siteMeasurements"):
        reference = measurements.find("measurementSiteReference")
        site = table.get((reference.get("id"), reference.get("version")))
        default = instant(measurements.findtext("measurementTimeDefault"))
        by_time = collections.defaultdict(list)
        for measured in measurements.findall("measuredValue") if site else []:
            time = measured.findtext("measuredValue/basicData/measurementOrCalculationTime")
            by_time[instant(time) if time else default].append(measured)
        if by_time:
            at = default if default in by_time else max(by_time)
            found.append(reading_of(site, reference.get("id"), at, by_time[at]))
    return [reading for reading in found if reading]


def traffic_cells(readings, length_ms, _=None):
    """Of each site and window: the readings that start in it and are not longer than it."""
    cells = collections.defaultdict(list)
    for reading in readings:
        if reading.period_ms <= length_ms:
            cells[reading.sensor, reading.at // length_ms * length_ms].append(reading)
    return cells


def traffic_cell(readings):
    flowing = [r for r in readings if r.flow_milli is not None]
    vehicles = [Fraction(r.flow_milli * r.period_ms, 3_600_000_000) for r in flowing]
    timed = [(v, r.speed) for v, r in zip(vehicles, flowing) if r.speed is not None and v > 0]
    hours = sum(rounded(v / s * 1_000_000) for v, s in timed)  # of vehicles, for each km, in 1e-6
    # A speed without a flow is estimated: it counts among the slow ones only.
    estimated = [r.speed for r in readings if r.flow_milli is None]
    if timed:
        speed = sum(v for v, _ in timed) / sum(v / s for v, s in timed)
    else:
        speed = len(estimated) / sum(1 / s for s in estimated) if estimated else None
    mean = None
    if flowing:
        mean = rounded(Fraction(sum(r.flow_milli * r.period_ms for r in flowing), sum(r.period_ms for r in flowing)))
    return {"sites": 1, "flows": len(flowing) > 0, "vehicles": sum(vehicles), "flow_milli": mean or 0,
            "timed": sum(v for v, _ in timed), "hours": hours, "with_speed": speed is not None,
            "slow": speed is not None and speed < SLOW_KM_H}


def traffic_figure(total, _):
    flows = total["flows"] > 0
    return {"sites": total["sites"], "vehicles": rounded(total["vehicles"]) if flows else None,
            "flow_veh_h": ratio(total["flow_milli"], 1000, 1) if flows else None,
            "speed_km_h": ratio(total["timed"] * 1_000_000, total["hours"], 1),
            "sites_slow": total["slow"] if total["with_speed"] else None,
            "slow_share": ratio(total["slow"], total["sites"], 4) if total["with_speed"] else None}


# ---- pedestrians: crowd monitoring, CSV

Count = collections.namedtuple("Count", "sensor at count")


def counts(text):
    """Columns that end in `_` and an azimuth are sensors; an empty cell is no count."""
    return [Count(name, instant(row["timestamp"]), int(Fraction(cell)))
            for row in csv.DictReader(io.StringIO(text))
            for name, cell in row.items() if re.fullmatch(r".+_\d{1,3}", name) and cell.strip()]


def count_cells(readings, length_ms, _=None):
    cells = collections.defaultdict(list)
    for reading in readings:
        if COUNT_MS <= length_ms:
            cells[reading.sensor, reading.at // length_ms * length_ms].append(reading)
    return cells


def count_cell(readings):
    return {"sensors": 1, "passages": sum(r.count for r in readings)}


def count_figure(total, length_ms):
    return {"sensors": total["sensors"], "passages": total["passages"], "passages_in": None, "passages_out": None,
            "per_hour": ratio(total["passages"] * 3_600_000, length_ms, 1)}


# ---- parking: SPDP

Level = collections.namedtuple("Level", "sensor at until capacity vacant closed full")


def levels(documents, capacities, stale_ms):
    """Readings of dynamic documents, each valid until the next one of its facility or until it is stale."""
    found = {}
    for document in documents:
        body = document["parkingFacilityDynamicInformation"]
        status = body["facilityActualStatus"]
        capacity = status.get("parkingCapacity", capacities.get(body["identifier"]))
        vacant = status.get("vacantSpaces")
        if vacant is not None and capacity is not None:
            vacant = min(vacant, capacity)
        closed, full = status.get("open") is False, bool(status.get("full")) or vacant == 0
        at = status["lastUpdated"] * 1000
        found[body["identifier"], at] = Level(body["identifier"], at, at + stale_ms, capacity, vacant, closed, full)
    chained = []
    for key in sorted(found, reverse=True):
        level = found[key]
        if chained and chained[-1].sensor == level.sensor:
            level = level._replace(until=min(level.until, chained[-1].at))
        chained.append(level)
    return chained


def level_cells(readings, length_ms, flushed_at=math.inf):
    """Of each facility and window: the levels that hold in a part of it, with the ends of that part.

    flushed_at: where a replay ends; a window that begins later is not told, one that is not over by then is, whole."""
    cells = collections.defaultdict(list)
    for level in readings:
        for start in range(level.at // length_ms * length_ms, level.until, length_ms):
            end = start + length_ms
            if start < flushed_at:
                cells[level.sensor, start].append((level, max(start, level.at), min(end, level.until), end))
    return cells


def level_cell(parts):
    total = dict.fromkeys(("reporting", "open", "closed", "full", "both", "capacity", "occupied", "vacant", "known",
                           "measured", "vacant_min", "vacant_max", "vacant_ms", "capacity_ms", "occupied_ms"), 0)
    total["reporting"] = 1
    measured = [part for part in parts if not part[0].closed and part[0].vacant is not None]
    for level, begin, end, _ in measured:
        total["vacant_ms"] += level.vacant * (end - begin)
        if level.capacity is not None:
            total["capacity_ms"] += level.capacity * (end - begin)
            total["occupied_ms"] += (level.capacity - level.vacant) * (end - begin)
    if measured:
        total.update(measured=1, vacant_min=min(part[0].vacant for part in measured),
                     vacant_max=max(part[0].vacant for part in measured))
    for level, _, _, end in parts:
        if level.until <= end:  # not valid any more when the window ends
            continue
        total.update(open=not level.closed, closed=level.closed, full=level.full and not level.closed)
        if not level.closed and level.vacant is not None:
            total.update(known=1, vacant=level.vacant)
            if level.capacity is not None:
                total.update(both=1, capacity=level.capacity, occupied=level.capacity - level.vacant)
    return total


def level_figure(total, length_ms):
    both, measured = total["both"] > 0, total["measured"] > 0
    return {"capacity": total["capacity"] if both else None, "vacant": total["vacant"] if total["known"] else None,
            "occupied": total["occupied"] if both else None,
            "occupancy": ratio(total["occupied"], total["capacity"], 4),
            "vacant_min": total["vacant_min"] if measured else None,
            "vacant_max": total["vacant_max"] if measured else None,
            "vacant_mean": ratio(total["vacant_ms"], length_ms, 1) if measured else None,
            "occupancy_mean": ratio(total["occupied_ms"], total["capacity_ms"], 4),
            "open": total["open"], "closed": total["closed"], "full": total["full"]}


# ---- figures

RULES = {"traffic": (traffic_cells, traffic_cell, traffic_figure),
         "pedestrian": (count_cells, count_cell, count_figure),
         "parking": (level_cells, level_cell, level_figure)}


def figures(domain, readings, homes, division, flushed_at=math.inf):
    """(region, domain, window, start) -> the fields of the figure, `reporting` first.

    homes: sensor -> code of its municipality. A cell of each sensor and window; cells add up over sensors."""
    cells_of, cell_of, figure_of = RULES[domain]
    above = {code: division.memberships(code) for code in set(homes.values())}
    result = {}
    for window, length_ms in WINDOW_MS.items():
        totals = collections.defaultdict(collections.Counter)
        for (sensor, start), parts in cells_of(readings, length_ms, flushed_at).items():
            cell = cell_of(parts)
            for region in above[homes[sensor]]:
                total = totals[region, start]
                total["reporting_sensors"] += 1
                for name, value in cell.items():
                    total[name] += value
        for (region, start), total in totals.items():
            figure = {"reporting": total["reporting_sensors"]}
            figure.update(figure_of(total, length_ms))
            result[region, domain, window, start] = figure
    return result
