"""Cassettes: the traffic between a proxy and LiteLLM, recorded with its chunks and times, in vcrpy's format."""

from hopcheck.cassettes.canonical import Canonical, canonical, canonical_body
from hopcheck.cassettes.document import MalformedCassette
from hopcheck.cassettes.journal_entry import Frame, JournalEntry
from hopcheck.cassettes.model import (
    Cassette,
    Interaction,
    Provenance,
    RecordedDelivery,
    RecordedRequest,
    RecordedResponse,
    RecordedVerdict,
    cassette_name,
)
from hopcheck.cassettes.store import BodyTooLarge, SecretFound, dumps, load, load_all, loads, save

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
    "cassette_name",
    "dumps",
    "load",
    "load_all",
    "loads",
    "save",
]
