"""The mutants of the invariants, by what they are about; importing this package registers all of them."""

from hopcheck.selftest.invariants.mutants import requests, responses, streams

__all__ = ["requests", "responses", "streams"]
