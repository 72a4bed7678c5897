"""Keys in forms that a careless comparison doesn't expect."""

from hopcheck import (
    ALL,
    Findings,
    IncomingRequest,
    NotApplicable,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    expect,
    refuse,
)

SCHEMES = ("bearer", "BEARER")

NAMES = ("authorization", "AUTHORIZATION")

ODD = {
    "not ASCII": "schlüssel-ключ-鍵".encode().decode("latin-1"),
    "very long": "k" * 4000,
    "with a quote": "sk-'\"; --",
}
"""Keys that are no client's; header fields can hold them all (RFC 9110 5.5)."""


@case("auth.scheme-case", level="MUST", on=ALL, refs=["RFC 9110 11.1"], needs=["own_keys", "client_key"])
async def scheme_case(target: Target, ask: Operation) -> Findings:
    """The scheme of a key is `Bearer` in any letter case, and so is the name of its header."""
    key = target.config.api_key
    statuses = {scheme: (await ask(key="", headers={"Authorization": f"{scheme} {key}"})).status for scheme in SCHEMES}
    yield expect("statuses", statuses, equals=dict.fromkeys(SCHEMES, 200))
    names = {name: (await ask(key="", headers={name: f"Bearer {key}"})).status for name in NAMES}
    yield expect("statuses by the header's name", names, equals=dict.fromkeys(NAMES, 200))


@scheme_case.mutant(killed_by="statuses", trips=("messages.key-header",))
class WantsACapital(Relay):
    """The scheme is compared as a text."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.key and not (incoming.header("authorization") or "").startswith("Bearer "):
            return refuse(incoming, 401, "The API key is missing.", code="invalid_api_key")
        return await super().authorize(incoming)


@scheme_case.mutant(killed_by="statuses by the header's name")
class KnowsUsualNames(Relay):
    """The header is looked for by the names that most clients give it."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if any(name == "AUTHORIZATION" for name, _ in incoming.headers):
            return refuse(incoming, 401, "The API key is missing.", code="invalid_api_key")
        return await super().authorize(incoming)


@case("auth.odd-keys", level="MUST", on=ALL, refs=["RFC 9110 5.5", "RFC 9110 15.5.2"], needs=["own_keys"])
async def odd_keys(target: Target, ask: Operation) -> Findings:
    """A wrong key with characters of any kind, or of any length, is refused like others, and breaks nothing."""
    plain = await ask(key="hopcheck-wrong-key")
    if plain.status == 200:
        raise NotApplicable("any wrong key is let in, which auth.required judges")
    answers = {name: await ask(key="", headers={"Authorization": f"Bearer {key}"}) for name, key in ODD.items()}
    statuses = {name: answer.status for name, answer in answers.items()}
    yield expect("statuses", statuses, holds={*statuses.values()} <= {401, 403, 400, 431}, to="401, or 400, 403, 431")
    # What a plain wrong key's refusal lacks as well is a matter of the contract.
    usual = contract_violations("Error", plain.json)
    refused = {
        name: contract_violations("Error", one.json) for name, one in answers.items() if one.status in (401, 403)
    }
    yield expect(
        "error objects", {name: found for name, found in refused.items() if found not in ([], usual)}, equals={}
    )


class Stumbles(Relay):
    """What comes of a key that isn't ASCII."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return await super().authorize(incoming) if incoming.key.isascii() else self.stumbled(incoming)

    def stumbled(self, incoming: IncomingRequest) -> RelayedResponse:
        """The response to such a key."""
        return refuse(incoming, 500, "TypeError: comparing strings with non-ASCII characters is not supported")


@odd_keys.mutant(killed_by="statuses")
class ComparesAsciiOnly(Stumbles):
    """Keys are compared in constant time by a function that takes ASCII only."""


@odd_keys.mutant(killed_by="error objects")
class RefusesInText(Stumbles):
    """A key that can't be decoded is refused by the web server's own page."""

    def stumbled(self, incoming: IncomingRequest) -> RelayedResponse:
        return RelayedResponse(incoming, 401, [("Content-Type", "text/plain")], b"Unauthorized")
