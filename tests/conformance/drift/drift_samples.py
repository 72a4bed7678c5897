"""Cassettes to be compared."""

from __future__ import annotations

import json
from dataclasses import replace

import cassette_samples as samples

from hopcheck.cassettes import Cassette

OLD = replace(samples.MADE, litellm="1.80.0")


def cassette(*interactions, journal=None, verdict=None, provenance=samples.MADE):
    entries = [samples.entry(one) for one in interactions] if journal is None else journal
    return Cassette("chat.one", provenance, tuple(interactions), tuple(entries), verdict)


def answered(**fields):
    """An answer, some fields of its body replaced."""
    one = samples.answered("chat.one", "n0", "Hello")
    return with_body(one, {**json.loads(one.response.body), **fields})


def with_body(one, value):
    body = json.dumps(value).encode()
    return replace(one, response=replace(one.response, body=body))


def framed(one):
    size = len(one.response.body)
    return replace(one, delivery=replace(one.delivery, frames=(samples.Frame(12100, size),)))
