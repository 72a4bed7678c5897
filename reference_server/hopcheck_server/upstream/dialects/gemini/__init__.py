"""Google's Gemini API."""

from hopcheck_server.upstream.dialects.gemini.dialect import Gemini

DIALECT = Gemini()
