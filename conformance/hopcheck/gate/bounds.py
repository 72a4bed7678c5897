"""When a run ends early: nothing more can be learnt about the target, or it takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable

from hopcheck.engine.acceptance import ACCEPTANCE
from hopcheck.engine.verdict import Outcome, Verdict

IN_A_ROW = 10
"""Cases that couldn't be asked for one reason, one after another, after which a run ends."""

QUIET_S = 180.0
"""How long a run may go without a new verdict, in seconds."""

DEADLINE_S = 900.0
"""How long all cases of a run may take together, in seconds."""


class RunBounds:
    """The bounds of one run.

    Attributes:
        reached: The bound that was reached, in words; "" while there is none.
    """

    def __init__(
        self, deadline_s: float = DEADLINE_S, quiet_s: float = QUIET_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.reached = ""
        self._deadline_s, self._quiet_s, self._clock = deadline_s, quiet_s, clock
        self._begun = self._last = clock()
        self._reason = ""
        self._areas: list[str] = []

    def begin(self) -> None:
        """Begin to count the time."""
        self._begun = self._last = self._clock()

    @property
    def left_s(self) -> float:
        """Until the next bound in time, in seconds."""
        now = self._clock()
        return max(0.0, min(self._begun + self._deadline_s, self._last + self._quiet_s) - now)

    def note(self, verdict: Verdict) -> None:
        """Note a verdict; `reached` says then whether the run is over."""
        self._last = self._clock()
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            return
        reason = (verdict.untestable_by or verdict.reason) if verdict.outcome is Outcome.UNTESTABLE else ""
        self._areas = [*(self._areas if reason == self._reason else ()), verdict.case_id.partition(".")[0]]
        self._reason = reason
        if reason and len(self._areas) >= IN_A_ROW and (len(set(self._areas)) > 2 or not _is_one_feature(reason)):
            self.reached = f"{IN_A_ROW} cases in a row could not be asked ({reason.strip().splitlines()[-1]})"

    def run_out(self) -> None:
        """Say which bound in time was reached."""
        if self._clock() - self._begun >= self._deadline_s:
            self.reached = f"its cases were not through after {self._deadline_s:g} s (--deadline)"
        else:
            self.reached = f"there was no new verdict for {self._quiet_s:g} s"


def _is_one_feature(reason: str) -> bool:
    """Whether a reason may concern one area alone: a field or form that the target refuses."""
    return reason.startswith(f"{ACCEPTANCE}: ")
