"""Copies an evidence bundle with one row changed, and nothing else made to fit.

    change_row.py BUNDLE.zip COPY.zip NAME NUMBER

NUMBER is the position of the row in the file, from 0, or from the end when negative. The value of
a reading, or the quantity of an entry, becomes larger by a quarter, which a
counter can have grown by in ten minutes.
"""

import json
import sys
import zipfile

STEP = 0.25


def changed(name, row):
    if name.endswith(".jsonl"):
        entry = json.loads(row)
        entry["quantity"] = str(float(entry["quantity"]) + STEP)
        return json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
    time, value, rest = row.split(",", 2)
    return f"{time},{float(value) + STEP},{rest}"


bundle, copy, wanted, number = sys.argv[1:]
with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as new:
    for name in old.namelist():
        data = old.read(name)
        if name == wanted:
            rows = data.decode().splitlines()
            rows[int(number)] = changed(name, rows[int(number)])
            data = "".join(row + "\n" for row in rows).encode()
        new.writestr(name, data)
    new.comment = old.comment
