"""A request's path as the contracts have it."""

from __future__ import annotations


def contract_path(url: str, base_path: str) -> str:
    """A request's path as the contracts have it: below `/v1`, whatever the base URL's path is, without its query."""
    path = plain_path(url)
    return f"/v1{path.removeprefix(base_path)}" if path.startswith(f"{base_path}/") else path


def plain_path(url: str) -> str:
    """A URL's path, without its query."""
    return "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]
