"""Runs a command on a terminal of its own and types answers into it.

usage: terminal.py ANSWER... -- COMMAND...

Prints what the terminal showed; the exit status is that of the command.
"""

import os
import pty
import sys

marker = sys.argv.index("--")
answers, command = sys.argv[1:marker], sys.argv[marker + 1 :]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
# The terminal keeps the lines until the command reads them.
os.write(terminal, "".join(answer + "\n" for answer in answers).encode())
shown = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        # Linux reports the end of the command as an error of its terminal.
        break
    if not more:
        break
    shown += more
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
