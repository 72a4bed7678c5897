"""Two runs next to each other."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from hopcheck.authoring.findings import Finding, Level
from hopcheck.engine.verdict import Occurrence, Outcome
from hopcheck.report.compare import compare, comparison_markdown, print_comparison, summary
from hopcheck.report.render.html import html_text
from hopcheck.report.render.terminal import console_for


@pytest.fixture
def compared(sample: Any) -> Any:
    better = sample.verdict("stream.done-once", Outcome.CONFORMS, Finding("one [DONE]", True, 1, 1))
    reached = sample.verdict("errors.shape", Outcome.DEVIATES, Finding("status", False, 400, 500))
    second = sample.document((better, reached, *sample.verdicts[:1], *sample.verdicts[2:3]))
    second["target"]["name"] = "other|proxy"
    return compare(sample.document(), second)


def test_two_reports_are_compared_by_case_and_by_check(compared: Any) -> None:
    by_id = {one.case_id: one for one in compared.differences}
    done = by_id["stream.done-once[chat]"]
    assert (done.first, done.second) == ("deviates", "conforms")
    assert (done.only_first, done.only_second) == (("[DONE] is last", "one [DONE]"), ())
    shape = by_id["errors.shape[chat]"]
    assert (shape.only_first, shape.only_second) == (("untestable",), ("status",))
    assert by_id["retry.budget[chat]"].second == "not run"
    assert by_id["retry.budget[chat]"].only_first == ()
    assert "chat.schema[chat]" not in by_id
    assert (compared.same, compared.only_first, compared.only_second) == (2, 3, 1)
    assert compared.totals["conforms"] == (2, 2)


def test_a_comparison_is_shown(compared: Any) -> None:
    out = io.StringIO()
    print_comparison(compared, console_for(out))
    assert re.search(
        r"^stream\.done-once\[chat\] +deviates +conforms +\[DONE\] is last, one \[DONE\] *$",
        out.getvalue(),
        re.MULTILINE,
    )
    assert summary(compared) in out.getvalue()
    shown = comparison_markdown(compared)
    assert "| <code>stream.done-once[chat]</code> | deviates | conforms | [DONE] is last, one [DONE] |  |" in shown
    assert "other&#124;proxy" in shown


def test_causes_of_two_reports_are_compared(sample: Any) -> None:
    def document(*causes: str) -> Any:
        met = tuple(Occurrence("contract.event", cause, "in full", Level.MUST, "chat.stream") for cause in causes)
        return sample.document(
            (sample.verdict("chat.schema", Outcome.CONFORMS, sample.verdicts[0].findings[0], occurrences=met),)
        )

    first = document("a: is gone", "b: is more", "c: is the same")
    compared = compare(first, document("b: is more", "b: is more", "c: is the same", "d: is new"))
    beginning = "Stream events break the API's contract"
    counted = [(one.sentence, one.first, one.second) for one in compared.causes]
    assert counted == [
        (f"{beginning}: a: is gone.", 1, 0),
        (f"{beginning}: b: is more.", 1, 2),
        (f"{beginning}: d: is new.", 0, 1),
    ]
    out = io.StringIO()
    print_comparison(compared, console_for(out))
    assert re.search(r"b: is more\. +1 +2 *$", out.getvalue(), re.MULTILINE)
    assert f"| {beginning}: d: is new. | · | 1 |" in comparison_markdown(compared)
    assert "Causes that differ: 4" in html_text(first, other=document("d: is new"))
