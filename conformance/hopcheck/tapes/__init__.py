"""Tapes: the traffic between a proxy and LiteLLM, recorded with its chunks and times, in vcrpy's format."""

from hopcheck.tapes.canonical import Canonical, canonical, canonical_body
from hopcheck.tapes.format import Malformed, SecretFound, TooLarge, dumps, load, load_all, loads, save
from hopcheck.tapes.tape import Entry, Frame, Interaction, Judged, Made, Request, Response, Tape, Wire

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
    "Tape",
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
