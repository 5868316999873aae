"""Writes a workbook with openpyxl, which calculates nothing: its formulas have no results.

    unsaved_book.py FILE ledger|readings SEED

Prints JSON: the rows below the heading that hold anything, and the cells with formulas among those
that an import reads, in the order of rows and columns.
"""

import datetime
import json
import random
import sys

import openpyxl

path, kind, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
chance = random.Random(seed)
book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Isi"
START = datetime.datetime(2025, 11, 1)


def ledger_row(at):
    day = START + datetime.timedelta(days=at)
    quantity = chance.choice([4.5, 7, "12,5 kg", 0.25])
    return [day, "bsf-fed", quantity, "kg", "ditimbang", "Siti", None]


def readings_row(at):
    moment = START + datetime.timedelta(hours=at)
    return [moment, 100 + at / 2, chance.choice([None, "cek"])]


HEADINGS = {
    "ledger": ["Tanggal", "Indikator", "Jumlah", "Satuan", "Cara diketahui", "Oleh", "Catatan"],
    "readings": ["Waktu", "Energi (kWh)", "Catatan"],
}
READ = {"ledger": 7, "readings": 2}
row_of = {"ledger": ledger_row, "readings": readings_row}[kind]
sheet.append(HEADINGS[kind])
# One workbook in three has formulas, so that good files are seen too.
with_formulas = seed % 3 > 0
rows, cells = 0, []
for at in range(12):
    row = row_of(at)
    line = at + 2
    if chance.random() < 0.1:
        sheet.append([None] * len(row))
        continue
    for column in range(len(row)):
        if with_formulas and chance.random() < 0.15:
            row[column] = chance.choice(["=A1", "=SUM(A1:B9)", '=IF(A1="","",A1)', "=1+1"])
            if column < READ[kind]:
                cells.append(f"{openpyxl.utils.get_column_letter(column + 1)}{line}")
    sheet.append(row)
    rows += 1
book.save(path)
print(json.dumps({"rows": rows, "cells": cells}))
