"""A mistake in a case file is one sentence with its file and line, and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hopcheck.authoring import registry
from hopcheck.authoring.case import Case
from hopcheck.authoring.mistakes import CaseError, suggestion
from hopcheck.authoring.outside import import_folder
from hopcheck.gate import catalogue
from hopcheck.gate.catalogue import all_cases

CASE = '''"""A case."""
from hopcheck import Findings, Relay, Target, case, edits, expect, reply

@case("acme.words", level="MUST", refs=["a"], upstream=reply.chat("Hi"))
async def words(target: Target) -> Findings:
    """It holds."""
    yield expect("status", (await target.chat.create()).status, equals=200)

@words.mutant(killed_by="status")
class Odd(Relay):
    """It is odd."""
'''

# ruff: noqa: E501 - one mistake a line
MISTAKES = {
    "level": ('level="MUST"', 'level="MSUT"', "4: the level of acme.words is 'MSUT', which is unknown; did you mean 'MUST'?"),
    "level in lower case": ('"MUST"', '"must"', "4: the level of acme.words is 'must', which is unknown; did you mean 'MUST'?"),
    "area": ("acme.words", "straem.words", "4: the case id 'straem.words' has an unknown area; did you mean 'stream'?"),
    "id": ("acme.words", "acme.My Words", "4: the case id 'acme.My Words' is malformed: write <area>.<words-with-hyphens>"),
    "argument": ("level=", "levle=", "4: case() has no argument 'levle'; did you mean 'level'?"),
    "argument of a reply": ('chat("Hi")', 'chat("Hi", finsh="stop")', "4: chat() has no argument 'finsh'; did you mean 'finish'?"),
    "delivery": ('chat("Hi")', 'chat("Hi", split_evry=1)', "4: chat() has no argument 'split_evry'; did you mean 'split_every'?"),
    "reply": ("reply.chat", "reply.chatt", "4: reply has no 'chatt'; did you mean 'chat'?"),
    "need": ("refs=", 'needs=["fallbak"], refs=', "4: a need of acme.words is 'fallbak', which is unknown; did you mean 'fallback'?"),
    "operation": ("refs=", 'on="chat.steam", refs=', "4: an operation of acme.words is 'chat.steam', which is unknown; did you mean 'chat.stream'?"),
    "isolation": ("refs=", 'isolation="exklusive", refs=', "4: the isolation of acme.words is 'exklusive', which is unknown; did you mean 'exclusive'?"),
    "docstring": ('    """It holds."""\n', "", "4: case acme.words needs a docstring: its first line is the requirement"),
    "no generator": ("yield expect", "return expect", "4: words of acme.words must be an `async def` that yields findings"),
    "argument of a mutant": ("killed_by=", "kiled_by=", "9: mutant() has no argument 'kiled_by'; did you mean 'killed_by'?"),
    "docstring of a mutant": ('"""It is odd."""', "pass", "9: the mutant Odd needs a docstring that says what is wrong with it"),
    "mutant": ("Odd(Relay)", "Odd", "9: the mutant 'Odd' must be a class that inherits from Relay"),
    "import": ("Relay, T", "Relai, T", "2: hopcheck exports no 'Relai'; did you mean 'Relay'?"),
    "name": ("@words.mutant", "@wrods.mutant", "9: the name 'wrods' is unknown; did you mean 'words'?"),
    "syntax": ("async def words(", "async def words((", "5: Function parameters cannot be parenthesized"),
    "any error": ('"""A case."""', "1 / 0", "1: ZeroDivisionError: division by zero"),
}  # fmt: skip


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    all_cases()  # they register themselves once, and not with this test
    own: dict[str, Case] = {}
    monkeypatch.setattr(registry, "REGISTRY", own)
    monkeypatch.setattr(catalogue, "REGISTRY", own)

    def import_text(text: str, name: str = "mine.py") -> str:
        (tmp_path / name).write_text(text)
        try:
            import_folder(tmp_path)
        except CaseError as error:
            return str(error).replace(f"{tmp_path}/", "")
        return ""

    return import_text


def test_a_sound_file_has_no_mistake(imported) -> None:
    assert imported(CASE) == ""
    assert set(registry.REGISTRY) == {"acme.words"}


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence(imported, right: str, wrong: str, sentence: str) -> None:
    assert right in CASE
    assert imported(CASE.replace(right, wrong)) == f"mine.py:{sentence}"


def test_a_check_that_a_case_does_not_make(imported, tmp_path: Path) -> None:
    assert imported(CASE.replace('by="status"', 'by="staus"')) == ""
    with pytest.raises(CaseError) as mistake:
        all_cases(tmp_path)
    sentence = "words makes no check 'staus', which is to kill Odd; did you mean 'status'?"
    assert str(mistake.value) == f"{tmp_path}/mine.py:9: {sentence}"


def test_a_computed_check_is_not_known_before_it_is_made(imported, tmp_path: Path) -> None:
    computed = CASE.replace('by="status"', 'by="status of 1"').replace('expect("status"', 'expect(f"status of {1}"')
    assert imported(computed) == ""
    assert set(all_cases(tmp_path)) == {"acme.words"}


def test_an_id_that_is_taken_names_its_owner(imported) -> None:
    imported(CASE, "first.py")
    assert imported(CASE, "second.py") == "second.py:4: the case id 'acme.words' is taken by first.py:4"


def test_files_may_import_each_other(imported, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text('TEXT = "Hi"\n')
    assert imported(CASE.replace("\n@case", "from .helper import TEXT\n@case").replace('"Hi"', "TEXT")) == ""


def test_a_folder_without_files_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="holds no Python file"):
        import_folder(tmp_path)


@pytest.mark.parametrize(
    ("word", "known", "end"),
    [
        ("must", ["MUST", "MAY"], "; did you mean 'MUST'?"),
        ("x", ["a", "b"], ": write one of a, b"),
        ("x", [str(number) for number in range(100)], ""),
        ("x", [], ""),
    ],
)
def test_a_suggestion_is_close_or_lists_a_few(word: str, known: list[str], end: str) -> None:
    assert suggestion(word, known) == end


@pytest.mark.parametrize("command", ["selftest", "cases", "gate"])
def test_commands_print_the_sentence_and_exit_with_2(command: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(CASE.replace("MUST", "MSUT"))
    line = [sys.executable, "-m", "hopcheck", command, "--cases", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    sentence = MISTAKES["level"][2]
    assert (done.returncode, done.stderr) == (2, f"hopcheck: {tmp_path}/mine.py:{sentence}\n")
