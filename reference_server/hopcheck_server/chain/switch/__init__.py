"""A switch between a proxy and its backend: while it is off, nothing listens at the address of the backend."""

from hopcheck_server.chain.switch.server import Switch

__all__ = ["Switch"]
