"""Unpacks a bundle into a folder.

    unpack.py BUNDLE.zip FOLDER
"""

import sys
import zipfile

zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])
