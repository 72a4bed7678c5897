"""The page about LiteLLM on the Messages and Responses surfaces, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.client.operations import OPERATIONS
from hopcheck.report.document import counts
from hopcheck_server.upstream.dialects.registry import all_dialects
from tools.provider_page.deviations import ProviderDeviation
from tools.provider_page.page import VERSION, table

NAMES = {"messages": "Messages", "responses": "Responses"}

OWN = {"messages": "anthropic", "responses": "openai_responses"}
"""The provider of each API that speaks it itself; asked for by its name, it says nothing new."""

INTRODUCTION = """\
# LiteLLM {version} on Messages and Responses

What Claude Code, Codex and the SDKs meet on `/v1/messages` and `/v1/responses` of LiteLLM {version}, with
[its test configuration](../litellm_config.test.yaml): each API in front of a provider of its own, Anthropic and OpenAI,
and then across a bridge. [The baseline](../conformance/hopcheck/gate/targets/litellm/baseline.toml) says what the
reference proxy works around.

The page is made from the reports of two gates, which fails where a deviation has no judgement, or a judgement no
deviation. The classes are those of [the page about six providers](providers.md).

```
python -m tools.providers --surfaces own --out OWN
python -m tools.providers --surfaces bridged --out BRIDGED
python -m tools.provider_page --surfaces OWN/report.json BRIDGED/report.json > docs/surfaces.md
```

## Each API over each provider

`[providers]` of [the target file](../tools/provider_page/bridges.toml) names a model for each, and
`gate --provider all` asks them. On a provider's own API requests and responses are compared as they are; across a
bridge, by what was asked and what was given. A case that reads fields of its own API is not applicable there.
"""


def by_surface(operation: str, provider: str) -> str:
    """List what is done on the two surfaces under the surface's name, and under the provider's where that bridges."""
    kind = OPERATIONS.get(operation)
    if kind is None or kind.surface not in NAMES or provider == OWN[kind.surface]:
        return ""
    return f"{NAMES[kind.surface]} over {all_dialects()[provider].label}" if provider else NAMES[kind.surface]


def page(report: Mapping[str, Any], found: Sequence[ProviderDeviation]) -> Iterator[str]:
    """The page's lines."""
    yield INTRODUCTION.format(version=VERSION)
    yield "| asked | conforms | advice | deviates | can't be asked | not applicable |"
    yield f"|{'---|' * 6}"
    yield from _rows(report)
    defects = sum(one.kind == "defect" for one in found)
    more = "Of what is SHOULD or MAY, those are listed that matter to clients."
    yield from ("", "## Deviations", "", f"{len(found)} deviations, {defects} of them defects. {more}", "")
    yield from table("API", found)


def _rows(report: Mapping[str, Any]) -> Iterator[str]:
    groups: dict[str, list[Any]] = {}
    for case in report["cases"]:
        if name := by_surface(case["operation"], case["provider"]):
            groups.setdefault(name, []).append(case)
    for name, cases in sorted(groups.items()):
        number = counts(cases)
        columns = ("conforms", "advisory", "deviates", "untestable", "not-applicable")
        yield f"| {name} | {' | '.join(str(number[one]) for one in columns)} |"
