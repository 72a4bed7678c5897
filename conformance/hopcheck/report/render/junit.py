"""A report as JUnit's XML, for CI systems that show tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from hopcheck.report.cause_view import cause_line, cause_reasons, causes_by_check, failing_causes, keeper_of, shown_id
from hopcheck.report.document import (
    CaseEntry,
    CauseEntry,
    Document,
    by_profile,
    failed_findings,
    fails,
    many,
    reasons_known,
    replay_problems,
)
from hopcheck.report.render.values import difference, expectation, gist, lines_visible, short, summary_line
from hopcheck.report.tally import tally

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(document: Document) -> str:
    """A suite of what must hold on every exchange, then a suite for each profile with a test case for each case.

    What fails the gate is a failure (an error where hopcheck itself failed); what was not asked is skipped, and so is
    a case that couldn't be asked because of a cause; known deviations and advisories pass and say so. Problems of the
    baseline are test cases of a suite of their own.
    """
    root = ET.Element("testsuites", name="hopcheck", time=f"{document['duration_s']:.3f}")
    _add_causes(root, document)
    for profile, cases in by_profile(document).items():
        suite = ET.SubElement(root, "testsuite", name=f"hopcheck.{profile}")
        for case in cases:
            _add_case(suite, case, document)
        suite.set("time", f"{sum(case['duration_s'] for case in cases):.3f}")
    if document["baseline"] and document["baseline"]["problems"]:
        _add_problems(root, "baseline", document["baseline"]["problems"])
    if replay_problems(document):
        _add_problems(root, "replay", replay_problems(document))
    for element in (*root, root):
        _set_counts(element, document)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_causes(root: ET.Element, document: Document) -> None:
    """A test case for each check that was held against the exchanges; it fails with all its causes."""
    if not causes_by_check(document):
        return
    suite = ET.SubElement(root, "testsuite", name="hopcheck.causes", time="0.000")
    properties = ET.SubElement(suite, "properties")
    for name, count in tally(document)._asdict().items():
        ET.SubElement(properties, "property", name=name, value=str(count))
    for check, causes in causes_by_check(document).items():
        test = ET.SubElement(suite, "testcase", classname="hopcheck.causes", name=check, time="0.000")
        red = failing_causes(document, causes)
        if red:
            more = f" (and {many(len(red) - 1, 'more cause', 'more causes')})" if red[1:] else ""
            message = _clean(f"{red[0]['sentence']} {cause_line(document, red[0])}{more}")
            ET.SubElement(test, "failure", type="cause", message=message).text = _clean(causes_text(document, red))
        accepted = [cause for cause in causes if cause not in red]
        if accepted:
            ET.SubElement(test, "system-out").text = _clean(causes_text(document, accepted))


def causes_text(document: Document, causes: Sequence[CauseEntry]) -> str:
    """What is known of causes, with examples: some lines for each."""
    return "\n\n".join("\n".join(_cause_lines(document, cause)) for cause in causes)


def _cause_lines(document: Document, cause: CauseEntry) -> list[str]:
    lines = [f"{cause['id']} {cause['level']} {cause['category']}: {cause['sentence']}", cause_line(document, cause)]
    lines += [f"known: {reason}" for reason in cause_reasons(document, cause)]
    for example in cause["examples"]:
        lines.append(f"in {example['case']}: {example['detail']}")
        lines += [f"ask again: {example['reproduce']}"] if example["reproduce"] else []
    return lines


def _set_counts(element: ET.Element, document: Document) -> None:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(list(element.iter(tag)))))
    if element.tag == "testsuite":
        element.set("timestamp", document["started"])


def _add_case(suite: ET.Element, case: CaseEntry, document: Document) -> None:
    test = ET.SubElement(
        suite, "testcase", classname=str(suite.get("name")), name=shown_id(case), time=f"{case['duration_s']:.3f}"
    )
    if case["outcome"] == "not-applicable":
        ET.SubElement(test, "skipped", message=_clean(gist(case["reason"])))
    elif keeper := keeper_of(document, case):
        ET.SubElement(test, "skipped", message=_clean(f"not asked because of {keeper['id']}: {keeper['sentence']}"))
    elif fails(case, strict=document["strict"]):
        tag = "error" if case["outcome"] == "broken" else "failure"
        kind = "stale" if case["baseline"] == "stale" else case["outcome"]
        message = _clean(message_of(case))
        ET.SubElement(test, tag, type=kind, message=message).text = _clean(details_of(case))
    elif case["baseline"] == "listed":
        known = "; ".join(reasons_known(document, case))
        ET.SubElement(test, "system-out").text = _clean(f"known deviation: {known}\n{details_of(case)}")
    elif case["outcome"] == "advisory":
        ET.SubElement(test, "system-out").text = _clean(f"advisory\n{details_of(case)}")


def _add_problems(root: ET.Element, kind: str, problems: Sequence[str]) -> None:
    name = f"hopcheck.{kind}"
    suite = ET.SubElement(root, "testsuite", name=name)
    for number, problem in enumerate(problems, 1):
        test = ET.SubElement(suite, "testcase", classname=name, name=f"problem {number}", time="0.000")
        ET.SubElement(test, "failure", type=kind, message=_clean(problem))


def message_of(case: CaseEntry) -> str:
    """What is wrong with a case, in one line."""
    found = failed_findings(case)
    if case["baseline"] == "stale":
        return "an entry of the baseline is stale"
    if case["reason"] or not found:
        return gist(case["reason"])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return summary_line(found[0], 100) + more


def details_of(case: CaseEntry) -> str:
    """What is wrong with a case, and how to ask again: some lines."""
    lines = [f"{case['level']} {case['requirement']}"]
    for one in failed_findings(case):
        lines.append(f"{one['check']} ({one['level']})")
        changed = difference(one["expected"], one["actual"])
        lines += changed or [f"- {expectation(one['expected'])}", f"+ {short(one['actual'])}"]
    lines += [f"why: {case['reason']}"] if case["reason"] else []
    lines += [f"rests on: {', '.join(case['refs'])}"] if case["refs"] else []
    lines += [f"ask again: {case['reproduce']}"] if case["reproduce"] else []
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", lines_visible(text))
