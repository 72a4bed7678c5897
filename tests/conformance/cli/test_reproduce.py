"""`hopcheck reproduce` on reports of a server that fails, and of one that holds."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import urllib.request
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from hopcheck_server.upstream.control.client import probe

pytestmark = pytest.mark.commands


@pytest.fixture
def failed(inside, odd: str, tmp_path: Path) -> Path:
    """The report of a case that failed on a server that answers everything alike."""
    path = tmp_path / "failed.json"
    words = ("gate", f"{odd}/canned/v1", "--read-timeout", "5", "--one-sided", "--api-key-env", "RELAY_KEY")
    done = inside(*words, "--select", "errors.invalid-json", "--json", str(path))
    assert done.code == 1, done.err
    return path


REPLAY = {"folder": "c", "litellm": ["1.106.2"], "cassettes": 1, "live_only": 0, "scripted": 0, "problems": []}


def edited(path: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))
    return path


def _provider_answer(port: int, marker: str) -> str:
    """What the provider plays for a marker; its default where the marker's script isn't played."""
    body = {"model": "m", "messages": [{"role": "user", "content": marker}]}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())) as response:
        return str(response.read(), "utf-8")


def test_what_fails_again_is_shown_with_the_users_own_variable(inside, failed: Path) -> None:
    done = inside("reproduce", str(failed), "errors.invalid-json[chat]")
    assert done.code == 1, done.err
    assert '-H "Authorization: Bearer $RELAY_KEY"' in done.out
    assert "hopcheck-client-key" not in done.out
    assert "fails again" in done.out
    assert "answered: 200" in done.out


def test_what_holds_now_is_zero(inside, relay, failed: Path) -> None:
    def other(document: dict[str, Any]) -> None:
        document["target"] |= {"base_url": relay.url, "upstream_port": relay.port, "one_sided": False}

    done = inside("reproduce", str(edited(failed, other)), "errors.invalid-json")
    assert (done.code, "holds now" in done.out) == (0, True), done.err


def test_a_target_that_is_not_there_cannot_be_tested(inside, cli, failed: Path) -> None:
    def gone(document: dict[str, Any]) -> None:
        document["target"]["base_url"] = f"http://127.0.0.1:{cli.free_port()}/v1"

    assert inside("reproduce", str(edited(failed, gone)), "errors.invalid-json").code == 3


def test_mistakes_are_one_sentence(inside, failed: Path) -> None:
    unknown = inside("reproduce", str(failed), "chat.none")
    assert (unknown.code, "failed: " in unknown.err) == (2, True)
    assert inside("reproduce", str(failed.with_name("none.json")), "C1").code == 2

    def hidden(document: dict[str, Any]) -> None:
        document["target"]["headers"] = {"x-api-key": "[redacted]"}

    done = inside("reproduce", str(edited(failed, hidden)), "errors.invalid-json")
    assert (done.code, "give --target FILE" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("case_id", "sentence"),
    [
        ("fuzz.chat", "`hopcheck gate --example FILE` asks a failing example"),
        ("chat.own", "is no case of this hopcheck"),
    ],
)
def test_what_is_no_case_of_its_own_is_refused_in_a_sentence(inside, failed: Path, case_id: str, sentence: str) -> None:
    def renamed(document: dict[str, Any]) -> None:
        for case in document["cases"]:
            case["id"] = case_id

    done = inside("reproduce", str(edited(failed, renamed)), case_id)
    assert (done.code, sentence in done.err) == (2, True)


def test_a_report_on_cassettes_is_refused_in_a_sentence(inside, failed: Path) -> None:
    def replayed(document: dict[str, Any]) -> None:
        document["target"]["replay"] = REPLAY

    done = inside("reproduce", str(edited(failed, replayed)), "errors.invalid-json")
    assert (done.code, "`hopcheck gate --replay FOLDER --select ID` judges" in done.err) == (2, True)


def test_a_target_file_replaces_what_the_report_says(inside, relay, failed: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f"[target]\nbase_url = '{relay.url}'\nupstream_port = {relay.port}\napi_key_env = 'RELAY_KEY'\n")

    def two_sided(document: dict[str, Any]) -> None:
        document["target"]["one_sided"] = False

    done = inside("reproduce", str(edited(failed, two_sided)), "errors.invalid-json", "--target", str(file))
    assert done.code == 0, done.err


def test_the_upstream_is_left_running_until_it_is_interrupted(cli, relay, failed: Path) -> None:
    def other(document: dict[str, Any]) -> None:
        document["target"] |= {"base_url": relay.url, "upstream_port": relay.port, "one_sided": False}
        document["cases"][0]["id"] = "chat.content-exact"

    kept = cli.begin("reproduce", str(edited(failed, other)), "chat.content-exact", "--keep")
    try:
        assert kept.stdout is not None
        lines = list(takewhile(lambda line: "keeps running" not in line, iter(kept.stdout.readline, "")))
        marker = next(found[0] for line in lines if (found := re.search(r"hopcheck:chat\.content-exact~\S*:\w+", line)))
        assert asyncio.run(probe(relay.port)) == "ours"
        assert "Hello from the hopcheck upstream" not in _provider_answer(relay.port, marker)
        kept.send_signal(signal.SIGTERM)
    finally:
        done = cli.finish(kept)
    assert done.code == 0, done.err
    assert asyncio.run(probe(relay.port)) == "free"
