"""The plan of a run under load: a value that is written for the Locust process and read by it."""

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
"""How long the run waits for responses after the last arrival."""

PROGRESS_PREFIX = "hopcheck-progress "
"""The beginning of a line in which a Locust process reports its progress to the command; JSON follows."""


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """What arrives when, through which arms, and how the upstream responds.

    Attributes:
        arms: All arms: direct and control (if the upstream is known), and the hops.
        profile: The name of the load profile.
        stages: Its stages.
        arrivals: Whether arrivals are a Poisson process or evenly spaced.
        rate: Arrivals a second through each hop, as the user gave it.
        seed: The seed of every random draw.
        prefix: The first characters of every nonce: they differ from run to run, so that no marker is seen twice.
        delay_s: The mean of the upstream's delay before each response.
        fallback_model: A model with a fallback, for requests whose first route fails, or "".
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
        """Return the workloads of all stages, each once."""
        return [LOAD_WORKLOADS[name] for name in dict.fromkeys(stage.workload for stage in self.stages)]

    def scripts(self) -> dict[str, Script]:
        """Return the upstream's scripts for all workloads and faults."""
        timing = Timing(self.delay_s, self.seed)
        plain = {name: script for one in self.workloads() for name, script in timing.scripts(one).items()}
        return {**plain, **{name: script for stage in self.stages for name, script in _faulty(stage)}}

    def model(self, stage: Stage, arm: Arm) -> str:
        """Return the model that a stage's requests through an arm name."""
        falls_back = stage.fault == "fallback" and arm.kind == "hop" and self.fallback_model
        return self.fallback_model if falls_back else arm.model

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON, without keys, for a file or a report."""
        arms = [{name: value for name, value in asdict(arm).items() if name != "key"} for arm in self.arms]
        return {**asdict(self), "arms": arms}


def script_names(stage: Stage, arm: Arm, timing: Timing) -> list[str]:
    """Return the scripts of which one is played for each request of a stage; direct requests meet no faults."""
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
    """Write a plan for the Locust process; it includes keys, so only its owner may read the file."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(plan)), encoding="utf-8")


def read(path: Path) -> LoadPlan:
    """Read a plan that `write` has written.

    Raises:
        OSError, ValueError, TypeError, KeyError: The file holds no plan.
    """
    return from_document(json.loads(path.read_text(encoding="utf-8")))


def from_document(document: Mapping[str, Any]) -> LoadPlan:
    """Return the plan of a JSON document, which may lack the arms' keys."""
    arms = [Arm(**arm) for arm in document["arms"]]
    stages = [Stage(**stage) for stage in document["stages"]]
    return LoadPlan(**{**document, "arms": arms, "stages": stages})
