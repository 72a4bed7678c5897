"""Runs hopcheck's commands in forks of a process that has imported them, which is most of the work of a short run."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

COMMANDS = ("hopcheck.cli.gate", "hopcheck.cli.record", "hopcheck.cli.reproduce", "hopcheck_load.cli.command")


class Running:
    """A command that runs.

    Attributes:
        out: A file descriptor that has what it writes, on stdout and stderr.
        pid: Of its process.
    """

    def __init__(self, server: socket.socket, pid: int, out: int) -> None:
        self.out = out
        self._server = server
        self.pid = pid
        self._has_ended = False

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if not self._has_ended:
            os.kill(self.pid, number)

    def wait(self) -> tuple[int, float]:
        """Wait for its end; returns the exit code and the most memory that it had, in MiB."""
        code, rss_kib = json.loads(self._server.recv(1000))
        self._has_ended = True
        os.close(self.out)
        return code, rss_kib / 1024

    def kill(self) -> None:
        """End it, if it hasn't ended; who follows it sees the end of what it writes."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """A process that has imported hopcheck, and runs one command after another, each in a fork."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [sys.executable, "-m", "tests.hostile.fork_server", str(theirs.fileno())]
        self._process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()

    def start(self, words: list[str], variables: dict[str, str], folder: Path) -> Running:
        """Start `hopcheck WORDS` in a folder, with these variables in its environment."""
        out, written = os.pipe()
        socket.send_fds(self._ours, [json.dumps([words, variables, str(folder)]).encode()], [written])
        os.close(written)
        return Running(self._ours, json.loads(self._ours.recv(1000)), out)

    def close(self) -> None:
        """End the server."""
        self._ours.close()
        self._process.wait()


@cache
def fork_server() -> ForkServer:
    """Return the server of this process, which ends with it."""
    server = ForkServer()
    atexit.register(server.close)
    return server


def main() -> None:
    """Serve, on the socket whose number is given."""
    from hopcheck.client.sdk import load_sdk
    from hopcheck.gate.catalogue import all_cases
    from hopcheck_contracts.documents import surface_of

    for module in COMMANDS:
        import_module(module)
    all_cases()
    load_sdk()
    surface_of("/")  # reads all contracts
    server = socket.socket(fileno=int(sys.argv[1]))
    while True:
        request, fds, _, _ = socket.recv_fds(server, 100_000, 1)
        if not request:
            return
        pid = os.fork()
        if not pid:
            server.close()
            sys.exit(_run_command(fds[0], *json.loads(request)))
        os.close(fds[0])
        server.send(json.dumps(pid).encode())
        _, status, usage = os.wait4(pid, 0)
        server.send(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss]).encode())


def _run_command(out: int, words: list[str], variables: dict[str, str], folder: str) -> int:
    from hopcheck.cli import main as hopcheck_main

    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    # Python's own objects remember what kind of file they were opened on.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.update(variables)
    os.chdir(folder)
    return hopcheck_main(words)


if __name__ == "__main__":
    main()
