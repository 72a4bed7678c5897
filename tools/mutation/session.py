"""One session of cosmic-ray: a copy of the checkout, a seeded sample of the mutants of one part, and their outcomes."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tools.mutation.parts import LEFT_OUT, MutatedPart

CHECKOUT = Path(__file__).parents[2]
ROOTS = ("contracts", "reference_server", "conformance", "load")
COPIED = (*ROOTS, "tests", "tools", "examples", "docs", "pyproject.toml", "README.md", "litellm_config.test.yaml")
UNMARKED = "not (litellm or locust or whole_gate or commands or image or hostile)"

TIMEOUT_S = 120
"""A mutant whose tests take longer hangs, and counts as killed."""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed.

    Attributes:
        place: `contracts/hopcheck_contracts/sse.py:90`.
        diff: Its change, as unified diff lines.
    """

    place: str
    diff: str


@dataclass(frozen=True)
class SessionResult:
    """What came of a part's mutants.

    Attributes:
        part: The part's name.
        killed: How many a test noticed; those that can't run count as well.
        survivors: The others.
    """

    part: str
    killed: int
    survivors: tuple[Survivor, ...]


def run_session(part: MutatedPart, mutants: int, seed: int, folder: Path) -> SessionResult:
    """Mutate a part as often as that, or as often as possible, one mutant at a time.

    Args:
        part: What to mutate.
        mutants: The size of the sample.
        seed: The same seed takes the same sample of the same sources.
        folder: An empty folder for the copy.

    Raises:
        subprocess.CalledProcessError: The tests fail without a mutant, or cosmic-ray does.
    """
    for name in COPIED:
        _copy(CHECKOUT / name, folder / name)
    (folder / "mutation.toml").write_text(_config(part))
    _cosmic_ray(folder, "baseline", "mutation.toml")
    _cosmic_ray(folder, "init", "mutation.toml", "mutation.sqlite")
    database = str(folder / "mutation.sqlite")
    with use_db(database, WorkDB.Mode.open) as found:
        _take_sample(found, mutants, seed)
    _cosmic_ray(folder, "exec", "mutation.toml", "mutation.sqlite")
    with use_db(database, WorkDB.Mode.open) as found:
        return _result(part, found)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _config(part: MutatedPart) -> str:
    command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider -m '{UNMARKED}' {' '.join(part.tests)}"
    return f"""[cosmic-ray]
module-path = "{part.source}"
timeout = {TIMEOUT_S}.0
excluded-modules = []
test-command = "{command}"

[cosmic-ray.distributor]
name = "local"
"""


def _cosmic_ray(folder: Path, *words: str) -> None:
    """Run cosmic-ray in the copy, whose packages come before the installed ones."""
    path = os.pathsep.join(str(folder / root) for root in (*ROOTS, "."))
    env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    program = Path(sys.executable).with_name("cosmic-ray")
    subprocess.run([program, *words], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)


def _take_sample(found: WorkDB, mutants: int, seed: int) -> None:
    """Leave a sample to be run."""
    skipped = WorkResult(worker_outcome=WorkerOutcome.SKIPPED, output="not in the sample")
    pending = sorted(found.pending_work_items, key=_order)
    kept = [item for item in pending if not any(re.fullmatch(one, item.mutations[0].operator_name) for one in LEFT_OUT)]
    sample = {item.job_id for item in random.Random(seed).sample(kept, min(mutants, len(kept)))}  # noqa: S311 - no secret
    found.set_multiple_results([item.job_id for item in pending if item.job_id not in sample], skipped)


def _order(item: WorkItem) -> tuple[str, str, int]:
    """Job ids are random, so the sample is taken in the order of the sources."""
    (mutation,) = item.mutations
    return str(mutation.module_path), mutation.operator_name, mutation.occurrence


def _result(part: MutatedPart, found: WorkDB) -> SessionResult:
    ran = [(item, one) for item, one in found.completed_work_items if one.worker_outcome is not WorkerOutcome.SKIPPED]
    survived = [(item, one) for item, one in ran if one.test_outcome == TestOutcome.SURVIVED]
    survivors = [Survivor(_place(item), _change(one.diff or "")) for item, one in survived]
    return SessionResult(part.name, len(ran) - len(survived), tuple(sorted(survivors, key=lambda one: one.place)))


def _place(item: WorkItem) -> str:
    (mutation,) = item.mutations
    return f"{mutation.module_path}:{mutation.start_pos[0]}"


def _change(diff: str) -> str:
    """The lines of a diff that differ."""
    lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "\n".join(lines)
