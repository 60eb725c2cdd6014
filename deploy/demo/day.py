# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""A plausible day: how full, how fast and how busy, as functions of time alone.

The same seed and the same moment give the same numbers, in whatever order they are asked for: what the feeder
plays fast and what it plays live fit together.
"""
import datetime
import math
import random
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Amsterdam")
DAY_S = 86400
LANE_ROOM_VEH_H = 2000  # what one lane takes in an hour


def bump(hour, centre, width):
    """1 at the centre, falling off on both sides, round the clock."""
    away = abs(hour - centre) % 24
    return math.exp(-((min(away, 24 - away) / width) ** 2))


def plateau(hour, begin, end, soft):
    """Near 1 between begin and end, near 0 outside."""
    return 1 / (1 + math.exp((begin - hour) / soft)) / (1 + math.exp((hour - end) / soft))


def clamp(value, low=0.0, high=1.0):
    return max(low, min(high, value))


def draw(rng, mean):
    """A count of what happens by chance, so often on average."""
    if mean > 40:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    floor, product, count = math.exp(-mean), rng.random(), 0
    while product > floor:
        product *= rng.random()
        count += 1
    return count


class Day:
    """shift_s moves the pattern: at time t the region behaves as at t + shift_s."""

    def __init__(self, seed, shift_s=0):
        self.seed = seed
        self.shift_s = shift_s

    def local(self, at_s):
        """The weekday (Monday is 0) and the hour of the pattern's clock."""
        local = datetime.datetime.fromtimestamp(at_s + self.shift_s, ZONE)
        return local.weekday(), local.hour + local.minute / 60 + local.second / 3600

    def chance(self, *key):
        return random.Random("/".join(str(part) for part in (self.seed, *key)))

    def wobble(self, key, at_s, span_s):
        """From -1 to 1, changing gently within about span_s."""
        left, part = divmod(at_s / span_s, 1)
        a, b = (self.chance(key, int(left) + i).uniform(-1, 1) for i in (0, 1))
        return a + (b - a) * part

    # ---- parking

    def is_open(self, garage, at_s):
        _, hour = self.local(at_s)
        return not garage.closes or 6.5 <= hour or hour < 1.0

    def vacant(self, garage, at_s):
        weekday, hour = self.local(at_s)
        if garage.pattern == "shop":
            weight = (0.78, 0.78, 0.8, 0.92, 0.98, 1.15, 0.6)[weekday]
            full = 0.1 + weight * (0.68 * bump(hour, 14, 2.9) + 0.36 * bump(hour, 20.2, 1.9))
        else:
            weight = (0.95, 1.0, 0.9, 1.0, 0.7, 0.25, 0.15)[weekday]
            begin = 7.9 if garage.pattern == "work" else 7.3
            full = 0.08 + weight * 0.84 * plateau(hour, begin, 17.4, 0.45)
        full += 0.05 * self.wobble(garage.name, at_s, 1500)
        full += 0.008 * self.wobble(garage.name + "/short", at_s, 150)
        return garage.capacity - round(garage.capacity * clamp(full))

    # ---- traffic

    def demand(self, site, at_s):
        """What wants to pass, as a part of the room of the road."""
        weekday, hour = self.local(at_s)
        part = 0.04 + 0.5 * plateau(hour, 6.3, 20.5, 0.7) + 0.06 * bump(hour, 22, 1.5)
        if weekday < 5:
            morning, evening = (0.48, 0.24) if site.bound == "in" else (0.22, 0.5)
            part += morning * bump(hour, 8.1, 0.95) + evening * bump(hour, 17.2, 1.25)
        else:
            part += 0.12 * bump(hour, 15, 2.5)
        return part * site.load * (1 + 0.06 * self.wobble(site.key, at_s, 1200))

    def congestion(self, site, at_s):
        """0 on a free road, 1 where nothing moves."""
        return clamp((self.demand(site, at_s) - 0.82) / 0.32)

    def speed_km_h(self, site, at_s):
        free = site.free_km_h * (1 - 0.1 * clamp(self.demand(site, at_s)))
        return max(8.0, free * (1 - 0.85 * self.congestion(site, at_s)))

    def lane_minute(self, site, lane, at_s):
        """(vehicles, long ones of them, speed) in the minute that begins at at_s; lane 1 is the left one."""
        rng = self.chance(site.key, lane, at_s)
        jam = self.congestion(site, at_s)
        share = 1.0 if site.lanes == 1 else 1.15 - 0.3 * (lane - 1) / (site.lanes - 1)
        part = min(self.demand(site, at_s), 1.0) * (1 - 0.35 * jam)
        vehicles = draw(rng, part * share * LANE_ROOM_VEH_H / 60)
        long_ones = sum(rng.random() < (0.16 if lane == site.lanes else 0.03) for _ in range(vehicles))
        speed = self.speed_km_h(site, at_s) * (1.06 - 0.12 * (lane - 1) / max(site.lanes - 1, 1))
        return vehicles, long_ones, max(3, round(speed + rng.gauss(0, 2)))

    def lane_fails(self, site, lane, at_s):
        """Now and then a detector is out of order for a while."""
        return self.wobble(f"{site.key}/{lane}/fault", at_s, 900) > 0.93

    def jam(self, site, at_s):
        """(type, length in m, delay in s) of the jam before this site, or None."""
        jam = self.congestion(site, at_s)
        if jam < 0.3:
            return None
        length_m = 100 * round(5 + 55 * (jam - 0.3) + 3 * self.wobble(site.key + "/q", at_s, 300))
        length_m = max(300, length_m)
        speed = self.speed_km_h(site, at_s)
        delay_s = round(length_m * 3.6 * (1 / speed - 1 / site.free_km_h))
        kind = "stationaryTraffic" if speed < 20 else "queuingTraffic" if speed < 45 else "slowTraffic"
        return kind, length_m, delay_s

    def jam_begin(self, site, at_s):
        """The minute in which the jam of this minute began, looked for up to five hours back."""
        begin = at_s
        while begin > at_s - 5 * 3600 and self.jam(site, begin - 60):
            begin -= 60
        return begin

    # ---- pedestrians

    def passers_by(self, key, peak_min, at_s, period_s):
        """How many passed in one direction in the period that begins at at_s."""
        weekday, hour = self.local(at_s)
        weight = (0.7, 0.75, 0.8, 0.95, 1.0, 1.35, 0.85)[weekday]
        part = 0.012 + 0.1 * plateau(hour, 7.2, 22.5, 0.7)
        part += 0.2 * bump(hour, 8.4, 0.7) * (weekday < 5) + 0.3 * bump(hour, 12.6, 0.8)
        part += 0.5 * bump(hour, 15, 2.2) + 0.3 * bump(hour, 17.3, 0.8) + 0.16 * bump(hour, 20.8, 1.6)
        part *= weight * (1 + 0.12 * self.wobble(key, at_s, 1800))
        return draw(self.chance(key, at_s, "walk"), part * peak_min * period_s / 60)
