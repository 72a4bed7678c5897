"""Ollama's own API."""

from hopcheck_server.upstream.dialects.ollama.dialect import Ollama

DIALECT = Ollama()
