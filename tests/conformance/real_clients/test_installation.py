"""Clients are found, and installed by npm or pip."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hopcheck.real_clients.installation import InstallationFailed, find_program, folder_of, install

from .scripted_client import ScriptedClient

CLIENT = ScriptedClient()


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a search path of the test's own."""
    monkeypatch.setenv("HOPCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def npm(places: Path, does: str) -> None:
    program(places / "bin" / "npm", f'echo "$@" >> {places}/asked\n{does}')


def test_one_that_is_nowhere() -> None:
    assert find_program(CLIENT) is None


def test_one_on_the_search_path(places: Path) -> None:
    there = program(places / "bin" / CLIENT.command, "")
    assert find_program(CLIENT) == there


def test_npm_installs_the_version_that_is_named_once(places: Path) -> None:
    npm(places, f"mkdir -p {folder_of(CLIENT)}/bin && touch {folder_of(CLIENT)}/bin/scripted")
    program(places / "bin" / CLIENT.command, "")
    for _ in range(2):
        assert asyncio.run(install(CLIENT)) == folder_of(CLIENT) / "bin" / "scripted"
    (line,) = (places / "asked").read_text().splitlines()
    assert line.startswith(f"install --prefix {folder_of(CLIENT)}")
    assert line.endswith("scripted@1.0")
    assert find_program(CLIENT) == folder_of(CLIENT) / "bin" / "scripted"


@pytest.mark.parametrize(
    ("does", "sentence"),
    [("echo no network; exit 1", "failed: no network"), ("exit 1", "it printed nothing"), ("exit 0", "has no program")],
)
def test_an_installation_that_fails(places: Path, does: str, sentence: str) -> None:
    npm(places, does)
    with pytest.raises(InstallationFailed, match=sentence):
        asyncio.run(install(CLIENT))


def test_no_installer(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(places / "bin"))
    with pytest.raises(InstallationFailed, match="by npm, which isn't there"):
        asyncio.run(install(CLIENT))
