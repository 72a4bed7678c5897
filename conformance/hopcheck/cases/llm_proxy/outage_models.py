"""The lists of models, while the backend is down."""

from dataclasses import replace

from hopcheck import Findings, Relay, RelayedResponse, Response, Target, backend_down, case, dig, expect, items

PATHS = ("/models", "/llm/models")

MARK = "x-llm-proxy-stale"


@case(
    "llm_proxy.outage-models",
    level="MUST",
    on="models",
    refs=["LLM-Proxy API"],
    needs=["model_list", "llm_proxy", "outage"],
    isolation="exclusive",
    trips_on=("llm_proxy.models-list:*",),
)
async def outage_models(target: Target) -> Findings:
    """While the backend is down, the models are those that were listed last, marked as old and unavailable."""
    before = await _lists(target)
    async with backend_down(target):
        during = await _lists(target)
    after = await _lists(target)
    yield expect("status", [one.status for one in during], equals=[200, 200])
    yield expect("ids", [_ids(one) for one in during], equals=[_ids(one) for one in before])
    yield expect("marks", [one.header(MARK) for one in during], equals=["true", "true"])
    yield expect("available", _available(during[1], target.models.chat), equals=[False])
    unmarked = [one.header(MARK) for one in (*before, *after)]
    yield expect("marks before and after", unmarked, equals=[None] * 4)


async def _lists(target: Target) -> list[Response]:
    return [await target.request("GET", path) for path in PATHS]


def _models(answer: Response) -> list[object]:
    return items(answer.json) or items(answer.at("data"))


def _ids(answer: Response) -> list[str]:
    """In whatever order they come."""
    return sorted(str(dig(model, "id")) for model in _models(answer))


def _available(answer: Response, wanted: str) -> list[object]:
    return [dig(model, "is_available") for model in _models(answer) if dig(model, "id") == wanted]


@outage_models.mutant(killed_by="status")
class HasNoMemory(Relay):
    """The list is the backend's, and gone with it."""

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response.with_json({"error": {"message": "x", "type": "y"}}), status=503)


@outage_models.mutant(killed_by="ids")
class MakesOneUp(Relay):
    """The list is a constant for such cases."""

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        old = await super().remembered(response)
        listed = old.json
        return old.with_json(listed[:1] if isinstance(listed, list) else {**listed, "data": listed["data"][:1]})


@outage_models.mutant(killed_by="marks")
class KeepsItToItself(Relay):
    """Nothing shows that the list is an old one."""

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        return (await super().remembered(response)).with_header(MARK, None)


@outage_models.mutant(killed_by="available")
class SaysAllAreThere(Relay):
    """The list has models that no provider can answer."""

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        return (await super().remembered(response)).with_json(response.json)


@outage_models.mutant(killed_by="marks before and after")
class MarksForGood(Relay):
    """The list stays marked when it is a fresh one again."""

    _is_old = False

    async def remembered(self, response: RelayedResponse) -> RelayedResponse:
        self._is_old = True
        return await super().remembered(response)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_list = self._is_old and response.incoming.path.endswith("/models")
        return response.with_header(MARK, "true") if is_list else response
