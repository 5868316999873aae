"""Writes a workbook as staff keep it: a title sheet first, real dates and numbers, a text number.

    ledger_book.py FILE good|bad
"""

import datetime
import sys

import openpyxl

book = openpyxl.Workbook()
book.active.title = "Sampul"
book.active["A1"] = "Laporan program"
sheet = book.create_sheet("Catatan")
sheet.append(["Tanggal", "Indikator", "Jumlah", "Satuan", "Cara diketahui", "Oleh"])
# The sum is 12.3 only to the fifteen digits that a spreadsheet shows.
day = datetime.date(2025, 11, 21)
sheet.append([day, "bsf-maggot", 4.1 + 8.2, "kg", "ditimbang", "Siti"])
moment = datetime.datetime(2025, 11, 21, 14, 30)
sheet.append([moment, "belt-waste", 12.5, "kg", "ditimbang", "Budi"])
sheet.append(["22/11/2025", "belt-saved", "Rp 2.500.000", "Rp", "dinyatakan", "Budi"])
if sys.argv[2] == "bad":
    sheet.append([day, "bsf-fed", -3, "kg", "ditimbang", "Siti"])
    sheet.append([day, "batk", 3, "pcs", "dihitung", "Siti"])
book.save(sys.argv[1])
