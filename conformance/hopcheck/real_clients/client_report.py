"""The results as a JSON document, and for the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hopcheck.real_clients.client_run import pauses_s
from hopcheck.real_clients.client_runner import ScenarioResult

FORMAT = "hopcheck.clients/1"


def client_document(
    target: str,
    results: Sequence[ScenarioResult],
    versions: Mapping[str, str],
    skipped: Mapping[str, str],
    *,
    partial: bool = False,
) -> dict[str, Any]:
    """Describe a run.

    Args:
        target: The target's base URL.
        results: Of every client in every scenario.
        versions: Of the clients, as they print it.
        skipped: The clients that weren't run, with the reason.
        partial: Whether it was interrupted, and holds nothing for certain.
    """
    return {
        "format": FORMAT,
        "target": target,
        "clients": [{"name": name, "version": version} for name, version in versions.items()],
        "skipped": [{"name": name, "reason": reason} for name, reason in skipped.items()],
        "results": [_entry(result) for result in results],
        "partial": partial,
        "holds": not partial and all(result.holds for result in results),
    }


def document_text(document: Mapping[str, Any]) -> str:
    """Write the document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(result: ScenarioResult) -> dict[str, Any]:
    run = result.run
    return {
        "client": result.client,
        "model": result.model,
        "scenario": result.scenario.name,
        "provider": result.scenario.does,
        "holds": result.holds,
        "exit_code": run.exit_code,
        "text": run.text,
        "failure": run.failure,
        "hosts": list(run.hosts),
        "duration_s": round(run.duration_s, 3),
        "attempts": [
            {"path": one.path, "status": one.response and one.response.status, "ended": one.ended}
            for one in result.attempts
        ],
        "pauses_s": [round(pause, 3) for pause in pauses_s(result.attempts)],
        "findings": [asdict(finding) for finding in result.findings],
    }


def print_results(results: Sequence[ScenarioResult], console: Console) -> None:
    """Print a table for each client and model, and then what is wrong with the evidence."""
    for (client, model), group in groupby(results, key=lambda one: (one.client, one.model)):
        console.print(Text(f"\n{client} with {model}", style="bold"))
        console.print(_table(list(group), console.width))
    for result in results:
        if not result.holds:
            _print_evidence(result, console)


def _table(results: Sequence[ScenarioResult], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "scenario", "exit", "provider saw", "the user saw"):
        table.add_column(name, no_wrap=name != "the user saw")
    attempts = [_attempts(result) for result in results]
    left = max(20, width - OTHER_COLUMNS - max(map(len, ["provider saw", *attempts])))
    for result, seen in zip(results, attempts, strict=True):
        mark = Text("✓", style="green") if result.holds else Text("✗", style="red")
        code = "ended" if result.run.exit_code is None else str(result.run.exit_code)
        table.add_row(mark, result.scenario.name, code, seen, Text(_short(result.run.shown, left)))
    return table


OTHER_COLUMNS = 28
"""What the columns take that are neither the provider's nor the user's, at most."""


def _attempts(result: ScenarioResult) -> str:
    seen = [_attempt(one.ended, one.response and one.response.status) for one in result.attempts]
    return ", ".join(seen) or "nothing"


def _attempt(ended: str, status: int | None) -> str:
    return f"{status or ''} {ended}".strip() if ended != "answered" else str(status)


def _print_evidence(result: ScenarioResult, console: Console) -> None:
    console.print(
        Text(f"\n✗ {result.client} with {result.model}, {result.scenario.name}: ", style="red"),
        Text(f"the provider {result.scenario.does}."),
        sep="",
    )
    for finding in result.findings:
        if not finding.ok:
            wanted = finding.expected if isinstance(finding.expected, str) else json.dumps(finding.expected)
            actual = _short(json.dumps(finding.actual, ensure_ascii=False), 200)
            console.print(Text(f"  {finding.check}: expected {wanted}, got {actual}"))


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
