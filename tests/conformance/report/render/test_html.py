"""A run as a page of its own, with what crossed the wire."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hopcheck.authoring.findings import Finding
from hopcheck.engine.verdict import Outcome
from hopcheck.report.render.html import html_text
from hopcheck.report.render.wire import LANES_SHOWN, lanes, moments


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
    page = Page(html_text(sample.document(baseline=sample.known)))
    assert page.open == []
    assert len(page.scripts) == 1
    assert not [tag for tag, given in page.tags if "src" in given or tag in {"img", "iframe"}]
    assert {given["href"] for tag, given in page.tags if tag == "link"} == {"data:,"}
    links = {str(given["href"])[1:] for tag, given in page.tags if tag == "a"}
    assert links <= {str(given.get("id")) for _, given in page.tags}


def test_the_page_shows_every_case_with_its_wire_log(sample: Any) -> None:
    out = html_text(sample.document())
    shown = {given.get("id"): given for _, given in Page(out).tags if "data-outcome" in given}
    assert set(shown) == {f"{one.case_id}~chat" for one in sample.verdicts}
    assert (shown["stream.done-once~chat"]["data-level"], shown["stream.done-once~chat"]["data-profile"]) == (
        "MUST",
        "stream",
    )
    assert "open" in shown["stream.done-once~chat"]
    assert "open" not in shown["chat.schema~chat"]
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


def test_the_page_compares_another_target(sample: Any) -> None:
    out = html_text(sample.document(sample.green), other=sample.document())
    assert "Compared with relay" in out
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


def test_the_wire_log_marks_the_exchange_that_failed(sample: Any) -> None:
    bare = {"events": [], "events_left_out": 0, "response": None}
    first, second = (sample.exchange("client", exchange=at, failing=at == 1, **bare) for at in (0, 1))
    assert {one.exchange: one.failing for one in moments([second, first])} == {"c1": False, "c2": True}
    assert {lane.exchange: lane.failing for lane in lanes([second, first])[0]} == {"c1": False, "c2": True}


def test_a_failing_exchange_is_drawn_however_many_there_are(sample: Any) -> None:
    bare = {"events": [], "events_left_out": 0, "response": None}
    many = [sample.exchange("client", exchange=at, at=at / 100, failing=at == 30, **bare) for at in range(31)]
    drawn, _ = lanes(many)
    assert len(drawn) == LANES_SHOWN
    assert [lane.exchange for lane in drawn if lane.failing] == ["c31"]
