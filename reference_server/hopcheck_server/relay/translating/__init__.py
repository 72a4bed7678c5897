"""A healthy relay whose provider speaks another dialect, with OpenAI's chat completions in front."""

from hopcheck_server.relay.translating.pieces import Piece
from hopcheck_server.relay.translating.relay import TranslatingRelay, speaking

__all__ = ["Piece", "TranslatingRelay", "speaking"]
