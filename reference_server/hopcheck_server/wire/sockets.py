"""What is done to a connection's socket below its protocol."""

from __future__ import annotations

import asyncio
import socket
import struct
from ipaddress import ip_address

RESET_DELAY_S = 0.02
"""A reset makes a peer drop what it hasn't read yet; in this time it can read what was sent before."""


def send_at_once(transport: asyncio.Transport) -> None:
    """Let each write leave in a segment of its own."""
    _set_option(transport, socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def is_local(transport: asyncio.Transport) -> bool:
    """Whether the peer is on this host."""
    peer = transport.get_extra_info("peername")
    return bool(peer) and ip_address(peer[0].partition("%")[0]).is_loopback


def reset(transport: asyncio.Transport) -> None:
    """End the connection with a reset, unless it is ending already."""
    if not transport.is_closing():
        _set_option(transport, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def _set_option(transport: asyncio.Transport, level: int, option: int, value: int | bytes) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(level, option, value)
