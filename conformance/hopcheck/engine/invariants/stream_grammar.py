"""Every stream keeps its surface's grammar: what comes when, how often, and that nothing follows its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from hopcheck.authoring.findings import Level
from hopcheck.client.operations import OPERATIONS
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.content import chat_content
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck_contracts.documents import surface_of
from hopcheck_contracts.grammar.chat import Rule
from hopcheck_contracts.grammar.messages import MessageRule
from hopcheck_contracts.grammar.response_rules import ResponseRule
from hopcheck_contracts.grammar.stream_reader import Breach
from hopcheck_contracts.grammar.surfaces import check_events

STREAM_GRAMMAR = "stream-grammar"

_SAYS: Mapping[StrEnum, str] = {
    Rule.ENCODING: "a stream is not UTF-8",
    Rule.COMPLETE_EVENTS: "a stream ends within an event",
    Rule.ROLE_FIRST: "a choice begins without a role",
    Rule.FINISH_LAST: "a choice goes on after its finish reason",
    Rule.CHOICES: "there are other choices than were asked for",
    Rule.USAGE_LAST: "a choice goes on after the usage",
    Rule.TOOL_CALL_START: "a tool call begins without its id or name",
    Rule.TOOL_CALL_ID: "a tool call changes its id",
    Rule.ERROR_LAST: "something follows an error",
    Rule.DONE_LAST: "something follows [DONE]",
    MessageRule.EVENT_LINE: "an event's line is not its type",
    MessageRule.BLOCK_INDEX: "a block has another index than was expected",
    MessageRule.ONE_OPEN_BLOCK: "a block is not closed",
    MessageRule.OPEN_BLOCK: "something belongs to a block that isn't open",
    MessageRule.DELTA_TYPE: "a block has a delta of another type",
    MessageRule.MESSAGE_END: "a block follows the message_delta",
    MessageRule.NO_DONE: "there is a [DONE]",
    ResponseRule.CREATED_FIRST: "a stream doesn't begin with one response.created",
    ResponseRule.SEQUENCE: "events are not numbered one after the other",
    ResponseRule.ITEM_INDEX: "an item has another index than was expected",
    ResponseRule.OPEN_ITEM: "something belongs to an item that isn't open",
    ResponseRule.ITEM_ID: "an item changes its id",
    ResponseRule.PART_INDEX: "a part has another index than was expected",
    ResponseRule.OPEN_PART: "something belongs to a part that isn't open",
    ResponseRule.DONE_TEXT: "a whole text is not that of its pieces",
    ResponseRule.ITEMS_DONE: "an item or a part is not done",
    ResponseRule.FINAL_OUTPUT: "the final output has other items than the stream",
    ResponseRule.ONE_TERMINAL: "no event ends the response",
    ResponseRule.TERMINAL_STATUS: "a response's status is not what its last event says",
    ResponseRule.TERMINAL_LAST: "something follows the end of the response",
}
"""By rule, whose name is the same on every surface that has it; the others have more than one cause."""

_LESS_BINDING = frozenset({"a choice begins without a role", "model changes within a stream", "there is a [DONE]"})

STREAMS = frozenset(name for name, kind in OPERATIONS.items() if kind.streams)

AFTER_A_FAULT = frozenset({Rule.ERROR_LAST, Rule.DONE_LAST, MessageRule.EVENT_LINE, ResponseRule.TERMINAL_LAST})
"""What a stream keeps to whatever the provider does."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield the rules that a stream breaks; after a provider's fault, those that hold nevertheless."""
    exchange = judged.exchange
    answer = exchange.answer
    if not answer.streams or answer.body is None or not answer.payloads:
        return  # where nothing came of a success, its content is lost, which is no matter of grammar
    events, rest = answer.parsed
    n = wants_usage = None
    surface = surface_of(exchange.path)
    if judged.forecast is Forecast.CLEAN and exchange.given[-1] is not None and surface == "openai-compatible":
        meant = chat_content(exchange.given[-1])
        n = len(meant["choices"]) or None
        wants_usage = _wants_usage(judged) and meant.get("usage") is not None
    excused = set() if judged.forecast is Forecast.CLEAN else _broken_by_provider(judged)
    seen: dict[str, Breach] = {}
    for breach in check_events(surface, events, n=n, wants_usage=wants_usage or None, rest=rest):
        if breach.rule == Rule.SCHEMA or (judged.forecast is not Forecast.CLEAN and not _always(breach, excused)):
            continue
        seen.setdefault(cause_of(breach), breach)
    for cause, breach in seen.items():
        level = Level.SHOULD if cause in _LESS_BINDING else Level.MUST
        yield Complaint(cause, str(breach), level)


def _always(breach: Breach, excused: set[str]) -> bool:
    is_second_done = breach.rule is Rule.ONE_DONE and cause_of(breach) == "[DONE] comes more than once"
    return (breach.rule in AFTER_A_FAULT or is_second_done) and cause_of(breach) not in excused


def _broken_by_provider(judged: Judged) -> set[str]:
    return {
        cause_of(breach)
        for given in judged.exchange.given
        if given is not None and given.body is not None and given.streams
        for breach in check_events(surface_of(judged.exchange.path), given.events, rest=given.parsed[1])
    }


def _wants_usage(judged: Judged) -> bool:
    options = (judged.exchange.asked or {}).get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def cause_of(breach: Breach) -> str:
    """A breach without its varying parts."""
    match breach.rule:
        case Rule.ONE_DONE:
            return "there is no [DONE]" if " 0 times" in breach.message else "[DONE] comes more than once"
        case Rule.ONE_FINISH:
            return "a choice has no finish reason" if "no finish" in breach.message else "a choice ends twice"
        case Rule.ONE_USAGE:
            return "the usage is missing" if "no usage" in breach.message else "the usage comes twice"
        case MessageRule.START_FIRST:
            return "a stream doesn't begin with one message_start"
        case MessageRule.STOP_REASON:
            return "there is no stop reason" if "no stop" in breach.message else "there are two stop reasons"
        case MessageRule.STOP_LAST:
            return "there is no message_stop" if "no message" in breach.message else "something follows message_stop"
        case Rule.SAME_IDENTITY:
            return f"{breach.message.partition(' ')[0]} changes within a stream"
        case _:
            return _SAYS.get(breach.rule, str(breach.rule))


INVARIANT = JudgedInvariant(STREAM_GRAMMAR, frozenset({Forecast.CLEAN, Forecast.FAULTED}), judge, STREAMS)
