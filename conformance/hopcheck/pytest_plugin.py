"""The cases among one's own tests: `pytest -p hopcheck.pytest_plugin --hopcheck-url http://127.0.0.1:8000/v1`.

Not loaded by itself. Each case is a test; the gate runs once, when the first of them is due, with those that pytest has
selected. Knows no engine of its own: options are the gate's, and so is every sentence about a mistake in them.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hopcheck.authoring.case import Case
from hopcheck.cli.exits import Stop
from hopcheck.cli.gate import conclude
from hopcheck.cli.gate_arguments import add_arguments, read
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, gate
from hopcheck.gate.unfit import Unfit
from hopcheck.report.cause_view import keeper_of, shown_id
from hopcheck.report.document import fails, reasons_known, red_causes
from hopcheck.report.render.junit import causes_text, details_of, message_of
from hopcheck_server.wire.event_loop import run as run_loop

VALUES = (
    "target",
    "api-key-env",
    "upstream-port",
    "upstream-url",
    "model",
    "baseline",
    "wait",
    "jobs",
    "read-timeout",
    "deadline",
)
"""Options of the gate that take a value, each to be given as `--hopcheck-<name>`."""

REPEATED = ("profile", "select")
SWITCHES = ("strict", "one-sided")

_GATE = pytest.StashKey["Gate"]()


class Failed(Exception):
    """A case fails the gate; the text says how."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The gate's options, under names of their own."""
    group = parser.getgroup("hopcheck")
    group.addoption("--hopcheck-url", metavar="URL", help="hold this proxy to its contract; its base URL, with /v1")
    for name in VALUES:
        group.addoption(f"--hopcheck-{name}", metavar="VALUE", help=f"`hopcheck gate --{name}`")
    for name in REPEATED:
        group.addoption(f"--hopcheck-{name}", metavar="VALUE", action="append", help=f"`hopcheck gate --{name}`")
    for name in SWITCHES:
        group.addoption(f"--hopcheck-{name}", action="store_true", help=f"`hopcheck gate --{name}`")


def pytest_configure(config: pytest.Config) -> None:
    """Read the options, if there is a target."""
    if not (config.getoption("--hopcheck-url") or config.getoption("--hopcheck-target")):
        return
    if config.getoption("numprocesses", None):
        raise pytest.UsageError("hopcheck runs its cases concurrently from one process: leave out -n.")
    try:
        config.stash[_GATE] = Gate(read(_arguments(config)))
    except Stop as stop:
        raise pytest.UsageError(str(stop)) from None


def _arguments(config: pytest.Config) -> argparse.Namespace:
    """The options as the gate's own command line has them."""
    given = {name: config.getoption(f"--hopcheck-{name}") for name in (*VALUES, *REPEATED, *SWITCHES)}
    words = [word for name in VALUES if given[name] for word in (f"--{name}", given[name])]
    words += [word for name in REPEATED for value in given[name] or () for word in (f"--{name}", value)]
    words += [f"--{name}" for name in SWITCHES if given[name]]
    url = config.getoption("--hopcheck-url")
    parser = _Parser(prog="pytest")
    add_arguments(parser)
    return parser.parse_args([*words, *([url] if url else [])])


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as pytest does."""

    def error(self, message: str) -> Any:
        raise pytest.UsageError(message.replace("--", "--hopcheck-", 1))


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Put the cases behind the tests before any other plugin selects or orders them."""
    running = config.stash.get(_GATE, None)
    if running is not None:
        parent: Any = Cases.from_parent(session, name="hopcheck", nodeid="hopcheck")
        items += [CaseItem.from_parent(parent, name=case.key, case=case) for case in running.options.cases]
        items.append(CausesItem.from_parent(parent, name="causes"))
        if running.options.baseline is not None:
            items.append(BaselineItem.from_parent(parent, name="baseline"))
    yield


class Gate:
    """One run of the gate, made when it is first asked about.

    Attributes:
        options: What is to be run.
    """

    def __init__(self, options: GateOptions) -> None:
        self.options = options
        self._document: Mapping[str, Any] | None = None
        self._unfit = ""

    def document(self, session: pytest.Session) -> Mapping[str, Any]:
        """The report.

        Raises:
            Failed: The target can't be tested; the first time. Afterwards tests are skipped.
        """
        if self._unfit:
            pytest.skip(f"not asked: {self._unfit}")
        if self._document is None:
            chosen = [item.case for item in session.items if isinstance(item, CaseItem)]
            self._document = self._run(replace(self.options, cases=chosen))
        return self._document

    def _run(self, options: GateOptions) -> Mapping[str, Any]:
        async def judge() -> GateResult:
            return await gate(options, asyncio.Event(), lambda *_: None)

        try:
            return conclude(options, run_loop(judge()))[0]
        except Unfit as unfit:
            self._unfit = str(unfit)
            raise Failed(str(unfit)) from None


class Cases(pytest.Collector):
    """Where the cases stand in pytest's tree."""

    def collect(self) -> list[pytest.Item]:
        """Nothing: they are put behind the tests."""
        return []


class _Item(pytest.Item):
    """A test that reads the gate's report."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if self.config.pluginmanager.hasplugin("timeout"):
            self.add_marker(
                pytest.mark.timeout(0)
            )  # the first one waits for the whole gate, which has bounds of its own

    def document(self) -> Mapping[str, Any]:
        return self.config.stash[_GATE].document(self.session)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong, without the way through hopcheck's own code."""
        return str(excinfo.value) if isinstance(excinfo.value, Failed) else super().repr_failure(excinfo, style)


class CaseItem(_Item):
    """A case as a test.

    Attributes:
        case: Which one.
    """

    def __init__(self, *, case: Case, **given: Any) -> None:
        super().__init__(**given)
        self.case = case

    def runtest(self) -> None:
        """Report the case's outcome."""
        document = self.document()
        entry = next((entry for entry in document["cases"] if shown_id(entry) == self.case.key), None)
        if entry is None:
            raise Failed(f"not asked, as the run ended early: {document['ended_early']}")
        if entry["outcome"] == "not-applicable":
            pytest.skip(entry["reason"])
        if keeper := keeper_of(document, entry):
            pytest.skip(f"not asked because of {keeper['id']}: {keeper['sentence']}")
        if fails(entry, strict=document["strict"]):
            raise Failed(f"{message_of(entry)}\n\n{details_of(entry)}")
        if entry["baseline"] == "listed":
            pytest.xfail("; ".join(reasons_known(document, entry)))
        if entry["outcome"] == "advisory":
            self.add_report_section("call", "advisory", details_of(entry))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case is written."""
        code: Any = self.case.function.__code__
        return Path(code.co_filename), code.co_firstlineno, f"hopcheck: {self.case.key}"


class CausesItem(_Item):
    """What must hold on every exchange, whatever its case is about."""

    def runtest(self) -> None:
        """Fail with every cause that isn't known."""
        document = self.document()
        if not document["cases"]:
            pytest.skip("no case was asked")
        red = red_causes(document)
        if red:
            raise Failed(causes_text(document, red))
        if document["causes"]:
            self.add_report_section("call", "causes", causes_text(document, document["causes"]))

    def reportinfo(self) -> tuple[Path, None, str]:
        """No place: it is about all cases."""
        return Path("hopcheck"), None, "hopcheck: causes"


class BaselineItem(_Item):
    """Whether the file of known deviations is right."""

    def runtest(self) -> None:
        """Fail with what is wrong in it."""
        document = self.document()
        if document["baseline"] and document["baseline"]["problems"]:
            raise Failed("\n".join(document["baseline"]["problems"]))

    def reportinfo(self) -> tuple[Path, None, str]:
        """The file."""
        baseline = self.config.stash[_GATE].options.baseline
        return Path(baseline.file if baseline else ""), None, "hopcheck: baseline"
