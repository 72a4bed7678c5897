"""A cassette's document as YAML for reviewers: bodies as block scalars, frames on few lines."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C where it can be had: a tenth of the time
_BREAKS_OF_YAML = frozenset("\r\x85\u2028\u2029")  # a block scalar would turn them into plain line ends
_PLAIN_LIMIT = 60
_WIDTH = 120


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks, short lists on one line, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Repeat equal values: an anchor would hide what changed."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text or len(text) > _PLAIN_LIMIT else None
    if _BREAKS_OF_YAML.intersection(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(item, dict) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def dump(document: dict[str, Any]) -> str:
    """Write a document. The same document gives the same text."""
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )
    return text


def load(text: str) -> Any:
    """Read one.

    Raises:
        ValueError: It is no YAML.
    """
    try:
        return yaml.load(text, _LOADER)  # noqa: S506  (both loaders are safe ones)
    except (yaml.YAMLError, UnicodeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
