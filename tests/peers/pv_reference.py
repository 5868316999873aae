"""Real measured data of a small plant, as files for `pantau import`, and what pvlib, rdtools and
pvanalytics make of it.

    pv_reference.py FOLDER

The data are NREL's SERF West plant, five days each 15 minutes, from pvanalytics' own data folder.
Its civil times are taken for those of Jakarta: what is compared are sums and ratios, and they know
no longitude. One JSON object is printed: `names` (a file each in FOLDER) and `expected` (figures
by name; energies in kWh, ratios as shares of one).
"""

import json
import pathlib
import sys

import pandas
import pvanalytics
import pvanalytics.metrics as metrics
from pvlib.pvsystem import pvwatts_dc
from rdtools.normalization import energy_from_power

P0_KWP = 6.0
GAMMA = -0.004
G_MIN = 20.0  # METHODS A.8: darker records are in neither sum.
STEP_H = 0.25
HOLE = slice(238, 244)  # an hour and a half at midday of the third day


def data():
    path = pathlib.Path(pvanalytics.__file__).parent / "data" / "serf_west_15min.csv"
    frame = pandas.read_csv(path, index_col=0, parse_dates=True)
    frame.index = frame.index.tz_localize("Asia/Jakarta")
    return frame


def intervals(power):
    """kWh of each interval that rdtools believes; METHODS A.1 bridges at most two steps."""
    bridge = pandas.Timedelta("30min")
    wh = energy_from_power(power, max_timedelta=bridge, power_type="instantaneous")
    return wh / 1000


def trapezoid(power, at):
    """kWh of the interval that ends at place `at`."""
    return (power.iloc[at - 1] + power.iloc[at]) / 2 * STEP_H / 1000


def main(folder):
    frame = data()
    power, poa = frame["ac_power__773"], frame["poa_irradiance__771"]
    module = frame["module_temp_1__781"]
    # What a meter would have counted: it stands still while the inverter draws at night.
    drawn = power.clip(lower=0) / 1000
    counter = (drawn * STEP_H).cumsum()
    holed = power.drop(power.index[HOLE])
    names = {"power": power, "energy": counter, "poa": poa, "module": module, "holed": holed}
    for name, series in names.items():
        lines = [f"{at.isoformat()},{value!r}" for at, value in zip(series.index, series.tolist())]
        (folder / f"{name}.csv").write_text("\n".join(["time,value", *lines]) + "\n")

    bright = (poa >= G_MIN) & (poa.index > poa.index[0])
    e, g, t = drawn[bright], poa[bright], module[bright]
    mean = metrics._calc_cell_temp_weighted(t, g)

    def modelled(reference):
        return pvwatts_dc(g, t, P0_KWP, GAMMA, temp_ref=reference)

    insolation = (poa.clip(lower=0) * STEP_H / 1000).sum()
    total = counter.iloc[-1] - counter.iloc[0]
    after = HOLE.stop
    expected = {
        "integrated": intervals(power).clip(lower=0).sum(),
        "counted": total,
        "insolation": insolation,
        "specific_yield": total / P0_KWP,
        "pr": total / P0_KWP / (insolation - max(poa.iloc[0], 0) * STEP_H / 1000),
        "pr_temperature": metrics._performance_ratio(e, modelled(25)),
        "pr_weather": metrics._performance_ratio(e, modelled(mean)),
        "holed": intervals(holed).clip(lower=0).sum(),
        # Measured at both ends, and left out by rdtools because it follows a gap.
        "left_out": trapezoid(power, after + 1),
    }
    expected = {name: float(value) for name, value in expected.items()}
    print(json.dumps({"names": list(names), "expected": expected}))


main(pathlib.Path(sys.argv[1]))
