"""The kernel's buffers of connections, which would grow to megabytes for each one that isn't read."""

from __future__ import annotations

import socket

BUFFER_BYTES = 256 * 1024
"""The kernel takes twice as much."""


def bound_buffers(connection: socket.socket) -> None:
    """Let the kernel keep no more; connections that a listener accepts do as the listener does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
