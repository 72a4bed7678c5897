"""The reference proxy on a real socket, in front of a provider that a test scripts."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
import uvicorn

from hopcheck_server.proxy import Settings, load_settings
from hopcheck_server.proxy.server import listen, make_config, url_of

# In pytest's importlib mode a test's folder is not on the path.
sys.path.insert(0, str(Path(__file__).parent))

from litellm_on_switch import LiteLLMOnASwitch, knows_models
from raw_upstream import COMPLETION, KEY, UPSTREAM_KEY, RawUpstream, says_json


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Run the proxy under uvicorn in a thread; gives its address."""
    listener: socket.socket = listen("127.0.0.1", 0)
    server = uvicorn.Server(make_config(settings))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        with httpx2.Client(base_url=url_of(listener)) as probe:
            # The socket listens already: the first answer comes as soon as the application is up.
            assert probe.get("/health/live", timeout=10).status_code == 200
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once() -> Iterator[None]:
    """Each HTTP client reads all of the machine's, which takes longer than most tests; nobody speaks TLS here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[RawUpstream]:
    with RawUpstream() as raw:
        yield raw


@pytest.fixture
def upstream(shared_upstream: RawUpstream) -> RawUpstream:
    """The provider, without a script and without requests."""
    shared_upstream.forget()
    return shared_upstream


Start = Callable[..., httpx2.Client]


@pytest.fixture(scope="session")
def shared_start(shared_upstream: RawUpstream) -> Iterator[Start]:
    with _starting(shared_upstream) as begin:
        yield begin


@pytest.fixture
def start(upstream: RawUpstream) -> Iterator[Start]:
    """Start a proxy with settings of its own in front of `upstream`; gives a client that holds the key."""
    with _starting(upstream) as begin:
        yield begin


@contextmanager
def _starting(upstream: RawUpstream) -> Iterator[Start]:
    opened = []

    def begin(**given: Any) -> httpx2.Client:
        base = {
            "llm_mode": "litellm",
            "backend": "litellm",
            "litellm_proxy_url": upstream.url,
            "litellm_api_key": UPSTREAM_KEY,
            "internal_api_key": KEY,
            "check_models": False,
            "log_level": "warning",
            "shutdown_grace_s": 1,
        }
        context = serving(load_settings(**{**base, **given}))
        url = context.__enter__()
        client = httpx2.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}, timeout=20)
        opened.append((context, client))
        return client

    try:
        yield begin
    finally:
        for context, client in opened:
            client.close()
            context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def shared_litellm(shared_start: Start) -> httpx2.Client:
    return shared_start()


@pytest.fixture(scope="session")
def shared_provider(shared_start: Start) -> httpx2.Client:
    return shared_start(backend="openai")


@pytest.fixture
def litellm(shared_litellm: httpx2.Client, upstream: RawUpstream) -> httpx2.Client:
    """A proxy that takes its upstream for LiteLLM."""
    return shared_litellm


@pytest.fixture
def provider(shared_provider: httpx2.Client, upstream: RawUpstream) -> httpx2.Client:
    """A proxy that takes its upstream for a provider."""
    return shared_provider


@pytest.fixture(scope="module")
def shared_chain(shared_upstream: RawUpstream) -> Iterator[LiteLLMOnASwitch]:
    """Its proxies end with it: they ask for LiteLLM's health all the time."""
    with RawUpstream() as spare, _starting(shared_upstream) as begin:
        chain = LiteLLMOnASwitch(shared_upstream, spare, begin)
        yield chain
        chain.on_its_loop(chain.switch.aclose())


@pytest.fixture
def chain(shared_chain: LiteLLMOnASwitch, upstream: RawUpstream) -> LiteLLMOnASwitch:
    shared_chain.spare.forget()
    shared_chain.spare.script = says_json({**COMPLETION, "model": "spare-m"})
    upstream.script = says_json(COMPLETION)
    upstream.watched = knows_models
    shared_chain.turn(up=True)
    return shared_chain
