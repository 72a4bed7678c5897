"""Changes to the bodies of requests and responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck_server.relay import OutgoingRequest, RelayedResponse

Edit = Callable[[dict[str, Any]], object]
"""Changes an object in place; its result is ignored."""


def request_field(outgoing: OutgoingRequest, name: str, change: Callable[[Any], Any]) -> OutgoingRequest:
    """Replace the value of a field of a request that has it with what `change` makes of it."""
    content = outgoing.json
    return outgoing.with_json({**content, name: change(content[name])}) if name in content else outgoing


def without_fields(outgoing: OutgoingRequest, *names: str) -> OutgoingRequest:
    """Leave fields out of a request; its bytes stay as they are if it has none of them."""
    content = outgoing.json
    if not content.keys() & set(names):
        return outgoing
    return outgoing.with_json({name: value for name, value in content.items() if name not in names})


def conversation(outgoing: OutgoingRequest, change: Callable[[list[Any]], Any]) -> OutgoingRequest:
    """Replace the conversation of a request, its messages or its items of input, with what `change` makes of it.

    An input that is a text alone is left as it is.
    """
    field = "messages" if "messages" in outgoing.json else "input"
    return request_field(outgoing, field, lambda given: change(given) if isinstance(given, list) else given)


def body(response: RelayedResponse, edit: Edit, *, having: str = "choices") -> RelayedResponse:
    """Change the body of a response that has a field of that name: by default, of a chat completion."""
    content = response.json
    if not isinstance(content, dict) or having not in content:
        return response
    edit(content)
    return response.with_json(content)


def choices(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every choice of a chat completion."""
    return body(response, lambda content: [edit(choice) for choice in content["choices"]])


def messages(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every message of a chat completion."""
    return choices(response, lambda choice: edit(choice["message"]))


def error(response: RelayedResponse, **fields: Any) -> RelayedResponse:
    """Replace fields of the error that a response tells of."""
    content = response.json
    return response.with_json({**content, "error": {**content["error"], **fields}})


def every_object(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every JSON object of a success's body, however deep it stands: blocks, items, parts, usage."""
    content = response.json
    if response.status != 200 or not isinstance(content, dict):
        return response
    walk(content, edit)
    return response.with_json(content)


def text(content: dict[str, Any], change: Callable[[str], str]) -> None:
    """Change the text of a typed object that carries some of what the model says, whole or in pieces."""
    name = _TEXTS.get(str(content.get("type")), "")
    if name and isinstance(content.get(name), str):
        content[name] = change(content[name])


_TEXTS = {
    "text": "text",
    "text_delta": "text",
    "output_text": "text",
    "response.output_text.delta": "delta",
    "response.output_text.done": "text",
}
"""Where typed objects of Messages and Responses have their text."""


def walk(value: Any, edit: Edit) -> None:
    """Change every JSON object of a value, however deep it stands."""
    if isinstance(value, dict):
        edit(value)
        for one in [*value.values()]:
            walk(one, edit)
    elif isinstance(value, list):
        for one in value:
            walk(one, edit)
