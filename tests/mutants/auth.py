"""Mutants of the cases about keys and credentials."""

import asyncio
import contextlib
from urllib.parse import SplitResult, urlsplit

from hopcheck import Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, refuse
from hopcheck.selftest.independent import violates


@violates("auth.fallback-credential")
class AddsFirstKeyToFallback(Relay):
    """A fallback carries its own key, and the first provider's in a second header."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        fell = outgoing.model != outgoing.incoming.model
        return outgoing.with_header("X-Primary-Key", self.config.upstream_key) if fell else outgoing


@violates("auth.ip-headers")
class AddsRealAddress(Relay):
    """The client's address is added in `X-Real-IP`, as nginx's examples do."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("X-Real-IP", "127.0.0.1")


@violates("auth.ip-headers")
class PassesForwarded(Relay):
    """The standard's `Forwarded` goes on; only the older headers are taken off."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        given = outgoing.incoming.header("forwarded")
        return outgoing.with_header("Forwarded", given) if given else outgoing


@violates("auth.key-not-in-errors")
class MasksOnce(Relay):
    """A key is masked where it stands first in an error, and not where it stands again."""

    async def scrub(self, text: bytes) -> bytes:
        for secret in self.config.secrets:
            text = text.replace(secret.encode(), b"***", 1)
        return text


@violates("auth.key-not-in-logs")
class LogsFailedRequests(Relay):
    """The headers of a request that failed are logged, so that it can be repeated."""

    async def log(self, response: RelayedResponse) -> str:
        line = await super().log(response)
        return f"{line} {response.incoming.headers}" if response.status >= 400 else line


@violates("auth.no-redirect")
class VisitsBaseUrls(Relay):
    """An address in a body is refused, after it was connected to."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        for value in (incoming.json or {}).values():
            if isinstance(value, str) and value.startswith("http://"):
                await self._visit(urlsplit(value))
        return await super().check(incoming)

    async def _visit(self, url: SplitResult) -> None:
        try:
            _, writer = await asyncio.open_connection(url.hostname, url.port or 80)
        except (OSError, ValueError):
            return
        writer.write(b"HEAD / HTTP/1.1\r\nHost: probe\r\n\r\n")
        await writer.drain()
        writer.close()


@violates("auth.no-redirect")
class CrashesOnHeadersField(Relay):
    """A `headers` or `extra_headers` in a body is read before it is refused, and crashes if it is of another type."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if {"headers", "extra_headers"} & (incoming.json or {}).keys():
            return refuse(incoming, 500, "Something went wrong.", code="internal_error")
        return await super().check(incoming)


@violates("auth.odd-keys")
class QuotesBreakIt(Relay):
    """A key with a quote in it breaks the query that looks it up."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if "'" in incoming.key or '"' in incoming.key:
            return refuse(incoming, 500, "Something went wrong.", code="internal_error")
        return await super().authorize(incoming)


@violates("auth.odd-keys")
class LongKeysHangUp(Relay):
    """A key that is longer than its column of the table ends the connection without a response."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if len(incoming.key) > 255:
            raise OverflowError
        return await super().authorize(incoming)


@violates("auth.options")
class AsksPreflightsThatNameKeys(Relay):
    """A preflight request that announces an Authorization header is asked for it."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        announced = (incoming.header("access-control-request-headers") or "").lower()
        if incoming.method == "OPTIONS" and "authorization" in announced and not incoming.key:
            return refuse(incoming, 401, "The API key is missing or wrong.", code="invalid_api_key")
        return await super().authorize(incoming)


@violates("auth.model-lookup")
class LooksUpForAnyKey(Relay):
    """Who asks for a single model has to show something, whatever it is."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_lookup = incoming.path.startswith("/v1/models/") and bool(incoming.header("authorization"))
        return None if is_lookup else await super().authorize(incoming)


@violates("auth.required")
class IgnoresCaseOfKeys(Relay):
    """Keys are compared without regard to letter case."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_alike = incoming.key.lower() in self.config.client_keys
        return None if is_alike else await super().authorize(incoming)


@violates("auth.required", on=("chat", "chat.stream", "embeddings"))
class RefusesTooLate(Relay):
    """A request with a wrong key is refused with 401, while the provider already works on it."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        if refusal is not None and incoming.json is not None and incoming.method == "POST":
            with contextlib.suppress(Failure):
                await self._obtain(self._outgoing(incoming, incoming.model))
        return refusal


@violates("auth.response-headers")
class ShowsProject(Relay):
    """The provider's headers are passed on, but for cookies and the organization: the project's name stays."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        more = [pair for pair in headers if pair[0].lower() == "openai-project"]
        return [*await super().kept(headers), *more]


@violates("auth.response-headers")
class KeepsLoadBalancerCookie(Relay):
    """Of the provider's cookies, the first one is passed on."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        cookies = [pair for pair in headers if pair[0].lower() == "set-cookie"]
        return [*await super().kept(headers), *cookies[:1]]


@violates("auth.scheme-case")
class KnowsTwoSpellings(Relay):
    """The scheme may be `Bearer` or `bearer`, and nothing else."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        scheme = (incoming.header("authorization") or "").partition(" ")[0]
        if scheme in ("Bearer", "bearer", ""):
            return await super().authorize(incoming)
        return refuse(incoming, 401, "The API key is missing or wrong.", code="invalid_api_key")
