"""What a target does with a few requests that show what kind of gateway it is. Nothing here judges."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from hopcheck.client import Response, Target
from hopcheck.client.bodies import CHAT_PATH, encode
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt

WRONG_KEY = "hopcheck-wrong-key"
UNKNOWN_MODEL = "hopcheck-no-such-model"


@dataclass(frozen=True)
class Probe:
    """A request of preflight's.

    Attributes:
        response: What the target answered.
        attempt: What arrived at the upstream; None if nothing did.
    """

    response: Response
    attempt: Attempt | None

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with 200."""
        return self.response.status == 200

    @property
    def passed_untouched(self) -> bool:
        """Whether the provider got the same body, to the byte."""
        return self.attempt is not None and self.attempt.body == self.response.sent.body

    @property
    def was_refused(self) -> bool:
        """Whether the target itself refused the request as one that it can't serve."""
        return self.response.status in (400, 404, 405, 422, 501) and self.attempt is None


@dataclass(frozen=True)
class Probes:
    """The probes.

    Attributes:
        plain: A healthy request, with the configured key.
        wrong_key: One with a key that nobody knows.
        no_key: One without a key.
        unknown_model: One for a model that nobody serves.
        broken_json: One whose body ends in the middle.
        two_choices: One for two choices.
        model_list: One for the list of models; its arrival isn't looked for.
        unknown_path: One for a path that nobody serves.
    """

    plain: Probe
    wrong_key: Probe
    no_key: Probe
    unknown_model: Probe
    broken_json: Probe
    two_choices: Probe
    model_list: Probe
    unknown_path: Probe


async def send_probes(target: Target, control: Control) -> Probes:
    """Send each probe once, one after another.

    Args:
        target: The target, already known to answer.
        control: The upstream behind it.
    """

    async def arrived(response: Response) -> Probe:
        attempts = await control.attempts(response.marker)
        await control.forget(response.marker)
        return Probe(response, attempts[-1] if attempts else None)

    return Probes(
        plain=await arrived(await target.chat.create()),
        wrong_key=await arrived(await target.chat.create(key=WRONG_KEY)),
        no_key=await arrived(await target.chat.create(key="")),
        unknown_model=await arrived(await target.chat.create(model=UNKNOWN_MODEL)),
        broken_json=await arrived(await _ask_with_broken_json(target)),
        two_choices=await arrived(await target.chat.create(n=2)),
        model_list=Probe(await target.request("GET", "/models"), None),
        unknown_path=await _ask_nowhere(target, control),
    )


async def _ask_with_broken_json(target: Target) -> Response:
    marker = target.marker()
    body = encode(target.chat.body(marker, {}))[:-2]
    return await target.request("POST", CHAT_PATH, body=body, marker=marker)


async def _ask_nowhere(target: Target, control: Control) -> Probe:
    path = f"/hopcheck/{secrets.token_hex(6)}"
    begun_ns = time.monotonic_ns()  # an upstream in another process may have it before we note that it left
    response = await target.request("GET", path)
    found = [one for one in await control.unmarked(begun_ns) if one.path.endswith(path)]
    return Probe(response, found[-1] if found else None)
