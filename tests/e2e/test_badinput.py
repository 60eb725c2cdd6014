# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Everything that sources send wrong, through a real broker into a running daemon: it lives, each message has one
outcome and each observation one result, the log tells why once for each feed and minute, and no figure holds a value
that was not measured.

Three municipalities: in gm9001 all is well, of gm9002 nothing usable is heard, in gm9003 readings lack a value."""
import collections
import gzip
import json
import random
import re
import time

import reader
from bruisd_e2e import Faults, Rig, PROGRAM, need

MINUTE_MS, FIVE_MS = 60_000, 300_000
SEED = 1016
MAX_PAYLOAD, MAX_UNPACKED = 64 * 1024, 256 * 1024
CONFIG = """node: bad
state_dir: @STATE@
regions:
  year: 2026
  table: regions.csv
  boundaries: [squares.geojson]
sensors: [places.csv]
brokers:
  city: {url: "@BROKER@", protocol: 5}
feeds:
  json:
    broker: city
    topics: [json/#]
    adapter: json
    options:
      domain: parking
      items: /facilities
      sensor: /id
      observed_at: {at: /updated}
      lat: /lat
      lon: /lon
      values: {vacant: /free, capacity: /total}
    interval: 5s
    stale_after: 15m
    max_payload: 64KiB
    max_unpacked: 256KiB
  bays:
    broker: city
    topics: [bays/#]
    adapter: json
    options: {domain: parking, sensor: "topic:2", observed_at: {at: /updated}, values: {vacant: /free}}
    interval: 5s
  npr: {broker: city, topics: [npr/#], adapter: spdp, interval: 5s, max_payload: 64KiB, max_unpacked: 256KiB}
  ndw:
    broker: city
    topics: [ndw/#]
    adapter: datex2
    options: {site_table: table.xml}
    interval: 5s
    max_payload: 64KiB
    max_unpacked: 256KiB
  crowd: {broker: city, topics: [crowd/#], adapter: cmsa, interval: 5s, max_payload: 64KiB, max_unpacked: 256KiB}
windows: [1m, 5m]
lateness: 1s
correct_for: 1h
coverage_min: 0
privacy: {pedestrian_min: 0, round_to: 0, min_window: 1m}
publish:
  mqtt: {broker: city, encodings: [json]}
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
"""
PLACES = {"gm9001": (52.05, 5.05), "gm9002": (52.05, 5.15), "gm9003": (52.05, 5.25)}
SILENT = {"gm9002": ("j-silent", "n-silent", "S-SILENT", "C-SILENT_90")}
XML = ('<?xml version="1.0" encoding="UTF-8"?><d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" '
       'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><payloadPublication xsi:type="{0}">{1}'
       "</payloadPublication></d2LogicalModel>")
COUNTS = ("open", "closed", "full", "sites", "sensors")  # these say how many were heard: 0 when nobody was

Case = collections.namedtuple("Case", "feed name payload outcomes results topic")


def case(feed, name, payload, outcomes, results=None, topic=None):
    if isinstance(payload, (dict, list)):
        payload = json.dumps(payload)
    return Case(feed, name, payload.encode() if isinstance(payload, str) else payload,
                outcomes if isinstance(outcomes, tuple) else (outcomes,), results or {}, topic or f"{feed}/in")


# ---- documents as they should be


def facility(sensor, at, free, total=100, **more):
    return {"id": sensor, "updated": reader.text_of(at), "free": free, "total": total, **more}


def spdp(sensor, at_s, **status):
    return {"parkingFacilityDynamicInformation": {
        "identifier": sensor, "name": sensor, "facilityActualStatus": {"lastUpdated": at_s, **status}}}


def measured(index, kind, inside):
    return (f'<measuredValue index="{index}"><measuredValue><basicData xsi:type="{kind}">{inside}</basicData>'
            "</measuredValue></measuredValue>")


def flow(index, number, error=""):
    return measured(index, "TrafficFlow", f"<vehicleFlow>{error}<vehicleFlowRate>{number}</vehicleFlowRate></vehicleFlow>")


def speed(index, number, inputs=None, error=""):
    count = "" if inputs is None else f' numberOfInputValuesUsed="{inputs}"'
    return measured(index, "TrafficSpeed",
                    f"<averageVehicleSpeed{count}>{error}<speed>{number}</speed></averageVehicleSpeed>")


def site(sensor, at, values, version=1):
    return (f'<siteMeasurements><measurementSiteReference id="{sensor}" version="{version}"/><measurementTimeDefault>'
            f"{reader.text_of(at) if isinstance(at, int) else at}</measurementTimeDefault>{values}</siteMeasurements>")


def publication(*sites):
    return XML.format("MeasuredDataPublication", "<publicationTime>2026-01-01T00:00:00Z</publicationTime>" + "".join(sites))


def table():
    def characteristic(index, lane, kind):
        return (f'<measurementSpecificCharacteristics index="{index}"><measurementSpecificCharacteristics><period>60</period>'
                f"<specificLane>lane{lane}</specificLane><specificMeasurementValueType>{kind}</specificMeasurementValueType>"
                "<specificVehicleCharacteristics><vehicleType>anyVehicle</vehicleType></specificVehicleCharacteristics>"
                "</measurementSpecificCharacteristics></measurementSpecificCharacteristics>")

    records = ""
    for sensor, region in (("S-GOOD", "gm9001"), ("S-STILL", "gm9001"), ("S-SILENT", "gm9002"), ("S-NOSPEED", "gm9003")):
        lat, lon = PLACES[region]
        records += (f'<measurementSiteRecord id="{sensor}" version="1">{characteristic(1, 1, "trafficFlow")}'
                    f'{characteristic(2, 2, "trafficFlow")}{characteristic(3, 1, "trafficSpeed")}'
                    f'{characteristic(4, 2, "trafficSpeed")}<measurementSiteLocation xsi:type="Point"><locationForDisplay>'
                    f"<latitude>{lat}</latitude><longitude>{lon}</longitude></locationForDisplay></measurementSiteLocation>"
                    "</measurementSiteRecord>")
    return XML.format("MeasurementSiteTablePublication",
                      f'<measurementSiteTable id="T" version="1">{records}</measurementSiteTable>')


def crowd(columns, *rows):
    return "\n".join([",".join(["timestamp", *columns]), *(",".join([reader.text_of(at), *map(str, cells)])
                                                            for at, *cells in rows)]) + "\n"


# ---- and as they come


def damaged(feed, whole, now):
    """What may happen to any document on its way: never decoded."""
    packed = gzip.compress(whole)
    noise = random.Random(f"{SEED} {feed}")
    lost = ("rejected", "skipped")
    yield case(feed, "empty", b"", lost)
    yield case(feed, "NULs", bytes(64), lost)
    for length in (1, 2, 3, 10, 300):
        yield case(feed, f"noise of {length}", noise.randbytes(length), lost)
    yield case(feed, "half a gzip", packed[:len(packed) // 2], "rejected")
    yield case(feed, "gzip magic alone", packed[:2], "rejected")
    yield case(feed, "gzip with a wrong checksum", packed[:-8] + bytes(4) + packed[-4:], "rejected")
    yield case(feed, "oversize", whole + b" " * MAX_PAYLOAD, "oversize")
    yield case(feed, "a zip bomb", gzip.compress(whole + b" " * 16 * MAX_UNPACKED, 9), "oversize")
    yield case(feed, "another format", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", lost)


def damaged_json(feed, whole):
    text = whole.decode()
    for share in (0.1, 0.5, 0.9):
        yield case(feed, f"cut at {share}", whole[:int(len(whole) * share)], "rejected")
    yield case(feed, "UTF-16", text.encode("utf-16"), "rejected")
    yield case(feed, "latin-1", text.replace("silent", "sil\xebnt").encode("latin-1"), "rejected")
    yield case(feed, "a NUL inside", text.replace("silent", "sil\0ent").encode(), "rejected")
    yield case(feed, "deep nesting", "[" * 30_000 + "]" * 30_000, "rejected")
    yield case(feed, "deep objects", '{"a":' * 8_000 + "1" + "}" * 8_000, "rejected")
    yield case(feed, "two documents", whole + whole, "rejected")
    yield case(feed, "XML", publication(), "rejected")
    for document in ("null", "17", '"text"', "[]", "{}", '{"facilities": {}}', '{"facilities": 5}'):
        yield case(feed, document, document, ("rejected", "skipped"))


def damaged_xml(whole):
    text = whole.decode()
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    for share in (0.1, 0.5, 0.9):
        yield case("ndw", f"cut at {share}", whole[:int(len(whole) * share)], "rejected")
    yield case("ndw", "the end is missing", whole[:-3], "rejected")
    yield case("ndw", "latin-1", text.replace("SILENT", "SIL\xcbNT").encode("latin-1"), "rejected")
    yield case("ndw", "UTF-16 that says UTF-8", text.encode("utf-16"), "rejected")
    yield case("ndw", "a NUL inside", text.replace("<measuredValue", "\0<measuredValue", 1), "rejected")
    yield case("ndw", "deep nesting", "<a>" * 9_000 + "</a>" * 9_000, "rejected")
    yield case("ndw", "entities of entities", text.replace("?>", f"?><!DOCTYPE x [{entities}]>").replace(
        "S-SILENT", "&e9;"), "rejected")
    yield case("ndw", "a document type", text.replace("?>", '?><!DOCTYPE x SYSTEM "file:///etc/passwd">'), "rejected")
    yield case("ndw", "JSON", '{"facilities": []}', "rejected")
    yield case("ndw", "another XML", "<html><body>502 Bad Gateway</body></html>", ("rejected", "skipped"))
    yield case("ndw", "a table without sites", XML.format("MeasurementSiteTablePublication", ""), ("rejected", "skipped"))


def wrong_json(now):
    """Documents that can be read, with values that cannot be."""
    def one(*facilities):
        return {"facilities": list(facilities)}

    lat, lon = PLACES["gm9003"]
    yield case("json", "an unknown sensor", one(facility("j-nowhere", now, 5)), "decoded", {"pending": 1})
    yield case("json", "the future", one(facility("j-silent", now + 3_600_000, 5)), "decoded", {"implausible": 1})
    yield case("json", "the past", one(facility("j-silent", now - 7_200_000, 5)), "decoded", {"late": 1})
    yield case("json", "1970", one({**facility("j-silent", now, 5), "updated": "1970-01-01T00:10:00Z"}), "decoded",
               {"late": 1})
    for name, change in (("no time", {"updated": None}), ("a time without offset", {"updated": "2026-01-01T00:00:00"}),
                         ("the 30th of February", {"updated": "2026-02-30T00:00:00Z"}), ("no id", {"id": None}),
                         ("a list as id", {"id": [1]}), ("text as number", {"free": "many"}), ("an object", {"free": {}}),
                         ("a latitude of 95", {"lat": 95, "lon": 5}), ("no value", {"free": None, "total": None})):
        # One faulty element is invalid, the one beside it lives; alone it makes the message unreadable.
        bad = {**facility("j-silent", now, 5), **change}
        yield case("json", f"{name}, alone", one(bad), "rejected")
        yield case("json", f"{name}, beside a good one", one(bad, facility("j-nowhere", now, 5)), "decoded",
                   {"invalid": 1, "duplicate": 1})
    yield case("json", "more vacant than capacity", one(facility("j-clamped", now, 500, lat=PLACES["gm9001"][0],
                                                                lon=PLACES["gm9001"][1])), "decoded", {"used": 1})
    yield case("json", "a vacancy of -1", one(facility("j-unknown", now, -1, lat=lat, lon=lon)), "decoded", {"used": 1})
    yield case("bays", "a topic without the level of the sensor", {"updated": reader.text_of(now), "free": 1}, "rejected",
               topic="bays")
    yield case("npr", "a vacancy of -1", spdp("n-unknown", now // 1000, vacantSpaces=-1, parkingCapacity=50, open=True),
               "decoded", {"used": 1})
    yield case("npr", "text as number", spdp("n-silent", now // 1000, vacantSpaces="many"), "rejected")
    yield case("npr", "no value", spdp("n-silent", now // 1000), "rejected")
    yield case("npr", "a time beyond all", spdp("n-silent", 1e300, vacantSpaces=3), "rejected")
    yield case("npr", "the future", spdp("n-silent", now // 1000 + 3600, vacantSpaces=3), "decoded", {"implausible": 1})


def wrong_xml(now):
    error = "<dataError>true</dataError>"
    start = now // MINUTE_MS * MINUTE_MS - MINUTE_MS
    silent = flow(1, 0, error) + flow(2, -1) + speed(3, -1) + speed(4, 80, 3, error)
    yield case("ndw", "errors and unknowns only", publication(site("S-SILENT", start, silent)), "decoded")
    yield case("ndw", "speed 0 of nobody", publication(site("S-SILENT", start, speed(3, 0, 0) + speed(4, -1))), "decoded")
    yield case("ndw", "an unknown site", publication(site("S-ELSEWHERE", start, flow(1, 60))), "decoded")
    yield case("ndw", "another version", publication(site("S-SILENT", start, flow(1, 60), version=2)), "decoded")
    yield case("ndw", "a speed of 300", publication(site("S-SILENT", start, speed(3, 300, 4))), "rejected")
    yield case("ndw", "no number", publication(site("S-SILENT", start, flow(1, "many"))), "rejected")
    yield case("ndw", "not a number", publication(site("S-SILENT", start, flow(1, "NaN"))), "rejected")
    yield case("ndw", "an index that is not in the table", publication(site("S-SILENT", start, flow(9, 60))), "rejected")
    yield case("ndw", "a speed where the table has a flow", publication(site("S-SILENT", start, speed(1, 60))), "rejected")
    yield case("ndw", "no time", publication(site("S-SILENT", "", flow(1, 60))), "rejected")
    yield case("ndw", "the future", publication(site("S-SILENT", now + 3_600_000, flow(1, 60))), "decoded",
               {"implausible": 1})
    yield case("ndw", "1970", publication(site("S-SILENT", 600_000, flow(1, 60))), "decoded", {"late": 1})
    yield case("ndw", "flows without speeds",
               publication(site("S-NOSPEED", start, flow(1, 60) + flow(2, 0) + speed(3, -1, 0) + speed(4, 0, 0))),
               "decoded", {"used": 1})


def wrong_crowd(now):
    start = now // FIVE_MS * FIVE_MS - FIVE_MS
    silent = "C-SILENT_90"
    yield case("crowd", "a column twice", crowd(["C-NOWHERE_90"] * 2, (start - FIVE_MS, 3, 4)), "decoded",
               {"pending": 1, "invalid": 1})
    yield case("crowd", "no header", f"{reader.text_of(start)},3\n", "rejected")
    yield case("crowd", "no sensor", crowd(["hour"], (start, 3)), "rejected")
    yield case("crowd", "a header alone", crowd([silent]), ("skipped", "rejected"))
    for cell in ("-1", "1.5", "many", "1e3", "99999999999"):
        yield case("crowd", f"a count of {cell}", crowd([silent], (start, cell)), "rejected")
    yield case("crowd", "an empty cell", crowd([silent], (start, "")), ("skipped", "rejected"))
    yield case("crowd", "a short row", crowd([silent, "C-NOWHERE_90"], (start, 3)), "rejected")
    yield case("crowd", "no offset", crowd([silent], (start, 3)).replace("Z", ""), "rejected")
    yield case("crowd", "UTF-16", crowd([silent], (start, 3)).encode("utf-16"), "rejected")
    yield case("crowd", "deep nesting", "[" * 30_000, "rejected")
    yield case("crowd", "an unknown sensor", crowd(["C-NOWHERE_90"], (start, 3)), "decoded", {"pending": 1})
    yield case("crowd", "the future", crowd([silent], (now + 3_600_000, 3)), "decoded", {"implausible": 1})


def all_cases(now):
    whole = {"json": json.dumps({"facilities": [facility("j-silent", now, 7)]}).encode(),
             "npr": json.dumps(spdp("n-silent", now // 1000, vacantSpaces=7, parkingCapacity=9)).encode(),
             "ndw": publication(site("S-SILENT", now - MINUTE_MS, flow(1, 60) + speed(3, 50))).encode(),
             "crowd": crowd(["C-SILENT_90"], (now // FIVE_MS * FIVE_MS - FIVE_MS, 7)).encode()}
    for feed, document in whole.items():
        yield from damaged(feed, document, now)
    yield from damaged_json("json", whole["json"])
    yield from damaged_json("npr", whole["npr"])
    yield from damaged_xml(whole["ndw"])
    yield from wrong_json(now)
    yield from wrong_xml(now)
    yield from wrong_crowd(now)


def good_cases(now):
    lat, lon = PLACES["gm9001"]
    start = now // MINUTE_MS * MINUTE_MS - MINUTE_MS
    lanes = flow(1, 600) + flow(2, 300) + speed(3, 100, 10) + speed(4, 50, 5)
    still = flow(1, 60) + speed(3, 0, 1)
    yield case("json", "good", {"facilities": [facility("j-good", now, 40, lat=lat, lon=lon)]}, "decoded", {"used": 1})
    yield case("npr", "good", gzip.compress(json.dumps(spdp("n-good", now // 1000, vacantSpaces=3, parkingCapacity=9,
                                                            open=True)).encode()), "decoded", {"used": 1})
    yield case("ndw", "good", publication(site("S-GOOD", start, lanes), site("S-STILL", start, still)), "decoded", {"used": 2})
    yield case("crowd", "good", crowd(["C-GOOD_90"], (now // FIVE_MS * FIVE_MS - FIVE_MS, 12)), "decoded", {"used": 1})


def again(now):
    """Readings without a value once more, in the minute that is looked at."""
    lat, lon = PLACES["gm9003"]
    start = now // MINUTE_MS * MINUTE_MS - MINUTE_MS
    good = PLACES["gm9001"]
    yield case("json", "a vacancy of -1, again", {"facilities": [facility("j-unknown", now, -1, lat=lat, lon=lon)]},
               "decoded", {"used": 1})
    yield case("npr", "a vacancy of -1, again", spdp("n-unknown", now // 1000, vacantSpaces=-1, parkingCapacity=50,
                                                     open=True), "decoded", {"used": 1})
    yield case("json", "more vacant than capacity, again", {"facilities": [facility(
        "j-clamped", now, 500, lat=good[0], lon=good[1])]}, "decoded", {"used": 1})
    yield case("ndw", "flows without speeds, again", publication(
        site("S-NOSPEED", start, flow(1, 60) + flow(2, 0) + speed(3, -1, 0) + speed(4, 0, 0))), ("decoded", "rejected"))


# ---- the test


def write_files(folder):
    rows = ["code,type,name,parents", "nl00,land,Land,"] + [f"{code},gemeente,{code},nl00" for code in PLACES]
    (folder / "regions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    features = []
    for code, (lat, lon) in PLACES.items():
        west, east, south, north = lon - 0.05, lon + 0.05, lat - 0.05, lat + 0.05
        features.append({"type": "Feature", "properties": {"statcode": code.upper()}, "geometry": {
            "type": "Polygon",
            "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}})
    collection = {"type": "FeatureCollection", "features": features}
    (folder / "squares.geojson").write_text(json.dumps(collection), encoding="utf-8")
    (folder / "table.xml").write_text(table(), encoding="utf-8")
    known = [("json", "j-silent", "gm9002"), ("npr", "n-silent", "gm9002"), ("crowd", "C-SILENT_90", "gm9002"),
             ("npr", "n-good", "gm9001"), ("crowd", "C-GOOD_90", "gm9001"), ("npr", "n-unknown", "gm9003"),
             ("crowd", "C-UNKNOWN_90", "gm9003")]
    (folder / "places.csv").write_text("feed,sensor,region\n" + "".join(",".join(row) + "\n" for row in known),
                                       encoding="utf-8")


def counted(metrics, feed):
    """Everything that is counted of a feed, by its word."""
    found = collections.Counter()
    for name, labels, value in metrics.samples:
        if labels.get("feed") == feed and name in ("bruis_messages_total", "bruis_observations_total"):
            found[labels.get("outcome") or labels.get("result")] += value
    found["received"] = metrics.total("bruis_messages_received_total", feed=feed)
    found["pending"] = metrics.total("bruis_observations_pending", feed=feed)
    return found


def send(rig, broker, daemon, faults, entry):
    """One message: exactly one outcome, and the results that it should have."""
    what = f"{entry.feed}: {entry.name}"
    before = counted(daemon.metrics(), entry.feed)
    broker.publish(entry.topic, entry.payload)
    rig.wait(lambda: not daemon.is_running()
             or counted(daemon.metrics(), entry.feed)["received"] > before["received"], what, 20)
    if not daemon.is_running():
        raise RuntimeError(f"{what}: the daemon ended with {daemon.process.returncode}")
    metrics = daemon.metrics()
    metrics.check_identities(faults, f"after {what}: ")
    change = counted(metrics, entry.feed)
    change.subtract(before)
    change = {word: int(count) for word, count in change.items() if count}
    outcomes = [word for word in ("decoded", "skipped", "rejected", "oversize", "dropped") if change.pop(word, 0)]
    faults.check(len(outcomes) == 1 and outcomes[0] in entry.outcomes, f"{what}: {outcomes} instead of {entry.outcomes}")
    faults.equal(f"{what}: received", change.pop("received", 0), 1)
    if entry.results is not None and len(entry.outcomes) == 1:
        faults.equal(f"{what}: results", change, entry.results)


def figures_of(daemon, domain, region, window, begin):
    path = f"/v1/figures/{domain}/{region}?window={window}&from={reader.text_of(begin)}&limit=1000"
    status, body = daemon.get(path)
    return json.loads(body)["figures"] if status == 200 else []


def figure_at(daemon, domain, region, window, at):
    return next((f for f in figures_of(daemon, domain, region, window, at) if f["start"] == reader.text_of(at)), None)


def check_figures(faults, daemon, begun, now):
    """What was measured is told, what was not is null."""
    minute, five = now // MINUTE_MS * MINUTE_MS, now // FIVE_MS * FIVE_MS - FIVE_MS

    def values(domain, region, window, at):
        figure = figure_at(daemon, domain, region, window, at)
        return figure[domain] if figure else {}

    def told(domain, region, window, at, **expected):
        said = values(domain, region, window, at)
        faults.equal(f"{domain} of {region}", {name: said.get(name) for name in expected}, expected)

    told("parking", "gm9001", "1m", minute, capacity=209, vacant=143, occupied=66, occupancy=0.3158, open=3, closed=0)
    told("traffic", "gm9001", "1m", minute - MINUTE_MS, sites=2, vehicles=16, flow_veh_h=960.0, speed_km_h=30, sites_slow=1,
         slow_share=0.5)
    told("pedestrian", "gm9001", "5m", five, sensors=1, passages=12, per_hour=144.0, passages_in=None, passages_out=None)
    told("parking", "gm9003", "1m", minute, capacity=None, vacant=None, occupied=None, occupancy=None, open=2, closed=0,
         full=0)
    told("traffic", "gm9003", "1m", minute - MINUTE_MS, sites=1, vehicles=1, flow_veh_h=60.0, speed_km_h=None)
    told("pedestrian", "gm9003", "5m", five, sensors=None, passages=None, per_hour=None)
    for domain in ("parking", "traffic", "pedestrian"):
        silent = [f for window in ("1m", "5m") for f in figures_of(daemon, domain, "gm9002", window, begun)]
        faults.check(len(silent) > 0, f"{domain} of gm9002: expected, and not told")
        for figure in silent:
            said = {name: value for name, value in figure[domain].items() if value is not None}
            faults.check(all(name in COUNTS and value == 0 for name, value in said.items()),
                         f"{domain} of gm9002 tells what nobody measured: {said}")
            faults.equal(f"{domain} of gm9002: quality", figure["quality"], "none")
            faults.equal(f"{domain} of gm9002: reporting", figure["coverage"]["reporting"], 0)


def check_log(faults, text, minutes):
    """A reason once for each feed and minute, with a count of what it stands for; nothing raw from outside."""
    lines = [line for line in text.splitlines()
             if re.search(r"\bev=(message_rejected|message_oversize|reading_refused)\b", line)]
    for feed in ("json", "npr", "ndw", "crowd"):
        for event in ("message_rejected", "message_oversize"):
            faults.check(any(f"ev={event} " in line and re.search(rf'="?{feed}"?( |$)', line) for line in lines),
                         f"the log does not tell of {event} on {feed}")
    times = collections.Counter()
    for line in lines:
        event, place = re.search(r"ev=(\S+) (\S+)", line).groups()
        reason = re.search(r'reason=("(?:[^"\\]|\\.)*"|\S+)', line)
        faults.check(reason is not None, f"no reason: {line}")
        times[event, place, reason and reason[1]] += 1
    for key, count in times.items():
        faults.check(count <= minutes + 1, f"{key}: {count} lines in {minutes} minutes")
    faults.check(not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text), "the log holds control bytes")


def main():
    need("mosquitto_pub", PROGRAM)
    faults = Faults()
    with Rig() as rig:
        write_files(rig.folder)
        broker = rig.broker()
        daemon = rig.daemon("bad", CONFIG, broker)
        begun = time.time()
        sent = 0
        begun_ms = int(begun * 1000) // FIVE_MS * FIVE_MS - FIVE_MS
        broker.publish("elsewhere/in", b"a topic that nobody asked for")
        for entry in all_cases(int(begun * 1000)):
            send(rig, broker, daemon, faults, entry)
            sent += 1
        faults.equal("messages received", daemon.metrics().total("bruis_messages_received_total"), sent)
        broker.publish_lines("json/in", ["not JSON, many times"] * 200)
        rig.wait(lambda: daemon.metrics().total("bruis_messages_received_total") == sent + 200, "200 messages")
        now = int(time.time() * 1000)
        for entry in [*good_cases(now), *again(now)]:
            send(rig, broker, daemon, faults, entry)
        rig.wait(lambda: figure_at(daemon, "parking", "gm9001", "1m", now // MINUTE_MS * MINUTE_MS), "the minute to be over")
        check_figures(faults, daemon, begun_ms, now)
        daemon.metrics().check_identities(faults, "at the end: ")
        faults.equal("the daemon's exit status", daemon.stop(), 0)
        check_log(faults, daemon.log_text(), int((time.time() - begun) / 60) + 1)
    faults.finish(f"{sent + 200} bad messages, the figures are right, seed {SEED}")


if __name__ == "__main__":
    main()
