"""The target as a case sees it."""

from hopcheck.target.answers import Answer
from hopcheck.target.bodies import OMIT
from hopcheck.target.live import Live
from hopcheck.target.outage import backend_down
from hopcheck.target.paths import dig, items
from hopcheck.target.sdk import load_sdk
from hopcheck.target.streams import Stream, TimedEvent
from hopcheck.target.target import RECOVERY_S, Target
from hopcheck.target.untestable import Untestable, describe

__all__ = [
    "OMIT",
    "RECOVERY_S",
    "Answer",
    "Live",
    "Stream",
    "Target",
    "TimedEvent",
    "Untestable",
    "backend_down",
    "describe",
    "dig",
    "items",
    "load_sdk",
]
