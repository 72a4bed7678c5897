from __future__ import annotations

from typing import Any

import pytest

from hopcheck.report.render.values import LINE, difference, expectation, lines_visible, short, summary_line, visible

LONG = "The quick brown fox jumps over the lazy dog and goes on for quite a while, as foxes do when nobody looks."


def finding(expected: Any, actual: Any) -> dict[str, Any]:
    return {"check": "body", "level": "MUST", "ok": False, "expected": expected, "actual": actual}


def test_nothing_that_steers_a_terminal_gets_through() -> None:
    shown = visible("\x1b[31mred\x00\r\n\t\x7f\u202e\u2028é 😀")
    assert shown == "\\x1b[31mred\\0\\r↵\\t\\x7f\\u202e\\u2028é 😀"
    assert lines_visible("a\nb\x1b") == "a\nb\\x1b"


def test_a_value_fits_on_a_line() -> None:
    assert short({"a": [1, None, True, "é"]}) == '{"a": [1, null, true, "é"]}'
    assert len(short("x" * 1000)) <= LINE
    assert " … " in short("x" * 1000)


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        (200, "200"),
        ("stop", '"stop"'),
        ("a request id", "a request id"),
        ({"one_of": [400, 404]}, "one of 400, 404"),
        ({"contains": "x"}, 'something with "x"'),
        ({"lacks": "sk-1"}, 'nothing with "sk-1"'),
        ({"at_most": 0.25}, "at most 0.25"),
        ({"at_least": 3}, "at least 3"),
        ({"id": 1}, '{"id": 1}'),
    ],
)
def test_an_expectation_reads_as_a_phrase(expected: Any, shown: str) -> None:
    assert expectation(expected) == shown


def test_long_texts_are_shown_where_they_differ() -> None:
    head, minus, plus = difference(LONG, LONG.replace("lazy", "la\x1bzy"))
    assert head == "  they differ from character 37 on:"
    assert minus.startswith("- …")
    assert "la\\x1bzy" in plus
    assert summary_line(finding(LONG, LONG.replace("lazy", "crazy"))).startswith('body: expected "… over the lazy dog')


def test_long_json_is_shown_by_the_places_that_differ() -> None:
    expected = {"error": {"message": LONG, "code": "model_not_found", "param": None}, "list": [1, 2]}
    actual = {"error": {"message": LONG, "code": 404, "extra": True}, "list": [1, 2, 3]}
    assert difference(expected, actual) == [
        '- error.code: "model_not_found"',
        "+ error.code: 404",
        "- error.param: null",
        "+ error.param: nothing",
        "- error.extra: nothing",
        "+ error.extra: true",
        "- list[2]: nothing",
        "+ list[2]: 3",
    ]
    assert summary_line(finding(expected, actual)) == 'body: at error.code expected "model_not_found", got 404'


def test_many_differences_are_cut() -> None:
    lines = difference({str(key): key for key in range(100)}, {str(key): -key for key in range(100)})
    assert len(lines) == 15
    assert lines[-1] == "  … 184 more lines"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 2),
        ("short", "shirt"),
        (LONG, None),
        ({"contains": LONG}, {"a": LONG}),
        ("a phrase that says what is expected of the text that came", LONG),
        (LONG, LONG),
        ({"a": LONG}, {"a": LONG}),
    ],
)
def test_no_difference_where_a_line_says_more(expected: Any, actual: Any) -> None:
    assert difference(expected, actual) == []
    assert summary_line(finding(expected, actual)).startswith("body: expected ")
