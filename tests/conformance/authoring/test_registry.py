"""What holds for every case there is, and for what a case may import."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import hopcheck
from hopcheck import Findings, Relay, Target, expect, reply
from hopcheck.authoring.areas import AREAS
from hopcheck.gate.catalogue import all_cases, all_scripts, select

CASES = all_cases()
FOLDER = Path(next(iter(importlib.import_module("hopcheck.cases").__path__)))
OPEN_TO_CASES = ("hopcheck", "hopcheck.client")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_has_a_requirement_references_and_mutants(case) -> None:
    assert case.requirement.endswith("."), case.requirement
    assert len(case.requirement) <= 160
    assert case.refs
    assert all(ref.strip() == ref != "" for ref in case.refs)
    assert case.mutants
    assert all(mutant.story.endswith(".") for mutant in case.mutants)
    assert len({mutant.name for mutant in case.mutants}) == len(case.mutants)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_case_file_is_short_and_imports_hopcheck_alone(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 120
    assert (ast.get_docstring(tree) or "").splitlines()[0].endswith(".")
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.startswith("hopcheck")}
    helpers = {name for name in ours if name.startswith(f"hopcheck.cases.{path.parent.name}.")}
    assert ours <= {*OPEN_TO_CASES, *helpers}


def test_a_case_stands_in_the_folder_of_its_area() -> None:
    for case in CASES.values():
        assert case.function.__module__.split(".")[2] == case.id.partition(".")[0]


def test_trips_match_existing_cases_and_mutants() -> None:
    mutants = {f"{case.id}:{mutant.name}" for case in CASES.values() for mutant in case.mutants}
    for case in CASES.values():
        for pattern in case.trips_on:
            assert select_text(mutants, pattern), f"{case.id} trips on {pattern}"
        for mutant in case.mutants:
            for pattern in mutant.trips:
                assert select(CASES.values(), [pattern]), f"{mutant.name} of {case.id} trips {pattern}"


def select_text(texts: set[str], pattern: str) -> list[str]:
    shape = re.compile(re.escape(pattern).replace(r"\*", ".*"))
    return [text for text in texts if shape.fullmatch(text)]


def test_cases_are_selected_by_pattern_and_profile() -> None:
    ids = [case.id for case in select(CASES.values(), ["stream.d*", "chat.schema"])]
    assert "stream.done-once" in ids
    assert "chat.schema" in ids
    assert {case.profile for case in select(CASES.values(), profiles=["core", "errors"])} == {
        "chat",
        "stream",
        "tools",
        "models",
        "errors",
    }
    assert select(CASES.values(), ["stream.*"], ["security"]) == []
    assert len(select(CASES.values())) == sum(len(case.operations) for case in CASES.values())
    assert [case.key for case in select(CASES.values(), ["errors.shape[chat.*]"])] == ["errors.shape[chat.stream]"]
    assert {case.operation for case in select(CASES.values(), operations=["embeddings"])} == {"embeddings"}
    assert set(all_scripts(select(CASES.values(), ["chat.schema"]))) == {"chat.schema"}


def test_exports_are_complete_and_sorted() -> None:
    names = hopcheck.__all__
    assert list(names) == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name == "__version__"))
    assert sorted(names) == sorted(set(names))
    public = {name for name, value in vars(hopcheck).items() if not name.startswith("_") and not is_module(value)}
    assert public | {"__version__", "edits", "reply"} == set(names)


def is_module(value: object) -> bool:
    return type(value) is type(ast)


def test_documents_name_methods_of_the_relay_that_exist() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    shown = re.findall(r"class \w+\(Relay\):.*?```", "\n".join(path.read_text() for path in documents), re.DOTALL)
    methods = {name for block in shown for name in re.findall(r"def (\w+)\(self", block)}
    assert methods
    assert methods <= set(dir(Relay))


async def sound(target: Target) -> Findings:
    """It is asked."""
    yield expect("it", 1, equals=1)


async def undocumented(target: Target) -> Findings:
    yield expect("it", 1, equals=1)


@pytest.mark.parametrize(
    ("case_id", "function", "options", "message"),
    [
        ("chat", sound, {}, r"is malformed: write <area>\.<words-with-hyphens>"),
        ("nowhere.words", sound, {}, "has an unknown area: it is one of chat, "),
        ("chat.Has_Capitals", sound, {}, r"is malformed: write <area>\.<words-with-hyphens>"),
        ("chat.words", undocumented, {}, "needs a docstring"),
        ("chat.taken", sound, {}, r"the case id 'chat.taken' is taken by .*test_registry.py:\d+$"),
        ("chat.words", sound, {"needs": ["fallbak"]}, "a need of chat.words is 'fallbak', .*; did you mean 'fallback'"),
        ("chat.words", sound, {"upstream": {"A B": reply.chat("x")}}, r"variants \['A B'\]"),
        (
            "chat.words",
            sound,
            {"level": "OUGHT"},
            "the level of chat.words is 'OUGHT', .*: write one of MAY, MUST, SHOULD",
        ),
    ],
)
def test_a_malformed_case_is_refused(case, case_id, function, options, message: str) -> None:
    case("chat.taken", level="MUST", refs=["a"])(sound)
    with pytest.raises(ValueError, match=message):
        case(case_id, **{"level": "MUST", "refs": ["a"], **options})(function)


def test_a_mutant_needs_a_docstring(case) -> None:
    one = case("chat.words", level="MUST", refs=["a"])(sound)

    class Silent(Relay):
        pass

    with pytest.raises(ValueError, match=r"the mutant Silent needs a docstring"):
        one.mutant(killed_by="it")(Silent)


def test_a_scripted_case_needs_both_sides(case) -> None:
    one = case("chat.two", level="MUST", refs=["a"], upstream={"": reply.chat("a"), "b": reply.chat("b")})(sound)
    assert one.needs == {"two_sided"}
    assert set(one.upstream_scripts()) == {"chat.two", "chat.two~b"}
    assert one.profile == "chat"
    assert one.id.partition(".")[0] in AREAS
