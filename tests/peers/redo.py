"""Redoes every line of calculation of every figure of a period, with nothing of ours.

    redo.py EXPLAINED.json [--lang en|id]

EXPLAINED.json is what `pantau report PERIOD --explain all --json` prints. A line has its numbers
and its result; the numbers are evaluated here, and must give the result to its last printed digit.
A sum that is too long to be written out is added up from the parts of its inputs. A number that is
a sum over readings (running hours, sums of temperatures) must say of which parts, and those must
give it. An input that is another figure must have that figure's value, unless it says which part of
it counts. Prints {"figures", "lines", "sums", "without_value", "faults"} and ends with 0 when there
is no fault.
"""

import ast
import json
import math
import re
import sys
from decimal import Decimal

FUNCTIONS = {
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "acos": math.acos,
    "min": min,
    "max": max,
}
OPERATIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
# What reading the decimal numbers as binary ones may change.
BINARY = 1e-12


def value_of(node, names):
    """Value of a parsed expression; everything that is no arithmetic is refused."""
    if isinstance(node, ast.Expression):
        return value_of(node.body, names)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -value_of(node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        left, right = value_of(node.left, names), value_of(node.right, names)
        return OPERATIONS[type(node.op)](left, right)
    if isinstance(node, ast.Compare) and [type(op) for op in node.ops] == [ast.GtE]:
        return float(value_of(node.left, names) >= value_of(node.comparators[0], names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        of = [value_of(one, names) for one in node.args]
        return float(FUNCTIONS[node.func.id](*of))
    raise ValueError(ast.dump(node))


def expression(text):
    """Signs of the methods as Python writes them."""
    for sign, own in (("·", "*"), ("−", "-"), ("^", "**"), ("≥", ">="), ("π", repr(math.pi))):
        text = text.replace(sign, own)
    return text


def numbers_of(text, lang):
    """A line with its numbers, without units and thousands separators."""
    text = re.sub(r"\s*\[[^\]]*\]", "", text)
    thousands, decimal = (",", ".") if lang == "en" else (".", ",")
    text = re.sub(rf"(?<=\d)\{thousands}(?=\d{{3}})", "", text)
    text = re.sub(rf"(?<=\d)\{decimal}(?=\d)", ".", text)
    return expression(text.replace(";", ","))


def rows_of(symbols, inputs):
    """Rows of a long sum: the values of its symbols, one dictionary a row."""
    parts = {}
    for one in inputs:
        if one["symbol"] in symbols:
            listed = [part["value"] for part in one.get("parts", [])]
            known = parts.setdefault(one["symbol"], [])
            known.extend(listed or [one["value"]])
    length = max(len(listed) for listed in parts.values())
    for row in range(length):
        yield {
            safe(symbol): listed[row] if len(listed) > 1 else listed[0]
            for symbol, listed in parts.items()
        }


def safe(symbol):
    """A symbol as a name that Python reads."""
    def plain(letter):
        return letter if letter.isascii() and letter.isalnum() else f"_{ord(letter)}_"

    return "v" + "".join(plain(letter) for letter in symbol)


def redo_sum(line, inputs):
    body = line["symbols"].split("Σ", 1)[1].strip()
    symbols = set(re.findall(r"[^\W\d][\w′]*", body)) - FUNCTIONS.keys()
    named = re.sub(
        r"[^\W\d][\w′]*",
        lambda found: found[0] if found[0] in FUNCTIONS else safe(found[0]),
        body,
    )
    tree = ast.parse(expression(named), mode="eval")
    values = [value_of(tree, row) for row in rows_of(symbols, inputs)]
    if len(values) != line["rows"]:
        raise ValueError(f"{len(values)} rows, not {line['rows']}")
    return math.fsum(values)


def is_result(redone, line):
    """Whether a number is the result of a line to its last printed digit."""
    result = Decimal(repr(line["result"])).normalize()
    # At least seven digits are printed, but for zeros at the end.
    digits = max(7, len(result.as_tuple().digits))
    last = float(Decimal(10) ** (result.adjusted() + 1 - digits)) if result else 1e-7
    return abs(redone - float(result)) <= last * 0.500001 + BINARY * abs(redone)


def unfounded(inputs):
    """Sums over readings that are no sum of their parts."""
    for one in inputs:
        rule, value = one.get("rule") or "", one["value"]
        # The change of a level counts from a least step on, which is known at the end alone.
        if value is None or not rule.startswith("Σ") or "ΔV" in rule:
            continue
        parts = one.get("parts") or []
        if not parts:
            yield f"{one['symbol']} = {value} by {rule!r} is one number without parts"
        elif abs(math.fsum(part["value"] for part in parts) - value) > 1e-9 * max(1.0, abs(value)):
            yield f"{one['symbol']} = {value} is not the sum of its {len(parts)} parts"


def redo(figure, by_name, lang, count):
    """Faults of one figure."""
    of = figure["indicator"]
    where = f"{of['id']} {of['asset'] or 'site'}"
    if of["value"] is None:
        count["without_value"] += 1
        return
    if not figure["lines"]:
        yield f"{where}: no line of calculation for {of['equation']}"
        return
    for line in figure["lines"]:
        count["sums" if line["rows"] else "lines"] += 1
        try:
            if line["rows"]:
                redone = redo_sum(line, of["inputs"])
            else:
                tree = ast.parse(numbers_of(line["numbers"], lang), mode="eval")
                redone = value_of(tree, {})
        except (ValueError, KeyError, SyntaxError, ArithmeticError) as fault:
            yield f"{where}: {line['symbols']}: {line['numbers']}: {fault}"
            continue
        if not is_result(redone, line):
            yield f"{where}: {line['numbers']} gives {redone!r}, printed {line['text']}"
    last = figure["lines"][-1]["result"]
    if abs(last - of["value"]) > 1e-6 * abs(of["value"]):
        yield f"{where}: the last line gives {last}, the value is {of['value']}"
    yield from (f"{where}: {fault}" for fault in unfounded(of["inputs"]))
    for one in of["inputs"]:
        below = by_name.get((one["of"], one.get("asset")))
        if one["source"] != "indicator" or one.get("rule") or one.get("parts"):
            continue
        if below is None:
            yield f"{where}: {one['symbol']} is {one['of']} of {one.get('asset')}: no figure"
        elif one["value"] is not None and below["unit"] == one["unit"]:
            if abs(one["value"] - (below["value"] or 0.0)) > 1e-9 * abs(one["value"]):
                own, of = one["value"], below["value"]
                yield f"{where}: {one['symbol']} = {own}, but {one['of']} is {of}"


def main():
    lang = sys.argv[3] if sys.argv[2:3] == ["--lang"] else "en"
    with open(sys.argv[1], encoding="utf-8") as file:
        figures = json.load(file)
    by_name = {}
    for figure in figures:
        of = figure["indicator"]
        by_name[of["id"], of["asset"]] = of
    count = {"figures": len(figures), "lines": 0, "sums": 0, "without_value": 0}
    faults = [fault for figure in figures for fault in redo(figure, by_name, lang, count)]
    print(json.dumps({**count, "faults": faults}, ensure_ascii=False, indent=1))
    return bool(faults) or not count["lines"]


if __name__ == "__main__":
    sys.exit(main())
