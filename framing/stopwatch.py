"""Times a command from a small process, so that its memory is counted apart from ours.

A script, and free of imports of the package: a process counts as its own the memory that its parent
held when it started it. `python stopwatch.py COMMAND…` prints the seconds to the command's first
line, and its greatest resident memory in bytes (0 where the system does not tell).
"""

import os
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    """Run a command and print what it took; return its exit status."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
        process.stdout.read()
        peak = wait(process)
    if line:
        print(seconds, peak)  # noqa: T201
    return process.returncode


def wait(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a process; return its greatest resident memory in bytes, 0 if that is not told."""
    if not hasattr(os, "wait4"):
        process.wait()
        return 0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return int(usage.ru_maxrss) * unit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
