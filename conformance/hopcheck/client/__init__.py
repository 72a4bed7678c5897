"""The target as a case sees it."""

from hopcheck.client.bodies import OMIT
from hopcheck.client.outage import backend_down
from hopcheck.client.paths import dig, items
from hopcheck.client.pending import Live
from hopcheck.client.responses import Answer
from hopcheck.client.sdk import load_sdk
from hopcheck.client.streams import Stream, TimedEvent
from hopcheck.client.target import RECOVERY_S, Target
from hopcheck.client.untestable import Untestable, describe

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
