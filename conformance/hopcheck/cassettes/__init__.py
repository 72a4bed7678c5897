"""Cassettes: the traffic between a proxy and LiteLLM, recorded with its chunks and times, in vcrpy's format."""

from hopcheck.cassettes.canonical import Canonical, canonical, canonical_body
from hopcheck.cassettes.model import (
    Cassette,
    Frame,
    Interaction,
    JournalEntry,
    Provenance,
    RecordedDelivery,
    RecordedRequest,
    RecordedResponse,
    RecordedVerdict,
)
from hopcheck.cassettes.store import BodyTooLarge, MalformedCassette, SecretFound, dumps, load, load_all, loads, save

__all__ = [
    "Canonical",
    "JournalEntry",
    "Frame",
    "Interaction",
    "RecordedVerdict",
    "Provenance",
    "MalformedCassette",
    "RecordedRequest",
    "RecordedResponse",
    "SecretFound",
    "Cassette",
    "BodyTooLarge",
    "RecordedDelivery",
    "canonical",
    "canonical_body",
    "dumps",
    "load",
    "load_all",
    "loads",
    "save",
]
