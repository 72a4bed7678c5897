"""The gate on a deployment, as a user runs it, and what its report and its print say."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hopcheck.authoring.case_names import case_key
from hopcheck_server.chain import Served
from hopcheck_server.upstream.server import Upstream

from .conftest import ROOT

BASELINE = ROOT / "examples" / "targets" / "reference" / "baseline.toml"
PROFILES = ("chat", "models", "stream", "tools", "errors", "auth")
"""The areas that need no declaration in a target file."""
DECLARED = ["llm_proxy = true", "default_model = 'gpt-4o-mini'", "reasoning = true"]
"""What the reference proxy declares in any deployment."""
IN_FRONT_OF_LITELLM = [*DECLARED, "refuses_control_fields = true"]
_BAD = ("deviates", "untestable", "broken")


class GateVerdict(NamedTuple):
    """The gate's verdict on a deployment.

    Attributes:
        exit: The gate's exit code.
        output: All that it printed.
        red: The profiles with a requirement that doesn't hold and isn't in the baseline.
        bad: The outcome and the reason of each case that doesn't hold and isn't in the baseline.
        cases: How many cases there were.
    """

    exit: int
    output: str
    red: set[str]
    bad: dict[str, str]
    cases: int

    @property
    def summary(self) -> str:
        """Its table and its closing line."""
        lines = self.output.splitlines()
        first = next(number for number, line in enumerate(lines) if line.startswith("profile "))
        table = lines[first : 1 + next(number for number, line in enumerate(lines) if line.startswith("all "))]
        (closing,) = [line for line in lines if re.match(r"\S+ (holds|doesn't hold)", line)]
        closing = re.sub(r"^\S+", "127.0.0.1:8000", closing)
        return "\n".join([*(line.rstrip() for line in table), "", closing, ""])


async def judge(
    served: Served,
    upstream: Upstream,
    folder: Path,
    *options: str | Path,
    model: str = "gpt-4o-mini",
    declares: Sequence[str] = (),
) -> GateVerdict:
    """Run the gate on a server, in a folder that gets its files."""
    (folder / "hopcheck.toml").write_text("\n".join(["[declares]", *declares, ""]))
    words = [served.base_url, "--api-key-env", "KEY", "--upstream-url", upstream.url, "--model", model]
    words += [word for profile in PROFILES for word in ("--profile", profile)]
    gate = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hopcheck", "gate", *words, "--json", "report.json", *options),
        cwd=folder,
        env={"KEY": served.key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, _ = await gate.communicate()
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    bad = [case for case in report["cases"] if case["outcome"] in _BAD and not case["baseline"]]
    reasons = {case_key(case["id"], case["operation"]): f"{case['outcome']} {case['reason']}" for case in bad}
    red = {case["profile"] for case in bad}
    return GateVerdict(gate.returncode or 0, printed.decode(), red, reasons, len(report["cases"]))
