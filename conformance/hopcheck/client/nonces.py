"""Nonces for markers: one per request."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator


def random_nonces() -> Iterator[str]:
    """Nonces that no other run has: a random stem and a count."""
    stem = secrets.token_hex(5)
    return (f"{stem}{count:x}" for count in itertools.count())


def fixed_nonces() -> Iterator[str]:
    """The same nonces every time, for recording and replay."""
    return (f"n{count:x}" for count in itertools.count())
