"""Computes the growth of a counter over the period of a bundle by docs/evidence.md alone.

    closing.py BUNDLE.zip POINT

Prints {"first": .., "last": .., "growth": .., "rows_within": ..}: last good reading at or before
the start of the period, the same for its end, their difference, and the difference of the
readings within the period only.
"""

import csv
import io
import json
import sys
import zipfile
from datetime import datetime
from decimal import Decimal


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def bounds(bundle, about):
    """First moment of the first day, and first moment after the last day."""
    start = end = None
    for line in bundle.read("digests.jsonl").decode().splitlines():
        digest = json.loads(line)
        lines = (line.partition(" ") for line in digest["record"].split("\n"))
        record = {key: rest for key, _, rest in lines}
        if digest["day"] == about["first"]:
            start = moment(record["from"])
        if digest["day"] == about["last"]:
            end = moment(record["to"])
    return start, end


def main():
    bundle = zipfile.ZipFile(sys.argv[1])
    about = json.loads(bundle.read("manifest.json"))["about"]
    start, end = bounds(bundle, about)
    rows = []
    for folder in ("samples", "closing"):
        name = f"{folder}/{sys.argv[2]}.csv"
        if name in bundle.namelist():
            rows += csv.DictReader(io.StringIO(bundle.read(name).decode()))
    rows = [row for row in rows if row["quality"] == "good"]
    good = [(moment(row["time"]), Decimal(row["value"])) for row in rows]
    first = [value for at, value in good if at <= start][-1]
    last = [value for at, value in good if at <= end][-1]
    within = [value for at, value in good if start <= at < end]
    print(
        json.dumps(
            {
                "first": float(first),
                "last": float(last),
                "growth": float(last - first),
                "rows_within": float(within[-1] - within[0]),
            }
        )
    )


if __name__ == "__main__":
    main()
