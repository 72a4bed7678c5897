"""Records cases: runs them against the reference proxy, and builds a cassette of the traffic with LiteLLM of each.

Cases run one after another, so that a request without a marker (a model list, a body that no parser accepts) belongs
to the case that is running.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import case_key
from hopcheck.cassettes.canonical import PROBES
from hopcheck.cassettes.model import Cassette, Provenance, RecordedVerdict, cassette_name
from hopcheck.cassettes.recording.builder import CassetteBuilder, causes_met, held, is_lookup
from hopcheck.cassettes.recording.exchanges import RecordedExchange
from hopcheck.cassettes.recording.journal_keeper import JournalKeeper
from hopcheck.cassettes.recording.obstacles import SETTLE_S, why_unfit, why_unplayable
from hopcheck.cassettes.recording.wiretap import Wiretap
from hopcheck.cassettes.secrets.scanner import rules
from hopcheck.cassettes.secrets.scrub import Scrub
from hopcheck.cassettes.store import BodyTooLarge, SecretFound, path_of, save
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.scheduler import phases
from hopcheck.engine.verdict import Outcome, Verdict, place_of
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker

ORIGIN = "http://127.0.0.1:4000"
"""LiteLLM's address on cassettes, its default one; the real port differs between recordings."""

T = TypeVar("T")

_WEDGED = 3
"""The number of untestable cases in a row after which the chain is replaced: some releases of LiteLLM wedge."""


class RecordedTurn(NamedTuple):
    """A case, whether it waits until the target answers a healthy request, and the provider that is asked, or ""."""

    case: Case
    settles: bool
    provider: str = ""

    @property
    def key(self) -> str:
        """The key of its verdict."""
        return case_key(self.case.id, place_of(self.case.operation, self.provider))


def turns(cases: Iterable[Case], provider: str = "") -> list[RecordedTurn]:
    """Cases in the order of a gate, with the models of a provider."""
    return [RecordedTurn(case, phase.settles, provider) for phase in phases(cases) for case in phase.cases]


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """What a recording needs to know in addition to the cases.

    Attributes:
        provenance: The versions, and the day.
        folder: Where the cassettes go.
        secrets: Credentials by their names in the journal.
        places: Addresses and folders of this machine, and their replacements.
    """

    provenance: Provenance
    folder: Path
    secrets: Mapping[str, str] = field(repr=False)
    places: Mapping[str, str] = field(default_factory=dict)

    def builder(self, began_ns: int) -> CassetteBuilder:
        """The builder of the cassette of a case that began at that time."""
        roles = {secret: role for role, secret in self.secrets.items()}
        return CassetteBuilder(began_ns, ORIGIN, Scrub(self.secrets.values(), self.places, rules()), roles)


@dataclass
class RecordingResult:
    """The result of a recording.

    Attributes:
        saved: The names of the cassettes that were saved.
        live_only: The names of those that can't be recorded, with the reasons.
        verdicts: The verdicts of all cases.
    """

    saved: list[str] = field(default_factory=list)
    live_only: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)


class Recorder:
    """Records one case after another.

    Attributes:
        recorded: The result so far.
        context: What cases are run with.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        context: RunContext,
        control: JournalKeeper,
        wiretap: Wiretap,
        recorded: RecordingResult,
    ) -> None:
        """Record with these; `context` has fixed nonces, `control` as its control, and is for no provider yet."""
        self.recorded = recorded
        self.context = context
        self._settings = settings
        self._control = control
        self._wiretap = wiretap

    async def record(
        self, cases: Sequence[RecordedTurn], begun: Callable[[str], None], done: Callable[[Verdict], None]
    ) -> list[RecordedTurn]:
        """Run cases one after another, and save their cassettes.

        Returns:
            The cases to be repeated on a fresh chain: those that were untestable, and all that were left when several
            in a row had been. The first of each row come last, since they may be the cause.
        """
        silent: list[RecordedTurn] = []
        blamed: list[RecordedTurn] = []
        in_a_row = 0
        for place, turn in enumerate(cases, start=1):
            begun(turn.key)
            verdict = await self._case(turn, settle=turn.settles or in_a_row > 0)
            done(verdict)
            if verdict.outcome is not Outcome.UNTESTABLE:
                in_a_row = 0
                continue
            (silent if in_a_row else blamed).append(turn)
            in_a_row += 1
            if in_a_row == _WEDGED:
                return [*silent, *cases[place:], *blamed]
        return [*silent, *blamed]

    def context_of(self, provider: str) -> RunContext:
        """What the cases of a provider are run with."""
        return self.context.behind(provider) if provider else self.context

    async def _case(self, turn: RecordedTurn, *, settle: bool) -> Verdict:
        began_ns = time.monotonic_ns()
        case, provider = turn.case, turn.provider
        verdict = (await run_case(case, self.context_of(provider), settle=settle)).at(provider)
        settled = await self._wiretap.settled(SETTLE_S)
        exchanges = self._wiretap.take()
        attempts = await self._control.take_kept(began_ns)
        self.recorded.verdicts.append(verdict)
        await self._save_probes(began_ns, exchanges, provider)
        reason = why_unfit(verdict, exchanges, attempts, settled=settled)
        if verdict.outcome is not Outcome.NOT_APPLICABLE:
            name = cassette_name(case.id, case.operation, provider)
            self._exclude(name, reason) if reason else self._save(began_ns, exchanges, attempts, verdict)
        return verdict

    def _exclude(self, name: str, reason: str) -> None:
        self.recorded.live_only[name] = reason
        path_of(self._settings.folder, name).unlink(missing_ok=True)  # an older one would be played in its place

    def _save(
        self,
        began_ns: int,
        exchanges: Sequence[RecordedExchange],
        attempts: Sequence[Attempt],
        verdict: Verdict,
    ) -> None:
        builder = self._settings.builder(began_ns)
        own = [one for one in exchanges if _sender(one) not in PROBES and not _is_unprompted(one, verdict)]
        cassette = Cassette(
            verdict.case_id,
            self._settings.provenance,
            builder.interactions(own),
            builder.entries(attempts),
            RecordedVerdict(str(verdict.outcome), held(verdict), causes_met(verdict)),
            verdict.operation,
            verdict.provider,
        )
        if reason := why_unplayable(cassette):
            self._exclude(cassette.name, reason)
            return
        try:
            save(cassette, self._settings.folder)
        except (BodyTooLarge, SecretFound) as refused:
            self._exclude(cassette.name, str(refused).partition(": ")[2])
        else:
            self.recorded.saved.append(cassette.name)
            self.recorded.live_only.pop(cassette.name, None)  # an earlier chain may have failed to record it

    async def record_preflight(self, preflight: Awaitable[T], provider: str = "") -> T:
        """Run the preflight before the cases, and save the cassette of its probe."""
        began_ns = time.monotonic_ns()
        found = await preflight
        await self._wiretap.settled(SETTLE_S)
        await self._save_probes(began_ns, self._wiretap.take(), provider)
        await self._control.take_kept(began_ns)
        return found

    async def _save_probes(self, began_ns: int, exchanges: Sequence[RecordedExchange], provider: str) -> None:
        """Save each probe that succeeded; it may be played any number of times."""
        for sender in PROBES:
            succeeded = [one for one in exchanges if _sender(one) == sender and one.status == 200]
            marker = Marker.find(bytes(succeeded[0].request_body)) if succeeded else None
            if marker is not None:
                builder = self._settings.builder(began_ns)
                attempts = await self._control.last(str(marker))
                played = tuple(replace(one, repeat="*") for one in builder.interactions(succeeded[:1]))
                entries = builder.entries(attempts)
                probe = Cassette(sender, self._settings.provenance, played, entries, None, marker.operation, provider)
                save(probe, self._settings.folder)


def _is_unprompted(one: RecordedExchange, verdict: Verdict) -> bool:
    """Whether the proxy sent the request on its own: a health check, or a listing that no client asked for."""
    if not is_lookup(one):
        return False
    asked = {each["request"]["method"] for each in verdict.exchanges if each["side"] == "client"}
    return one.target.startswith("/health") or not asked & {"GET", "HEAD"}


def _sender(one: RecordedExchange) -> str:
    """The case or probe that a request's marker names, or ""."""
    marker = Marker.find(bytes(one.request_body))
    return marker.case if marker else ""
