"""The page about LiteLLM's providers: each deviation is judged, and each judgement is about one that was met."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.provider_page.__main__ import JUDGEMENTS, SURFACE_JUDGEMENTS, main
from tools.provider_page.deviations import CLASSES, ProviderDeviation, Unjudged, judged
from tools.provider_page.page import page
from tools.provider_page.surfaces import by_surface
from tools.provider_page.surfaces import page as surface_page

ROOT = Path(__file__).parents[2]


def case(outcome: str, **more: Any) -> dict[str, Any]:
    plain = {"id": "a.b", "operation": "chat", "provider": "gemini", "outcome": outcome, "untestable_by": ""}
    return {**plain, "baseline": "listed", **more}


def cause(level: str, *places: str) -> dict[str, Any]:
    return {"check": "http", "cause": "two dates", "level": level, "operations": dict.fromkeys(places, 1)}


def report(*cases: Any, causes: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"cases": list(cases), "causes": list(causes)}


def judgement(where: str = "a.b", **more: Any) -> dict[str, Any]:
    return {"where": where, "providers": ["gemini"], "class": "defect", "sentence": "It fails.", **more}


def test_each_deviation_has_a_class_and_a_sentence() -> None:
    found = report(case("deviates"), case("deviates", operation="chat.stream"), causes=(cause("MUST", "chat@gemini"),))
    assert judged(found, [judgement(), judgement("http: two dates")]) == [
        ProviderDeviation("gemini", "a.b", ("chat", "chat.stream"), "defect", "It fails."),
        ProviderDeviation("gemini", "http: two dates", ("chat",), "defect", "It fails."),
    ]


@pytest.mark.parametrize(
    ("found", "judgements", "problem"),
    [
        (report(case("deviates")), [], "no judgement: a.b with gemini"),
        (report(causes=(cause("MUST", "chat@gemini"),)), [], "no judgement: http: two dates with gemini"),
        (report(case("conforms")), [judgement()], "nothing to judge: a.b with gemini"),
        (report(case("advisory")), [judgement(**{"class": "odd"})], "unknown class: odd"),
    ],
)
def test_what_does_not_match_is_an_error(found: Any, judgements: Any, problem: str) -> None:
    with pytest.raises(Unjudged, match=problem):
        judged(found, judgements)


def test_advice_may_be_judged_and_need_not() -> None:
    found = report(case("advisory"), causes=(cause("SHOULD", "chat@gemini", "chat"),))
    assert judged(found, []) == []
    assert [one.where for one in judged(found, [judgement(), judgement("http: two dates")])] == [
        "a.b",
        "http: two dates",
    ]


def test_what_is_intermittent_is_listed_where_it_was_met() -> None:
    seldom = judgement(intermittent=True)
    assert judged(report(case("conforms")), [seldom]) == []
    assert [one.where for one in judged(report(case("deviates")), [seldom])] == ["a.b"]


def test_a_case_that_a_cause_prevents_counts_with_it() -> None:
    assert judged(report(case("untestable", untestable_by="acceptance: x")), []) == []


def test_the_page_of_surfaces_is_about_the_target_s_own_models() -> None:
    own = {"provider": "", "operation": "messages.stream"}
    found = report(case("deviates", **own), case("deviates"), case("deviates", **{**own, "operation": "chat"}))
    judgements = [judgement(providers=["Messages"])]
    assert judged(found, judgements, by_surface) == [
        ProviderDeviation("Messages", "a.b", ("messages.stream",), "defect", "It fails.")
    ]
    lines = list(surface_page(found, judged(found, judgements, by_surface)))
    assert "| Messages | It fails. | defect | `a.b` on messages.stream |" in lines


def test_the_page_has_both_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(case("deviates"), case("not-applicable", id="c.d", baseline=None))
    lines = list(page(found, judged(found, [judgement()])))
    assert "| gemini | It fails. | defect | `a.b` on chat |" in lines
    assert "| `a.b` | (deviates) |" in lines
    assert not any("`c.d`" in line for line in lines)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(found))
    assert main([str(path)]) == 1
    assert "no judgement: a.b with gemini" in capsys.readouterr().err


@pytest.mark.parametrize(("path", "name"), [(JUDGEMENTS, "providers.md"), (SURFACE_JUDGEMENTS, "surfaces.md")])
def test_the_judgements_are_those_of_the_page(path: Path, name: str) -> None:
    judgements = tomllib.loads(path.read_text(encoding="utf-8"))["deviation"]
    assert {one["class"] for one in judgements} <= set(CLASSES)
    rows = (ROOT / "docs" / name).read_text(encoding="utf-8").splitlines()
    for one in judgements:
        if one.get("intermittent"):  # the run that the page is made of may not have met it
            continue
        for provider in one["providers"]:
            row = f"| {provider} | {one['sentence']} | {one['class']} | `{one['where']}` on "
            assert any(line.startswith(row) for line in rows), row


def defects() -> set[tuple[str, str]]:
    """Every defect that is judged: what finds it, and the provider or the API."""
    found = [tomllib.loads(path.read_text())["deviation"] for path in (JUDGEMENTS, SURFACE_JUDGEMENTS)]
    judgements = [one for part in found for one in part if one["class"] == "defect"]
    return {(one["where"], provider) for one in judgements for provider in one["providers"]}


def test_each_defect_of_translation_is_judged_one() -> None:
    lines = (ROOT / "docs" / "translation-defects.md").read_text().splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| ")][1:]
    named = {(where.strip(" `"), name) for _, names, where in rows for name in names.split(", ")}
    assert len(rows) >= 25
    assert named - defects() == set()


def test_what_breaks_for_clients_stands_on_the_page_of_surfaces() -> None:
    found = re.findall(r"\| (`[a-z_.-]+` on [a-z.]+) \|", (ROOT / "docs" / "clients.md").read_text(encoding="utf-8"))
    rows = (ROOT / "docs" / "surfaces.md").read_text(encoding="utf-8").splitlines()
    assert len(found) >= 6
    for where in found:
        assert any(f"| {where}" in row and "| defect |" in row for row in rows), where
