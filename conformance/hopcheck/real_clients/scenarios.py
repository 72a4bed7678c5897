"""What the provider does while a client runs, and what is right then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hopcheck.authoring.findings import Finding, expect
from hopcheck.real_clients.client_run import ClientRun, pauses_s
from hopcheck.real_clients.command_line_client import CommandLineClient
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.reply import Scripted

TEXT = "Hello from the provider."
HALF = "The first half of it "
TOO_LONG = "prompt is too long: 213462 tokens > 200000 maximum"
RETRY_AFTER_S = 2
SLOW_S = 2.0


@dataclass(frozen=True)
class Sighting:
    """A run as both sides saw it.

    Attributes:
        client: The client.
        run: What its user saw.
        attempts: What the provider saw.
        retries: How often client and target together may try again, after a failure.
    """

    client: CommandLineClient
    run: ClientRun
    attempts: Sequence[Attempt]
    retries: int


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One behaviour of a provider.

    Attributes:
        name: For people and reports.
        does: What the provider does, as a clause.
        script: The provider's turns, for a client.
        judge: Compares what was seen with what is right.
        retries: How often the client may try again.
    """

    name: str
    does: str
    script: Callable[[CommandLineClient], Scripted]
    judge: Callable[[Sighting], Iterator[Finding]]
    retries: int = 0


def _answered(seen: Sighting) -> Iterator[Finding]:
    yield expect("exit code", seen.run.exit_code, equals=0)
    yield expect("answer", seen.run.text, equals=TEXT)


def _answered_once(seen: Sighting) -> Iterator[Finding]:
    yield from _answered(seen)
    yield expect("requests at the provider", len(seen.attempts), equals=1)


def _used_its_tool(seen: Sighting) -> Iterator[Finding]:
    yield from _answered(seen)
    results = [b"tool-ok-42" in attempt.body for attempt in seen.attempts]
    yield expect("requests with the tool's result", results, equals=[False, True])


def _waited(seen: Sighting) -> Iterator[Finding]:
    yield from _answered(seen)
    yield expect("requests at the provider", len(seen.attempts), equals=2)
    yield expect("pause before the second, in seconds", min(pauses_s(seen.attempts), default=0), at_least=RETRY_AFTER_S)


def _failed(seen: Sighting) -> Iterator[Finding]:
    yield expect("exit code", seen.run.exit_code, holds=seen.run.exit_code not in (0, None), to="isn't 0")
    yield expect("failure that is shown", seen.run.failure, holds=bool(seen.run.failure), to="says what happened")


def _failed_as_overloaded(seen: Sighting) -> Iterator[Finding]:
    yield from _failed(seen)
    is_shown = any(words in seen.run.failure for words in ("529", "at capacity"))  # the second: Codex
    yield expect("overload that is shown", seen.run.failure, holds=is_shown, to="says 529, or that all is in use")
    yield expect("requests at the provider", len(seen.attempts), at_most=1 + seen.retries)


def _failed_as_too_long(seen: Sighting) -> Iterator[Finding]:
    yield from _failed(seen)
    knows = seen.client.knows_too_long(seen.run)
    yield expect("reason that is shown", seen.run.failure, holds=knows, to="says that the conversation is too long")
    yield expect("requests at the provider", len(seen.attempts), equals=1)


SCENARIOS = (
    Scenario(
        name="text", does="answers", script=lambda _: reply.chat("Hello from ", "the provider."), judge=_answered_once
    ),
    Scenario(
        name="tool",
        does="calls the client's shell, and then answers",
        script=lambda client: [reply.chat(tools=[client.shell_call]), reply.chat(TEXT)],
        judge=_used_its_tool,
    ),
    Scenario(
        name="rate-limit",
        does=f"answers 429 with `Retry-After: {RETRY_AFTER_S}`, and then as usual",
        script=lambda _: [
            reply.status(429, {"message": "Slow down."}, headers={"Retry-After": str(RETRY_AFTER_S)}),
            reply.chat(TEXT),
        ],
        judge=_waited,
        retries=1,
    ),
    Scenario(
        name="overloaded",
        does="answers 529",
        script=lambda _: reply.status(529, {"message": "Overloaded"}),
        judge=_failed_as_overloaded,
    ),
    Scenario(
        name="cut",
        does="breaks its stream off in the middle of the text",
        script=lambda _: reply.chat(HALF, "and the ", "second.", cut_after_events=2),
        judge=_failed,
    ),
    Scenario(
        name="unfinished",
        does="ends its stream without an end of the message",
        script=lambda _: reply.chat(HALF, "and the ", "second.", cut_after_events=2, framing="close"),
        judge=_failed,
    ),
    Scenario(
        name="too-long",
        does="refuses the conversation as too long",
        script=lambda _: reply.status(400, {"message": TOO_LONG, "code": "context_length_exceeded"}),
        judge=_failed_as_too_long,
    ),
    Scenario(
        name="slow",
        does=f"takes {SLOW_S:g} s to its first token",
        script=lambda _: reply.chat("Hello from ", "the provider.", first_event_delay_s=SLOW_S),
        judge=_answered_once,
    ),
)
"""In the order in which they are shown."""
