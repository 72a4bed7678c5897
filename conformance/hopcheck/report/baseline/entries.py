"""The file of known deviations, `hopcheck-baseline.toml`: its entries, read and written.

[[deviation]]
case = "stream.done-once"
operation = "chat.stream"        # optional: only there
provider = "anthropic"           # optional: not with the provider that speaks OpenAI's dialect, but with this one
checks = ["one [DONE]"]          # the findings that fail; "untestable" where the case could not be asked at all
reason = "the end is announced twice since 1.2"
issue = "https://…"              # optional
expires = 2031-12-31             # optional: the last day on which the entry counts

[[deviation]]
check = "contract.event"         # what must hold on every exchange
complaint = "error.type: expected a string, not null"    # the cause, as the report has it
operation = "chat.stream"        # optional
intermittent = true              # optional: it is not met in every run
reason = "errors in streams have no type before 1.3"
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hopcheck.report.settings_file import Reader, SettingsError, parse_file

FILE_NAME = "hopcheck-baseline.toml"

NO_REASON = "not looked into yet"
"""What a new entry says until somebody has looked into it; it fails the gate."""

_PLACEHOLDERS = frozenset({NO_REASON, "todo", "tbd", "fixme", "known", "?", "-", "."})


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One entry of a baseline: for checks of a case, or for a cause that is met on exchanges of any case.

    Attributes:
        case: A case's id; "" in an entry for a cause.
        checks: Findings of it that are known to fail, or "untestable".
        check: What must hold on every exchange; "" in an entry for a case.
        complaint: The cause: what is wrong, without its varying parts.
        operation: The operation that the entry is for; "" for all of them.
        provider: The provider that the entry is for; "" for the one that speaks OpenAI's dialect.
        reason: Why that is accepted.
        issue: Where the fix is tracked, or "".
        expires: The last day on which the entry counts; None for no end.
        intermittent: Whether a run may not meet it.
    """

    case: str = ""
    checks: tuple[str, ...] = ()
    check: str = ""
    complaint: str = ""
    operation: str = ""
    provider: str = ""
    reason: str
    issue: str = ""
    expires: datetime.date | None = None
    intermittent: bool = False

    @property
    def is_placeholder(self) -> bool:
        """Whether its reason says nothing."""
        return self.reason.strip().lower() in {"", *_PLACEHOLDERS}

    def covers(self, place: str) -> bool:
        """Whether it is for that operation and provider (see `Verdict.place`)."""
        operation, _, provider = place.partition("@")
        return provider == self.provider and self.operation in ("", operation)

    def counts_on(self, day: datetime.date) -> bool:
        """Whether it hasn't expired."""
        return self.expires is None or day <= self.expires


@dataclass(frozen=True)
class Baseline:
    """The known deviations of a target.

    Attributes:
        file: The path of the file, for messages.
        deviations: Its entries.
    """

    file: str
    deviations: tuple[Deviation, ...] = ()


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        SettingsError: With one sentence for each mistake.
    """
    document, reader = parse_file(path), Reader(str(path))
    for name in [name for name in document if name != "deviation"]:
        reader.problems.append(f'{path}: "{name}" is unknown; entries begin with [[deviation]].')
    tables = document.get("deviation", [])
    if not isinstance(tables, list):
        raise SettingsError([*reader.problems, f"{path}: write [[deviation]], with two brackets, for each entry."])
    entries = {number: _read_entry(reader, number, table) for number, table in enumerate(tables, 1)}
    deviations = {number: entry for number, entry in entries.items() if entry is not None}
    _check_entries(deviations, reader)
    if reader.problems:
        raise SettingsError(reader.problems)
    return Baseline(str(path), tuple(deviations.values()))


def _read_entry(reader: Reader, number: int, table: object) -> Deviation | None:
    """An entry; None where a sentence says already what is wrong with it."""
    known = len(reader.problems)
    entry = reader.read(Deviation, table, f"deviation {number}")
    return entry if len(reader.problems) == known else None


def _check_entries(deviations: Mapping[int, Deviation], reader: Reader) -> None:
    seen: set[tuple[str, ...]] = set()
    for number, entry in deviations.items():
        for key, problem in _mistakes(entry):
            reader.complain(f"deviation {number}", key, problem)
        for name in _names(entry):
            if name in seen:
                key = "checks" if entry.case else "complaint"
                reader.complain(f"deviation {number}", key, f'lists "{name[-1]}" of {name[0]} again')
            seen.add(name)


def _mistakes(entry: Deviation) -> Iterator[tuple[str, str]]:
    if bool(entry.case) == bool(entry.check):
        yield "case", "must be given, or else `check` and `complaint`, and not both"
    elif entry.case and not entry.checks:
        yield "checks", "must name at least one check"
    elif entry.check and not entry.complaint:
        yield "complaint", "must say what is wrong, as the report's cause does"
    elif entry.check and entry.checks:
        yield "checks", "belongs to entries with a `case`"
    elif entry.case and (entry.complaint or entry.intermittent):
        yield "complaint" if entry.complaint else "intermittent", "belongs to entries with a `check`"


def _names(entry: Deviation) -> list[tuple[str, ...]]:
    if entry.case:
        return [(entry.case, entry.operation, entry.provider, check) for check in entry.checks]
    return [(entry.check, entry.operation, entry.provider, entry.complaint)]


def baseline_text(deviations: Iterable[Deviation]) -> str:
    """Entries as the text of a baseline file."""
    head = "# Known deviations. A listed check must fail: one that holds again is stale, and fails the gate.\n"
    return head + "".join("\n" + _entry_text(entry) for entry in deviations)


def _entry_text(entry: Deviation) -> str:
    values: dict[str, Any] = {
        "case": _quoted(entry.case) if entry.case else None,
        "check": _quoted(entry.check) if entry.check else None,
        "complaint": _quoted(entry.complaint) if entry.complaint else None,
        "operation": _quoted(entry.operation) if entry.operation else None,
        "provider": _quoted(entry.provider) if entry.provider else None,
        "checks": f"[{', '.join(map(_quoted, entry.checks))}]" if entry.checks else None,
        "reason": _quoted(entry.reason),
        "issue": _quoted(entry.issue) if entry.issue else None,
        "expires": entry.expires,
        "intermittent": "true" if entry.intermittent else None,
    }
    lines = [f"{key} = {value}\n" for key, value in values.items() if value is not None]
    return "[[deviation]]\n" + "".join(lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (f"\\u{ord(one):04x}" if ord(one) < 32 or ord(one) == 127 else one for one in escaped)
    return f'"{"".join(shown)}"'
