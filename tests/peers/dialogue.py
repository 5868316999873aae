"""Runs a command on a terminal of its own and answers its questions one by one.

usage: dialogue.py QUESTION ANSWER [QUESTION ANSWER]... -- COMMAND...

An answer is typed once its question is on the screen; "^C" is Ctrl-C. Prints what the terminal
showed; the exit status is that of the command, or 99 when a question did not come.
"""

import os
import pty
import select
import signal
import sys
import time

# A search for devices may stand between two questions.
WAIT_S = 120

marker = sys.argv.index("--")
typed, command = sys.argv[1:marker], sys.argv[marker + 1 :]
child, terminal = pty.fork()
if child == 0:
    # What runs in the background of a shell ignores Ctrl-C, and so would the command.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)
shown = b""


def read_more(until):
    """Adds what the command shows; false when it has ended, or when the time is over."""
    global shown
    ready, _, _ = select.select([terminal], [], [], max(0, until - time.monotonic()))
    if not ready:
        return False
    try:
        more = os.read(terminal, 4096)
    except OSError:
        # Linux reports the end of the command as an error of its terminal.
        return False
    shown += more
    return bool(more)


seen, status = 0, None
for question, answer in zip(typed[::2], typed[1::2]):
    until = time.monotonic() + WAIT_S
    while (at := shown.find(question.encode(), seen)) < 0:
        if not read_more(until):
            status = 99
            break
    if status:
        break
    seen = at + len(question.encode())
    os.write(terminal, b"\x03" if answer == "^C" else (answer + "\n").encode())
if status:
    os.kill(child, 9)
until = time.monotonic() + WAIT_S
while read_more(until):
    pass
if time.monotonic() >= until:
    os.kill(child, 9)
sys.stdout.buffer.write(shown)
sys.stdout.flush()
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(status or ended)
