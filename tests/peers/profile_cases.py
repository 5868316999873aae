"""Serves profiles on pymodbus, and says what a reader must find there.

Usage: profile_cases.py DIRECTORY OUT levels|full|zero|negative|missing|choices

Every profile of DIRECTORY, and every variant, is put behind Modbus TCP units. `levels`: four times,
with all points at full scale, at zero, negative, and at their "no value"; or once, at the level of
that name, where all levels together need more units than a bus has. `choices`: where a point
decides over another (scale, power, factor, validity), until the deciding points have said all that
they can, and something that they should not. Registers and expected values are
made here from the TOML alone, with Python's own struct and decimal. OUT gets them as JSON; then
"ready PORT" is printed and the units are served for ever.
"""

import asyncio
import json
import math
import socket
import struct
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

LEVELS = ["full", "zero", "negative", "missing"]
FORMATS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q",
           "f32": ">f", "f64": ">d"}
BOUNDS = {"u16": (0, 2**16 - 1), "i16": (-2**15, 2**15 - 1), "u32": (0, 2**32 - 1),
          "i32": (-2**31, 2**31 - 1), "u64": (0, 2**63 - 1), "i64": (-2**63, 2**63 - 1)}


def registers_of(kind):
    """How many registers a type takes."""
    if kind.startswith("string:"):
        return int(kind.split(":")[1])
    return struct.calcsize(FORMATS[kind]) // 2


def on_the_wire(point, raw):
    """Registers of a raw value by address: [(address, word)]."""
    kind, order = point["type"], point.get("words", "abcd")
    if isinstance(raw, int) and raw < 0 and kind[0] == "u":
        raw += 2 ** (16 * registers_of(kind))
    data = struct.pack(FORMATS[kind], raw)
    words = [int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2)]
    if order in ("badc", "dcba"):
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    low = int(point["register"].split(":")[1])
    if "high_register" in point:
        high = int(point["high_register"].split(":")[1])
        half = len(words) // 2
        return ([(high + i, word) for i, word in enumerate(words[:half])]
                + [(low + i, word) for i, word in enumerate(words[half:])])
    if order in ("cdab", "dcba"):
        words.reverse()
    return [(low + i, word) for i, word in enumerate(words)]


def back(point, image):
    """The raw value that an image holds, and its pattern."""
    kind, order = point["type"], point.get("words", "abcd")
    table = point["register"].split(":")[0]
    places = [address for address, _ in on_the_wire(point, 0)]
    words = [image[table, address] for address in places]
    if order in ("badc", "dcba"):
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    if order in ("cdab", "dcba") and "high_register" not in point:
        words.reverse()
    data = b"".join(word.to_bytes(2, "big") for word in words)
    raw = struct.unpack(FORMATS[kind], data)[0]
    return own_digits(raw) if kind == "f32" else raw, int.from_bytes(data, "big")


def own_digits(single):
    """The double of the fewest digits that are this single: 225.4171, not 225.41709899902344."""
    if not math.isfinite(single) or abs(single) >= 2**24:
        return single
    bits = struct.pack("<f", single)
    texts = (f"{single:.{digits}g}" for digits in range(1, 10))
    return next(float(text) for text in texts if struct.pack("<f", float(text)) == bits)


def bits_of(point, raw):
    """The bits of a raw value that count."""
    if "bits" not in point:
        return raw
    low, _, high = str(point["bits"]).partition("-")
    low, high = int(low), int(high or low)
    return raw >> low & (1 << (high - low + 1)) - 1


def raw_at(point, level):
    """A raw value for a level."""
    kind = point["type"]
    if level == "missing" and point.get("missing"):
        missing = point["missing"][0]
        if kind[0] != "f" and missing > BOUNDS[kind][1]:
            missing -= 2 ** (16 * registers_of(kind))
        return missing
    if kind[0] == "f":
        full = min(123456.7, point.get("max", math.inf) / point.get("scale", 1))
        return {"full": full, "negative": -0.75, "missing": math.nan}.get(level, 0.0)
    low, high = (believable(point, bound) for bound in BOUNDS[kind])
    return {"full": high, "negative": low}.get(level, 0)


def believable(point, raw):
    """The raw value, or the last one in its direction that the point's min and max let pass."""
    scale = Decimal(str(point.get("scale", 1)))
    value = raw * scale + Decimal(str(point.get("offset", 0)))
    value = min(value, Decimal(str(point.get("max", "Infinity"))))
    value = max(value, Decimal(str(point.get("min", "-Infinity"))))
    raw = (value - Decimal(str(point.get("offset", 0)))) / scale
    return int(raw.to_integral_value("ROUND_DOWN"))


def scaled(value, point, power):
    """A float with its scale, in decimal digits as people would do it."""
    scale, offset = point.get("scale", 1), point.get("offset", 0)
    if value == 0:
        return value * (scale * 10.0**power) + offset
    digits = Decimal(repr(value)) * Decimal(str(scale)) * Decimal(10)**power
    return float(digits + Decimal(str(offset)))


def expected(point, image, raws):
    """What a reader must say: a number, or None for no value."""
    raw, pattern = back(point, image)
    is_float = point["type"][0] == "f"
    counted = raw if is_float else bits_of(point, raw)
    size = 16 * registers_of(point["type"])
    for missing in point.get("missing", []):
        if counted == missing or ("bits" not in point and pattern == missing % 2**size):
            return None
    if "valid_when" in point and raws.get(point["valid_when"]["point"]) not in \
            point["valid_when"]["is"]:
        return None
    power = 0
    if "scale_from" in point:
        power += raws[point["scale_from"]]
    for chosen in point.get("powers_from", []):
        table = dict(map(tuple, chosen["powers"]))
        if raws.get(chosen["point"]) not in table:
            return None
        power += table[raws[chosen["point"]]]
    times = raws[point["multiply_from"]] if "multiply_from" in point else 1
    if is_float:
        if math.isnan(counted) or math.isinf(counted):
            return None
        value = counted * times
        if "scale" in point or "offset" in point or power:
            value = scaled(value, point, power)
    else:
        scale, offset = (Decimal(str(point.get(key, default)))
                         for key, default in (("scale", 1), ("offset", 0)))
        value = float(counted * times * scale * Decimal(10)**power + offset)
    if value < point.get("min", -math.inf) or value > point.get("max", math.inf):
        return None
    return value


def choices(points):
    """What each deciding point can say, the usual first."""
    said = {}
    for point in points:
        if "valid_when" in point:
            said.setdefault(point["valid_when"]["point"], []).extend(point["valid_when"]["is"])
        for chosen in point.get("powers_from", []):
            codes = [code for code, _ in chosen["powers"]]
            said.setdefault(chosen["point"], []).extend(codes[1:] + codes[:1])
        if "scale_from" in point:
            said.setdefault(point["scale_from"], []).extend([1, 0, -2])
        if "multiply_from" in point:
            said.setdefault(point["multiply_from"], []).extend([1, 40])
    decided_by_value = {point[key] for point in points for key in ("scale_from", "multiply_from")
                        if key in point}
    for name, codes in said.items():
        unknown = [] if name in decided_by_value else [max(codes) + 1]
        said[name] = list(dict.fromkeys(codes + unknown))
    return said


def turns(points):
    """What deciding points say together, until each has said all that it can."""
    said = choices(points)
    for turn in range(math.lcm(*map(len, said.values()))):
        yield {name: codes[(turn + place) % len(codes)]
               for place, (name, codes) in enumerate(said.items())}


def case(points, facts, level, choosers=None):
    """An image, the raw values in it, and what must be read of it."""
    image = {}
    if choosers is None:
        choosers = {name: codes[0] for name, codes in choices(points).items()}
    ordered = sorted(points, key=lambda point: point["id"] in choosers)
    for point in ordered:
        raw = choosers.get(point["id"], raw_at(point, level))
        table = point["register"].split(":")[0]
        for address, word in on_the_wire(point, raw):
            image[table, address] = word
    for fact in facts:
        table, address = fact["register"].split(":")
        for offset in range(registers_of(fact["type"])):
            image.setdefault((table, int(address) + offset), 0x4142)
    raws = {}
    for point in points:
        raw, _ = back(point, image)
        raws[point["id"]] = None if isinstance(raw, float) else bits_of(point, raw)
    return image, [expected(point, image, raws) for point in points]


def profiles(directory):
    """Name, points and facts of every profile and variant that has registers."""
    for file in sorted(Path(directory).glob("*.toml")):
        profile = tomllib.loads(file.read_text(encoding="utf-8"))
        facts = profile.get("fact", [])
        # Pins and chips have a signal instead.
        if not any("register" in point for point in profile.get("point", [])):
            continue
        if profile.get("point"):
            yield profile["name"], profile["point"], facts
        for variant in profile.get("variant", []):
            own = variant.get("point", [])
            gone = {point["id"] for point in own} | set(variant.get("without", []))
            kept = [point for point in profile["point"]
                    if point["id"] not in gone and "*" not in gone]
            yield f"{profile['name']}.{variant['name']}", kept + own, facts


def texts(facts):
    """What a device of "AB" everywhere says of itself, by the name of the fact."""
    return {fact["id"]: "AB" * registers_of(fact["type"])
            for fact in facts if fact["type"][0] == "s"}


def settings(facts):
    """Names of the numbers that it says of itself."""
    return [fact["id"] for fact in facts
            if fact["type"][0] != "s" and fact["id"] not in ("model", "version", "serial")]


def cases(directory, kind):
    """Name, points, facts, level and deciding values of every case."""
    for name, points, facts in profiles(directory):
        if kind != "choices":
            for level in LEVELS if kind == "levels" else [kind]:
                yield name, points, facts, level, None
        elif choices(points):
            for chosen in turns(points):
                yield name, points, facts, "full", chosen


def served(unit, image):
    """One unit of pymodbus: the image, and zeros where a reader may pass over gaps."""
    tables = []
    for name in ("holding", "input"):
        here = {address: word for (table, address), word in image.items() if table == name}
        runs, last = [], None
        for address in sorted(here):
            if last is None or address - last > 150:
                runs.append((address, []))
            start, words = runs[-1]
            words += [0] * (address - start - len(words)) + [here[address]]
            last = address
        # A read may be rounded up to an even count.
        blocks = [SimData(start, values=words + [0, 0], datatype=DataType.REGISTERS)
                  for start, words in runs]
        tables.append(blocks or [SimData(0, values=[0], datatype=DataType.REGISTERS)])
    holding, inputs = tables
    bits = [SimData(0, values=[False], datatype=DataType.BITS)]
    return SimDevice(unit, simdata=(bits, bits, holding, inputs))


async def main(directory, out, kind):
    """Says what is there, and serves it."""
    devices, said = [], []
    for name, points, facts, level, chosen in cases(directory, kind):
        image, values = case(points, facts, level, chosen)
        unit = len(devices) + 1
        devices.append(served(unit, image))
        registers = [[table, address, word] for (table, address), word in image.items()]
        said.append({"profile": name, "level": f"{level} {chosen or ''}", "unit": unit,
                     "ids": [point["id"] for point in points],
                     "values": values, "registers": registers,
                     "texts": texts(facts), "settings": settings(facts)})
    Path(out).write_text(json.dumps(said), encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = ModbusTcpServer(devices, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    print(f"ready {port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
