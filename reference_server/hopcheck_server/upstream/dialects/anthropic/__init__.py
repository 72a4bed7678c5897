"""Anthropic's Messages API."""

from hopcheck_server.upstream.dialects.anthropic.dialect import Anthropic

DIALECT = Anthropic()
