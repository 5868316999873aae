"""Writes a workbook as people keep one, with a row of sums at the end that has no word.

    sums_book.py FILE ledger|readings [stored]

openpyxl calculates nothing, so the sums have no results; with `stored`, LibreOffice computes them.
"""

import datetime
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl

path, kind = Path(sys.argv[1]), sys.argv[2]
book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Isi"
START = datetime.datetime(2025, 11, 1, 7)
if kind == "ledger":
    sheet.append(["Tanggal", "Indikator", "Jumlah (kg)", "Oleh", "Catatan"])
    for at in range(3):
        day = (START + datetime.timedelta(days=at)).date()
        sheet.append([day, "bsf-fed", 4.5 + at, "Siti", None])
    sheet.append([None, None, "=SUM(C2:C4)", None, None])
else:
    sheet.append(["Tanggal", "Jam", "Energi (kWh)"])
    for at in range(3):
        moment = START + datetime.timedelta(hours=at)
        sheet.append([moment.date(), moment.time(), 100.25 + at])
    sheet.append([None, None, "=SUM(C2:C4)"])
    sheet.append([None, None, "=AVERAGE(C2:C4)"])
book.save(path)
if sys.argv[3:] == ["stored"]:
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        subprocess.run(
            ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless",
             "--convert-to", "xlsx", "--outdir", folder, str(path.resolve())],
            check=True, capture_output=True, timeout=300,
        )
        (Path(folder) / path.name).replace(path)
