"""The healthy relay, on which mutants, honest variants and known delays are hung."""

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
