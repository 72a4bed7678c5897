"""The verdict on a case that was run several times: one that holds in some runs and not in others is flaky."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hopcheck.engine.verdict import Outcome, Verdict

_WORST = (Outcome.BROKEN, Outcome.UNTESTABLE, Outcome.DEVIATES, Outcome.ADVISORY, Outcome.CONFORMS)
"""Outcomes, the one that decides first; a case that isn't applicable isn't so in any run."""


def combined(verdicts: Sequence[Verdict]) -> Verdict:
    """Add up the verdicts on one case.

    What was seen on the wire is that of the run that decides; what didn't hold on every exchange is that of all runs.

    Args:
        verdicts: One or more of them, in the order of the runs.
    """
    if len(verdicts) == 1:
        return verdicts[0]
    decisive = min(verdicts, key=lambda one: _WORST.index(one.outcome) if one.outcome in _WORST else len(_WORST))
    whole = replace(
        decisive,
        duration_s=sum(one.duration_s for one in verdicts),
        notes=tuple(dict.fromkeys(note for one in verdicts for note in one.notes)),
        occurrences=tuple(occurrence for one in verdicts for occurrence in one.occurrences),
        judged=dict(sum((Counter(one.judged) for one in verdicts), Counter())),
        asked=dict(sum((Counter(one.asked) for one in verdicts), Counter())),
    )
    failed = sum(one.outcome is Outcome.DEVIATES for one in verdicts)
    if decisive.outcome is not Outcome.DEVIATES or failed == len(verdicts):
        return whole
    return replace(whole, outcome=Outcome.FLAKY, reason=f"it failed in {failed} of {len(verdicts)} runs")
