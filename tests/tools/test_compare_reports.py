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
