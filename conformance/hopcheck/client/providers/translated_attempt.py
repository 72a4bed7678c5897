"""An attempt that arrived in another dialect than its client's, as cases see it."""

from __future__ import annotations

from typing import Any

from hopcheck.client.responses import NotApplicable
from hopcheck_server.upstream.dialects.dialect import Dialect
from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.dialects.request import DialectRequest
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.wire.headers import Headers

CHAT = "/v1/chat/completions"


def dialect_of_path(client_path: str) -> Dialect:
    """The dialect that a client speaks who asks at a path."""
    return all_dialects().route(client_path, [])[0]


def is_foreign(dialect: Dialect, client_path: str) -> bool:
    """Whether a provider's dialect is another one than its client's, who asks at this path.

    To chat completions and embeddings, every dialect of OpenAI's form is native.
    """
    own = dialect_of_path(client_path)
    return not (dialect is own or (dialect.is_openai and own.is_openai))


def foreign_dialect(attempt: Attempt, client_path: str = CHAT) -> Dialect | None:
    """The dialect of an attempt; None where it is that of the surface which the client asked."""
    dialect, _ = all_dialects().route(attempt.path, Headers(attempt.headers).fields())
    return dialect if is_foreign(dialect, client_path) else None


def request_of(attempt: Attempt) -> DialectRequest:
    """An attempt as its dialect reads it."""
    return all_dialects().read(attempt.method, attempt.path, attempt.body, Headers(attempt.headers).fields())


class TranslatedAttempt(Attempt):
    """An attempt in another dialect than its client's, whose body says nothing to a case of that one."""

    @classmethod
    def of(cls, attempt: Attempt) -> TranslatedAttempt:
        """The same attempt."""
        return cls(**{name: getattr(attempt, name) for name in Attempt.__slots__})

    @property
    def json(self) -> Any:
        """Nothing that a case could compare.

        Raises:
            NotApplicable: Always; the invariant request-fidelity compares what both dialects have.
        """
        raise NotApplicable("the case reads the client's own form; request-fidelity compares it here")
