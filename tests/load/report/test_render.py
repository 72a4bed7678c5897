"""What is shown of a report."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from hopcheck_load.report import document as report
from hopcheck_load.report.budgets import judge, parse
from hopcheck_load.report.comparison import compare
from hopcheck_load.report.render.headlines import headlines
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.markdown import markdown_text
from hopcheck_load.report.render.svg import Scale
from hopcheck_load.report.render.terminal import print_report
from hopcheck_load.report.render.values import cpu_ms, interval, ms, share, tick

pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (0.0, "0.0 µs"),
        (-0.00001, "0.0 µs"),
        (0.0015, "1.5 µs"),
        (0.012, "12 µs"),
        (0.0999, "0.100 ms"),
        (0.4123, "0.412 ms"),
        (1.2345, "1.23 ms"),
        (15.62, "15.6 ms"),
        (-3.21, "-3.21 ms"),
        (1250.0, "1.25 s"),
    ],
)
def test_times(value, shown):
    assert ms(value) == shown


def test_signs_and_intervals():
    assert ms(1.0, sign=True) == "+1.00 ms"
    assert interval({"low": 1.0, "high": 2.0}) == "1.00 … 2.00 ms"
    assert interval({"low": 0.05, "high": 2.0}) == "50 µs … 2.00 ms"
    assert interval({"low": 2.0, "high": float("inf")}) == "2.00 ms … ∞"
    assert interval({"value": None, "low": None, "high": None}) == "—"
    assert interval({"value": 1.0, "low": None, "high": None}) == "run too short"
    assert share(0.396) == "39.6 %"
    assert [cpu_ms(value) for value in (None, 0.12345, 17.5447, 102.096, 1234.5)] == [
        "—",
        "0.123",
        "17.5",
        "102",
        "1234",
    ]
    assert [tick(value) for value in (0, 0.05, 2.0, 3000.0)] == ["0", "50 µs", "2 ms", "3 s"]


def test_scales():
    scale = Scale(0.001, 100.0, 0, 100, log=True)
    assert [scale.at(value) for value in (0.001, 0.1, 100, 1000, 0)] == [0, 40, 100, 100, 0]
    assert scale.ticks() == [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]
    assert Scale(0, 10, 0, 100).ticks() == [0, 2, 4, 6, 8, 10]
    assert Scale(1.0, 9.0, 0, 1, log=True).ticks() == [1, 2, 5]


def shown(document) -> str:
    console = Console(record=True, width=120, file=None, quiet=False)
    with console.capture() as captured:
        print_report(document, document, console)
    return captured.get()


def test_the_terminal(made):
    document = report.build(made.chats(1200, {"a": 1.0, "b": 0.0}))
    document["budget"] = judge(document, parse("a:p50=100us"))
    document["complaints"] = ["90% of the processors' time was taken"]
    printed = shown(document)
    assert re.search(r"latency +direct +0\.2", printed)
    assert re.search(r"a +1\.(19|20) ms .*\+(0\.99\d|1\.00) ms", printed)
    assert "b minus a" in printed
    assert "noise floor" in printed
    assert "exceeded" in printed
    assert "a busy machine" in printed
    assert "added p99" not in printed


def test_no_figure_is_cut_on_a_narrow_terminal(made, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    document = report.build(made.chats(1200, {"a": 100.0, "a-hop-with-a-long-name" * 4: 1.0}))
    print_report(document)
    printed = capsys.readouterr().out
    for workload in document["workloads"]:
        for measure in workload["measures"]:
            assert all(ms(arm["p50"]) in printed for arm in measure["arms"].values())
            assert all(interval(entry["median"]) in printed for entry in measure["added"].values())


def test_the_verdict_comes_first(made):
    document = report.build(made.chats(200, {"a": 1.0}))
    document["budget"] = judge(document, parse("p50=100us"))
    printed = shown(document)
    assert printed.index("a adds 1") < printed.index("exceeded") < printed.index("direct")


def test_a_run_that_was_too_short_says_what_it_takes(made):
    document = report.build(made.chats(9, {"a": 1.0}))
    for text in (html_text(document), markdown_text(document), shown(document)):
        assert "it takes about 10 rounds" in text
    assert "run too short" in shown(document)


def test_added_time_below_the_noise_floor(made):
    document = report.build(made.chats(200, {"a": 0.0}))
    entry = report.find(document, "chat", "latency")["added"]["a"]
    entry["within_floor"] = True
    assert "(noise)" in shown(document)
    assert "adds no more than the noise floor" in headlines(document)[0]
    assert "(noise)" in markdown_text(document)


def test_the_page_needs_nothing_else(made):
    chats, streams = made.chats(1200, {"a": 1.0}), made.streams(5, {"a": 0.5})
    for document in (report.build(chats), report.build(streams)):
        page = html_text(document)
        assert "<svg" in page
        assert re.findall(r'(?:src|href)="', page) == []
        assert "http-equiv" not in page
        assert "@import" not in page
        assert "url(" not in page


def test_the_page_escapes_names(made):
    name = "<script>alert(1)</script>"
    page = html_text(report.build(made.chats(100, {name: 1.0})))
    assert name not in page
    assert "&lt;script&gt;" in page


def test_a_report_of_nothing(made):
    document = report.build(made.chats(0, {"a": 1.0}))
    assert headlines(document) == ["nothing was measured"]
    assert "Nothing was measured" in html_text(document)
    assert "nothing was measured" in markdown_text(document)
    assert report.violations(document) == []


def test_gates_are_shown_everywhere(made):
    document = report.build(made.chats(200, {"a": 1.0}))
    document["budget"] = judge(document, parse("p50=100us,p99=1ms"))
    document["against"] = compare(document, report.build(made.chats(200, {"a": 0.5})))
    for text in (html_text(document), markdown_text(document), shown(document)):
        assert "exceeded" in text
        assert "not measured" in text
        assert "slower" in text
