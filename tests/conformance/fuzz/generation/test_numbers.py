"""Numbers that every proxy must carry unchanged."""

from __future__ import annotations

from hopcheck.fuzz.generation.numbers import portable_numbers


def test_portable_numbers() -> None:
    given = {"whole": 5.0, "half": 0.5, "far": 1e300, "long": 2**70, "yes": True, "deep": [{"low": -(2**63)}]}
    numbers = portable_numbers(given)
    assert [numbers[name] for name in ("whole", "half", "far", "yes")] == [5, 0.5, 1e300, True]
    assert type(numbers["whole"]) is int
    assert abs(numbers["long"]) < 2**63
    assert abs(numbers["deep"][0]["low"]) < 2**63
