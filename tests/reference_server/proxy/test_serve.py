"""`hopcheck serve`: files of variables, what would run, the page of settings; and no secret in any of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hopcheck.cli import main
from hopcheck_server.proxy import ProxySettingsError, load_settings
from hopcheck_server.proxy.settings import unknown_variables
from hopcheck_server.proxy.settings.table import page

DOCS = Path(__file__).parents[3] / "docs"
KEYS = ("LITELLM_API_KEY", "INTERNAL_API_KEY", "DIRECT_FALLBACK_API_KEY")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_MODE", "LITELLM_PROXY_URL", "TRANSPORT", *KEYS):
        monkeypatch.delenv(f"LLM_PROXY__{name}", raising=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    lines = ["# a comment", "LLM_MODE=other", "LLM_PROXY__LLM_MODE=litellm", "export LLM_PROXY__LOG_FORMAT=json"]
    lines += [f"LLM_PROXY__{name}='canary-{name}'" for name in KEYS]
    lines += ["LLM_PROXY__DIRECT_FALLBACK_URL=http://spare:1/v1", "LLM_PROXY__DIRECT_FALLBACK_MODELS=a, b=c"]
    path = tmp_path / "proxy.env"
    path.write_text("\n".join([*lines, "OPENAI_API_KEY=canary-other", "LLM_PROXY__LOG_LEVLE=debug"]))
    return path


def test_a_file_of_variables(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROXY__LOG_FORMAT", "text")
    settings = load_settings(env_file)
    assert settings.internal_api_key.get_secret_value() == "canary-INTERNAL_API_KEY"
    assert settings.direct_fallback_models == {"a": "a", "b": "c"}
    assert (settings.llm_mode, settings.log_format) == ("litellm", "text")
    assert "canary" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_an_unknown_variable_is_named_with_the_nearest(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROXY__ZZZ", "canary")
    assert unknown_variables(env_file) == [
        "LLM_PROXY__LOG_LEVLE is no setting of this proxy and has no effect (the nearest one is LLM_PROXY__LOG_LEVEL).",
        "LLM_PROXY__ZZZ is no setting of this proxy and has no effect.",
    ]


def test_check_says_what_would_run(env_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--check", "--env-file", str(env_file), "--port", "8123"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "LLM-Proxy 0.1.0 would listen on http://127.0.0.1:8123.",
        "  LiteLLM at http://localhost:4000/v1 answers.",
        "  While LiteLLM is down, http://spare:1/v1 answers for a=a,b=c (chat, embeddings).",
        "  LLM_PROXY__LITELLM_API_KEY is set.",
        "  LLM_PROXY__INTERNAL_API_KEY is set.",
        "  LLM_PROXY__DIRECT_FALLBACK_API_KEY is set.",
        "  LLM_PROXY__LOG_FORMAT is json.",
    ]
    assert "LLM_PROXY__LOG_LEVLE" in printed.err
    assert "canary" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (None, ["proxy.env can't be read: No such file or directory."]),
        ("A=1\nLLM_PROXY__LOG_LEVEL info\nwhat is\n", ["line 2: must be NAME=value.", "line 3: must be NAME=value."]),
        ("LLM_PROXY__MODELS_TTL_S=-1\nLLM_PROXY__BACKEND=x\n", ["LLM_PROXY__BACKEND: ", "LLM_PROXY__MODELS_TTL_S: "]),
        ("LLM_PROXY__DIRECT_FALLBACK_URL=http://h\n", ["DIRECT_FALLBACK_URL has no effect without"]),
        ("LLM_PROXY__DIRECT_FALLBACK_MODELS=a\n", ["DIRECT_FALLBACK_MODELS has no effect without"]),
        ("LLM_PROXY__DIRECT_FALLBACK_SURFACES=chat,x\n", ["DIRECT_FALLBACK_SURFACES: "]),
        ("LLM_PROXY__DIRECT_FALLBACK_MODELS=a=\n", ["DIRECT_FALLBACK_MODELS: must be names, or pairs"]),
        ("LLM_PROXY__DIRECT_FALLBACK_URL=http://u:canary@h\n", ["DIRECT_FALLBACK_URL: must not hold credentials"]),
        ("LLM_PROXY__LITELLM_PROXY_URL=http://h:99999\n", ["LITELLM_PROXY_URL: must be an address"]),
    ],
)
def test_check_refuses_with_a_sentence_each(
    text: str | None, sentences: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "proxy.env"
    if text is not None:
        path.write_text(text)
    assert main(["serve", "--check", "--env-file", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "canary" not in printed.err
    lines = printed.err.splitlines()
    assert len(lines) == len(sentences)
    assert all(sentence in line for sentence, line in zip(sentences, lines, strict=True))


def test_a_fallback_for_litellm_is_refused_without_it() -> None:
    given = {"direct_fallback_url": "http://h", "direct_fallback_models": "a", "backend": "openai"}
    with pytest.raises(ProxySettingsError, match="has no effect with LLM_PROXY__BACKEND=openai"):
        load_settings(**given)


def test_the_page_in_the_docs_is_the_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--settings"]) == 0
    assert capsys.readouterr().out == page() == (DOCS / "settings.md").read_text(encoding="utf-8")


def test_every_setting_says_what_it_means() -> None:
    cells = [line.strip("| ").split(" | ") for line in page().splitlines() if line.startswith("| `")]
    assert [name for name, *_, meaning in cells if len(meaning.split()) < 4] == []
    assert len(cells) > 20
