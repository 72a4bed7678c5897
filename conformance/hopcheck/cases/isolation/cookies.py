"""A provider's cookies join no requests."""

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)

COOKIE = "hopcheck-session-of-another"


@case(
    "isolation.provider-cookies",
    level="MUST",
    on=FORWARDED,
    refs=["RFC 6265 8.2", "RFC 6265 5.4", "litellm 1.106: one cookie jar for all users"],
    upstream={
        "": reply.chat("Hello", headers=(("set-cookie", f"session={COOKIE}; Path=/"),)),
        "other": reply.chat("Hi"),
    },
)
async def provider_cookies(target: Target, ask: Operation) -> Findings:
    """A cookie that a provider sets with one request's answer doesn't go to it with another request."""
    await target.forwarded(await ask())
    keys = {None, target.config.second_api_key or None}  # the same client, and another, where there is one
    others = [await target.forwarded(await ask(script="other", key=key)) for key in keys]
    carried = [place for other in others for place in other.where(COOKIE)]
    yield expect("other requests with the cookie", carried, equals=[])


@provider_cookies.mutant(killed_by="other requests with the cookie")
class SharesItsCookieJar(Relay):
    """The HTTP client towards the provider keeps a cookie jar, as most do, and all users share the client."""

    jar = ""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        cookies = (value.partition(";")[0] for name, value in headers if name.lower() == "set-cookie")
        self.jar = next(cookies, self.jar)
        return await super().kept(headers)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Cookie", self.jar) if self.jar else outgoing
