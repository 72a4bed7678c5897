"""What a report says about a run, besides its verdicts: when, how, and with which cassettes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LIVE_ONLY = "live-only: "
"""The prefix of the reason of a case that cassettes can't judge."""

SCRIPTED = "replay.scripted"
"""The finding of a case that ran a second time, with its own script in LiteLLM's place."""


@dataclass(frozen=True)
class Replay:
    """The cassettes that stood in for LiteLLM.

    Attributes:
        folder: Where they are.
        litellm: The versions that were recorded.
        cassettes: How many there are.
        problems: Sentences that fail the run and belong to no case.
    """

    folder: str
    litellm: Sequence[str]
    cassettes: int
    problems: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a report says about a run, besides its verdicts.

    Attributes:
        started: When it began, with a time zone.
        duration_s: Wall time, in seconds.
        selected: How many cases were to be run.
        interrupted: Whether it was interrupted.
        strict: Whether advisories fail, too.
        one_sided: Whether the target had no upstream of ours.
        ended_early: Why the run ended before its cases were through; "" if it didn't.
        notes: Sentences about the run as a whole, such as the pace that the target's own rate limit asked for.
        replay: The cassettes that stood in for LiteLLM, or None.
        suggestions: What preflight suggests to declare, each with the line for the target file and a sentence.
        secrets: Values to redact in addition to the target's own keys, such as the provider's key.
    """

    started: datetime.datetime
    duration_s: float
    selected: int
    interrupted: bool = False
    strict: bool = False
    one_sided: bool = False
    ended_early: str = ""
    notes: Sequence[str] = ()
    replay: Replay | None = None
    suggestions: Sequence[Mapping[str, str]] = ()
    secrets: Sequence[str] = field(default=(), repr=False)
