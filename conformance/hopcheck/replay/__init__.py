"""Replay: recorded traffic in LiteLLM's place, and gate runs on it."""

from hopcheck.replay.findings import ReplayFindings
from hopcheck.replay.live_only import live_only
from hopcheck.replay.playback import scale_of
from hopcheck.replay.server import ReplayServer
from hopcheck.replay.streams.chunking import CHUNKINGS, Chunks

__all__ = ["CHUNKINGS", "Chunks", "ReplayFindings", "ReplayServer", "live_only", "scale_of"]
