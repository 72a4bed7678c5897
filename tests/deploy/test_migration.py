"""A reader of docs/from-draft-to-reference.md goes from the naive proxy to the reference, and the page says what comes.

Compared is what each step's table says of each profile: whether it holds. The numbers grow with the catalogue;
`HOPCHECK_WRITE_DOCS=1 pytest -m litellm tests/deploy/test_migration.py` writes today's.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx2
import pytest

from hopcheck.gate.catalogue import all_cases, all_scripts
from hopcheck_server.chain import Served
from hopcheck_server.upstream.server import Upstream

from .conftest import KEYS
from .migration import BASELINE, CLIENT_KEY, PROFILES, Judged, Road, red_profiles, shown, write

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(900)]

DECLARED = ["llm_proxy = true", "default_model = 'gpt-4o-mini'", "reasoning = true"]


def test_each_step_ends_as_the_page_says(tmp_path: Path) -> None:
    async def main() -> None:
        async with await Upstream.start(all_scripts(all_cases().values())) as upstream:
            road = Road(upstream, tmp_path)
            await the_draft_and_its_baseline(road)
            await the_reference_in_its_place(road)
            await litellm_between(road)

    asyncio.run(main())


async def the_draft_and_its_baseline(road: Road) -> None:
    async with road.naive() as naive:
        await a_client_is_answered(naive)
        as_it_is = await road.gate(naive, "--write-baseline", "today.toml")
        compare("draft", as_it_is)
        assert as_it_is.red == set(PROFILES)
        known = await road.gate(naive, "--baseline", "today.toml")
        compare("draft-known", known)
        assert (known.exit, known.red) == (0, set())


async def the_reference_in_its_place(road: Road) -> None:
    settings = {"BACKEND": "openai", "LITELLM_PROXY_URL": road.upstream.url, "LITELLM_API_KEY": KEYS["openai"]}
    async with road.reference(**settings) as reference:
        await a_client_is_answered(reference)
        judged = await road.gate(reference, declares=DECLARED)
    compare("reference", judged)
    assert (judged.exit, judged.red) == (0, set())


async def litellm_between(road: Road) -> None:
    async with road.litellm() as litellm:
        settings = {"LITELLM_PROXY_URL": litellm.url, "LITELLM_API_KEY": litellm.master_key}
        async with road.reference(**settings) as reference:
            await a_client_is_answered(reference)
            declared = [*DECLARED, "refuses_control_fields = true"]
            judged = await road.gate(reference, "--baseline", BASELINE, declares=declared)
    compare("litellm", judged)
    assert (judged.exit, judged.red) == (0, set())


async def a_client_is_answered(served: Served) -> None:
    """The same request with the same key, whatever is behind."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {CLIENT_KEY}"}, timeout=60) as client:
        answer = await client.post(f"{served.url}/v1/chat/completions", json=body)
    assert answer.json()["choices"][0]["message"]["content"] == "Hello from the hopcheck upstream."


def compare(step: str, judged: Judged) -> None:
    """Hold the page to what was seen, or write it."""
    if os.environ.get("HOPCHECK_WRITE_DOCS"):
        write(step, judged.printed)
    printed = shown(step)
    assert red_profiles(printed) == judged.red, judged.bad
    assert ("doesn't hold" in printed) == (judged.exit != 0)
