"""The page of adjudicated red lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.adjudication.__main__ import main

EXCHANGES = [
    {
        "side": "client",
        "exchange": 0,
        "request": {"method": "POST", "url": "http://127.0.0.1:1/v1/chat/completions", "body": "asked"},
        "response": {"status": 200, "headers": [["Content-Type", "text/plain"], ["X-A", "1"]], "body": "got"},
    },
    {
        "side": "upstream",
        "exchange": 0,
        "request": {"method": "POST", "path": "/v1/chat/completions", "body": "forwarded"},
        "response": {"status": 500, "headers": [], "body": "given"},
        "ended": "answered",
    },
]


def case(name: str, outcome: str, untestable_by: str = "") -> dict[str, Any]:
    finding = {"check": "status", "ok": False, "level": "MUST", "expected": 500, "actual": 200}
    return {
        "id": name, "operation": "chat", "outcome": outcome, "untestable_by": untestable_by, "level": "MUST",
        "requirement": "An error stays one.", "reason": "", "findings": [finding], "exchanges": EXCHANGES,
    }  # fmt: skip


CAUSE = {
    "check": "contract.response", "cause": "error is missing", "outcome": "deviates", "level": "MUST", "count": 2,
    "requirement": "Responses keep the contract.",
    "examples": [{"case": "a.one", "detail": "POST 500", "exchanges": EXCHANGES}],
}  # fmt: skip
REPORT = {
    "started": "2026-11-29T20:00:00Z",
    "causes": [CAUSE, {**CAUSE, "outcome": "advisory"}],
    "cases": [case("a.one", "deviates"), case("a.two", "untestable", "acceptance: x"), case("a.three", "conforms")],
}
ABOUT = 'name = "A gateway"\nconfiguration = "As it comes."\ncommand = "run it"\n'


def red(line: str, judgement: str = "true") -> str:
    return f'[[red]]\nline = "{line}"\njudgement = "{judgement}"\nreason = "Anybody."\n'


BOTH = red("contract.response: error is missing") + red("a.one[chat]", "disputable")


@pytest.fixture
def adjudicate(tmp_path, capsys):
    def run(judgements: str) -> tuple[int, str, str]:
        (tmp_path / "judgements").mkdir()
        (tmp_path / "judgements" / "one.toml").write_text(ABOUT + judgements)
        (tmp_path / "one.json").write_text(json.dumps(REPORT))
        code = main([str(tmp_path), "--judgements", str(tmp_path / "judgements")])
        return code, *capsys.readouterr()

    return run


def test_each_line_has_its_requirement_wire_log_and_judgement(adjudicate) -> None:
    code, page, _ = adjudicate(BOTH)
    assert code == 0
    assert "| A gateway | 2026-11-29 | 2 | 1 | 1 | 0 | 0 |" in page
    assert "Of 2 red lines, 1 are true (50 %)." in page
    assert "MUST: An error stays one. Seen: `status: expected 500, got 200`" in page
    assert "client → gateway: POST /v1/chat/completions asked" in page
    assert "gateway → client: 200 text/plain () got" in page
    assert "gateway → provider: POST /v1/chat/completions forwarded" in page
    assert "**disputable**: Anybody." in page


@pytest.mark.parametrize(
    ("judgements", "complaint"),
    [
        (red("a.one[chat]"), "not judged ['contract.response: error is missing']"),
        (BOTH + red("a.two[chat]"), "no such line ['a.two[chat]']"),
        (red("contract.response: error is missing") + red("a.one[chat]", "so-so"), "'so-so' is none of true"),
    ],
)
def test_lines_and_judgements_belong_together(adjudicate, judgements: str, complaint: str) -> None:
    code, page, errors = adjudicate(judgements)
    assert (code, page) == (1, "")
    assert complaint in errors
