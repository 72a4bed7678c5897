"""A report for a terminal, and for a log: the same lines, with or without colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hopcheck.report.cause_view import (
    cause_line,
    cause_reasons,
    kept_from_asking,
    masked_lines,
    run_notes,
    shown_id,
    suggestions,
)
from hopcheck.report.document import (
    CaseEntry,
    CauseEntry,
    Document,
    advisories,
    by_profile,
    counts,
    failed_findings,
    listed_cases,
    many,
    not_asked,
    other_causes,
    reasons_known,
    red_cases,
    red_causes,
    replay_line,
    replay_problems,
)
from hopcheck.report.render.client_view import client_line, client_rows
from hopcheck.report.render.provider_view import provider_lines
from hopcheck.report.render.values import clip, difference, expectation, short, summary_line, visible
from hopcheck.report.tally import headline

STYLES: Mapping[str, str] = {
    "conforms": "green",
    "advisory": "yellow",
    "deviates": "red",
    "flaky": "red",
    "untestable": "red",
    "not-applicable": "bright_black",
    "broken": "magenta",
}
DETAIL = 240
"""Characters of what was wrong in an example of a cause."""

MAX_COMMAND = 2000
"""How long a curl line may be, in characters; what is longer is asked again from the report."""

IN_FULL = 30
"""Red cases that are shown with all that was found; more of them get one line each."""

_PLAIN_WIDTH = 120  # of logs, which have no width of their own


def console_for(file: IO[str]) -> Console:
    """A console that writes plain lines where the file is no terminal, or NO_COLOR is set."""
    terminal = file.isatty()
    reconfigure = getattr(file, "reconfigure", None)
    if reconfigure is not None:  # a log in ASCII gets question marks rather than a traceback
        reconfigure(errors="replace")
    return Console(file=file, width=None if terminal else _PLAIN_WIDTH, highlight=False, soft_wrap=not terminal)


def print_report(document: Document, console: Console, written: Sequence[Path] = ()) -> None:
    """Print a report.

    Args:
        document: The report.
        console: Where to.
        written: The files that were written, to be named at the end.
    """
    report_file = next((path for path in written if path.suffix == ".json"), None)
    for cause in red_causes(document):
        _print_cause(cause, document, console, report_file)
    _print_section("other causes", (_cause_in_a_line(cause, document) for cause in other_causes(document)), console)
    red = red_cases(document)
    for case in red[:IN_FULL]:
        _print_red(case, console, report_file)
    if red[IN_FULL:]:
        console.print(f"\nand {len(red) - IN_FULL} more:", style="bold")
        _print_lines((_heading(case) for case in red[IN_FULL:]), console)
    _print_section("advisory", (_in_a_line(case) for case in advisories(document)), console)
    _print_section("known deviations", _known(document), console)
    _print_run(document, console)
    console.print()
    console.print(profile_table(document))
    console.print()
    if replay_line(document):
        console.print(Text(visible(f"replayed: {replay_line(document)}")))
    console.print(
        Text(visible(headline(document)), style="bold green" if document["summary"]["exit"] == 0 else "bold red")
    )
    for path in written:
        console.print(Text(f"written: {path}"))


def _print_run(document: Document, console: Console) -> None:
    """What concerns the run, and no single case or cause."""
    skipped = document["summary"]["not-applicable"]
    _print_section(f"not applicable: {skipped}", map(_plain, not_asked(document)), console)
    notes = [f"{shown_id(case)}: {note}" for case in document["cases"] for note in case["notes"]]
    _print_section("providers", map(_plain, provider_lines(document)), console)
    _print_section("clients", map(client_line, client_rows(document)), console)
    _print_section("notes", map(_plain, [*run_notes(document), *notes]), console)
    _print_section("suggested declarations", map(_plain, suggestions(document)), console)
    problems = document["baseline"]["problems"] if document["baseline"] else []
    _print_section("baseline", (Text(visible(problem), style="red") for problem in problems), console)
    _print_section("replay", (Text(visible(problem), style="red") for problem in replay_problems(document)), console)


def _plain(line: str) -> Text:
    return Text(visible(line))


def profile_table(document: Document) -> Table:
    """The outcomes of each profile's cases."""
    table = Table(title=None, box=None, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("profile", footer="all")
    table.add_column("cases", justify="right", footer=str(len(document["cases"])))
    for outcome, total in counts(document["cases"]).items():
        table.add_column(_word(outcome), justify="right", footer=_count(outcome, total))
    listed = listed_cases(document)
    if listed:
        table.add_column("known", justify="right", footer=str(len(listed)))
    for profile, cases in by_profile(document).items():
        row: list[str | Text] = [profile, str(len(cases))]
        row += (_count(name, count) for name, count in counts(cases).items())
        known = sum(case["baseline"] == "listed" for case in cases)
        table.add_row(*row, *([str(known or "·")] if listed else []))
    return table


def _word(outcome: str) -> str:
    return "n/a" if outcome == "not-applicable" else outcome


def _count(outcome: str, count: int) -> Text:
    return Text(str(count), style=STYLES[outcome]) if count else Text("·", style="bright_black")


def _print_section(title: str, lines: Iterable[Text], console: Console) -> None:
    shown = list(lines)
    if shown:
        console.print(f"\n{title}", style="bold")
        _print_lines(shown, console)


def _print_lines(lines: Iterable[Text], console: Console) -> None:
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2)) if console.is_terminal else Text("  ") + line)


def _print_red(case: CaseEntry, console: Console, report_file: Path | None) -> None:
    console.print()
    console.print(_heading(case))
    lines = [Text(visible(case["requirement"]), style="italic")]
    lines += [line for finding in failed_findings(case) for line in finding_lines(finding)]
    if case["reason"]:
        first, *others = case["reason"].strip().split("\n")
        lines += [_labelled("why", first), *(Text(f"  {visible(line)}") for line in others)]
    if case["baseline"] == "stale":
        lines.append(_labelled("baseline", "an entry for it is stale"))
    lines += [_labelled("not compared", line) for line in masked_lines(case)]
    if case["refs"]:
        lines.append(_labelled("rests on", ", ".join(case["refs"])))
    _print_lines(lines, console)
    if case["reproduce"]:
        is_short = len(case["reproduce"]) <= MAX_COMMAND
        _print_command(case["reproduce"] if is_short else _from_report(report_file, f"'{shown_id(case)}'"), console)


def _from_report(report_file: Path | None, name: str) -> str:
    """The command that asks again what is in a report."""
    return f"hopcheck reproduce {report_file or 'REPORT.json'} {name}"


def _print_command(command: str, console: Console) -> None:
    console.print(Text("  ") + _labelled("ask again", command), soft_wrap=True)  # it is there to be copied


def _print_cause(cause: CauseEntry, document: Document, console: Console, report_file: Path | None) -> None:
    """A cause: what was wrong in a sentence, where, one example, and the cases that it kept from being asked."""
    console.print()
    heading = ((f"✗ {cause['id']}  {cause['check']}", "bold red"), f"  {cause['level']}  ", (cause["category"], "red"))
    console.print(Text.assemble(*heading))
    lines = [Text(visible(cause["sentence"]), style="bold"), _plain(cause_line(document, cause))]
    example = next(iter(cause["examples"]), None)
    if example:
        lines.append(_labelled(f"in {example['case']}", clip(visible(example["detail"]), DETAIL)))
    kept = [shown_id(case) for case in kept_from_asking(document, cause)]
    if kept:
        lines.append(_labelled(f"kept {len(kept)} from being asked", ", ".join(kept)))
    _print_lines(lines, console)
    asked = example["reproduce"] if example else ""
    if report_file or len(asked) > MAX_COMMAND:
        _print_command(_from_report(report_file, cause["id"]), console)
    elif asked:
        _print_command(asked, console)


def _cause_in_a_line(cause: CauseEntry, document: Document) -> Text:
    mark, style = ("=", "cyan") if cause["baseline"] == "listed" else ("!", "yellow")
    kept = len(kept_from_asking(document, cause))
    parts = [cause_line(document, cause), f"It kept {many(kept, 'case')} from being asked." if kept else ""]
    parts += [f"Known: {reason}" for reason in cause_reasons(document, cause)]
    sentence = visible(f"{mark} {cause['id']}  {cause['sentence']}")
    return Text.assemble((sentence, style), f"  {visible(' '.join(filter(None, parts)))}")


def _heading(case: CaseEntry) -> Text:
    outcome = "stale" if case["baseline"] == "stale" else case["outcome"]
    style = STYLES.get(outcome, "red")
    return Text.assemble((f"✗ {shown_id(case)}", f"bold {style}"), "  ", case["level"], "  ", (outcome, style))


def _labelled(label: str, text: str) -> Text:
    return Text.assemble((f"{label}: ", "bright_black"), visible(text))


def finding_lines(finding: Mapping[str, Any]) -> list[Text]:
    """A failed finding: one line with expected and actual, or a difference where they are long."""
    name = Text.assemble((finding["check"], "bold"), f" ({finding['level']})" if finding["level"] != "MUST" else "")
    changed = difference(finding["expected"], finding["actual"])
    if changed:
        return [name, *(Text(f"  {line}", style=_sign_style(line)) for line in changed)]
    expected, actual = expectation(finding["expected"]), short(finding["actual"])
    return [Text.assemble(name, ": expected ", (expected, "green"), ", got ", (actual, "red"))]


def _sign_style(line: str) -> str:
    return {"-": "green", "+": "red"}.get(line[0], "bright_black")


def _in_a_line(case: CaseEntry) -> Text:
    found = failed_findings(case)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Text.assemble((f"! {shown_id(case)}", "yellow"), f"  {found[0]['level']}  {summary_line(found[0])}{more}")


def _known(document: Document) -> Iterable[Text]:
    for case in listed_cases(document):
        yield Text.assemble((f"= {shown_id(case)}", "cyan"), "  ", visible("; ".join(reasons_known(document, case))))
