#!/usr/bin/env python3
"""Measures how easily a stranger finds his way in a Rust repository: names, comments, commits.

Usage: tests/house_report.py [FOLDER ...]

Prints one row a measure and one column a folder (default: this project), so that two repositories are
measured by the same rules. It is a report, not a gate; the two rules that hold are in tests/suite/tidy.rs.

- shared type names: types (struct, enum, trait, union) whose name another type of the tree has too, %
- one-word names: types without a second capitalised word, functions without an underscore, %
- What/How/Who: doc blocks whose first word is one of these, %
- doc words: mean number of words of a doc block
- why lines: lines of plain `//` comments in all lines that are not blank, %
- commits with a body: of those that are no merges, %
"""
import pathlib
import re
import subprocess
import sys
from collections import Counter

TYPE = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:struct|enum|trait|union)\s+([A-Z]\w*)")
FUNCTION = re.compile(
    r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:default\s+)?(?:const\s+)?(?:async\s+)?(?:unsafe\s+)?"
    r'(?:extern\s+"[^"]*"\s+)?fn\s+([a-z_]\w*)'
)
DOC = re.compile(r"^\s*//[/!](?!/) ?(.*)$")
WHY = re.compile(r"^\s*//(?![/!])")
QUESTION = re.compile(r"^(What|How|Who|Whom|Whose)\b")


def git(folder, *arguments):
    """Output of a git command in that folder."""
    return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True).stdout


def share(part, whole):
    """Percentage with one decimal; a dash where there is nothing to count."""
    return f"{100 * part / whole:.1f}" if whole else "-"


def doc_blocks(lines):
    """Texts of consecutive doc comment lines."""
    block = []
    for line in [*lines, ""]:
        found = DOC.match(line)
        if found:
            block.append(found.group(1))
        elif block:
            yield " ".join(block).strip()
            block = []


def measure(folder):
    """All measures of one repository, by their name."""
    types, functions, docs = [], [], []
    lines_all = why = 0
    for name in git(folder, "ls-files", "*.rs").splitlines():
        lines = (pathlib.Path(folder) / name).read_text(errors="replace").splitlines()
        types += [found.group(1) for line in lines if (found := TYPE.match(line))]
        functions += [found.group(1) for line in lines if (found := FUNCTION.match(line))]
        docs += doc_blocks(lines)
        lines_all += sum(bool(line.strip()) for line in lines)
        why += sum(bool(WHY.match(line)) for line in lines)
    times = Counter(types)
    bodies = git(folder, "log", "--no-merges", "--format=%b%x00").split("\0")[:-1]
    return {
        "types": str(len(types)),
        "shared type names, %": share(sum(n for n in times.values() if n > 1), len(types)),
        "one-word type names, %": share(sum(not re.search(r".[A-Z]", name) for name in types), len(types)),
        "functions": str(len(functions)),
        "one-word function names, %": share(sum("_" not in name.strip("_") for name in functions), len(functions)),
        "doc blocks that begin What/How/Who, %": share(sum(bool(QUESTION.match(doc)) for doc in docs), len(docs)),
        "mean words of a doc block": f"{sum(len(doc.split()) for doc in docs) / max(len(docs), 1):.1f}",
        "`//` lines, %": share(why, lines_all),
        "commits with a body, %": share(sum(bool(body.strip()) for body in bodies), len(bodies)),
    }


def main():
    folders = sys.argv[1:] or [str(pathlib.Path(__file__).resolve().parent.parent)]
    columns = [measure(folder) for folder in folders]
    print("| | " + " | ".join(pathlib.Path(folder).name for folder in folders) + " |")
    print("|---|" + "---|" * len(folders))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


if __name__ == "__main__":
    main()
