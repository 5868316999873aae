"""Registers of SunSpec devices with drawn values, and what pysunspec2 reads out of them.

Usage: sunspec_image.py FOLDER SEED
Writes NAME.image for pymodbus_server.py and NAME.json for each device: the points of each model
by the names that Pantau gives them, with the value (a decimal text) or null. The values are those
that pysunspec2 decodes from the registers; here they are only drawn and put side by side.
"""

import decimal
import json
import math
import pathlib
import random
import struct
import sys

import sunspec2
from sunspec2 import device

NUMBERS = {
    "int16": ("h", 0x8000, -32767, 32767), "uint16": ("H", 0xFFFF, 0, 65534),
    "count": ("H", 0xFFFF, 0, 65534), "acc16": ("H", 0, 1, 65535),
    "enum16": ("H", 0xFFFF, 0, 65534), "bitfield16": ("H", 0xFFFF, 0, 32767),
    "int32": ("i", 1 << 31, 1 - (1 << 31), (1 << 31) - 1),
    "uint32": ("I", (1 << 32) - 1, 0, (1 << 32) - 2), "acc32": ("I", 0, 1, (1 << 32) - 1),
    "enum32": ("I", (1 << 32) - 1, 0, (1 << 32) - 2),
    "bitfield32": ("I", (1 << 32) - 1, 0, (1 << 31) - 1),
    "int64": ("q", 1 << 63, 1 - (1 << 62), 1 << 62),
    "uint64": ("Q", (1 << 64) - 1, 0, 1 << 62), "acc64": ("Q", 0, 1, 1 << 62),
    "float32": ("f", 0x7FC00000, 0, 0), "sunssf": ("h", 0x8000, -10, 10),
}
TEXTS = {"Mn": "Uji Coba", "Md": "Model 7", "Opt": "opsi", "Vr": "1.2.3", "SN": "SN-0001"}
VENDOR = struct.pack(">HH", 64999, 7) + bytes(14)


def drawn(chance, point, counts):
    """Bytes of one point."""
    name, kind, size = point["name"], point["type"], int(point["size"]) * 2
    if name in counts:
        return struct.pack(">H", counts[name])
    if kind == "string":
        return TEXTS.get(name, "").encode().ljust(size, b"\0")
    if kind not in NUMBERS:
        return bytes(size)
    letter, missing, low, high = NUMBERS[kind]
    if chance.random() < 0.12:
        return missing.to_bytes(size, "big")
    if kind == "float32":
        return struct.pack(">f", chance.choice([0.0, chance.uniform(-1e5, 1e5)]))
    value = chance.choice([low, high, chance.randint(low, high)])
    return struct.pack(">" + letter, value)


def laid_out(chance, group, counts):
    """Bytes of a group and of the groups behind it."""
    data = b"".join(drawn(chance, point, counts) for point in group.get("points", []))
    for inner in group.get("groups", []):
        for _ in range(times(inner, counts)):
            data += laid_out(chance, inner, counts)
    return data


def times(group, counts):
    """How often a group is drawn."""
    count = group.get("count")
    if count is None:
        return 1
    if isinstance(count, str) and not count.isdigit():
        return counts[count]
    return int(count) or 3


def counters(group):
    """Points that count groups, with drawn numbers."""
    found = {}
    for inner in group.get("groups", []):
        count = inner.get("count")
        if isinstance(count, str) and not count.isdigit():
            found[count] = 2
        found.update(counters(inner))
    return found


def drawn_model(chance, number, more):
    """Bytes of a model, with so many registers more (or fewer) than its definition has."""
    definition = device.get_model_def(number)["group"]
    data = laid_out(chance, definition, counters(definition))
    data = data + b"\xa5" * (2 * more) if more >= 0 else data[: 2 * more]
    return struct.pack(">HH", number, len(data) // 2 - 2) + data[4:]


def text_of(point):
    """The value that pysunspec2 reads, as an exact decimal."""
    value = point.value
    if value is None:
        return None
    scale = point.pdef.get("sf")
    if scale is None:
        return repr(value)
    power = point.sf_value
    if point.sf:
        source = point.group.points.get(point.sf) or point.model.points.get(point.sf)
        power = source.value
    if power is None:
        return None
    exact = decimal.Decimal(value).scaleb(power)
    assert math.isclose(float(exact), point.cvalue, rel_tol=1e-12, abs_tol=1e-12), point.pdef
    return str(exact)


def points(group, prefix, found):
    """All numbers of a decoded group by name."""
    for name, point in group.points.items():
        if point.pdef["type"] in NUMBERS:
            found[prefix + name.lower()] = text_of(point)
    for name, inner in group.groups.items():
        if isinstance(inner, list):
            for nth, one in enumerate(inner, 1):
                points(one, f"{prefix}{name.lower()}_{nth}_", found)
        else:
            points(inner, f"{prefix}{name.lower()}_", found)


def read_back(data, suffix):
    """Names and values of a model as pysunspec2 decodes it."""
    number, length = struct.unpack(">HH", data[:4])
    model = device.Model(model_id=number, model_len=length, data=data)
    found = {}
    points(model, f"m{number}_", found)
    found[f"m{number}_id"], found[f"m{number}_l"] = str(number), str(length)
    return {"model": number, "points": {name + suffix: value for name, value in found.items()}}


def write(folder, name, base, models):
    """One device: its image, and what is in it."""
    data = b"SunS"
    expected, seen = [], {}
    for model in models:
        data += model
        number = struct.unpack(">H", model[:2])[0]
        if model is not VENDOR:
            seen[number] = seen.get(number, 0) + 1
            suffix = "" if seen[number] == 1 else f"_{seen[number]}"
            expected.append(read_back(model, suffix))
    # Some devices have no register behind the number that ends the list; nor has this one.
    data += b"\xff\xff"
    words = [0] * base + list(struct.unpack(f">{len(data) // 2}H", data))
    image = "coils 0\ndiscrete 0\ninput 0\nholding " + " ".join(map(str, words)) + "\n"
    (folder / f"{name}.image").write_text(image, encoding="ascii")
    (folder / f"{name}.json").write_text(json.dumps(expected), encoding="ascii")


def from_file(path):
    """A device of pysunspec2's own tests, as registers."""
    made = []
    for values in json.loads(path.read_text(encoding="utf-8"))["models"]:
        if values["ID"] != 0xFFFF:
            model = device.Model(model_id=values["ID"], data=values)
            made.append(model.get_mb())
    return made


def main(folder, seed):
    """All models that are defined, in three devices, and the devices of pysunspec2's own tests."""
    folder, chance = pathlib.Path(folder), random.Random(int(seed))
    known = pathlib.Path(sunspec2.__file__).parent
    numbers = sorted(int(path.stem[6:]) for path in (known / "models" / "json").glob("model_*"))
    numbers = [number for number in numbers if number < 63000 and number != 1]
    third = -(-len(numbers) // 3)
    for part, base in enumerate([40000, 0, 50000]):
        models = [drawn_model(chance, 1, 0)]
        for number in numbers[part * third : (part + 1) * third]:
            models += [drawn_model(chance, number, 0), VENDOR]
        if part == 0:
            models += [drawn_model(chance, 103, more) for more in (4, -11)]
            models += [drawn_model(chance, 160, 0)]
        write(folder, f"part-{part}", base, models)
    for path in (known / "tests" / "test_data").glob("device_*.json"):
        write(folder, path.stem, 40000, from_file(path))


main(*sys.argv[1:])
