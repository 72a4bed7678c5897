"""Records cases: runs them one after another against the reference proxy, and makes a cassette of what each sent LiteLLM.

One after another, so that what has no marker (a model list, a body that no parser accepts) belongs to the case that
goes on.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from hopcheck.authoring.findings import Outcome, Verdict
from hopcheck.authoring.registry import Case
from hopcheck.cassettes.canonical import PROBES
from hopcheck.cassettes.model import Cassette, Provenance, RecordedVerdict
from hopcheck.cassettes.recording.builder import CassetteBuilder, held, is_lookup
from hopcheck.cassettes.recording.exchanges import RecordedExchange
from hopcheck.cassettes.recording.journal_keeper import JournalKeeper
from hopcheck.cassettes.recording.wiretap import Wiretap
from hopcheck.cassettes.secrets.scanner import rules
from hopcheck.cassettes.secrets.scrub import Scrub
from hopcheck.cassettes.store import BodyTooLarge, SecretFound, path_of, save
from hopcheck.engine.run import RunContext, run_case
from hopcheck.engine.scheduler import plan
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker, find_marker

ORIGIN = "http://127.0.0.1:4000"
"""What stands for LiteLLM's address, which is another one every time: the one it has by default."""


T = TypeVar("T")

_SETTLE_S = 30.0
_WEDGED = 3
"""So many untestable cases one after another, and the chain is given up: some releases of LiteLLM wedge."""
_WHOLE = frozenset({Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES})
_TRUNCATED = frozenset({"cut", "reset", "garbled"})
_TRUNCATING = frozenset({"cut", "released"})


class RecordedTurn(NamedTuple):
    """A case, and whether it waits until the target answers a healthy request."""

    case: Case
    settles: bool


def turns(cases: Iterable[Case]) -> list[RecordedTurn]:
    """Cases in the order of a gate."""
    return [RecordedTurn(case, lanes.settles) for lanes in plan(cases) for case in lanes.all]


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """What a recording needs to know beside the cases.

    Attributes:
        made: By what, and when.
        folder: Where the cassettes go.
        secrets: Credentials by what the journal calls them.
        places: Addresses and folders of this machine, and what stands for them.
    """

    made: Provenance
    folder: Path
    secrets: Mapping[str, str] = field(repr=False)
    places: Mapping[str, str] = field(default_factory=dict)

    def maker(self, began_ns: int) -> CassetteBuilder:
        """What makes one cassette."""
        roles = {secret: role for role, secret in self.secrets.items()}
        return CassetteBuilder(began_ns, ORIGIN, Scrub(self.secrets.values(), self.places, rules()), roles)


@dataclass
class RecordingResult:
    """What a recording came to.

    Attributes:
        saved: The cases that have a cassette now.
        live_only: Those that can't have one, and why.
        verdicts: By case.
    """

    saved: list[str] = field(default_factory=list)
    live_only: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)


class Recorder:
    """Records one case after another.

    Attributes:
        recorded: What it has come to so far.
        setting: What cases are run against.
    """

    def __init__(
        self,
        studio: RecordingSettings,
        setting: RunContext,
        control: JournalKeeper,
        wiretap: Wiretap,
        recorded: RecordingResult,
    ) -> None:
        """Say what to record with; `setting` holds fixed nonces, and `control` as its own."""
        self.recorded = recorded
        self.setting = setting
        self._studio = studio
        self._control = control
        self._wiretap = wiretap

    async def record(
        self, cases: Sequence[RecordedTurn], begun: Callable[[Case], None], done: Callable[[Verdict], None]
    ) -> list[RecordedTurn]:
        """Run cases one after another, and save their cassettes.

        Returns:
            Those that a fresh chain may do better with: that got no answer, and all that were to come when some in a
            row hadn't. Those that it began with come last, since they may be to blame.
        """
        silent: list[RecordedTurn] = []
        blamed: list[RecordedTurn] = []
        in_a_row = 0
        for place, turn in enumerate(cases, start=1):
            begun(turn.case)
            verdict = await self._case(turn.case, settle=turn.settles or in_a_row > 0)
            done(verdict)
            if verdict.outcome is not Outcome.UNTESTABLE:
                in_a_row = 0
                continue
            (silent if in_a_row else blamed).append(turn)
            in_a_row += 1
            if in_a_row == _WEDGED:
                return [*silent, *cases[place:], *blamed]
        return [*silent, *blamed]

    async def _case(self, case: Case, *, settle: bool) -> Verdict:
        began_ns = time.monotonic_ns()
        verdict = await run_case(case, self.setting, settle=settle)
        settled = await self._wiretap.settled(_SETTLE_S)
        exchanges = self._wiretap.take()
        attempts = await self._control.take_kept(began_ns)
        self.recorded.verdicts.append(verdict)
        await self._save_probes(began_ns, exchanges)
        reason = _unfit(verdict, exchanges, attempts, settled=settled)
        if verdict.outcome is not Outcome.NOT_APPLICABLE:
            self._keep(case.id, reason) if reason else self._save(case.id, began_ns, exchanges, attempts, verdict)
        return verdict

    def _keep(self, case_id: str, reason: str) -> None:
        self.recorded.live_only[case_id] = reason
        path_of(self._studio.folder, case_id).unlink(missing_ok=True)  # an older one would be played in its place

    def _save(
        self,
        case_id: str,
        began_ns: int,
        exchanges: Sequence[RecordedExchange],
        attempts: Sequence[Attempt],
        verdict: Verdict,
    ) -> None:
        maker = self._studio.maker(began_ns)
        own = [one for one in exchanges if _asker(one.request_body) not in PROBES and not _is_beside(one, verdict)]
        judged = RecordedVerdict(str(verdict.outcome), held(verdict))
        cassette = Cassette(case_id, self._studio.made, maker.interactions(own), maker.entries(attempts), judged)
        try:
            save(cassette, self._studio.folder)
        except (BodyTooLarge, SecretFound) as refused:
            self._keep(case_id, str(refused).partition(": ")[2])
        else:
            self.recorded.saved.append(case_id)
            self.recorded.live_only.pop(case_id, None)  # it may have been, with a chain before this

    async def look(self, examine: Awaitable[T]) -> T:
        """Run preflight before the cases, and keep the cassette of that."""
        began_ns = time.monotonic_ns()
        found = await examine
        await self._wiretap.settled(_SETTLE_S)
        await self._save_probes(began_ns, self._wiretap.take())
        await self._control.take_kept(began_ns)
        return found

    async def _save_probes(self, began_ns: int, exchanges: Sequence[RecordedExchange]) -> None:
        """Keep a probe that was answered well: it may be played as often as it is asked."""
        for name in PROBES:
            well = [one for one in exchanges if _asker(one.request_body) == name and one.status == 200]
            if well:
                maker = self._studio.maker(began_ns)
                attempts = await self._control.last(find_marker(bytes(well[0].request_body)))
                played = [replace(one, repeat="*") for one in maker.interactions(well[:1])]
                save(Cassette(name, self._studio.made, tuple(played), maker.entries(attempts)), self._studio.folder)


def _is_beside(one: RecordedExchange, verdict: Verdict) -> bool:
    """Whether a proxy asked it for itself, by its own clock: if LiteLLM lives; what it serves, if no client asked."""
    if not is_lookup(one):
        return False
    asked = {each["request"]["method"] for each in verdict.exchanges if each["side"] == "client"}
    return one.target.startswith("/health") or not asked & {"GET", "HEAD"}


def _asker(body: bytes | bytearray) -> str:
    """The case that a request's marker names, or ""."""
    marker = Marker.find(bytes(body))
    return marker.case if marker else ""


def _unfit(
    verdict: Verdict, exchanges: Sequence[RecordedExchange], attempts: Sequence[Attempt], *, settled: bool
) -> str:
    """Why there can't be a cassette of that, or ""."""
    if verdict.outcome not in _WHOLE:
        return f"it did not run to its end: {verdict.outcome} ({_short(verdict.reason)})"
    if not settled:
        return f"an exchange with LiteLLM still went on {_SETTLE_S:g} s after its end"
    truncated = [one for one in exchanges if one.ended in _TRUNCATED]
    if truncated and not any(attempt.ended in _TRUNCATING for attempt in attempts):
        return f"an answer of LiteLLM's ended as `{truncated[0].ended}`, though its provider's didn't"
    return ""


def _short(reason: str) -> str:
    return " ".join(reason.split())[:200]
