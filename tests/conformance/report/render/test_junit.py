"""A run as JUnit's XML."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from hopcheck.authoring.findings import Finding
from hopcheck.engine.verdict import Outcome
from hopcheck.report.render.junit import junit_text


def test_junit_has_a_suite_for_each_profile(sample: Any) -> None:
    root = ET.fromstring(junit_text(sample.document()))
    assert [suite.get("name") for suite in root][:3] == ["hopcheck.chat", "hopcheck.stream", "hopcheck.errors"]
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9",
        "failures": "2",
        "errors": "1",
        "skipped": "3",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    (failure,) = cases["stream.done-once[chat]"]
    assert (failure.tag, failure.get("type")) == ("failure", "deviates")
    assert failure.get("message") == "one [DONE]: expected 1, got 2 (and 1 more)"
    assert "sent exactly once" in str(failure.text)
    assert (cases["retry.budget[chat]"][0].tag, cases["retry.budget[chat]"][0].get("message")) == (
        "error",
        "ZeroDivisionError: `zero`",
    )
    assert cases["fallback.taken[chat]"][0].tag == "skipped"
    assert [child.tag for child in cases["http.request-id[chat]"]] == ["system-out"]
    assert list(cases["chat.schema[chat]"]) == []


def test_junit_fails_where_the_gate_fails(sample: Any) -> None:
    root = ET.fromstring(junit_text(sample.document(baseline=sample.known)))
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["stream.done-once[chat]"][0].tag == "system-out"
    assert "known upstream (#1)" in str(cases["stream.done-once[chat]"][0].text)
    assert cases["chat.schema[chat]"][0].get("type") == "stale"
    problems = [case for case in root.iter("testcase") if case.get("classname") == "hopcheck.baseline"]
    assert len(problems) == 2
    strict = ET.fromstring(junit_text(sample.document(strict=True)))
    assert [case[0].tag for case in strict.iter("testcase") if case.get("name") == "http.request-id[chat]"] == [
        "failure"
    ]


def test_junit_is_xml_whatever_a_target_sends(sample: Any) -> None:
    everything = "".join(map(chr, range(0x2100))) + "\ufffe\uffff\ud800]]>"
    odd = sample.verdict(
        "chat.schema", Outcome.UNTESTABLE, Finding(everything, False, 1, everything), reason=everything
    )
    root = ET.fromstring(junit_text(sample.document((odd,))))
    assert "]]>" in str(next(root.iter("failure")).text)
