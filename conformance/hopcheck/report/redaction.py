"""The secrets of a run, which are kept out of what is written down: the keys that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hopcheck.client.config import KEY_HEADER, SECRET_CHARACTERS, TargetConfig


def secrets_of(target: TargetConfig, more: Iterable[str] = ()) -> tuple[str, ...]:
    """The secrets of a run: the clients' keys, the values of variables and of headers that carry keys.

    Values shorter than eight characters are none, the clients' keys apart.

    Args:
        target: The target.
        more: Other keys, such as the provider's.
    """
    long = (value for value in (*target.variables.values(), *_in_headers(target.headers), *more))
    return (target.api_key, target.second_api_key, *(one for one in long if len(one) >= SECRET_CHARACTERS))


def _in_headers(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() == "cookie":
            yield from (pair.partition("=")[2].strip() for pair in value.split(";"))
        elif KEY_HEADER.search(name.lower()):
            yield value.rpartition(" ")[2]  # without `Bearer`
