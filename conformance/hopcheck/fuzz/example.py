"""One generated request and the upstream's answer to it: a value that can be written to a file and played again.

Knows the file's format. Knows neither how examples are generated nor how they are judged.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hopcheck_server.upstream.script.transfer import dump, load
from hopcheck_server.upstream.script.turns import Script, Turn

SCHEMA_NAME = "hopcheck.example/1"

FOLDER = "hopcheck-examples"
"""Where a run writes its failing examples, in the working folder."""

DEFAULT = Turn()
"""The upstream's own answer."""

NOTHING: Any = object()
"""As a body: there is none."""


@dataclass(frozen=True)
class Example:
    """A request to a target, and its provider's answer.

    Attributes:
        operation: The id of the fuzz case that it belongs to.
        method: The HTTP method.
        path: Below the base URL.
        body: Any JSON value, still without a marker; bytes are sent as they are; `NOTHING` sends none.
        headers: Additional headers, or other values for the usual ones.
        turn: What the upstream answers; the default turn gives its default answer.
    """

    operation: str
    method: str
    path: str
    body: Any = NOTHING
    headers: tuple[tuple[str, str], ...] = ()
    turn: Turn = DEFAULT

    @property
    def size(self) -> tuple[int, int]:
        """Bytes of the request, then bytes of the script; smaller examples are easier to read."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.path) + headers + len(raw_body(self.body)), len(dump({"": Script(turns=(self.turn,))}))


def raw_body(body: Any) -> bytes:
    """A body as it is sent."""
    if body is NOTHING:
        return b""
    if isinstance(body, bytes):
        return body
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class Unreadable(Exception):
    """A file holds no example; the text says why."""


def example_text(example: Example, seed: int, found: Mapping[str, Any]) -> str:
    """An example as the text of its file.

    Args:
        example: What to write.
        seed: Of the run that made it.
        found: The finding that failed: `{check, expected, actual}`.
    """
    sent: dict[str, Any] = {"method": example.method, "path": example.path, "headers": dict(example.headers)}
    if isinstance(example.body, bytes):
        sent["base64"] = base64.b64encode(example.body).decode()
    elif example.body is not NOTHING:
        sent["json"] = example.body
    script = json.loads(dump({example.operation: Script(turns=(example.turn,))}))[example.operation]
    document = {
        "schema": SCHEMA_NAME,
        "operation": example.operation,
        "seed": seed,
        "found": dict(found),
        "request": sent,
        "script": script,
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def file_name(example: Example) -> str:
    """A name for its file: the same for the same example."""
    text = example_text(example, 0, {})
    return f"{example.operation}-{hashlib.sha256(text.encode()).hexdigest()[:10]}.json"


def read_example(path: Path) -> Example:
    """Read what `example_text` wrote.

    Raises:
        Unreadable: The file isn't there, or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return _example(document)
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{path} holds no {SCHEMA_NAME}: {' '.join(str(error).split())[:200]}.") from None


def _example(document: Any) -> Example:
    if document["schema"] != SCHEMA_NAME:
        raise ValueError(f"its schema is {document['schema']!r}")
    sent, operation = document["request"], document["operation"]
    script = load(json.dumps({operation: document["script"]}).encode())[operation]
    return Example(
        operation=str(operation),
        method=str(sent["method"]),
        path=str(sent["path"]),
        body=base64.b64decode(sent["base64"]) if "base64" in sent else sent.get("json", NOTHING),
        headers=tuple((str(name), str(value)) for name, value in sent["headers"].items()),
        turn=script.turns[0],
    )
