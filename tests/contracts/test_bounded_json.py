"""JSON within bounds: what others choke on is refused or replaced, all else is read as ever."""

from __future__ import annotations

import json

import pytest

from hopcheck_contracts.bounded_json import KEPT_SIZE, MAX_DEPTH, MAX_DIGITS, loads, loads_or_none, shared_json

LONG = '"' + "1,[" * 300_000 + '"'


@pytest.mark.parametrize(
    "text",
    ['{"a":[1,2.5,-3e2,"\\u00e9\\ud83d\\ude00",null,true]}', '"text"', "[]", "1" * MAX_DIGITS, LONG],
)
def test_other_json_is_read_as_ever(text: str) -> None:
    assert loads(text) == loads(text.encode()) == loads(text.encode("utf-16")) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000 + "]" * 200_000,
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "1" * 1_000_000,
        "0." + "1" * 1_000_000,
        "[" + "{}," * 250_000 + "{}]",
        "",
        "nonsense",
        b"\xff\xfe\xc3",
        b'"\xed\xa0\x80"',
    ],
)
def test_what_is_beyond_the_bounds_is_no_json(text: str | bytes) -> None:
    assert loads_or_none(text) is None
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        loads(text)


@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "\\udc00\\ud800"])
def test_half_a_surrogate_pair_is_replaced(half: str) -> None:
    text = loads(f'{{"a{half}":"{half}"}}')
    assert "\ufffd" in text[next(iter(text))]
    json.dumps(text, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\\ud83d\\ude00"', r"\ud83d\ude00"),
        (r'"\\\ud83d"', "\\\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
    ],
)
def test_an_escaped_backslash_begins_no_escape(text: str, value: str) -> None:
    assert loads(text) == value


def test_a_short_text_that_is_read_again_has_the_same_value() -> None:
    short, long = '{"a": [1]}', f'"{"a" * KEPT_SIZE}"'
    assert shared_json(short) is shared_json(short)
    assert shared_json(long) == loads(long)
    assert shared_json("{") is None
