"""The comparison of two gate reports."""

from __future__ import annotations

import json

import pytest

from tools.compare_reports import main


def report(**outcomes: str) -> dict:
    findings = {"deviates": [{"check": "status", "ok": False}], "conforms": [{"check": "status", "ok": True}]}
    cases = [{"id": f"chat.{name}", "outcome": one, "findings": findings[one]} for name, one in outcomes.items()]
    return {"cases": cases}


@pytest.fixture
def compare(tmp_path, capsys):
    def run(old: dict, new: dict, renamed: dict | None = None) -> tuple[int, list[str]]:
        files = {"old": old, "new": new, "map": renamed or {}}
        for name, content in files.items():
            (tmp_path / name).write_text(json.dumps(content))
        code = main([str(tmp_path / "old"), str(tmp_path / "new"), "--map", str(tmp_path / "map")])
        return code, capsys.readouterr().out.splitlines()

    return run


def test_reports_with_the_same_verdicts(compare):
    assert compare(report(a="conforms"), report(a="conforms")) == (0, [])


def test_a_case_that_is_renamed_is_the_same(compare):
    assert compare(report(a="deviates"), report(b="deviates"), {"chat.a": "chat.b"}) == (0, [])


def test_a_different_outcome_is_printed(compare):
    line = "chat.a: conforms -> deviates (status)"
    assert compare(report(a="conforms", b="conforms"), report(a="deviates", b="conforms")) == (1, [line])


def test_a_case_of_one_report_is_printed(compare):
    assert compare(report(), report(a="conforms")) == (1, ["chat.a: not in the report -> conforms"])


def test_other_failed_checks_are_a_difference(compare):
    new = report(a="deviates")
    new["cases"][0]["findings"].append({"check": "body", "ok": False})
    assert compare(report(a="deviates"), new) == (1, ["chat.a: deviates (status) -> deviates (body, status)"])


def test_causes_are_compared_too(compare):
    def with_causes(**counts: int) -> dict:
        causes = [{"check": "contract.event", "cause": name, "count": count} for name, count in counts.items()]
        return {**report(a="conforms"), "causes": causes}

    assert compare(with_causes(a=1, b=2), with_causes(b=2, c=3)) == (
        1,
        ["gone cause: contract.event: a (1 times)", "new cause: contract.event: c (3 times)"],
    )
    assert compare(with_causes(a=1), with_causes(a=2)) == (0, ["cause: contract.event: a: 1 -> 2 times"])


def test_each_operation_of_a_case_is_compared(compare):
    def asked(operation: str, name: str) -> dict:
        return {"cases": [{**case, "operation": operation} for case in report(a=name)["cases"]]}

    old = {"cases": [*asked("chat", "conforms")["cases"], *asked("chat.stream", "conforms")["cases"]]}
    new = {"cases": [*asked("chat", "conforms")["cases"], *asked("chat.stream", "deviates")["cases"]]}
    assert compare(old, new) == (1, ["chat.a[chat.stream]: conforms -> deviates (status)"])
