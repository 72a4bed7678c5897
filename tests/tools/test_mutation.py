"""What mutation testing takes, counts and prints."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tools.mutation.__main__ import KNOWN, reason_for, report
from tools.mutation.parts import PARTS, MutatedPart
from tools.mutation.session import CHECKOUT, SessionResult, Survivor

SURVIVOR = Survivor("a/b.py:7", "-    x = 1\n+    x = 2")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_has_sources_and_tests(part: MutatedPart) -> None:
    assert (CHECKOUT / part.source).exists()
    assert all((CHECKOUT / tests).exists() for tests in part.tests)


def test_a_survivor_counts_unless_its_line_has_a_reason() -> None:
    assert reason_for(SURVIVOR, {}) == ""
    assert reason_for(SURVIVOR, {"a/b.py: x = 1": "Nobody can tell."}) == "Nobody can tell."


@pytest.mark.parametrize(("killed", "known", "code"), [(8, {}, 1), (9, {}, 0), (0, {"a/b.py: x = 1": "Same."}, 0)])
def test_nine_in_ten_are_to_be_killed(
    killed: int, known: dict[str, str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([SessionResult("part", killed, (SURVIVOR,))], known) == code
    assert "a/b.py:7" in capsys.readouterr().out


def test_reasons_are_about_lines_that_exist() -> None:
    for place in tomllib.loads(KNOWN.read_text()):
        file, _, line = place.partition(": ")
        assert line in (CHECKOUT / Path(file)).read_text(), place
