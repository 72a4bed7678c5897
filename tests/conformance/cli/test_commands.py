"""`cases`, `selftest`, help, and what isn't installed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

from hopcheck.cli import COMMANDS

pytestmark = pytest.mark.commands


ENTRY = {"id", "level", "profile", "operations", "left_out", "requirement", "refs", "needs", "mutants"}


def test_help_lists_the_commands(inside) -> None:
    assert inside("--version").out == f"hopcheck {importlib.import_module('hopcheck').__version__}\n"
    done = inside("--help")
    assert done.code == 0
    assert all(f"  {name} " in done.out for name in COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "load"])
def test_every_command_has_help(inside, name: str) -> None:
    done = inside(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"usage: hopcheck {name} ")


def test_cases_are_listed_explained_and_given_as_json(inside) -> None:
    listed = inside("cases", "--profile", "core").out.splitlines()
    assert {line.split()[0].partition(".")[0] for line in listed} == {"chat", "stream", "tools", "models"}
    explained = inside("cases", "stream.done-once").out
    assert "asked on    chat.stream" in explained
    assert "stream.done-once  (MUST, profile stream)" in explained
    assert "killed by" in explained
    entries = json.loads(inside("cases", "stream.*", "--json").out)
    assert all(set(entry) == ENTRY for entry in entries)
    assert all(entry["id"].startswith("stream.") and entry["mutants"] for entry in entries)


def test_a_list_may_be_cut_short_by_its_reader(cli) -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.readline()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as reader:
        assert reader.stdin is not None
        line = [sys.executable, "-m", "hopcheck", "cases", "--json"]
        done = subprocess.run(line, stdout=reader.stdin, stderr=subprocess.PIPE, text=True, timeout=60)
        reader.communicate()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("more", [(), ("--diagonal",), ("--full", "--verbose")])
def test_the_self_test_of_one_case(inside, more: tuple[str, ...]) -> None:
    done = inside("selftest", "stream.done-once", "--processes", "1", *more)
    assert done.code == 0, done.out + done.err
    text = " ".join(done.out.split())
    assert "1 cases (1 with their operations), " in text
    assert " 0 survived, 0 inert, 0 unexpected, 0 false positives, 0 checks that kill no mutant" in text
    assert ("killed stream.done-once[chat.stream]: one [DONE]" in text) is ("--verbose" in more)


@pytest.mark.parametrize(("module", "extra"), [("fastapi", "server"), ("uvicorn", "server"), ("locust", "load")])
def test_a_command_whose_extra_is_missing_says_what_brings_it(inside, monkeypatch, module: str, extra: str) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=f"{module}.sub")

    monkeypatch.setattr("hopcheck.cli.importlib.import_module", missing)
    done = inside("serve")
    assert (done.code, done.err) == (2, f"hopcheck: `serve` needs more: pip install 'hopcheck[{extra}]'\n")


def test_the_chain_says_what_it_needs(inside, monkeypatch) -> None:
    monkeypatch.setattr("hopcheck.cli.chain.importlib.util.find_spec", lambda name: None)
    for command in ("stack", "demo"):
        done = inside(command)
        assert done.code == 2
        assert "pip install 'hopcheck[server]'" in done.err


def test_an_unforeseen_exception_is_hopchecks_own_failure(inside, monkeypatch) -> None:
    def crash(arguments: object) -> int:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("hopcheck.cli.cases.run", crash)
    done = inside("cases")
    assert done.code == 4
    assert "ZeroDivisionError: unforeseen" in done.err
    assert done.err.endswith("hopcheck: cases failed; this is a bug of hopcheck's, not of the target's.\n")
