# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What stands in the region of the demo: car parks, road sites and counters, all of them invented.

The towns are real, and their codes are those of Statistics Netherlands (CBS); nothing else is. Places are
degrees (WGS 84) near the middle of the towns.
"""
import csv
import os
import uuid
from dataclasses import dataclass

TOWNS = {
    "gm0344": "Utrecht",
    "gm0307": "Amersfoort",
    "gm0355": "Zeist",
    "gm0356": "Nieuwegein",
    "gm0321": "Houten",
    "gm0353": "IJsselstein",
    "gm0632": "Woerden",
}


@dataclass(frozen=True)
class Garage:
    town: str
    name: str
    lat: float
    lon: float
    capacity: int
    usage: str  # as the parking register words it
    pattern: str  # shop, work or ride: when it fills
    closes: bool = False  # at night

    @property
    def identifier(self):
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.nl/demo/{self.town}/{self.name}"))


@dataclass(frozen=True)
class Site:
    town: str
    key: str
    name: str
    lat: float
    lon: float
    lanes: int
    free_km_h: int
    bound: str  # in or out: which rush hour is the heavier one
    load: float  # of its room, at that hour; above 0.9 it jams

    @property
    def identifier(self):
        return f"DEMO_{self.key}"


@dataclass(frozen=True)
class Counter:
    town: str
    key: str
    lat: float
    lon: float
    peak_min: float  # passers-by a minute in each direction at the busiest hour
    area_m2: float = 0  # of the zone that a camera sees


GARAGE, RIDE, LOT = "Garage parkeren", "Park & Ride", "Terrein parkeren"

GARAGES = [
    Garage("gm0344", "Garage Klokkenhof", 52.0912, 5.1180, 640, GARAGE, "shop"),
    Garage("gm0344", "Garage Lindegracht", 52.0931, 5.1232, 415, GARAGE, "shop", closes=True),
    Garage("gm0344", "Garage Wolmarkt", 52.0871, 5.1213, 290, GARAGE, "shop"),
    Garage("gm0344", "Garage Beursplein", 52.0868, 5.1035, 1150, GARAGE, "work"),
    Garage("gm0344", "P+R Noorderrand", 52.1190, 5.0830, 720, RIDE, "ride"),
    Garage("gm0344", "P+R Zuiderrand", 52.0690, 5.1290, 980, RIDE, "ride"),
    Garage("gm0307", "Garage Keizershof", 52.1562, 5.3876, 520, GARAGE, "shop"),
    Garage("gm0307", "Garage Eempoort", 52.1586, 5.3812, 460, GARAGE, "shop", closes=True),
    Garage("gm0307", "Garage Spoorkwartier", 52.1540, 5.3760, 610, GARAGE, "work"),
    Garage("gm0307", "P+R Hoogeveld", 52.1890, 5.4010, 300, RIDE, "ride"),
    Garage("gm0356", "Garage Stadsplein", 52.0297, 5.0842, 880, GARAGE, "shop"),
    Garage("gm0356", "Garage Raadhuis", 52.0312, 5.0873, 340, GARAGE, "work"),
    Garage("gm0356", "P+R Merwede", 52.0415, 5.1010, 450, RIDE, "ride"),
    Garage("gm0321", "Garage Rondeel", 52.0283, 5.1680, 400, GARAGE, "shop"),
    Garage("gm0321", "Terrein Molenzoom", 52.0340, 5.1600, 160, LOT, "work"),
    Garage("gm0353", "Terrein Overtoom", 52.0205, 5.0440, 210, LOT, "shop"),
    Garage("gm0353", "Terrein Basilica", 52.0221, 5.0398, 130, LOT, "shop"),
    Garage("gm0632", "Garage Kasteelhof", 52.0868, 4.8840, 330, GARAGE, "shop"),
    Garage("gm0632", "P+R Spoorlaan", 52.0838, 4.8935, 420, RIDE, "ride"),
]

# Of a town with a form of its own: bruisd reads it by the mapping in the configuration.
OWN_FORM_GARAGES = [
    Garage("gm0355", "Voorhof", 52.0895, 5.2330, 390, GARAGE, "shop", closes=True),
    Garage("gm0355", "Emmaplein", 52.0921, 5.2381, 220, GARAGE, "shop"),
    Garage("gm0355", "Boslaan", 52.0862, 5.2440, 140, LOT, "work"),
]

SITES = [
    Site("gm0344", "R1", "Ring West hmp 3.2 Re", 52.0790, 5.0560, 4, 100, "in", 1.02),
    Site("gm0344", "R2", "Ring West hmp 3.2 Li", 52.0790, 5.0550, 4, 100, "out", 1.00),
    Site("gm0344", "R3", "Ring Zuid hmp 7.1 Re", 52.0640, 5.1250, 5, 100, "in", 0.97),
    Site("gm0344", "R4", "Ring Zuid hmp 7.1 Li", 52.0645, 5.1255, 5, 100, "out", 1.03),
    Site("gm0344", "R5", "Ring Noord hmp 1.4 Re", 52.1200, 5.0950, 2, 80, "in", 0.92),
    Site("gm0344", "R6", "Ring Oost hmp 9.8 Li", 52.0830, 5.1650, 3, 100, "out", 0.94),
    Site("gm0307", "A1", "Ring Amersfoort hmp 4.0 Re", 52.1800, 5.4100, 3, 100, "in", 0.99),
    Site("gm0307", "A2", "Ring Amersfoort hmp 4.0 Li", 52.1795, 5.4110, 3, 100, "out", 1.01),
    Site("gm0307", "A3", "Weg naar Hoogeveld hmp 1.1", 52.1700, 5.3700, 2, 80, "in", 0.84),
    Site("gm0307", "A4", "Weg naar het Bergkwartier hmp 2.6", 52.1400, 5.3700, 2, 80, "out", 0.80),
    Site("gm0355", "Z1", "Weg door de Heuvels hmp 5.5 Re", 52.0760, 5.2400, 2, 100, "in", 0.91),
    Site("gm0355", "Z2", "Weg door de Heuvels hmp 5.5 Li", 52.0755, 5.2410, 2, 100, "out", 0.93),
    Site("gm0356", "N1", "Snelweg bij Merwede hmp 12.0 Re", 52.0480, 5.0870, 4, 100, "in", 0.96),
    Site("gm0356", "N2", "Snelweg bij Merwede hmp 12.0 Li", 52.0475, 5.0880, 4, 100, "out", 1.04),
    Site("gm0356", "N3", "Lekweg hmp 3.3", 52.0130, 5.0920, 2, 80, "in", 0.82),
    Site("gm0321", "H1", "Snelweg bij Houten hmp 15.2 Re", 52.0300, 5.1480, 3, 100, "in", 0.95),
    Site("gm0321", "H2", "Rondweg Houten hmp 0.8", 52.0180, 5.1850, 1, 70, "out", 0.75),
    Site("gm0353", "I1", "Weg naar IJsselstein hmp 2.0", 52.0300, 5.0450, 2, 80, "out", 0.83),
    Site("gm0632", "W1", "Snelweg bij Woerden hmp 22.4 Re", 52.0790, 4.9000, 3, 100, "in", 0.98),
    Site("gm0632", "W2", "Snelweg bij Woerden hmp 22.4 Li", 52.0785, 4.9010, 3, 100, "out", 0.96),
]

# Cameras that send JSON, with their place.
CAMERAS = [
    Counter("gm0344", "UT-C1-Lindegracht", 52.0915, 5.1190, 46, 60),
    Counter("gm0344", "UT-C2-Klokkenplein", 52.0902, 5.1222, 38, 85),
    Counter("gm0344", "UT-C3-Beursplein", 52.0884, 5.1060, 52, 120),
    Counter("gm0355", "ZE-C1-Emmaplein", 52.0900, 5.2335, 14, 40),
    Counter("gm0356", "NG-C1-Stadsplein", 52.0293, 5.0835, 22, 75),
    Counter("gm0321", "HO-C1-Rondeel", 52.0286, 5.1672, 12, 50),
    Counter("gm0632", "WO-C1-Kasteelhof", 52.0864, 4.8830, 15, 45),
]

HERE = os.path.dirname(os.path.abspath(__file__))


def counters():
    """Counters of the CSV form by name, with their town: bruisd's own catalogue tells where they stand."""
    with open(os.path.join(HERE, "sensors.csv"), newline="", encoding="utf-8") as file:
        return {row["sensor"]: row["region"] for row in csv.DictReader(file)}


def expected():
    """For each domain the towns that have sensors."""
    return {
        "parking": {garage.town for garage in GARAGES + OWN_FORM_GARAGES},
        "traffic": {site.town for site in SITES},
        "pedestrian": {camera.town for camera in CAMERAS} | set(counters().values()),
    }
