"""hopcheck holds LLM proxies to their contract, from both sides at once.

What a case is written with is importable from here.
"""

from hopcheck.authoring import edits
from hopcheck.authoring.case import Case
from hopcheck.authoring.contract import contract_violations
from hopcheck.authoring.edits import BeginsDespiteErrors, EditsErrors, EditsObjects
from hopcheck.authoring.equivalence import canonical_request
from hopcheck.authoring.findings import Finding, Findings, expect
from hopcheck.authoring.mutants import Mutant
from hopcheck.authoring.odd_text import ODD_PIECES, ODD_TEXT
from hopcheck.authoring.registry import case
from hopcheck.client import (
    OMIT,
    NotApplicable,
    PendingResponse,
    Response,
    Stream,
    Target,
    Untestable,
    backend_down,
    dig,
    field_names,
    function_tools,
    items,
    without_additions,
)
from hopcheck.client.listener import listener
from hopcheck.client.operations import (
    ALL,
    FORWARDED,
    GENERATING,
    OF_OPENAI,
    ON_CHAT,
    ON_MESSAGES,
    ON_RESPONSES,
    STREAMED,
    NotExpressible,
    Operation,
)
from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
    incoming,
    refuse,
)
from hopcheck_server.relay.honest.continuations import Begun, ContinuesStreams
from hopcheck_server.relay.translating import Piece, TranslatingRelay
from hopcheck_server.upstream.script import reply
from hopcheck_server.wire.server import ServerExchange

__version__ = "0.1.0"

__all__ = [
    "ALL",
    "DONE",
    "FORWARDED",
    "GENERATING",
    "ODD_PIECES",
    "ODD_TEXT",
    "OF_OPENAI",
    "ON_CHAT",
    "ON_MESSAGES",
    "ON_RESPONSES",
    "STREAMED",
    "OMIT",
    "Begun",
    "Case",
    "ContinuesStreams",
    "Response",
    "BeginsDespiteErrors",
    "EditsErrors",
    "EditsObjects",
    "Event",
    "Events",
    "Failure",
    "Finding",
    "Findings",
    "IncomingRequest",
    "PendingResponse",
    "Piece",
    "Mutant",
    "NotApplicable",
    "NotExpressible",
    "Operation",
    "OutgoingRequest",
    "Relay",
    "RelayConfig",
    "RelayedResponse",
    "ServerExchange",
    "Stream",
    "Target",
    "TranslatingRelay",
    "Untestable",
    "__version__",
    "backend_down",
    "canonical_request",
    "case",
    "contract_violations",
    "dig",
    "edits",
    "event_of",
    "expect",
    "field_names",
    "function_tools",
    "incoming",
    "items",
    "listener",
    "refuse",
    "reply",
    "without_additions",
]
