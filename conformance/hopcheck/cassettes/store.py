"""Cassettes on disk: read one, read a folder, check what will be written, write it whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hopcheck.cassettes import yaml_text
from hopcheck.cassettes.document import MalformedCassette, from_document, to_document
from hopcheck.cassettes.model import BODY_LIMIT, Cassette, Interaction, Provenance
from hopcheck.cassettes.secrets.scanner import suspicions
from hopcheck.report.build import write_whole

__all__ = [
    "MalformedCassette",
    "SecretFound",
    "BodyTooLarge",
    "dumps",
    "load",
    "load_all",
    "loads",
    "path_of",
    "problems",
    "save",
]


class BodyTooLarge(ValueError):
    """A body is too long to be recorded."""


class SecretFound(ValueError):
    """Something looks like a secret; the text says where, and never what."""


def dumps(cassette: Cassette) -> str:
    """A cassette as the text of its file.

    Raises:
        TooLarge: A body is over 256 KiB.
        Malformed: Its parts don't fit together.
    """
    too_long = [one.request.path for one in cassette.interactions if _longest(one) > BODY_LIMIT]
    if too_long:
        raise BodyTooLarge(f"{cassette.case}: a body of {too_long[0]} is longer than {BODY_LIMIT // 1024} KiB")
    wrong = [problem for number, one in enumerate(cassette.interactions) for problem in _misfits(number, one)]
    if wrong:
        raise MalformedCassette(f"{cassette.case}: {wrong[0]}")
    text = yaml_text.dump(to_document(cassette))
    if loads(text) != cassette:
        raise MalformedCassette(f"{cassette.case}: what would be written reads as something else")
    return text


def loads(text: str) -> Cassette:
    """Read a cassette's text.

    Raises:
        Malformed: It is no cassette.
    """
    try:
        document = yaml_text.load(text)
    except ValueError as error:
        raise MalformedCassette(f"it is no YAML: {error}") from None
    return from_document(document)


def load(path: Path) -> Cassette:
    """Read a cassette.

    Raises:
        Malformed: It is none.
        OSError: It can't be read.
    """
    try:
        return loads(path.read_text(encoding="utf-8"))
    except (MalformedCassette, UnicodeDecodeError) as error:
        raise MalformedCassette(f"{path}: {error}") from None


def load_all(folder: Path) -> dict[str, Cassette]:
    """The cassettes of a folder by their case, in the order of the names.

    Raises:
        Malformed: One of the files is no cassette, or stands under another case's name.
        OSError: One can't be read.
    """
    return {cassette.case: cassette for cassette in _all(folder)}


def _all(folder: Path) -> Iterator[Cassette]:
    for path in sorted(folder.glob("*.yaml")):
        cassette = load(path)
        if path.stem != cassette.case:
            raise MalformedCassette(f"{path}: it is the cassette of {cassette.case}")
        yield cassette


def path_of(folder: Path, case: str) -> Path:
    """Where a case's cassette stands in a folder."""
    return folder / f"{case}.yaml"


def save(cassette: Cassette, folder: Path) -> Path:
    """Write a cassette into a folder, whole or not at all, and return its path.

    Raises:
        TooLarge: A body is over 256 KiB.
        SecretFound: Something in it looks like a secret.
        Malformed: Its parts don't fit together.
        OSError: It can't be written.
    """
    text = dumps(cassette)
    if found := suspicions(cassette):
        raise SecretFound(f"{cassette.case}: {found[0].where} looks like it holds {found[0].what}")
    path = path_of(folder, cassette.case)
    write_whole(path, text)
    return path


def fault(one: Interaction) -> str:
    """Why an interaction can't be in a cassette, or ""."""
    if _longest(one) > BODY_LIMIT:
        return f"a body is longer than {BODY_LIMIT // 1024} KiB"
    found = suspicions(Cassette("", Provenance("", ""), (one,)))
    return f"{found[0].where.partition('.')[2]} looks like it holds {found[0].what}" if found else ""


def problems(path: Path) -> list[str]:
    """What is wrong with a cassette's file, in sentences: it isn't written as `save` writes it, or it holds a secret."""
    try:
        text = path.read_text(encoding="utf-8")
        cassette = loads(text)
        written = dumps(cassette)
    except (ValueError, OSError) as error:
        return [f"{path}: {error}"]
    found = [] if path.stem == cassette.case else [f"{path}: it is the cassette of {cassette.case}"]
    if written != text:
        lines = enumerate(zip(text.splitlines(), written.splitlines(), strict=False), start=1)
        at = next((number for number, (there, wanted) in lines if there != wanted), 1)
        found.append(f"{path}:{at}: it isn't written as hopcheck writes cassettes; record it again")
    return found + [f"{path}: {one.where} looks like it holds {one.what}" for one in suspicions(cassette)]


def _longest(one: Interaction) -> int:
    return max(len(one.request.body), len(one.response.body) if one.response else 0)


def _misfits(number: int, one: Interaction) -> Iterator[str]:
    size = len(one.response.body) if one.response else 0
    framed = sum(frame.size for frame in one.wire.frames)
    if framed != size:
        yield f"interaction {number}: its frames hold {framed} bytes, its body {size}"
    if (one.response is None) != (one.wire.head_us is None):
        yield f"interaction {number}: a response and its time to first byte come together"
