"""Bodies of requests on surfaces that write otherwise what a chat request says: each field has a writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hopcheck.client.bodies import OMIT
from hopcheck.client.operations.kind import NotExpressible

Body = dict[str, Any]

FieldWriter = Callable[[Any], Body]
"""Makes the fields of a body of the value of a chat request's field."""


def field_named(name: str) -> FieldWriter:
    """Writes a value as it is, into the field of this name."""
    return lambda value: {name: value}


def body_of_fields(
    default: Body, fields: Mapping[str, Any], writers: Mapping[str, FieldWriter], *, renamed: Mapping[str, str]
) -> Body:
    """The body that these fields make.

    Args:
        default: What it has where no field says otherwise.
        fields: The fields in which a case asks; `OMIT` leaves one out.
        writers: By field.
        renamed: The names in the body of what may be left out, where they are others.

    Raises:
        NotExpressible: A field has no writer.
    """
    body = dict(default)
    for name, value in fields.items():
        if value is OMIT:
            body.pop(renamed.get(name, name), None)
        elif name in writers:
            body |= writers[name](value)
        else:
            raise NotExpressible(f"this API's requests have no {name}")
    return body
