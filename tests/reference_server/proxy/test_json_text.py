"""A member is put into JSON text, or replaced in it, without touching the rest."""

from __future__ import annotations

import pytest

from hopcheck_server.proxy.json_text import insert_member, replace_member


@pytest.mark.parametrize(
    ("raw", "inserted"),
    [(b" {} ", b' {"a":1} '), (b'{"b":{"a":2}}', b'{"a":1,"b":{"a":2}}'), (b'\n{ "b":1}', b'\n{"a":1, "b":1}')],
)
def test_insert_member(raw: bytes, inserted: bytes) -> None:
    assert insert_member(raw, "a", 1) == inserted


@pytest.mark.parametrize(
    ("raw", "replaced"),
    [
        (b'{"a":null}', b'{"a":"x"}'),
        (b'{ "b" : {"a":1} , "a" : [1, 2] , "c":"a" }', b'{ "b" : {"a":1} , "a" : "x" , "c":"a" }'),
        (b'{"\\u0061":1,"a":2,"":3}', b'{"\\u0061":"x","a":"x","":3}'),
        (b"{}", b"{}"),
    ],
)
def test_replace_member(raw: bytes, replaced: bytes) -> None:
    assert replace_member(raw, "a", "x") == replaced
