"""Recomputes the headline figures of a report from its evidence bundle, with nothing of ours.

    recompute.py BUNDLE.zip [--arithmetic-only]

The bundle has the report as JSON (`pantau export --bundle 2025 --with report.json`). Its hashes are
checked first, by verify.py. Then each headline is computed from readings, entries, configuration
and factors of the bundle, by the equations of the method that the report names. Prints
{"headlines": [{"id", "reported", "computed", "good"}], "faults": [..]} and ends with 0 when
everything agrees. A headline for which no equation is known here is a fault.
"""

import csv
import datetime
import io
import json
import math
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

# Relative difference that sums of binary fractions in another order may have.
SAME = 1e-9
HOUR = 3600.0


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class Bundle:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = self.zip.namelist()
        self.about = json.loads(self.zip.read("manifest.json"))["about"]
        records = [json.loads(line)["record"] for line in self.lines("digests.jsonl")]
        ends = [self.ends_of_day(record) for record in records]
        first, last = self.about["first"], self.about["last"]
        self.start = min(begin for day, begin, _ in ends if day == first)
        self.end = max(end for day, _, end in ends if day == last)
        self.config = tomllib.loads(self.newest("configuration").decode())
        tables = tomllib.loads(self.newest("factors").decode())
        self.factors = {one["id"]: one for one in tables["factor"]}
        self.assets = {one["id"]: one for one in self.config["asset"]}
        self.entries = self.current_entries()

    def lines(self, name):
        return self.zip.read(name).decode().splitlines()

    def newest(self, folder):
        those = [name for name in self.names if name.startswith(folder + "/")]
        return self.zip.read(max(those, key=lambda name: int(Path(name).stem)))

    @staticmethod
    def ends_of_day(record):
        keys = dict(line.partition(" ")[::2] for line in record.splitlines())
        return keys["day"], seconds(keys["from"]), seconds(keys["to"])

    def report(self):
        all_of_them = [one for one in self.names if one.startswith("report/")]
        (name,) = [one for one in all_of_them if one.endswith(".json")]
        return json.loads(self.zip.read(name))

    def current_entries(self):
        """Entries of the ledger that no later one replaces or withdraws."""
        all_of_them = [json.loads(line) for line in self.lines("ledger.jsonl")]
        replaced = {one["supersedes"] for one in all_of_them if one["supersedes"]}
        return [one for one in all_of_them if one["id"] not in replaced and one["quantity"]]

    def records(self, indicator):
        first, last = self.about["first"], self.about["last"]
        for entry in self.entries:
            is_of = entry["sort"] == "record" and entry["indicator"] == indicator
            if is_of and first <= entry["first"] and entry["last"] <= last:
                yield entry

    def readings(self, point, qualities=("good", "uncertain")):
        """Readings up to the end of the period as (second, number)."""
        for folder in ("samples", "closing"):
            name = f"{folder}/{point}.csv"
            if folder == "closing" and name not in self.names:
                continue
            rows = csv.reader(io.TextIOWrapper(self.zip.open(name)))
            next(rows)
            for time, value, quality, _ in rows:
                at = seconds(time)
                if value and quality in qualities and at <= self.end:
                    yield at, float(value)

    def readings_inside(self, point):
        return [(at, value) for at, value in self.readings(point) if at > self.start]

    def factor(self, name):
        return self.factors[name]["value"]


def goes_on(readings, base, low):
    """Whether the count goes on from `base` after low readings, which then were outliers."""
    for _, value in readings:
        if value >= base:
            return True
        if value < low:
            return False
    return False


def counter_total(bundle, point, per_hour=math.inf):
    """G.5: growth from the last reading before the period on; drops are dips or resets."""
    readings = list(bundle.readings(point))
    before = [index for index, (at, _) in enumerate(readings) if at <= bundle.start]
    first = before[-1] if before else 0
    since, base = readings[first]
    total = 0.0
    for index, (at, value) in enumerate(readings[first + 1 :], first + 1):
        step, most = value - base, per_hour * (at - since) / HOUR * 1.1
        if 0 <= step <= most or (step < 0 and value >= 0.9 * base):
            total += step
        elif step > most:
            continue
        elif goes_on(readings[index + 1 : index + 3], base, value):
            continue
        elif value <= most:
            total += value
        since, base = at, value
    return total


def generation(bundle, plant):
    return counter_total(bundle, plant["energy"], plant["ac_rating_kw"])


def avoided(bundle, plant):
    """C.9 with C.3: the energy that displaced the grid's, by the factor of the baseline."""
    baseline = plant["baseline"]
    if isinstance(baseline, list):
        raise NotImplementedError("a list of baselines")
    if baseline["kind"] != "GRID" or "project" in plant:
        raise NotImplementedError(baseline["kind"])
    used = generation(bundle, plant)
    if "export" in plant:
        used -= counter_total(bundle, plant["export"], plant["ac_rating_kw"])
    return used / 1000 * bundle.factor(baseline["factor"])


def kilograms(bundle, indicator):
    return sum(float(one["quantity"]) for one in bundle.records(indicator))


def methane_and_treatment(bundle, bin_):
    """E.9: E.5 for the food waste of this one year, less E.8 of the same waste."""
    tonnes = kilograms(bundle, "bsf-fed") / 1000
    of, fate = bundle.factor, bin_["disposal"]
    decay = math.exp(-of("swds.k.food.tropical_wet"))
    methane = of("swds.F") * of("swds.docf") * of(fate["mcf"]) * of("swds.doc.food.wet")
    methane *= tonnes * (1 - decay) * 16 / 12 * (1 - of("swds.ox"))
    methane *= of("swds.phi.appB_wet") * (1 - fate["gas_captured"])
    gases = [("ch4", "compost.ch4.wet"), ("n2o", "compost.n2o.wet")]
    burden = sum(of("gwp.ar5." + gas) * of(name) / 1000 for gas, name in gases)
    return methane * of("gwp.ar5.ch4") - tonnes * burden


def tank_volume(bundle, tank):
    """D.1 for an upright cylinder: the last level of the period."""
    if tank["shape"]["kind"] != "vertical-cylinder":
        raise NotImplementedError(tank["shape"]["kind"])
    level = bundle.readings_inside(tank["level"])[-1][1]
    return math.pi / 4 * tank["shape"]["diameter_m"] ** 2 * level


def mean(bundle, point):
    values = [value for _, value in bundle.readings_inside(point)]
    return math.fsum(values) / len(values)


OF_ASSET = {
    "co2.net": avoided,
    "waste.net": methane_and_treatment,
    "plts.generation": generation,
    "pump.volume": lambda bundle, pump: counter_total(bundle, pump["volume"]),
    "tank.volume_last": tank_volume,
    "catchment.rain": lambda bundle, roof: counter_total(bundle, roof["rain"]),
    "bsf.temperature_mean": lambda bundle, bin_: mean(bundle, bin_["temperature"][0]),
    "meter.import": lambda bundle, meter: counter_total(bundle, meter["import"]),
}
# Figures of the site that are those of its only asset of a kind.
ONLY_ASSET = {"co2.net": "plts", "waste.net": "bsf"}


def compute(bundle, place):
    """The figure at a place such as `summary/plts/plts.generation`."""
    *asset, indicator = place.split("/")[1:]
    if indicator.startswith("ledger."):
        return kilograms(bundle, indicator.removeprefix("ledger."))
    if asset:
        return OF_ASSET[indicator](bundle, bundle.assets[asset[0]])
    kind = ONLY_ASSET[indicator]
    (only,) = [one for one in bundle.assets.values() if one["kind"] == kind]
    return OF_ASSET[indicator](bundle, only)


def headlines(report):
    blocks = [block for section in report["sections"] for block in section["blocks"]]
    (found,) = [block for block in blocks if block.get("id") == "headline"]
    return found["items"]


def check(path, hashes):
    faults, rows = [], []
    if hashes:
        verify = [sys.executable, str(Path(__file__).with_name("verify.py")), path]
        said = subprocess.run(verify, capture_output=True, text=True, check=False)
        if said.returncode != 0:
            faults.append("hashes: " + (said.stdout or said.stderr).strip())
    bundle = Bundle(path)
    for item in headlines(bundle.report()):
        reported = item["value"]
        try:
            computed = compute(bundle, item["id"])
        except (KeyError, NotImplementedError, ValueError, IndexError) as error:
            faults.append(f"{item['id']}: no equation for it: {error!r}")
            continue
        good = reported is not None and math.isclose(computed, reported, rel_tol=SAME)
        if not good:
            faults.append(f"{item['id']}: reported {reported}, computed {computed}")
        row = {"id": item["id"], "reported": reported, "computed": computed, "good": good}
        rows.append(row)
    return {"headlines": rows, "faults": faults}


def main():
    words = sys.argv[1:]
    result = check(words[0], "--arithmetic-only" not in words)
    json.dump(result, sys.stdout, indent=1)
    sys.exit(1 if result["faults"] else 0)


main()
