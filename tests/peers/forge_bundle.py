"""Copies a bundle, changes one digit of one of its files, and makes manifest and comment anew.

    forge_bundle.py BUNDLE.zip FORGED.zip NAME
"""

import hashlib
import json
import sys
import zipfile

bundle, forged, name = sys.argv[1:]
with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(forged, "w") as new:
    manifest = json.loads(old.read("manifest.json"))
    for entry in manifest["files"]:
        data = bytearray(old.read(entry["name"]))
        if entry["name"] == name:
            place = max(at for at in range(len(data)) if chr(data[at]).isdigit())
            data[place] ^= 1
            entry["sha256"] = hashlib.sha256(data).hexdigest()
        new.writestr(entry["name"], bytes(data))
    new.writestr("manifest.json", json.dumps(manifest))
    new.comment = b"pantau-bundle sha256 " + b"0" * 64
with open(forged, "r+b") as file:
    data = file.read()
    file.seek(-64, 2)
    file.write(hashlib.sha256(data[:-64]).hexdigest().encode())
