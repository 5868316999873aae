"""Makes config/sunspec/models.json out of the SunSpec Alliance's definitions in pysunspec2.

Usage: sunspec_models.py > config/sunspec/models.json
Facts alone are taken: names, types, sizes, scale factors, units, how groups repeat.
"""

import json
import pathlib

import sunspec2

# The Alliance's spellings of units, and ours; the rest has no unit.
UNITS = {
    "Secs": "s", "Sec": "s", "Tms": "s", "mSecs": "ms", "V": "V", "Vm": "V", "Hz": "Hz", "A": "A",
    "W": "W", "VA": "VA", "var": "var", "Var": "var", "Wh": "Wh", "WH": "Wh", "kWh": "kWh",
    "VAh": "VAh", "varh": "varh", "Varh": "varh", "C": "degC", "Pct": "%", "%": "%",
    "% VRef": "%", "% WMax": "%", "% WRef": "%", "VNomPct": "%", "WMaxPct": "%", "VarPct": "%",
    "%WHRtg": "%", "Degrees": "deg", "deg": "deg", "W/m2": "W/m2", "W/m^2": "W/m2", "Ah": "Ah",
    "AH": "Ah", "mm": "mm", "ohms": "ohm", "kO": "kohm", "meters": "m", "HPa": "hPa",
    "mps": "m/s", "m/s": "m/s",
}


def point(definition):
    """Name, type, registers, scale factor (a point's name or a power of ten), unit."""
    return [
        definition["name"],
        definition["type"],
        int(definition["size"]),
        str(definition.get("sf", "")),
        UNITS.get(definition.get("units", ""), ""),
    ]


def group(definition, is_top):
    """A group; count: how often, the name of a point, or 0 for as often as there is room."""
    made = {} if is_top else {"name": definition["name"]}
    if not is_top and "count" in definition:
        made["count"] = str(definition["count"])
    made["points"] = [point(one) for one in definition.get("points", [])]
    inner = [group(one, False) for one in definition.get("groups", [])]
    if inner:
        made["groups"] = inner
    return made


def main():
    """One line a model, so that a change can be read."""
    folder = pathlib.Path(sunspec2.__file__).parent / "models" / "json"
    paths = sorted(folder.glob("model_*.json"), key=lambda path: int(path.stem[6:]))
    print("{")
    print('"source": "SunSpec Alliance model definitions, as in pysunspec2 1.3.7; Apache-2.0",')
    print('"models": [')
    lines = []
    for path in paths:
        model = json.loads(path.read_text(encoding="utf-8"))
        made = {"id": model["id"], **group(model["group"], True)}
        lines.append(json.dumps(made, separators=(",", ":")))
    print(",\n".join(lines))
    print("]}")


main()
