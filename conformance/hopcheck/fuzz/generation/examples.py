"""Generates examples: schemathesis makes requests and responses from the contract.

Importing this module needs the extra `fuzz`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import schemathesis
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet

from hopcheck.client.config import TargetConfig
from hopcheck.fuzz import operations
from hopcheck.fuzz.example import NOTHING, Example, raw_body
from hopcheck.fuzz.generation.chat_responses import chunks_of, reconcile_fields
from hopcheck.fuzz.generation.documents import PATH, body_document, parameter_document
from hopcheck.fuzz.generation.numbers import DOUBLE_EXACT, portable_numbers
from hopcheck_contracts.documents import standalone_schema
from hopcheck_contracts.schemas import must_refuse
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Delivery, Embedding, Turn

Examples = SearchStrategy[Example]

CHAT, EMBEDDINGS = "/chat/completions", "/embeddings"

DELIVERIES = (
    Delivery(),
    Delivery(join_events=True),
    Delivery(split_every=61),
    Delivery(line_end="\r\n"),
    Delivery(gzip=True),
)
"""Ways in which a provider's bytes may be delivered."""

HEADERS = ("accept-language", "user-agent", "x-request-id", "x-hopcheck")
"""Headers that change nothing."""

AWKWARD_TEXTS = (
    "  kept spaces  ",
    "\n\tlines\r\n",
    "data: [DONE]\n\n",
    "a\u0308 \u212b \ufb01",
    "\u4f60\u597d \U0001f469\u200d\U0001f680",
    "line\u2028paragraph\u2029next\u0085",
    '\\n "quoted" </script> &amp;',
    "\x00\x1b[0m\x7f\ufeff",
)
"""Texts that change when a proxy strips, normalises, escapes or splits them."""

ODD_VALUES: tuple[Any, ...] = (NOTHING, None, True, 5, 1.5, "", "odd", [], [5], {}, {"odd": 5})
"""Values of a wrong type for a field; `NOTHING` leaves the field out."""

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


@cache
def _bodies(name: str, mode: GenerationMode = GenerationMode.POSITIVE) -> SearchStrategy[Any]:
    schema = schemathesis.openapi.from_dict(body_document(name), config=SchemathesisConfig())
    return schema[PATH]["POST"].as_strategy(generation_mode=mode).map(lambda case: case.body)


@cache
def _model_names() -> SearchStrategy[str]:
    schema = schemathesis.openapi.from_dict(
        parameter_document("/v1/models/{model}", "model"), config=SchemathesisConfig()
    )
    cases = schema[f"{PATH}/{{model}}"]["GET"].as_strategy(generation_mode=GenerationMode.POSITIVE)
    return cases.map(lambda case: str(case.path_parameters["model"]))


@st.composite
def _chat(draw: DrawFn, config: TargetConfig) -> Example:
    body = portable_numbers(draw(_bodies("ChatCompletionRequest")))
    body["model"] = config.models.chat
    _ask_for_a_stream(body, draw(st.booleans()), draw(st.booleans()))
    answer = reconcile_fields(draw(_bodies("ChatCompletion")), body.get("n") or 1)
    text = draw(st.one_of(st.none(), st.sampled_from(AWKWARD_TEXTS)))
    if text is not None:
        body["messages"].append({"role": "user", "content": text})
        answer["choices"][0]["message"]["content"] = text
    return Example(operations.CHAT.id, "POST", CHAT, body, turn=draw(_chat_turns(body, answer)))


def _ask_for_a_stream(body: dict[str, Any], streams: bool, counts: bool) -> None:
    """Make a request ask for a stream, with or without usage, or for a response in one piece; each equally often."""
    if not streams:
        body.pop("stream_options", None)
        if body.get("stream"):
            body["stream"] = False
        return
    body["stream"] = True
    if counts:
        body["stream_options"] = {"include_usage": True}


@st.composite
def _chat_turns(draw: DrawFn, asked: Mapping[str, Any], answer: dict[str, Any]) -> Turn:
    vendor = draw(st.one_of(st.none(), st.none(), st.text(max_size=8)))
    if vendor is not None:
        answer["x_vendor"] = vendor
    delivery = draw(st.sampled_from(DELIVERIES))
    if not asked.get("stream"):
        return Turn(body=json.dumps(answer, ensure_ascii=draw(st.booleans())).encode(), delivery=delivery)
    options = asked.get("stream_options") or {}
    cuts = draw(st.lists(st.integers(1, 9), max_size=3))
    return Turn(events=tuple(chunks_of(answer, cuts, usage=options.get("include_usage") is True)), delivery=delivery)


@st.composite
def _embeddings(draw: DrawFn, config: TargetConfig) -> Example:
    body = portable_numbers(draw(_bodies("EmbeddingRequest")))
    body["model"] = config.models.embedding
    answer = portable_numbers(draw(_bodies("EmbeddingList")), DOUBLE_EXACT)
    vectors = [one["embedding"] for one in answer["data"] if isinstance(one["embedding"], list) and one["embedding"]]
    usage = {name: answer["usage"][name] for name in ("prompt_tokens", "total_tokens")}
    embedding = Embedding(vectors=tuple(tuple(map(_single, vector)) for vector in vectors), usage=usage)
    return Example(operations.EMBEDDINGS.id, "POST", EMBEDDINGS, body, turn=Turn(embedding=embedding))


def _single(number: float) -> float:
    """A number rounded to 32 bits, since vectors may be sent with 32 bits a number."""
    (single,) = struct.unpack("<f", struct.pack("<f", max(-1e30, min(1e30, number))))
    return float(single)


@st.composite
def _refusals(draw: DrawFn, operation: operations.FuzzedOperation, path: str, schema: str, model: str) -> Example:
    """Bodies that break what a proxy has to look at; what doesn't break it after all is thrown away."""
    generated = _bodies(schema, GenerationMode.NEGATIVE).map(_read)
    body = draw(st.one_of(_one_wrong(schema, _VALID[operation.id]), generated))
    assume(not isinstance(body, NotSet))
    if isinstance(body, dict) and isinstance(body.get("model"), str):
        body["model"] = body["model"] and model  # else it may be refused for its model alone
    assume(isinstance(body, bytes) or must_refuse("openai-compatible", "POST", operation.path, body))
    return Example(operation.id, "POST", path, body)


_VALID: Mapping[str, dict[str, Any]] = {
    operations.CHAT_REFUSALS.id: {"messages": [{"role": "user", "content": "Hello"}]},
    operations.EMBEDDINGS_REFUSALS.id: {"input": "Hello"},
}


@st.composite
def _one_wrong(draw: DrawFn, schema: str, valid: dict[str, Any]) -> Any:
    """A valid body with one of the fields that a proxy checks missing, or of another type."""
    checked = standalone_schema("openai-compatible", schema)["$defs"][schema]["properties"]
    field = draw(st.sampled_from(list(checked)))
    value = draw(st.sampled_from(ODD_VALUES))
    rest = {name: one for name, one in valid.items() if name != field}
    return rest if value is NOTHING else {**rest, field: value}


def _read(body: Any) -> Any:
    """Bytes decoded, if they are JSON; numbers replaced by portable ones."""
    if not isinstance(body, bytes):
        return portable_numbers(body)
    try:
        return json.loads(body)
    except ValueError:
        return body


def _chat_refusals(config: TargetConfig) -> Examples:
    return _refusals(operations.CHAT_REFUSALS, CHAT, "CheckedChatRequest", config.models.chat)


def _embeddings_refusals(config: TargetConfig) -> Examples:
    schema = "CheckedEmbeddingRequest"
    return _refusals(operations.EMBEDDINGS_REFUSALS, EMBEDDINGS, schema, config.models.embedding)


def _headers() -> SearchStrategy[tuple[tuple[str, str], ...]]:
    values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
    return st.dictionaries(st.sampled_from(HEADERS), values, max_size=3).map(lambda pairs: tuple(sorted(pairs.items())))


def _models(_config: TargetConfig) -> Examples:
    return _headers().map(lambda headers: Example(operations.MODELS.id, "GET", "/models", headers=headers))


def _one_model(config: TargetConfig) -> Examples:
    names = st.one_of(st.sampled_from([config.models.chat, config.models.embedding]), _model_names())
    paths = names.map(lambda name: f"/models/{quote(name, safe='')}")
    return paths.map(lambda path: Example(operations.ONE_MODEL.id, "GET", path))


@st.composite
def _routes(draw: DrawFn, config: TargetConfig) -> Example:
    """A method that a path doesn't support, or a content type other than JSON."""
    path = draw(st.sampled_from((CHAT, EMBEDDINGS, "/models")))
    method = draw(st.sampled_from(METHODS))
    right = "GET" if path == "/models" else "POST"
    body = {"model": config.models.chat, "messages": [{"role": "user", "content": draw(st.text(max_size=4))}]}
    if method == right:
        assume(right == "POST")
        headers = (("Content-Type", draw(st.sampled_from(("text/plain", "application/xml", "image/png")))),)
        return Example(operations.ROUTES.id, method, path, body, headers)
    return Example(operations.ROUTES.id, method, path, NOTHING if method in ("GET", "DELETE") else body)


_MAKERS: Mapping[str, Callable[[TargetConfig], Examples]] = {
    operations.CHAT.id: _chat,
    operations.CHAT_REFUSALS.id: _chat_refusals,
    operations.EMBEDDINGS.id: _embeddings,
    operations.EMBEDDINGS_REFUSALS.id: _embeddings_refusals,
    operations.MODELS.id: _models,
    operations.ONE_MODEL.id: _one_model,
    operations.ROUTES.id: _routes,
}


def examples(operation_id: str, config: TargetConfig) -> Examples:
    """The strategy that generates examples of an operation; none contains a marker of its own."""
    return _MAKERS[operation_id](config).filter(lambda example: Marker.find(raw_body(example.body)) is None)
