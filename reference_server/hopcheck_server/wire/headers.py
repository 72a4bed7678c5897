"""Header fields as they stand on the wire."""

from __future__ import annotations

from typing import overload


class Headers(list[tuple[str, str]]):
    """Header fields in their order and case, decoded as latin-1, so that `encode` gives the bytes that came."""

    def all(self, name: str) -> list[str]:
        """The values of every header of that name (any case)."""
        wanted = name.lower()
        return [value for key, value in self if key.lower() == wanted]

    @overload
    def first(self, name: str) -> str | None: ...
    @overload
    def first(self, name: str, default: str) -> str: ...
    def first(self, name: str, default: str | None = None) -> str | None:
        """The value of the first header of that name (any case)."""
        wanted = name.lower()
        for key, value in self:
            if key.lower() == wanted:
                return value
        return default

    def encode(self) -> bytes:
        """The lines of a head."""
        return "".join([f"{name}: {value}\r\n" for name, value in self]).encode("latin-1", "replace")
