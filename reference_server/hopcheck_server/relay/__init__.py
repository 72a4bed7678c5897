"""The healthy relay, on which mutants, honest variants and known delays are hung."""

from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import Events, Failure, Incoming, Outgoing, Response, incoming
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.server import RelayServer

__all__ = [
    "Events",
    "Failure",
    "Incoming",
    "Outgoing",
    "Relay",
    "RelayConfig",
    "RelayServer",
    "Response",
    "incoming",
    "refuse",
]
