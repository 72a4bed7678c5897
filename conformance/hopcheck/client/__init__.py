"""The target as a case sees it."""

from hopcheck.client.bodies import OMIT, function_tools
from hopcheck.client.outage import backend_down
from hopcheck.client.paths import dig, field_names, items, without_additions
from hopcheck.client.pending_response import PendingResponse
from hopcheck.client.responses import NotApplicable, Response, Untestable, describe
from hopcheck.client.sdk import load_sdk
from hopcheck.client.session_options import SessionOptions
from hopcheck.client.streams import Stream, TimedEvent
from hopcheck.client.target import Target

__all__ = [
    "OMIT",
    "NotApplicable",
    "Response",
    "PendingResponse",
    "SessionOptions",
    "Stream",
    "Target",
    "TimedEvent",
    "Untestable",
    "backend_down",
    "describe",
    "dig",
    "field_names",
    "function_tools",
    "items",
    "load_sdk",
    "without_additions",
]
