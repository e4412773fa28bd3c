"""Runs a command in a terminal of its own: in_terminal.py COMMAND...

Closes the terminal at the first line of stdin, waits until the command has ended, and says on stdout how: the number of the
signal, 0 where it exited. Nobody reads what is written to the terminal."""
import json
import os
import pty
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
sys.stdin.readline()
os.close(terminal)
_, status = os.waitpid(pid, 0)
print(json.dumps({"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}), flush=True)
