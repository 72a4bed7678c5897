"""`hopcheck gate --fuzz` and `--example`: what is found is reported, written, and found again."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from hopcheck_server.chain.litellm.environment import cache_dir

pytestmark = pytest.mark.commands


@pytest.mark.timeout(300)
@pytest.mark.litellm  # for its length alone
def test_a_healthy_relay_survives(inside, cli, relay, tmp_path: Path) -> None:
    done = inside(*relay.words, "--fuzz", "6", "--seed", "5", "--select", "fuzz.*", "--json", "r.json")
    assert done.code == 0, done.out + done.err
    assert "fuzz.chat[chat]: 6 examples (of 6, seed 5)" in done.out
    judged = cli.report(tmp_path / "r.json")["cases"]
    assert [case["id"] for case in judged if case["outcome"] == "conforms"] == [
        "fuzz.chat",
        "fuzz.chat-refusals",
        "fuzz.model",
        "fuzz.models",
        "fuzz.routes",
        "fuzz.sequences",
    ]
    assert {case["id"]: case["undeclared"] for case in judged if case["outcome"] == "not-applicable"} == {
        "fuzz.embeddings": ["embeddings"],
        "fuzz.embeddings-refusals": ["embeddings"],
    }
    assert not (tmp_path / "hopcheck-examples").exists()


@pytest.fixture
def found(inside, odd: str, tmp_path: Path) -> Path:
    """The file of what is found on a server that has one answer to everything."""
    words = ("gate", f"{odd}/canned/v1", "--one-sided", "--fuzz", "4", "--select", "fuzz.chat-refusals")
    done = inside(*words, "--json", "r.json", "--junit", "r.xml", "--html", "r.html")
    assert done.code == 1, done.out + done.err
    assert "it is refused: expected one of 400, 422, got 200" in done.out
    (path,) = (tmp_path / "hopcheck-examples").iterdir()
    assert f"written: hopcheck-examples/{path.name}" in done.out
    assert f"hopcheck gate --example hopcheck-examples/{path.name}" in done.out
    return path


def test_what_is_found_is_in_every_report(found: Path, cli, tmp_path: Path) -> None:
    (case,) = cli.report(tmp_path / "r.json")["cases"]
    assert (case["outcome"], case["level"], case["profile"]) == ("deviates", "MUST", "fuzz")
    assert case["reproduce"].startswith("curl ")
    assert case["exchanges"][0]["response"]["status"] == 200
    assert "fuzz.chat-refusals" in (tmp_path / "r.xml").read_text()
    assert "fuzz.chat-refusals" in (tmp_path / "r.html").read_text()


def test_the_tables_of_the_search_are_kept_in_the_cache(found: Path) -> None:
    storage_directory = pytest.importorskip("hypothesis.configuration").storage_directory
    assert storage_directory("unicode_data", intent_to_write=False).path == cache_dir() / "hypothesis" / "unicode_data"


def test_what_is_found_is_small_and_is_found_again(found: Path, inside, odd: str) -> None:
    example = json.loads(found.read_text())
    assert example["found"]["check"] == "it is refused"
    assert len(json.dumps(example["request"])) < 400
    again = inside("gate", f"{odd}/canned/v1", "--one-sided", "--example", str(found))
    assert again.code == 1, again.err
    assert "it is refused: expected one of 400, 422, got 200" in again.out


def test_an_example_of_a_fixed_target_holds(found: Path, inside, relay) -> None:
    other = found.with_name("second.json")
    other.write_text(found.read_text())
    done = inside(*relay.words, "--example", str(found), "--example", str(other))
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--fuzz", "0"), "--fuzz and --fuzz-time must be greater than 0."),
        (("--fuzz", "1", "--fuzz-time", "0"), "--fuzz and --fuzz-time must be greater than 0."),
        (
            ("--fuzz", "--profile", "core"),
            "--fuzz was given, but none of its cases is chosen: add --select 'fuzz.*' or --profile fuzz.",
        ),
        (("--example", "not_runnable.json"), "not_runnable.json can't be read: No such file or directory."),
    ],
)
def test_wrong_options_are_explained(inside, odd: str, words: tuple[str, ...], sentence: str) -> None:
    done = inside("gate", f"{odd}/canned/v1", "--one-sided", *words)
    assert (done.code, done.err) == (2, f"hopcheck: {sentence}\n")


def test_a_missing_extra_is_named(inside, odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hopcheck.fuzz.generation.examples", None)
    done = inside("gate", f"{odd}/canned/v1", "--one-sided", "--fuzz")
    assert (done.code, done.err) == (2, "hopcheck: --fuzz needs more: pip install 'hopcheck[fuzz]'\n")


def test_time_is_a_bound(inside, relay) -> None:
    words = ("--fuzz", "1000000", "--fuzz-time", "0.4", "--select", "fuzz.models")
    done = inside(*relay.words, *words)
    assert done.code == 0, done.out + done.err
    assert "the time is over" in done.out


@pytest.mark.litellm  # for its length alone
def test_an_interrupted_search_leaves_its_report(cli, relay, tmp_path: Path) -> None:
    words = ("--fuzz", "1000000", "--select", "fuzz.models", "--json", "r.json")
    process = cli.begin(*relay.words, *words, cwd=tmp_path)
    line = process.stderr.readline()
    assert "fuzz.models 0 of 250,000" in line, line + process.stderr.read()
    os.kill(process.pid, signal.SIGINT)
    done = cli.finish(process)
    assert done.code == 130, done.err
    assert "Traceback" not in done.err
    assert cli.report(tmp_path / "r.json")["partial"] is True
