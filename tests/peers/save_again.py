"""Lets LibreOffice open a workbook and save it, as a person does who only looked at it.

    save_again.py REPORT.xlsx

Writes REPORT-saved.xlsx beside it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main():
    if shutil.which("soffice") is None:
        sys.exit("soffice is not there: tests/run installs libreoffice-calc")
    workbook = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        subprocess.run(
            ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless",
             "--convert-to", "xlsx", "--outdir", folder, str(workbook)],
            check=True, capture_output=True, timeout=300,
        )
        shutil.copy(Path(folder) / workbook.name,
                    workbook.with_name(f"{workbook.stem}-saved.xlsx"))


if __name__ == "__main__":
    sys.exit(main())
