"""The page of adjudicated red lines, in Markdown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tools.adjudication.red_lines import RedLine, excerpt, red_lines

Verdict = Literal["true", "disputable", "headline", "false"]

INTRODUCTION = """\
# Red lines of gateways, adjudicated

hopcheck was run on gateways that it wasn't made for. Below stands every red line of these runs (each cause, and each
case that deviates or couldn't be asked), with what crossed the wire on both sides and a person's judgement:

| judgement | meaning |
|---|---|
| true | the requirement holds for this gateway, and the wire shows that it isn't kept |
| disputable | its maintainers could say in good faith that they don't owe it |
| headline | the evidence is true, and the requirement that it stands under isn't the one that isn't kept |
| false | the gateway does what is required |

A red line is no score: it says what a client of this gateway, configured like this, may meet. The page is made by
`python -m tools.adjudication` from the reports of `python -m tools.gateways`; the judgements are kept in
`tools/adjudication/judgements/`. A line without a judgement, or a judgement without a line, is an error.

Three more commands hold gateways that make a whole suite red for one reason:

| command | what is to be seen |
|---|---|
| `python -m tools.gateways nginx haproxy envoy apache caddy lighttpd squid varnish --undeclared` | \
preflight proposes `transparent`, at most five lines of each are red |
| `python -m tools.gateways litellm-unenforced --baseline conformance/hopcheck/gate/targets/litellm/baseline.toml` | \
the first cause that isn't listed is the limit, and the cases about it count with it |
| `python -m tools.rate_limited_gateway` | a limit of 20 a second, not declared, is obeyed, and the run still ends |
"""


@dataclass(frozen=True)
class Judged:
    """A red line and what a person says of it.

    Attributes:
        line: The red line.
        verdict: The judgement.
        reason: Who would agree, and why.
    """

    line: RedLine
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Section:
    """A gateway's part of the page.

    Attributes:
        about: `name`, `configuration` and `command`.
        date: The day of the run.
        lines: Its red lines.
    """

    about: Mapping[str, str]
    date: str
    lines: Sequence[Judged]

    def count(self, verdict: Verdict) -> int:
        """How many of its lines are judged so."""
        return sum(one.verdict == verdict for one in self.lines)


class Unjudged(ValueError):
    """Red lines and judgements don't match; the message names which."""


def section(report: Mapping[str, Any], judgements: Path) -> Section:
    """A report's red lines with their judgements.

    Raises:
        Unjudged: A line has no judgement, or a judgement no line.
    """
    values = tomllib.loads(judgements.read_text(encoding="utf-8"))
    judged = {one["line"]: one for one in values.get("red", ())}
    lines = {line.key: line for line in red_lines(report)}
    if lines.keys() != judged.keys():
        missing, stale = sorted(lines.keys() - judged.keys()), sorted(judged.keys() - lines.keys())
        raise Unjudged(f"{judgements.name}: not judged {missing}; no such line {stale}")
    about = {name: values[name] for name in ("name", "configuration", "command")}
    return Section(about, report["started"][:10], [_judged(line, judged[key]) for key, line in lines.items()])


def _judged(line: RedLine, entry: Mapping[str, str]) -> Judged:
    if entry["judgement"] not in get_args(Verdict):
        raise Unjudged(f"{line.key}: {entry['judgement']!r} is none of {', '.join(get_args(Verdict))}")
    return Judged(line, entry["judgement"], entry["reason"])  # type: ignore[arg-type]


def page(sections: Sequence[Section]) -> Iterator[str]:
    """The lines of the page."""
    yield INTRODUCTION
    yield from table(sections)
    for one in sections:
        yield from _gateway(one)


def table(sections: Sequence[Section]) -> Iterator[str]:
    """The counts of every gateway."""
    yield "| gateway | date | red | true | disputable | headline | false |"
    yield "|---|---|---|---|---|---|---|"
    for one in sections:
        counts = " | ".join(str(one.count(verdict)) for verdict in get_args(Verdict))
        yield f"| {one.about['name']} | {one.date} | {len(one.lines)} | {counts} |"
    red, true = sum(len(one.lines) for one in sections), sum(one.count("true") for one in sections)
    yield ""
    yield f"Of {red} red lines, {true} are true ({100 * true // max(red, 1)} %)."


def _gateway(one: Section) -> Iterator[str]:
    yield f"\n## {one.about['name']}\n"
    yield f"{one.about['configuration']} `{one.about['command']}`, {one.date}.\n"
    if not one.lines:
        yield "No red line."
    for judged in one.lines:
        yield from _line(judged)


def _line(judged: Judged) -> Iterator[str]:
    line = judged.line
    yield f"### `{line.key}`\n"
    yield f"{line.level}: {line.requirement} Seen: {_inline(line.seen)}\n"
    yield "```"
    yield from excerpt(line)
    yield "```\n"
    yield f"**{judged.verdict}**: {judged.reason}\n"


def _inline(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
