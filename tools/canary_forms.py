"""The forms in which a key may stand in a text, for canaries."""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable
from urllib.parse import quote


def _each(pattern: str) -> Callable[[str], str]:
    return lambda key: "".join(pattern.format(ord(letter)) for letter in key)


def _base64(text: str, before: str = "", coding: str = "utf-8") -> str:
    return base64.b64encode(before.encode() + text.encode(coding)).decode()


def _wrapped(key: str, by: str, size: int = 10) -> str:
    return by.join(key[at : at + size] for at in range(0, len(key), size))


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "capitals": str.upper,
    "small letters": str.lower,
    "reversed": lambda key: key[::-1],
    "twice": lambda key: key + key,
    "quoted for a URL": lambda key: quote(key, safe=""),
    "every letter quoted": _each("%{:02X}"),
    "every letter quoted, small": _each("%{:02x}"),
    "JSON escapes": _each("\\u{:04x}"),
    "JSON escapes, capitals": _each("\\u{:04X}"),
    "JSON escapes in JSON": _each("\\\\u{:04x}"),
    "hex escapes": _each("\\x{:02x}"),
    "HTML, decimal": _each("&#{};"),
    "HTML, hex": _each("&#x{:x};"),
    "HTML, padded": _each("&#x{:04x};"),
    "HTML": html.escape,
    "HTML twice": lambda key: html.escape(_each("&#{};")(key)),
    "quoted for a URL twice": lambda key: quote(_each("%{:02X}")(key), safe=""),
    "rot13": lambda key: codecs.encode(key, "rot13"),
    "hex": lambda key: key.encode().hex(),
    "hex, capitals": lambda key: key.encode().hex().upper(),
    "hex with colons": lambda key: key.encode().hex(":"),
    "hex with spaces": lambda key: key.encode().hex(" "),
    "hex of bytes": lambda key: " ".join(f"0x{byte:02x}" for byte in key.encode()),
    "hex of UTF-16": lambda key: key.encode("utf-16-le").hex(),
    "base64": _base64,
    "base64, after a byte": lambda key: _base64(key, "x"),
    "base64, after two bytes": lambda key: _base64(key, "xy"),
    "base64 without padding": lambda key: _base64(key).rstrip("="),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "base64 of a user": lambda key: _base64(f"user:{key}"),
    "base64 of JSON": lambda key: _base64(json.dumps({"key": key})),
    "base64 of UTF-16": lambda key: _base64(key, coding="utf-16-le"),
    "base64 in lines": lambda key: _wrapped(_base64(key), "\n", 12),
    "UTF-16": lambda key: "\x00".join(key) + "\x00",
    "lines": lambda key: _wrapped(key, "\n"),
    "escaped lines": lambda key: _wrapped(key, "\\n"),
    "spaces": lambda key: " ".join(key),
    "dashes": lambda key: "-".join(key),
    "zero-width spaces": lambda key: "\u200b".join(key),
    "joined literals": lambda key: _wrapped(key, '" + "', 5),
    "beginning": lambda key: key[: len(key) // 2],
    "beginning, cut": lambda key: f"{key[:-1]}…",
    "beginning, dots": lambda key: f"{key[:12]}...",
    "end": lambda key: key[-12:],
    "end, cut": lambda key: f"…{key[-12:]}",
    "middle": lambda key: f"**{key[5:17]}**",
    "all but the middle": lambda key: f"{key[:10]}****{key[-10:]}",
    "eight letters": lambda key: key[-8:],
    "Bearer": lambda key: f"Bearer {key}",
    "user of a URL": lambda key: f"https://user:{key}@provider.example/v1",
    "octal escapes": _each("\\{:03o}"),
    "braces": _each("\\u{{{:x}}}"),
    "long escapes": _each("\\U{:08x}"),
    "HTML, open": _each("&#{}"),
    "HTML, hex, open": _each("&#x{:x}"),
    "colours": _each("\x1b[31m{:c}\x1b[0m"),
    "tags": _each("<b>{:c}</b>"),
    "full width": lambda key: "".join(chr(ord(letter) + 0xFEE0) for letter in key),
    "numbers": lambda key: json.dumps({"type": "Buffer", "data": list(key.encode())}),
    "hex of bytes, commas": lambda key: ",".join(f"0x{byte:02x}" for byte in key.encode()),
    "hex, reversed": lambda key: key.encode().hex()[::-1],
    "hex twice": lambda key: key.encode().hex().encode().hex(),
    "base85": lambda key: base64.b85encode(key.encode()).decode(),
    "ascii85": lambda key: base64.a85encode(key.encode()).decode(),
    "ascii85 with brackets": lambda key: base64.a85encode(key.encode(), adobe=True).decode(),
    "base32": lambda key: base64.b32encode(key.encode()).decode(),
    "base64 twice": lambda key: _base64(_base64(key)),
    "hex of base64": lambda key: _base64(key).encode().hex(),
    "base64, reversed": lambda key: _base64(key[::-1]),
    "shell": lambda key: f"-H 'authorization: Bearer {key}'",
    "bytes": lambda key: repr(key.encode()),
    "JSON in JSON": lambda key: json.dumps(json.dumps({"a": {"password": key}})),
    "YAML": lambda key: f"auth:\n  password: {key}\n",
    "form": lambda key: f"a=1&password={quote(key)}&b=2",
    "multipart": lambda key: f'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n--x--\r\n',
}
"""Forms of a key in a text."""
