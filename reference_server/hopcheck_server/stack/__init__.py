"""The whole chain on this machine: upstream, LiteLLM, reference proxy."""

from hopcheck_server.stack.chain import Stack
from hopcheck_server.stack.reference import serve_reference
from hopcheck_server.stack.served import Served, serve

__all__ = ["Served", "Stack", "serve", "serve_reference"]
