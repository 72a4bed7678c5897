"""The page, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.report.render.provider_view import provider_lines, provider_rows, providers_of
from tools.provider_page.deviations import ProviderDeviation

VERSION = "1.106.2"
"""LiteLLM's, as `tools.providers` starts it."""

INTRODUCTION = """\
# LiteLLM {version} with six providers

What a client of OpenAI's chat completions and embeddings meets when LiteLLM {version} has a provider of another dialect
behind it: Anthropic's Messages, Azure OpenAI, Gemini, Ollama, OpenAI's Responses, vLLM. Each was played by hopcheck's
upstream, which is held to the providers' official clients. LiteLLM ran with
[its test configuration](../litellm_config.test.yaml), so models that its price map doesn't know; with others it
translates some parameters differently.

The page is made by two commands, and they fail where a deviation has no judgement, or a judgement no deviation:

```
python -m tools.providers --out FOLDER
python -m tools.provider_page FOLDER/report.json > docs/providers.md
```

| class | meaning |
|---|---|
| defect | the dialects can say it, and LiteLLM doesn't |
| by design | LiteLLM gives it up on purpose, and a client can know |
| format | the two formats can't both say it |

"""


def page(report: Mapping[str, Any], found: Sequence[ProviderDeviation]) -> Iterator[str]:
    """The lines of the page."""
    yield INTRODUCTION.format(version=VERSION)
    yield from (f"- {line}" for line in provider_lines(report))
    yield from ("", "## Deviations", "", f"{len(found)} deviations, {_count(found, 'defect')} of them defects.", "")
    yield from table("provider", found)
    yield from ("", "## Requirements by provider", "", *_matrix(report))


def table(first: str, found: Sequence[ProviderDeviation]) -> Iterator[str]:
    """A row for each deviation; the first column, of this name, says of which provider or API it is."""
    yield from (f"| {first} | what happens | class | found by |", "|---|---|---|---|")
    yield from (_row(one) for one in sorted(found, key=lambda one: (one.provider, one.kind != "defect", one.where)))


def _count(found: Sequence[ProviderDeviation], kind: str) -> int:
    return sum(one.kind == kind for one in found)


def _row(one: ProviderDeviation) -> str:
    operations = ", ".join(sorted(one.operations))
    return f"| {one.provider} | {one.sentence} | {one.kind} | `{one.where}` on {operations} |"


def _matrix(report: Mapping[str, Any]) -> Iterator[str]:
    """Each case's outcome with each provider; where none was asked, the case is left out."""
    names = providers_of(report)
    yield "A deviation in brackets is in [the baseline](../conformance/hopcheck/gate/targets/litellm/baseline.toml)."
    yield from ("", f"| requirement | {' | '.join(names)} |", f"|---|{'---|' * len(names)}")
    for case, *outcomes in provider_rows(report):
        if set(outcomes) != {"not-applicable"}:
            yield f"| `{case}` | {' | '.join('·' if one == 'not-applicable' else one for one in outcomes)} |"
