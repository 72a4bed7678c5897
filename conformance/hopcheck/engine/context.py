"""What a run of cases is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from hopcheck.authoring.case import TWO_SIDED, Case
from hopcheck.authoring.case_names import case_key
from hopcheck.authoring.duties import why_not_owed
from hopcheck.authoring.findings import Finding
from hopcheck.client import SessionOptions, Target
from hopcheck.client.config import DECLARABLE, TargetConfig
from hopcheck.client.operations import OPERATIONS
from hopcheck.client.pacing.pace import Pace
from hopcheck.client.providers.translated_attempt import dialect_of_path, is_foreign
from hopcheck.client.session_options import RECOVERY_S
from hopcheck.client.target import SharedWork
from hopcheck.engine.exchanges.complaint import RunKnowledge
from hopcheck.engine.loop_watchdog import LoopWatchdog
from hopcheck.engine.verdict import Occurrence, place_of
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.dialects.dialect import is_literal
from hopcheck_server.upstream.dialects.registry import all_dialects

DEFAULT_READ_TIMEOUT_S = 30.0
"""How long a target may be silent before its response counts as hung."""


@dataclass(frozen=True)
class RunContext:
    """What cases are run against, and how.

    Attributes:
        config: The target.
        control: The upstream behind it; None where there is none of ours.
        read_timeout_s: How long the target may be silent, in seconds.
        recovery_s: How long the target may take to come out of a cooldown, in seconds.
        upstream_url: Where the target should expect its provider, for advice; "" where nobody knows.
        nonces: Makes each case's nonces, behind the provider that is asked for; None makes random ones.
        flood: Which part of their full number of requests flooding cases send.
        wire_log: Whether verdicts hold what crossed the wire.
        contracts: Whether what crossed the wire is held against the contracts.
        pace: How fast the target may be asked; None where what it refuses is taken as it is.
        watchdog: Watches the event loop while the cases run; None where nobody does.
        known: What the run learns of its target, exchange by exchange.
        shared: What the cases of a run have in common, such as one burst over a rate limit.
        excluded: Cases that this run can't judge, by `Verdict.key`, and why.
        extra_findings: Yields what this run finds in addition to a case's own findings, once the case is through, and
            what it found not to hold on further exchanges.
    """

    config: TargetConfig
    control: Control | None
    read_timeout_s: float = DEFAULT_READ_TIMEOUT_S
    recovery_s: float = RECOVERY_S
    upstream_url: str = ""
    nonces: Callable[[str], Iterator[str]] | None = None
    flood: float = 1.0
    wire_log: bool = True
    contracts: bool = True
    pace: Pace | None = field(default_factory=Pace)
    watchdog: LoopWatchdog | None = None
    known: RunKnowledge = field(default_factory=RunKnowledge)
    shared: dict[str, SharedWork] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)
    extra_findings: Callable[[Case, Target], AsyncIterator[Finding | Occurrence]] | None = None

    def behind(self, provider: str) -> RunContext:
        """The same, with the models of a provider; what its cases have in common, they share with no others.

        Raises:
            KeyError: The target names no model for that provider.
        """
        return replace(self, config=self.config.behind(provider), shared={})

    def target(self, case: Case) -> Target:
        """The target, bound to a case."""
        options = SessionOptions(
            case_id=case.id,
            operation=case.operation,
            nonces=self.nonces(self.config.provider) if self.nonces else None,
            read_timeout_s=self.read_timeout_s,
            recovery_s=self.recovery_s,
            expects_limits=bool(case.needs & {"rate_limit", "concurrency_limit"}),
            expects_outage=bool(case.needs & {"outage", "unreachable"}),
            floods=case.floods,
            pace=self.pace,
        )
        return Target(self.config, self.control, options, shared=self.shared, flood=self.flood)

    def reason_to_skip(self, case: Case) -> str:
        """Why a case does not apply: what it needs and the target doesn't declare, or this run can't do; else ""."""
        not_offered = OPERATIONS[case.operation].why_not_offered(self.config.declares)
        if not_offered:
            return not_offered
        not_owed = next(filter(None, (why_not_owed(need, self.config) for need in sorted(case.needs))), "")
        if not_owed:
            return not_owed
        not_expressible = self._not_expressible(case) if self.config.provider else ""
        if not_expressible:
            return not_expressible
        undeclared = sorted(need for need in case.needs & DECLARABLE if not self.config.declares.has(need))
        if undeclared:
            return f"the target does not declare {', '.join(f'`{need}`' for need in undeclared)}"
        if TWO_SIDED in case.needs and self.control is None:
            return "this run is not two-sided"
        return self.excluded.get(case_key(case.id, place_of(case.operation, self.config.provider)), "")

    def _not_expressible(self, case: Case) -> str:
        """Why a case can't be asked of the provider: what its dialect can't express of the case's scripts; else ""."""
        dialect, path = all_dialects()[self.config.provider], f"/v1{OPERATIONS[case.operation].path}"
        turns = [turn for script in case.upstream_scripts().values() for turn in script.all_turns]
        if is_foreign(dialect, path) and any(map(is_literal, turns)):
            return f"what {dialect_of_path(path).label} says to the letter has no equivalent in {dialect.label}"
        return next(filter(None, map(dialect.obstacle, turns)), "")
