"""Gateways that say and ask the oddest things: every case makes findings of them, and none of them breaks hopcheck."""
