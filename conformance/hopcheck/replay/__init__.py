"""Replay: recorded traffic in LiteLLM's place, and what a gate run makes of it."""

from hopcheck.replay.findings import ReplayFindings
from hopcheck.replay.live_only import live_only
from hopcheck.replay.server import ReplayServer
from hopcheck.replay.streams.chunking import CHUNKINGS, Chunks
from hopcheck.replay.timing import scale_of

__all__ = ["CHUNKINGS", "Chunks", "ReplayFindings", "ReplayServer", "live_only", "scale_of"]
