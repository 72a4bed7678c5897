"""Health endpoints."""

from hopcheck import Findings, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, Target, case, expect, refuse

PATHS = (
    "/health/live",
    "/health/liveness",
    "/health/liveliness",
    "/health",
    "/healthz",
    "/livez",
    "/live",
    "/ping",
    "/v1/health",
)
"""Where proxies have them, from the root."""


async def _found(target: Target) -> tuple[str, dict[str, int | None]]:
    """The first of the paths that answers 200 to somebody without a key; and what the paths tried answered."""
    statuses: dict[str, int | None] = {}
    for path in PATHS:
        prefix = target.base_path.removesuffix("/v1")
        statuses[path] = (await target.request("GET", f"/{prefix}{path}", key="")).status
        if statuses[path] == 200:
            return path, statuses
    return "", statuses


@case(
    "health.live",
    level="MAY",
    refs=["litellm /health/liveliness"],
    needs=["parses", "two_sided"],
    isolation="exclusive",
)
async def live(target: Target) -> Findings:
    """Without a key, one can ask whether the proxy is alive, and no provider is asked for that."""
    before = await target.forwarded(await target.chat.create())
    path, statuses = await _found(target)
    yield expect("an endpoint that answers", statuses, holds=bool(path), to="200 without a key from one of them")
    since = await target.unmarked(before.received_ns)
    asked = [f"{attempt.method} {attempt.path}" for attempt in since if attempt.key == before.key]
    yield expect("requests to the provider", asked, equals=[])


@live.mutant(killed_by="an endpoint that answers", trips=("http.*",))
class WantsAKey(Relay):
    """Health is for clients only, so an orchestrator can't ask."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.path.startswith("/health") and not incoming.key:
            return refuse(incoming, 401, "The API key is missing.")
        return await super().authorize(incoming)


@live.mutant(killed_by="requests to the provider")
class AsksTheProvider(Relay):
    """Each probe asks the provider for its models, which counts against its limits."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.path.startswith("/health"):
            headers = (("Authorization", f"Bearer {self.config.upstream_key}"),)
            await self._provider.attempt(OutgoingRequest(incoming, "", "/models", headers, b""), self.config.timeout_s)
        return await super().check(incoming)
