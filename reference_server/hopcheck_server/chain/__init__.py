"""The whole chain on this machine: upstream, LiteLLM, reference proxy."""

from hopcheck_server.chain.listening import Served, serve
from hopcheck_server.chain.reference import serve_reference
from hopcheck_server.chain.stack import Stack

__all__ = ["Served", "Stack", "serve", "serve_reference"]
