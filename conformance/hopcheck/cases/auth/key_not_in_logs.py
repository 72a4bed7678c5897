"""A log tells no keys."""

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    Untestable,
    case,
    expect,
    reply,
)

ERROR = reply.status(401, {"message": "Incorrect API key provided: $KEY."}, echo=True)


@case(
    "auth.key-not-in-logs",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#1706", "litellm#6963", "litellm#8075", "litellm#15799", "ogx#3499"],
    needs=["logs"],
    isolation="cooldown",
    upstream={"": reply.chat("Hello."), "401": ERROR},
)
async def key_not_in_logs(target: Target, ask: Operation) -> Findings:
    """The log holds no key, neither the provider's nor the client's, whatever the provider says."""
    await ask(script="401")
    provider_key = (await target.forwarded(await ask())).key
    lines = target.log().splitlines()
    if not lines or (not provider_key and target.declares.auth_policy == "keys"):
        raise Untestable("no key reached the provider" if lines else "the log is empty")
    yield expect("lines with the provider's key", _numbers(lines, provider_key), equals=[])
    yield expect("lines with the client's key", _numbers(lines, target.config.api_key), equals=[])


def _numbers(lines: list[str], key: str) -> list[int]:
    """Which lines hold the key, from 1: a report must not repeat them. The first ten will do."""
    return [number for number, line in enumerate(lines, 1) if key and key in line][:10]


@key_not_in_logs.mutant(killed_by="lines with the provider's key")
class LogsItsConfiguration(Relay):
    """A debug line shows what the provider is called with."""

    async def log(self, response: RelayedResponse) -> str:
        return f"{await super().log(response)} api_base={self.config.upstream} api_key={self.config.upstream_key}"


@key_not_in_logs.mutant(killed_by="lines with the client's key")
class LogsHeaders(Relay):
    """A debug line shows the request's headers."""

    async def log(self, response: RelayedResponse) -> str:
        return f"{await super().log(response)} {response.incoming.headers}"
