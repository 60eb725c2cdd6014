# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What the sensors of the demo say, in the forms that such sensors use. Times are seconds since 1970, UTC."""
import datetime
import gzip
import json

import day
import places

SITE_TABLE = 'id="DEMO_MT" version="1"'
MINUTE_S = 60
CMSA_PERIOD_S = 180


def utc(at_s):
    return datetime.datetime.fromtimestamp(at_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(at_s, separator="T"):
    return datetime.datetime.fromtimestamp(at_s, day.ZONE).isoformat(sep=separator, timespec="seconds")


def as_json(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


# ---- parking: SPDP 2.0, and the form of one town


def spdp_static(garage):
    return as_json({"parkingFacilityInformation": {
        "identifier": garage.identifier,
        "name": garage.name,
        "description": f"{garage.name} ({places.TOWNS[garage.town]})",
        "operator": {"name": "Demo Parkeren"},
        "locationForDisplay": {"latitude": garage.lat, "longitude": garage.lon},
        "specifications": [{"usage": garage.usage, "capacity": garage.capacity}],
    }})


def spdp_dynamic(today, garage, at_s):
    is_open, vacant = today.is_open(garage, at_s), today.vacant(garage, at_s)
    return as_json({"parkingFacilityDynamicInformation": {
        "identifier": garage.identifier,
        "name": garage.name,
        "facilityActualStatus": {
            "lastUpdated": int(at_s),
            "open": is_open,
            "full": is_open and vacant == 0,
            "parkingCapacity": garage.capacity,
            "vacantSpaces": vacant,
            "statusDescription": "" if is_open else "gesloten",
        },
    }})


def own_form(today, at_s):
    return as_json({"stad": "Zeist", "opgehaald": local(at_s), "garages": [{
        "code": "ZE-" + garage.name,
        "naam": garage.name,
        "gemeten": local(at_s - i),
        "plaats": {"breedte": garage.lat, "lengte": garage.lon},
        "plekken": garage.capacity,
        "vrij": today.vacant(garage, at_s - i),
        "status": "open" if today.is_open(garage, at_s - i) else "dicht",
    } for i, garage in enumerate(places.OWN_FORM_GARAGES)]})


# ---- traffic: DATEX II 2.3 measured data with its site table, DATEX II 3 situations


def datex2_v2(publication, published_s, body):
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<SOAP:Envelope xmlns:SOAP="http://schemas.xmlsoap.org/soap/envelope/"><SOAP:Body>
<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
modelBaseVersion="2">
<exchange><supplierIdentification><country>nl</country><nationalIdentifier>DEMO</nationalIdentifier>\
</supplierIdentification></exchange>
<payloadPublication xsi:type="{publication}" lang="nl">
<publicationTime>{utc(published_s)}</publicationTime>
<publicationCreator><country>nl</country><nationalIdentifier>DEMO</nationalIdentifier></publicationCreator>
{body}</payloadPublication></d2LogicalModel></SOAP:Body></SOAP:Envelope>
"""
    return gzip.compress(text.encode(), mtime=0)


ANY_VEHICLE = "<vehicleType>anyVehicle</vehicleType>"
LONG_VEHICLE = ("<lengthCharacteristic><comparisonOperator>greaterThan</comparisonOperator>"
                "<vehicleLength>12.2</vehicleLength></lengthCharacteristic>")


def meanings(site):
    """What the values of a site mean, in the order of their index: (lane, type, vehicles)."""
    lanes = range(1, site.lanes + 1)
    return ([(lane, "trafficFlow", LONG_VEHICLE) for lane in lanes]
            + [(lane, "trafficFlow", ANY_VEHICLE) for lane in lanes]
            + [(lane, "trafficSpeed", ANY_VEHICLE) for lane in lanes])


def site_record(site):
    characteristics = "".join(
        f'<measurementSpecificCharacteristics index="{index}"><measurementSpecificCharacteristics>'
        f"<accuracy>95</accuracy><period>{MINUTE_S}</period><specificLane>lane{lane}</specificLane>"
        f"<specificMeasurementValueType>{kind}</specificMeasurementValueType>"
        f"<specificVehicleCharacteristics>{vehicles}</specificVehicleCharacteristics>"
        "</measurementSpecificCharacteristics></measurementSpecificCharacteristics>"
        for index, (lane, kind, vehicles) in enumerate(meanings(site), 1))
    return (
        f'<measurementSiteRecord id="{site.identifier}" version="1">'
        "<computationMethod>arithmeticAverageOfSamplesInATimePeriod</computationMethod>"
        f'<measurementSiteName><values><value lang="nl">{site.name}</value></values></measurementSiteName>'
        f"<measurementSiteNumberOfLanes>{site.lanes}</measurementSiteNumberOfLanes>{characteristics}"
        '<measurementSiteLocation xsi:type="Point"><locationForDisplay>'
        f"<latitude>{site.lat}</latitude><longitude>{site.lon}</longitude>"
        "</locationForDisplay></measurementSiteLocation></measurementSiteRecord>\n")


def site_table(published_s):
    records = "".join(site_record(site) for site in places.SITES)
    return datex2_v2("MeasurementSiteTablePublication", published_s,
                     f"<measurementSiteTable {SITE_TABLE}>\n{records}</measurementSiteTable>\n")


def measured_value(index, name, element, attributes, inner):
    return (f'<measuredValue index="{index}"><measuredValue><basicData xsi:type="{name}">'
            f"<{element}{attributes}>{inner}</{element}></basicData></measuredValue></measuredValue>")


def lane_values(fails, minute):
    """The inside of a lane's three values. A lane without a vehicle has speed -1; one in error says so."""
    vehicles, long_ones, speed = minute
    if fails:
        error = "<dataError>true</dataError>"
        flow = error + "<vehicleFlowRate>0</vehicleFlowRate>"
        return flow, flow, "", error + "<speed>-1</speed>"
    flows = [f"<vehicleFlowRate>{count * 60}</vehicleFlowRate>" for count in (long_ones, vehicles)]
    used = f' numberOfInputValuesUsed="{vehicles}"'
    return flows[0], flows[1], used, f"<speed>{speed if vehicles else -1}</speed>"


def site_minute(today, site, start_s):
    values = [lane_values(today.lane_fails(site, lane, start_s), today.lane_minute(site, lane, start_s))
              for lane in range(1, site.lanes + 1)]
    text = (f'<siteMeasurements><measurementSiteReference id="{site.identifier}" version="1" '
            'targetClass="MeasurementSiteRecord"/>'
            f"<measurementTimeDefault>{utc(start_s)}</measurementTimeDefault>")
    for index, (lane, kind, vehicles) in enumerate(meanings(site), 1):
        long_flow, flow, used, speed = values[lane - 1]
        if kind == "trafficSpeed":
            text += measured_value(index, "TrafficSpeed", "averageVehicleSpeed", used, speed)
        else:
            text += measured_value(index, "TrafficFlow", "vehicleFlow", "",
                                   long_flow if vehicles == LONG_VEHICLE else flow)
    return text + "</siteMeasurements>\n"


def measured(today, start_s, published_s):
    """All sites in the minute that begins at start_s."""
    body = f'<measurementSiteTableReference {SITE_TABLE} targetClass="MeasurementSiteTable"/>\n'
    body += "".join(site_minute(today, site, start_s) for site in places.SITES)
    return datex2_v2("MeasuredDataPublication", published_s, body)


def situation(site, begin_s, at_s, jam):
    kind, length_m, delay_s = jam
    name = f"DEMO_{site.key}_{int(begin_s)}"
    return f"""<sit:situation id="{name}">
<sit:situationRecord xsi:type="sit:AbnormalTraffic" id="{name}_1" version="{int(at_s - begin_s) // 60 + 1}">
<sit:situationRecordCreationTime>{utc(begin_s)}</sit:situationRecordCreationTime>
<sit:situationRecordVersionTime>{utc(at_s)}</sit:situationRecordVersionTime>
<sit:probabilityOfOccurrence>certain</sit:probabilityOfOccurrence>
<sit:validity><com:validityStatus>definedByValidityTimeSpec</com:validityStatus>
<com:validityTimeSpecification><com:overallStartTime>{utc(begin_s)}</com:overallStartTime>
</com:validityTimeSpecification></sit:validity>
<sit:impact><sit:delays><sit:delayTimeValue>{delay_s}</sit:delayTimeValue></sit:delays></sit:impact>
<sit:locationReference xsi:type="loc:PointLocation"><loc:pointByCoordinates><loc:pointCoordinates>
<loc:latitude>{site.lat}</loc:latitude><loc:longitude>{site.lon}</loc:longitude>
</loc:pointCoordinates></loc:pointByCoordinates></sit:locationReference>
<sit:abnormalTrafficType>{kind}</sit:abnormalTrafficType>
<sit:queueLength>{length_m}</sit:queueLength>
</sit:situationRecord></sit:situation>
"""


def situations(today, at_s):
    """All jams of this moment: one that is not named any more has dissolved."""
    minute_s = at_s - at_s % MINUTE_S
    jams = [(site, today.jam(site, minute_s)) for site in places.SITES]
    body = "".join(situation(site, today.jam_begin(site, minute_s), at_s, jam) for site, jam in jams if jam)
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<mc:messageContainer xmlns:mc="http://datex2.eu/schema/3/messageContainer" \
xmlns:sit="http://datex2.eu/schema/3/situation" xmlns:com="http://datex2.eu/schema/3/common" \
xmlns:loc="http://datex2.eu/schema/3/locationReferencing" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" modelBaseVersion="3">
<mc:payload lang="nl" modelBaseVersion="3" xsi:type="sit:SituationPublication">
<com:publicationTime>{utc(at_s)}</com:publicationTime>
<com:publicationCreator><com:country>nl</com:country><com:nationalIdentifier>DEMO</com:nationalIdentifier>\
</com:publicationCreator>
{body}</mc:payload></mc:messageContainer>
""".encode()


# ---- pedestrians: cameras in JSON (telcameras 2), counters in CSV (CMSA)


def camera_minute(today, camera, start_s, sent_s):
    into, out = (today.passers_by(f"{camera.key}/{way}", camera.peak_min, start_s, MINUTE_S)
                 for way in ("in", "out"))
    return {
        "sensor": camera.key, "sensor_type": "3d_camera", "sensor_state": "operational",
        "latitude": camera.lat, "longitude": camera.lon, "interval": MINUTE_S,
        "timestamp_message": utc(sent_s), "timestamp_start": utc(start_s),
        "message": int(start_s) // MINUTE_S, "version": "demo_count_1", "message_type": "count",
        "aggregate": [
            {"type": "line", "id": "Line 0", "azimuth": 90, "count_in": into, "count_out": out},
            {"type": "zone", "id": "Zone 0", "area": camera.area_m2, "count": round((into + out) / 4)},
        ],
    }


def cameras(today, town, start_s, sent_s):
    return as_json({"data": [camera_minute(today, camera, start_s, sent_s)
                             for camera in places.CAMERAS if camera.town == town]})


def cmsa(today, start_s):
    """The row of three minutes of all counters, under its heading."""
    names = list(places.counters())
    counts = [today.passers_by(name, 18, start_s, CMSA_PERIOD_S) for name in names]
    moment = datetime.datetime.fromtimestamp(start_s, day.ZONE)
    rest = [moment.hour, moment.minute, moment.day, moment.month, moment.weekday(), int(moment.weekday() > 4)]
    heading = ["timestamp", *names, "hour", "minute", "day", "month", "weekday", "is_weekend"]
    row = [local(start_s, " "), *counts, *rest]
    return "".join(",".join(map(str, line)) + "\n" for line in (heading, row)).encode()
