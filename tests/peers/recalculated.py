"""Lets LibreOffice compute all formulas of a workbook again, and compares every cell.

    recalculated.py REPORT.xlsx

The results that the file carries are taken out first, so that nothing but the formulas is left.
Prints {"formulas": {sheet: number}, "pages": printed pages, "smallest": type size of the print
in points, "unmarked": sheets of which a part is not printed without saying so, "text_counts":
cells of the tables of records with a count as a text, "faults": [..]} as JSON.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import openpyxl

# What another order of binary arithmetic may change.
SAME = 1e-9


def without_results(workbook, copy):
    """Copies a workbook without the results of its formulas."""
    with zipfile.ZipFile(workbook) as old, zipfile.ZipFile(copy, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.startswith("xl/worksheets/sheet"):
                data = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", data)
            new.writestr(item, data)


def convert(workbook, folder, kind):
    """Has LibreOffice load a workbook and save it in another format."""
    profile = folder / "profile"
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to",
         kind, "--outdir", str(folder / kind), str(workbook)],
        check=True, capture_output=True, timeout=300,
    )
    return next((folder / kind).iterdir())


def cells(workbook, values):
    book = openpyxl.load_workbook(workbook, data_only=values)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def smallest_type(pdf):
    """The smallest type of a PDF in points, to a third of a point."""
    zoom = 3
    answer = subprocess.run(
        ["pdftohtml", "-xml", "-zoom", str(zoom), "-stdout", "-i", "-hidden", str(pdf)],
        check=True, capture_output=True, text=True,
    )
    sizes = re.findall(r'<fontspec id="\d+" size="(-?\d+)"', answer.stdout)
    return round(min(map(int, sizes)) / zoom, 2)


def unmarked(workbook):
    """Sheets whose printed area ends before their last row or column, and whose footer does not say
    so. A sheet that is not printed at all is named on the first one."""
    found = []
    for sheet in openpyxl.load_workbook(workbook):
        if not sheet.print_area:
            continue
        area = sheet.print_area.rsplit("!", 1)[1].replace("$", "").rsplit(":", 1)[-1]
        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", area).groups()
        column = openpyxl.utils.column_index_from_string(letters)
        is_cut = row != "1000001" and (int(row) < sheet.max_row or column < sheet.max_column)
        if is_cut and "CSV" not in (sheet.oddFooter.center.text or ""):
            found.append(sheet.title)
    return found


def text_counts(workbook):
    """Counts of the tables of records, of issues and of entries that are texts."""
    book = openpyxl.load_workbook(workbook)
    named = ("Catatan program", "Programme records", "Perubahan", "Revised")
    return [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in book if sheet.title in named
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and re.fullmatch(r"\d+([.,]\d+)?", cell.value.strip())
    ]


def main():
    if shutil.which("soffice") is None:
        sys.exit("soffice is not there: tests/run installs libreoffice-calc")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        bare = folder / "bare.xlsx"
        without_results(sys.argv[1], bare)
        recalculated = cells(convert(bare, folder, "xlsx"), True)
        pdf = convert(bare, folder, "pdf")
        printed, smallest = pdf.read_bytes(), smallest_type(pdf)
    carried = cells(sys.argv[1], True)
    formulas, faults = {}, []
    for place, text in cells(sys.argv[1], False).items():
        if not (isinstance(text, str) and text.startswith("=")):
            continue
        sheet, cell = place
        formulas[sheet] = formulas.get(sheet, 0) + 1
        old, new = carried.get(place), recalculated.get(place)
        is_number = isinstance(old, (int, float)) and isinstance(new, (int, float))
        if not is_number or abs(old - new) > SAME * max(1e-9, abs(old)):
            faults.append(f"{sheet}!{cell} {text}: carries {old!r}, computed {new!r}")
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    json.dump(
        {
            "formulas": formulas,
            "pages": pages,
            "smallest": smallest,
            "unmarked": unmarked(sys.argv[1]),
            "text_counts": text_counts(sys.argv[1]),
            "faults": faults,
        },
        sys.stdout,
        indent=1,
    )
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
