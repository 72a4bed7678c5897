"""Other headers that hold credentials stay here too."""

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
)

COOKIE, PROXY = "hopcheck-cookie", "aG9wY2hlY2s6cHJveHk="


@case(
    "auth.alt-headers",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#38114", "RFC 9110 11.7.2"],
    needs=["parses", "two_sided"],
)
async def alt_headers(target: Target, ask: Operation) -> Findings:
    """Cookies, proxy credentials and keys in other headers never reach the provider."""
    key = target.config.api_key or "hopcheck-other-key"  # a wrong one might be refused, which is not asked here
    named = {"x-api-key": key, "api-key": key}
    others = {"Cookie": f"session={COOKIE}", "Proxy-Authorization": f"Basic {PROXY}"}
    attempt = await target.forwarded(await ask(headers={**named, **others}))
    passes_on = target.declares.auth_policy == "passthrough"
    if not passes_on:
        yield expect("key upstream", attempt.where(key), equals=[])
    # SHOULD where the client's credentials are for the provider, as its cookie may be.
    yield expect("cookie upstream", attempt.where(COOKIE), equals=[], level="SHOULD" if passes_on else None)
    yield expect("proxy credentials upstream", attempt.where(PROXY), equals=[])


class Passes(Relay):
    """Passes some of the client's headers on."""

    names: tuple[str, ...] = ()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        for name in self.names:
            value = outgoing.incoming.header(name)
            outgoing = outgoing.with_header(name, value) if value else outgoing
        return outgoing


@alt_headers.mutant(killed_by="key upstream")
class PassesKeyHeaders(Passes):
    """Only Authorization is taken off, not the headers in which other SDKs send keys."""

    names = ("x-api-key", "api-key")


@alt_headers.mutant(killed_by="cookie upstream")
class PassesCookies(Passes):
    """Every header but Authorization goes upstream, the console's session cookie with them."""

    names = ("cookie",)


@alt_headers.mutant(killed_by="proxy credentials upstream")
class PassesProxyCredentials(Passes):
    """The credentials for a company's web proxy go to the provider."""

    names = ("proxy-authorization",)
