"""Cassettes on disk: reads one or a folder of them, checks them, and writes a file whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from hopcheck.cassettes import yaml_text
from hopcheck.cassettes.document import MalformedCassette, from_document, to_document
from hopcheck.cassettes.model import BODY_LIMIT, Cassette, Interaction, Provenance
from hopcheck.cassettes.secrets.scanner import suspicions
from hopcheck_server.private_files import write_whole

LIVE_ONLY = "live-only.json"
"""The file in a folder of cassettes that lists those that can't be recorded, with the reasons."""


class BodyTooLarge(ValueError):
    """A body is too long to be recorded."""


class SecretFound(ValueError):
    """Something looks like a secret; the text says where, and never quotes it."""


def dumps(cassette: Cassette) -> str:
    """A cassette as the text of its file.

    Raises:
        BodyTooLarge: A body is over 256 KiB.
        MalformedCassette: Its parts don't fit together.
    """
    too_long = [one.request.path for one in cassette.interactions if _longest(one) > BODY_LIMIT]
    if too_long:
        raise BodyTooLarge(f"{cassette.name}: a body of {too_long[0]} is longer than {BODY_LIMIT // 1024} KiB")
    wrong = [problem for number, one in enumerate(cassette.interactions) for problem in _misfits(number, one)]
    if wrong:
        raise MalformedCassette(f"{cassette.name}: {wrong[0]}")
    text = yaml_text.dump(to_document(cassette))
    if loads(text) != cassette:
        raise MalformedCassette(f"{cassette.name}: the text would not be read as the same cassette")
    return text


def loads(text: str) -> Cassette:
    """Read a cassette's text.

    Raises:
        MalformedCassette: It is no cassette.
    """
    try:
        document = yaml_text.load(text)
    except ValueError as error:
        raise MalformedCassette(f"it is no YAML: {error}") from None
    return from_document(document)


def load(path: Path) -> Cassette:
    """Read a cassette.

    Raises:
        MalformedCassette: It is none.
        OSError: It can't be read.
    """
    try:
        return loads(path.read_text(encoding="utf-8"))
    except (MalformedCassette, UnicodeDecodeError) as error:
        raise MalformedCassette(f"{path}: {error}") from None


def load_all(folder: Path) -> dict[str, Cassette]:
    """The cassettes of a folder by their names, in order.

    Raises:
        MalformedCassette: One of the files is no cassette, or has another cassette's name.
        OSError: One can't be read.
    """
    return {cassette.name: cassette for cassette in _all(folder)}


def _all(folder: Path) -> Iterator[Cassette]:
    for path in sorted(folder.glob("*.yaml")):
        cassette = load(path)
        if path.stem != cassette.name:
            raise MalformedCassette(f"{path}: it is the cassette {cassette.name}")
        yield cassette


def path_of(folder: Path, name: str) -> Path:
    """The path of a cassette in a folder."""
    return folder / f"{name}.yaml"


def save(cassette: Cassette, folder: Path) -> Path:
    """Write a cassette into a folder, whole or not at all, and return its path.

    Raises:
        BodyTooLarge: A body is over 256 KiB.
        SecretFound: Something in it looks like a secret.
        MalformedCassette: Its parts don't fit together.
        OSError: It can't be written.
    """
    text = dumps(cassette)
    if found := suspicions(cassette):
        raise SecretFound(f"{cassette.name}: {found[0].where} looks like it holds {found[0].what}")
    path = path_of(folder, cassette.name)
    write_whole(path, text)
    return path


def fault(one: Interaction) -> str:
    """Why an interaction can't be in a cassette, or ""."""
    if _longest(one) > BODY_LIMIT:
        return f"a body is longer than {BODY_LIMIT // 1024} KiB"
    found = suspicions(Cassette("", Provenance("", ""), (one,)))
    return f"{found[0].where.partition('.')[2]} looks like it holds {found[0].what}" if found else ""


def problems(path: Path) -> list[str]:
    """The problems of a cassette's file, as sentences: it differs from what `save` writes, or it holds a secret."""
    try:
        text = path.read_text(encoding="utf-8")
        cassette = loads(text)
        written = dumps(cassette)
    except (ValueError, OSError) as error:
        return [f"{path}: {error}"]
    found = [] if path.stem == cassette.name else [f"{path}: it is the cassette {cassette.name}"]
    if written != text:
        lines = enumerate(zip(text.splitlines(), written.splitlines(), strict=False), start=1)
        at = next((number for number, (there, wanted) in lines if there != wanted), 1)
        found.append(f"{path}:{at}: hopcheck would write it differently; record it again")
    return found + [f"{path}: {one.where} looks like it holds {one.what}" for one in suspicions(cassette)]


def write_live_only(folder: Path, live_only: Mapping[str, str], saved: Collection[str]) -> Path:
    """Add to the list of cassettes that can't be recorded, and take out those that were saved.

    Raises:
        OSError: It can't be written.
    """
    path = folder / LIVE_ONLY
    every = {**read_live_only(folder), **live_only}
    left = {name: reason for name, reason in sorted(every.items()) if name not in saved}
    write_whole(path, json.dumps(left, indent=1, ensure_ascii=False) + "\n")
    return path


def read_live_only(folder: Path) -> dict[str, str]:
    """The cassettes that can't be recorded into a folder, with the reasons."""
    path = folder / LIVE_ONLY
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return known


def _longest(one: Interaction) -> int:
    return max(len(one.request.body), len(one.response.body) if one.response else 0)


def _misfits(number: int, one: Interaction) -> Iterator[str]:
    size = len(one.response.body) if one.response else 0
    framed = sum(frame.size for frame in one.delivery.frames)
    if framed != size:
        yield f"interaction {number}: its frames hold {framed} bytes, its body {size}"
    if (one.response is None) != (one.delivery.head_us is None):
        yield f"interaction {number}: a response and its time to first byte come together"
