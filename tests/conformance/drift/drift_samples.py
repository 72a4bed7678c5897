"""Cassettes to be compared."""

from __future__ import annotations

import json
from dataclasses import replace

import cassette_samples as samples

from hopcheck.cassettes import Cassette

OLD = replace(samples.MADE, litellm="1.80.0")


def cassette(*interactions, journal=None, judged=None, made=samples.MADE):
    entries = [samples.entry(one) for one in interactions] if journal is None else journal
    return Cassette("chat.one", made, tuple(interactions), tuple(entries), judged)


def answered(**fields):
    """An answer, some fields of its body replaced."""
    one = samples.answered("chat.one", "n0", "Hello")
    return with_body(one, {**json.loads(one.response.body), **fields})


def with_body(one, value):
    body = json.dumps(value).encode()
    return replace(one, response=replace(one.response, body=body))


def framed(one):
    size = len(one.response.body)
    return replace(one, wire=replace(one.wire, frames=(samples.Frame(12100, size),)))
