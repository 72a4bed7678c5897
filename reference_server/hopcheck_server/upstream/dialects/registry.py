"""Finds the dialects by their folders, and the dialect of each request."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from hopcheck_server.upstream import dialects as folder
from hopcheck_server.upstream.dialects.dialect import Dialect
from hopcheck_server.upstream.dialects.request import DialectRequest, Route
from hopcheck_server.wire.headers import Fields

MAX_PATHS = 4096
"""How many paths are remembered with their routes."""

_SLASHES = re.compile("/{2,}")

_Found = tuple[Dialect, Route]


class Dialects:
    """The dialects that an upstream speaks.

    Args:
        dialects: The dialects.

    Raises:
        ValueError: Two have the same name.
    """

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._all = tuple(dialects)
        self._by_path = tuple(dialect for dialect in self._all if not dialect.is_named_only)
        self._by_name = {dialect.name: dialect for dialect in self._all}
        if len(self._by_name) != len(self._all):
            raise ValueError("two dialects have the same name")
        self._known: dict[str, tuple[_Found, ...]] = {}

    def __iter__(self) -> Iterator[Dialect]:
        """All of them, by name."""
        return iter(self._all)

    def __getitem__(self, name: str) -> Dialect:
        """The dialect of a name.

        Raises:
            KeyError: There is none.
        """
        return self._by_name[name]

    @property
    def credential_headers(self) -> frozenset[str]:
        """The request headers that carry keys."""
        return frozenset(dialect.credential_header for dialect in self._all)

    def read(self, method: str, url: str, body: bytes, fields: Fields) -> DialectRequest:
        """Read a request in its dialect."""
        dialect, route = self.route(url, fields)
        return DialectRequest(dialect, route, method, url, body)

    def route(self, url: str, fields: Fields) -> tuple[Dialect, Route]:
        """The dialect of a request, and what its path asks for."""
        found = self._known.get(url) or self._find(url)
        return found[0] if len(found) == 1 else _by_header(found, fields)

    def _find(self, url: str) -> tuple[_Found, ...]:
        path, _, query = url.partition("?")
        path = _SLASHES.sub("/", path)
        first, _, rest = path[1:].partition("/")
        named = self._by_name.get(first)
        among, path = ((named,), f"/{rest}") if named else (self._by_path, path)
        routes = [(dialect, dialect.route(path)) for dialect in among]
        found = tuple((dialect, replace(route, query=query)) for dialect, route in routes if route is not None)
        found = found or ((named or self._nearest(path), Route(method="")),)
        if len(self._known) >= MAX_PATHS:
            self._known.clear()
        self._known[url] = found
        return found

    def _nearest(self, path: str) -> Dialect:
        """The dialect whose errors an unknown path gets: the one with the longest beginning in common."""

        def likeness(dialect: Dialect) -> int:
            return max((len(beginning) for beginning in dialect.nearby if path.startswith(beginning)), default=0)

        return max(self._by_path, key=likeness)


def _by_header(found: tuple[_Found, ...], fields: Fields) -> _Found:
    """Of the dialects that share a path, the one whose own header the request has; else the one that needs none."""
    names = {name.lower().decode("latin-1") for name, _ in fields}
    for dialect, route in found:
        if dialect.telltale_header and dialect.telltale_header in names:
            return dialect, route
    return next((pair for pair in found if not pair[0].telltale_header), found[0])


@cache
def all_dialects() -> Dialects:
    """Every dialect that has a folder here."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.ispkg)
    return Dialects(importlib.import_module(f"{folder.__name__}.{name}").DIALECT for name in names)
