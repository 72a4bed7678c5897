"""Why a target can't be tested, and how to correct that, in sentences."""

from __future__ import annotations

from urllib.parse import urlsplit

from hopcheck.client import Response, describe
from hopcheck.client.bodies import CHAT_PATH
from hopcheck.client.config import TargetConfig
from hopcheck.client.pacing.refusals import announced_wait_s
from hopcheck.client.responses import shortened
from hopcheck_server.upstream.journal.attempt import Attempt

OTHER_DIALECTS = {
    "/v1/messages": "Anthropic's API",
    "/responses": "OpenAI's Responses API",
    ":generateContent": "Gemini's API",
    ":streamGenerateContent": "Gemini's API",
    "/api/chat": "Ollama's own API",
    "/api/generate": "Ollama's own API",
    "/completions": "OpenAI's old API of completions",
}
"""What else a gateway may ask its provider for, by the end of the path."""


LISTED_MODELS = 5
"""How many models of a list are named."""

NAME_CHARACTERS = 100
"""So much is shown of the name of one."""

PLACE_CHARACTERS = 300
"""So much is quoted of the place that a redirect leads to."""


class Unfit(Exception):
    """The target can't be tested; the text says why, and how to correct that."""


def silence(config: TargetConfig, response: Response, waited_s: float) -> str:
    """Why no head came: the target was silent, or what came is no HTTP."""
    if response.ended in ("timeout", "left"):
        return (
            f"{config.base_url} took the connection but did not answer within {round(waited_s, 1):g} s. "
            "Look at the proxy's log: it may be waiting for its provider."
        )
    if response.ended in ("cut", "reset"):
        return (
            f"{config.base_url} took the connection and closed it without an answer. Look at the proxy's log, and see "
            "that the URL's port and its http:// or https:// are right."
        )
    return f"{config.base_url} took the connection but gave no HTTP answer ({response.detail or response.ended})."


def unfinished(config: TargetConfig, response: Response, waited_s: float) -> str:
    """Why an answer whose head came has no end; "" if it has."""
    began = f"{config.base_url} began to answer a plain request with {response.status}"
    if response.ended == "left":
        size = len(response.body)
        return f"{began}, and was not through after {waited_s:.0f} s and {size:,} bytes. Is this the API's URL?"
    if response.ended != "complete":
        reason = response.detail or response.ended
        return f"{began} and broke off ({reason}). Look at the log of the proxy, or of what stands in front of it."
    return ""


def complaint_about(config: TargetConfig, response: Response, upstream_url: str, attempt: Attempt | None) -> str:
    """Why cases would say nothing about a target that answered a plain request so; "" if they would.

    Args:
        config: The target.
        response: Its response.
        upstream_url: Where the target should find its provider; "" where that isn't known.
        attempt: What arrived at the upstream.
    """
    answered = f"{config.base_url} answered {describe(response)}"
    error = response.error if isinstance(response.error, dict) else {}
    if attempt is not None and attempt.response is not None and attempt.response.status in (404, 405):
        return f"{answered}: {_about_path(attempt, attempt.response.body, upstream_url)}"
    if response.status in (401, 403) or error.get("type") == "no_db_connection":
        return f"{answered}: it refuses the key. Give the name of the variable that holds one with --api-key-env."
    if response.status == 429:
        return f"{answered}: its rate limit is used up{_wait(response)}, or give hopcheck a key with more."
    if response.status == 503 and attempt is None:
        return f"{answered}: it isn't ready, or its provider is away{_wait(response)}, {_log(upstream_url)}."
    if response.status in (301, 302, 303, 307, 308):
        return _about_redirect(config, response)
    if response.at("choices") is None and error == {}:
        return f"{answered}, which {_about_body(response)}. Is this the base URL, with its /v1?"
    return _about_provider(config, response, answered, upstream_url, attempt)


def listed_models(config: TargetConfig, response: Response) -> str:
    """What a list of models says about a model that was refused; "" if it is on the list, or there is none."""
    data = response.at("data")
    names = [str(one["id"]) for one in data if isinstance(one, dict) and "id" in one] if isinstance(data, list) else []
    if not names or config.models.chat in names:
        return ""
    more = f", and {len(names) - LISTED_MODELS} more" if len(names) > LISTED_MODELS else ""
    shown = ", ".join(shortened(name, NAME_CHARACTERS) for name in names[:LISTED_MODELS])
    return f" It lists {shown}{more}."


def _log(upstream_url: str) -> str:
    hint = f": nothing arrived at hopcheck's upstream. Point its provider to {upstream_url}/v1" if upstream_url else ""
    return f"and look at the proxy's log{hint}"


def _about_path(attempt: Attempt, answer: bytes, upstream_url: str) -> str:
    if b"missing_recording" in answer:
        return (
            f"what listens at {upstream_url} is `hopcheck replay`, which has no recording of this request. "
            "Stop it, so that the gate can start its own upstream there, or use `hopcheck gate --replay`."
        )
    path = attempt.path.partition("?")[0]
    dialect = next((name for end, name in OTHER_DIALECTS.items() if path.endswith(end)), "")
    if dialect and not path.endswith(CHAT_PATH):
        return (
            f"it asked hopcheck's upstream for {attempt.method} {attempt.path}, which is {dialect}. Configure its "
            f"provider as an OpenAI-compatible one at {upstream_url}/v1: that is what the upstream speaks."
        )
    return (
        f"it asked hopcheck's upstream for {attempt.method} {attempt.path}, which no provider serves. "
        f"Correct the provider's URL in the proxy's configuration, so that it asks for {upstream_url}/v1"
        f"{CHAT_PATH}, or correct the path of the target's URL."
    )


def _wait(response: Response) -> str:
    wait_s = announced_wait_s(response)
    return ". Wait until that is over" if wait_s is None else f". Wait for the {wait_s:,.0f} s that it names"


def _about_redirect(config: TargetConfig, response: Response) -> str:
    place = response.header("location") or ""
    base = place.partition("?")[0].removesuffix(CHAT_PATH)
    is_api = _is_address(place) and base != place
    advice = f" Give {shortened(base, PLACE_CHARACTERS)} as the URL." if is_api else " Give the URL to which it leads."
    named = shortened(place, PLACE_CHARACTERS) or "no place that it names"
    return (
        f"{config.base_url} answered {response.status} and sends its clients to {named}; "
        f"the gate follows no redirect, as it would judge another server.{advice}"
    )


def _about_body(response: Response) -> str:
    """What is wrong with a body in which there is neither a choice nor an error."""
    coding = response.header("content-encoding") or "identity"
    if coding != "identity":
        return f"is compressed ({shortened(coding, NAME_CHARACTERS)}), though hopcheck asks for no compression"
    if response.json is None and response.media_type == "application/json":
        return "says that it is JSON and isn't: it is cut off, or broken"
    return "is no OpenAI-compatible answer"


def _is_address(url: str) -> bool:
    """Whether a URL names a host."""
    try:
        return bool(urlsplit(url).netloc)
    except ValueError:  # brackets with no address of IPv6 in them, say
        return False


def _about_provider(
    config: TargetConfig, response: Response, answered: str, upstream_url: str, attempt: Attempt | None
) -> str:
    if response.status == 200 and upstream_url and attempt is None:
        return f"{config.base_url} answers, but not from hopcheck's upstream. Point its provider to {upstream_url}/v1."
    if response.status == 200:
        return ""
    if upstream_url and attempt is None:
        return (
            f"{answered}, and nothing arrived at hopcheck's upstream. Point its provider to {upstream_url}/v1, "
            f"and see that it serves the model {config.models.chat!r} (or name another with --model)."
        )
    if upstream_url:
        return f"{answered} to a plain request that its provider answered well."
    return f"{answered} to a plain request. See that its provider is there, and that it serves {config.models.chat!r}."
