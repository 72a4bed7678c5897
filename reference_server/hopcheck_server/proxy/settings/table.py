"""The settings as a page of the docs: `python -m hopcheck_server.proxy.settings.table > docs/settings.md`."""

from __future__ import annotations

import sys
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from hopcheck_server.proxy.settings.fields import Settings, variable
from hopcheck_server.proxy.settings.types import Unit

_ABOVE = """\
# Settings of the reference proxy

`hopcheck serve` reads environment variables, and with `--env-file FILE` a file of `NAME=value` lines; the environment
overrides the file. `hopcheck serve --check` prints what would run, and exits with 0, or with 2 and one sentence for
each mistake. A warning names each variable that begins with `LLM_PROXY__` and isn't in this table.

`hopcheck serve --settings` prints this page.
"""


def page() -> str:
    """Return the page, in Markdown."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join([_ABOVE, "| variable | default | unit | meaning |", "|---|---|---|---|", *rows, ""])


def shown(value: Any) -> str:
    """Format a value as in a file of variables."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(value)
        case dict():
            return ",".join(f"{name}={other}" for name, other in value.items())
    return str(value)


def unit_of(field: FieldInfo) -> str:
    """Return a field's unit, or the values that it allows; "" for free text."""
    named = [one.name for one in field.metadata if isinstance(one, Unit)]
    words = [word for word in get_args(field.annotation) if isinstance(word, str)]
    if field.annotation is bool:
        words = ["true", "false"]
    return named[0] if named else ", ".join(f"`{word}`" for word in words)


def _row(name: str, field: FieldInfo) -> str:
    default = shown(field.get_default(call_default_factory=True, validated_data={}))
    meaning = " ".join((field.description or "").split())
    return f"| `{variable(name)}` | {f'`{default}`' if default else ''} | {unit_of(field)} | {meaning} |"


def main() -> int:
    """Print the page."""
    sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
