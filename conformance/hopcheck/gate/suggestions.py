"""What preflight's probes suggest to declare, and what they leave no doubt about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hopcheck.client.config import Declares, TargetConfig
from hopcheck.gate.probes import UNKNOWN_MODEL, WRONG_KEY, Probes


@dataclass(frozen=True)
class Suggestion:
    """Something to declare.

    Attributes:
        key: The key under `[declares]`.
        value: Its value.
        seen: What was seen, as a whole sentence.
        consequence: What the run makes of it, as a whole sentence.
    """

    key: str
    value: str | bool
    seen: str
    consequence: str

    @property
    def declaration(self) -> str:
        """The line for the target file."""
        value = f'"{self.value}"' if isinstance(self.value, str) else str(self.value).lower()
        return f"{self.key} = {value}"

    @property
    def sentence(self) -> str:
        """All of it, for people."""
        return f"{self.seen} Declare `{self.declaration}` if that is meant. {self.consequence}"


def suggest(config: TargetConfig, probes: Probes) -> list[Suggestion]:
    """What to declare, of what isn't declared and was plainly seen."""
    declares = config.declares
    if declares.transparent:
        return []
    if is_byte_proxy(probes):
        return [BYTE_PROXY]
    return [*(_about_keys(config, probes) if declares.auth is None else ()), *_about_features(declares, probes)]


BYTE_PROXY = Suggestion(
    "transparent",
    True,
    "It looks like a byte proxy: a key that nobody knows, an unknown model, an unknown path and a body that is no JSON "
    "all reached the provider untouched.",
    "This run judges it as one: by HTTP, and by what it passes on.",
)


def is_byte_proxy(probes: Probes) -> bool:
    """Whether what it passes on leaves no doubt that it reads nothing."""
    wrong = probes.wrong_key
    if wrong.attempt is None or wrong.attempt.key != WRONG_KEY:
        return False
    unknown = probes.unknown_model
    if unknown.attempt is None or unknown.attempt.model != UNKNOWN_MODEL:
        return False
    bodies = (probes.plain, wrong, unknown, probes.broken_json)
    return all(one.passed_untouched for one in bodies) and probes.unknown_path.attempt is not None


def _about_keys(config: TargetConfig, probes: Probes) -> Iterator[Suggestion]:
    wrong, without, plain = probes.wrong_key, probes.no_key, probes.plain
    if not wrong.succeeded or wrong.attempt is None or plain.attempt is None:
        return
    consequence = "Until then it is red once, for letting anybody in." if config.api_key else ""
    if wrong.attempt.key == WRONG_KEY:
        seen = "It passes keys on: one that nobody knows reached the provider."
        yield Suggestion("auth", "passthrough", seen, consequence)
    elif without.succeeded and wrong.attempt.key == plain.attempt.key:
        yield _asks_for_no_key(config.key_headers, consequence)


def _asks_for_no_key(key_headers: tuple[str, ...], consequence: str) -> Suggestion:
    seen = "requests with a wrong key, and without any, were answered"
    if not key_headers:
        return Suggestion("auth", "none", f"It asks for no key: {seen}.", consequence)
    shown = f"It reads no key in Authorization: {seen}. All of them had the header {', '.join(key_headers)}."
    return Suggestion("auth", "none", shown, "Cases about keys are left out of this run.")


def _about_features(declares: Declares, probes: Probes) -> Iterator[Suggestion]:
    listing = probes.model_list.response
    if declares.models and listing.status in (404, 405, 501):
        seen = f"It serves no list of models: GET {listing.sent.url} was answered {listing.status}."
        yield Suggestion("models", False, seen, "Cases about the list are left out of this run.")
    if declares.choices and probes.two_choices.was_refused:
        seen = f"It gives one choice: a request for two was refused with {probes.two_choices.response.status}."
        yield Suggestion("choices", False, seen, "Cases about several choices are left out of this run.")


def with_assumptions(config: TargetConfig, suggestions: list[Suggestion]) -> TargetConfig:
    """The target as this run judges it: with what was suggested, marked as assumed."""
    if not suggestions:
        return config
    return config.assuming({one.key: one.value for one in suggestions})
