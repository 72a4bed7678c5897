"""The page about LiteLLM on the Messages and Responses surfaces, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.client.operations import OPERATIONS
from tools.provider_page.deviations import ProviderDeviation
from tools.provider_page.page import VERSION, table

NAMES = {"messages": "Messages", "responses": "Responses"}

INTRODUCTION = """\
# LiteLLM {version} on Messages and Responses

What Claude Code, Codex and the SDKs meet on `/v1/messages` and `/v1/responses` of LiteLLM {version}, with
[its test configuration](../litellm_config.test.yaml): each API in front of a provider of its own, Anthropic and OpenAI.
[The baseline](../conformance/hopcheck/gate/targets/litellm/baseline.toml) says what the reference proxy works around.

The page is made from the report of a gate by `python -m tools.provider_page --surfaces REPORT.json`, which fails where
a deviation has no judgement, or a judgement no deviation. The classes are those of [another page](providers.md).

{count} deviations, {defects} of them defects. Of what is SHOULD or MAY, those are listed that matter to clients.
"""


def by_surface(operation: str, provider: str) -> str:
    """List what the target's own models do on the two surfaces under the surface's name."""
    kind = OPERATIONS.get(operation)
    return "" if provider or kind is None else NAMES.get(kind.surface, "")


def page(_report: Mapping[str, Any], found: Sequence[ProviderDeviation]) -> Iterator[str]:
    """The page's lines."""
    defects = sum(one.kind == "defect" for one in found)
    yield INTRODUCTION.format(version=VERSION, count=len(found), defects=defects)
    yield from table("API", found)
