"""Copies a bundle and changes one digit of one of its files.

    change_bundle.py BUNDLE.zip CHANGED.zip NAME
"""

import sys
import zipfile

bundle, changed, name = sys.argv[1:]
with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(changed, "w") as new:
    for entry in old.infolist():
        data = bytearray(old.read(entry))
        if entry.filename == name:
            # The last digit of the first line: a row that is still a row.
            line = data.index(b"\n")
            place = max(at for at in range(line) if chr(data[at]).isdigit())
            data[place] ^= 1
        new.writestr(entry, bytes(data))
    new.comment = old.comment
