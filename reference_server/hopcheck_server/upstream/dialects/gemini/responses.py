"""What Gemini answers: a body, or the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from hopcheck_server.upstream.dialects.arguments import parsed_arguments
from hopcheck_server.upstream.dialects.gemini.errors import error_body
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.template import MODEL, TAG
from hopcheck_server.upstream.script.turns import Choice, Completion
from hopcheck_server.upstream.script.usage import Usage

FINISHES = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "context_exceeded": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refused": "PROHIBITED_CONTENT",
    "malformed_call": "MALFORMED_FUNCTION_CALL",
}
"""Finish reasons, by those of a story."""

_RATING = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
_IDENTITY = {"modelVersion": MODEL, "responseId": f"hop{TAG}"}


def body(completion: Completion) -> Json:
    """The answer in one piece."""
    if _is_blocked(completion):
        return _blocked(completion)
    candidates = [_candidate(index, choice) for index, choice in enumerate(completion.choices)]
    return {"candidates": candidates, **_usage(completion), **_IDENTITY}


def events(completion: Completion) -> Iterator[Json]:
    """The answer as a stream; the last event of each candidate has its finish reason, and the last of all the usage."""
    if completion.failure is not None:
        content = [_content_events(index, choice) for index, choice in enumerate(completion.choices)]
        yield from (_event(one, _prompt_usage(completion)) for one in _ordered(content, completion.interleave))
        yield error_body(completion.failure.status, completion.failure)
        return
    if _is_blocked(completion):
        yield _blocked(completion)
        return
    whole = [[*_content_events(index, one), _finishing(index, one)] for index, one in enumerate(completion.choices)]
    *before, last = _ordered(whole, completion.interleave)
    yield from (_event(one, _prompt_usage(completion)) for one in before)
    yield _event(last, _usage(completion))


def _is_blocked(completion: Completion) -> bool:
    """Whether the prompt itself is held back: then there are no candidates."""
    return all(one.finish == "content_filter" and not _has_content(one) for one in completion.choices)


def _has_content(choice: Choice) -> bool:
    return bool(choice.text or choice.reasoning or choice.tool_calls)


def _blocked(completion: Completion) -> Json:
    feedback = {"blockReason": "SAFETY", "safetyRatings": [_RATING]}
    return {"promptFeedback": feedback, **_prompt_usage(completion), **_IDENTITY}


def _candidate(index: int, choice: Choice) -> Json:
    parts: list[Json] = [{"text": "".join(choice.reasoning), "thought": True}] if choice.reasoning else []
    if choice.text:
        parts.append({"text": "".join(choice.text)} | ({} if choice.tool_calls else _signature(choice)))
    parts += _calls(choice)
    return {"content": _content(parts), **_ending(choice), "index": index, "avgLogprobs": -0.1}


def _content_events(index: int, choice: Choice) -> list[Json]:
    parts: list[Json] = [
        *({"text": piece, "thought": True} for piece in choice.reasoning),
        *({"text": piece} for piece in choice.text),
        *_calls(choice),
    ]
    return [{"content": _content([part]), "index": index} for part in parts]


def _finishing(index: int, choice: Choice) -> Json:
    part: Json = {"text": ""} | ({} if choice.tool_calls else _signature(choice))
    return {"content": _content([part]), **_ending(choice), "index": index}


def _content(parts: Sequence[Json]) -> Json:
    return {"parts": list(parts), "role": "model"} if parts else {"role": "model"}


def _calls(choice: Choice) -> list[Json]:
    """Each call whole, and without an id; the first of them is signed."""
    parts: list[Json] = [
        {"functionCall": {"name": call.name, "args": parsed_arguments(call)}} for call in choice.tool_calls
    ]
    if parts:
        parts[0] |= _signature(choice)
    return parts


def _signature(choice: Choice) -> Json:
    return {"thoughtSignature": choice.signature} if choice.signature else {}


def _ending(choice: Choice) -> Json:
    reason = FINISHES[choice.finish]
    if reason == "SAFETY":
        return {"finishReason": reason, "safetyRatings": [_RATING]}
    if reason == "MALFORMED_FUNCTION_CALL":
        return {"finishReason": reason, "finishMessage": "Malformed function call: look_up(q"}
    return {"finishReason": reason}


def _event(candidate: Json, usage: Json) -> Json:
    return {"candidates": [candidate], **usage, **_IDENTITY}


def _usage(completion: Completion) -> Json:
    """What the request cost: tokens of the prompt with the cached ones, of the text without those of thoughts."""
    if completion.usage is None:
        return {}
    used = Usage.read(completion.usage)
    counts = _prompt_counts(used)
    counts |= {"candidatesTokenCount": used.output - used.reasoning, "totalTokenCount": used.all_input + used.output}
    if used.reasoning:
        counts["thoughtsTokenCount"] = used.reasoning
    return {"usageMetadata": counts}


def _prompt_usage(completion: Completion) -> Json:
    """The same before anything is generated."""
    return {} if completion.usage is None else {"usageMetadata": _prompt_counts(Usage.read(completion.usage))}


def _prompt_counts(used: Usage) -> Json:
    counts: Json = {"promptTokenCount": used.all_input, "totalTokenCount": used.all_input}
    counts["promptTokensDetails"] = _text_tokens(used.all_input)
    if used.cached_read:
        counts |= {
            "cachedContentTokenCount": used.cached_read,
            "cacheTokensDetails": _text_tokens(used.cached_read),
        }
    return counts


def _text_tokens(count: int) -> list[Json]:
    return [{"modality": "TEXT", "tokenCount": count}]


def _ordered(lists: Sequence[Sequence[Json]], interleave: bool) -> Iterator[Json]:
    """One list after the other, or the first of each, then the second of each."""
    if not interleave:
        return chain.from_iterable(lists)
    return (item for row in zip_longest(*lists) for item in row if item is not None)
