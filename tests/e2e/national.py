# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The national material as messages: what the sources publish, with its own times or moved by one constant.

    traffic      NDW, all sites of 9 September 2016, with the table of the same day
    parking      RDW, the car parks of 1 December 2025, as SPDP documents: a static and a dynamic one for each
    pedestrians  Amsterdam, crowd monitoring, one hour of SAIL 2025"""
import csv
import json
import re

import reader

TABLE = "traffic/ndw_datex2_v2_measurement_site_table/measurement_2016-09-09T130001+0200.xml.gz"
SPEEDS = "traffic/ndw_datex2_v2_trafficspeed/trafficspeed_2016-09-09T160001+0200.xml.gz"
CAR_PARKS = "parking/rdw_npr_static_derived/rdw_parking_nl_2025-12-01.json"
CROWD = "pedestrian/amsterdam_cmsa_3min_csv/sail2025_sensor_data_2025-08-20_24.csv"
CROWD_PLACES = "pedestrian/amsterdam_cmsa_3min_csv/sensor_location_cleaned.csv"
CROWD_HOUR = "2025-08-23 22:"
MUNICIPALITIES = "regions/derived/gemeente_provincie_corop_inwoners_2023.csv"
BOUNDARIES = "regions/gemeenten_geojson/gemeenten_2023_simplified_with_population.geojson"
CODE_PROPERTY = "gemeentecode"
PROVINCES = {"Groningen": "PV20", "Friesland": "PV21", "Drenthe": "PV22", "Overijssel": "PV23", "Flevoland": "PV24",
             "Gelderland": "PV25", "Utrecht": "PV26", "Noord-Holland": "PV27", "Zuid-Holland": "PV28",
             "Zeeland": "PV29", "Noord-Brabant": "PV30", "Limburg": "PV31"}
CAR_PARKS_AT = "2025-12-01T20:42:51Z"
STALE_MS = 900_000  # of the feed of parking
USAGE = {"garage": "GarageP", "surface": "TerreinP", "p_and_r": "ParkRide", "street_paid": "BetaaldP"}


# ---- regions


def regions(data):
    """code, type, name, parents of every region: municipalities lie in a province and in a COROP area."""
    rows = [("NL00", "land", "Nederland", [])]
    rows += [(code, "provincie", name, ["NL00"]) for name, code in PROVINCES.items()]
    with open(data / MUNICIPALITIES, encoding="utf-8") as file:
        municipalities = list(csv.DictReader(file))
    areas = {f"CR{row['corop_code_2024']}": row["corop_naam_2024"] for row in municipalities}
    rows += [(code, "corop", name, ["NL00"]) for code, name in sorted(areas.items())]
    rows += [(row["gemeentecode"], "gemeente", row["gemeentenaam_2023"],
              [PROVINCES[row["provincie"]], f"CR{row['corop_code_2024']}"]) for row in municipalities]
    return rows


def write_regions(data, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("code", "type", "name", "parents"))
        table.writerows((code, kind, name, "|".join(parents)) for code, kind, name, parents in regions(data))


def division(data):
    return reader.Division(data / BOUNDARIES, CODE_PROPERTY, {row[0]: row[3] for row in regions(data)})


def configured(data, table):
    """The `regions` of a configuration."""
    return (f"regions:\n  year: 2023\n  table: {table}\n"
            f"  boundaries: [{{file: {data / BOUNDARIES}, code_property: {CODE_PROPERTY}}}]\n")


# ---- traffic


def moved_xml(document, shift_ms):
    """The same publication with every time of it moved."""
    def move(match):
        return match[1] + reader.text_of(reader.instant(match[2]) + shift_ms)

    return re.sub(r"(<(?:publicationTime|measurementTimeDefault|measurementOrCalculationTime)>)([^<]+)", move, document)


def parts_of(document, count):
    """The publication as several, with every count-th of the sites each."""
    head = document[:document.index("<siteMeasurements")]
    tail = document[document.rindex("</siteMeasurements>") + len("</siteMeasurements>"):]
    found = re.findall(r"<siteMeasurements[ >].*?</siteMeasurements>", document, re.DOTALL)
    return [head + "".join(found[part::count]) + tail for part in range(count)]


# ---- parking


def car_parks(data):
    """Each once: the file has some of them twice, with the same id."""
    with open(data / CAR_PARKS, encoding="utf-8") as file:
        return list({park["id"]: park for park in json.load(file)["features"]}.values())


def static_document(park):
    specification = {"usage": USAGE[park["type"]]}
    if (park["capacity"] or {}).get("total"):
        specification["capacity"] = park["capacity"]["total"]
    return {"parkingFacilityInformation": {
        "identifier": park["id"], "name": park["name"], "specifications": [specification],
        "locationForDisplay": {"latitude": park["latitude"], "longitude": park["longitude"]}}}


def dynamic_document(park, index, at_s):
    """What this car park could have said. Some are closed, some full by number or by word, some tell no vacancy."""
    capacity = park["capacity"]["total"]
    share = (index * 37 + at_s // 60 * 11) % 101
    status = {"lastUpdated": at_s - index % 47, "open": index % 13 != 5, "full": index % 17 == 3,
              "parkingCapacity": capacity, "vacantSpaces": 0 if index % 11 == 2 else capacity * share // 101}
    if index % 19 == 7:
        del status["vacantSpaces"]
    return {"parkingFacilityDynamicInformation": {"identifier": park["id"], "name": park["name"],
                                                  "facilityActualStatus": status}}


def parking_documents(parks, *times_s):
    """Static documents of all, and dynamic ones of those with a capacity: at each of these times, or little before."""
    counted = [park for park in parks if (park["capacity"] or {}).get("total")]
    return ([static_document(park) for park in parks],
            [dynamic_document(park, index, at_s) for at_s in times_s for index, park in enumerate(counted)])


# ---- pedestrians


def crowd(data):
    """The header, and the rows of one hour."""
    lines = (data / CROWD).read_text(encoding="utf-8").splitlines()
    return lines[0], [line for line in lines[1:] if line.startswith(CROWD_HOUR)]


def moved_row(row, shift_ms):
    time, rest = row.split(",", 1)
    return f"{reader.text_of(reader.instant(time) + shift_ms)},{rest}"


def crowd_places(data):
    """sensor -> lat, lon, of those that have a place."""
    with open(data / CROWD_PLACES, encoding="utf-8") as file:
        return {row["sensor_id_full"]: tuple(float(part) for part in row["Lat/Long"].split(","))
                for row in csv.DictReader(file) if row["Lat/Long"]}


def write_catalogue(data, path, feed):
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("feed", "sensor", "lat", "lon", "interval_s"))
        table.writerows((feed, sensor, lat, lon, 180) for sensor, (lat, lon) in crowd_places(data).items())


# ---- what the independent reader makes of it


class Truth:
    """Readings at their own times, and the home of every sensor."""

    def __init__(self, data):
        self.division = division(data)
        self.table = reader.sites(reader.unpacked(data / TABLE))
        self.speeds = reader.unpacked(data / SPEEDS)
        self.traffic = reader.traffic(self.speeds, self.table)
        header, rows = crowd(data)
        self.crowd = reader.counts("\n".join([header, *rows]))
        self.parks = car_parks(data)
        by_id = {site_id: site for (site_id, _), site in self.table.items()}
        places = {"traffic": {r.sensor: (by_id[r.sensor].lat, by_id[r.sensor].lon) for r in self.traffic},
                  "parking": {park["id"]: (park["latitude"], park["longitude"]) for park in self.parks},
                  "pedestrian": crowd_places(data)}
        self.homes = {domain: {sensor: self.division.home(*place) for sensor, place in of.items()}
                      for domain, of in places.items()}

    def parking(self, documents):
        return reader.levels(documents, {}, STALE_MS)

    def figures(self, domain, readings, **flushed):
        homes = self.homes[domain]
        return reader.figures(domain, [r for r in readings if homes.get(r.sensor)], homes, self.division, **flushed)


def differences(key, expected, record):
    """What a record says otherwise than the reader."""
    said = {"reporting": record["coverage"]["reporting"], **record[key[1]]}
    return [f"{' '.join(map(str, key[:3]))} {key[3]} {field}: {said.get(field)!r} instead of {value!r}"
            for field, value in expected.items() if said.get(field) != value]
