"""A reproduction shows what crossed the wire on both sides, headers included, and no secrets."""

from __future__ import annotations

from typing import Any

from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.reproduce import ReportedFailure
from hopcheck.reproduce.run import Reproduction
from hopcheck.reproduce.text import reproduction_text
from hopcheck_server.redaction import SecretRedactor


def message(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {"headers": [[name, value]], "body": "", "body_bytes": 0, **more}


EXCHANGE = {
    "side": "upstream",
    "exchange": 0,
    "at": 0.001,
    "reproduce": "",
    "request": message("X-Private", "sk-long-secret", method="POST", url="/v1/chat/completions"),
    "response": message("X-Given", "by the provider", status=200, ended="answered"),
    "events": [],
}


def test_an_attempt_has_the_headers_of_both_directions() -> None:
    verdict = Verdict("http.hop-by-hop", Outcome.DEVIATES, exchanges=(EXCHANGE,))
    failure = ReportedFailure("http.hop-by-hop[chat]", frozenset({"named by the client"}))
    lines = reproduction_text(Reproduction(failure, verdict, SecretRedactor(("sk-long-secret",)))).splitlines()
    assert lines[:4] == [
        "attempt at the provider, at 0.001 s: POST /v1/chat/completions",
        "  X-Private: [redacted]",
        "the provider answered: 200 (answered)",
        "  X-Given: by the provider",
    ]


def test_what_a_target_sends_does_not_steer_the_terminal() -> None:
    answer = {**EXCHANGE["response"], "body": "a\x1b[2Jb\x9bc\nd", "headers": [["X-\x07", "\x1b]0;owned"]]}
    verdict = Verdict("http.hop-by-hop", Outcome.DEVIATES, exchanges=({**EXCHANGE, "response": answer},))
    failure = ReportedFailure("http.hop-by-hop[chat]", frozenset())
    text = reproduction_text(Reproduction(failure, verdict, SecretRedactor(())))
    assert "\n  a\\x1b[2Jb\\x9bc\n  d\n" in text
    assert all(line.isprintable() for line in text.split("\n"))
