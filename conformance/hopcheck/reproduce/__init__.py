"""Asks again what failed in a report: the case alone, with a fresh nonce, and whether the same check fails."""

from hopcheck.reproduce.failure import Answer, ReportedFailure, failures_named
from hopcheck.reproduce.run import Reproduction, reproduce

__all__ = ["Answer", "ReportedFailure", "Reproduction", "failures_named", "reproduce"]
