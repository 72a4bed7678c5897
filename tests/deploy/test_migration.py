"""Each step of docs/from-draft-to-reference.md ends as its table shows.

The tests compare which profiles hold. The numbers grow with the catalogue, and
`HOPCHECK_WRITE_DOCS=1 pytest -m litellm tests/deploy/test_migration.py` updates them.
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
from .migration import BASELINE, CLIENT_KEY, PROFILES, MigrationSteps, StepVerdict, red_profiles, shown, write

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(900)]

DECLARED = ["llm_proxy = true", "default_model = 'gpt-4o-mini'", "reasoning = true"]


def test_each_step_ends_as_the_page_says(tmp_path: Path) -> None:
    async def main() -> None:
        async with await Upstream.start(all_scripts(all_cases().values())) as upstream:
            steps = MigrationSteps(upstream, tmp_path)
            await the_draft_and_its_baseline(steps)
            await the_reference_in_its_place(steps)
            await litellm_between(steps)

    asyncio.run(main())


async def the_draft_and_its_baseline(steps: MigrationSteps) -> None:
    async with steps.naive() as naive:
        await a_client_is_answered(naive)
        as_it_is = await steps.gate(naive, "--write-baseline", "today.toml")
        compare("draft", as_it_is)
        assert as_it_is.red == set(PROFILES) - {"models"}
        steps.give_reasons("today.toml")
        known = await steps.gate(naive, "--baseline", "today.toml")
        compare("draft-known", known)
        assert (known.exit, known.red) == (0, set())


async def the_reference_in_its_place(steps: MigrationSteps) -> None:
    settings = {"BACKEND": "openai", "LITELLM_PROXY_URL": steps.upstream.url, "LITELLM_API_KEY": KEYS["openai"]}
    async with steps.reference(**settings) as reference:
        await a_client_is_answered(reference)
        judged = await steps.gate(reference, declares=DECLARED)
    compare("reference", judged)
    assert (judged.exit, judged.red) == (0, set())


async def litellm_between(steps: MigrationSteps) -> None:
    async with steps.litellm() as litellm:
        settings = {"LITELLM_PROXY_URL": litellm.url, "LITELLM_API_KEY": litellm.master_key}
        async with steps.reference(**settings) as reference:
            await a_client_is_answered(reference)
            declared = [*DECLARED, "refuses_control_fields = true"]
            judged = await steps.gate(reference, "--baseline", BASELINE, declares=declared)
    compare("litellm", judged)
    assert (judged.exit, judged.red) == (0, set())


async def a_client_is_answered(served: Served) -> None:
    """The same request with the same key, at every step."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {CLIENT_KEY}"}, timeout=60) as client:
        answer = await client.post(f"{served.url}/v1/chat/completions", json=body)
    assert answer.json()["choices"][0]["message"]["content"] == "Hello from the hopcheck upstream."


def compare(step: str, judged: StepVerdict) -> None:
    """Compare the page with the gate's output, or write that into the page."""
    if os.environ.get("HOPCHECK_WRITE_DOCS"):
        write(step, judged.printed)
    printed = shown(step)
    assert red_profiles(printed) == judged.red, judged.bad
    assert ("doesn't hold" in printed) == (judged.exit != 0)
