"""An attempt that arrived in another dialect than OpenAI's, as cases see it."""

from __future__ import annotations

from typing import Any

from hopcheck.client.responses import NotApplicable
from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.dialects.request import DialectRequest
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.wire.headers import Headers


def request_of(attempt: Attempt) -> DialectRequest:
    """An attempt as its dialect reads it."""
    return all_dialects().read(attempt.method, attempt.path, attempt.body, Headers(attempt.headers).fields())


class TranslatedAttempt(Attempt):
    """An attempt in another dialect than OpenAI's, whose body says nothing to a case that expects OpenAI's fields."""

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
        raise NotApplicable("the case reads the provider's request in OpenAI's form; request-fidelity compares it here")
