"""Nonces, which tell a request from every other with the same script: random ones, and fixed ones for cassettes."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterator, Mapping
from functools import cache

from hopcheck_server.upstream.dialects.registry import all_dialects

_BEHIND = "x"
"""Stands between a number and a provider's name; no hexadecimal digit."""


def random_nonces() -> Iterator[str]:
    """Nonces that no other run has: a random stem and a count."""
    stem = secrets.token_hex(5)
    return (f"{stem}{count:x}" for count in itertools.count())


def fixed_nonces(provider: str = "") -> Iterator[str]:
    """The same nonces every time, for recording and replay: `n0`, or `n0xgemini` behind a provider.

    A case is run with the models of several providers at the same time, and by its nonce each of its requests, and of
    the attempts at the provider, belongs to one of these runs.
    """
    return numbered_nonces("n", provider)


def numbered_nonces(stem: str, provider: str) -> Iterator[str]:
    """Nonces with a stem, a count, and the provider that is asked for."""
    ending = f"{_BEHIND}{_written(provider)}" if provider else ""
    return (f"{stem}{count:x}{ending}" for count in itertools.count())


def provider_of(nonce: str) -> str:
    """The provider that a fixed nonce names, or ""."""
    return _names().get(nonce.partition(_BEHIND)[2], "")


@cache
def _names() -> Mapping[str, str]:
    """The names of all providers, as nonces have them."""
    return {_written(dialect.name): dialect.name for dialect in all_dialects()}


def _written(provider: str) -> str:
    """A provider's name without what a nonce can't hold."""
    return re.sub("[^0-9a-z]", "", provider)
