"""What the upstream said to attempts, made again from its scripts: the journal keeps what came, not what was answered.

A turn is rendered alike whenever it is rendered for the same attempt, so nothing needs to be kept for the few answers
that anybody asks about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hopcheck_server.upstream.dialects.openai import Renderer
from hopcheck_server.upstream.journal.arrival import RequestHead
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.playback.rendered import RenderedResponse
from hopcheck_server.upstream.reading import Readings
from hopcheck_server.upstream.script.echo import echoed
from hopcheck_server.upstream.script.turns import Script, Scripts, Turn

_UNSCRIPTED = Script()


class Said(NamedTuple):
    """An answer of the upstream's.

    Attributes:
        status: Of the answer.
        headers: In order, names as they were written; without those that frame the body.
        body: What was sent of it, neither compressed nor framed.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def retold(attempts: Sequence[Attempt], scripts: Scripts) -> list[Said]:
    """What the upstream said to the attempts of one marker, all of them and in the order of their arrival."""
    readings, renderer = Readings(), Renderer()
    said = []
    for attempt, turn in zip(attempts, _turns(attempts, scripts), strict=True):
        method, url = attempt.method.encode("latin-1"), attempt.path.encode("latin-1")
        head = RequestHead(method, url, [], keep_alive=True, http10=False, length=len(attempt.body))
        read = readings.read(head, attempt.body)
        said.append(_said(renderer.render(turn, read.ask, read.seed, attempt.number), attempt))
    return said


def _turns(attempts: Sequence[Attempt], scripts: Scripts) -> Iterator[Turn]:
    """Which turn was played for each attempt; see `Script`."""
    on_route: Counter[tuple[str, str, str]] = Counter()
    first = _route(attempts[0]) if attempts else None
    for attempt in attempts:
        route = _route(attempt)
        turn = scripts.get(attempt.script, _UNSCRIPTED).turn(
            total=attempt.number - 1,
            on_route=on_route[route],
            first_route=route == first,
            model=attempt.model,
            key=attempt.key,
        )
        on_route[route] += 1
        yield echoed(turn, attempt.key) if turn.echo else turn


def _route(attempt: Attempt) -> tuple[str, str, str]:
    return attempt.path, attempt.model, attempt.key


def _said(answer: RenderedResponse, attempt: Attempt) -> Said:
    status, *lines = answer.head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    sent = sum(size for _, size in attempt.sent)
    return Said(int(status.split()[1]), [(name, value) for name, _, value in pairs], b"".join(answer.pieces)[:sent])
