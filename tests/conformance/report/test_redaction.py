"""What is a secret, and what only looks like one."""

from __future__ import annotations

import pytest

from hopcheck.client.config import TargetConfig
from hopcheck.report.redaction import secrets_of
from hopcheck_server.redaction import SecretRedactor


def redact(text: str, known: list[str]) -> str:
    return SecretRedactor(known).text(text)


def secrets(**more: object) -> set[str]:
    return set(secrets_of(TargetConfig(name="t", base_url="http://h/v1", **more))) - {""}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("Authorization", "Bearer sk-0123456789", "sk-0123456789"),
        ("x-api-key", "0123456789", "0123456789"),
        ("X-Goog-ApiKey", "0123456789", "0123456789"),
        ("x-auth-token", "0123456789", "0123456789"),
        ("Cookie", "session=abcdefghij; theme=dark", "abcdefghij"),
    ],
)
def test_headers_that_carry_keys_hold_secrets(name: str, value: str, secret: str) -> None:
    assert secrets(headers={name: value}) == {secret}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-portkey-provider", "openai-compatible"),
        ("x-portkey-custom-host", "http://127.0.0.1:9100/v1"),
        ("x-api-key", "openai"),
        ("user-agent", "hopcheck-client"),
    ],
)
def test_other_headers_and_short_values_hold_none(name: str, value: str) -> None:
    assert secrets(headers={name: value}) == set()


def test_variables_and_keys_are_secrets() -> None:
    assert secrets(variables={"A": "from-a-variable", "B": "short"}, api_key="sk-1") == {"from-a-variable", "sk-1"}
    assert "provider-key-1" in secrets_of(TargetConfig(name="t", base_url="http://h/v1"), ["provider-key-1", "none"])
    assert "8letters" in secrets_of(TargetConfig(name="t", base_url="http://h/v1"), ["8letters"])
    assert "none" not in secrets_of(TargetConfig(name="t", base_url="http://h/v1"), ["provider-key-1", "none"])


@pytest.mark.parametrize("before", range(8))
def test_a_part_is_replaced_wherever_it_stands(before: int) -> None:
    assert redact(f"{'x' * before} 3456789abcd", ["sk-0123456789abcdef"]) == f"{'x' * before} [redacted]"


@pytest.mark.parametrize("secret", ["ab9defgh1ij9lmnop", "qr9tuvwx1yz9bcdef", "mn9pqrst1ae9ouxyz"])
def test_both_parts_of_a_garbled_secret_are_replaced(secret: str) -> None:
    assert redact(secret.replace("1", "2"), [secret]) == "[redacted]2[redacted]"


def test_a_secret_that_was_cut_short_is_replaced() -> None:
    assert redact("with sk-0123456789ab…, and more", ["sk-0123456789abcd"]) == "with [redacted]…, and more"
    assert redact("sk-0123… sk-0123456789abcd…", ["sk-0123456789abcd"]) == "sk-0123… [redacted]…"
    assert redact("nothing of it…", ["sk-0123456789abcd"]) == "nothing of it…"


@pytest.mark.parametrize("escape", ["%B9", "%AA", "&#170;", "\\xb2", "\\252", "%25aa", "&amp;#185;", "%80", "<b>"])
def test_escapes_of_other_letters_leave_nothing_of_a_key(escape: str) -> None:
    key = "sk-7f3aQ91bZx0LmK22"
    shown = redact(f"{escape * 30} {key[:9]}_{key[9:]} after", [key])
    assert shown.endswith(" after")
    assert not any(part in shown for part in (key[:4], key[4:9], key[9:14], key[14:]))


@pytest.mark.parametrize("key", ["abc<br>defghijk", "pa%41ssword1234", "a\\nbc&#65;defgh1"])
def test_a_key_that_has_what_looks_like_an_escape_is_found(key: str) -> None:
    assert redact(f"see {key} and {key[:-1]}…", [key]) == "see [redacted] and [redacted]…"
