"""Workloads: kinds of requests, with the upstream's responses to them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.surfaces.prompt import Prompt, ToolTurn
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker, script_name
from hopcheck_server.upstream.script.turns import Script, Turn

DELTAS = 50
"""The text deltas of a stream."""

TEXT = "It is what it is, and it takes what it takes."
"""The text of a response that is no stream."""

PACE_S = 0.004
"""Seconds between the events of a paced stream: longer than any hop needs for one, so that each is timed alone."""

DELAYS = 16
"""How many delays are drawn for the upstream; the exchanges of one round all get the same delay."""

_WORD = "lorem ipsum dolor sit "  # about four characters a token, five to six tokens
_TOKENS_A_WORD = 5


TOKENS_A_TURN = 500
"""The length of a tool turn in an agent's history: a call, and its result."""

GROWTH = tuple(range(1_000, 10_001, TOKENS_A_TURN))
"""The lengths of a session that grows, turn by turn."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of exchange.

    Attributes:
        name: Its name.
        about: A description of a few words.
        stream: Whether the response is a stream; its deltas carry stamps then.
        pace_s: The time between events, at the upstream.
        prompt_tokens: The approximate length of the prompt.
        rounds: How many rounds are measured if there is time.
        share: Its weight in sharing out the time among workloads.
        delay_s: A fixed delay of the upstream before each response, in addition to those that `Timing` draws.
        agent: Whether the prompt is an agent's session: tools, and a history of calls and results. A longer history
            begins with the shorter one, as a session grows.
        growth: The lengths of prompts that follow one another, instead of `prompt_tokens`; empty for one length.
        surface: The name of the surface that is asked.
    """

    name: str
    about: str
    stream: bool = False
    pace_s: float = 0.0
    prompt_tokens: int = 0
    rounds: int = 1500
    share: float = 1.0
    delay_s: float = 0.0
    agent: bool = False
    growth: tuple[int, ...] = ()
    surface: str = "chat"

    @property
    def script(self) -> str:
        """The name of its script at the upstream."""
        return f"load.{self.name}"

    @property
    def operation(self) -> str:
        """The operation that its requests use."""
        return f"{self.surface}.stream" if self.stream else self.surface

    def turn(self, delay_s: float = 0.0) -> Turn:
        """Return the upstream's response, after an additional delay."""
        after_s = self.delay_s + delay_s
        if self.stream:
            text = (" word",) * DELTAS
            return reply.stream(*text, stamps=True, pace_s=self.pace_s, delay_s=after_s)
        return reply.chat(TEXT, delay_s=after_s)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of its prompts in tokens; the next request after the last has the first again."""
        return self.growth or (self.prompt_tokens,)

    def body(self, model: str, marker: str, number: int = 0) -> bytes:
        """Return the body of the request of that number; those of one number all have the same size."""
        tokens = self.lengths[number % len(self.lengths)]
        prompt = _session(tokens, marker) if self.agent else Prompt(_words(tokens) + marker)
        asked = SURFACES[self.surface].body(model, prompt)
        return json.dumps({**asked, **({"stream": True} if self.stream else {})}).encode()

    @property
    def max_body_bytes(self) -> int:
        """The size of its largest body, without model and marker."""
        return len(self.body("", "", -1))

    def on(self, surface: str) -> Workload:
        """Return this workload of chat completions on another surface (see `workload_name`)."""
        about = f"{SURFACES[surface].label}: {self.about}"
        return replace(self, name=workload_name(self.name, surface), about=about, surface=surface)


def workload_name(name: str, surface: str) -> str:
    """Return the name that a workload of chat completions has on a surface: `messages`, `messages-stream`."""
    return name if surface == "chat" else surface if name == "chat" else f"{surface}-{name}"


def _words(tokens: int) -> str:
    return _WORD * (tokens // _TOKENS_A_WORD)


def _session(tokens: int, marker: str) -> Prompt:
    """Return a session so far: a task, and a call of a tool with its result in each turn."""
    return Prompt(marker, tuple(map(_tool_turn, range(max(1, tokens // TOKENS_A_TURN)))), is_session=True)


@lru_cache
def _tool_turn(turn: int) -> ToolTurn:
    return ToolTurn(f"call_{turn:04d}", f"src/module_{turn}.py", _words(TOKENS_A_TURN))


WORKLOADS: Mapping[str, Workload] = {
    one.name: one
    for one in (
        Workload("chat", "one JSON answer, short prompt", share=4),
        Workload("stream", f"a stream of {DELTAS} deltas, back to back", stream=True, rounds=400, share=3),
        Workload(
            "paced", f"a stream of {DELTAS} deltas, one each 4 ms", stream=True, pace_s=PACE_S, rounds=40, share=4
        ),
        Workload("1k", "one JSON answer, prompt of 1,000 tokens", prompt_tokens=1_000, rounds=200, share=1),
        Workload("10k", "one JSON answer, prompt of 10,000 tokens", prompt_tokens=10_000, rounds=100, share=1),
        Workload("100k", "one JSON answer, prompt of 100,000 tokens", prompt_tokens=100_000, rounds=40, share=2),
    )
}
"""The workloads at rest by name, in the order in which they are measured."""


AGENT_WORKLOADS: Mapping[str, Workload] = {
    one.name: one
    for one in (
        Workload(
            "agent",
            f"a stream of {DELTAS} deltas, for an agent's session that grows from 1,000 to 10,000 tokens",
            stream=True,
            rounds=190,
            agent=True,
            growth=GROWTH,
        ),
        *(
            Workload(
                f"agent-{size}",
                f"a stream of {DELTAS} deltas, for an agent's session of {tokens:,} tokens with tools",
                stream=True,
                prompt_tokens=tokens,
                rounds=rounds,
                agent=True,
            )
            for size, tokens, rounds in (("1k", 1_000, 200), ("10k", 10_000, 100), ("100k", 100_000, 40))
        ),
    )
}
"""Sessions of agents, by the length of their history: measured where they are asked for."""


def on_all_surfaces(workloads: Mapping[str, Workload]) -> dict[str, Workload]:
    """Return workloads on every surface, by name; those on chat completions first."""
    others = [one.on(surface) for surface in SURFACES if surface != "chat" for one in workloads.values()]
    return {**workloads, **{one.name: one for one in others}}


REST_WORKLOADS: Mapping[str, Workload] = on_all_surfaces({**WORKLOADS, **AGENT_WORKLOADS})
"""All workloads that can be measured at rest."""


class Timing:
    """The upstream's delays: drawn from a seed, and the same for all exchanges of a round."""

    def __init__(self, mean_s: float, seed: int) -> None:
        """Draw the delays; with a mean of 0 there are none."""
        draw = random.Random(seed)  # noqa: S311 - nothing secret
        self.delays_s = [draw.expovariate(1 / mean_s) for _ in range(DELAYS)] if mean_s else [0.0]
        self._rounds = random.Random(seed + 1)  # noqa: S311

    def scripts(self, workload: Workload) -> dict[str, Script]:
        """Return the upstream's scripts for a workload, one for each delay."""
        return {
            self.name(workload, place): reply.script_of(workload.turn(delay))
            for place, delay in enumerate(self.delays_s)
        }

    def name(self, workload: Workload, place: int) -> str:
        """Return the name of the script with the delay of that number."""
        return script_name(workload.script, f"{place:02d}")

    def draw(self, workload: Workload) -> str:
        """Draw the name of the next round's script."""
        return self.name(workload, self._rounds.randrange(len(self.delays_s)))


def marker_text(script: str, operation: str, prefix: str, number: int) -> str:
    """Return a marker; those of one script and prefix all have the same length."""
    return str(Marker.make(script, operation, f"{prefix}{number:08x}"))
