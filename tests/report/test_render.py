"""The renderings of one run: what must be in each, and what must not."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from hopcheck.baseline import Baseline, Deviation
from hopcheck.render.compare import compare, comparison_markdown, print_comparison, summary
from hopcheck.render.html import html_text
from hopcheck.render.junit import junit_text
from hopcheck.render.markdown import code, fence, markdown_text, text
from hopcheck.render.progress import RunProgress
from hopcheck.render.terminal import IN_FULL, console_for, print_report
from hopcheck.render.wire import lanes, moments
from hopcheck_contracts.findings import Finding, Outcome

KNOWN = Baseline(
    "b.toml",
    (
        Deviation(case="stream.done-once", checks=("one [DONE]", "[DONE] is last"), reason="known", issue="#1"),
        Deviation(case="chat.schema", checks=("status",), reason="was once"),
        Deviation(case="no.such", checks=("x",), reason="nothing"),
    ),
)


def printed(document: Any, *written: Path) -> str:
    out = io.StringIO()
    print_report(document, console_for(out), written)
    return out.getvalue()


def test_a_log_is_plain_and_says_all(sample: Any) -> None:
    out = printed(sample.document(), Path("report.json"))
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", out)
    for line in (
        "✗ stream.done-once  MUST  deviates",
        "  The stream's last event is `[DONE]`, sent exactly once.",
        "  one [DONE]: expected 1, got 2",
        "  why: connection refused by 127.0.0.1:4000",
        "  why: Traceback (most recent call last):",
        "    ZeroDivisionError: `zero`",
        "  rests on: RFC 9110 15.5.4",
        "  ask again: curl -N http://127.0.0.1:4000/v1/chat/completions -H 'authorization: Bearer [redacted]'",
        "  ! http.request-id  SHOULD  x-request-id: expected a request id, got null",
        "not applicable: 3",
        "  declare `fallback` to hold it to 1 more",
        "  cancel.stream: waited 1.2 s for a cooldown to end",
        "relay: hopcheck itself failed in 1 of 6 cases, 3 red in all",
        "written: report.json",
    ):
        assert line in out.split("\n")
    assert re.search(r"^streaming +1 +· +· +1 +· +· +·$", out, re.MULTILINE)
    assert re.search(r"^all +9 +2 +1 +1 +1 +3 +1$", out, re.MULTILINE)


def test_a_log_tells_of_the_baseline(sample: Any) -> None:
    out = printed(sample.document(baseline=KNOWN))
    assert "✗ chat.schema  MUST  stale" in out
    assert "  = stream.done-once  known (#1)" in out
    assert 'chat.schema is listed for "status", which holds now: remove it.' in out
    assert 'there is no case "no.such"' in out
    assert "of these known" in out


def test_a_terminal_gets_colour_and_no_escape_of_the_targets(sample: Any) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system="standard", highlight=False, _environ={})
    print_report(sample.document(), console)
    assert "\x1b[1;31m✗ stream.done-once" in out.getvalue()
    assert "\x1b[31m\x00" not in out.getvalue()
    assert "\\u001b[31m" in out.getvalue()


def test_markup_in_values_is_not_obeyed(sample: Any) -> None:
    odd = sample.verdict("chat.schema", Outcome.DEVIATES, Finding("[bold]x[/bold]", False, "[red]", "[/nope]"))
    out = printed(sample.document((odd,)))
    assert '[bold]x[/bold]: expected "[red]", got "[/nope]"' in out


def test_a_log_that_cannot_hold_a_character_gets_another_one(sample: Any) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    print_report(sample.document(), console_for(out))
    out.flush()
    assert b"? stream.done-once" in raw.getvalue()


def test_very_many_red_cases_are_shown_in_short(sample: Any) -> None:
    document = sample.document()
    red = next(case for case in document["cases"] if case["id"] == "stream.done-once")
    document["cases"] = [{**red, "id": f"stream.n{number}"} for number in range(IN_FULL + 3)]
    out = printed(document)
    assert out.count("one [DONE]: expected 1") == IN_FULL
    assert "and 3 more:" in out
    assert f"✗ stream.n{IN_FULL + 2}" in out


def test_progress_in_a_log_is_lines_of_what_is_red(sample: Any) -> None:
    out = io.StringIO()
    with RunProgress(console_for(out), 41) as progress:
        for number in range(40):
            progress.began(f"a.{number}")
            progress.ended(f"a.{number}", Outcome.CONFORMS)
        progress.began("a.bad")
        progress.ended("a.bad", "deviates")
    assert out.getvalue().split("\n") == ["20/41", "40/41", "41/41 a.bad deviates", ""]


def test_progress_on_a_terminal_shows_count_and_current_cases() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, _environ={"TERM": "xterm"})
    with RunProgress(console, 3) as progress:
        progress.began("chat.schema")
        progress.began("chat.slow")
        progress.ended("chat.schema", Outcome.DEVIATES)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert "1/3" in shown
    assert "1 deviates" in shown
    assert "chat.slow" in shown.rsplit("1/3", 1)[1]


def test_no_color_means_no_drawing() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, _environ={"TERM": "xterm", "NO_COLOR": "1"})
    with RunProgress(console, 1) as progress:
        progress.began("chat.schema")
        progress.ended("chat.schema", Outcome.CONFORMS)
    assert out.getvalue() == ""


def test_junit_has_a_suite_for_each_profile(sample: Any) -> None:
    root = ET.fromstring(junit_text(sample.document()))
    assert [suite.get("name") for suite in root][:3] == ["hopcheck.core", "hopcheck.streaming", "hopcheck.errors"]
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9",
        "failures": "2",
        "errors": "1",
        "skipped": "3",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    (failure,) = cases["stream.done-once"]
    assert (failure.tag, failure.get("type")) == ("failure", "deviates")
    assert failure.get("message") == "one [DONE]: expected 1, got 2 (and 1 more)"
    assert "sent exactly once" in str(failure.text)
    assert (cases["retry.budget"][0].tag, cases["retry.budget"][0].get("message")) == (
        "error",
        "ZeroDivisionError: `zero`",
    )
    assert cases["fallback.taken"][0].tag == "skipped"
    assert [child.tag for child in cases["http.request-id"]] == ["system-out"]
    assert list(cases["chat.schema"]) == []


def test_junit_fails_where_the_gate_fails(sample: Any) -> None:
    root = ET.fromstring(junit_text(sample.document(baseline=KNOWN)))
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["stream.done-once"][0].tag == "system-out"
    assert "known (#1)" in str(cases["stream.done-once"][0].text)
    assert cases["chat.schema"][0].get("type") == "stale"
    problems = [case for case in root.iter("testcase") if case.get("classname") == "hopcheck.baseline"]
    assert len(problems) == 2
    strict = ET.fromstring(junit_text(sample.document(strict=True)))
    assert [case[0].tag for case in strict.iter("testcase") if case.get("name") == "http.request-id"] == ["failure"]


def test_junit_is_xml_whatever_a_target_sends(sample: Any) -> None:
    everything = "".join(map(chr, range(0x2100))) + "\ufffe\uffff\ud800]]>"
    odd = sample.verdict(
        "chat.schema", Outcome.UNTESTABLE, Finding(everything, False, 1, everything), reason=everything
    )
    root = ET.fromstring(junit_text(sample.document((odd,))))
    assert "]]>" in str(next(root.iter("failure")).text)


def test_markdown_has_headline_table_and_red_cases(sample: Any) -> None:
    out = markdown_text(sample.document())
    assert out.startswith("## ❌ relay: hopcheck itself failed in 1 of 6 cases, 3 red in all\n")
    assert "| streaming | 1 | · | · | 1 | · | · | · |" in out
    assert out.count("<details open>") == out.count("</summary>") - 2 == 3
    assert "**one [DONE]**: expected <code>1</code>, got <code>2</code>" in out
    assert "```sh\ncurl -N" in out
    assert "```text\nTraceback (most recent call last):\n" in out
    assert "declare <code>fallback</code> to hold it to 1 more" in out
    assert markdown_text(sample.document(sample.green)).startswith("## ✅ relay holds: 2 requirements kept\n")


def test_markdown_tells_of_the_baseline_and_of_partial_runs(sample: Any) -> None:
    out = markdown_text(sample.document(baseline=KNOWN, interrupted=True))
    assert "**Known deviations: 1**\n\n- <code>stream.done-once</code> known (&#35;1)" in out
    assert "stale entry in the baseline" in out
    assert "**Partial**" in out


def test_markdown_keeps_its_shape_whatever_a_target_sends() -> None:
    assert code("a|b`c<script>\n") == "<code>a&#124;b&#96;c&lt;script&gt;↵</code>"
    assert text("a `b*` *c* [x](y) snake_case _d_ #1 @you") == (
        "a <code>b&#42;</code> &#42;c&#42; [x]&#40;y) snake_case &#95;d&#95; &#35;1 &#64;you"
    )
    assert fence("a ```` b", "sh") == "`````sh\na ```` b\n`````"


class Page(HTMLParser):
    """Reads a page: its tags, and what stands in scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)


def test_the_page_is_whole_and_needs_nothing_else(sample: Any) -> None:
    page = Page(html_text(sample.document(baseline=KNOWN)))
    assert page.open == []
    assert len(page.scripts) == 1
    assert not [tag for tag, given in page.tags if "src" in given or tag in {"img", "iframe"}]
    assert {given["href"] for tag, given in page.tags if tag == "link"} == {"data:,"}
    links = {str(given["href"])[1:] for tag, given in page.tags if tag == "a"}
    assert links <= {str(given.get("id")) for _, given in page.tags}


def test_the_page_shows_every_case_with_its_wire_log(sample: Any) -> None:
    out = html_text(sample.document())
    shown = {given.get("id"): given for _, given in Page(out).tags if "data-outcome" in given}
    assert set(shown) == {one.case_id for one in sample.verdicts}
    assert (shown["stream.done-once"]["data-level"], shown["stream.done-once"]["data-profile"]) == ("MUST", "streaming")
    assert "open" in shown["stream.done-once"]
    assert "open" not in shown["chat.schema"]
    assert "On the wire: 2 exchanges in 7.50 ms" in out
    assert "<code>POST http://127.0.0.1:4000/v1/chat/completions</code>" in out
    assert "authorization: Bearer [redacted]" in out
    assert "last event is <code>[DONE]</code>, sent" in out


def test_the_page_does_not_obey_a_target(sample: Any) -> None:
    hostile = "</script><script>alert(1)</script><img src=x>"
    seen = sample.exchange("client", events=[{"at": 0.1, "data": hostile * 10}])
    seen["response"] |= {"headers": [[hostile, hostile], ["server", hostile]], "ended": hostile, "body": hostile}
    odd = sample.verdict(
        "chat.schema",
        Outcome.DEVIATES,
        Finding(hostile, False, hostile, {hostile: hostile}),
        reason=hostile,
        notes=(hostile,),
        exchanges=(seen,),
        reproduce=hostile,
    )
    page = Page(html_text(sample.document((odd,))))
    assert len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    assert not [tag for tag, _ in page.tags if tag == "img"]


def test_the_page_puts_another_target_beside(sample: Any) -> None:
    out = html_text(sample.document(sample.green), beside=sample.document())
    assert "Beside relay" in out
    assert "Cases that differ: " in out
    assert Page(out).open == []


def test_the_wire_log_is_in_the_order_of_time(sample: Any) -> None:
    waiting = sample.exchange("client", events=[{"at": 0.006, "data": "a\r\n"}, {"at": 0.3, "data": "b" * 500}])
    waiting["response"] |= {"at": 0.005, "ended_at": 0.301}
    document = sample.document(
        (
            sample.verdict(
                "chat.schema",
                Outcome.CONFORMS,
                Finding("a", True, 1, 1),
                exchanges=(waiting, sample.exchange("upstream")),
            ),
        )
    )
    exchanges = document["cases"][0]["exchanges"]
    seen = moments(exchanges)
    assert [one.at_ms for one in seen] == sorted(one.at_ms for one in seen)
    assert [(one.exchange, one.kind) for one in seen if one.side == "client"] == [
        ("c1", "request"),
        ("c1", "head"),
        ("c1", "event"),
        ("c1", "event"),
        ("c1", "end"),
    ]
    assert next(one.line for one in seen if one.kind == "event" and one.side == "client") == "a\\r↵"
    (long,) = [one for one in seen if one.pause_ms]
    assert round(long.pause_ms, 1) == 292.5
    assert len(long.line) < 250
    assert long.detail == "b" * 500
    drawn, length = lanes(exchanges)
    assert (drawn[0].exchange, drawn[0].end) == ("c1", 100.0)
    assert round(length) == 301


def test_the_wire_log_bears_an_exchange_without_an_answer(sample: Any) -> None:
    silent = sample.exchange("client", response=None, events=[])
    unknown = sample.exchange("upstream", events=[])
    unknown["response"] = {"status": None, "headers": [], "body": "", "body_bytes": 7, "ended": "hung-up"}
    document = sample.document(
        (sample.verdict("chat.schema", Outcome.UNTESTABLE, exchanges=(silent, unknown), reason="no answer"),)
    )
    seen = moments(document["cases"][0]["exchanges"])
    assert [(one.exchange, one.kind) for one in seen] == [("c1", "request"), ("u1", "request"), ("u1", "end")]
    assert seen[-1].line == "hung-up, 7 bytes"
    assert (moments([]), lanes([])) == ([], ([], 1.0))


@pytest.fixture
def compared(sample: Any) -> Any:
    better = sample.verdict("stream.done-once", Outcome.CONFORMS, Finding("one [DONE]", True, 1, 1))
    reached = sample.verdict("error.shape", Outcome.DEVIATES, Finding("status", False, 400, 500))
    second = sample.document((better, reached, *sample.verdicts[:1], *sample.verdicts[2:3]))
    second["target"]["name"] = "other|proxy"
    return compare(sample.document(), second)


def test_two_reports_are_compared_by_case_and_by_check(compared: Any) -> None:
    by_id = {one.case_id: one for one in compared.differences}
    done = by_id["stream.done-once"]
    assert (done.first, done.second) == ("deviates", "conforms")
    assert (done.only_first, done.only_second) == (("[DONE] is last", "one [DONE]"), ())
    shape = by_id["error.shape"]
    assert (shape.only_first, shape.only_second) == (("untestable",), ("status",))
    assert by_id["retry.budget"].second == "not run"
    assert by_id["retry.budget"].only_first == ()
    assert "chat.schema" not in by_id
    assert (compared.same, compared.only_first, compared.only_second) == (2, 3, 1)
    assert compared.totals["conforms"] == (2, 2)


def test_a_comparison_is_shown(compared: Any) -> None:
    out = io.StringIO()
    print_comparison(compared, console_for(out))
    assert re.search(
        r"^stream\.done-once +deviates +conforms +\[DONE\] is last, one \[DONE\] *$", out.getvalue(), re.MULTILINE
    )
    assert summary(compared) in out.getvalue()
    shown = comparison_markdown(compared)
    assert "| <code>stream.done-once</code> | deviates | conforms | [DONE] is last, one [DONE] |  |" in shown
    assert "other&#124;proxy" in shown
