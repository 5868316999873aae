"""Saves a workbook again with openpyxl, and writes 999 over the first cell with a number.

    edit_workbook.py BOOK.xlsx EDITED.xlsx NUMBER
"""

import sys

import openpyxl

book, edited, number = sys.argv[1:]
sheets = openpyxl.load_workbook(book, data_only=True)
cells = (cell for sheet in sheets for row in sheet.iter_rows() for cell in row)
for cell in cells:
    if number != "0" and isinstance(cell.value, float) and cell.value == float(number):
        cell.value = 999
        break
sheets.save(edited)
