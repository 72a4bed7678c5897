"""What a chat answer says of itself: its id, its time, its origin."""

import asyncio
import time
from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, edits, expect, reply

MADE_AT = 1_735_689_600
"""The `created` time of the provider's response: long ago, so that a proxy that keeps it differs from one
that looks at its own clock; both are right."""

SKEW_S = 3600


def _is_a_time(created: Any) -> bool:
    return type(created) is int and (created == MADE_AT or abs(created - time.time()) < SKEW_S)


@case(
    "chat.id-unique",
    level="MUST",
    refs=["OAI CreateChatCompletionResponse"],
    upstream=reply.chat("Hello.", extra={"created": MADE_AT}),
)
async def id_unique(target: Target) -> Findings:
    """Every answer has an id of its own, and says in unix seconds when it was made."""
    answers = await asyncio.gather(*(target.chat.create() for _ in range(4)))
    ids = [answer.at("id") for answer in answers]
    unique = all(isinstance(one, str) and one for one in ids) and len(set(ids)) == len(ids)
    yield expect("ids", ids, holds=unique, to="four texts, not empty, none of them twice")
    created = answers[0].at("created")
    yield expect("created", created, holds=_is_a_time(created), to=f"the provider's {MADE_AT}, or now, in seconds")


@id_unique.mutant(killed_by="ids")
class OneIdForAll(Relay):
    """Every answer has the id that stands in the documentation."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(id="chatcmpl-123"))


@id_unique.mutant(killed_by="created")
class CountsMilliseconds(Relay):
    """`created` is in milliseconds."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(created=body["created"] * 1000))


@case(
    "chat.service-fields",
    level="MAY",
    refs=["OAI CreateChatCompletionResponse"],
    upstream=reply.chat("Hello.", extra={"system_fingerprint": "fp_hop1", "service_tier": "flex"}),
)
async def fingerprint(target: Target) -> Findings:
    """The provider's system fingerprint and service tier are passed on."""
    answer = await target.chat.create()
    fields = {name: answer.at(name) for name in ("system_fingerprint", "service_tier")}
    yield expect("fields", fields, equals={"system_fingerprint": "fp_hop1", "service_tier": "flex"})


@fingerprint.mutant(killed_by="fields")
class DropsTheFingerprint(Relay):
    """The fingerprint is dropped, so a client can't tell that its provider changed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.pop("system_fingerprint", None))
