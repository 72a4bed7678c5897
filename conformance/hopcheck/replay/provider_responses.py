"""The provider's responses to recorded attempts: a cassette holds their sizes, and the case's script their content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.responder import Responder
from hopcheck_server.upstream.script.turns import Scripts
from hopcheck_server.wire.headers import Headers


def with_responses(attempts: Iterable[Attempt], scripts: Scripts) -> Iterator[Attempt]:
    """All attempts of a marker, each with the response that the upstream renders for it, and the model in its path."""
    responder = Responder(scripts, Journal())
    for attempt in attempts:
        arrival = Arrival(attempt.method, attempt.path, Headers(attempt.headers).fields(), attempt.body)
        arrival.marker, arrival.script = attempt.marker, attempt.script
        rendered, _ = responder.respond(arrival)
        arrival.response_head, arrival.response_parts = rendered.head, rendered.pieces
        arrival.sent = [*chain.from_iterable(attempt.sent)]
        yield replace(attempt, response=arrival.attempt().response, model=attempt.model or arrival.model)
