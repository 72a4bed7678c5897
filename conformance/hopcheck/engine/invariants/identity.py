"""Ids of requests and of responses never repeat in a run, and no response is another request's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck.client.operations import OTHER
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck.engine.exchanges.message import Message

IDENTITY = "identity"

_HOLDERS = {"message_start": "message", "response.created": "response"}
"""Where a stream's first event has the response, by its type."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield ids that were met before; those that the client or the script gives may repeat."""
    exchange, known = judged.exchange, judged.known
    marker, sent = exchange.response.marker, exchange.response.sent
    own = {found for one in exchange.given if one is not None if (found := response_id(one))}
    is_repeated = any(known.provider_ids.get(one, marker) != marker for one in own)
    known.provider_ids.update(dict.fromkeys(own, marker))
    request_id = exchange.response.header("x-request-id")
    if request_id and not any(request_id == value for _, value in sent.headers):
        yield from _again(judged, "request", request_id)
    found = response_id(exchange.answer)
    if not found or exchange.operation == OTHER:  # a stored response is shown under the id that it has
        return
    if found not in own and not is_repeated:  # a target may write the provider's id in its own way
        yield from _again(judged, "response", found)
    owner = known.provider_ids.get(found, marker)
    if marker and owner != marker and found not in own:
        yield Complaint("a response is another request's", f"{exchange.about}: {found}")


def _again(judged: Judged, kind: str, found: str) -> Iterator[Complaint]:
    ids, key = judged.known.ids, f"{kind}:{found}"
    if key in ids:
        yield Complaint(f"the id of a {kind} repeats", f"{judged.exchange.about}: {found}, as in {ids[key]}")
    ids[key] = f"{judged.case.key}, request {judged.exchange.number + 1}"


def response_id(message: Message) -> str:
    """The id in a body or in a stream's first chunk; "" if there is none."""
    bodies: list[Any] = message.payloads[:1] if message.streams else [message.json]
    body: Any = bodies[0] if bodies and isinstance(bodies[0], dict) else {}
    body = body.get(_HOLDERS.get(str(body.get("type")), ""), body)
    is_generated = isinstance(body, dict) and ("choices" in body or _is_typed(body))
    found = body.get("id") if is_generated else None
    return found if isinstance(found, str) else ""


def _is_typed(body: dict[str, Any]) -> bool:
    return body.get("type") == "message" or body.get("object") == "response"


INVARIANT = JudgedInvariant(IDENTITY, frozenset(Forecast), judge)
