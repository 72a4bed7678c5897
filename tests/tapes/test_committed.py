"""The tapes that come with hopcheck are written as they should be, hold no secrets, and vcrpy plays all of them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
import vcr
from vcr.record_mode import RecordMode

from hopcheck.discovery import all_cases
from hopcheck.tapes.format import load_all, problems
from hopcheck.tapes.recording import PROBES
from hopcheck.tapes.session import LIVE_ONLY, read_live_only

CASSETTES = Path(__file__).parents[2] / "cassettes"
SETS = sorted(path for path in CASSETTES.iterdir() if path.is_dir())
LIMIT = 20_000_000


def test_there_are_tapes_and_they_are_small() -> None:
    assert [path.name for path in SETS]
    assert sum(path.stat().st_size for path in CASSETTES.rglob("*") if path.is_file()) < LIMIT


@pytest.mark.parametrize("folder", SETS, ids=lambda path: path.name)
def test_tapes_are_written_as_they_should_be_and_hold_no_secrets(folder: Path) -> None:
    assert [problem for path in sorted(folder.glob("*.yaml")) for problem in problems(path)] == []


@pytest.mark.parametrize("folder", SETS, ids=lambda path: path.name)
def test_every_case_has_a_tape_or_a_reason(folder: Path) -> None:
    taped = {path.stem for path in folder.glob("*.yaml")}
    live_only = read_live_only(folder)
    assert taped.isdisjoint(live_only)
    assert set(PROBES) <= taped
    assert (taped | set(live_only)) - set(PROBES) <= set(all_cases())
    assert all(live_only.values())
    assert json.loads((folder / LIVE_ONLY).read_text()) == live_only


@pytest.mark.parametrize("folder", SETS, ids=lambda path: path.name)
def test_vcrpy_plays_all_of_them(folder: Path) -> None:
    wrong = []
    with httpx2.Client() as client:
        for tape in load_all(folder).values():
            played = [one for one in tape.interactions if one.response is not None]
            with vcr.use_cassette(str(folder / f"{tape.case}.yaml"), record_mode=RecordMode.NONE) as cassette:
                assert len(cassette) == len(played)
                for one in played:
                    assert one.response is not None
                    with client.stream(one.request.method, one.request.uri, content=one.request.body) as said:
                        body = b"".join(said.iter_raw())
                    if (said.status_code, body) != (one.response.status, one.response.body):
                        wrong.append(tape.case)
                if not cassette.all_played:
                    wrong.append(tape.case)
    assert wrong == []
