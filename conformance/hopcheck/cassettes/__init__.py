"""Cassettes: the traffic between a proxy and LiteLLM, recorded with its chunks and times, in vcrpy's format."""

from hopcheck.cassettes.canonical import Canonical, canonical, canonical_body
from hopcheck.cassettes.format import Malformed, SecretFound, TooLarge, dumps, load, load_all, loads, save
from hopcheck.cassettes.model import Cassette, Entry, Frame, Interaction, Judged, Made, Request, Response, Wire

__all__ = [
    "Canonical",
    "Entry",
    "Frame",
    "Interaction",
    "Judged",
    "Made",
    "Malformed",
    "Request",
    "Response",
    "SecretFound",
    "Cassette",
    "TooLarge",
    "Wire",
    "canonical",
    "canonical_body",
    "dumps",
    "load",
    "load_all",
    "loads",
    "save",
]
