"""What an operation is: one way of asking a target, such as a streamed chat completion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hopcheck.client.config import Declares, Models
from hopcheck.client.responses import NotApplicable, Response


class NotExpressible(NotApplicable):
    """A request of this operation can't say what a case wants to ask; the text says what."""


@dataclass(frozen=True, kw_only=True)
class OperationKind:
    """One way of asking a target.

    Attributes:
        name: As it stands in ids and markers: `chat.stream`.
        surface: The API that it belongs to; cases are asked on other surfaces than OpenAI's first ones by name.
        method: The HTTP method.
        path: Below the base URL.
        streams: Whether its healthy response is a stream of events.
        generates: Whether a model writes its response.
        forwarded: Whether a provider answers it, so that a script can be played.
        headers: What its requests carry in addition to what all carry.
        response_class: What its response is read as.
        body: Makes the body of its healthy request of the target's models, a marker, and the fields that a case gives;
            None for no body. It raises `NotExpressible` for fields that it can't say.
        matches: Whether a request (method, path without query, JSON body) is one of it.
        why_not_offered: Why a target with these declarations doesn't offer it; "" if it does.
    """

    name: str
    surface: str = "openai"
    method: str
    path: str
    streams: bool = False
    generates: bool = False
    forwarded: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    response_class: type[Response] = Response
    body: Callable[[Models, str, Mapping[str, Any]], dict[str, Any] | None]
    matches: Callable[[str, str, Any], bool]
    why_not_offered: Callable[[Declares], str] = lambda _: ""


def is_streamed(body: Any) -> bool:
    """Whether a request's body asks for a stream."""
    return isinstance(body, dict) and body.get("stream") is True
