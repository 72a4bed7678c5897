"""Why a case is not asked on some operations; a test holds that there is a reason for each."""

from __future__ import annotations

from collections.abc import Mapping

from hopcheck.authoring.case import Case
from hopcheck.client.operations import OPERATIONS

NO_PROVIDER = "no provider answers it"
GENERATES_NOTHING = "no model writes its response"

OTHER_SURFACE = "it compares forms that chat completions alone have, or asks with fields that this surface doesn't have"
COUNTS_ONLY = "a count of tokens has no answer to compare; what holds on every exchange is judged there, too"

OF_AREA: Mapping[str, str] = {
    "chat": "it is about a completion in one piece; streams have cases of their own, and fidelity is held everywhere",
    "stream": "it is about the form of a chat stream",
    "embeddings": "it is about vectors",
    "models": "it is about the list of models",
    "translation": "it is about what a translation for a provider of another dialect has to do",
    "responses": "it is about what OpenAI's Responses alone have",
    "messages": "it is about what Anthropic's Messages alone have",
    "health": "it is about the target itself",
    "llm_proxy": "it is about LLM-Proxy's own API",
}
"""Why the cases of an area are asked on the operation that they name, and on no other."""


def reasons_left_out(case: Case) -> dict[str, str]:
    """The operations on which a case is not asked, each with the reason; "" where there is none."""
    return {name: _reason(case, name) for name in OPERATIONS if name not in case.operations}


def _reason(case: Case, operation: str) -> str:
    if case.because:
        return case.because
    kind = OPERATIONS[operation]
    asked = [OPERATIONS[name] for name in case.operations]
    if not kind.forwarded and all(one.forwarded for one in asked):
        return NO_PROVIDER
    if not kind.generates and all(one.generates for one in asked):
        return GENERATES_NOTHING
    if case.profile in OF_AREA or kind.surface in {one.surface for one in asked}:
        return OF_AREA.get(case.profile, "") or (COUNTS_ONLY if operation == "count_tokens" else "")
    return OTHER_SURFACE if kind.generates else COUNTS_ONLY
