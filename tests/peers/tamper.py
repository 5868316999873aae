"""Changes a store past the program, as somebody with the file and SQLite would.

    tamper.py FILE.db SQL
"""

import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
locks = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
for (name,) in locks:
    db.execute(f"DROP TRIGGER {name}")
changed = db.execute(sys.argv[2]).rowcount
db.commit()
sys.exit(0 if changed > 0 else 1)
