"""The clients of this proxy: their keys, as hashes, and the upstream keys that their requests are sent with.

A line names a client, the SHA-256 of a key of it, and, if its requests are to be sent with a key of its own, where that
is: `$VARIABLE` or the path of a file. A client may have several lines: two keys are valid while one replaces the other.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger("hopcheck.proxy")

LOOK_S = 1.0
"""Between two looks at the file, by which a changed one is noticed."""

_LINE = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})\s+(?P<digest>[0-9a-f]{64})(?:\s+(?P<source>[$/]\S+))?")


class ClientKeysError(Exception):
    """The lines can't be used; the text is a sentence, without any key in it."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who sent a request.

    Attributes:
        name: From the operator.
        upstream_key: What its requests are sent with; None for the proxy's own key.
    """

    name: str
    upstream_key: str | None = field(default=None, repr=False)


DEFAULT_CLIENT = Client("default")
"""Holds `INTERNAL_API_KEY`."""

Clients = Mapping[bytes, Client]
"""By the digests of their keys."""


def digest_of(key: bytes) -> bytes:
    """Hash a key. A plain hash is enough for keys that are random and long, as `new_key` makes them."""
    return hashlib.sha256(key).digest()


def new_key(name: str) -> tuple[str, str]:
    """Make a key for a client, and the line of it."""
    key = f"llmp-{secrets.token_urlsafe(32)}"
    return key, f"{name} {digest_of(key.encode()).hex()}"


def parse_clients(lines: Iterable[str]) -> dict[bytes, Client]:
    """Read lines; empty ones and what follows a `#` count for nothing.

    Raises:
        ClientKeysError: A line is wrong, or its upstream key is missing.
    """
    clients: dict[bytes, Client] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            digest, client = _parse_line(number, text)
            clients[digest] = client
    return clients


def _parse_line(number: int, text: str) -> tuple[bytes, Client]:
    found = _LINE.fullmatch(text)
    if found is None:
        raise ClientKeysError(f"Line {number} of the client keys must be: NAME SHA-256 [$VARIABLE or /FILE].")
    source = found["source"]
    upstream_key = _read_key(number, source) if source else None
    return bytes.fromhex(found["digest"]), Client(found["name"], upstream_key)


def _read_key(number: int, source: str) -> str:
    try:
        key = os.environ[source[1:]] if source.startswith("$") else Path(source).read_text(encoding="utf-8")
    except (KeyError, OSError, UnicodeDecodeError):
        raise ClientKeysError(f"Line {number} of the client keys: {source} can't be read.") from None
    if not key.strip() or not (key.strip().isascii() and key.strip().isprintable()):
        raise ClientKeysError(f"Line {number} of the client keys: {source} holds no key that a header can carry.")
    return key.strip()


class ClientKeys:
    """The clients that may use this proxy; those of the file are read again when it has changed.

    Args:
        fixed: Those that don't change while this process runs.
        path: The file of the others.
    """

    def __init__(self, fixed: Clients, path: Path | None = None) -> None:
        self._fixed = dict(fixed)
        self._path = path
        self._version: object = None
        self._looked = time.monotonic()
        self._clients = self._fixed
        if path is not None:
            self._version = _version_of(path)
            self._read(path)

    @property
    def upstream_keys(self) -> set[str]:
        """The upstream keys of all clients."""
        return {client.upstream_key for client in self._clients.values() if client.upstream_key}

    def find(self, key: bytes) -> Client | None:
        """Find the client that holds a key. The look-up is by its hash, so its duration says nothing about keys."""
        if self._path is not None and time.monotonic() - self._looked > LOOK_S:
            self._look(self._path)
        return self._clients.get(digest_of(key))

    def _look(self, path: Path) -> None:
        """Read the file again if it isn't the one that was read; a file that can't be used changes nothing."""
        self._looked = time.monotonic()
        try:
            version = _version_of(path)
            if version != self._version:
                self._version = version
                self._read(path)
                log.info("The clients' keys were read again.")
        except ClientKeysError as error:
            log.error("The clients' keys stay as they were. %s", error)

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise ClientKeysError(f"{path} can't be read.") from None
        self._clients = {**parse_clients(lines), **self._fixed}


def _version_of(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        raise ClientKeysError(f"{path} can't be read.") from None
    return status.st_mtime_ns, status.st_size, status.st_ino
