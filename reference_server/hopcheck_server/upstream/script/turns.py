"""What the upstream is to do: scripts, turns, and the ways in which bytes can leave.

Values only. Scripts can be sent to an upstream in another process (`script.transfer`), which plays the same.
Rendering is the dialect's work, playing the server's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hopcheck_server.upstream.script.error_story import ErrorStory

HeaderFields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool call that the upstream makes.

    Attributes:
        id: The call's id.
        name: The function's name.
        arguments: The arguments' text, cut as a stream's deltas carry it; joined in a JSON answer.
    """

    id: str
    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice of a completion.

    Attributes:
        reasoning: What the model thought before the text, cut as a stream's deltas carry it.
        signature: What the provider signs the reasoning with.
        text: The content, cut as a stream's deltas carry it; empty means null content.
        tool_calls: Calls, after the text. In a stream they follow one another, or alternate with `interleave`.
        finish: The finish reason, in OpenAI's words; also `context_exceeded`, `paused`, `refused` and
            `malformed_call`, which are sent as the dialect has them.
        message: Further fields of the message (refusal, reasoning_content, annotations, …); in a stream each goes
            with a delta of its own, before the text.
        logprobs: One entry of `logprobs.content` for each piece of text.
    """

    reasoning: tuple[str, ...] = ()
    signature: str = ""
    text: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    message: dict[str, Any] = field(default_factory=dict)
    logprobs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A chat response, sent as JSON or as a stream, whichever the request asks for.

    Attributes:
        choices: In order; their index is their place.
        usage: The usage object, in OpenAI's form (`Usage.read` has its counts); in an OpenAI stream it is sent only
            if the request asks for it.
        extra: Further top-level fields of the body, or of every chunk.
        interleave: In a stream, the choices' (or the calls') deltas alternate instead of following one another.
        usage_on_last_content: In a stream, usage stands on the chunk with the finish reason, not on one of its own.
        failure: In a stream, what stands in the place of its ending: the provider fails after the content.
    """

    choices: tuple[Choice, ...]
    usage: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    interleave: bool = False
    usage_on_last_content: bool = False
    failure: ErrorStory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """An embeddings answer: one vector per input, as float list or base64, whichever the request asks for.

    Attributes:
        vectors: Played in order, and over again if there are more inputs; empty means vectors made from the input.
        usage: The usage object.
    """

    vectors: tuple[tuple[float, ...], ...] = ()
    usage: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer's bytes leave, where it isn't at once and in order.

    Offsets count the body's bytes before gzip and chunk framing. Times are seconds.

    Attributes:
        delay_s: Before the headers.
        first_event_delay_s: Between headers and the first body bytes.
        pace_s: Between one event and the next.
        hang: Where to stop without ending: before the headers, after them, or after `hang_after` events. The
            connection stays open until the peer leaves or the attempt is released.
        hang_after: See `hang`.
        split_at: Body offsets at which a write ends and the next begins (TCP segments of their own).
        split_every: A write ends after each this many body bytes; 0 means never.
        split_characters: A write ends before each byte of a character that has several.
        split_blank_lines: A write ends within each blank line between events, and nowhere else; within the next one
            at another of its places.
        join_events: All events leave in one write.
        cut: How the connection ends at `cut_at`: `close` (FIN) or `reset` (RST). In either case the answer's own
            framing says that more should have come.
        cut_at: Body offset of the cut; 0 cuts after the headers, -1 before them.
        cut_after_events: The same, counted in events.
        end_after_events: The body ends properly after that many events, though the response isn't over.
        malformed_event: The event after that many others of a stream lacks its end, and so is no JSON.
        comment: A stream begins with a comment, as servers send them to keep a connection alive.
        done: How often the event that ends a stream (`[DONE]`, `message_stop`) is sent.
        line_end: Of event streams.
        gzip: The body is compressed (Content-Encoding: gzip), each event flushed, unless the request rules that out.
        content_length: What Content-Length claims, if not the truth.
        framing: `chunked`, or `close` (neither length nor chunks: the end of the connection ends the body). A JSON
            answer without it has a Content-Length, a stream is chunked.
        close: The connection is closed after a complete answer.
        stamps: Each text delta carries `<sequence>:<monotonic ns of its sending>:<the marker's nonce>` for its text.
    """

    delay_s: float = 0.0
    first_event_delay_s: float = 0.0
    pace_s: float = 0.0
    hang: Literal["", "headers", "body", "events"] = ""
    hang_after: int = 0
    split_at: tuple[int, ...] = ()
    split_every: int = 0
    split_characters: bool = False
    split_blank_lines: bool = False
    join_events: bool = False
    cut: Literal["close", "reset"] = "close"
    cut_at: int | None = None
    cut_after_events: int | None = None
    end_after_events: int | None = None
    malformed_event: int | None = None
    comment: bool = False
    done: int = 1
    line_end: Literal["\n", "\r\n", "\r"] = "\n"
    gzip: bool = False
    content_length: int | None = None
    framing: Literal["", "chunked", "close"] = ""
    close: bool = False
    stamps: bool = False

    def after(self, events: int) -> Delivery:
        """The same for a stream in which that many more events come before the content."""
        cut, hang, end = self.cut_after_events, self.hang_after, self.end_after_events
        return replace(
            self,
            cut_after_events=cut and cut + events,
            hang_after=hang and hang + events,
            end_after_events=end and end + events,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the upstream does with one attempt. The first of these that is given is sent.

    Attributes:
        status: The HTTP status.
        headers: Further response headers (they replace the dialect's own of the same name).
        body: Literal body bytes, whatever the request asks for.
        events: A literal stream. A dict is a chunk (id, object, created and model are filled in where missing, but
            not in one that has an `error` and no `choices`), a string is sent as it is, so it needs its own `data:`
            and blank line. `[DONE]` follows (see `Delivery.done`).
        error: An error, in the form of the dialect.
        completion: A chat answer.
        embedding: An embeddings answer. With nothing given, the dialect's default answer is sent.
        echo: `$KEY` in body, events, headers and errors stands for the key that came with the attempt.
        delivery: How the bytes leave.
    """

    status: int = 200
    headers: HeaderFields = ()
    body: bytes | None = None
    events: tuple[dict[str, Any] | str, ...] | None = None
    error: ErrorStory | None = None
    completion: Completion | None = None
    embedding: Embedding | None = None
    echo: bool = False
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the upstream does with the attempts of one marked request.

    Attempts are counted per marker and route. The route is what a proxy changes when it falls back: path, model and
    key. Attempt n plays turn n; the last turn goes on for ever.

    Attributes:
        turns: For the route of the marker's first attempt.
        backup: For every other route; empty means `turns`, counted on.
        by_model: For requests that name this model, before all else.
        by_key: For requests with this bearer key, before `turns` and `backup`.
    """

    turns: tuple[Turn, ...] = (Turn(),)
    backup: tuple[Turn, ...] = ()
    by_model: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    by_key: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)

    @property
    def all_turns(self) -> Iterator[Turn]:
        """Every turn, whatever it is for."""
        for turns in (self.turns, self.backup, *self.by_model.values(), *self.by_key.values()):
            yield from turns

    @property
    def has_routes(self) -> bool:
        """Whether the route of an attempt matters."""
        return bool(self.backup or self.by_model or self.by_key)

    def turn(self, *, total: int, on_route: int, first_route: bool, model: str, key: str) -> Turn:
        """Choose the turn of an attempt.

        Args:
            total: Which attempt of the marker this is, from 0.
            on_route: Which attempt of the marker on its route this is, from 0.
            first_route: Whether its route is that of the marker's first attempt.
            model: The model that the request names, or "".
            key: The bearer key that came with it, or "".
        """
        for turns in (self.by_model.get(model), self.by_key.get(key)):
            if turns:
                return turns[min(on_route, len(turns) - 1)]
        if self.backup and not first_route:
            return self.backup[min(on_route, len(self.backup) - 1)]
        count = on_route if self.backup else total
        return self.turns[min(count, len(self.turns) - 1)]


Scripts = Mapping[str, Script]
"""Scripts by the name that stands in a marker: a case's id, or `<id>~<variant>`."""
