"""The commands that face hostile servers: their words, the exit codes that they may have, the sentences they owe."""

from __future__ import annotations

import datetime
import re
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding
from hopcheck.client.config import TargetConfig
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.catalogue import all_cases, by_key, select
from hopcheck.report.build import build, report_text
from hopcheck.report.run_summary import RunSummary
from hopcheck_server.private_files import write_whole
from tests.hostile.fork_server import Running

KEY = "sk-canary-7f3aQ91bZx0LmK22"

Follow = Callable[[Running, bytes], None]
"""Is called with a process whenever it has written something, and all that it wrote."""

Words = Callable[[str, Path, int], list[str]]
"""Makes a command's words of a server's URL, the path of a report, and a provider's port."""


def watch_only(_process: Running, _written: bytes) -> None:
    """Do nothing about what a process writes."""


@dataclass(frozen=True)
class Victim:
    """A command that faces a hostile server.

    Attributes:
        words: See `Words`.
        codes: The exit codes that it may have.
        max_rss_mib: The most memory that it may have.
        sentence: What it owes its user, as a pattern.
        follow: Does what its user does.
    """

    words: Words
    codes: tuple[int, ...] = (1, 3)
    max_rss_mib: float = 300
    sentence: str = r'hopcheck: |"schema"'
    follow: Follow = watch_only


def _gate(url: str, report: Path, _port: int) -> list[str]:
    bounds = ["--one-sided", "--deadline", "10", "--jobs", "8"]
    return ["gate", url, *bounds, "--api-key-env", "HOSTILE_KEY", "--json", str(report)]


def _fuzz(url: str, report: Path, port: int) -> list[str]:
    return [*_gate(url, report, port), "--select", "chat.*", "--select", "fuzz.*", "--fuzz", "40", "--fuzz-time", "5"]


def _load(url: str, report: Path, port: int) -> list[str]:
    return ["load", f"{url},HOSTILE_KEY", "--quick", "--upstream-port", str(port), "--json", str(report)]


def _reproduce(url: str, report: Path, _port: int) -> list[str]:
    """A case that failed once on this server, asked again."""
    config = TargetConfig(name="t", base_url=url, api_key=KEY, api_key_env="HOSTILE_KEY")
    run = RunSummary(started=datetime.datetime.now(datetime.UTC), duration_s=1.0, selected=1, one_sided=True)
    failing = Verdict("chat.schema", Outcome.DEVIATES, findings=(Finding("schema", False, "it", "another"),))
    write_whole(report, report_text(build([failing], _cases(), config, run)))
    return ["reproduce", str(report), "chat.schema", "--read-timeout", "2"]


@cache
def _cases() -> Mapping[str, Case]:
    return {**all_cases(), **by_key(select(all_cases().values()))}


def _record(url: str, report: Path, _port: int) -> list[str]:
    return ["record", "--between", "http://127.0.0.1:0", url.removesuffix("/v1"), "--out", str(report.parent)]


_RECORDING = re.compile(rb"recording http://127\.0\.0\.1:(\d+) ")
_READS_S = 2.0


def _use_recording(process: Running, written: bytes) -> None:
    """Ask once through the recording, read for a while, and end it."""
    if (ready := _RECORDING.search(written)) and b"saved" not in written:
        with suppress(OSError):
            _ask(int(ready[1]))
        process.send_signal(signal.SIGINT)


def _ask(port: int) -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    fields = f"Host: h\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}"
    ends_s = time.monotonic() + _READS_S
    with socket.create_connection(("127.0.0.1", port), timeout=_READS_S) as connection:
        connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body)
        while time.monotonic() < ends_s and connection.recv(1 << 20):
            connection.settimeout(max(0.01, ends_s - time.monotonic()))


VICTIMS = {
    "gate": Victim(_gate),
    "fuzz": Victim(_fuzz, max_rss_mib=400),  # the first one makes tables of Unicode, whatever the server does
    "load": Victim(_load),
    "reproduce": Victim(_reproduce, (0, 1, 3), sentence=r"hopcheck: |fails again|holds now|can't be asked now"),
    "record": Victim(_record, (0,), sentence=r"(?m)^saved ", follow=_use_recording),
}
