"""Decides what the upstream responds to an attempt: finds its script, chooses the turn, and renders it."""

from __future__ import annotations

import itertools
import re
import zlib
from collections import OrderedDict
from dataclasses import replace

from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.dialects.renderer import Renderer
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.playback.rendered import RenderedResponse
from hopcheck_server.upstream.script.echo import echoed
from hopcheck_server.upstream.script.turns import Delivery, Script, Scripts, Turn
from hopcheck_server.wire.headers import Headers

MAX_FINISHED = 10_000
"""How many markers of finished cases are remembered."""

SEED_BYTES = 4096
"""Of a body without a marker, the last bytes that the response's ids depend on."""

_DEFAULT = Turn()


class Responder:
    """Responds to attempts from scripts; the journal numbers them.

    Attributes:
        scripts: What is played, by script name; may be changed at any time.
        journal: Where attempts are entered.
    """

    def __init__(self, scripts: Scripts, journal: Journal) -> None:
        self.scripts: dict[str, Script] = dict(scripts)
        self.journal = journal
        self._dialects = all_dialects()
        self._renderer = Renderer()
        self._unmarked = itertools.count(1)  # two requests with the same body have different ids, too
        self._finished: OrderedDict[str, None] = OrderedDict()

    def load(self, scripts: Scripts) -> None:
        """Add scripts, replacing those of the same name; markers of finished cases count as new again."""
        self.scripts.update(scripts)
        self._finished.clear()

    def finish(self, marker: str) -> None:
        """Give attempts that come later with this marker (a retry, say) the default response, so that none hangs."""
        self._finished[marker] = None
        if len(self._finished) > MAX_FINISHED:
            self._finished.popitem(last=False)

    def respond(self, arrival: Arrival) -> tuple[RenderedResponse, Delivery]:
        """Enter an attempt into the journal, and render what it is answered."""
        request = self._dialects.read(arrival.method, arrival.path, arrival.body, arrival.fields)
        arrival.model = request.model
        self.journal.add(arrival)
        turn = self._turn(arrival)
        seed = zlib.crc32(arrival.marker.encode() or arrival.body[-SEED_BYTES:])
        number = arrival.number if arrival.marker else next(self._unmarked)
        response = self._renderer.render(turn, request, b"%08x%x" % (seed, number), bool(arrival.marker))
        if arrival.method == "HEAD":
            response.bodiless, response.is_plain = True, False
        delivery = turn.delivery.after(response.leading_events) if response.leading_events else turn.delivery
        if delivery.gzip and not takes_gzip(arrival.headers):
            return response, replace(delivery, gzip=False)
        return response, delivery

    def _turn(self, arrival: Arrival) -> Turn:
        script = self.scripts.get(arrival.script) if arrival.script else None
        if script is None or arrival.marker in self._finished:
            return _DEFAULT
        on_route, is_first = self.journal.count_on_route(arrival) if script.has_routes else (arrival.number, True)
        turn = script.turn(
            total=arrival.number - 1,
            on_route=on_route - 1,
            first_route=is_first,
            model=arrival.model,
            key=arrival.key if script.by_key else "",
        )
        return echoed(turn, arrival.key) if turn.echo else turn


def takes_gzip(headers: Headers) -> bool:
    """Whether a request's sender asks for gzip; to one that names no encodings, a provider sends none."""
    codings = (
        coding.replace(" ", "").lower().partition(";") for coding in ",".join(headers.all("accept-encoding")).split(",")
    )
    takes = {name: not re.fullmatch(r"q=0(\.0*)?", weight) for name, _, weight in codings}
    return takes.get("gzip", takes.get("x-gzip", takes.get("*", False)))
