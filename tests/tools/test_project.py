"""The walls between the packages, as pyproject.toml declares them, and the files that the tests' order names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
LAYERED = {one["name"]: one["layers"] for one in CONTRACTS if one["type"] == "layers"}
MAX_LAYERS = 9


@pytest.mark.parametrize("name", LAYERED)
def test_no_package_has_more_than_nine_layers(name: str) -> None:
    assert len(LAYERED[name]) <= MAX_LAYERS


@pytest.mark.parametrize("package", ["hopcheck", "hopcheck_server"])
def test_a_new_folder_must_be_given_a_layer(package: str) -> None:
    (contract,) = [one for one in CONTRACTS if one.get("containers") == [package]]
    assert contract["exhaustive"] is True


def test_self_test_and_replay_reach_the_proxy_in_no_way() -> None:
    (contract,) = [one for one in CONTRACTS if one.get("forbidden_modules") == ["hopcheck_server.proxy"]]
    assert contract["source_modules"] == ["hopcheck.selftest", "hopcheck.replay"]
    assert not contract.get("allow_indirect_imports", False)
    assert "ignore_imports" not in contract


def test_the_files_that_the_order_of_tests_names_are_there() -> None:
    listed = re.findall(r'"([\w/]+\.py)"', (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    assert listed
    assert [name for name in listed if not any((at / name).is_file() for at in (ROOT, ROOT / "tests"))] == []
