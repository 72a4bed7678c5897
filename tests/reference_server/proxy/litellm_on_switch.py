"""LiteLLM on a switch: the proxy's backend, taken away and brought back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2
from listed import INFO, LISTED
from raw_upstream import RawUpstream, Turn, says_json

from hopcheck_server.chain.switch import Switch

DIRECT_KEY = "direct-key-canary-91cc"
READ_TIMEOUT_S = 20


class LiteLLMOnASwitch:
    """Two providers: one behind a switch, in LiteLLM's place, and one that can stand in for it; and proxies for them.

    Proxies are kept from test to test: starting one takes longer than most tests.
    """

    def __init__(self, upstream: RawUpstream, spare: RawUpstream, start: Any) -> None:
        self.upstream, self.spare, self._start = upstream, spare, start
        self.switch = Switch("127.0.0.1", upstream.port)
        self._started: dict[str, httpx2.Client] = {}
        self.on_its_loop(self.switch.start())

    def on_its_loop(self, work: Any) -> Any:
        # The switch lives on the loop of the server behind it.
        return asyncio.run_coroutine_threadsafe(work, self.upstream._loop).result(10)

    def begin(self, **given: Any) -> httpx2.Client:
        if repr(given) not in self._started:
            settings = {"health_interval_s": 0.05, "litellm_proxy_url": self.switch.url, **given}
            self._started[repr(given)] = self._start(**settings)
        self.client = self._started[repr(given)]
        if self.switch.up:
            self.until_ready(200)
        return self.client

    def direct(self, **given: Any) -> httpx2.Client:
        fallback = {"direct_fallback_url": self.spare.url, "direct_fallback_api_key": DIRECT_KEY}
        return self.begin(**fallback, direct_fallback_models="m=spare-m", **given)

    def turn(self, *, up: bool) -> None:
        self.on_its_loop(self.switch.turn(up=up))

    def ready(self) -> httpx2.Response:
        return self.client.get("/health/ready")

    def until_ready(self, status: int) -> httpx2.Response:
        deadline = time.monotonic() + READ_TIMEOUT_S
        while (answer := self.ready()).status_code != status:
            assert time.monotonic() < deadline, answer.text
        return answer


async def knows_models(turn: Turn) -> None:
    """What LiteLLM tells the proxy's own questions."""
    body = {"/v1/models": LISTED, "/v1/model/info": INFO}.get(turn.received.path, "I'm alive!")
    await says_json(body)(turn)


def error(answer: httpx2.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found
