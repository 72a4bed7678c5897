"""Mutants of the cases about errors."""

from hopcheck import IncomingRequest, Relay, RelayedResponse
from hopcheck.selftest.independent import violates


@violates("errors.shape")
class ErrorIsAList(Relay):
    """An error's body is a list with the error object in it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json([response.json]) if response.status >= 400 else response


@violates("errors.invalid-json")
class TakesAnyBody(Relay):
    """A body that can't be read is answered with an empty success."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and incoming.json is None:
            return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], b"{}")
        return await super().check(incoming)
