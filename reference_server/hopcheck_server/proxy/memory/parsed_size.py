"""What JSON takes once it is parsed, estimated from its bytes in a fraction of the time that parsing takes."""

from __future__ import annotations

from collections.abc import Iterator

from hopcheck_contracts.bounded_json import commas_and_brackets

VALUE_BYTES = 64
"""What a value takes at least: an empty list, a number, an object's member."""

WIDE_BYTES = 5
"""What a character takes at most, and what it has taken before the first one came that takes as much."""

BLOCK_BYTES = 16 * 1024


def most_parsed_bytes(raw: bytes) -> int:
    """Return what no JSON of this size exceeds once it is parsed: each byte a value, and part of a wide text."""
    return len(raw) * (VALUE_BYTES + WIDE_BYTES)


def parsed_bytes(raw: bytes) -> int:
    """Return about what JSON takes at most once it is parsed."""
    texts = len(raw) if _is_plain(raw) else sum(size * (1 if plain else WIDE_BYTES) for size, plain in _texts(raw))
    return commas_and_brackets(raw) * VALUE_BYTES + texts


def _texts(raw: bytes) -> Iterator[tuple[int, bool]]:
    """Yield the sizes of texts that are longer than a block, and of what lies between them; and whether each is plain.

    Python holds a text in one to four bytes a character, by the largest one in it: one emoji makes all of it wide.
    """
    size, is_plain = 0, True
    for at in range(0, len(raw), BLOCK_BYTES):
        for number, part in enumerate(_at_first_and_last_quote(raw[at : at + BLOCK_BYTES])):
            if number:
                yield size, is_plain
                size, is_plain = 0, True
            size += len(part)
            is_plain = is_plain and _is_plain(part)
    yield size, is_plain


def _at_first_and_last_quote(block: bytes) -> list[bytes]:
    """Split a block; escaped quotes are left out, since they end no text."""
    first, *rest = block.replace(b'\\"', b"").split(b'"', 1)
    return [first, *(rest[0].rsplit(b'"', 1) if rest else ())]


def _is_plain(part: bytes) -> bool:
    return part.isascii() and b"\\u" not in part
