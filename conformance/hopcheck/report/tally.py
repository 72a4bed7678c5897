"""What a run adds up to: counted here once, so that every rendering has the same numbers, and the same headline."""

from __future__ import annotations

from typing import NamedTuple

from hopcheck.engine.verdict import Outcome
from hopcheck.report.document import (
    Document,
    advisories,
    fails,
    listed_cases,
    many,
    red_cases,
    red_causes,
    replay_problems,
)


class Tally(NamedTuple):
    """How many causes and cases a report has of each kind.

    Attributes:
        cases: Cases that were run.
        judged: Those of them that the target is held to.
        conforms: Those in which every check holds.
        broken: Those in which hopcheck itself failed.
        red_causes: Causes that fail the gate.
        red_cases: Cases that fail the gate.
        kept: Cases that couldn't be asked because of a cause; they are no red cases, since their cause counts.
        advisories: Cases and causes that are advisory, and don't fail the gate.
        known: Cases and causes that the baseline lists.
    """

    cases: int
    judged: int
    conforms: int
    broken: int
    red_causes: int
    red_cases: int
    kept: int
    advisories: int
    known: int


def tally(document: Document) -> Tally:
    """Count a report's causes and cases."""
    cases, causes = document["cases"], document["causes"]
    outcomes = [case["outcome"] for case in cases]
    accepted = [cause for cause in causes if not fails(cause, strict=document["strict"])]
    known = [cause for cause in accepted if cause["baseline"] == "listed"]
    return Tally(
        cases=len(cases),
        judged=len(cases) - outcomes.count(Outcome.NOT_APPLICABLE),
        conforms=outcomes.count(Outcome.CONFORMS),
        broken=outcomes.count(Outcome.BROKEN),
        red_causes=len(red_causes(document)),
        red_cases=len(red_cases(document)),
        kept=sum(bool(case["untestable_by"]) for case in cases),
        advisories=len(advisories(document)) + len(accepted) - len(known),
        known=len(listed_cases(document)) + len(known),
    )


def headline(document: Document) -> str:
    """The run in one line."""
    name, counted = document["target"]["name"], tally(document)
    match document["summary"]["exit"]:
        case 0:
            return f"{name} holds: {many(counted.conforms, 'requirement')} kept{_accepted(counted)}"
        case 130:
            asked = f"{counted.cases} of {document['summary']['selected']} cases"
            return f"{name}: interrupted after {asked}, {_red(counted)} so far"
        case 4:
            failed = f"hopcheck itself failed in {counted.broken} of {counted.judged} cases"
            return f"{name}: {failed}, {_red(counted)} in all"
        case _ if not counted.judged:
            return f"{name}: nothing was judged, so nothing holds"
        case 3:
            return f"{name} can't be tested: {document['ended_early']}"
        case _:
            return f"{name} doesn't hold: {_why(document, counted)}{_accepted(counted)}"


def _red(counted: Tally) -> str:
    causes = f"{many(counted.red_causes, 'cause')} and " if counted.red_causes else ""
    return f"{causes}{counted.red_cases} red"


def _why(document: Document, counted: Tally) -> str:
    """Why a target doesn't hold."""
    if counted.red_causes or counted.red_cases:
        return _failures(counted)
    if replay_problems(document):
        return "it asked LiteLLM for what isn't on the cassettes"
    return "the baseline needs an update"


def _failures(counted: Tally) -> str:
    found = [f"{many(counted.red_causes, 'cause')} on its exchanges"] if counted.red_causes else []
    fail = "fails" if counted.red_cases == 1 else "fail"
    found.append(f"{counted.red_cases} of {many(counted.judged, 'requirement')} {fail}")
    found += [f"{counted.kept} could not be asked because of a cause"] if counted.kept else []
    return ", ".join(found)


def _accepted(counted: Tally) -> str:
    notes = [many(counted.advisories, "advisory", "advisories")] if counted.advisories else []
    notes += [many(counted.known, "known deviation")] if counted.known else []
    return "".join(f", {note}" for note in notes)
