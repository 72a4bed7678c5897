"""No secret gets onto a disk, wherever it stands; and what is no secret is not taken for one."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from cassette_samples import answered, cassettes, streamed

from hopcheck.cassettes import Cassette, SecretFound, save
from hopcheck.cassettes.__main__ import main
from hopcheck.cassettes.secrets.scanner import rules, suspicion, suspicions
from hopcheck.cassettes.secrets.scrub import Scrub, ScrubRule
from tools.canary_forms import FORMS
from tools.cassette_canaries import BODY_PLACES, PLACES, SECRETS, as_traffic, holds, saved

UNNAMED = {"gzip", "gzip of two members", "gzip twice", "deflate", "raw deflate", "br", "zstd", "after an id's name"}
"""Places where nothing says that a text is a secret."""


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_written_at_any_place(place: str, tmp_path: Path) -> None:
    rng = random.Random(place)
    for kind, make in SECRETS.items():
        secret = make(rng)
        path = saved(PLACES[place](secret), tmp_path, "canary")
        assert path is None or not holds(path, secret), f"{kind}: {secret}"


def test_the_canaries_would_be_found_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: sk-abcdefghijklmnopqrstuvwx")
    assert holds(path, "sk-abcdefghijklmnopqrstuvwx")


def test_a_refused_secret_is_neither_written_nor_quoted(tmp_path: Path) -> None:
    secret = "gJ2cHkT8PQPDea2Ja1joaIcGPLR1pMTBTgFxvkUQ"
    cassette = replace(cassettes()[1], interactions=(answered("chat.content-exact", "n0", f"it is {secret}"),))
    with pytest.raises(SecretFound, match=r"interactions\[0\].response.body looks like") as refused:
        save(cassette, tmp_path)
    assert secret not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_secret_split_over_events_is_found() -> None:
    stream = streamed("stream.done-once", "n0", ("sk-proj-abcd", "efghijklmnopqr", "stuvwxyz01234567"))
    found = suspicions(replace(cassettes()[0], interactions=(stream,)))
    assert [one.where for one in found] == ["interactions[0].response.body, its events joined"]


@pytest.mark.parametrize("cassette", cassettes(), ids=lambda cassette: cassette.case)
def test_cassettes_without_secrets_are_not_refused(cassette: Cassette) -> None:
    assert suspicions(cassette) == []


@pytest.mark.parametrize(
    "text",
    [
        b"claude-3-5-sonnet-20241022 gpt-4o-mini-2024-07-18 text-embedding-3-small",
        b'{"id":"chatcmpl-AbC123dEf456GhI789jKl012MnO34","system_fingerprint":"fp_44709d6fcb"}',
        b"traceparent 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        b"call_Xy12Zw34Vu56Ts78Rq90Po12 123e4567-e89b-42d3-a456-426614174000",
        b"litellm.ContextWindowExceededError: TransferEncodingError: ServiceUnavailableError503",
        b"AsyncOpenAICompletionsWithRawResponseAndStreaming thequickbrownfoxjumpsoverthelazydogandsomemore",
        b"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        b'{"embedding": "AACAPwAAAEAAAEBAAACAQAAAoEAAAMBAAADgQAAAAEEAABBBAAAgQQAAMEE="}',
        b"the risk-management-of-something-long and a task-force-of-many-people",
        b"hopcheck:stream.done-missing-upstream~variant~chat:n12 AsyncOpenAICompletionsWithRawResponse",
    ],
)
def test_words_names_and_ids_are_no_secrets(text: bytes) -> None:
    assert suspicion(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        b"Authorization: Bearer abcdefgh12345678",
        b"oQTErzSbypqiWjRSfLkWCjkPMQrgMszxBhfJJLmn",
        b'{"client_secret": "correct horse"}',
        b"https://user:hunter2@example.org/",
        b"https://example.org/?api_key=hunter2hunter2",
        b"-----BEGIN RSA PRIVATE KEY-----",
        b"c2stcHJvai1hYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==",
    ],
)
def test_secrets_are_found_by_name_and_form(text: bytes) -> None:
    assert suspicion(text)


def test_known_secrets_go_and_frames_stay_right() -> None:
    scrub = Scrub(["hunter2hunter2"], {"127.0.0.1:41234": "127.0.0.1:4000"}, rules())
    body, sizes = scrub.body(b"key hunt" + b"er2hunter2 at 127.0.0.1:41234" + b" and on", [8, 29, 7])
    assert body == b"key [redacted] at 127.0.0.1:4000 and on"
    assert [body[: sizes[0]], body[sizes[0] : sum(sizes[:2])], body[sum(sizes[:2]) :]] == [
        b"key [redacted]",
        b" at 127.0.0.1:4000",
        b" and on",
    ]


def test_ids_that_are_encrypted_are_numbered_and_stay_the_same() -> None:
    scrub, own = Scrub(), f"resp_{'aB-_9' * 12}="
    scrub.leave(f'{{"previous_response_id": "{own}"}}'.encode())
    assert scrub.body(f'{{"id": "{own}"}}'.encode())[0] == b'{"id": "resp_000000000001"}'
    assert scrub.text(f"/v1/responses/{own}") == "/v1/responses/resp_000000000001"
    assert scrub.text("resp_hop41c2") == "resp_hop41c2"


def test_ids_are_numbered_and_those_of_requests_stay() -> None:
    one, two = "123e4567-e89b-42d3-a456-426614174000", "0af7651916cd43dd8448eb211c80319c"
    scrub = Scrub()
    assert scrub.text(f"{one} {two} {one}") == (
        "00000000-0000-4000-8000-000000000001 00000000000040008000000000000002 00000000-0000-4000-8000-000000000001"
    )
    scrub = Scrub()
    scrub.leave(one.encode())
    assert scrub.text(f"{one} req_{two}") == f"{one} req_00000000000040008000000000000002"


def test_own_rules_are_added() -> None:
    import re

    scrub = Scrub(more=[ScrubRule(re.compile(rb"acct-\d+"), lambda _: b"acct")])
    assert scrub.text("acct-12 and acct-13") == "acct and acct"


def test_the_hook_finds_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(cassettes()[0], tmp_path)
    assert main([str(tmp_path)]) == 0
    path.write_text(
        path.read_text().replace('"Hel"', '"sk-abcdefghijklmnopqrst"').replace("[10000, 188]", "[10000, 208]")
    )
    assert main([str(path)]) == 1
    assert "looks like it holds an API key" in capsys.readouterr().out
    assert main([str(tmp_path / "nothing")]) == 1


def test_no_cassettes_at_all_is_an_error(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2


@pytest.mark.parametrize("place", sorted(BODY_PLACES.keys() - UNNAMED))
def test_a_password_of_words_is_not_written_where_it_is_named(place: str, tmp_path: Path) -> None:
    path = saved(BODY_PLACES[place]("horsebattery"), tmp_path, "canary")
    assert path is None or b"horsebattery" not in path.read_bytes()


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip of two members", "raw deflate"])
def test_a_body_that_cannot_be_looked_through_is_not_written(coding: str, tmp_path: Path) -> None:
    assert saved(BODY_PLACES[coding]("gJ2cHkT8PQPDea2Ja1joaIcGPLR1pMTBTgFxvkUQ"), tmp_path, "canary") is None


@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_was_sent_is_not_written_in_any_form(form: str, tmp_path: Path) -> None:
    key = SECRETS["openai"](random.Random(form))
    answered = json.dumps({"error": f"bad key {FORMS[form](key)}"}).encode()
    exchange = as_traffic(asked={"authorization": f"Bearer {key}"}, response=answered)
    path = saved(exchange, tmp_path, "canary")
    assert path is None or not holds(path, key)
