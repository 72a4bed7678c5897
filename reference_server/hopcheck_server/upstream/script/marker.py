"""The marker: the string in a request's text that names the script to play, and tells one request from every other.

A client writes it into the last user message, an embedding's input or a token array; the upstream finds it in the raw
body. The search knows nothing of JSON, so it works in any wire format, and in bodies that no parser accepts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_PREFIX = b"hopcheck:"
_PATTERN = rb"hopcheck:(([a-z0-9_.-]+)~([a-z0-9_.-]*))~([a-z0-9_.-]*):([0-9a-z]+)"
_MARKER = re.compile(_PATTERN)
_MARKER_TEXT = re.compile(_PATTERN.decode())

# The prefix as an array of integers. The digit check stands after the first number, so that the search starts with a
# literal, which is what makes it fast.
_FIRST = b"104"
_REST = rb"\s*,".join(rb"\s*%d" % code for code in _PREFIX[1:])
_TOKENS = re.compile(_FIRST + rb"(?<!\d104)\s*," + _REST + rb"\b[\s\d,]*")


def script_name(case: str, variant: str = "") -> str:
    """The name of a case's script at the upstream: `<case>~<variant>`, or `<case>` for the plain one."""
    return f"{case}~{variant}" if variant else case


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker, written `hopcheck:<case>~<variant>~<operation>:<nonce>`; empty parts keep their tildes.

    Attributes:
        case: The id of the case that sends the request, or the name of another sender.
        variant: Which of the case's scripts is to be played; "" for the plain one.
        operation: The operation on which the case is run, such as `chat.stream`.
        nonce: Lower-case letters and digits that no other request of the run has.
    """

    case: str
    variant: str
    operation: str
    nonce: str

    @classmethod
    def make(cls, script: str, operation: str, nonce: str) -> Self:
        """Make the marker of a request that plays a script (see `script_name`).

        Raises:
            ValueError: A part holds a character that a marker can't.
        """
        case, _, variant = script.partition("~")
        return cls.parse(str(cls(case, variant, operation, nonce)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a marker that is the whole of a text.

        Raises:
            ValueError: The text is no marker.
        """
        match = _MARKER_TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no marker")
        return cls(*match.group(2, 3, 4, 5))

    @classmethod
    def find(cls, body: bytes) -> Self | None:
        """Find the last marker in a request's body; text goes before token arrays."""
        match = _find(body)
        return None if match is None else cls(*(part.decode() for part in match.group(2, 3, 4, 5)))

    @property
    def script(self) -> str:
        """The name of the script that the upstream plays."""
        return script_name(self.case, self.variant)

    def with_nonce(self, nonce: str) -> Self:
        """The marker of another request for the same script."""
        return type(self)(self.case, self.variant, self.operation, nonce)

    def __str__(self) -> str:
        """The marker as it stands in a request."""
        return f"hopcheck:{self.case}~{self.variant}~{self.operation}:{self.nonce}"


def find_marker(body: bytes) -> str:
    """The last marker in a request's body as text, by which the journal keeps attempts; "" without one."""
    return find_script(body)[0]


def find_script(body: bytes) -> tuple[str, str]:
    """The last marker in a request's body as text, and the name of its script; twice "" without one."""
    match = _find(body)
    if match is None:
        return "", ""
    text, script = match.group(0, 1)
    return text.decode(), script.decode().removesuffix("~")


def _find(body: bytes) -> re.Match[bytes] | None:
    at = body.rfind(_PREFIX)
    while at >= 0:
        match = _MARKER.match(body, at)
        if match is not None:
            return match
        at = body.rfind(_PREFIX, 0, at)
    return _find_in_tokens(body) if body.find(_FIRST) >= 0 else None


def _find_in_tokens(body: bytes) -> re.Match[bytes] | None:
    last = None
    for tokens in _TOKENS.finditer(body):
        codes = (int(code) for code in re.findall(rb"\d{1,9}", tokens[0]))
        last = _MARKER.match(bytes(code if code < 128 else 0 for code in codes)) or last
    return last
