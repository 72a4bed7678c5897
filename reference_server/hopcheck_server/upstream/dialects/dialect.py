"""What a dialect is: a provider's wire format, as far as the upstream speaks it.

A dialect is a folder of this one with a `DIALECT` in it. It takes the requests to its paths, and turns stories into
bytes. It knows nothing of how the bytes leave, so faults of the delivery need no dialect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.provider_request import Omission, ProviderRequest
from hopcheck_server.upstream.dialects.request import PLAIN, DialectRequest, Route, Shape
from hopcheck_server.upstream.dialects.template import Template
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.reply import USAGE
from hopcheck_server.upstream.script.turns import Choice, Completion, Embedding, Turn
from hopcheck_server.upstream.script.usage import adds_up

MODELS = ("fake-model", "fake-embedding", "gpt-4o-mini", "text-embedding-3-small")
"""What lists of models have."""

MODELS_CREATED = 1_735_689_600
"""When those say that they were made: unix seconds."""

UNKNOWN_MODEL = "hopcheck-no-such-model"
"""A model that is none, for everybody, whatever its name begins with; any other name is served."""

TEXT = ("Hello", " from", " the", " hopcheck", " upstream", ".")
"""The default content."""

Refusal = tuple[int, ErrorStory]
"""A status and an error, by which the provider refuses a request on its own account."""


class Dialect(ABC):
    """A provider's wire format.

    Attributes:
        name: The folder's name. A path that begins with it (`/anthropic/v1/messages`) is this dialect's, whatever
            other dialects take.
        label: What people call it.
        nearby: Beginnings of paths whose unknown continuations get this dialect's errors.
        credential_header: The request header that carries the key.
        request_id_header: The response header that names the request; "" if the provider has none.
        telltale_header: A request header by which this dialect's requests are known on paths that it shares.
        parameters: Those of OpenAI's parameters that `read` finds, since the dialect has a place for them.
        carries: Those for which it has a place in another form, so that they can be asked for and not be compared.
        is_named_only: Whether it has only those paths that begin with its name: nothing else tells its requests apart.
        omits: What else of a request or a response it has no place for.
        leading_events: How many more events come before a stream's content than the one of OpenAI's chat completions.
        is_openai: Whether its requests and responses are OpenAI's, so that they can be compared as they are.
        has_choices: Whether more than one choice can be asked for.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    nearby: ClassVar[tuple[str, ...]] = ()
    credential_header: ClassVar[str] = "authorization"
    request_id_header: ClassVar[str] = "x-request-id"
    telltale_header: ClassVar[str] = ""
    parameters: ClassVar[frozenset[str]] = frozenset()
    carries: ClassVar[frozenset[str]] = frozenset()
    omits: ClassVar[frozenset[Omission]] = frozenset()
    is_named_only: ClassVar[bool] = False
    leading_events: ClassVar[int] = 0
    is_openai: ClassVar[bool] = False
    has_choices: ClassVar[bool] = False

    @abstractmethod
    def route(self, path: str) -> Route | None:
        """What a path asks for; None if it isn't this dialect's. The path has no query and no doubled slashes."""

    def shape(self, payload: Json, route: Route) -> Shape:
        """The form of the response that a request asks for."""
        stream = route.stream or payload.get("stream") is True
        return Shape(stream=True) if stream else PLAIN

    @abstractmethod
    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """Render a turn that has a completion, or has no content and so gets the default one.

        Args:
            turn: The turn; its literal events, if any, can only be OpenAI's.
            shape: The form that is asked for.
            marked: Whether the request has a marker; the default content then ends with the response's own id, so
                that another request's response shows.
        """

    @abstractmethod
    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """The JSON body of an error."""

    def refusal(self, request: DialectRequest) -> Refusal | None:
        """How the provider refuses a request that it can't serve; None if it can."""
        route, method = request.route, request.method
        if not route.kind:
            return 404, ErrorStory(message=f"Unknown request URL: {method} {request.path}", code="unknown_url")
        if method != route.method and (route.method, method) != ("GET", "HEAD"):
            return 405, ErrorStory(message=f"Not allowed: {method} {request.path}", code="method_not_supported")
        if route.method == "POST" and request.payload is None:
            return 400, ErrorStory(message="The body of the request isn't a JSON object.")
        return self.own_refusal(request)

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """The same about a request to a known path, by the right method, and with a JSON object where that is due."""
        return None

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """The body for a request that asks for no completion: embeddings, a count, a list of models.

        Raises:
            NotImplementedError: The dialect has no such requests.
        """
        raise NotImplementedError(f"{self.label} has no {request.kind}")

    def obstacle(self, turn: Turn) -> str:
        """Why a turn can't be expressed in this dialect; "" if it can."""
        if turn.events is not None:
            return f"a literal stream of OpenAI's has no equivalent in {self.label}"
        if turn.body is not None and _is_of_an_api(turn):
            return f"a literal JSON body of OpenAI's has no equivalent in {self.label}"
        if turn.completion is not None:
            return self._usage_obstacle(turn.completion) or self.completion_obstacle(turn.completion)
        return "" if turn.embedding is None else self.embedding_obstacle(turn.embedding)

    def _usage_obstacle(self, completion: Completion) -> str:
        if self.is_openai or completion.usage is None or adds_up(completion.usage):
            return ""
        return f"{self.label} has no tokens beyond those of input and output"

    def completion_obstacle(self, completion: Completion) -> str:
        """Why a completion can't be expressed in this dialect; "" if it can."""
        if len(completion.choices) != 1:
            return f"{self.label} answers exactly one choice"
        if completion.extra:
            return f"{self.label} has no field {', '.join(completion.extra)}"
        choice = completion.choices[0]
        if choice.logprobs:
            return f"{self.label} has no log probabilities"
        if choice.message:
            return f"{self.label} has no message field {', '.join(choice.message)}"
        return ""

    def embedding_obstacle(self, embedding: Embedding) -> str:
        """Why an embeddings response can't be expressed in this dialect; "" if it can."""
        return f"{self.label} has no embeddings"

    def read(self, path: str, payload: Json) -> ProviderRequest | None:
        """A request in the form that all dialects share, to compare it; None where the dialect has no such reading."""
        return None


def is_literal(turn: Turn) -> bool:
    """Whether a turn is written in the form of one API."""
    return turn.events is not None or (turn.body is not None and _is_of_an_api(turn))


def _is_of_an_api(turn: Turn) -> bool:
    """Whether a literal body says something in the form of one API.

    Garbage is the same in every dialect, and the errors of servers in between are of none.
    """
    media_type = next((value for name, value in turn.headers if name.lower() == "content-type"), "application/json")
    is_object = isinstance(loads_or_none(turn.body or b""), dict) and turn.status < 400
    return "event-stream" in media_type or ("json" in media_type and is_object)


def is_unknown(model: str) -> bool:
    """Whether a model is one that no provider has."""
    return model.endswith(UNKNOWN_MODEL)


def default_completion(ending: tuple[str, ...] = (), *, choices: int = 1) -> Completion:
    """The default content, with what follows it in a marked request's response."""
    return Completion(choices=(Choice(text=(*TEXT, *ending)),) * choices, usage=USAGE)
