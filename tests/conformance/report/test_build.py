from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hopcheck.authoring.findings import Finding
from hopcheck.engine.verdict import Outcome
from hopcheck.report.baseline import Baseline, Deviation
from hopcheck.report.build import report_text
from hopcheck.report.document import by_profile, fails, load_document, not_asked, red_cases, violations
from hopcheck.report.excerpts import BODY_LIMIT, EVENTS_HEAD, EVENTS_TAIL, EXCHANGES_LIMIT
from hopcheck.report.tally import headline
from hopcheck_server.private_files import write_whole
from hopcheck_server.redaction import SecretRedactor


def test_a_report_is_valid_by_its_schema(sample: Any) -> None:
    entry = Deviation(
        case="stream.done-once", checks=("one [DONE]", "[DONE] is last"), reason="sent twice since 1.2", issue="#1"
    )
    baseline = Baseline("hopcheck-baseline.toml", (entry,))
    on_a_cause = Deviation(
        check="contract.event", complaint=sample.complaint, reason="null since 1.2", intermittent=True
    )
    for document in (
        sample.document(),
        sample.document(sample.caused),
        sample.document(sample.green),
        sample.document(baseline=baseline),
        sample.document(sample.caused, Baseline("b.toml", (on_a_cause,))),
    ):
        assert violations(json.loads(report_text(document))) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("schema",), "hopcheck.report/1"),
        (("started",), "yesterday"),
        (("extra",), 1),
        (("summary", "exit"), 2),
        (("summary", "causes", "deviates"), -1),
        (("causes", 0, "category"), "taste"),
        (("causes", 0, "id"), "1"),
        (("causes", 0, "outcome"), "conforms"),
        (("causes", 0, "examples", 0, "case"), 7),
        (("held", 0, "judged"), {"chat": "often"}),
        (("exchanges",), {"chat": 0.5}),
        (("cases", 0, "operation"), ""),
        (("summary", "conforms"), -1),
        (("cases", 0, "outcome"), "passed"),
        (("cases", 0, "baseline"), "unknown"),
        (("cases", 0, "findings", 0, "ok"), "yes"),
        (("cases", 0, "exchanges", 0, "side"), "middle"),
        (("cases", 0, "exchanges", 0, "request", "headers"), [["alone"]]),
        (("target", "api_key"), "sk-1"),
    ],
)
def test_a_broken_report_is_refused(sample: Any, place: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(sample.document(sample.caused))
    part: Any = document
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    assert len(violations(document)) == 1


def test_a_report_without_a_required_part_is_refused(sample: Any) -> None:
    document = sample.document()
    for name in document:
        assert violations({key: value for key, value in document.items() if key != name})


def test_cases_stand_by_profile_and_are_counted(sample: Any) -> None:
    document = sample.document()
    profiles = list(by_profile(document))
    assert profiles[:3] == ["chat", "stream", "errors"]
    summary = document["summary"]
    assert (summary["conforms"], summary["not-applicable"], summary["broken"]) == (2, 3, 1)
    assert sum(summary[str(outcome)] for outcome in Outcome) == len(document["cases"]) == summary["selected"]
    assert document["target"]["server"] == "relay/1"
    assert document["target"]["declares"] == {"retries": 2, "timeout_s": 0.5}
    assert document["started"] == "2031-05-06T07:08:09+00:00"


def test_keys_are_nowhere_in_a_report(sample: Any) -> None:
    leaks = Finding("leak", False, None, {sample.keys[0]: [f"Bearer {sample.keys[1]}", "x" * 9000 + sample.keys[2]]})
    seen = sample.exchange("client", events=[{"at": 0.1, "data": f"pk {sample.keys[3]}"}])
    seen["request"]["body"] = "x" * (BODY_LIMIT - 5) + sample.keys[0]
    leaking = sample.verdict(
        "chat.schema", Outcome.DEVIATES, leaks, reason=sample.keys[0], notes=(sample.keys[1],), exchanges=(seen,)
    )
    text = report_text(sample.document((leaking, *sample.verdicts[1:])))
    assert not [key for key in sample.keys if key in text]
    assert sample.keys[0][:5] + '"' not in text  # not half of one either, where a body is cut
    assert text.count("[redacted]") >= 8


def test_a_key_is_replaced_also_where_it_is_escaped() -> None:
    key = 'a"b/c+d'
    assert (
        SecretRedactor([key, ""]).text(f"{key} a%22b%2Fc%2Bd {json.dumps(key)}") == '[redacted] [redacted] "[redacted]"'
    )
    assert SecretRedactor(["sk-1", "sk-1-more"]).text("sk-1-more sk-1") == "[redacted] [redacted]"


def test_bodies_and_streams_are_cut_and_say_their_size(sample: Any) -> None:
    events = [{"at": place / 1000, "data": f"{place}" + "é" * 5000} for place in range(1000)]
    seen = sample.exchange("client", events=events)
    seen["response"] |= {"body": "é" * 5000, "body_bytes": 10000}
    seen["request"]["body"] = b"\xff" + b"y" * 10
    del seen["request"]["body_bytes"]
    document = sample.document(
        (sample.verdict("chat.schema", Outcome.CONFORMS, Finding("a", True, 1, 1), exchanges=(seen,)),)
    )
    kept = document["cases"][0]["exchanges"][0]
    assert violations(document) == []
    assert kept["response"]["body"] == "é" * (BODY_LIMIT // 2)
    assert kept["response"]["body_bytes"] == 10000
    assert kept["request"]["body"] == "\\xff" + "y" * 10
    assert len(kept["events"]) == EVENTS_HEAD + EVENTS_TAIL
    assert kept["events_left_out"] == 1000 - EVENTS_HEAD - EVENTS_TAIL
    assert kept["events"][-1]["data"].startswith("999")


def test_a_case_with_many_exchanges_keeps_the_first(sample: Any) -> None:
    many = tuple(sample.exchange("client") for _ in range(EXCHANGES_LIMIT + 7))
    document = sample.document(
        (sample.verdict("chat.schema", Outcome.CONFORMS, Finding("a", True, 1, 1), exchanges=many),)
    )
    case = document["cases"][0]
    assert (len(case["exchanges"]), case["exchanges_left_out"]) == (EXCHANGES_LIMIT, 7)


def test_long_values_are_shown_where_they_differ(sample: Any) -> None:
    far = "a" * 500_000
    found = Finding("content", False, far + "expected" + far, far + "other" + far)
    document = sample.document((sample.verdict("chat.content-exact", Outcome.DEVIATES, found),))
    finding = document["cases"][0]["findings"][0]
    assert "expected" in finding["expected"]
    assert "other" in finding["actual"]
    assert len(report_text(document)) < 12_000
    assert finding["actual"].startswith("[499800 characters] …")


def test_values_that_are_not_json_become_json(sample: Any) -> None:
    found = Finding("odd", False, {1: (b"\xffx", {2, 1})}, ["\ud800", float("nan"), object])
    document = sample.document((sample.verdict("chat.schema", Outcome.DEVIATES, found),))
    finding = json.loads(report_text(document))["cases"][0]["findings"][0]
    assert finding["expected"] == {"1": ["\\xffx", [1, 2]]}
    assert finding["actual"] == ["\\ud800", "nan", "<class 'object'>"]


def test_exit_codes(sample: Any) -> None:
    def code(*outcomes: Outcome, **run: Any) -> int:
        made = tuple(
            sample.verdict(case_id, one, Finding("a", one is Outcome.CONFORMS, 1, 2))
            for case_id, one in zip(sample.cases, outcomes, strict=False)
        )
        return int(sample.document(made, **run)["summary"]["exit"])

    good, bad, odd = Outcome.CONFORMS, Outcome.DEVIATES, Outcome.BROKEN
    assert code(good, good, Outcome.NOT_APPLICABLE) == 0
    assert code(good, Outcome.ADVISORY) == 0
    assert code(good, Outcome.ADVISORY, strict=True) == 1
    assert code(good, bad) == 1
    assert code(good, Outcome.UNTESTABLE) == 1
    assert code(good, bad, odd) == 4
    assert code(good, odd, bad, interrupted=True) == 130
    assert code(good, interrupted=True) == 130
    assert code(good, bad, selected=5) == 1
    assert code(good, selected=2) == 1, "a run that lacks cases is not green"
    assert code() == 1, "nothing was judged"
    assert code(Outcome.NOT_APPLICABLE) == 1, "nothing was judged"


def test_a_partial_report_says_so(sample: Any) -> None:
    document = sample.document(sample.green, selected=9, interrupted=True)
    assert (document["partial"], document["summary"]["exit"]) == (True, 130)
    assert headline(document) == "relay: interrupted after 5 of 9 cases, 0 red so far"


def test_what_was_not_asked_names_what_to_declare(sample: Any) -> None:
    reasons = not_asked(sample.document())
    assert sorted(reasons) == [
        "declare `embeddings` to hold it to 1 more",
        "declare `fallback` to hold it to 1 more",
        "set `second_api_key_env` to hold it to 1 more",
    ]
    assert "not declared: fallback: 1 case" in not_asked(sample.document(one_sided=True))


def test_red_cases_are_those_that_fail_the_gate(sample: Any) -> None:
    document = sample.document()
    assert {case["id"] for case in red_cases(document)} == {"stream.done-once", "errors.shape", "retry.budget"}
    assert len(red_cases(sample.document(strict=True))) == 4
    stale = {"outcome": "conforms", "baseline": "stale"}
    assert fails(stale, strict=False)


def test_headlines(sample: Any) -> None:
    assert headline(sample.document(sample.green)) == "relay holds: 2 requirements kept"
    assert headline(sample.document(sample.verdicts[:4])) == "relay doesn't hold: 2 of 4 requirements fail, 1 advisory"
    assert "hopcheck itself failed in 1 of 6 cases" in headline(sample.document())
    assert "nothing was judged" in headline(sample.document(()))


def test_a_report_can_be_loaded_again(sample: Any, tmp_path: Path) -> None:
    document = sample.document()
    write_whole(tmp_path / "deep" / "report.json", report_text(document))
    assert load_document(tmp_path / "deep" / "report.json") == json.loads(report_text(document))
    write_whole(tmp_path / "other.json", "{}")
    with pytest.raises(ValueError, match=r"is not a hopcheck.report/2 report"):
        load_document(tmp_path / "other.json")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new" * 100_000 + "\ud800")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_a_link_and_a_pipe_are_written_to_as_they_are(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "report.json")
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(link, "linked")
    write_whole(pipe, "piped")
    assert (link.is_symlink(), (tmp_path / "report.json").read_text()) == (True, "linked")
    assert (pipe.is_fifo(), os.read(reading, 100)) == (True, b"piped")
    os.close(reading)
