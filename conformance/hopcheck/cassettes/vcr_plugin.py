"""Cassettes in tests of an adapter, without any server: `@pytest.mark.cassette("stream.done-once~chat.stream")`.

Not loaded by itself: `pytest -p hopcheck.cassettes.vcr_plugin`, or `pytest_plugins = ["hopcheck.cassettes.vcr_plugin"]`
in the top-level conftest.py. Needs `pip install 'hopcheck[cassettes]'`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hopcheck.cassettes.document import MalformedCassette
from hopcheck.cassettes.store import path_of
from hopcheck.cassettes.vcr_playback import CassettePlayback, playing

_FOLDER = "hopcheck_cassettes"
_PLAYED = pytest.StashKey[CassettePlayback]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the folder of the cassettes as a setting and an option."""
    parser.addini(_FOLDER, "the folder of hopcheck's cassettes, from the configuration's own", default="cassettes")
    parser.getgroup("hopcheck").addoption(
        "--hopcheck-cassettes", metavar="DIR", help=f"the folder of hopcheck's cassettes; before the setting {_FOLDER}"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "cassette(name, *, partial=False): play this cassette; every recorded request must be sent, unless partial",
    )


@pytest.fixture(autouse=True)
def _playing_its_cassette(request: pytest.FixtureRequest) -> Iterator[None]:
    """Play the marked cassette, from before the test's other fixtures to after them."""
    marker = request.node.get_closest_marker("cassette")
    if marker is None:
        yield
        return
    if len(marker.args) != 1 or not marker.kwargs.keys() <= {"partial"}:
        raise pytest.UsageError(
            f'{request.node.nodeid}: write @pytest.mark.cassette("<case>~<operation>"), or with partial=True'
        )
    path = path_of(_folder(request.config), marker.args[0])
    if not path.is_file():
        raise pytest.UsageError(f"{request.node.nodeid}: there is no cassette {path}; set {_FOLDER} or record it")
    try:
        with playing(path) as played:
            request.node.stash[_PLAYED] = played
            yield
    except MalformedCassette as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> CassettePlayback:
    """The cassette that is being played: its requests, to be sent again, and how often it was played."""
    if _PLAYED not in request.node.stash:
        raise pytest.UsageError(
            f'{request.node.nodeid}: the fixture `cassette` needs @pytest.mark.cassette("<case>~<operation>")'
        )
    played: CassettePlayback = request.node.stash[_PLAYED]
    return played


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that passed without playing its cassette."""
    yield
    played = item.stash.get(_PLAYED, None)
    marker = item.get_closest_marker("cassette")
    if played is None or marker is None:
        return
    wrong = list(played.problems(partial=marker.kwargs.get("partial", False)))
    if wrong:
        pytest.fail(f"the cassette {played.cassette.name}: " + "; ".join(wrong), pytrace=False)


def _folder(config: pytest.Config) -> Path:
    chosen = config.getoption("--hopcheck-cassettes")
    return Path(chosen) if chosen else config.rootpath / str(config.getini(_FOLDER))
