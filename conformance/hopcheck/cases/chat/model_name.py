"""Which model a chat answer says that it is from."""

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, case, edits, expect, function_tools, reply

RESOLVED = "hop-model-2026-01-01"


@case(
    "chat.model-echo",
    level="SHOULD",
    refs=["litellm#22709", "litellm#26773", "litellm#15141", "CLIProxyAPI#3965"],
    upstream={
        "": reply.chat("Hello.", extra={"model": RESOLVED}),
        "call": reply.chat(tools=[reply.call("look_up")], extra={"model": RESOLVED}),
    },
    trips_on=("fallback.*:*", "stream.same-id:*"),
)
async def model_echo(target: Target) -> Findings:
    """An answer names the model as it was asked for or as the provider resolved it, alike in one piece and streamed."""
    answer, stream = await target.chat.create(), await target.chat.stream()
    forwarded = (await target.forwarded(answer)).model
    yield expect("model", answer.at("model"), one_of=dict.fromkeys((target.models.chat, forwarded, RESOLVED)))
    call = await target.chat.create(script="call", tools=function_tools("look_up"))
    yield expect("model of a call", call.at("model"), equals=answer.at("model"))
    streamed = sorted({str(piece.get("model")) for piece in stream.pieces})
    yield expect("models of the stream", streamed, equals=[str(answer.at("model"))])


@model_echo.mutant(killed_by="model", trips=("fallback.reported-model",))
class ShowsItsSpelling(Relay):
    """Answers name the model in the proxy's own spelling, `openai/...`, under which no client knows it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(model=f"openai/{body['model']}"))

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.chunk(event, lambda piece: piece.update(model=f"openai/{piece['model']}"))


@model_echo.mutant(killed_by="model of a call")
class NamesRoutesOfCalls(Relay):
    """Where an answer has calls, its model is the name of the route to it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        called = b'"tool_calls"' in response.body
        return edits.body(response, lambda body: body.update(model="route-7")) if called else response


@model_echo.mutant(killed_by="models of the stream", trips=("fallback.reported-model",))
class StreamsTheAlias(Relay):
    """The same model has another name in a stream than in one piece."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.chunk(event, lambda piece: piece.update(model="fake-model"))
