"""Drift: what one LiteLLM does differently from another, case by case, found by comparing their cassettes."""

from hopcheck.drift.compare import CassetteComparison, Change, compare
from hopcheck.drift.report import Drift, Group, drift

__all__ = ["Change", "CassetteComparison", "Drift", "Group", "compare", "drift"]
