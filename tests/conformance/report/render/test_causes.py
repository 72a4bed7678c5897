"""Causes in every rendering: first, in whole sentences, with one set of numbers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from hopcheck.engine.verdict import Outcome
from hopcheck.report.render.html import _MARKS, html_text
from hopcheck.report.render.junit import junit_text
from hopcheck.report.render.markdown import IN_FULL, markdown_text
from hopcheck.report.render.sarif import sarif_text
from hopcheck.report.render.terminal import STYLES, console_for, print_report
from hopcheck.report.tally import headline, tally

EVENTS = "Errors in streams have no `type`: error.type: expected a string, not null."
REFUSED = "A valid request is refused: status 422, tools."


def terminal_text(document: Any) -> str:
    out = io.StringIO()
    print_report(document, console_for(out))
    return out.getvalue()


RENDERINGS: dict[str, Callable[[Any], str]] = {
    "terminal": terminal_text,
    "html": html_text,
    "junit": junit_text,
    "markdown": markdown_text,
    "sarif": sarif_text,
}


def plain(shown: str) -> str:
    """A rendering without what its format adds to text."""
    unescaped = shown.replace("&#96;", "`").replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
    return re.sub("</?code>", "`", unescaped)


@pytest.mark.parametrize("name", RENDERINGS)
def test_causes_come_first_and_in_sentences(met: Any, name: str) -> None:
    shown = plain(RENDERINGS[name](met()))
    places = [shown.index(EVENTS), shown.index(REFUSED), shown.replace("**", "").index("one [DONE]: expected")]
    assert places == sorted(places)
    assert "3 times, on chat.stream; met by 2 cases." in shown


@pytest.mark.parametrize("name", RENDERINGS)
def test_a_known_cause_shows_its_reason(met: Any, known_cause: Any, name: str) -> None:
    document = met(baseline=known_cause)
    assert next(one["baseline"] for one in document["causes"] if one["check"] == "contract.event") == "listed"
    shown = RENDERINGS[name](document).replace("&#35;", "#")
    assert "the provider's own (#7)" in shown.replace("&#39;", "'")


def test_a_reason_for_another_provider_isnt_shown(met: Any, known_cause: Any) -> None:
    document = met(baseline=known_cause)
    (entry,) = document["baseline"]["deviations"]
    document["baseline"]["deviations"] += [
        {**entry, "reason": "of Gemini's", "provider": "gemini"},
        {**entry, "reason": "of embeddings", "operation": "embeddings"},
    ]
    shown = terminal_text(document)
    assert "the provider's own (#7)" in shown
    assert "of Gemini's" not in shown
    assert "of embeddings" not in shown


@pytest.mark.parametrize("name", ["terminal", "html", "markdown", "junit"])
def test_a_case_that_a_cause_kept_from_asking_stands_with_it(met: Any, name: str) -> None:
    sentences = {
        "terminal": "kept 1 from being asked: errors.shape[chat]",
        "html": "1 case could not be asked because of it:",
        "markdown": "Not asked because of it: `errors.shape[chat]`.",
        "junit": f'<skipped message="not asked because of C2: {REFUSED}"',
    }
    shown = plain(RENDERINGS[name](met()))
    assert sentences[name] in shown
    assert "✗ errors.shape[chat]" not in shown


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_rendering_shows_a_document_with_all_keys(every_key: Any, name: str) -> None:
    shown = RENDERINGS[name](every_key)
    assert "<script>alert" not in shown or name in {"terminal", "sarif"}
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", shown)


def test_the_numbers_are_the_same_everywhere(met: Any) -> None:
    document = met()
    counted = tally(document)
    assert (counted.red_causes, counted.red_cases, counted.kept, counted.advisories) == (2, 2, 1, 2)
    line = (
        "relay doesn't hold: 2 causes on its exchanges, 2 of 6 requirements fail, "
        "1 could not be asked because of a cause, 2 advisories"
    )
    assert headline(document) == line
    assert line in terminal_text(document)
    assert plain(markdown_text(document)).startswith(f"## ❌ {line}\n")
    assert terminal_text(document).count("\n✗ ") == counted.red_causes + counted.red_cases
    assert markdown_text(document).count("\n### ") == counted.red_causes
    assert markdown_text(document).count("<details open>") == counted.red_cases
    page = html_text(document)
    assert page.count('class="cause red"') == counted.red_causes
    assert page.count('class="case red"') == counted.red_cases
    root = ET.fromstring(junit_text(document))
    causes, *profiles = root
    assert causes.get("failures") == str(counted.red_causes)  # each of them is of another check here
    assert sum(int(suite.get("failures", 0)) for suite in profiles) == counted.red_cases
    properties = {one.get("name"): one.get("value") for one in causes.iter("property")}
    assert properties == {name: str(count) for name, count in counted._asdict().items()}
    errors = [one for one in json.loads(sarif_text(document))["runs"][0]["results"] if one["level"] == "error"]
    assert len(errors) == counted.red_causes + counted.red_cases


def test_junit_has_a_test_case_for_each_check_of_exchanges(met: Any) -> None:
    root = ET.fromstring(junit_text(met()))
    assert root[0].get("name") == "hopcheck.causes"
    checks = {case.get("name"): case for case in root[0].iter("testcase")}
    assert list(checks) == ["contract.response", "contract.event", "acceptance"]
    assert checks["contract.event"][0].get("message") == f"{EVENTS} 3 times, on chat.stream; met by 2 cases."
    assert checks["contract.response"][0].tag == "system-out"  # less than a MUST


def test_the_page_shows_what_was_held_and_how_to_ask_again(met: Any) -> None:
    page = html_text(met())
    assert '<a class="count deviates" href="#C1">C1</a>' in page
    assert '<span class="judged">chat.stream 40</span>' in page
    assert "hopcheck reproduce REPORT C1" in page
    assert '<a class="id" href="#errors.shape~chat">errors.shape[chat]</a>' in page


def test_the_wire_log_of_an_example_has_both_sides(met: Any) -> None:
    document = met()
    refused = next(one for one in document["causes"] if one["check"] == "acceptance")
    assert [one["side"] for one in refused["examples"][0]["exchanges"]] == ["client", "upstream"]
    page = html_text(document)
    example = page[page.index("Example 1: errors.shape") : page.index("hopcheck reproduce REPORT C2")]
    assert "<b>c1</b>" in example
    assert "<b>u1</b>" in example
    assert "content-type: text/event-stream" in example


def test_every_outcome_has_its_colour_and_mark() -> None:
    outcomes = [str(one) for one in Outcome]
    assert list(STYLES) == outcomes
    assert list(_MARKS) == outcomes
    assert len(set(_MARKS.values())) == len(outcomes)


def test_a_flaky_case_shows_as_one(met: Any) -> None:
    document = met()
    assert "✗ retry.budget[chat]  MUST  flaky" in terminal_text(document)
    assert '<span class="pill flaky">' in html_text(document)
    assert '<failure type="flaky"' in junit_text(document)


def test_a_job_summary_has_fifty_red_cases_at_most(met: Any) -> None:
    document = met()
    red = next(case for case in document["cases"] if case["id"] == "stream.done-once")
    document["cases"] = [{**red, "id": f"stream.n{number}"} for number in range(IN_FULL + 3)]
    shown = markdown_text(document)
    assert shown.count("<details open>") == IN_FULL == 50
    assert "And 3 more." in shown


def test_the_fingerprint_of_a_result_stays_the_same(met: Any) -> None:
    first, second = (json.loads(sarif_text(met(duration_s=seconds)))["runs"][0] for seconds in (1.0, 2.0))
    prints = [[one["partialFingerprints"]["hopcheck/v1"] for one in run["results"]] for run in (first, second)]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(prints[0])
    assert {one["ruleId"] for one in first["results"]} == {rule["id"] for rule in first["tool"]["driver"]["rules"]}
