"""What the provider tells the operator stays with the operator."""

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    expect,
    reply,
)

COOKIE, ACCOUNT = "hopcheck-provider-cookie", "org-hopcheck-account"
HEADERS = (
    ("set-cookie", f"__cf_bm={COOKIE}; path=/; HttpOnly"),
    ("openai-organization", ACCOUNT),
    ("openai-project", ACCOUNT),
)


@case(
    "auth.response-headers",
    level="SHOULD",
    on=FORWARDED,
    needs=["own_account"],
    refs=["RFC 6265 4.1", "RFC 9110 7.6"],
    upstream={"": reply.chat("Hello.", headers=HEADERS), "refused": reply.status(400, headers=dict(HEADERS))},
)
async def response_headers(target: Target, ask: Operation) -> Findings:
    """A provider's cookies, and the names of the operator's account there, don't reach the client."""
    responses = [await ask(), await ask(script="refused")]
    yield expect("provider's cookie", [place for one in responses for place in one.where(COOKIE)], equals=[])
    yield expect("operator's account", [place for one in responses for place in one.where(ACCOUNT)], equals=[])


@response_headers.mutant(killed_by="provider's cookie")
class PassesCookiesBack(Relay):
    """A provider's cookies reach the client."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return await super().kept(headers) + [pair for pair in headers if pair[0].lower() == "set-cookie"]


@response_headers.mutant(killed_by="operator's account")
class RenamesHeaders(Relay):
    """Headers that clients don't need are kept under another name, for debugging."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        account = [(f"x-provider-{name}", value) for name, value in headers if name.lower().startswith("openai-")]
        return await super().kept(headers) + account
