"""The conversation, as the upstream gets it."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    expect,
    field_names,
    function_tools,
    items,
)
from hopcheck.cases.requests.conversation import CONVERSATION


@case(
    "requests.messages-verbatim",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI CreateChatCompletionRequest"],
    needs=["two_sided"],
)
async def messages_verbatim(target: Target, ask: Operation) -> Findings:
    """Messages reach the upstream as they were sent: roles, names, ids, parts, empty strings and white space."""
    answer = await ask(messages=CONVERSATION, tools=function_tools("look_up"))
    got, sent = items((await target.forwarded(answer)).json, "messages"), answer.sent.json["messages"]
    yield expect("messages", comparable(got), equals=comparable(sent))
    # By OpenAI's documents a model takes one for the other, and null for a content that is not there.
    yield expect("developer role", dig(got, 0, "role"), equals="developer", level="SHOULD")
    yield expect("null content", field_names(dig(got, 6)), contains="content", level="SHOULD")


def comparable(messages: list[Any]) -> list[Any]:
    """Messages without what has findings of its own: null fields, and the first one's role."""
    plain = [{key: value for key, value in one.items() if value is not None} for one in messages]
    return [{**one, "role": "*"} if place == 0 else one for place, one in enumerate(plain)]


def edited(outgoing: OutgoingRequest, edit: Any) -> OutgoingRequest:
    """The same request, every message changed in place."""
    body = outgoing.json
    for message in body.get("messages", ()):
        edit(message)
    return outgoing.with_json(body)


@messages_verbatim.mutant(killed_by="messages", trips=("sessions.*",))
class StripsText(Relay):
    """White space around a message's text is stripped."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def strip(message: dict[str, Any]) -> None:
            if isinstance(message.get("content"), str):
                message["content"] = message["content"].strip()

        return edited(outgoing, strip)


@messages_verbatim.mutant(killed_by="messages")
class PutsInstructionsFirst(Relay):
    """What the system says later is moved to the beginning of the conversation."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        body.get("messages", []).sort(key=lambda message: message["role"] not in ("system", "developer"))
        return outgoing.with_json(body)


@messages_verbatim.mutant(killed_by="messages")
class DropsNames(Relay):
    """A message keeps only the fields that every provider knows, and `name` isn't one."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edited(outgoing, lambda message: message.pop("name", None))


@messages_verbatim.mutant(killed_by="developer role")
class DeveloperIsSystem(Relay):
    """The role `developer` becomes `system`."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edited(outgoing, lambda message: message.update(role=message["role"].replace("developer", "system")))


@messages_verbatim.mutant(killed_by="null content")
class NothingIsAbsent(Relay):
    """Fields of messages that are null are left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def leave_out(message: dict[str, Any]) -> None:
            for key in [key for key, value in message.items() if value is None]:
                del message[key]

        return edited(outgoing, leave_out)


@messages_verbatim.mutant(killed_by="messages", trips=("sessions.agent-history",))
class UnifiesLineEnds(Relay):
    """CRLF in a question becomes LF."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def unify(message: dict[str, Any]) -> None:
            if isinstance(message.get("content"), str):
                message["content"] = message["content"].replace("\r\n", "\n")

        return edited(outgoing, unify)
