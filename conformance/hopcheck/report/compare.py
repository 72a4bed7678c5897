"""Two reports side by side: the causes, and the outcomes of the same cases, for two targets.

Knows which of them differ, and how to show that in a terminal and in Markdown; the HTML page takes the same value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from hopcheck.report.cause_view import key_of, shown_id
from hopcheck.report.document import OUTCOMES, CaseEntry, CauseEntry, Document, counts, failed_findings
from hopcheck.report.render import markdown
from hopcheck.report.render.terminal import STYLES
from hopcheck.report.render.values import visible

if TYPE_CHECKING:
    from rich.console import Console

NOT_RUN = "not run"
_WHOLE = {"untestable", "broken"}


@dataclass(frozen=True)
class Difference:
    """A case with different outcomes for two targets.

    Attributes:
        case_id: Its id, with its operation.
        requirement: Its requirement.
        first: The outcome for the first target, or "not run".
        second: The outcome for the second.
        only_first: Checks that fail for the first target and hold for the second.
        only_second: Checks that fail for the second and hold for the first.
    """

    case_id: str
    requirement: str
    first: str
    second: str
    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()


@dataclass(frozen=True)
class CauseDifference:
    """A cause that one target alone has, or that was met more often at one of them.

    Attributes:
        key: Check and cause as one text.
        sentence: The cause as a whole sentence.
        level: How binding it is.
        first: How often the first target made it; 0 where it didn't.
        second: How often the second did.
    """

    key: str
    sentence: str
    level: str
    first: int
    second: int


@dataclass(frozen=True)
class Comparison:
    """Two reports, compared.

    Attributes:
        names: Of the two targets.
        totals: The number of cases of both targets, by outcome.
        differences: Cases with different outcomes or different failing checks, in the first report's order.
        same: How many cases have the same outcome and the same failing checks.
        causes: Causes with different counts, in the first report's order.
    """

    names: tuple[str, str]
    totals: dict[str, tuple[int, int]]
    differences: tuple[Difference, ...]
    same: int
    causes: tuple[CauseDifference, ...] = ()

    @property
    def only_first(self) -> int:
        """How many checks fail for the first target and hold for the second."""
        return sum(len(one.only_first) for one in self.differences)

    @property
    def only_second(self) -> int:
        """How many checks fail for the second target and hold for the first."""
        return sum(len(one.only_second) for one in self.differences)


def compare(first: Document, second: Document) -> Comparison:
    """Compare two reports."""
    left, right = ({shown_id(case): case for case in one["cases"]} for one in (first, second))
    ids = list(dict.fromkeys([*left, *right]))
    made = [_difference(left.get(case_id), right.get(case_id)) for case_id in ids]
    differences = tuple(one for one in made if one is not None)
    sums = counts(first["cases"]), counts(second["cases"])
    return Comparison(
        names=(first["target"]["name"], second["target"]["name"]),
        totals={outcome: (sums[0][outcome], sums[1][outcome]) for outcome in OUTCOMES},
        differences=differences,
        same=len(ids) - len(differences),
        causes=tuple(compare_causes(first["causes"], second["causes"])),
    )


def compare_causes(first: Sequence[CauseEntry], second: Sequence[CauseEntry]) -> Iterator[CauseDifference]:
    """The causes of two reports whose counts differ."""
    left, right = ({key_of(cause): cause for cause in causes} for causes in (first, second))
    for key, cause in {**left, **{key: one for key, one in right.items() if key not in left}}.items():
        counted = tuple(side[key]["count"] if key in side else 0 for side in (left, right))
        if counted[0] != counted[1]:
            yield CauseDifference(key, cause["sentence"], cause["level"], *counted)


def _difference(left: CaseEntry | None, right: CaseEntry | None) -> Difference | None:
    first, second = (one["outcome"] if one else NOT_RUN for one in (left, right))
    if first == second and _failing(left) == _failing(right):
        return None
    case = left or right or {}
    only_first, only_second = _held_by(right, _failing(left)), _held_by(left, _failing(right))
    return Difference(shown_id(case), case["requirement"], first, second, only_first, only_second)


def _failing(case: CaseEntry | None) -> set[str]:
    """The checks that fail, and the outcome where it failed as a whole."""
    if case is None:
        return set()
    return {one["check"] for one in failed_findings(case)} | ({case["outcome"]} & _WHOLE)


def _held_by(case: CaseEntry | None, checks: set[str]) -> tuple[str, ...]:
    """Those of the checks that hold in a case; one that was judged also holds where another failed as a whole."""
    if case is None or case["outcome"] == "not-applicable":
        return ()
    if case["outcome"] == "conforms":
        return tuple(sorted(checks))
    judged = set() if case["outcome"] in _WHOLE else _WHOLE
    return tuple(sorted(checks & ({one["check"] for one in case["findings"] if one["ok"]} | judged)))


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the counts of both, then the cases that differ."""
    totals = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", *comparison.names):
        totals.add_column(Text(name), justify="left" if not name else "right")
    for outcome, sums in comparison.totals.items():
        totals.add_row(Text(outcome, style=STYLES[outcome]), *map(str, sums))
    console.print(totals)
    if comparison.causes:
        console.print()
        console.print(_causes_table(comparison))
    if comparison.differences:
        console.print()
        console.print(_differences_table(comparison))
    console.print(Text(f"\n{summary(comparison)}", style="bold"))


def _causes_table(comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cause", overflow="fold")
    for name in comparison.names:
        table.add_column(Text(name), justify="right")
    for one in comparison.causes:
        table.add_row(Text(visible(one.sentence)), *(str(count or "·") for count in (one.first, one.second)))
    return table


def _differences_table(comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", no_wrap=True)
    for name in (*comparison.names, *_only(comparison)):
        table.add_column(Text(name), overflow="fold")
    for one in comparison.differences:
        outcomes = (Text(outcome, style=STYLES.get(outcome, "")) for outcome in (one.first, one.second))
        checks = (Text(", ".join(each)) for each in (one.only_first, one.only_second))
        table.add_row(Text(one.case_id), *outcomes, *checks)
    return table


def _only(comparison: Comparison) -> list[str]:
    return [f"fails only for {name}" for name in comparison.names]


def summary(comparison: Comparison) -> str:
    """The comparison in one sentence."""
    first, second = comparison.names
    causes = f"; causes whose counts differ: {len(comparison.causes)}" if comparison.causes else ""
    return (
        f"The same in {comparison.same} cases{causes}; checks that fail only for {first}: {comparison.only_first}, "
        f"only for {second}: {comparison.only_second}"
    )


def comparison_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown."""
    first, second, *only = map(markdown.text, (*comparison.names, *_only(comparison)))
    totals = ([outcome, *map(str, sums)] for outcome, sums in comparison.totals.items())
    parts = [f"### {first} and {second}", markdown.table(["", first, second], totals, right=1)]
    if comparison.causes:
        counted = (
            [markdown.text(one.sentence), str(one.first or "·"), str(one.second or "·")] for one in comparison.causes
        )
        parts.append(markdown.table(["cause", first, second], counted, right=1))
    if comparison.differences:
        rows = ([markdown.code(one.case_id), one.first, one.second, *_checks(one)] for one in comparison.differences)
        parts.append(markdown.table(["case", first, second, *only], rows))
    return "\n\n".join([*parts, markdown.text(summary(comparison)) + "."]) + "\n"


def _checks(one: Difference) -> list[str]:
    return [", ".join(map(markdown.text, checks)) for checks in (one.only_first, one.only_second)]
