"""Prints the rows of all sheets of a workbook, as another program reads them, as JSON.

    sheet_rows.py REPORT.xlsx

Prints {sheet: [[cell, ..], ..]} with the results of formulas.
"""

import json
import sys

import openpyxl

book = openpyxl.load_workbook(sys.argv[1], data_only=True)
rows = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
json.dump(rows, sys.stdout, default=str)
