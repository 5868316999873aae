"""Writes a workbook as spreadsheet programs do: units in the number format, dates of which a
program with the month first has swapped some, a dated row with a sum, or readings and entries that
are hidden from whoever looks at the sheet.

Usage: import_book.py KIND FILE
"""

import datetime
import sys

import openpyxl


def shown_units(sheet):
    """Power in kW by the number format, beside a heading in W."""
    sheet.append(["Waktu", "Daya (W)", "Daya"])
    for hour in range(3):
        sheet.append([datetime.datetime(2025, 11, 1, 10 + hour), 1.5 + hour, 1500 + hour])
        sheet.cell(sheet.max_row, 2).number_format = '0.0" kW"'
        sheet.cell(sheet.max_row, 3).number_format = '0.00," kW"'


def swapped_dates(sheet):
    """1 to 24 November 2025, read by a program that has the month first."""
    sheet.append(["Tanggal", "Daya (W)"])
    for day in range(1, 25):
        if day <= 12:
            sheet.append([datetime.datetime(2025, day, 11), 100 + day])
        else:
            sheet.append([f"{day:02}/11/2025", 100 + day])


def dated_sum(sheet):
    """Three hours, and their sum with the time of the last one."""
    sheet.append(["Waktu", "Daya (W)"])
    for hour in range(3):
        sheet.append([datetime.datetime(2025, 11, 1, 10 + hour), 1500 + hour])
    sheet.append([datetime.datetime(2025, 11, 1, 13), "=SUM(B2:B4)"])


def hours(sheet):
    """Five hours of a power."""
    sheet.append(["Waktu", "Daya (W)", "Catatan"])
    for hour in range(5):
        sheet.append([datetime.datetime(2025, 11, 1, 10 + hour), 1500 + hour, "x"])


def harvests(sheet):
    """Four harvests of a bin."""
    sheet.append(["Tanggal", "Indikator", "Jumlah", "Satuan", "Uraian", "Cara", "Petugas"])
    for day in range(1, 5):
        row = [datetime.date(2025, 11, day), "bsf-maggot", 2 + day, "kg", "bak-1"]
        sheet.append([*row, "ditimbang", "Siti"])


def hide_parts(sheet):
    """Two rows, and the column of the values."""
    for line in (3, 4):
        sheet.row_dimensions[line].hidden = True
    sheet.column_dimensions["C" if sheet["C1"].value == "Jumlah" else "B"].hidden = True


def hidden_parts(write):
    """What is written, with hidden rows and a hidden column."""

    def fill(sheet):
        write(sheet)
        hide_parts(sheet)

    return fill


def hidden_sheet(write):
    """What is written, on a hidden sheet beside one with a title alone."""

    def fill(sheet):
        sheet.append(["Laporan bulanan"])
        other = sheet.parent.create_sheet("Data")
        write(other)
        other.sheet_state = "hidden"

    return fill


KINDS = {
    "units": shown_units,
    "swapped": swapped_dates,
    "sum": dated_sum,
    "hidden-hours": hidden_parts(hours),
    "hidden-hours-sheet": hidden_sheet(hours),
    "hidden-harvests": hidden_parts(harvests),
    "hidden-harvests-sheet": hidden_sheet(harvests),
}

if __name__ == "__main__":
    book = openpyxl.Workbook()
    KINDS[sys.argv[1]](book.active)
    book.save(sys.argv[2])
