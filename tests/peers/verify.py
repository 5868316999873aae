"""Checks an evidence bundle by docs/evidence.md alone, with nothing of ours.

    verify.py BUNDLE.zip

Prints {"good": .., "first": .., "days": .., "digest": ..} and ends with 0 or 1.
"""

import hashlib
import json
import sys
import zipfile
import zlib

NONE = "0" * 64
TABLES = ("ledger", "issued", "issued-files", "imports", "stretches", "replaced", "redated")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def fields(text):
    """A record as its keys; a key may come more than once."""
    lines = text.split("\n")
    if lines[0] not in ("pantau-digest 1", "pantau-digest 2") or lines[-1] != "":
        raise ValueError("not a record")
    found = {}
    for line in lines[1:-1]:
        key, _, rest = line.partition(" ")
        found.setdefault(key, []).append(rest)
    return found


class Check:
    def __init__(self, path):
        self.faults = []
        data = open(path, "rb").read()
        self.zip = zipfile.ZipFile(path)
        if self.zip.comment != b"pantau-bundle sha256 " + sha256(data[:-64]).encode():
            self.fault(None, "archive")
        manifest = json.loads(self.zip.read("manifest.json"))
        self.about = manifest["about"]
        if self.about["format"] != "pantau-bundle 3":
            self.fault(None, "format")
        self.files = {one["name"]: one for one in manifest["files"]}
        if sorted(self.zip.namelist()) != sorted([*self.files, "manifest.json"]):
            self.fault(None, "names")
        self.newest = {}
        self.rows = {table: [] for table in TABLES}
        self.texts = {}
        self.by_id = {}

    def fault(self, day, what):
        self.faults.append((day or "9999", what))

    def read(self, name):
        try:
            data = self.zip.read(name)
        except (KeyError, zipfile.BadZipFile, ValueError, zlib.error) as error:
            self.fault(None, f"{name}: {error}")
            return b""
        said = self.files.get(name, {})
        if said.get("sha256") != sha256(data) or said.get("bytes") != len(data):
            self.fault(None, name)
        return data

    def chain(self):
        before, number, head = NONE, 0, ""
        for line in self.read("digests.jsonl").decode().splitlines():
            digest = json.loads(line)
            number += 1
            head = digest["sha256"]
            day = digest["day"]
            record = fields(digest["record"])
            same = (
                sha256(digest["record"].encode()) == head
                and record["day"] == [day]
                and record["number"] == [str(number)] == [str(digest["number"])]
                and record["before"] == [before]
                and int(record["revision"][0]) == self.revision(day) + 1
            )
            if not same:
                self.fault(day, "record")
            before = head
            for table in TABLES:
                if record["revision"] == ["1"] and table in record:
                    first, last, digits = record[table][0].split(" ")
                    self.rows[table].append((int(first), int(last), digits, day))
            self.newest[day] = record
            for kind in ("configuration", "factors", "calibrations"):
                for text in record.get(kind, []):
                    number_of, _, digits = text.split(" ")
                    known = self.texts.setdefault((kind, number_of), (digits, day))
                    if known[0] != digits:
                        self.fault(day, kind)
        if head != self.about["head"]:
            self.fault(None, "head")
        return head

    def revision(self, day):
        return int(self.newest[day]["revision"][0]) if day in self.newest else 0

    def entries(self, table):
        lines = self.read(f"{table}.jsonl").splitlines(keepends=True)
        by_id = {json.loads(line)["id"]: line for line in lines}
        through = 0
        for first, last, digits, day in self.rows[table]:
            those = b"".join(by_id.get(one, b"") for one in range(first, last + 1))
            if first != through + 1 or sha256(those) != digits:
                self.fault(day, table)
            through = last
        # Rows behind the last record: nothing but their numbers can be checked.
        if [json.loads(line)["id"] for line in lines] != list(range(1, len(lines) + 1)):
            self.fault(None, table)
        self.by_id[table] = by_id

    def numbers(self):
        """Texts have numbers without gaps, and there is at least one of each."""
        for kind, least in (("configuration", 1), ("factors", 1), ("calibrations", 0)):
            there = [name for name in self.files if name.startswith(kind + "/")]
            ids = sorted(int(name.split("/")[1].split(".")[0]) for name in there)
            if ids != list(range(1, len(ids) + 1)) or len(ids) < least:
                self.fault(None, kind)

    def reports(self):
        """What a JSON report said when it was made is what the bundle has."""
        for name in self.files:
            if not (name.startswith("report/") and name.endswith(".json")):
                continue
            for line in json.loads(self.read(name))["evidence"]["open"]:
                word, *rest = line.split(" ")
                if word in TABLES:
                    ids = range(int(rest[0]), int(rest[1]) + 1)
                    data = b"".join(self.by_id[word].get(one, b"") for one in ids)
                else:
                    ending = "json" if word == "calibrations" else "toml"
                    data = self.read(f"{word}/{rest[0]}.{ending}")
                if sha256(data) != rest[-1]:
                    self.fault(None, f"{name}: {word}")

    def revisions(self):
        for (kind, number), (digits, day) in self.texts.items():
            ending = "json" if kind == "calibrations" else "toml"
            if sha256(self.read(f"{kind}/{number}.{ending}")) != digits:
                self.fault(day, kind)

    def samples(self):
        first, last = self.about["first"], self.about["last"]
        wanted = {}
        days = 0
        for day in sorted(self.newest):
            near = day in self.about["before"] or day in self.about["after"]
            if not (near or first <= day <= last) or day in self.about["gone"]:
                continue
            days += 1
            for line in self.newest[day].get("samples", []):
                point, count, digits = line.split(" ")[:3]
                wanted.setdefault(point, []).append((day, int(count), digits))
        for point, parts in wanted.items():
            rows = self.read(f"samples/{point}.csv").splitlines(keepends=True)
            if rows[:1] != [b"time,value,quality,reason\n"]:
                self.fault(parts[0][0], point)
            at = 1
            for day, count, digits in parts:
                if sha256(b"".join(rows[at : at + count])) != digits:
                    self.fault(day, point)
                    break
                at += count
            else:
                if at != len(rows):
                    self.fault(parts[-1][0], point)
        named = {f"samples/{point}.csv" for point in wanted}
        for name in self.files:
            if name.startswith("samples/") and name not in named:
                self.fault(None, name)
        return days

    def closing(self):
        """The readings of the moment at which the period ends: one for each point."""
        last = self.about["last"]
        end = self.newest[last]["to"][0] if last in self.newest else ""
        for name in self.files:
            if name.startswith("closing/"):
                rows = self.read(name).decode().splitlines()
                good = len(rows) == 2 and rows[0] == "time,value,quality,reason"
                good = good and rows[1].startswith(end + ",")
                if not good or self.about["after"]:
                    self.fault(None, name)

    def rest(self):
        for name in self.files:
            self.read(name)


def main():
    check = Check(sys.argv[1])
    head = check.chain()
    for table in TABLES:
        check.entries(table)
    check.revisions()
    check.numbers()
    check.reports()
    days = check.samples()
    check.closing()
    check.rest()
    first = min((day for day, _ in check.faults), default=None)
    first = None if first == "9999" else first
    good = not check.faults
    print(json.dumps({"good": good, "first": first, "days": days, "digest": head}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
