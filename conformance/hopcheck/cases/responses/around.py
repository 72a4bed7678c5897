"""What a response says of itself and of its request."""

from typing import Any

from hopcheck import ON_RESPONSES, EditsObjects, Findings, Operation, Target, case, dig, expect, items
from hopcheck.cases.responses.written import both, message


@case(
    "responses.echoed-fields",
    level="SHOULD",
    on=ON_RESPONSES,
    refs=["OAI Responses: the response object"],
    upstream=both(message("Hello"), metadata={"run": "7"}, service_tier="flex", instructions="Be brief.", store=False),
)
async def echoed_fields(target: Target, ask: Operation) -> Findings:
    """What a response says of its request reaches the client: metadata, service tier, instructions, `store`."""
    response = await ask(script=ask.name)
    whole = response.final if hasattr(response, "final") else response.json
    found = {name: dig(whole, name) for name in ("metadata", "service_tier", "instructions", "store")}
    wanted = {"metadata": {"run": "7"}, "service_tier": "flex", "instructions": "Be brief.", "store": False}
    yield expect("fields", found, equals=wanted)


@echoed_fields.mutant(killed_by="fields")
class SaysTheLeast(EditsObjects):
    """A response has its output and its usage."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            for name in ("metadata", "service_tier", "instructions", "store"):
                content.pop(name, None)


@case(
    "responses.background",
    level="MUST",
    on="responses",
    because="it is about a response that is still to come",
    refs=["OAI Responses: background"],
    upstream=both(status="queued", usage=None, background=True),
)
async def background(target: Target, ask: Operation) -> Findings:
    """A response that the provider has queued reaches the client as queued, and isn't taken for a complete one."""
    response = await ask(script="responses", extra={"background": True, "store": True})
    yield expect("status", [response.status, response.at("status")], equals=[200, "queued"])
    yield expect("output", items(response.json, "output"), equals=[])


@background.mutant(killed_by="status", trips=("responses.*",))
class CannotWait(EditsObjects):
    """A response that is there is complete."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["status"] = "completed"


@background.mutant(killed_by="output", trips=("responses.*", "fallback.*", "sessions.same-deployment"))
class SaysSoon(EditsObjects):
    """A queued response has a text that says so."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["output"] = [message("Soon.")]
