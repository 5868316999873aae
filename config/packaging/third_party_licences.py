"""Prints what others wrote that is inside the program, with their licences: fonts, scripts, crates.

Run by config/packaging/build, at the project's top. Licence texts are those that the authors ship;
a text that several share stands once.
"""

import json
import subprocess
from pathlib import Path

TEXT_NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE", "COPYRIGHT")
TEXT_SIZE_MAX = 200_000
TARGETS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu",
           "armv7-unknown-linux-gnueabihf")


def cargo(*arguments):
    """Standard output of a call of cargo that must succeed."""
    return subprocess.run(["cargo", *arguments], check=True, capture_output=True, text=True).stdout


def linked_crates():
    """Packages inside the program: name and version to the description of cargo."""
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--locked"))
    packages = {(p["name"], p["version"]): p for p in metadata["packages"]}
    tree = cargo("tree", "--locked", "--package", "gateway", "--edges", "normal", *(word for triple in TARGETS for word in ("--target", triple)),
                 "--prefix", "none", "--no-dedupe", "--format", "{p}")
    names = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    found = {(name, version.lstrip("v")) for name, version in names}
    return [packages[key] for key in sorted(found) if packages[key]["source"]]


def licence_texts(folder):
    """Texts of the licences in a folder, in the order of their names."""
    for path in sorted(folder.iterdir()):
        is_text = path.name.upper().startswith(TEXT_NAMES) or "LICENSE" in path.name.upper()
        if path.is_file() and is_text and path.stat().st_size <= TEXT_SIZE_MAX:
            yield path.read_text(errors="replace").strip()


def main():
    texts = {}
    print("What others wrote that is inside the program\n")
    assets = Path("gateway/assets")
    folders = [assets / "fonts", *sorted((assets / "vendor").iterdir())]
    owners = [(folder.name, "see below", folder) for folder in folders]
    owners += [(f"{p['name']} {p['version']}", p["license"] or p["license_file"],
                Path(p["manifest_path"]).parent) for p in linked_crates()]
    for name, licence, folder in owners:
        print(f"{name}: {licence}")
        for text in licence_texts(folder):
            texts.setdefault(" ".join(text.split()), (text, []))[1].append(name)
    for text, names in texts.values():
        print(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'-' * 80}\n{text}")


main()
