"""What is printed: into a log, on a terminal, and while a run goes on."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from hopcheck.authoring.findings import Finding
from hopcheck.engine.verdict import Outcome
from hopcheck.report.render.progress import RunProgress
from hopcheck.report.render.terminal import IN_FULL, MAX_COMMAND, console_for, print_report


def printed(document: Any, *written: Path) -> str:
    out = io.StringIO()
    print_report(document, console_for(out), written)
    return out.getvalue()


def test_a_log_is_plain_and_says_all(sample: Any) -> None:
    out = printed(sample.document(), Path("report.json"))
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", out)
    for line in (
        "✗ stream.done-once[chat]  MUST  deviates",
        "  The stream's last event is `[DONE]`, sent exactly once.",
        "  one [DONE]: expected 1, got 2",
        "  why: connection refused by 127.0.0.1:4000",
        "  why: Traceback (most recent call last):",
        "    ZeroDivisionError: `zero`",
        "  rests on: RFC 9110 15.5.4",
        "  ask again: curl -N http://127.0.0.1:4000/v1/chat/completions -H 'authorization: Bearer [redacted]'",
        "  ! http.request-id[chat]  SHOULD  x-request-id: expected a request id, got null",
        "not applicable: 3",
        "  declare `fallback` to hold it to 1 more",
        "  cancel.stream[chat]: waited 1.2 s for a cooldown to end",
        "relay: hopcheck itself failed in 1 of 6 cases, 3 red in all",
        "written: report.json",
    ):
        assert line in out.split("\n")
    assert re.search(r"^stream +1 +· +· +1 +· +· +· +·$", out, re.MULTILINE)
    assert re.search(r"^all +9 +2 +1 +1 +· +1 +3 +1$", out, re.MULTILINE)


def test_a_long_request_is_asked_again_from_the_report(sample: Any) -> None:
    document = sample.document()
    red = next(case for case in document["cases"] if case["reproduce"])
    red["reproduce"] += "x" * MAX_COMMAND
    for written, name in (((Path("report.json"),), "report.json"), ((), "REPORT.json")):
        out = printed(document, *written)
        assert f"  ask again: hopcheck reproduce {name} 'stream.done-once[chat]'" in out.split("\n")
        assert "xxx" not in out


def test_a_log_tells_of_the_baseline(sample: Any) -> None:
    out = printed(sample.document(baseline=sample.known))
    assert "✗ chat.schema[chat]  MUST  stale" in out
    assert "  = stream.done-once[chat]  known upstream (#1)" in out
    assert 'chat.schema[chat] is listed for "status", which holds now: remove it.' in out
    assert 'there is no case "no.such"' in out
    assert "broken  known" in out


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


def test_a_case_that_runs_again_counts_once() -> None:
    out = io.StringIO()
    with RunProgress(console_for(out), 2) as progress:
        for outcome in ("untestable", "deviates"):
            progress.began("a.again")
            progress.ended("a.again", outcome)
    assert out.getvalue().splitlines() == ["1/2 a.again untestable", "1/2 a.again deviates"]


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
