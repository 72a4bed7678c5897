"""A provider's error, apart from the form in which a dialect sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class ErrorClass(StrEnum):
    """What kind of error a provider reports."""

    INVALID = "invalid"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not found"
    TOO_LARGE = "too large"
    RATE_LIMITED = "rate limited"
    TIMEOUT = "timeout"
    OVERLOADED = "overloaded"
    SERVER = "server"


_CLASSES = {
    401: ErrorClass.AUTHENTICATION,
    403: ErrorClass.PERMISSION,
    404: ErrorClass.NOT_FOUND,
    408: ErrorClass.TIMEOUT,
    413: ErrorClass.TOO_LARGE,
    429: ErrorClass.RATE_LIMITED,
    503: ErrorClass.OVERLOADED,
    504: ErrorClass.TIMEOUT,
    529: ErrorClass.OVERLOADED,
}

_OWN = ("message", "type", "param", "code")


def class_of(status: int) -> ErrorClass:
    """The class of the errors that are sent with a status."""
    return _CLASSES.get(status, ErrorClass.INVALID if 400 <= status < 500 else ErrorClass.SERVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorStory:
    """What an error says. A field of another type than text stands for what only OpenAI's format can say.

    Attributes:
        message: For people.
        type: The provider's own word for the class; a dialect that has a closed list of types uses that instead.
        param: The parameter that is wrong.
        code: What programs tell errors of one type apart by.
        extra: Further fields of OpenAI's error object.
        status: The HTTP status; within a stream, what it would have been.
        retry_after: The Retry-After header's value; repeated in the body by dialects that have it there.
    """

    message: Any
    type: Any = "invalid_request_error"
    param: Any = None
    code: Any = None
    extra: dict[str, Any] = field(default_factory=dict)
    status: int = 500
    retry_after: str = ""

    @classmethod
    def of(cls, status: int, fields: Mapping[str, Any], retry_after: str = "") -> Self:
        """The error with these fields of OpenAI's error object."""
        own = {name: fields[name] for name in _OWN if name in fields}
        extra = {name: value for name, value in fields.items() if name not in own}
        return cls(**own, extra=extra, status=status, retry_after=retry_after)

    @property
    def error_class(self) -> ErrorClass:
        """What kind of error it is."""
        return class_of(self.status)

    @property
    def fields(self) -> dict[str, Any]:
        """OpenAI's error object."""
        return {**{name: getattr(self, name) for name in _OWN}, **self.extra}
