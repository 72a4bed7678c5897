"""What a run under load is to do: a value that is written for the Locust process and read by it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hopcheck_load.measurement.profiles import LOAD_WORKLOADS, Fault, Stage
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import ArrivalKind
from hopcheck_load.measurement.workloads import Timing, Workload
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script, Turn

DRAIN_S = 10.0
"""How long after the last arrival answers are waited for."""


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """What is to be done.

    Attributes:
        arms: All ways: direct and control (if the upstream is known), and the hops.
        profile: Its name.
        stages: What arrives when.
        arrivals: How.
        rate: What was asked for: arrivals a second through each hop.
        seed: Everything is drawn from it.
        prefix: What all markers of this run begin with, so that nobody has seen one before.
        delay_s: The mean of the upstream's delay before each answer.
        fallback_model: What is asked for where the upstream's first route fails, or "".
    """

    arms: Sequence[Arm]
    profile: str
    stages: Sequence[Stage]
    arrivals: ArrivalKind
    rate: float
    seed: int
    prefix: str
    delay_s: float = 0.0
    fallback_model: str = ""

    @property
    def end_s(self) -> float:
        """When the last request may arrive."""
        return max(stage.end_s for stage in self.stages)

    def workloads(self) -> list[Workload]:
        """What is asked, each once."""
        return [LOAD_WORKLOADS[name] for name in dict.fromkeys(stage.workload for stage in self.stages)]

    def scripts(self) -> dict[str, Script]:
        """What the upstream is to play."""
        timing = Timing(self.delay_s, self.seed)
        plain = {name: script for one in self.workloads() for name, script in timing.scripts(one).items()}
        return {**plain, **{name: script for stage in self.stages for name, script in _faulty(stage)}}

    def model(self, stage: Stage, arm: Arm) -> str:
        """What is asked for."""
        falls_back = stage.fault == "fallback" and arm.kind == "hop" and self.fallback_model
        return self.fallback_model if falls_back else arm.model

    def document(self) -> dict[str, Any]:
        """For a file or a report: without keys."""
        arms = [{name: value for name, value in asdict(arm).items() if name != "key"} for arm in self.arms]
        return {**asdict(self), "arms": arms}


def script_names(stage: Stage, arm: Arm, timing: Timing) -> list[str]:
    """The scripts of which one is played for a request; nothing goes wrong for those that come directly."""
    if stage.fault and arm.kind == "hop":
        return [_fault_script(stage)]
    workload = LOAD_WORKLOADS[stage.workload]
    return [timing.name(workload, place) for place in range(len(timing.delays_s))]


def _fault_script(stage: Stage) -> str:
    return f"{LOAD_WORKLOADS[stage.workload].script}.{stage.fault}"


def _faulty(stage: Stage) -> Iterator[tuple[str, Script]]:
    if stage.fault:
        yield _fault_script(stage), _FAULTS[stage.fault](LOAD_WORKLOADS[stage.workload].turn())


def _first_too_many(turn: Turn) -> Script:
    return Script(turns=(reply.status(429, {"type": "rate_limit_error", "code": "rate_limit_exceeded"}), turn))


def _first_broken(turn: Turn) -> Script:
    return Script(turns=(reply.status(500), turn))


def _first_route_broken(turn: Turn) -> Script:
    return reply.backup(reply.status(500), turn)


_FAULTS: Mapping[Fault, Any] = {"429": _first_too_many, "500": _first_broken, "fallback": _first_route_broken}


def write(plan: LoadPlan, path: Path) -> None:
    """Write it for the Locust process; keys included, so only its owner may read it."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(plan)), encoding="utf-8")


def read(path: Path) -> LoadPlan:
    """Read what `write` wrote.

    Raises:
        OSError, ValueError, TypeError, KeyError: It is no plan.
    """
    return from_document(json.loads(path.read_text(encoding="utf-8")))


def from_document(said: Mapping[str, Any]) -> LoadPlan:
    """A plan from its JSON; keys may be missing."""
    arms = [Arm(**arm) for arm in said["arms"]]
    stages = [Stage(**stage) for stage in said["stages"]]
    return LoadPlan(**{**said, "arms": arms, "stages": stages})
