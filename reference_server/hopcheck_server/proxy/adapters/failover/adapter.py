"""LiteLLM with failover: while it is down, requests are refused at once or go to the direct provider."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.failover.direct import DirectProvider
from hopcheck_server.proxy.adapters.failover.watch import BackendWatch, ResponseMemory
from hopcheck_server.proxy.adapters.model_list import find_model
from hopcheck_server.proxy.errors import ProxyError, UpstreamLost, model_not_found, upstream_down
from hopcheck_server.proxy.json_text import encode


class FailoverAdapter(BaseLLMAdapter):
    """Sends requests to LiteLLM while it is healthy.

    Args:
        litellm: The adapter for clients' requests.
        probe: The adapter for checks of LiteLLM's health and its models, with connections of its own.
        interval_s: Seconds between two checks of LiteLLM's health.
        silence_s: Seconds of silence after which LiteLLM counts as down.
        direct: Answers for some models while LiteLLM is down, if there is such a provider.
    """

    def __init__(
        self,
        litellm: BaseLLMAdapter,
        probe: BaseLLMAdapter,
        interval_s: float,
        silence_s: float,
        direct: DirectProvider | None,
    ) -> None:
        self.watch = BackendWatch(probe.check_ready, interval_s, silence_s, self._remember)
        self._litellm = litellm
        self._probe = probe
        self._direct = direct
        # By upstream key: what one client may see isn't shown to another.
        self._models: defaultdict[str | None, ResponseMemory] = defaultdict(ResponseMemory)
        self._llm_models: defaultdict[str | None, ResponseMemory] = defaultdict(ResponseMemory)

    @property
    def is_healthy(self) -> bool:
        """Whether LiteLLM was healthy at the last check."""
        return not self.watch.condition.wrong

    async def start(self) -> None:
        """Begin to watch LiteLLM."""
        await self.watch.start()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.watch.aclose()
        for adapter in (self._litellm, self._probe, *([self._direct.provider] if self._direct else [])):
            await adapter.aclose()

    async def answer(self, call: Call) -> AdapterResponse | AdapterStream:
        """Answer a call: by LiteLLM, or while it is down by the direct provider."""
        if self.watch.condition.serves:
            try:
                return await self._litellm.answer(call)
            except UpstreamLost:
                # Nothing has been sent to the client. Is LiteLLM down, or did this request alone fail?
                if not await self.watch.confirms_outage():
                    raise
        if self._direct is not None and self._direct.serves(call):
            return await self._direct.answer(call)
        raise self._down()

    async def models(self, key: str | None = None) -> AdapterResponse:
        """Return LiteLLM's list; while it is down the last one, marked."""
        return await self._listed(partial(self._litellm.models, key), self._models[key])

    async def model(self, model_id: str, key: str | None = None) -> AdapterResponse:
        """Return one model of that list."""
        listed = await self.models(key)
        entry = find_model(json.loads(listed.body), model_id)
        if entry is None:
            raise model_not_found(model_id)
        return AdapterResponse(encode(entry), listed.headers)

    async def llm_models(self, key: str | None = None) -> AdapterResponse:
        """Return LiteLLM's models; while it is down the last ones, with only the direct provider's available."""
        listed = await self._listed(partial(self._litellm.llm_models, key), self._llm_models[key])
        if "x-llm-proxy-stale" not in listed.headers:
            return listed
        models = [{**model, "is_available": self._is_direct(model["id"])} for model in json.loads(listed.body)]
        return AdapterResponse(encode(models), listed.headers)

    async def check_ready(self) -> None:
        """Raise what the last check of LiteLLM showed."""
        self.watch.check()

    def _is_direct(self, model: str) -> bool:
        return self._direct is not None and self._direct.knows(model)

    async def _listed(self, fetch: Callable[[], Awaitable[AdapterResponse]], memory: ResponseMemory) -> AdapterResponse:
        if self.watch.condition.serves:
            try:
                return memory.keep(await fetch())
            except UpstreamLost:
                if not await self.watch.confirms_outage():
                    raise
        remembered = memory.recall()
        if remembered is None:
            raise self._down()
        return remembered

    async def _remember(self) -> None:
        """Fetch the models when LiteLLM is up, so that they can be listed while it is down."""
        for fetch, memory in ((self._probe.models, self._models), (self._probe.llm_models, self._llm_models)):
            with contextlib.suppress(ProxyError):
                memory[None].keep(await fetch())

    def _down(self) -> ProxyError:
        return upstream_down(self.watch.condition.wrong, self.watch.condition.code)
