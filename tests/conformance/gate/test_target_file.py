from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hopcheck.client.config import ConcurrencyLimit, Fallback, RateLimit
from hopcheck.gate import target_file
from hopcheck.gate.target_file import SettingsError, load_target, read_target
from hopcheck.report.target_entry import target_entry, target_tables
from hopcheck.selftest.relay_host import DECLARES

PACKAGED = Path(target_file.__file__).parent / "targets"

FULL = """
[target]
name = "litellm"
base_url = "http://127.0.0.1:4000/v1/"
api_key_env = "PROXY_KEY"
second_api_key_env = "OTHER_KEY"
upstream_port = 9100
log_file = "proxy.log"
headers = { x-portkey-provider = "openai" }
[models]
chat = "m"
embedding = "e"
[declares]
fallback = { primary = "fragile", backup = "spare" }
rate_limit = { models = ["limited"], requests = 3, window_s = 60 }
concurrency_limit = { model = "narrow", requests = 2 }
retries = 2
timeout_s = 1
timeout_retries = 0
unreachable = "dead"
default_model = "m"
drops = ["user"]
embeddings = true
"""
ENVIRON = {"PROXY_KEY": "sk-one", "OTHER_KEY": "sk-two"}
URL = "[target]\nbase_url = 'http://127.0.0.1:4000/v1'\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "hopcheck.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None, overrides: dict[str, object] | None = None, environ: Any = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_target(path, overrides or {}, environ or {})
    return caught.value.problems


def test_a_full_file_is_read_into_values(tmp_path: Path) -> None:
    target = load_target(written(tmp_path, FULL), {}, ENVIRON)
    assert (target.name, target.base_url, target.upstream_port) == ("litellm", "http://127.0.0.1:4000/v1", 9100)
    assert (target.api_key, target.second_api_key) == ("sk-one", "sk-two")
    assert target.log_file == str(tmp_path / "proxy.log")
    assert target.headers == {"x-portkey-provider": "openai"}
    assert (target.models.chat, target.models.embedding) == ("m", "e")
    declared = target.declares
    assert declared.fallback == Fallback(primary="fragile", backup="spare")
    assert declared.rate_limit == RateLimit(models=("limited",), requests=3, window_s=60.0)
    assert declared.concurrency_limit == ConcurrencyLimit(model="narrow", requests=2)
    assert (declared.retries, declared.timeout_s, declared.unreachable) == (2, 1.0, "dead")
    assert (declared.drops, declared.default_model, declared.embeddings) == (("user",), "m", True)
    assert (declared.second_key, declared.logs) == (True, True)


def test_the_command_line_suffices_and_the_url_gives_the_name() -> None:
    target = load_target(None, {"base_url": "https://proxy.test:8443/v1", "upstream_port": None}, {})
    assert (target.name, target.base_url) == ("proxy.test:8443", "https://proxy.test:8443/v1")
    assert (target.upstream_port, target.api_key, target.declares.second_key) == (None, "", False)


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    overrides = {"base_url": "http://localhost:1/v1", "upstream_port": 7, "name": "n", "declares.retries": 5}
    target = load_target(written(tmp_path, FULL), overrides, ENVIRON)
    assert (target.base_url, target.upstream_port, target.name) == ("http://localhost:1/v1", 7, "n")
    assert target.declares.retries == 5
    assert target.declares.timeout_s == 1.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (URL + "base-url = 'x'", '[target] has no key "base-url"; did you mean "base_url"?'),
        (URL + "api_key = 'x'", '[target] has no key "api_key"; did you mean "api_key_env"?'),
        (URL + "[declare]\nretries = 1", 'there is no table [declare]; did you mean "declares"?'),
        ("retries = 1\n" + URL, 'the key "retries" stands outside of any table; it belongs under [declares].'),
        ("zebra = 1\n" + URL, 'the key "zebra" is unknown; known are declares, models, providers, target.'),
        ("models = 3\n" + URL, "[models] must be a table."),
        (URL + "[declares]\nretries = true", "[declares] retries must be a whole number, not true."),
        (URL + "[declares]\nretries = '2'", '[declares] retries must be a whole number, not the string "2".'),
        (URL + "[declares]\nretries = -1", "[declares] retries must be at least 0, not -1."),
        (URL + "[declares]\nembeddings = 1", "[declares] embeddings must be true or false, not the number 1."),
        (URL + "[declares]\ntimeout_s = 0", "[declares] timeout_s must be above 0, not 0."),
        (URL + "[declares]\ntimeout_s = nan", "[declares] timeout_s must be a finite number, not the number nan."),
        (URL + "[declares]\ndrops = 'user'", '[declares] drops must be an array of strings, like ["one", "two"]'),
        (URL + "[declares]\nsecond_key = true", '[declares] has no key "second_key"'),
        (URL + "[declares]\nfallback = true", "[declares] fallback must be a table, like { primary = …, backup = … }"),
        (URL + "[declares]\nfallback = {primary='a'}", '[declares.fallback] lacks the key "backup".'),
        (URL + "[declares]\nrate_limit = {models=[],requests=1}", "rate_limit] models must name at least one model."),
        (URL + "[declares]\nrate_limit = {models=['a'],requests=0}", "rate_limit] requests must be at least 1, not 0."),
        (URL + "[models]\nchat = ''", "[models] chat must be a string with something in it, not an empty one."),
        (URL + "upstream_port = 70000", "[target] upstream_port must be between 1 and 65535, not 70000."),
        (URL + "headers = { 'a b' = 'c' }", '[target.headers] has the key "a b", which is not a header name.'),
        (URL + "headers = { a = 'c\u00e9' }", "[target.headers] a must be printable ASCII on one line."),
        ("[target]\nname = 'x'", '[target] lacks the key "base_url": say where the proxy is'),
        ("[target]\nbase_url = '127.0.0.1:4000'", 'base_url must begin with http:// or https://'),
        ("[target]\nbase_url = 'http:///v1'", 'base_url names no host: "http:///v1".'),
        ("[target]\nbase_url = 'http://h:port/v1'", "[target] base_url is not a URL: "),
        ("[target]\nbase_url = 'http://me:secret@h/v1'", "base_url must not hold a user or a password"),
        ("[target]\nbase_url = 'http://h/v1?x=1'", "base_url must end with its path"),
        ("[target]\nbase_url = \n", "is not valid TOML: Invalid value (at line 2, column 12)."),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}: ")
    assert sentence in problem
    assert "\n" not in problem


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    found = problems(
        written(tmp_path, URL + "port = 1\napi_key_env = 'UNSET'\n[declares]\nretries = 'x'\ntimeot_s = 1")
    )
    assert len(found) == 4
    assert 'did you mean "timeout_s"?' in " ".join(found)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, URL + "api_key_env = 'PROXY_KEY'")
    assert problems(path) == (
        f"{path}: [target] api_key_env names the environment variable PROXY_KEY, which is not set.",
    )
    assert problems(path, environ={"PROXY_KEY": ""})[0].endswith("PROXY_KEY, which is empty.")
    assert "can't be sent in a header" in problems(path, environ={"PROXY_KEY": "one\ntwo"})[0]


def test_a_key_in_the_place_of_a_variable_is_not_quoted(tmp_path: Path) -> None:
    (problem,) = problems(written(tmp_path, URL + "api_key_env = 'sk-very-secret'"))
    assert "must be the name of an environment variable" in problem
    assert "sk-very" not in problem


def test_mistakes_of_the_command_line_name_the_flag(tmp_path: Path) -> None:
    assert problems(None, {"base_url": "nonsense"})[0].startswith("command line: URL must begin with http://")
    path = written(tmp_path, URL)
    assert problems(path, {"upstream_port": 0})[0].startswith("command line: --upstream-port must be between")
    assert problems(path, {"models.chat": ""})[0].startswith("command line: --model must be a string with")
    assert problems(path, {"api_key_env": "NOT_SET"})[0].startswith("command line: --api-key-env names")


def test_without_file_and_url_it_says_what_is_missing() -> None:
    assert problems(None) == ('The target\'s URL is missing: say where the proxy is, like "http://127.0.0.1:4000/v1".',)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == (f"{tmp_path / 'none.toml'}: there is no such file.",)
    assert "can't be read" in problems(tmp_path)[0]
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    assert "UTF-8" in problems(tmp_path / "latin.toml")[0]


def test_keys_do_not_show_in_what_is_printed() -> None:
    target = load_target(None, {"base_url": "http://h/v1", "api_key_env": "PROXY_KEY"}, ENVIRON)
    assert "sk-one" not in repr(target)


def test_headers_take_values_from_variables(tmp_path: Path) -> None:
    path = written(tmp_path, URL + "headers = { x-api-key = '$PROXY_KEY', x-kind = 'plain' }")
    target = load_target(path, {}, ENVIRON)
    assert target.headers == {"x-api-key": ENVIRON["PROXY_KEY"], "x-kind": "plain"}
    assert target.variables == {"PROXY_KEY": ENVIRON["PROXY_KEY"]}
    assert ENVIRON["PROXY_KEY"] not in repr(target)
    assert "names the environment variable PROXY_KEY, which is not set" in problems(path, environ={})[0]


def test_what_a_report_says_of_a_target_describes_it_again(tmp_path: Path) -> None:
    declared = "[declares]\nretries = 2\nfallback = { primary = 'a', backup = 'b' }\ntimeout_s = 0.5\n"
    keys = "api_key_env = 'PROXY_KEY'\nheaders = { x-api-key = '$OTHER_KEY' }\nupstream_port = 9100\n"
    target = load_target(written(tmp_path, URL + keys + declared), {}, ENVIRON)
    entry = target_entry(target)
    assert not any(key in json.dumps(entry) for key in ENVIRON.values())
    assert read_target(target_tables(entry), None, {}, ENVIRON) == target


def test_the_packaged_relay_declares_all_that_it_does() -> None:
    keys = {"RELAY_KEY": "sk-one", "RELAY_SECOND_KEY": "sk-two"}
    target = load_target(PACKAGED / "relay" / "hopcheck.toml", {}, keys)
    does = {name: value for name, value in DECLARES.given.items() if name not in ("logs", "second_key")}
    assert {name: target.declares.given.get(name) for name in does} == does
