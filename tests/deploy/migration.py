"""The steps of docs/from-draft-to-reference.md: what runs in each, and the gate's summary that the page shows."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hopcheck.report.baseline import NO_REASON
from hopcheck_server.chain import Served, serve
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.chain.processes import free_port
from hopcheck_server.upstream.server import Upstream

from .conftest import EXAMPLES, KEYS, ROOT, providers_at

PAGE = ROOT / "docs" / "from-draft-to-reference.md"
BASELINE = ROOT / "examples" / "targets" / "reference" / "baseline.toml"
PROFILES = ("chat", "models", "stream", "tools", "errors", "auth")
"""The areas that need no declaration in a target file."""
CLIENT_KEY = "sk-naive-client"
_BLOCK = r"(<!-- gate: {name} -->\n```\n)(.*?)(```\n)"


class StepVerdict(NamedTuple):
    """The gate's verdict on the target of one step.

    Attributes:
        exit: The gate's exit code.
        printed: Its table and its closing line.
        red: The profiles with a requirement that doesn't hold and isn't in the baseline.
        bad: The outcome and the reason of each case that doesn't hold and isn't in the baseline.
    """

    exit: int
    printed: str
    red: set[str]
    bad: dict[str, str]


@dataclass(frozen=True)
class MigrationSteps:
    """The servers of the steps, and the gate on them.

    Attributes:
        upstream: Takes the provider's place.
        folder: Holds logs, baselines and reports.
    """

    upstream: Upstream
    folder: Path

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
        # LiteLLM may be slow to answer on a busy machine: that is no outage.
        env["LLM_PROXY__HEALTH_SILENCE_S"] = "120"
        return self._serve("reference", ["-m", "hopcheck", "serve", "--port", "0"], env)

    @asynccontextmanager
    async def litellm(self) -> AsyncIterator[LiteLLM]:
        """LiteLLM with the basic example's configuration."""
        config = EXAMPLES / "litellm_config.basic.yaml"
        async with LiteLLM.start(
            config, log_file=self.folder / "litellm.log", env=providers_at(self.upstream)
        ) as litellm:
            yield litellm

    async def gate(self, served: Served, *options: str | Path, declares: Sequence[str] = ()) -> StepVerdict:
        """Run the gate on a server."""
        (self.folder / "hopcheck.toml").write_text("\n".join(["[declares]", *declares, ""]))
        words = [
            f"{served.url}/v1",
            "--api-key-env",
            "KEY",
            "--upstream-url",
            self.upstream.url,
            "--model",
            "gpt-4o-mini",
        ]
        words += [word for profile in PROFILES for word in ("--profile", profile)]
        gate = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hopcheck", "gate", *words, "--json", "report.json", *options),
            cwd=self.folder,
            env={"KEY": CLIENT_KEY},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, _ = await gate.communicate()
        report = json.loads((self.folder / "report.json").read_text())
        bad = _bad(report)
        reasons = {case["id"]: f"{case['outcome']} {case['reason']}" for case in bad}
        return StepVerdict(gate.returncode or 0, _summary(printed.decode()), {case["profile"] for case in bad}, reasons)

    def give_reasons(self, baseline: str) -> None:
        """Say in a written baseline why its entries are accepted, as the page tells a reader to."""
        path = self.folder / baseline
        path.write_text(path.read_text().replace(NO_REASON, "the draft's, until it is replaced"))

    def _serve(self, name: str, command: list[Any], env: dict[str, str]) -> AbstractAsyncContextManager[Served]:
        log_file = self.folder / f"{name}.log"
        return serve([sys.executable, *command], name=f"the {name} proxy", log_file=log_file, env=env, key=CLIENT_KEY)


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


def _summary(printed: str) -> str:
    lines = printed.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("profile "))
    table = lines[first : 1 + next(number for number, line in enumerate(lines) if line.startswith("all "))]
    (closing,) = [line for line in lines if re.match(r"\S+ (holds|doesn't hold)", line)]
    closing = re.sub(r"^\S+", "127.0.0.1:8000", closing)
    return "\n".join([*(line.rstrip() for line in table), "", closing, ""])


def _bad(report: dict[str, Any]) -> list[dict[str, Any]]:
    bad = ("deviates", "untestable", "broken")
    return [case for case in report["cases"] if case["outcome"] in bad and not case["baseline"]]
