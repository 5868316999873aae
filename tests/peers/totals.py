"""Opens a report's workbook as somebody else's program does, and prints what it finds as JSON.

For every total: the sheet, the cell, the formula, the result that the file carries, and the
result computed here from the cells that the formula names. Totals are SUM and AVERAGE over a
range; words and empty cells are left out.
"""

import json
import re
import sys

import openpyxl

path = sys.argv[1]
formulas = openpyxl.load_workbook(path)
results = openpyxl.load_workbook(path, data_only=True)
totals, formula_like = [], []
for sheet in formulas:
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type != "f":
                if isinstance(cell.value, str) and cell.value[:1] in "=+-@":
                    formula_like.append([sheet.title, cell.coordinate, cell.value])
                continue
            total = re.fullmatch(r"=(SUM|AVERAGE)\((\w+:\w+)\)", cell.value)
            # Other formulas are those of calculations: recalculated.py has a spreadsheet do them.
            if total is None:
                continue
            name, area = total.groups()
            values = [c.value for (c,) in sheet[area] if isinstance(c.value, (int, float))]
            computed = sum(values) / (len(values) if name == "AVERAGE" else 1)
            totals.append({
                "sheet": sheet.title,
                "cell": cell.coordinate,
                "formula": cell.value,
                "carried": results[sheet.title][cell.coordinate].value,
                "computed": computed,
            })
sheets = {}
for sheet in results:
    cells = [c for row in sheet.iter_rows() for c in row if c.value is not None]
    sheets[sheet.title] = {
        "charts": len(sheet._charts),
        "freeze": sheet.freeze_panes,
        "numbers": [c.value for c in cells if isinstance(c.value, (int, float))],
        "dates": sum(c.is_date for c in cells),
        "texts": [c.value for c in cells if isinstance(c.value, str)],
    }
json.dump({"totals": totals, "sheets": sheets, "formula_like": formula_like}, sys.stdout)
