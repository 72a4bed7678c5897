"""What cannot be tested, or is not understood: one sentence, the right exit code, no traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

QUICK = ("--select", "chat.schema")

BAD_FILES = {
    "unknown key": ("[target]\nbase_url = 'http://127.0.0.1:1/v1'\nbase_ulr = 'x'\n", "base_ulr"),
    "wrong type": ("[target]\nbase_url = 'http://127.0.0.1:1/v1'\nupstream_port = 'x'\n", "upstream_port"),
    "syntax": ("[target\n", "hopcheck.toml"),
    "no URL": ("[target]\nname = 'x'\n", "base_url"),
    "no key": ("[target]\nbase_url = 'http://127.0.0.1:1/v1'\napi_key_env = 'NOT_THERE'\n", "NOT_THERE"),
}


def one_sentence(done, code: int, sentence: str) -> None:
    assert (done.code, done.out) == (code, ""), done.err
    assert "Traceback" not in done.err
    assert re.fullmatch(rf"hopcheck: [^\n]*{sentence}[^\n]*\n", done.err), done.err


UNTESTABLE = {
    "dead port": (
        "gate DEAD --upstream-port FREE",
        r"Nothing answers at .*refused\)\. Start the proxy, or correct the URL\.",
    ),
    "wrong key": (
        "gate RELAY --one-sided --api-key-env WRONG_KEY",
        r"answered 401 .*it refuses the key\. Give the name of the variable .*--api-key-env\.",
    ),
    "other upstream": (
        "gate RELAY --api-key-env RELAY_KEY --upstream-port FREE",
        r"nothing arrived at hopcheck's upstream\. Point its provider to http://127.0.0.1:\d+/v1",
    ),
    "canned": (
        "gate ODD/canned/v1 --upstream-port FREE",
        r"answers, but not from hopcheck's upstream\. Point its provider to http://127.0.0.1:\d+/v1\.",
    ),
    "html": (
        "gate ODD/html/v1 --upstream-port FREE",
        r"which is no OpenAI-compatible answer\. Is this the base URL, with its /v1\?",
    ),
    "silent": (
        "gate ODD/silent/v1 --one-sided --read-timeout 0.2",
        r"took the connection but did not answer within 0\.\d s\. Look at the proxy's log",
    ),
    "port held": (
        "gate RELAY --upstream-port HELD",
        r"Port \d+, where the target expects its provider, is held by something that isn't hopcheck's",
    ),
}


@pytest.fixture
def spelt(cli, relay, odd: str) -> Callable[[str], list[str]]:
    """The words of a command, with URLs and ports where their names stand."""

    def spell(command: str) -> list[str]:
        dead = f"http://127.0.0.1:{cli.free_port()}/v1"
        known = {
            "RELAY": relay.url,
            "DEAD": dead,
            "FREE": str(cli.free_port()),
            "HELD": relay.url.split(":")[2].partition("/")[0],
        }
        return [known.get(word, word.replace("ODD", odd)) for word in command.split()]

    return spell


@pytest.mark.parametrize("name", UNTESTABLE)
def test_a_target_that_cannot_be_tested(inside, spelt, name: str) -> None:
    command, sentence = UNTESTABLE[name]
    one_sentence(inside(*spelt(command), *QUICK), 3, sentence)


def test_a_process_exits_with_the_same_code_and_sentence(cli, spelt, tmp_path: Path) -> None:
    command, sentence = UNTESTABLE["dead port"]
    (tmp_path / "hopcheck.toml").write_text("[target]\nbase_url = 'http://h/v1'\nupstream_prot = 1\n")
    untestable = cli.begin(*spelt(command), *QUICK, cwd=tmp_path.parent)
    mistaken = cli.begin("gate", *QUICK, cwd=tmp_path)
    one_sentence(cli.finish(untestable), 3, sentence)
    one_sentence(cli.finish(mistaken), 2, r"upstream_prot.*upstream_port")


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_target_file_with_a_mistake(inside, tmp_path: Path, name: str) -> None:
    text, sentence = BAD_FILES[name]
    (tmp_path / "hopcheck.toml").write_text(text)
    one_sentence(inside("gate"), 2, re.escape(sentence))


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("gate http://no..host/v1 --one-sided", 3, r"Nothing answers at http://no\.\.host/v1"),
        ("gate ODD/garbage/v1 --one-sided", 3, "took the connection but gave no HTTP answer"),
        ("gate RELAY", 3, r"hopcheck doesn't know where the target expects its provider\."),
        ("gate RELAY --upstream-url http://127.0.0.1:1", 3, "There is no upstream of hopcheck's at .*refused"),
        ("gate RELAY --upstream-url ODD/html", 3, "There is no upstream of hopcheck's at .*501"),
        ("gate RELAY --one-sided --select nothing.*", 2, r"no case matches; `hopcheck cases` lists them all\."),
        ("gate", 2, "The target's URL is missing"),
        ("gate 127.0.0.1:4000", 2, "http://"),
        ("gate RELAY --jobs 0", 2, r"--jobs, --repeat, --read-timeout and --deadline must be greater than 0\."),
        ("gate RELAY --one-sided --json no/folder.json", 2, "no/folder.json can't be written: there is no folder no"),
        ("gate RELAY --one-sided --baseline none.toml", 2, "none.toml"),
        ("cases nothing.*", 2, r"no case matches 'nothing\.\*'; `hopcheck cases` lists them all\."),
        ("record --select nothing.*", 2, r"no case matches; `hopcheck cases` lists them all\."),
        ("record --litellm x --select chat.schema", 2, r"'x' is not a version of LiteLLM; one looks like \d"),
        ("record --between here http://127.0.0.1:1", 2, "'here' is not a URL like"),
        ("record --between http://127.0.0.1:0 http://h/v1", 2, r"give the address without the path /v1;"),
        ("record --between ODD http://127.0.0.1:1", 2, r"listen elsewhere, or name another folder"),
        ("selftest nothing.*", 2, r"no case matches 'nothing\.\*'; `hopcheck cases` lists them all\."),
    ],
)
def test_a_command_that_cannot_be_done(inside, spelt, words: str, code: int, sentence: str) -> None:
    one_sentence(inside(*spelt(words)), code, sentence)


def test_an_unwritable_baseline_is_reported_before_the_run(inside, relay, tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text("[[deviation]]\ncase = 'x'\n")
    done = inside("gate", relay.url, "--one-sided", "--write-baseline", "known.toml")
    assert (done.code, done.out) == (2, "")
    assert "known.toml" in done.err


@pytest.mark.parametrize("words", [("gate", "--profile", "nothing"), ("judge",), ("gate", "--nothing"), ()])
def test_what_the_command_line_does_not_know_is_refused(inside, words: tuple[str, ...]) -> None:
    done = inside(*words)
    assert done.code == 2
    assert "usage: hopcheck" in done.err + done.out
