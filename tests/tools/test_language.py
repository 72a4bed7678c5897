"""The language check: each rule can fail, on a small tree that breaks it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tools.language import __main__ as language
from tools.language import names


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str = "") -> None:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    code = language.main(arguments)
    printed = capsys.readouterr().out.splitlines()
    lines = [line for line in printed if " functions: median " not in line or "allowed" in line]
    assert code == (0 if lines[-1].endswith("keep the rules") else 1)
    return lines


def test_a_clean_tree_passes(capsys: pytest.CaptureFixture[str]) -> None:
    write("load/page.py", 'def size() -> int:\n    """Bytes of a page."""\n    return 3\n')
    write("docs/page.md", "A page of plain words.\n")
    assert check(capsys) == ["2 files keep the rules"]


@pytest.mark.parametrize("text", ["is_told = 1", "class ToldDelay:\n    pass", "# what it Told us", "TOLD = 2"])
def test_a_listed_word_is_found_in_names_and_prose(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("load/page.py", f"\n{text}\n")
    (line,) = check(capsys)
    assert line.startswith("load/page.py:2: 'told': ")


def test_a_word_within_a_longer_word_is_no_complaint(capsys: pytest.CaptureFixture[str]) -> None:
    write("docs/page.md", "The taped box, untold, is besides the aforesaid.\n")
    assert check(capsys) == ["1 files keep the rules"]


def test_a_listed_phrase_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    write("README.md", "All is\nnot As It Should Be here.\n")
    (line,) = check(capsys, "README.md")
    assert line.startswith("README.md:2: 'as it should be': ")


@pytest.mark.parametrize("docstring", ["Do it.", "As it is.", "They.", "It is so."])
def test_an_empty_docstring_is_found(docstring: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("load/page.py", f'class Page:\n    """{docstring}"""\n')
    (line,) = check(capsys)
    assert line == f"load/page.py:1: {docstring!r} says nothing: leave it out, or say what a caller must know"


def test_a_class_defined_twice_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    write("load/page.py", "class Page:\n    pass\n")
    write("contracts/page.py", "class Page:\n    pass\n")
    assert check(capsys) == ["contracts/page.py:1: class Page is also defined at load/page.py:1"]


def test_mutants_and_tools_may_share_names(capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("load/page.py", "conformance/hopcheck/cases/page.py", "tools/page.py"):
        write(path, "class Page:\n    pass\n")
    assert check(capsys) == ["3 files keep the rules"]


def test_the_list_of_allowed_class_names_is_short() -> None:
    rules = {"class_names": {"allowed": [*"abcdef"]}}
    assert list(names.repeated_classes([], rules)) == [
        "tools/language/words.toml: at most 5 class names may be defined twice"
    ]


def test_a_module_named_by_a_gerund_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    write("tools/asking.py")
    assert check(capsys) == ["tools/asking.py: a module is a noun, not 'asking'"]


def test_a_module_and_a_folder_of_one_name_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    write("load/page.py")
    write("load/page/line.py")
    assert check(capsys) == ["load/page.py: there is also a folder of that name"]


def test_a_long_test_name_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    name = "test_" + "a" * 58
    write("tests/test_page.py", f"async def {name}() -> None: ...\ndef {name[:60]}() -> None: ...\n")
    assert check(capsys) == [f"tests/test_page.py:1: {name} is 3 characters too long"]


@pytest.mark.parametrize(("lines", "short", "allowed"), [(7, 0, False), (17, 10, True), (17, 4, False), (6, 0, True)])
def test_sizes_of_functions(lines: int, short: int, allowed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    long_function = "def page():\n" + "    pass\n" * (lines - 1)
    write("load/page.py", long_function + "def line():\n    pass\n" * short)
    found = check(capsys)
    assert ("functions: median" not in found[0]) is allowed


def test_a_crowded_folder_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(15):
        write(f"load/pages/page_{number}.py")
        write(f"conformance/hopcheck/cases/chat/page_{number}.py")
    write("load/pages/__init__.py")
    assert check(capsys) == ["load/pages: 15 modules in one folder; allowed are 14"]


def test_loose_modules_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("__init__", "__main__", "pytest_plugin", "page"):
        write(f"conformance/hopcheck/{name}.py")
    assert check(capsys) == ["conformance/hopcheck: 4 modules next to the folders; allowed are 3"]


def test_the_glossary_is_exempt(capsys: pytest.CaptureFixture[str]) -> None:
    write("docs/glossary.md", "told: summary\n")
    assert check(capsys) == ["0 files keep the rules"]


def test_the_committed_list_names_a_replacement_for_each_word() -> None:
    rules = tomllib.loads(files("tools.language").joinpath("words.toml").read_text(encoding="utf-8"))
    assert all(rules["words"].values())
    assert all(rules["phrases"].values())
    assert len(rules["class_names"]["allowed"]) <= names.MAX_ALLOWED_CLASS_NAMES
