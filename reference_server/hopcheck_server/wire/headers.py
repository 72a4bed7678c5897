"""Header fields as they stand on the wire."""

from __future__ import annotations

from typing import Self, overload

Fields = list[tuple[bytes, bytes]]
"""Header fields in their order, as a parser gives them: names, and values with the white space around them."""

WHITE_SPACE = b" \t"
"""What may stand around a field's value without being a part of it (RFC 9112, section 5)."""


class Headers(list[tuple[str, str]]):
    """Header fields in their order and case, decoded as latin-1, so that `encode` gives the bytes that came."""

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Decode header fields."""
        return cls((name.decode("latin-1"), value.strip(WHITE_SPACE).decode("latin-1")) for name, value in fields)

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

    def fields(self) -> Fields:
        """The same as a parser gives them."""
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self]

    def encode(self) -> bytes:
        """The lines of a head."""
        return "".join([f"{name}: {value}\r\n" for name, value in self]).encode("latin-1", "replace")
