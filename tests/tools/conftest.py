"""Fixtures of the tests of our own measuring tools."""

from tests.load.conftest import few_draws, made

__all__ = ["few_draws", "made"]
