"""The cassettes in the repository are valid and hold no secrets, and vcrpy plays all of them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
import vcr
from vcr.record_mode import RecordMode

from hopcheck.cassettes.model import Interaction
from hopcheck.cassettes.recording.recorder import PROBES
from hopcheck.cassettes.store import LIVE_ONLY, load, problems, read_live_only
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.replay.live_only import cassette_of_case
from hopcheck.replay.offline import reference_target
from hopcheck_contracts.documents import surface_of
from hopcheck_contracts.schemas import validate_event, validate_raw_response
from hopcheck_contracts.sse import EventParser
from hopcheck_server.chain.litellm import DEFAULT_VERSION

CASSETTES = Path(__file__).parents[3] / "cassettes"
SETS = sorted(path for path in CASSETTES.iterdir() if path.is_dir())
LIMIT = 20_000_000
EVERY = 16
"""A sample will do here: `nox -s lint` examines all of them, and `nox -s chain` plays them."""


def cassettes(step: int) -> list[Path]:
    """Every n-th cassette."""
    return sorted(CASSETTES.glob("*/*.yaml"))[::step]


@pytest.fixture(params=[EVERY, pytest.param(1, marks=pytest.mark.litellm)], ids=["some", "all"])
def paths(request: pytest.FixtureRequest) -> list[Path]:
    return cassettes(request.param)


def test_there_are_cassettes_and_they_are_small() -> None:
    assert [path.name for path in SETS]
    assert sum(path.stat().st_size for path in CASSETTES.rglob("*") if path.is_file()) < LIMIT


def test_cassettes_are_valid_and_hold_no_secrets() -> None:
    paths = cassettes(EVERY)
    assert paths
    assert [problem for path in paths for problem in problems(path)] == []


@pytest.mark.parametrize("folder", SETS, ids=lambda path: path.name)
def test_every_case_has_a_cassette_or_a_reason(folder: Path) -> None:
    recorded = {path.stem for path in folder.glob("*.yaml")}
    live_only = read_live_only(folder)
    assert recorded.isdisjoint(live_only)
    probes = {f"{name}~chat" for name in PROBES} | {"hopcheck~embeddings"}
    assert probes <= recorded
    named = {cassette_of_case(one) for one in select(all_cases().values())}
    assert {name.partition("@")[0] for name in recorded | set(live_only)} - probes <= named
    assert all(live_only.values())
    assert json.loads((folder / LIVE_ONLY).read_text()) == live_only


@pytest.mark.parametrize("provider", reference_target().providers)
def test_each_provider_has_its_probe_and_its_translations(provider: str) -> None:
    folder = CASSETTES / f"litellm-{DEFAULT_VERSION}"
    recorded = {path.stem for path in folder.glob(f"*@{provider}.yaml")}
    assert f"preflight~chat@{provider}" in recorded
    assert len([name for name in recorded if name.startswith("translation.")]) > 10
    assert load(folder / f"preflight~chat@{provider}.yaml").provider == provider


def test_recorded_responses_keep_the_contract() -> None:
    violations = [
        f"{cassette.case}: {violation}"
        for path in sorted((CASSETTES / f"litellm-{DEFAULT_VERSION}").glob("*.yaml"))[::EVERY]
        for cassette in [load(path)]
        for one in cassette.interactions
        for violation in answer_violations(one)
    ]
    assert violations == []


def answer_violations(one: Interaction) -> list[str]:
    """What a recorded answer owes its contract and lacks, events included; LiteLLM's has OpenAI's first APIs."""
    response, asked = one.response, one.request
    if response is None or surface_of(asked.path) != "openai-compatible":
        return []
    found = validate_raw_response("litellm", asked.method, asked.path, response.status, response.headers, response.body)
    if "event-stream" in (response.header("content-type") or ""):
        events = (event.data for event in EventParser().feed(response.body))
        found += [violation for data in events if data is not None for violation in validate_event("litellm", data)]
    return [str(violation) for violation in found]


def test_vcrpy_plays_all_of_them(paths: list[Path]) -> None:
    with httpx2.Client() as client:
        assert [path for path in paths if not played_whole(path, client)] == []


def played_whole(path: Path, client: httpx2.Client) -> bool:
    """Whether vcrpy answers a cassette's requests as they were answered, in their order, and has nothing left."""
    answered = [one for one in load(path).interactions if one.response is not None]
    with vcr.use_cassette(str(path), record_mode=RecordMode.NONE) as cassette:
        for one in answered:
            with client.stream(one.request.method, one.request.uri, content=one.request.body) as response:
                body = b"".join(response.iter_raw())
            if one.response is None or (response.status_code, body) != (one.response.status, one.response.body):
                return False
        return bool(len(cassette) == len(answered) and cassette.all_played)
