"""Which exchanges a finding is about: what the report shows first, and what is asked again to reproduce it.

A finding doesn't say which request it is about, so this is worked out from what it compares and from what its case read
of its responses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.authoring.findings import Finding, same
from hopcheck.client.responses import Response, sent_request
from hopcheck_server.upstream.script.marker import Marker

_WORD = re.compile(r"[a-z0-9_.-]+")


class CaseFindings:
    """The findings of one case, the failing ones tied to its exchanges.

    Attributes:
        made: The findings so far, kept whatever happens to the case.
        exchanges: The exchanges of each check that failed, by their places among the case's responses.
    """

    def __init__(self, responses: Sequence[Response]) -> None:
        """Begin with the case.

        Args:
            responses: The case's responses; more come while it runs.
        """
        self.made: list[Finding] = []
        self.exchanges: dict[str, tuple[int, ...]] = {}
        self._responses = responses
        self._since = self._known = 0

    def add(self, finding: Finding) -> None:
        """Take a finding at the moment when its case makes it."""
        self.made.append(finding)
        if len(self._responses) > self._known:
            self._since, self._known = self._known, len(self._responses)
        if not finding.ok:
            self.exchanges[finding.check] = self._behind(finding)

    def stopped(self) -> None:
        """Note that the case ended without a finding: what it read last is what it stopped at."""
        if self._responses and not self.exchanges:
            self.exchanges[""] = self._read_last()

    def _behind(self, finding: Finding) -> tuple[int, ...]:
        return self._named(finding) or self._at_places(finding) or self._read_last()

    def _named(self, finding: Finding) -> tuple[int, ...]:
        """The exchanges whose script's variant differs in the compared values, or stands in the check's name."""
        variants = list(map(_variant, self._responses))
        for names in (set(_differing(finding.expected, finding.actual)), set(_WORD.findall(finding.check.lower()))):
            found = [place for place, variant in enumerate(variants) if variant and variant in names]
            if found:
                return tuple(place for place in found if place >= self._since) or tuple(found)
        return ()

    def _at_places(self, finding: Finding) -> tuple[int, ...]:
        """The exchanges that differ in two lists or objects, which have a value for each of the latest exchanges."""
        expected, actual = _values(finding.expected), _values(finding.actual)
        latest = range(self._since, len(self._responses))
        if not len(expected) == len(actual) == len(latest) > 1:
            return ()
        return tuple(at for at, one, other in zip(latest, expected, actual, strict=True) if not _fits(one, other))

    def _read_last(self) -> tuple[int, ...]:
        if not self._responses:
            return ()
        return (max(range(len(self._responses)), key=lambda place: self._responses[place].read_number),)


def _values(compared: Any) -> Sequence[Any]:
    """The values of a list or an object, in their order; none of anything else."""
    if isinstance(compared, Mapping):
        return list(compared.values())
    return compared if isinstance(compared, (list, tuple)) else ()


def _variant(response: Response) -> str:
    """The variant of the script that a request plays; "" for the plain one."""
    try:
        return Marker.parse(sent_request(response).marker).variant
    except ValueError:
        return ""


def _differing(expected: Any, actual: Any) -> Iterator[str]:
    """The names under which two values differ: keys of objects, texts of lists."""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        keys = {**expected, **actual}
        yield from (str(key) for key in keys if not _agree(key, expected, actual))
    elif isinstance(actual, (list, tuple)):
        known = expected if isinstance(expected, (list, tuple)) else ()
        yield from (one for one in actual if isinstance(one, str) and one not in known)


def _agree(key: Any, expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> bool:
    if key not in expected or key not in actual:
        return False
    return _fits(expected[key], actual[key])


def _fits(expected: Any, actual: Any) -> bool:
    """Whether a value is what was expected, or one of them."""
    allowed = expected if isinstance(expected, (list, tuple)) else ()
    return same(actual, expected) or any(same(actual, one) for one in allowed)
