"""Mutants of the cases about keys and credentials."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, incoming, refuse
from hopcheck.selftest.independent import violates


@violates("auth.alt-headers")
class PassesAzureKeys(Relay):
    """Of the headers with keys, the one that Azure's clients send is not known, and goes on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        key = outgoing.incoming.header("api-key")
        return outgoing.with_header("api-key", key) if key else outgoing


@violates("auth.alt-headers")
class RenamesCookies(Relay):
    """A client's cookies go to the provider under the name of another header."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        cookie = outgoing.incoming.header("cookie")
        return outgoing.with_header("X-Original-Cookie", cookie) if cookie else outgoing


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


@violates("auth.not-forwarded")
class SendsBasicCredentials(Relay):
    """The client's key goes on in base64, as the name of a Basic credential."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        token = base64.b64encode(f"{outgoing.incoming.key}:".encode()).decode()
        return outgoing.with_header("X-Client-Authorization", f"Basic {token}")


@violates("auth.not-forwarded")
class AttributesByKey(Relay):
    """A request that names no user goes on with the client's key as the user."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({"user": outgoing.incoming.key, **outgoing.json})


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


@violates("auth.upstream-key-used")
class TakesTurnsWithKeys(Relay):
    """Every second request goes upstream with the key of another provider."""

    number = 0

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self.number += 1
        if self.number % 2:
            return outgoing
        return outgoing.with_header("Authorization", f"Bearer {self.config.upstream_keys['backup-model']}")


@violates("auth.upstream-key-used")
class TakesKeysFromUsers(Relay):
    """A user whose name looks like a key is taken for one, and the request goes upstream with it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        user = outgoing.json.get("user")
        is_key = isinstance(user, str) and user.startswith("sk-")
        return outgoing.with_header("Authorization", f"Bearer {user}") if is_key else outgoing


@violates("cache.off-by-default", on=("chat", "embeddings"))
class JoinsRequestsInFlight(Relay):
    """A request that equals the last one within ten seconds is answered with its response."""

    last: tuple[bytes, RelayedResponse] | None = None

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if self.last and self.last[0] == incoming.body:
            return replace(self.last[1], incoming=incoming)
        return await super().check(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 200 and response.incoming.method == "POST":
            self.last = (response.incoming.body, response)
        return response


@violates("cache.off-by-default", on="chat.stream")
class ReplaysStreams(Relay):
    """A stream whose request was asked before is played again from memory, with new ids."""

    seen: dict[bytes, list[bytes]]

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.seen = getattr(self, "seen", {})
        known = self.seen.get(incoming.body)
        if not known:
            return await super().check(incoming)
        return RelayedResponse(incoming, 200, [("Content-Type", "text/event-stream")], b"".join(known))

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        kept = self.seen.setdefault(incoming().body, [])
        async for event in events:
            kept.append(event.raw)
            yield event.raw
