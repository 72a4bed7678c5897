"""Each check of a scenario can fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hopcheck.real_clients.client_run import ClientRun
from hopcheck.real_clients.scenarios import SCENARIOS, TEXT, Sighting
from hopcheck_server.upstream.journal.attempt import Attempt

from .scripted_client import ScriptedClient

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
RIGHT = ClientRun(exit_code=0, text=TEXT)
FAILED = ClientRun(exit_code=1, failure="529 the prompt is too long")


def attempts(*bodies: bytes, pause_s: float = 3.0) -> list[Attempt]:
    first = Attempt("m", "s", 1, "m", "POST", "/v1/messages", [], b"", 1, 0)
    return [replace(first, body=body, received_ns=int(at * pause_s * 1e9)) for at, body in enumerate(bodies)]


ONE, TWO = attempts(b""), attempts(b"", b"tool-ok-42")


@pytest.mark.parametrize(
    ("name", "run", "seen", "wrong"),
    [
        ("text", RIGHT, ONE, []),
        ("text", replace(RIGHT, exit_code=1), ONE, ["exit code"]),
        ("text", replace(RIGHT, exit_code=None), ONE, ["exit code"]),
        ("text", replace(RIGHT, text=TEXT * 2), ONE, ["answer"]),
        ("text", RIGHT, TWO, ["requests at the provider"]),
        ("slow", RIGHT, TWO, ["requests at the provider"]),
        ("tool", RIGHT, TWO, []),
        ("tool", RIGHT, ONE, ["requests with the tool's result"]),
        ("tool", RIGHT, attempts(b"", b""), ["requests with the tool's result"]),
        ("rate-limit", RIGHT, TWO, []),
        ("rate-limit", RIGHT, attempts(b"", b"", pause_s=1.9), ["pause before the second, in seconds"]),
        ("rate-limit", RIGHT, ONE, ["requests at the provider", "pause before the second, in seconds"]),
        ("overloaded", FAILED, ONE, []),
        ("overloaded", replace(FAILED, failure="500"), ONE, ["overload that is shown"]),
        ("overloaded", replace(FAILED, failure="Selected model is at capacity."), ONE, []),
        ("overloaded", FAILED, attempts(b"", b"", b"", b""), ["requests at the provider"]),
        ("cut", FAILED, ONE, []),
        ("cut", ClientRun(exit_code=0, text="half"), ONE, ["exit code", "failure that is shown"]),
        ("unfinished", replace(FAILED, exit_code=None), ONE, ["exit code"]),
        ("unfinished", replace(FAILED, failure=""), ONE, ["failure that is shown"]),
        ("too-long", FAILED, ONE, []),
        ("too-long", replace(FAILED, failure="400"), ONE, ["reason that is shown"]),
        ("too-long", FAILED, TWO, ["requests at the provider"]),
    ],
)
def test_what_is_wrong(name: str, run: ClientRun, seen: Sequence[Attempt], wrong: list[str]) -> None:
    findings = list(BY_NAME[name].judge(Sighting(ScriptedClient(), run, seen, retries=2)))
    assert [finding.check for finding in findings if not finding.ok] == wrong
    assert len({finding.check for finding in findings}) == len(findings)
