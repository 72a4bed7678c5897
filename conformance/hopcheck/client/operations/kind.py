"""What an operation is: one way of asking a target, such as a streamed chat completion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
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


def generating_pair(
    *,
    name: str,
    path: str,
    body: Callable[[Models, str, Mapping[str, Any]], dict[str, Any]],
    response_class: type[Response],
    stream_class: type[Response],
    surface: str = "openai",
    headers: Mapping[str, str] = MappingProxyType({}),
    why_not_offered: Callable[[Declares], str] = lambda _: "",
) -> tuple[OperationKind, OperationKind]:
    """What a model answers, in one piece and as a stream: the same request, but for `"stream": true`.

    Args:
        name: Of the operation in one piece; the other one's ends in `.stream`.
        path: As `OperationKind` has it, like all that follow.
        body: Makes the body of the request for a response in one piece.
        response_class: What that response is read as.
        stream_class: What a stream is read as.
        surface: The API.
        headers: What both carry.
        why_not_offered: Why a target offers neither.
    """
    whole = OperationKind(
        name=name,
        surface=surface,
        method="POST",
        path=path,
        generates=True,
        headers=headers,
        response_class=response_class,
        body=body,
        matches=lambda _, asked, given: asked.endswith(path) and not is_streamed(given),
        why_not_offered=why_not_offered,
    )
    streamed = replace(
        whole,
        name=f"{name}.stream",
        streams=True,
        response_class=stream_class,
        body=lambda models, marker, fields: body(models, marker, {"stream": True, **fields}),
        matches=lambda _, asked, given: asked.endswith(path) and is_streamed(given),
    )
    return whole, streamed


def unless_declared(name: str) -> Callable[[Declares], str]:
    """Why a target that doesn't declare something, by its key under `[declares]`, doesn't offer an operation."""
    return lambda declares: "" if getattr(declares, name) else f"the target does not declare `{name}`"


def is_streamed(body: Any) -> bool:
    """Whether a request's body asks for a stream."""
    return isinstance(body, dict) and body.get("stream") is True
