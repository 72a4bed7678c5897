"""What a user asked of the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hopcheck.authoring.case import Case
from hopcheck.client.config import TargetConfig
from hopcheck.client.operations import OPERATIONS
from hopcheck.engine.context import DEFAULT_READ_TIMEOUT_S
from hopcheck.engine.sequential_cases import SequentialCases
from hopcheck.engine.verdict import FAILING, Outcome, Verdict
from hopcheck.gate.bounds import DEADLINE_S
from hopcheck.report.baseline import Baseline

DEFAULT_JOBS = 8
"""How many cases run at the same time."""


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """What a user asked of one gate run, read and checked.

    Attributes:
        config: The target.
        cases: The selected cases.
        sequential: Cases that are run one after another when all others have ended.
        providers: The providers whose models are asked, each with all cases; empty asks the target's own models.
        jobs: How many cases run at the same time.
        repeat: How often each case is run.
        strict: Whether an advisory verdict fails the gate, too.
        fail_fast: Whether the run ends at the first verdict that fails.
        one_sided: Whether there is no upstream of ours behind the target.
        read_timeout_s: How long a target may be silent within a case.
        deadline_s: How long all cases may take together.
        wait_s: How long to wait for the target to listen.
        unfiltered: Whether all cases are selected.
        baseline: Known deviations; None where none are given.
        report_files: Where reports are written, by format.
    """

    config: TargetConfig
    cases: Sequence[Case]
    sequential: SequentialCases | None = None
    providers: Sequence[str] = ()
    jobs: int = DEFAULT_JOBS
    repeat: int = 1
    strict: bool = False
    fail_fast: bool = False
    one_sided: bool = False
    read_timeout_s: float = DEFAULT_READ_TIMEOUT_S
    deadline_s: float = DEADLINE_S
    wait_s: float = 0.0
    unfiltered: bool = False
    baseline: Baseline | None = None
    report_files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def selected(self) -> int:
        """How many cases are to be run."""
        sequential = len(self.sequential.cases) if self.sequential else 0
        return sum(len(self.cases_on(provider)) for provider in self.providers or ("",)) + sequential

    def cases_on(self, provider: str) -> Sequence[Case]:
        """The cases that are run with the models of a provider: those on the APIs that it has a model for."""
        if not provider:
            return self.cases
        declares = self.config.behind(provider).declares
        return [case for case in self.cases if not OPERATIONS[case.operation].why_not_offered(declares)]

    def fails(self, verdict: Verdict) -> bool:
        """Whether a verdict fails the gate, as long as no baseline lists it."""
        return verdict.outcome in FAILING or (self.strict and verdict.outcome is Outcome.ADVISORY)
