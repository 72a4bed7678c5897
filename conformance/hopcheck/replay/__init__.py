"""Replay: recorded traffic in LiteLLM's place, and what a gate run makes of it."""

from hopcheck.replay.chunking import CHUNKINGS, Chunks
from hopcheck.replay.judging import LIVE_ONLY, ReplayFindings, live_only
from hopcheck.replay.server import ReplayServer

__all__ = ["CHUNKINGS", "Chunks", "LIVE_ONLY", "ReplayFindings", "ReplayServer", "live_only"]
