"""Runs a command and says what it and everything below it used: measure.py COMMAND...

A process that detaches itself (a database server) is adopted here instead of by init, so that the
kernel's own account of waited-for children holds all of them. Linux only."""
import ctypes
import json
import os
import resource
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36

ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
started = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
code = child.wait()
seconds = time.monotonic() - started
try:
    while True:
        os.wait()
except ChildProcessError:
    pass  # Nobody is left.
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "code": code,
    "processSeconds": seconds,
    "userSeconds": usage.ru_utime,
    "systemSeconds": usage.ru_stime,
}), flush=True)
