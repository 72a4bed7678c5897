"""A switch on the line between a proxy and its backend: while it is off, nobody listens where the backend was."""

from hopcheck_server.chain.switch.control import PATH, Switchable, answer, turn
from hopcheck_server.chain.switch.pipe import Switch

__all__ = ["PATH", "Switch", "Switchable", "answer", "turn"]
