"""The healthy relay, from which mutants, honest relays and relays with a known delay are derived."""

from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse, incoming
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.server import RelayServer

__all__ = [
    "Events",
    "Failure",
    "IncomingRequest",
    "OutgoingRequest",
    "Relay",
    "RelayConfig",
    "RelayServer",
    "RelayedResponse",
    "incoming",
    "refuse",
]
