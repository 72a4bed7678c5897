"""What is done to a connection's socket below its protocol."""

from __future__ import annotations

import asyncio
import socket
import struct
from ipaddress import ip_address

RESET_DELAY_S = 0.02
"""A reset makes a peer drop what it hasn't read yet; in this time it can read what was sent before."""


def is_local(transport: asyncio.Transport) -> bool:
    """Whether the peer is on this host."""
    peer = transport.get_extra_info("peername")
    return bool(peer) and ip_address(peer[0].partition("%")[0]).is_loopback


def reset(transport: asyncio.Transport) -> None:
    """End the connection with a reset, unless it is ending already."""
    if not transport.is_closing():
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
