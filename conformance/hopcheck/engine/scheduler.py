"""Which cases run beside which, so that they don't judge each other's leftovers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hopcheck.authoring.registry import Case


@dataclass(frozen=True, slots=True)
class Lanes:
    """One phase of a run.

    Attributes:
        shared: Run at once, as many as there are jobs.
        serial: Lanes beside them, each one case after another.
        settles: Before each case, wait until the target answers a healthy request.
    """

    shared: tuple[Case, ...] = ()
    serial: tuple[tuple[Case, ...], ...] = ()
    settles: bool = False

    @property
    def all(self) -> list[Case]:
        """Its cases, those that run at once first."""
        return [*self.shared, *(case for lane in self.serial for case in lane)]

    @property
    def size(self) -> int:
        """How many cases there are."""
        return len(self.all)


def plan(cases: Iterable[Case]) -> Iterator[Lanes]:
    """Sort cases into phases: what can be mixed, what needs quiet, what makes a proxy rest its provider, what waits."""
    everything = sorted(cases, key=lambda case: case.id)
    windows = tuple(case for case in everything if _kind(case) == "window")
    shared = [case for case in everything if _kind(case) == "shared"]
    shared.sort(key=lambda case: "timeout_s" not in case.needs)  # who waits longest begins first
    yield Lanes(tuple(shared), (windows,))
    yield Lanes(serial=(tuple(case for case in everything if _kind(case) == "alone"),))
    yield Lanes(serial=(tuple(case for case in everything if _kind(case) == "cooldown"),), settles=True)
    yield Lanes(serial=(tuple(case for case in everything if _kind(case) == "recovery"),))


def _kind(case: Case) -> str:
    if "recovery" in case.needs:  # a window may be a minute long: let the others use the time
        return "recovery"
    if "cooldown" in case.needs:
        return "cooldown"
    if case.needs & {"timing", "heavy"}:
        return "alone"
    return "window" if case.uses_a_limit else "shared"
