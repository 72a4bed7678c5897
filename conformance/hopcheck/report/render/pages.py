"""A page out of a template of this package; all that isn't the template's own is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def page(template: str, filters: Mapping[str, Callable[..., Any]], /, **values: object) -> str:
    """Render a page.

    Args:
        template: Its file's name in `render/templates`.
        filters: What its values may be piped through, by name.
        values: What it shows.

    Returns:
        The page. A value that the template names and that isn't given is an error.
    """
    environment = _environment()
    environment.filters.update(filters)
    return environment.get_template(template).render(values)


@cache
def _environment() -> Environment:
    """The one of all pages, which keeps compiled templates."""
    return Environment(
        loader=PackageLoader("hopcheck.report.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
