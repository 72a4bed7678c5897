"""Each step of docs/from-draft-to-reference.md ends as its table shows; `test_examples.py` takes the last one.

The tests compare which profiles hold. The numbers grow with the catalogue, and
`HOPCHECK_WRITE_DOCS=1 pytest -m 'litellm or whole_gate' tests/deploy -k 'migration or (gate and basic)'` updates them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from .conftest import KEYS
from .judging import DECLARED, PROFILES
from .migration import MigrationSteps, compare, require_answer

pytestmark = [pytest.mark.every_model, pytest.mark.whole_gate, pytest.mark.timeout(600)]


def test_the_draft_and_its_baseline(tmp_path: Path) -> None:
    async def main() -> None:
        async with MigrationSteps.start(tmp_path) as steps, steps.naive() as naive:
            await require_answer(naive)
            as_it_is = await steps.gate(naive, "--write-baseline", "today.toml")
            compare("draft", as_it_is)
            assert as_it_is.red == set(PROFILES) - {"models"}
            steps.give_reasons("today.toml")
            known = await steps.gate(naive, "--baseline", "today.toml")
            compare("draft-known", known)
            assert (known.exit, known.red) == (0, set()), known.output

    asyncio.run(main())


def test_the_reference_in_the_draft_s_place(tmp_path: Path) -> None:
    async def main() -> None:
        async with MigrationSteps.start(tmp_path) as steps:
            settings = {"BACKEND": "openai", "LITELLM_PROXY_URL": steps.upstream.url, "LITELLM_API_KEY": KEYS["openai"]}
            async with steps.reference(**settings) as reference:
                await require_answer(reference)
                judged = await steps.gate(reference, declares=DECLARED)
        compare("reference", judged)
        assert (judged.exit, judged.red) == (0, set()), judged.output

    asyncio.run(main())
