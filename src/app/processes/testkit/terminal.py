"""Runs a program at a terminal of its own, and answers its questions in turn: terminal.py ANSWERS PROGRAM [WORD ...]

ANSWERS is a JSON list; CTRL-C and CTRL-D are the keys. What the terminal shows goes to standard output.
"""

import json
import os
import pty
import re
import sys

answers = json.loads(sys.argv[1])
keys = {"CTRL-C": b"\x03", "CTRL-D": b"\x04"}
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
waiting = b""
while True:
    try:
        shown = os.read(terminal, 65536)
    except OSError:  # Linux says so where the other end is closed.
        break
    if not shown:
        break
    sys.stdout.buffer.write(shown)
    waiting += shown
    # A question ends with a colon and a space; the cursor is placed after it.
    if re.search(rb": (\x1b\[\d+G)?$", waiting) and answers:
        answer = answers.pop(0)
        os.write(terminal, keys.get(answer, answer.encode() + b"\r"))
        waiting = b""
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
