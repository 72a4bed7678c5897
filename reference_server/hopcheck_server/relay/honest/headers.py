"""Honest relays that differ in their headers, towards clients and towards the provider."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from email.utils import formatdate

from hopcheck_server.relay.messages import OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay

_LIMIT, _REST = "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"


class PadsHeaders(Relay):
    """White space stands around the values of headers."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response, headers=[(name, f"  {value} \t ") for name, value in response.headers])

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, headers=tuple((name, f" {value} ") for name, value in outgoing.headers))


class DatesRetryAfter(Relay):
    """Retry-After names the time when to come back, not how long to wait."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        wait = response.header("retry-after")
        if wait is None or not wait.isdecimal():
            return response
        return response.with_header("Retry-After", formatdate(math.ceil(time.time() + int(wait)), usegmt=True))


class _ReportsLimits(Relay):
    """Base of those that report limits in other headers than OpenAI's."""

    def reported(self, limit: str, rest: str) -> list[tuple[str, str]]:
        """The headers for a limit, and how many requests are left of it."""
        raise NotImplementedError

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        limit, rest = response.header(_LIMIT), response.header(_REST)
        if limit is None or (response.origin == "provider" and response.status != 200):
            return response
        kept = [pair for pair in response.headers if not pair[0].lower().startswith("x-ratelimit-")]
        return replace(response, headers=[*kept, *self.reported(limit, rest or "0")])


class NewRateLimitHeaders(_ReportsLimits):
    """Limits are reported in the headers of the IETF's draft, and not in OpenAI's."""

    def reported(self, limit: str, rest: str) -> list[tuple[str, str]]:
        return [("RateLimit-Policy", f'"requests";q={limit}'), ("RateLimit", f'"requests";r={rest}')]


class EnvoyRateLimitHeaders(_ReportsLimits):
    """Limits are reported as Envoy does, which gives a limit with its policy."""

    def reported(self, limit: str, rest: str) -> list[tuple[str, str]]:
        return [("x-ratelimit-limit", f'{limit}, {limit};w=60;name="requests"'), ("x-ratelimit-remaining", rest)]


class ListsOnSeveralLines(Relay):
    """A header that is a list stands on several lines, with more in it than is needed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        own = ("Cache-Control", "no-transform"), ("Cache-Control", "Private, No-Store"), ("Vary", "Origin")
        lines = [pair for pair in response.headers if pair[0].lower() not in ("allow", "cache-control")]
        allow = [pair for pair in response.headers if pair[0].lower() == "allow"]
        more = [("Allow", "OPTIONS")] if allow else []
        return replace(response, headers=[*lines, *more, *allow, *own])


class _ReadsPlain(Relay):
    """Base of those that can't read a compressed response of the provider."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        coding = response.provider.header("content-encoding") if response.provider else None
        return replace(response, status=502) if coding else response


class AsksForNoCoding(_ReadsPlain):
    """Requests to the provider name no content coding, and none is understood."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, headers=tuple(one for one in outgoing.headers if one[0] != "Accept-Encoding"))


class RulesGzipOut(_ReadsPlain):
    """Requests to the provider rule gzip out and allow anything else."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Accept-Encoding", "gzip;q=0, *")


class BalancesLoad(Relay):
    """A cookie of its own names the place that answered, and the names of header fields are written in title case."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        titled = [(name.title(), value) for name, value in response.headers]
        return replace(response, headers=[*titled, ("Set-Cookie", "PLACE=a; Path=/; HttpOnly"), ("Vary", "Origin")])

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, headers=tuple((name.title(), value) for name, value in outgoing.headers))
