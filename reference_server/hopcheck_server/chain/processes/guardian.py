"""A small process between hopcheck and a server: it ends the server when hopcheck has ended, in any way.

Run as a script: `guardian.py GRACE_S COMMAND…`, started as the leader of its own process group. Standard input is the
lifeline: a pipe whose other end only hopcheck holds, so its end of file means "stop": `stop()` closes it, or the
kernel after a `kill -9`. Standard output carries the status (`pid N`, `exit N`, `failed REASON`, one per line);
standard error is the server's log.

The group's id is the guardian's own pid, so no other group can have it while the guardian is alive. It imports nothing
of hopcheck, and starts in a few milliseconds.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time


def report(word: str, value: object) -> None:
    """Write a status line to hopcheck, if that still reads."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), f"{word} {value}\n".encode())


def end_group_at_end_of_lifeline(grace_s: float) -> None:
    """Wait for the lifeline's end, then SIGTERM the group, and SIGKILL what is left of it after the grace."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace_s)  # the grace itself; if the server ends sooner, the main thread ends the group
    os.killpg(0, signal.SIGKILL)


def outlive_group_signals() -> None:
    """Survive the SIGTERM to our own group. A handler and not SIG_IGN, which the server would inherit."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


def main(grace_s: float, command: list[str]) -> int:
    """Start the command, report how it ends, and end the rest of its process group."""
    outlive_group_signals()
    try:
        # Both of the server's outputs go to the log, which is our standard error.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
    except OSError as error:
        report("failed", error)
        return 127
    report("pid", child.pid)
    threading.Thread(target=end_group_at_end_of_lifeline, args=(grace_s,), daemon=True).start()
    report("exit", child.wait())
    os.killpg(0, signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
