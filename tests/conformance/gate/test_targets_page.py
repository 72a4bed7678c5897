"""docs/targets.md names every key of the target file, and which cases don't apply to which kind of gateway."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from hopcheck.authoring.duties import DUTIES, why_not_owed
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.target_file import load_target

PAGE = Path(__file__).parents[3] / "docs" / "targets.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| `(.+)` \|$", re.MULTILINE)
KINDS = {
    "`transparent = true`": Declares(transparent=True),
    '`auth = "passthrough"`': Declares(auth="passthrough"),
    '`auth = "none"`': Declares(auth="none"),
    "`models = false`": Declares(models=False),
    "`choices = false`": Declares(choices=False),
}
FILLED_IN = {"second_key", "logs"}


def section(title: str) -> str:
    """The part of the page under headings that begin with a title."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return "".join(part for part in parts if part.startswith(title))


def left_out(declares: Declares) -> list[str]:
    """The cases that a kind of gateway doesn't owe."""
    config = TargetConfig(name="t", base_url="http://h/v1", api_key="sk-one", provider="vllm", declares=declares)
    cases = all_cases().values()
    return sorted(case.id for case in cases if any(why_not_owed(need, config) for need in case.needs))


@pytest.mark.parametrize(("table", "kind"), [("`[declares]`", Declares), ("`[models]`", Models)])
def test_every_key_has_a_line_with_an_example_that_is_read(table: str, kind: type, tmp_path: Path) -> None:
    rows = dict(ROW.findall(section(table)))
    assert set(rows) == {item.name for item in fields(kind)} - FILLED_IN
    lines = [f"{key} = {example}" for key, example in rows.items()]
    path = tmp_path / "hopcheck.toml"
    path.write_text("\n".join(["[target]", 'base_url = "http://h/v1"', table.strip("`"), *lines]), encoding="utf-8")
    target = load_target(path, {}, {})
    assert target.declares.given or target.models == Models(messages="fake-model", responses="fake-model")


def test_every_key_of_the_target_has_a_line() -> None:
    filled_in = {
        "api_key",
        "second_api_key",
        "variables",
        "models",
        "providers",
        "provider",
        "declares",
        "assumed",
        "masked",
    }
    known = {item.name for item in fields(TargetConfig)} - filled_in
    assert set(dict(ROW.findall(section("`[target]`")))) == known | {"api_key_env", "second_api_key_env"}


def test_the_page_lists_the_cases_that_a_kind_does_not_owe() -> None:
    rows = [line for line in section("Which cases").splitlines() if line.startswith("| `")]
    assert rows == [f"| {kind} | {', '.join(left_out(declares))} |" for kind, declares in KINDS.items()]


def test_every_duty_is_needed_and_owed_by_an_ordinary_gateway() -> None:
    needed = {need for case in all_cases().values() for need in case.needs}
    assert set(DUTIES) <= needed
    assert left_out(Declares()) == []


def test_without_a_clients_key_nothing_is_asked_about_keys() -> None:
    config = TargetConfig(name="t", base_url="http://h/v1")
    reasons = {need: why_not_owed(need, config) for need in DUTIES}
    assert {need for need, reason in reasons.items() if "`api_key_env`" in reason} == {"client_key", "own_keys"}
