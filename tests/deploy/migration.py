"""The steps of docs/from-draft-to-reference.md: what runs in each, and the gate's summary that the page shows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from hopcheck.gate.catalogue import all_cases, all_scripts
from hopcheck.report.baseline import NO_REASON
from hopcheck_server.chain import Served, serve
from hopcheck_server.chain.processes import free_port
from hopcheck_server.upstream.server import Upstream

from .conftest import CLIENT_KEY, EXAMPLES, KEYS, ROOT
from .judging import PROFILES, GateVerdict, judge

PAGE = ROOT / "docs" / "from-draft-to-reference.md"
_BLOCK = r"(<!-- gate: {name} -->\n```\n)(.*?)(```\n)"


@dataclass(frozen=True)
class MigrationSteps:
    """The servers of the steps, and the gate on them.

    Attributes:
        upstream: Takes the provider's place.
        folder: Holds logs, baselines and reports.
    """

    upstream: Upstream
    folder: Path

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path) -> AsyncIterator[MigrationSteps]:
        """Start the upstream, with the scripts of all cases."""
        async with await Upstream.start(all_scripts(all_cases().values())) as upstream:
            yield cls(upstream, folder)

    def naive(self) -> AbstractAsyncContextManager[Served]:
        """The draft proxy, with the upstream behind it."""
        port = free_port()
        env = {
            "NAIVE_UPSTREAM_URL": f"{self.upstream.url}/v1",
            "NAIVE_UPSTREAM_KEY": KEYS["openai"],
            "NAIVE_API_KEY": CLIENT_KEY,
        }
        program = EXAMPLES / "naive_proxy" / "app.py"
        return self._serve("naive", [program, "--port", str(port)], env)

    def reference(self, **settings: str) -> AbstractAsyncContextManager[Served]:
        """The reference proxy, with the key that the draft's clients have."""
        known = {"LLM_MODE": "litellm", "INTERNAL_API_KEY": CLIENT_KEY, "DEFAULT_MODEL": "gpt-4o-mini", **settings}
        env = {f"LLM_PROXY__{name}": value for name, value in known.items()}
        return self._serve("reference", ["-m", "hopcheck", "serve", "--port", "0"], env)

    async def gate(self, served: Served, *options: str | Path, declares: Sequence[str] = ()) -> GateVerdict:
        """Run the gate on a server."""
        return await judge(served, self.upstream, self.folder, *options, declares=declares)

    def give_reasons(self, baseline: str) -> None:
        """Say in a written baseline why its entries are accepted, as the page tells a reader to."""
        path = self.folder / baseline
        path.write_text(path.read_text().replace(NO_REASON, "the draft's, until it is replaced"))

    def _serve(self, name: str, command: list[Any], env: dict[str, str]) -> AbstractAsyncContextManager[Served]:
        log_file = self.folder / f"{name}.log"
        return serve([sys.executable, *command], name=f"the {name} proxy", log_file=log_file, env=env, key=CLIENT_KEY)


async def require_answer(served: Served) -> None:
    """Ask as the draft's clients do: the same request with the same key, at every step."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {served.key}"}, timeout=60) as client:
        answer = await client.post(f"{served.base_url}/chat/completions", json=body)
    assert answer.json()["choices"][0]["message"]["content"] == "Hello from the hopcheck upstream."


def compare(step: str, judged: GateVerdict) -> None:
    """Compare the page with the gate's output, or write that into the page."""
    if os.environ.get("HOPCHECK_WRITE_DOCS"):
        write(step, judged.summary)
    printed = shown(step)
    assert red_profiles(printed) == judged.red, judged.bad
    assert ("doesn't hold" in printed) == (judged.exit != 0)


def shown(name: str) -> str:
    """The output that the page shows for a step."""
    found = re.search(_BLOCK.format(name=name), PAGE.read_text(), re.DOTALL)
    assert found, f"{PAGE.name} has no block `<!-- gate: {name} -->`"
    return found[2]


def write(name: str, printed: str) -> None:
    """Put printed output into the page."""
    text = re.sub(
        _BLOCK.format(name=name), lambda block: f"{block[1]}{printed}{block[3]}", PAGE.read_text(), flags=re.DOTALL
    )
    PAGE.write_text(text)


def red_profiles(printed: str) -> set[str]:
    """The profiles that a printed table shows as not holding."""
    head, *rows = [line.split() for line in printed.splitlines() if line.startswith(("profile ", *PROFILES))]
    numbers = [dict(zip(head, row, strict=False)) for row in rows]
    bad = {row["profile"]: sum(_number(row[name]) for name in ("deviates", "untestable", "broken")) for row in numbers}
    known = {row[0]: _number(row[-1]) if "known" in head else 0 for row in rows}
    return {profile for profile, count in bad.items() if count > known[profile]}


def _number(cell: str) -> int:
    return 0 if cell == "·" else int(cell)
